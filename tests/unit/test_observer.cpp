// The observer: what it tells of dialogues between two others.
#include "watching.hpp"

namespace test_observer {

namespace {

using namespace watching;
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
          lines{"C AUTH LOGIN", "S 504 to AUTH", "C ... unknown_verb 0", R"(! malformed C"c2Vjcm" unknown_verb)", "S 500 to no command"});
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
            smuggled += l.starts_with("! smuggled_end") && l.ends_with(o.kind) ? 1u : 0u;
            commands += l.starts_with("C MAIL") ? 1u : 0u;
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
            ends += l.starts_with("! other_end") && l.ends_with(o.kind) ? 1u : 0u;
            mails += l.starts_with("C MAIL FROM:<evil@x>") ? 1u : 0u;
            delivered += l.starts_with("transaction delivered") ? 1u : 0u;
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
TEST_CASE("observer: at compile time, too") {
    struct counter {
        int mails = 0, replies = 0;
        std::uint64_t octets = 0;
        constexpr void on(seen::of<ehlo::cmd::mail> const& c) { mails += c.typed.from.local_part() == "a" ? 1 : 0; }
        constexpr void on(seen::reply const&) { ++replies; }
        constexpr void on(seen::transaction const& t) { octets += *t.octets; }
    };
    constexpr counter seen = [] {
        counter h;
        ehlo::observer o;
        bool all = o.advance(server, "220 mx\r\n", h).consumed == 8;
        all = o.advance("EHLO me\r\n", "250-mx\r\n250 PIPELINING\r\n", h).server == 24 && all;
        all = o.advance("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n", "250 a\r\n250 a\r\n354 a\r\n", h).server == 21 && all;
        all = o.advance("x\r\n.\r\n", "250 a\r\n", h).client == 6 && all;
        if (!all || !o.sure() || o.where() != ehlo::state::ready) h.mails = -1;
        return h;
    }();
    static_assert(seen.mails == 1 && seen.replies == 6 && seen.octets == 3);
    CHECK(seen.mails == 1);
}
TEST_CASE("observer: a server that goes its own way is followed") {
    // MAIL before EHLO, RCPT twice MAIL, DATA for nobody: what the server takes is taken.
    CHECK(watch_everywhere({{"S", "220 mx\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n"},
                            {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "QUIT\r\n.\r\n"}, {"S", "250 ok\r\n"}, {"C", "QUIT\r\n"}, {"S", "221 bye\r\n"}}) ==
          lines{"S 220 to greeting", "C MAIL FROM:<a@b> bad_sequence 0 = <a@b>", R"(! out_of_order C"MAIL F" bad_sequence)", "S 250 to MAIL", "C RCPT TO:<c@d>",
                "S 250 to RCPT", "C DATA", "S 354 to DATA", "content QUIT\r\n", R"(end 6 at C".\r\nQUI")", "S 250 to end of content",
                "transaction delivered 250 1/1 6", "C QUIT", "S 221 to QUIT"});
    CHECK(told({{"C", "MAIL FROM:<a@b\r\n"}, {"S", "250 as you like\r\n"}, {"C", "RCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n354 go\r\n"},
                {"C", "x\r\n.\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b unclosed_path 14", R"(! malformed C"\r\nRCPT" unclosed_path)", "S 250 to MAIL", "C RCPT TO:<c@d>", "C DATA", "S 250 to RCPT",
                "S 354 to DATA", "content x\r\n", R"(end 3 at C".\r\n")", "S 250 to end of content", "transaction delivered 250 1/1 3"});
}
TEST_CASE("observer: 421 and refusals at odd moments") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}, {"S", "421 idle\r\n"}, {"C", "NOOP\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL", "S 421 to shutdown", R"(! unexpected_reply S"421 id" unexpected_reply)",
                "transaction abandoned 421 0/0 ?", R"(! after_the_end C"NOOP\r\n")"});
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}, {"C", "so much\r\n"}, {"S", "552 too much\r\n"},
                {"C", "more\r\n.\r\nEHLO me\r\n"}, {"S", "250-mx\r\n250 PIPELINING\r\n"}, {"C", "NOOP\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C DATA", "S 250 to MAIL", "S 250 to RCPT", "S 354 to DATA", "content so much\r\n", "S 552 to end of content",
                R"(! early_reply S"552 to")", "transaction refused 552 1/1 ?", "content more\r\n", R"(end 15 at C".\r\nEHL")",
                "out of step", "in step", "S 250 to EHLO", "C NOOP", "unanswered NOOP"});
    // A yes in the middle of content: for the server it has ended there.
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}, {"C", "x\n.\nNOOP\r\n"}, {"S", "250 taken\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C DATA", "S 250 to MAIL", "S 250 to RCPT", "S 354 to DATA", R"(! bare_lf C"\n.\nNOO")",
                R"(! smuggled_end C".\nNOOP" lf_dot_lf)", "content x\n.\nNOOP\r\n", "S 250 to end of content",
                R"(! unexpected_reply S"250 ta")", "out of step",
                "transaction unknown 0 1/1 ? (unsure)"});
    CHECK(told({{"C", "QUIT\r\n"}, {"S", "221 bye\r\n250 still here\r\n"}}).back() == "out of step");
    // A pipelined RCPT is well formed, though the MAIL that asked for SMTPUTF8 was refused before it was seen.
    CHECK(told({{"C", "MAIL FROM:<a@b> SMTPUTF8\r\n"}, {"S", "450 no\r\n"}, {"C", "RCPT TO:<\xC3\xB6@d>\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> SMTPUTF8 = <a@b>", R"(! not_offered C"MAIL F")", "S 450 to MAIL", "C RCPT TO:<\xC3\xB6@d> bad_sequence 0",
                R"(! out_of_order C"RCPT T" bad_sequence)", "unanswered RCPT"});
    // A line that has not ended when the session does is after the end, whatever the server says next.
    CHECK(told({{"C", "NO"}, {"S", "hello\r\n421 bye\r\n250 still here\r\n"}}) ==
          lines{R"(! malformed S"hello\r" bad_reply_code)", "out of step", "S 421 to nothing (unsure)", R"(! after_the_end C"NO")",
                "S 250 to nothing (unsure)", R"(! after_the_end S"250 st")"});
    CHECK(told({{"C", "NO"}, {"S", "421 bye\r\n250 still here\r\n"}}) ==
          lines{"S 421 to shutdown", R"(! unexpected_reply S"421 by" unexpected_reply)", R"(! after_the_end C"NO")", "S 250 to nothing (unsure)",
                R"(! after_the_end S"250 st")", "out of step"});
}
TEST_CASE("observer: replies that are none") {
    CHECK(told({{"C", "NOOP\r\n"}, {"S", "hello\r\n250 ok\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 SIZE\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C NOOP", R"(! malformed S"hello\r" bad_reply_code)", "unanswered NOOP", "out of step", "S 250 to nothing (unsure)", "in step", "S 250 to EHLO",
                "C NOOP", "S 250 to NOOP"});
    CHECK(told({{"C", "DATA\r\n"}, {"S", "250 what\r\n"}}).back() == "out of step");
}
TEST_CASE("observer: losses") {
    dialogue const d = begun({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}});
    auto with = [&d](dialogue const& more) {
        dialogue all = d;
        all.insert(all.end(), more.begin(), more.end());
        lines const told = watch_everywhere(all);
        return lines(told.begin() + 9, told.end());
    };
    // Content: the next reply is that to its end; where commands begin again only a reply tells that no other can have.
    CHECK(with({{"C", "a\r\n"}, {"gC", "b\r\n.\r\nMAIL FR"}, {"C", "OM:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n"}, {"S", "250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n"},
                {"C", "c\r\n.\r\n"}, {"S", "250 taken\r\n"}}) ==
          lines{"content a\r\n", "out of step", "S 250 to end of content", "transaction delivered 250 1/1 ?", "S 250 to nothing (unsure)",
                "S 250 to nothing (unsure)", "in step", "S 354 to DATA", "content c\r\n", R"(end 3 at C".\r\n")", "S 250 to end of content",
                "transaction delivered 250 0/0 3 in part"});
    // Replies: content can be read to its end, and what became of it cannot be known.
    CHECK(with({{"C", "a\r\n"}, {"gS", "4"}, {"C", "b\r\n.\r\nNOOP\r\n"}, {"S", "50 no\r\n250 ok\r\n"}}) ==
          lines{"content a\r\n", "out of step", "content b\r\n", R"(end 6 at C".\r\nNOO" (unsure))", "S 250 to nothing (unsure)", "transaction unknown 0 1/1 ? (unsure)"});
    // In a chunk as much may be lost as belongs to it.
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 9 LAST\r\nab"}, {"gC", "RSET"}, {"C", "c\r\nNOOP\r\n"}, {"S", "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C BDAT 9 LAST", "content abc\r\n", R"(end 5 at C"NOOP\r\n")", "C NOOP", "S 250 to MAIL", "S 250 to RCPT",
                "S 250 to end of last chunk", "transaction delivered 250 1/1 ?", "S 250 to NOOP"});
    // The answer to DATA, and one in an AUTH exchange.
    CHECK(told({{"C", "AUTH LOGIN\r\n"}, {"S", "334 a\r\n"}, {"gC", "UVVJVA==\r\n"}, {"S", "334 b\r\n"}, {"C", "UVVJVA==\r\n"}, {"S", "235 ok\r\n"}}) ==
          lines{"C AUTH LOGIN", "S 334 to AUTH", "out of step", "S 334 to AUTH response", "S 235 to nothing (unsure)"});
}
TEST_CASE("observer: a session that is under way") {
    dialogue const d{{"gC", ""}, {"gS", ""}, {"C", "QUIT\r\nRSET\r\n.\r\n"}, {"S", "n\r\n250 taken\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"},
                     {"C", "RCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n"}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "x\r\n.\r\n"}, {"S", "250 ok\r\n"}};
    lines const told = watch_everywhere(d);
    CHECK(told == lines{"out of step", "S 250 to nothing (unsure)", "S 250 to nothing (unsure)", "S 250 to nothing (unsure)", "in step", "S 354 to DATA",
                        "content x\r\n", R"(end 3 at C".\r\n")", "S 250 to end of content", "transaction delivered 250 0/0 3 in part"});
    ehlo::observer_settings s;
    s.guesses = true;
    lines const guessed = watch_everywhere(d, s);
    CHECK(std::count(guessed.begin(), guessed.end(), "C MAIL FROM:<a@b> (unsure) = <a@b>") == 1);
    CHECK(std::count(guessed.begin(), guessed.end(), "C RSET (unsure)") == 1);   // which it was not
}
TEST_CASE("observer: the client alone, the server alone") {
    ehlo::observer_settings s;
    s.sees = ehlo::sight::client_only;
    CHECK(watch_everywhere({{"C", "EHLO me\r\nAUTH LOGIN\r\nUVVJVA==\r\nUVVJVA==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n"},
                            {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\nBDAT 3\r\nx\r\nQUIT\r\n"}}, s) ==
          lines{"C EHLO me (unsure)", "C AUTH LOGIN (unsure)", "response (unsure)", "response (unsure)", "C MAIL FROM:<a@b> (unsure) = <a@b>",
                "C RCPT TO:<c@d> (unsure)", "C DATA (unsure)", "content x\r\n", R"(end 3 at C".\r\nMAI" (unsure))", "C MAIL FROM:<a@b> (unsure) = <a@b>",
                "C RCPT TO:<c@d> (unsure)", "C DATA (unsure)", "C RSET (unsure)", "C BDAT 3 (unsure)", "content x\r\n", "C QUIT (unsure)"});
    s.sees = ehlo::sight::server_only;
    CHECK(watch_everywhere({{"S", "220 mx\r\n250-mx\r\n250 ok\r\n354 go\r\n250 ok\r\n"}}, s) ==
          lines{"S 220 to nothing (unsure)", "S 250 to nothing (unsure)", "S 354 to nothing (unsure)", "S 250 to nothing (unsure)"});
}
TEST_CASE("observer: more commands than it keeps") {
    std::string noops, replies, rcpts = "MAIL FROM:<a@b>\r\n", accepted = "250 ok\r\n";
    for (int i = 0; i < 30; ++i) noops += "RSET\r\nNOOP\r\n", replies += "250 ok\r\n250 ok\r\n";
    for (int i = 0; i < 500; ++i) rcpts += "RCPT TO:<c@d>\r\n", accepted += i % 2 == 0 ? "250 ok\r\n" : "550 no\r\n";
    // RCPTs share a place, and are paired all the same.
    lines const many = watch(begun({{"C", rcpts}, {"S", accepted}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", ".\r\n"}, {"S", "250 ok\r\n"}}), machine::whole());
    CHECK(many.back() == "transaction delivered 250 250/500 0");
    // Others do not: it is told, and it finds its step again.
    watching::watcher w{ehlo::observer()};
    dialogue const d = begun({{"C", noops}, {"S", replies}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 SIZE\r\n"}});
    for (turn const& t : d) w.h.said[t.who == "C" ? 0 : 1] += t.text;
    for (turn const& t : d) w.show(t.who == "C" ? client : server, t.text);
    CHECK(w.o.overflows() == 1);
    CHECK(std::count_if(w.h.lines.begin(), w.h.lines.end(), [](std::string const& l) { return l.starts_with("! too_many_under_way"); }) == 1);
    CHECK(w.o.sure());
    // A client that does not wait for 354 is given so many octets of patience.
    watching::watcher impatient{ehlo::observer()};
    std::string const content(70000, 'x');
    impatient.h.said[0] = "DATA\r\n" + content;
    impatient.show(client, "DATA\r\n" + content);
    CHECK(!impatient.o.sure());
    CHECK(impatient.pending[0].size() < 64 * 1024);
}
TEST_CASE("observer: a CR alone in a chunk is found however it is cut") {
    std::string const text = "a\r\nb\rc\r\nd\ne\r\n";
    lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT " + std::to_string(text.size()) + " LAST\r\n" + text},
                            {"S", "250 ok\r\n250 ok\r\n250 ok\r\n"}});
    CHECK(std::count(all.begin(), all.end(), R"(! bare_cr C"\rc\r\nd\n")") == 1);
    CHECK(std::count(all.begin(), all.end(), R"(! bare_lf C"\ne\r\n")") == 1);
    // A piece that begins with the LF of a CRLF is not all there is to be looked at.
    for (std::size_t a = 1; a < text.size(); ++a) {
        for (std::size_t b = a; b < text.size(); ++b) {
            ehlo::detail::content_watch c(0);
            std::vector<std::uint64_t> places;
            auto const note = [&](ehlo::departure, std::uint64_t at, ehlo::dot_line) { places.push_back(at); };
            std::size_t at = 0;
            for (std::size_t const end : {a, b, text.size()})
                while (at < end) at += c.next_chunk(std::string_view(text).substr(at, end - at), at, false, note).consumed;
            CHECK(places == std::vector<std::uint64_t>{text.find("\rc"), text.find("\ne")});
        }
    }
}
TEST_CASE("observer: with the client alone a loss costs a line") {
    ehlo::observer_settings s;
    s.sees = ehlo::sight::client_only;
    CHECK(watch_everywhere({{"C", "EHLO me\r\nNO"}, {"gC", "OP\r\nMA"}, {"C", "IL FROM:<a@b>\r\nRSET\r\n"}}, s) == lines{"C EHLO me (unsure)", "C RSET (unsure)"});
}

}  // namespace test_observer
