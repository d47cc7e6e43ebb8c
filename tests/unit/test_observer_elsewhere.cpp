// What went wrong in other readers of SMTP, by the number in their trackers, and what the observer says to it: tests/elsewhere.md has the
// table. The dialogues are our own.
#include "watching.hpp"

namespace test_observer_elsewhere {

namespace {

using namespace watching;

std::ptrdiff_t times(lines const& all, std::string const& line) { return std::count(all.begin(), all.end(), line); }

}  // namespace

TEST_CASE("observer: Zeek 3264, Suricata 8741: a chunk that looks like commands, chunks that are cut, an empty last one") {
    lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}, {"C", "BDAT 3\r\nabcBDAT 2\r\ndeBDAT 0 LAST\r\nMAIL FROM:<x@y>\r\n"},
                            {"S", "250 3\r\n250 2\r\n250 taken\r\n250 ok\r\n"}, {"C", "RCPT TO:<z@y>\r\n"}, {"S", "250 ok\r\n"}});
    CHECK(std::count(all.begin(), all.end(), "transaction delivered 250 1/1 5") == 1);
    CHECK(std::count(all.begin(), all.end(), "C MAIL FROM:<x@y> = <x@y>") == 1);
}
TEST_CASE("observer: Zeek 4522: the reply to BDAT LAST is the message's, not that to QUIT") {
    lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\nab"}, {"S", "250 ok\r\n250 ok\r\n452 full\r\n"}, {"C", "QUIT\r\n"}, {"S", "221 bye\r\n"}});
    CHECK(std::count(all.begin(), all.end(), "transaction refused 452 1/1 2") == 1);
}
TEST_CASE("observer: Zeek 3556, Suricata 15882: a BDAT that cannot be read is refused, and the session goes on") {
    lines const all = told({{"C", "BDAT 5 X\r\n"}, {"S", "501 no\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}});
    CHECK(all == lines{"C BDAT 5 X unexpected_argument 7", R"(! malformed C"X\r\nMAI" unexpected_argument)", R"(! may_be_chunk C"BDAT 5")", "S 501 to BDAT",
                       "C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL", "transaction abandoned 0 0/0 ?"});
}
TEST_CASE("observer: Suricata 8995: BDAT is refused before its chunk was sent, as each server goes on") {
    dialogue const d{{"C", "BDAT 6\r\n"}, {"S", "503 no\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}};
    // The octets are a chunk to a server that drains it (RFC 3030 2) ...
    CHECK(told({d[0], d[1], d[2]}) == lines{"C BDAT 6 bad_sequence 0", R"(! out_of_order C"BDAT 6" bad_sequence)", "S 503 to end of chunk",
                                            R"(! early_reply S"503 no")", "content RSET\r\n"});
    // ... and a command to one that does not.
    ehlo::observer_settings s;
    s.drains_chunks = false;
    CHECK(told(d, s) == lines{"C BDAT 6 bad_sequence 0", R"(! out_of_order C"BDAT 6" bad_sequence)", "S 503 to end of chunk", R"(! early_reply S"503 no")",
                              "C RSET", "S 250 to RSET"});
    // One that knows no BDAT reads the chunk as commands.
    s.knows_bdat = false;
    CHECK(told({{"C", "BDAT 6\r\nRSET\r\n"}, {"S", "500 what\r\n250 ok\r\n"}}, s) ==
          lines{"C BDAT 6 bad_sequence 0", R"(! out_of_order C"BDAT 6" bad_sequence)", "C RSET", R"(! did_not_wait C"RSET\r\n")", "S 500 to BDAT", "S 250 to RSET"});
}
TEST_CASE("observer: Suricata 6906: pipelined DATA that is refused is not followed by content") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n550 no\r\n554 nobody\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}).back() ==
          "transaction abandoned 250 0/1 ?");
}
TEST_CASE("observer: Suricata 1860: RSET between chunks ends the message") {
    lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcRSET\r\nMAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\nBDAT 2 LAST\r\nde"},
                            {"S", "250 1\r\n250 2\r\n250 3\r\n250 4\r\n250 5\r\n250 6\r\n250 7\r\n"}});
    CHECK(std::count(all.begin(), all.end(), "transaction abandoned 250 1/1 ?") == 1);
    CHECK(std::count(all.begin(), all.end(), "transaction delivered 250 1/1 2") == 1);
}
TEST_CASE("observer: beats 5408: a gap, and a beginning in the middle, are not the end") {
    lines const all = watch_everywhere({{"gS", "220"}, {"gC", "EH"}, {"C", "LO me\r\nNOOP\r\n"}, {"S", " mx\r\n250 ok\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 SIZE\r\n"},
                                        {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}});
    CHECK(lines(all.end() - 4, all.end()) == lines{"in step", "S 250 to EHLO", "C NOOP", "S 250 to NOOP"});
}
TEST_CASE("observer: Suricata 8715: EHLO in a transaction drops it if it is accepted, and only then") {
    dialogue const open{{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}};
    for (std::string const verb : {"EHLO", "HELO"}) {
        lines const accepted = told({open[0], open[1], {"C", verb + " again\r\n"}, {"S", "250 mx\r\n"}, {"C", "MAIL FROM:<x@y>\r\n"}, {"S", "250 ok\r\n"}});
        CHECK(times(accepted, "transaction abandoned 250 1/1 ?") == 1);
        CHECK(accepted.back() == "transaction abandoned 0 0/0 ?");
        lines const refused = told({open[0], open[1], {"C", verb + " again\r\n"}, {"S", "501 no\r\n"}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "x\r\n.\r\n"}, {"S", "250 ok\r\n"}});
        CHECK(refused.back() == "transaction delivered 250 1/1 3");
        CHECK(std::count_if(refused.begin(), refused.end(), [](std::string const& l) { return l.starts_with("transaction"); }) == 1);
    }
}
TEST_CASE("observer: Suricata 8728: QUIT and RSET alone are no transactions") {
    lines const all = told({{"C", "RSET\r\n"}, {"S", "250 ok\r\n"}, {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}, {"C", "x\r\n.\r\nRSET\r\nQUIT\r\n"},
                            {"S", "250 ok\r\n250 ok\r\n221 bye\r\n"}});
    CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("transaction"); }) == 1);
    CHECK(watch_everywhere({{"S", "220 mx\r\n"}, {"C", "QUIT\r\n"}, {"S", "221 bye\r\n"}}) == lines{"S 220 to greeting", "C QUIT", "S 221 to QUIT"});
}
TEST_CASE("observer: Suricata 8739, 15928: late replies belong to the transaction of their commands, whatever has come since") {
    // The replies to the first message's end come after the whole envelope of the second was sent.
    struct owner : watching::log {
        std::vector<std::uint64_t> of{};
        using log::on;
        void on(seen::reply const& r) { of.push_back(r.number); }
    };
    ehlo::observer o;
    owner h;
    h.places = false;
    auto done = o.advance("EHLO a\r\n", "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", h);
    done = o.advance("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\nhiMAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nRSET\r\nMAIL FROM:<i@j>\r\n",
                     "250 1\r\n250 2\r\n452 full\r\n250 4\r\n550 5\r\n250 6\r\n250 7\r\n", h);
    static_cast<void>(done);
    CHECK(h.of == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(times(h.lines, "transaction refused 452 1/1 2") == 1);
    CHECK(times(h.lines, "transaction abandoned 250 0/1 ?") == 1);
}
TEST_CASE("observer: Suricata 1745, HAProxy 1552: the lines of a reply are one reply, whatever stands in them") {
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250-First\r\n250-234 numbers\r\n250-550 more\r\n250-\r\n250 last\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL", "C RSET", "S 250 to RSET", "transaction abandoned 250 0/0 ?"});
}
TEST_CASE("observer: Suricata 8709, suricata-verify 1187: a line of content without an end is content, and costs no memory") {
    watching::watcher w{ehlo::observer()};
    dialogue const d = begun({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}, {"C", std::string(3000000, 'x')},
                              {"C", "\n.\n" + std::string(5000, 'y') + "\r\n.\r\n"}, {"S", "250 ok\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}});
    for (turn const& t : d) w.h.said[t.who == "C" ? 0 : 1] += t.text;
    for (turn const& t : d) w.show(t.who == "C" ? client : server, t.text);
    CHECK(times(w.h.lines, "transaction delivered 250 1/1 3005005") == 1);
    CHECK(w.h.lines.back() == "S 250 to NOOP");
    CHECK(std::count_if(w.h.lines.begin(), w.h.lines.end(), [](std::string const& l) { return l.starts_with("! long_line"); }) == 1);
}
TEST_CASE("observer: Zeek bdat-chunk-size-overflow, bdat-negative-chunk-size: a size that is none does not wrap") {
    for (std::string const size : {"18446744073709551616", "18446744073709551621", "-1", "-5 LAST", "0x10", "+3", "1e3", ""}) {
        CAPTURE(size);
        lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}, {"C", "BDAT " + size + "\r\n"}, {"S", "501 no\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}});
        CHECK(all.back() == "transaction abandoned 250 1/1 ?");
        CHECK(times(all, "C RSET") == 1);
        CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("! may_be_chunk"); }) == 1);
    }
    // A size of 2^63 and more is one: what comes is of the chunk, until the server's 421 ends it.
    CHECK(told({{"C", "BDAT 9223372036854775808\r\nRSET\r\n"}, {"S", "503 no\r\n421 bye\r\n"}}) ==
          lines{"C BDAT 9223372036854775808 bad_sequence 0", R"(! out_of_order C"BDAT 9" bad_sequence)", "content RSET\r\n", "S 503 to end of chunk", R"(! early_reply S"503 no")",
                "S 421 to shutdown", R"(! unexpected_reply S"421 by" unexpected_reply)"});
}
TEST_CASE("observer: Zeek bdat-0-last, bdat-multipart-chunked: an empty last chunk, lines cut by chunks") {
    lines const all = told({{"C", "MAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<c@d>\r\nBDAT 5\r\nFrom:BDAT 4\r\n a\r\nBDAT 1\r\n\rBDAT 1\r\n\nBDAT 0 LAST\r\nNOOP\r\n"},
                            {"S", "250 1\r\n250 2\r\n250 3\r\n250 4\r\n250 5\r\n250 6\r\n250 taken\r\n250 ok\r\n"}});
    CHECK(times(all, "transaction delivered 250 1/1 11") == 1);
    CHECK(times(all, "S 250 to NOOP") == 1);
    CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("! bare"); }) == 0);
}
TEST_CASE("observer: Zeek bdat-gap: octets lost in a chunk, and at its very end") {
    for (std::string const lost : {"cd", "cdef"}) {
        lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6 LAST\r\nab"}, {"gC", lost}, {"C", std::string("cdef").substr(lost.size()) + "NOOP\r\n"},
                                {"S", "250 ok\r\n250 ok\r\n250 taken\r\n250 ok\r\n"}});
        CHECK(times(all, "transaction delivered 250 1/1 ?") == 1);
        CHECK(all.back() == "S 250 to NOOP");
    }
    // More than belonged to it: nobody knows what followed.
    CHECK(times(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6 LAST\r\nab"}, {"gC", "cdefN"}, {"C", "OOP\r\n"}}), "out of step") == 1);
}
TEST_CASE("observer: Zeek one-side: one direction tells of no message that it was delivered") {
    std::string const client_side = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", server_side = "220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n";
    ehlo::observer_settings s;
    for (auto const sees : {ehlo::sight::client_only, ehlo::sight::server_only}) {
        s.sees = sees;
        lines const all = watch_everywhere({sees == ehlo::sight::client_only ? turn{"C", client_side} : turn{"S", server_side}}, s);
        CHECK(all.size() >= 6);
        CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("transaction delivered"); }) == 0);
        CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("C ") && l.find("unsure") == l.npos; }) == 0);
    }
}
TEST_CASE("observer: Zeek mail-transactions-invalid, 4578: each disorder has a name and a place") {
    CHECK(told({{"C", "RCPT TO:<c@d>\r\n"}, {"S", "503 no\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}, {"C", "MAIL FROM:<e@f>\r\n"}, {"S", "503 no\r\n"}, {"C", "DATA\r\n"},
                {"S", "503 no\r\n"}, {"S", "250 for nothing\r\n"}}) ==
          lines{"C RCPT TO:<c@d> bad_sequence 0", R"(! out_of_order C"RCPT T" bad_sequence)", "S 503 to RCPT", "C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL",
                "C MAIL FROM:<e@f> bad_sequence 0 = <e@f>", R"(! out_of_order C"MAIL F" bad_sequence)", "S 503 to MAIL", "C DATA bad_sequence 0",
                R"(! out_of_order C"DATA\r\n" bad_sequence)", "S 503 to DATA", "S 250 to shutdown", R"(! unexpected_reply S"250 fo" unexpected_reply)", "out of step",
                "transaction unknown 0 0/0 ? (unsure)"});
}
TEST_CASE("observer: Zeek's pipelining, Snort's alert before the server: what was not offered, and who talks first, is told") {
    CHECK(watch_everywhere({{"C", "HELO me\r\n"}, {"S", "220 mx\r\n250 mx\r\n"}, {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}}) ==
          lines{"C HELO me", R"(! early_talker C"HELO m")", "S 220 to greeting", "S 250 to HELO", "C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>",
                R"(! pipelining_not_offered C"RCPT T")", "S 250 to MAIL", "S 250 to RCPT", "transaction abandoned 0 1/1 ?"});
}
TEST_CASE("observer: Arkime 4024: what is left of an AUTH exchange is not put before the next command") {
    CHECK(told({{"C", "AUTH LOGIN\r\n"}, {"S", "334 VXNlcm5hbWU6\r\n"}, {"C", "YQ==\r\n"}, {"S", "334 UGFzc3dvcmQ6\r\n"}, {"C", "Yg==\r\n"}, {"S", "235 ok\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"},
                {"S", "250 ok\r\n"}}) ==
          lines{"C AUTH LOGIN", "S 334 to AUTH", "response", "S 334 to AUTH response", "response", "S 235 to AUTH response", "C MAIL FROM:<a@b> = <a@b>", "S 250 to MAIL",
                "transaction abandoned 0 0/0 ?"});
    // A server that needs no response after the initial one, and a client that sends one all the same.
    CHECK(told({{"C", "AUTH PLAIN AGEAYg==\r\n"}, {"S", "235 ok\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}) == lines{"C AUTH PLAIN...", "S 235 to AUTH", "C RSET", "S 250 to RSET"});
}
TEST_CASE("observer: Arkime 442: a path without its brackets is read whole, where the server reads it") {
    ehlo::observer_settings s;
    s.grammar.tolerate = ehlo::rule::missing_brackets;
    lines const all = told({{"C", "MAIL FROM:random@example.com\r\n"}, {"S", "250 ok\r\n"}}, s);
    CHECK(all.front() == "C MAIL FROM:random@example.com = random@example.com");
}
TEST_CASE("observer: Arkime 2348: what was decrypted after STARTTLS is read when it is said to be") {
    lines const all = watch_everywhere(begun({{"C", "STARTTLS\r\n"}, {"S", "220 go\r\n"}, {"T"}, {"C", "EHLO me\r\n"}, {"S", "250 mx\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "250 ok\r\n"}}));
    CHECK(times(all, "C MAIL FROM:<a@b> = <a@b>") == 1);
}
TEST_CASE("observer: rspamd's proxy: a server that answers BDAT 502 reads its chunk as commands, and is said to") {
    ehlo::observer_settings s;
    s.knows_bdat = false;
    lines const all = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}, {"C", "BDAT 20 LAST\r\nMAIL FROM:<evil@x>\r\n"}, {"S", "502 what\r\n503 no\r\n"}}, s);
    CHECK(times(all, "C MAIL FROM:<evil@x> bad_sequence 0 = <evil@x>") == 1);
    CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("content"); }) == 0);
    // To a server that knows it, those octets are content.
    lines const other = told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}, {"C", "BDAT 20 LAST\r\nMAIL FROM:<evil@x>\r\n"}, {"S", "250 ok\r\n"}});
    CHECK(times(other, "content MAIL FROM:<evil@x>\r\n") == 1);
}
TEST_CASE("observer: Internet.nl 560: empty lines between replies are passed over, and told") {
    CHECK(told({{"C", "NOOP\r\n"}, {"S", "\r\n250 ok\r\n"}, {"C", "QUIT\r\n"}, {"S", "\r\n\r\n221 bye\r\n"}}) ==
          lines{"C NOOP", R"(! tolerated S"250 ok")", "S 250 to NOOP", "C QUIT", R"(! tolerated S"221 by")", "S 221 to QUIT"});
}

}  // namespace test_observer_elsewhere
