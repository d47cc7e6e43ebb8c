// The observer: what is rare, and what comes at the wrong time.
#include "watching.hpp"

namespace test_observer_moments {

namespace {

using namespace watching;
using ehlo::fact;

}  // namespace

TEST_CASE("observer: what it knows, and the names of what it tells") {
    watching::watcher w{ehlo::observer()};
    w.h.places = false;
    auto const knows = [&w] {
        std::string all;
        for (unsigned i = 0; i < ehlo::fact_count; ++i)
            if (w.o.knows(static_cast<fact>(i))) all += std::string(name(static_cast<fact>(i))) + " ";
        return all;
    };
    CHECK(knows().empty());
    w.show(server, "220 mx\r\n");
    w.show(client, "EHLO me\r\n");
    CHECK(knows().empty());   // it was not answered
    w.show(server, "250-mx\r\n250-STARTTLS\r\n250-SMTPUTF8\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n");
    CHECK(knows() == "extended ");
    w.show(client, "AUTH PLAIN AGEAYg==\r\n");
    w.show(server, "235 ok\r\n");
    w.show(client, "MAIL FROM:<a@b> SMTPUTF8 BODY=BINARYMIME\r\n");
    w.show(server, "250 ok\r\n");
    CHECK(knows() == "extended authenticated smtputf8 binary ");
    w.show(client, "RSET\r\n");
    w.show(server, "250 ok\r\n");
    CHECK(knows() == "extended authenticated ");
    // TLS comes, and all is forgotten.
    w.show(client, "STARTTLS\r\n");
    w.show(server, "220 go\r\n");
    CHECK(w.o.opaque());
    w.o.secured();
    CHECK((!w.o.opaque() && knows() == "tls "));
    CHECK((name(client) == "client" && name(server) == "server"));
}
TEST_CASE("observer: decrypted octets that nobody waits for change nothing") {
    watching::watcher w{ehlo::observer()};
    w.h.places = false;
    w.show(server, "220 mx\r\n");
    w.show(client, "EHLO me\r\n");
    w.show(server, "250-mx\r\n250 STARTTLS\r\n");
    w.show(client, "STARTTLS\r\n");
    w.o.secured();   // before its reply
    CHECK((w.o.where() == ehlo::state::ready && w.o.knows(fact::extended) && !w.o.knows(fact::tls) && w.o.offset(client) == 19));
    w.show(server, "454 later\r\n");
    w.o.secured();
    CHECK((w.o.where() == ehlo::state::ready && !w.o.knows(fact::tls) && w.o.offset(server) == 41));
    w.show(client, "NOOP\r\n");
    w.show(server, "250 ok\r\n");
    CHECK((w.h.lines.back() == "S 250 to NOOP" && w.o.sure()));
    // After the end neither.
    w.show(client, "QUIT\r\n");
    w.show(server, "221 bye\r\n");
    w.o.secured();
    CHECK(w.o.where() == ehlo::state::closed);
}
TEST_CASE("observer: RFC 2920 3.1: content for nobody") {
    // A server that says 354 all the same, as one may whose client pipelined.
    dialogue const d{{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n550 no\r\n354 go\r\n"}};
    CHECK(told({d[0], d[1], {"C", "RSET\r\n.\r\n"}, {"S", "554 nobody\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C DATA", "S 250 to MAIL", "S 550 to RCPT", "S 354 to DATA", R"(! content_for_nobody C".\r\n")",
                "content RSET\r\n", R"(end 6 at C".\r\n")", "S 554 to end of content", "transaction refused 554 0/1 6"});
    // The client that has seen it sends the dot alone, and nothing is odd.
    lines const right = told({d[0], d[1], {"C", ".\r\n"}, {"S", "554 nobody\r\n"}});
    CHECK(std::none_of(right.begin(), right.end(), [](std::string const& l) { return l.starts_with("! content_for_nobody"); }));
    CHECK(right.back() == "transaction refused 554 0/1 0");
}
TEST_CASE("observer: RFC 4468 3: BURL, and a part that the server did not get") {
    auto const offering = [](dialogue const& more) {
        dialogue all{{"S", "220 mx\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250-BURL imap\r\n250-CHUNKING\r\n250 PIPELINING\r\n"},
                     {"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}};
        all.insert(all.end(), more.begin(), more.end());
        lines const told = watch_everywhere(all);
        return lines(told.begin() + 7, told.end());
    };
    // What the server fetches is not seen, so nobody knows how much it is; its URL is a secret (RFC 4467 5).
    CHECK(offering({{"C", "BURL imap://a/b;URLAUTH=anonymous:internal:1234 LAST\r\nNOOP\r\n"}, {"S", "250 ok\r\n250 ok\r\n"}}) ==
          lines{"C BURL...", "C NOOP", "S 250 to BURL LAST", "transaction delivered 250 1/1 ?", "S 250 to NOOP"});
    CHECK(offering({{"C", "BURL imap://a/b\r\nBDAT 3 LAST\r\nabc"}, {"S", "250 ok\r\n250 taken\r\n"}}) ==
          lines{"C BURL...", "C BDAT 3 LAST", "content abc", R"(end 3 at C"")", "S 250 to BURL", "S 250 to end of last chunk", "transaction delivered 250 1/1 ?"});
    CHECK(offering({{"C", "BURL imap://a/b\r\n"}, {"S", "554 no\r\n"}, {"C", "BURL imap://a/c LAST\r\n"}, {"S", "503 no\r\n"}}) ==
          lines{"C BURL...", "S 554 to BURL", "transaction refused 554 1/1 ?", "C BURL... bad_sequence 0", R"(! out_of_order C"BURL i" bad_sequence)", "S 503 to BURL LAST"});
}
TEST_CASE("observer: octets are lost after content was refused before its end") {
    // Whether what is lost had the end, and whether that has a reply of its own, nobody knows.
    CHECK(told({{"C", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n250 ok\r\n354 go\r\n"}, {"C", "much\r\n"}, {"S", "552 too much\r\n"}, {"gC", "more\r\n.\r\n"},
                {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n250 SIZE\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> = <a@b>", "C RCPT TO:<c@d>", "C DATA", "S 250 to MAIL", "S 250 to RCPT", "S 354 to DATA", "content much\r\n", "S 552 to end of content",
                R"(! early_reply S"552 to")", "transaction refused 552 1/1 ?", "out of step", "S 250 to nothing (unsure)", "in step", "S 250 to EHLO"});
}
TEST_CASE("observer: RFC 2033 4.2: LMTP from the middle: how many replies there are, nobody knows") {
    ehlo::observer_settings s;
    s.lmtp = true;
    CHECK(watch_everywhere({{"gC", ""}, {"gS", ""}, {"C", "x\r\nRCPT TO:<a@b>\r\n"}, {"S", "x\r\n250 ok\r\n"}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "x\r\n.\r\n"},
                            {"S", "250 for one\r\n250 for another\r\n"}, {"C", "LHLO me\r\n"}, {"S", "250-mx\r\n250 PIPELINING\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}}, s) ==
          lines{"out of step", "S 250 to nothing (unsure)", "in step", "S 354 to DATA", "content x\r\n", R"(end 3 at C".\r\nLHL")", "S 250 to end of content",
                "transaction unknown 250 0/0 3 in part (unsure)", "out of step", "S 250 to nothing (unsure)", "in step", "S 250 to EHLO", "C NOOP", "S 250 to NOOP"});
}

}  // namespace test_observer_moments
