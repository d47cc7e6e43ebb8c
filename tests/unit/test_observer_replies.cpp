// The observer: replies that are not as RFC 5321 4.2 has them, read as clients read them.
#include "watching.hpp"

namespace test_observer_replies {

namespace {

using namespace watching;

// A command whose reply is odd, and one more: both are paired.
lines both(std::string const& reply, ehlo::observer_settings const& s = {}) {
    lines all = told({{"C", "NOOP\r\n"}, {"S", reply}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}, s);
    REQUIRE(all.size() >= 4);
    CHECK(all.front() == "C NOOP");
    CHECK(lines(all.end() - 2, all.end()) == lines{"C RSET", "S 250 to RSET"});
    return {all.begin() + 1, all.end() - 2};
}

}  // namespace

TEST_CASE("observer: RFC 5321 2.3.8: a reply line that LF ends is one") {
    CHECK(both("250 ok\n") == lines{R"(! bare_lf S"\n250 o")", R"(! tolerated S"250 ok")", "S 250 to NOOP"});
    CHECK(both("250-a\n250 b\r\n") == lines{R"(! bare_lf S"\n250 b")", R"(! tolerated S"250-a\n")", "S 250 to NOOP"});
    CHECK(both("250-a\r\n250\n") == lines{R"(! bare_lf S"\n250 o")", R"(! tolerated S"250-a\r")", "S 250 to NOOP"});
    // All of a server's lines, whatever they answer.
    dialogue const d{{"S", "220 mx\n"}, {"C", "EHLO me.example\r\n"}, {"S", "250-mx\n250-PIPELINING\n250 SIZE\n"},
                     {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\n550 no\n250 ok\n"}};
    lines const all = watch_everywhere({d[0], d[1], d[2], {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"}, {"S", "250 ok\n550 no\n250 ok\n354 go\n"},
                                        {"C", "x\r\n.\r\n"}, {"S", "250 taken\n"}, {"C", "QUIT\r\n"}, {"S", "221 bye\n"}});
    CHECK(std::count(all.begin(), all.end(), "transaction delivered 250 1/2 3") == 1);
    CHECK(all.back() == "S 221 to QUIT");
    CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("! bare_lf"); }) == 8);
    CHECK(std::count_if(all.begin(), all.end(), [](std::string const& l) { return l.starts_with("! pipelining_not_offered"); }) == 0);
    // STARTTLS is no exception: TLS begins after the LF.
    CHECK(told({{"C", "STARTTLS\r\n"}, {"S", "220 go\n\x16"}}).back() == "tls C\"\" S\"\x16\"");
}
TEST_CASE("observer: CR or NUL in a reply is of its text") {
    CHECK(both("250 a\r250 b\r\n") == lines{R"(! bare_cr S"\r250 b")", R"(! tolerated S"250 a\r")", "S 250 to NOOP"});
    CHECK(both("250-a\r\r\n250 b\r\r\n") == lines{R"(! bare_cr S"\r\r\n250")", R"(! tolerated S"250-a\r")", "S 250 to NOOP"});
    CHECK(both(std::string("250 a\0b\0\r\n", 10)) == lines{R"(! nul S"\0b\0\r\n2")", R"(! tolerated S"250 a\0")", "S 250 to NOOP"});
    // A line that only CR ends does not end: what comes next belongs to it.
    CHECK(told({{"C", "RSET\r\n"}, {"S", "250 ok\r"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}) ==
          lines{"C RSET", "C RSET", R"(! bare_cr S"\r250 o")", R"(! tolerated S"250 ok")", "S 250 to RSET", "unanswered RSET"});
}
TEST_CASE("observer: RFC 5321 4.2: codes and separators that are none") {
    CHECK(both("250\r\n").back() == "S 250 to NOOP");
    CHECK(both("250-\r\n250 \r\n") == lines{"S 250 to NOOP"});
    CHECK(both("250_ok\r\n") == lines{R"(! malformed S"_ok\r\n2" bad_reply_separator)", R"(! tolerated S"250_ok")", "S 250 to NOOP"});
    CHECK(both("250-a\r\n250\tb\r\n") == lines{"! malformed S\"\tb\\r\\n25\" bad_reply_separator", R"(! tolerated S"250-a\r")", "S 250 to NOOP"});
    CHECK(both("950 what\r\n") == lines{R"(! malformed S"950 wh" bad_reply_code)", R"(! tolerated S"950 wh")", "S 950 to NOOP"});
    CHECK(both("150-a\r\n150 b\r\n") == lines{R"(! malformed S"150-a\r" bad_reply_code)", R"(! tolerated S"150-a\r")", "S 150 to NOOP"});
    CHECK(both("571 no\r\n") == lines{"S 571 to NOOP"});
    // The last of several codes counts, as for clients.
    CHECK(both("250-a\r\n550-b\r\n451 c\r\n") == lines{R"(! tolerated S"250-a\r")", "S 451 to NOOP"});
    CHECK(both("\r\n250 a\r\n") == lines{R"(! tolerated S"250 a\r")", "S 250 to NOOP"});
    // A refusal, whatever its digit: no content follows.
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}, {"C", "DATA\r\n"}, {"S", "954 what\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}}).back() ==
          "transaction abandoned 250 1/1 ?");
    // What has no code is no reply.
    CHECK(told({{"C", "NOOP\r\n"}, {"S", "ok\r\n"}}) == lines{"C NOOP", R"(! malformed S"ok\r\n" bad_reply_code)", "unanswered NOOP", "out of step"});
    // A client that reads strictly is out of step, and so is who watches it.
    ehlo::observer_settings strict;
    strict.replies = {};
    CHECK(told({{"C", "NOOP\r\n"}, {"S", "250 ok\n"}}, strict) == lines{"C NOOP", R"(! malformed S"\n" bare_lf)", "unanswered NOOP", "out of step"});
}
TEST_CASE("observer: RFC 5321 4.5.3.1.5: reply lines over 512 octets, and replies too long to be kept") {
    std::string const fits = "250 " + std::string(506, 'x') + "\r\n", longer = "250 " + std::string(507, 'x') + "\r\n";
    CHECK(both(fits) == lines{"S 250 to NOOP"});
    CHECK(both(longer) == lines{R"(! long_line S"250 xx")", "S 250 to NOOP"});
    CHECK(both("250-a\r\n" + longer) == lines{R"(! long_line S"250 xx")", "S 250 to NOOP"});
    std::string many;
    for (int i = 0; i < 120; ++i) many += "250-line\r\n";
    CHECK(both(many + "250 end\r\n") == lines{"S 250 to NOOP"});
    // Its code is told, and its place.
    ehlo::observer_settings s;
    s.replies.total = 180, s.replies.line = 150, s.replies.lines = 8;
    CHECK(both("250 " + std::string(190, 'x') + "\r\n", s) == lines{R"(! long_line S"xxxxxx" reply_too_long)", "S 250 to NOOP"});
    CHECK(both("452-a\r\n452-b\r\n452-c\r\n452-d\r\n452-e\r\n452-f\r\n452-g\r\n452-h\r\n452-i\r\n452 " + std::string(190, 'x') + "\r\n", s).back() == "S 452 to NOOP");
    CHECK(both("452-" + std::string(190, 'x') + "\r\n452-\n452\n", s).back() == "S 452 to NOOP");
    // What it offers was not looked at, and nothing is said to be not offered.
    CHECK(told({{"C", "EHLO me.example\r\n"}, {"S", "250-mx\r\n250-" + std::string(190, 'x') + "\r\n250 DSN\r\n"}, {"C", "STARTTLS\r\n"}}, s).back() == "unanswered STARTTLS");
    std::string endless(200000, 'x');
    watching::watcher w{ehlo::observer()};
    w.h.said[1] = "220 " + endless + "\r\n250 ok\r\n";
    w.h.said[0] = "NOOP\r\n";
    w.h.places = false;
    for (std::size_t at = 0; at < w.h.said[1].size(); at += 1000) {
        w.show(server, std::string_view(w.h.said[1]).substr(at, 1000));
        REQUIRE(w.pending[1].size() <= 65 * 1024);
        if (at == 100000) w.show(client, "NOOP\r\n");
    }
    CHECK(w.h.lines == lines{"! long_line  reply_too_long", "C NOOP", "! early_talker ", "S 220 to greeting", "S 250 to NOOP"});
    CHECK(w.o.sure());
}

}  // namespace test_observer_replies
