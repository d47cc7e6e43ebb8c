// The calls of a client that most tests need, and a client whose EHLO was answered.
#pragma once

#include "catch.hpp"

#include "machine.hpp"

#include <cstring>
#include <string_view>

namespace client_moves {

using namespace machine;
using ehlo::client;
using ehlo::client_settings;
using ehlo::writer;

constexpr std::string_view offers =
    "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n";

inline auto const hello = [](client& c, writer& w) { return c.hello(w, "me.example"); };
inline auto const mail = [](client& c, writer& w) { return c.mail(w, "<a@b.example>"); };
inline auto const rcpt = [](client& c, writer& w) { return c.rcpt(w, "<c@d.example>"); };
inline auto const data = [](client& c, writer& w) { return c.data(w); };
inline auto const content = [](client& c, writer& w) { return c.content("a\r\n", w); };
inline auto const end_content = [](client& c, writer& w) { return c.end_content(w); };
inline auto const quit = [](client& c, writer& w) { return c.quit(w); };

// A client that was greeted, and whose EHLO was answered.
inline client after_hello(std::string_view answer = offers, client_settings const& s = {}) {
    client c(s);
    char buffer[64];
    writer w(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    REQUIRE(hello(c, w));
    REQUIRE(c.receive(answer).ready());
    return c;
}

inline bool same(client const& a, client const& b) {
    return std::memcmp(static_cast<void const*>(&a), static_cast<void const*>(&b), sizeof a) == 0;
}

}  // namespace client_moves
