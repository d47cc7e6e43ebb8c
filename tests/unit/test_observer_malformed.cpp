// The observer: commands that are malformed, too long, or cut off, told as what they are.
#include "own.hpp"
#include "watching.hpp"

namespace test_observer_malformed {

namespace {

using namespace watching;
using namespace std::string_literals;

}  // namespace

TEST_CASE("observer: RFC 5321 4.2.4: a line that is no command is told as none, and its reply answers it") {
    CHECK(told({{"C", "HELLO you\r\n"}, {"S", "500 what\r\n"}, {"C", "\r\n"}, {"S", "500 what\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C HELLO you unknown_verb 0", R"(! malformed C"HELLO " unknown_verb)", "S 500 to no command", "C  empty_line 0", R"(! malformed C"\r\nNOOP" empty_line)",
                "S 500 to no command", "C NOOP", "S 250 to NOOP"});
    // Nor does the server's yes make a command of it.
    CHECK(told({{"C", "HELLO you\r\n"}, {"S", "250 ok\r\n"}}) == lines{"C HELLO you unknown_verb 0", R"(! malformed C"HELLO " unknown_verb)", "S 250 to no command"});
    CHECK(told({{"C", "HELLO you\r\n"}}).back() == "unanswered line");
    // With its verb, if it has one: what is wrong with its arguments makes no other command of it.
    CHECK(told({{"C", "ETRN\r\n"}, {"S", "501 no\r\n"}, {"C", "RSET now\r\n"}, {"S", "501 no\r\n"}, {"C", "BDAT x\r\n"}, {"S", "501 no\r\n"}}) ==
          lines{"C ETRN missing_argument 4", R"(! malformed C"\r\nRSET" missing_argument)", "! not_offered C\"ETRN\\r\\n\"", "S 501 to ETRN", "C RSET now unexpected_argument 5",
                R"(! malformed C"now\r\nB" unexpected_argument)", "S 501 to RSET", "C BDAT x bad_number 5", R"(! malformed C"x\r\n" bad_number)", R"(! may_be_chunk C"BDAT x")",
                "S 501 to BDAT"});
}
TEST_CASE("observer: RFC 5321 2.3.8, 4.1.1.4: a line with CR, LF or NUL in it has the verb that it begins with") {
    struct { std::string line, verb; } const all[] = {
        {"MAIL FROM:<a@b>\0\r\n"s, "MAIL"}, {"rcpt TO:<a\r@b>\r\n", "RCPT"}, {"NOOP\nRSET\r\n", "NOOP"}, {"VRFY a\nb\r\n", "VRFY"},
        {"BDAT 3\n\r\n", "BDAT"}, {"MA\0IL FROM:<a@b>\r\n"s, "no command"}, {"\nNOOP\r\n", "no command"}, {"HELLO\0\r\n"s, "no command"}};
    for (auto const& one : all) {
        CAPTURE(one.line);
        lines const seen = told({{"C", one.line}, {"S", "500 no\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}});
        CHECK(std::count(seen.begin(), seen.end(), "S 500 to " + one.verb) == 1);
        CHECK(seen.back() == "S 250 to NOOP");
    }
    // What a lax server takes is taken: content follows its 354, and no command.
    CHECK(told({{"C", "MAIL FROM:<a@b>\0\r\n"s}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<a@b>\r\nDATA \0\r\n"s}, {"S", "250 ok\r\n354 go\r\n"}, {"C", "QUIT\r\n.\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C  nul_octet 15", R"(! nul C"\0\r\nRCP" nul_octet)", "S 250 to MAIL", "C RCPT TO:<a@b>", "C  nul_octet 5", R"(! nul C"\0\r\nQUI" nul_octet)", "S 250 to RCPT",
                "S 354 to DATA", "content QUIT\r\n", R"(end 6 at C".\r\n")", "S 250 to end of content", "transaction delivered 250 1/1 6"});
    CHECK(told({{"C", "STARTTLS\0\r\n"s}, {"S", "220 go\r\n"}, {"C", "\x16"}}).back() == "tls C\"\x16\" S\"\"");
}
TEST_CASE("observer: RFC 5321 4.5.3.1.4: how long a line may be is its user's choice") {
    std::string const line = "NOOP " + std::string(593, 'x') + "\r\n", longer = "NOOP " + std::string(594, 'x') + "\r\n";
    ehlo::observer_settings s;
    s.max_line = 600;
    auto const all = [&s](std::string const& first) { return told({{"C", first}, {"S", "250 ok\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}, s); };
    CHECK(all(line) == lines{"C " + line.substr(0, 598), R"(! long_line C"NOOP x")", "S 250 to NOOP", "C RSET", "S 250 to RSET"});
    CHECK(all(longer) == lines{"C  line_too_long 600", R"(! long_line C"\nRSET\r" line_too_long)", "S 250 to NOOP", "C RSET", "S 250 to RSET"});
    s.max_line = ehlo::observer_settings().max_line;
    CHECK(all(longer).front() == "C " + longer.substr(0, 599));
    // Never less than what each server must take.
    s.max_line = 10;
    std::string const least = "NOOP " + std::string(505, 'x') + "\r\n";
    CHECK(all(least).front() == "C " + least.substr(0, 510));
    // A line that is longer than a buffer is told by its verb and its place, and none of it is kept.
    watching::watcher w{ehlo::observer()};
    std::string const endless = "MAIL FROM:<a@b> X=" + std::string(100000, 'x') + "\r\n";
    w.h.said[0] = "NOOP\r\n" + endless;
    w.show(client, "NOOP\r\n");
    for (std::size_t at = 0; at < endless.size(); at += 777) {
        w.show(client, std::string_view(endless).substr(at, 777));
        REQUIRE(w.pending[0].size() < 12288 + 777);
    }
    w.h.said[1] = "220 mx\r\n250 ok\r\n452 no\r\n";
    w.show(server, w.h.said[1]);
    CHECK(w.h.lines == lines{"C NOOP", R"(! early_talker C"NOOP\r\n")", "C  line_too_long 12288", R"(! long_line C"xxxxxx" line_too_long)", R"(! did_not_wait C"MAIL F")",
                             "S 220 to greeting", "S 250 to NOOP", "S 452 to MAIL"});
}
TEST_CASE("observer: RFC 4954 4: a response that is too long") {
    ehlo::observer_settings s;
    s.max_line = 520;
    std::string response(600, 'x');
    response += "\r\n";
    CHECK(told({{"C", "AUTH LOGIN\r\n"}, {"S", "334 a\r\n"}, {"C", response}, {"S", "500 no\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}}, s) ==
          lines{"C AUTH LOGIN", "S 334 to AUTH", "response auth_line_too_long 520", R"(! malformed C"xxxxxx" auth_line_too_long)", "S 500 to AUTH response", "C NOOP",
                "S 250 to NOOP"});
    // Longer than RFC 4954 has it, whatever is kept.
    s.max_line = 20000;
    std::string const line(12288, 'x');
    CHECK(watch(begun({{"C", "AUTH LOGIN\r\n"}, {"S", "334 a\r\n"}, {"C", line + "\r\n"}, {"S", "500 no\r\n"}}), machine::whole(), s)[5] == "response auth_line_too_long 12286");
    // With CR, LF or NUL in it, it is none.
    CHECK(told({{"C", "AUTH LOGIN\r\n"}, {"S", "334 a\r\n"}, {"C", "YQ=\0=\r\n"s}, {"S", "501 no\r\n"}})[2] == "response nul_octet 3");
}
TEST_CASE("observer: after QUIT it is told once that somebody went on") {
    lines const once{"C QUIT", R"(! after_the_end C"NOOP\r\n")", "S 221 to QUIT"};
    CHECK(told({{"C", "QUIT\r\nNOOP\r\n"}, {"S", "221 bye\r\n"}}) == once);
    CHECK(told({{"C", "QUIT\r\nNOOP\r\n"}, {"S", "221 bye\r\n"}, {"C", "RSET\r\n"}}) == once);
    CHECK(told({{"C", "QUIT\r\n"}, {"S", "221 bye\r\n"}, {"C", "NOOP\r\nRSET\r\n"}}) == lines{"C QUIT", "S 221 to QUIT", R"(! after_the_end C"NOOP\r\n")"});
    // Another end has its own.
    lines const again = told({{"C", "QUIT\r\nNOOP\r\n"}, {"S", "221 bye\r\n250 still here\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 SIZE\r\n"}, {"C", "QUIT\r\nRSET\r\n"}, {"S", "221 bye\r\n"}});
    CHECK(lines(again.begin() + 1, again.end()) ==
          lines{R"(! after_the_end C"NOOP\r\n")", "S 221 to QUIT", "S 250 to nothing (unsure)", R"(! after_the_end S"250 st")", "out of step", "in step", "S 250 to EHLO", "C QUIT",
                R"(! after_the_end C"RSET\r\n")", "S 221 to QUIT"});
    CHECK(told({{"C", "DATA\r\nRSET\r\n"}, {"S", "421 bye\r\n"}}) ==
          lines{"C DATA bad_sequence 0", R"(! out_of_order C"DATA\r\n" bad_sequence)", R"(! did_not_wait C"RSET\r\n")", "S 421 to DATA", R"(! after_the_end C"RSET\r\n")"});
}
TEST_CASE("observer: RFC 5321 4.5.3.1.4: which lines extensions make longer") {
    std::string const much(600, 'x');
    for (std::string const& line : {"MAIL FROM:<a@b> ENVID=" + much, "RCPT TO:<a@b> ORCPT=rfc822;" + much, "AUTH PLAIN " + much, "BURL imap://a/" + much + " LAST", "XFORWARD NAME=" + much}) {
        CAPTURE(line);
        lines const all = told({{"C", line + "\r\n"}});
        CHECK(std::none_of(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("! long_line"); }));
    }
    for (std::string const& line : {"EHLO " + much, "NOOP " + much, "VRFY " + much, "HELLO " + much, "RSET " + much}) {
        CAPTURE(line);
        lines const all = told({{"C", line + "\r\n"}});
        CHECK(std::count_if(all.begin(), all.end(), [&](std::string const& l) { return l == "! long_line C\"" + line.substr(0, 6) + "\""; }) == 1);
    }
}

}  // namespace test_observer_malformed
