// The other one.
#include "ehlo.hpp"

#include <cstddef>
#include <cstdio>
#include <span>
#include <string_view>

std::size_t serve(std::string_view in, std::span<char> out, std::size_t& said);

static_assert(ehlo::parse_path("<ann@exa_mple.org>").error() == ehlo::failure{ehlo::errc::bad_domain, 8});

int main() {
    char heard[16384];
    std::size_t said = 0;
    std::size_t const octets = serve("EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n..dot\r\n.\r\nQUIT\r\n", heard, said);
    std::string_view in(heard, said);
    ehlo::reply_reader replies;
    unsigned codes[8] = {}, n = 0;
    while (n < 8) {
        auto const r = replies.next(in);
        if (!r.ready()) break;
        codes[n++] = r->code();
        in.remove_prefix(r.consumed);
    }
    constexpr unsigned right[8] = {220, 250, 250, 250, 354, 250, 221, 0};
    for (int i = 0; i < 8; ++i)
        if (codes[i] != right[i]) return std::printf("reply %d is %u\n", i, codes[i]), 1;
    if (!in.empty()) return 2;
    std::printf("%zu octets, version %.*s\n", octets, static_cast<int>(ehlo::version.size()), ehlo::version.data());
    return octets == 6 ? 0 : 3;
}
