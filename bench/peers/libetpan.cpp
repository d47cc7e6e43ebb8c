// What libetpan's client makes of replies that lie in memory: it has no parser apart, so NOOP and EHLO are said, to nobody.
#include "../peer.h"
#include "../sink.hpp"

#include <libetpan/libetpan.h>

#include <cstring>
#include <new>
#include <string_view>

namespace {

// A stream that gives out what is there, and swallows what is said.
struct memory {
    std::string_view in;
    static ssize_t read(mailstream_low* low, void* to, size_t room) {
        auto& self = *static_cast<memory*>(low->data);
        size_t const n = self.in.size() < room ? self.in.size() : room;
        std::memcpy(to, self.in.data(), n);
        self.in.remove_prefix(n);
        return static_cast<ssize_t>(n);
    }
    static ssize_t write(mailstream_low*, void const*, size_t size) { return static_cast<ssize_t>(size); }
    static int nothing(mailstream_low*) { return 0; }
    static int no_descriptor(mailstream_low*) { return -1; }
    static void release(mailstream_low*) {}
    static struct mailstream_cancel* no_cancel(mailstream_low*) { return nullptr; }
};

struct session {
    memory octets;
    mailstream_low_driver driver{};
    mailstream_low low{};
    mailstream* stream;
    mailsmtp* smtp = mailsmtp_new(0, nullptr);

    explicit session(std::string_view in) : octets{in} {
        driver.mailstream_read = memory::read;
        driver.mailstream_write = memory::write;
        driver.mailstream_close = memory::nothing;
        driver.mailstream_get_fd = memory::no_descriptor;
        driver.mailstream_free = memory::release;
        driver.mailstream_cancel = memory::release;
        driver.mailstream_get_cancel = memory::no_cancel;
        low.data = &octets;
        low.driver = &driver;
        stream = mailstream_new(&low, 8192);
        smtp->stream = stream;
    }
    ~session() {
        smtp->stream = nullptr;
        mailsmtp_free(smtp);
        mailstream_close(stream);
    }
    session(session const&) = delete;
    bool empty() const { return octets.in.empty() && stream->read_buffer_len == 0; }
};

size_t replies(char const* in, size_t size) {
    session s({in, size});
    size_t n = 0;
    while (!s.empty()) {
        bench::use(mailsmtp_noop(s.smtp));
        bench::use(s.smtp->response);
        if (s.smtp->response_code < 200) break;
        ++n;
    }
    return n;
}
size_t capabilities(char const* in, size_t size) {
    static session s({});  // one for many: a client that is kept
    s.octets.in = {in, size};
    bool const read = mailesmtp_ehlo(s.smtp) == MAILSMTP_NO_ERROR;
    bench::use(s.smtp->esmtp + s.smtp->auth);
    return read;
}

constexpr ehlo_peer libetpan = {
    .name = "libetpan",
    .omits = "anything in a reply but its code and text; it writes a command for each, too",
    .commands = nullptr, .paths = nullptr,
    .replies = replies,
    .capabilities = capabilities,
    .decode_content = nullptr, .encode_content = nullptr, .encode_base64 = nullptr, .decode_base64 = nullptr, .check_utf8 = nullptr};
EHLO_PEER(libetpan)
}  // namespace
