// The observer: what it tells of dialogues between two others.
#include "watching.hpp"

namespace {

using namespace watching;
using lines = std::vector<std::string>;

// A greeting and an EHLO that offers all that matters here.
dialogue begun(dialogue more) {
    dialogue all{{"S", "220 mx ready\r\n"},
                 {"C", "EHLO me.example\r\n"},
                 {"S", "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
// Without what `begun` brings.
lines told(dialogue const& more, ehlo::observer_settings const& s = {}) {
    lines all = watch_everywhere(begun(more), s);
    lines const first{"S 220 to greeting", "C EHLO me.example", "S 250 to EHLO"};
    REQUIRE(all.size() >= 3);
    CHECK(lines(all.begin(), all.begin() + 3) == first);
    return {all.begin() + 3, all.end()};
}

}  // namespace

TEST_CASE("observer: a message") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<e@f>\r\n"},
                {"S", "550-no\r\n550 no\r\n"}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "Subject: x\r\n\r\n..dot\r\nQUIT\r\n.\r\n"},
                {"S", "250 taken\r\n"}, {"C", "QUIT\r\n"}, {"S", "221 bye\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL", "C RCPT TO:<c@d>", "S 250 to RCPT", "C RCPT TO:<e@f>", "S 550 to RCPT", "C DATA",
                "S 354 to DATA", "content Subject: x\r\n\r\n.dot\r\nQUIT\r\n", R"(end 26 at C".\r\nQUI")", "S 250 to end of content",
                "transaction delivered 250 1/2 26", "C QUIT", "S 221 to QUIT"});
}
TEST_CASE("observer: pipelined replies are paired by counting, whatever they say") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"},
                {"S", "250-one\r\n250 two\r\n550 no\r\n250 ok\r\n354 go\r\n"}, {"C", "x\r\n.\r\nMAIL FROM:<b@c>\r\nRSET\r\n"},
                {"S", "451 later\r\n250 ok\r\n250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C RCPT TO:<e@f>", "C DATA", "S 250 to MAIL", "S 550 to RCPT", "S 250 to RCPT",
                "S 354 to DATA", "content x\r\n", R"(end 3 at C".\r\nMAI")", "C MAIL FROM:<b@c> = <b@c>", "C RSET", "S 451 to end of content",
                "transaction refused 451 1/2 3", "S 250 to MAIL", "S 250 to RSET", "transaction abandoned 250 0/0 ?"});
}
TEST_CASE("observer: a refused DATA is not followed by content") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<c@d>\r\n"}, {"S", "550 no\r\n"}, {"C", "DATA\r\n"},
                {"S", "503 no recipients\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL", "C RCPT TO:<c@d>", "S 550 to RCPT", "C DATA bad_sequence 0", R"(! out_of_order C"DATA\r\n" bad_sequence)",
                "S 503 to DATA", "C RSET", "S 250 to RSET", "transaction abandoned 250 0/1 ?"});
}
TEST_CASE("observer: the octets of a chunk are never commands") {
    CHECK(told({{"C", "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT 6\r\nRSET\r\nBDAT 8 LAST\r\nQUIT\r\n.\rMAIL FROM:<x@y>\r\n"},
                {"S", "250 ok\r\n250 ok\r\n250 6\r\n250 taken\r\n250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> BODY=BINARYMIME = <a@b>", "C RCPT TO:<c@d>", "C BDAT 6", "content RSET\r\n", "C BDAT 8 LAST", "content QUIT\r\n.\r",
                R"(end 14 at C"MAIL F")", "C MAIL FROM:<x@y> = <x@y>", "S 250 to MAIL", "S 250 to RCPT", "S 250 to end of chunk", "S 250 to end of last chunk",
                "transaction delivered 250 1/1 14", "S 250 to MAIL", "transaction abandoned 0 0/0 ?"});
}
TEST_CASE("observer: a chunk that is refused is passed over all the same") {
    CHECK(told({{"C", "BDAT 6 LAST\r\nRSET\r\nNOOP\r\n"}, {"S", "503 no\r\n250 ok\r\n"}}) ==
          lines{"C BDAT 6 LAST bad_sequence 0", R"(! out_of_order C"BDAT 6" bad_sequence)", "content RSET\r\n", R"(end 6 at C"NOOP\r\n")", "C NOOP", "S 503 to end of last chunk",
                "S 250 to NOOP"});
}
TEST_CASE("observer: secrets are marked") {
    CHECK(told({{"C", "AUTH PLAIN AGEAYg==\r\n"}, {"S", "535 no\r\n"}, {"C", "AUTH LOGIN\r\n"}, {"S", "334 VXNlcm5hbWU6\r\n"}, {"C", "UVVJVA==\r\n"},
                {"S", "334 UGFzc3dvcmQ6\r\n"}, {"C", "QUIT\r\n"}, {"S", "235 ok\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C AUTH PLAIN...", "S 535 to AUTH", "C AUTH LOGIN", "S 334 to AUTH", "response", "S 334 to AUTH response", "response",
                "S 235 to AUTH response", "C NOOP", "S 250 to NOOP"});
    // A response to a refused AUTH.
    CHECK(told({{"C", "AUTH LOGIN\r\n"}, {"S", "504 no\r\n"}, {"C", "c2VjcmV0\r\n"}, {"S", "500 what\r\n"}}) ==
          lines{"C AUTH LOGIN", "S 504 to AUTH", "C ... unknown_verb 0", R"(! malformed C"c2Vjcm" unknown_verb)", "S 500 to NOOP"});
}
TEST_CASE("observer: STARTTLS that is refused, and later accepted") {
    CHECK(told({{"C", "STARTTLS\r\n"}, {"S", "454 later\r\n"}, {"C", "STARTTLS\r\n"}, {"S", "220 go\r\n"}, {"C", "\x16\x03\x01 anything\r\n"},
                {"S", "\x16\x03 250 ok\r\n"}}) ==
          lines{"C STARTTLS", "S 454 to STARTTLS", "C STARTTLS", "S 220 to STARTTLS", "tls C\"\x16\x03\x01 an\" S\"\x16\x03 250\""});
    auto const all = watch_everywhere(begun({{"C", "STARTTLS\r\n"}, {"S", "220 go\r\n"}, {"C", "\x16\x03\x01"}, {"S", "\x16\x03"}, {"T"},
                                             {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 PIPELINING\r\n"}, {"C", "STARTTLS\r\n"}, {"S", "503 again?\r\n"}}));
    CHECK(lines(all.end() - 6, all.end()) == lines{"C EHLO me", "S 250 to EHLO", "C STARTTLS bad_sequence 0", "! out_of_order  bad_sequence",
                                                   "! not_offered ", "S 503 to STARTTLS"});
}
TEST_CASE("observer: octets in the clear after STARTTLS, on either side") {
    CHECK(told({{"C", "STARTTLS\r\nMAIL FROM:<evil@x>\r\n"}, {"S", "220 go\r\n250 evil\r\n"}}) ==
          lines{"C STARTTLS", R"(! after_starttls C"MAIL F")", "S 220 to STARTTLS", R"(tls C"MAIL F" S"250 ev")",
                R"(! after_starttls S"250 ev")"});
}
TEST_CASE("observer: LMTP has a reply for each recipient") {
    CHECK(watch_everywhere({{"S", "220 mx\r\n"}, {"C", "LHLO me\r\n"}, {"S", "250-mx\r\n250 PIPELINING\r\n"},
                            {"C", "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@b>\r\nDATA\r\n"},
                            {"S", "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n"}, {"C", "x\r\n.\r\nNOOP\r\n"},
                            {"S", "450 full\r\n250 taken\r\n250 ok\r\n"}}) ==
          lines{"S 220 to greeting", "C LHLO me", "S 250 to EHLO", "C MAIL FROM:<> = <>", "C RCPT TO:<a@b>", "C RCPT TO:<b@b>", "C RCPT TO:<c@b>", "C DATA",
                "S 250 to MAIL", "S 250 to RCPT", "S 550 to RCPT", "S 250 to RCPT", "S 354 to DATA", "content x\r\n", R"(end 3 at C".\r\nNOO")",
                "C NOOP", "S 450 to end of content", "S 250 to end of content for 1", "transaction delivered 250 2/3 3", "S 250 to NOOP"});
}
TEST_CASE("observer: who does not wait is told of, and read as the server will read him") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n.\r\nNOOP\r\nRSET\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"},
                {"S", "250 ok\r\n250 ok\r\n250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C DATA", R"(! did_not_wait C"RSET\r\n")", "S 250 to MAIL", "S 250 to RCPT", "S 354 to DATA",
                "content RSET\r\n", R"(end 6 at C".\r\nNOO")", "C NOOP", "C RSET", R"(! did_not_wait C"RSET\r\n")", "S 250 to end of content",
                "transaction delivered 250 1/1 6", "S 250 to NOOP", "S 250 to RSET"});
    CHECK(told({{"C", "DATA\r\nRSET\r\n"}, {"S", "503 no\r\n250 ok\r\n"}}) ==
          lines{"C DATA bad_sequence 0", R"(! out_of_order C"DATA\r\n" bad_sequence)", R"(! did_not_wait C"RSET\r\n")", "S 503 to DATA", "C RSET",
                "S 250 to RSET"});
    CHECK(watch_everywhere({{"C", "EHLO me\r\n"}, {"S", "220 mx\r\n250 mx\r\n"}, {"C", "NOOP\r\nNOOP\r\nRSET\r\nRSET\r\n"}})[1] ==
          R"(! early_talker C"EHLO m")");
}
TEST_CASE("observer: a line that others take for the end of content") {
    struct { std::string line, kind; } const odd[] = {
        {"\n.\n", "lf_dot_lf"}, {"\n.\r\n", "lf_dot_crlf"}, {"\r\n.\n", "crlf_dot_lf"}, {"\r.\r\n", "cr_dot_crlf"}, {"\r.\r", "cr_dot_cr"},
        {"\n.\r", "lf_dot_cr"}, {"\r\n.\r", "crlf_dot_cr"}, {"\r.\n", "cr_dot_lf"}, {"\r\n.\r\r\n", "crlf_dot_cr"},
        {std::string("\r\n\0.\r\n", 6), "with_nul"}, {std::string("\r\n.\0\r\n", 6), "with_nul"}};
    for (auto const& o : odd) {
        CAPTURE(o.kind);
        dialogue const d{{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"},
                         {"C", "x" + o.line + "MAIL FROM:<evil@x>\r\n.\r\n"}, {"S", "250 taken\r\n"}};
        lines const all = told(d);
        std::size_t smuggled = 0, commands = 0;
        for (std::string const& l : all) {
            smuggled += l.starts_with("! smuggled_end") && l.ends_with(o.kind) ? 1 : 0;
            commands += l.starts_with("C MAIL") ? 1 : 0;
        }
        CHECK(smuggled == 1);
        CHECK(commands == 1);
        // The dot of a line that CRLF begins is taken away, as from any other.
        std::string const text = o.line.starts_with("\r\n.") ? "\r\n" + o.line.substr(3) : o.line;
        CHECK(std::find(all.begin(), all.end(), "content x" + text + "MAIL FROM:<evil@x>\r\n") != all.end());
        if (o.kind == "with_nul") continue;
        // The same as the server has it.
        ehlo::observer_settings s;
        for (unsigned k = 1; k < 10; ++k)
            if (name(static_cast<ehlo::dot_line>(k)) == o.kind) s.ends = static_cast<ehlo::dot_line>(k);
        lines const others = told({d[0], d[1], d[2], {"S", "250 taken\r\n250 ok\r\n"}}, s);
        std::size_t ends = 0, mails = 0, delivered = 0;
        for (std::string const& l : others) {
            ends += l.starts_with("! other_end") && l.ends_with(o.kind) ? 1 : 0;
            mails += l.starts_with("C MAIL FROM:<evil@x>") ? 1 : 0;
            delivered += l.starts_with("transaction delivered") ? 1 : 0;
        }
        CHECK(ends == 1);
        CHECK(mails == 1);
        CHECK(delivered == 1);
    }
}
TEST_CASE("observer: a bare LF in a command, as each reads it") {
    dialogue const d{{"C", "NOOP\nRSET\r\n"}, {"S", "500 no\r\n"}};
    CHECK(told(d) == lines{"C  bare_lf 4", R"(! bare_lf C"\nRSET\r" bare_lf)", "S 500 to NOOP"});
    ehlo::observer_settings s;
    s.grammar.tolerate = ehlo::rule::bare_lf_line;
    CHECK(told({d[0], {"S", "250 ok\r\n250 ok\r\n"}}, s) ==
          lines{"C NOOP", R"(! bare_lf C"\nRSET\r")", R"(! tolerated C"NOOP\nR")", "C RSET", R"(! did_not_wait C"RSET\r\n")", "S 250 to NOOP", "S 250 to RSET"});
}
