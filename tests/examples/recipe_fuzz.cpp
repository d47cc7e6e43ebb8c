#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// The handler that is to be fuzzed: yours.
struct handler {
    std::string calls, message;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) { return note("mail ", c.from.text()), message.clear(), ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) { return note("rcpt ", c.to.text()), ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { message += c.octets; }
    ehlo::reply on(ehlo::end_of_content const&) { return note("message ", message), ehlo::replies::message_accepted; }
    void note(std::string_view what, std::string_view octets) { calls.append(what).append(octets).append("\n"); }
};

static void check(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
}

// What a client says, so many octets at a time: all that the handler was called with, and all that was answered.
static std::string run(std::string_view said, std::size_t at_once) {
    ehlo::server smtp("mx.example.org");
    handler h;
    std::string in, out;
    for (std::size_t at = 0;; at += at_once) {
        ehlo::want want = ehlo::want::write;
        while (want == ehlo::want::write) {
            char room[ehlo::server::reply_space];
            auto const s = smtp.advance(in, h, room);
            check(s.consumed <= in.size() && s.produced <= sizeof room, "a step stays in its bounds");
            in.erase(0, s.consumed);
            out.append(room, s.produced);
            want = s.want;
        }
        check(want == ehlo::want::read || want == ehlo::want::close, "nothing was put off, and no TLS offered");
        if (want == ehlo::want::close || at >= said.size()) break;
        in += said.substr(at, at_once);
    }
    smtp.disconnected(h);
    return h.calls + out;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const said(reinterpret_cast<char const*>(data), size);
    std::string const whole = run(said, size + 1);
    check(run(said, 1) == whole, "octet by octet the same");
    check(run(said, 1 + size % 7) == whole, "in pieces the same");
    return 0;
}

#ifndef FUZZING   // clang++ -fsanitize=fuzzer,address,undefined -DFUZZING: libFuzzer brings a main
int main() {
    for (std::string_view const said : {"EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n..\r\n.\r\nQUIT\r\n",
                                        "EHLO me.example\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nDATA\r\na\n.\r\n\r\n.\r\n", "BDAT 5\r\n", "GET / HTTP/1.1\r\n"})
        LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(said.data()), said.size());
    std::string const good = run("EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n..\r\n.\r\n", 3);
    return good.starts_with("mail <ann@me.example>\nrcpt <bob@example.org>\nmessage .\r\n\n220 ") ? 0 : 1;
}
#endif
