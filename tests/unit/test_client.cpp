// The client machine against servers that follow a script.

#include "client_session.hpp"

namespace test_client {

namespace {

using namespace client_session;

// --- a session in a constant expression ---

constexpr bool constant_session() {
    char buffer[512] = {};
    ehlo::writer out(buffer);
    ehlo::client c;
    auto const hears = [&](std::string_view text, event e, bool accepted, state where) {
        auto const r = c.receive(text);
        return r.ready() && r.consumed == text.size() && r->to == e && r->accepted == accepted && c.where() == where;
    };
    return hears("220 mx ready\r\n", event::greeting, true, state::greeted) && c.hello(out, "me.example") &&
           hears("250-mx\r\n250-SIZE 1000\r\n250 PIPELINING\r\n", event::hello, true, state::ready) &&
           c.offers().has(ehlo::extension::pipelining) && c.offers().size == 1000u && c.mail(out, "<a@b>", {.size = 5}) &&
           c.rcpt(out, "<c@d>") && c.rcpt(out, "<e@f>") && c.data(out) && hears("250 OK\r\n", event::mail, true, state::mail) &&
           hears("550 No\r\n", event::rcpt, false, state::mail) && hears("250 OK\r\n", event::rcpt, true, state::rcpt) &&
           hears("354 Go\r\n", event::data, true, state::content) && c.content(".hi\r\n", out).consumed == 5 && c.end_content(out).done() &&
           hears("250 OK\r\n", event::content_end, true, state::ready) && c.quit(out) &&
           hears("221 Bye\r\n", event::quit, true, state::closed) && c.over() &&
           out.text() == "EHLO me.example\r\nMAIL FROM:<a@b> SIZE=5\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"
                         "..hi\r\n.\r\nQUIT\r\n";
}
static_assert(constant_session());

}  // namespace

TEST_CASE("a client session runs in a constant expression, and the same at run time") { CHECK(constant_session()); }

TEST_CASE("client: states as they should be at the start of the tests") {
    for (state const where : all_states) CHECK(session::at(where).c.where() == where);
}

TEST_CASE("client: one command after the other") {
    session s;
    CHECK(s.c.awaits() == event::greeting);
    CHECK(s.hello() == "bad_sequence");  // not before the greeting (RFC 5321 3.1)
    CHECK(s.hear("220 mx.example.org ESMTP\r\n") == "greeting+");
    CHECK(!s.c.awaits());
    CHECK(s.hello() == "EHLO me.example\r\n");
    CHECK(s.c.awaits() == event::hello);
    CHECK(s.mail() == "bad_sequence");  // EHLO ends a group, even where PIPELINING was offered before
    CHECK(s.hear("250-mx.example.org hello\r\n250-SIZE\r\n250 HELP\r\n") == "EHLO+");
    CHECK(s.c.where() == state::ready);
    CHECK(!s.c.offers().size);
    CHECK(s.mail("<>", {.size = 99}) == "MAIL FROM:<> SIZE=99\r\n");
    CHECK(s.rcpt() == "not_offered");  // no PIPELINING: one at a time
    CHECK(s.hear("250 2.1.0 OK\r\n") == "MAIL+");
    CHECK(s.rcpt("<Postmaster>") == "RCPT TO:<Postmaster>\r\n");
    CHECK(s.hear("251 2.1.5 Will forward\r\n") == "RCPT+");
    CHECK(s.rcpt() == "RCPT TO:<c@d.example>\r\n");
    CHECK(s.hear("550 5.1.1 No\r\n") == "RCPT-550");
    CHECK(s.c.recipients() == 1);
    CHECK(s.data() == "DATA\r\n");
    CHECK(s.content("x") == "bad_sequence");
    CHECK(s.hear("354 Go\r\n") == "DATA+");
    CHECK(s.c.where() == state::content);
    CHECK(s.bare(verb::noop) == "bad_sequence");
    CHECK(s.content(".a\r\nb") == "..a\r\nb");
    CHECK(s.content("\r\n.") == "\r\n..");
    CHECK(s.end() == "\r\n.\r\n");
    CHECK(s.end() == "bad_sequence");
    CHECK(s.content("x") == "bad_sequence");
    CHECK(s.hear("250 2.6.0 Accepted\r\n") == "end of content+");
    CHECK(s.c.where() == state::ready);
    CHECK(s.c.recipients() == 0);
    for (verb const v : {verb::noop, verb::help, verb::rset}) {
        CHECK(s.bare(v) == std::string(name(v)) + "\r\n");
        CHECK(s.hear("250 OK\r\n") == std::string(name(v)) + "+");
    }
    CHECK(s.argument(verb::vrfy, "smith") == "VRFY smith\r\n");
    CHECK(s.hear("252 Perhaps\r\n") == "VRFY+");
    CHECK(s.argument(verb::expn, "staff") == "EXPN staff\r\n");
    CHECK(s.hear("502 No\r\n") == "EXPN-502");
    CHECK(s.argument(verb::noop, "hi") == "NOOP hi\r\n");
    CHECK(s.hear("250 OK\r\n") == "NOOP+");
    CHECK(s.bare(verb::quit) == "QUIT\r\n");
    CHECK(s.hear("221 Bye\r\n") == "QUIT+");
    CHECK(s.c.over());
    CHECK(s.c.where() == state::closed);
    CHECK(s.bare(verb::noop) == "session_over");
    CHECK(s.hear("250 Ghost\r\n") == "!session_over");
}

TEST_CASE("client: a hundred recipients in one group") {
    session s = session::at(state::ready);
    CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
    std::string replies = "250 OK\r\n", heard = "MAIL+";
    unsigned accepted = 0;
    for (unsigned i = 0; i < 100; ++i) {
        std::string const to = "<user" + std::to_string(i) + "@d.example>";
        CHECK(s.rcpt(to) == "RCPT TO:" + to + "\r\n");
        bool const good = i % 3 != 0;
        accepted += good;
        replies += good ? "250-2.1.5 one\r\n250 2.1.5 two\r\n" : "550 5.1.1 No\r\n";
        heard += good ? " RCPT+" : " RCPT-550";
    }
    CHECK(s.data() == "DATA\r\n");
    CHECK(s.mail() == "bad_sequence");
    CHECK(s.rcpt() == "bad_sequence");
    replies += "354 Go\r\n";
    heard += " DATA+";
    generate::rng r(1);
    for (int how = 0; how < 30; ++how) {
        session copy = s;
        CHECK(copy.hear(replies, how == 0 ? whole() : how == 1 ? octets() : random(r, 40)) == heard);
        CHECK(copy.c.recipients() == accepted);
        CHECK(copy.c.where() == state::content);
    }
    // The next mail may follow the content at once (RFC 2920 3.1).
    s.hear(replies);
    s.content("hi\r\n");
    CHECK(s.end() == ".\r\n");
    CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
    CHECK(s.rcpt() == "RCPT TO:<c@d.example>\r\n");
    CHECK(s.data() == "DATA\r\n");
    CHECK(s.hear("452 4.3.1 Full\r\n250 OK\r\n250 OK\r\n354 Go\r\n") == "end of content-452 MAIL+ RCPT+ DATA+");
    CHECK(s.c.recipients() == 1);
    CHECK(s.end() == ".\r\n");
    CHECK(s.bare(verb::quit) == "QUIT\r\n");
    CHECK(s.hear("250 OK\r\n221 Bye\r\n") == "end of content+ QUIT+");
}

TEST_CASE("client: more than 65,535 of a kind") {
    session s = session::at(state::mail);
    for (int i = 0; i < 70000; ++i) {
        char buffer[64];
        ehlo::writer w(buffer);
        if (!s.c.rcpt(w, "<c@d.example>")) FAIL(i);
    }
    for (int i = 0; i < 70000; ++i)
        if (!s.c.receive("250 OK\r\n").ready()) FAIL(i);
    CHECK(s.c.recipients() == 70000);
    CHECK(!s.c.awaits());
}

TEST_CASE("client: refusals in a group") {
    session s = session::at(state::ready);
    SECTION("all recipients refused, 354 all the same: a lone dot and nothing else") {
        s.mail(), s.rcpt(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n550 No\r\n450 Later\r\n354 Go\r\n") == "MAIL+ RCPT-550 RCPT-450 DATA+");
        CHECK(s.c.recipients() == 0);
        CHECK(s.c.where() == state::content);
        CHECK(s.content("secret") == "bad_sequence");
        CHECK(s.bare(verb::rset) == "bad_sequence");
        CHECK(s.end() == ".\r\n");
        CHECK(s.hear("554 No recipients\r\n") == "end of content-554");
        CHECK(s.c.where() == state::ready);
        CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
    }
    SECTION("all recipients refused, DATA too") {
        s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n550 No\r\n503 No\r\n") == "MAIL+ RCPT-550 DATA-503");
        CHECK(s.c.where() == state::mail);
        CHECK(s.end() == "bad_sequence");
        CHECK(s.bare(verb::rset) == "RSET\r\n");
        CHECK(s.hear("250 OK\r\n") == "RSET+");
        CHECK(s.c.where() == state::ready);
    }
    SECTION("MAIL refused with RCPT and DATA under way") {
        s.mail(), s.rcpt(), s.rcpt(), s.data();
        CHECK(s.hear("552 Too big\r\n503 No\r\n503 No\r\n503 No\r\n") == "MAIL-552 RCPT-503 RCPT-503 DATA-503");
        CHECK(s.c.where() == state::ready);
        CHECK(s.c.recipients() == 0);
        CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
    }
    SECTION("MAIL refused, and a server that takes the rest") {
        s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("552 Too big\r\n503 No\r\n354 Go\r\n") == "MAIL-552 RCPT-503 DATA+");
        CHECK(s.c.recipients() == 0);
        CHECK(s.content("secret") == "bad_sequence");
        CHECK(s.end() == ".\r\n");
    }
    SECTION("MAIL refused, and a server that takes RCPT and DATA: even an end would be delivered to somebody") {
        s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("552 Too big\r\n250 OK\r\n354 Go\r\n") == "MAIL-552 RCPT+ !bad_reply_class");
        CHECK(s.end() == "session_over");
    }
    SECTION("RSET refused, and the next transaction under way: its recipients would be the old one's") {
        s.mail(), s.rcpt();
        CHECK(s.hear("250 OK\r\n250 OK\r\n") == "MAIL+ RCPT+");
        s.bare(verb::rset), s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("500 No\r\n") == "RSET-500");
        CHECK(s.c.over());
        CHECK(s.c.disconnected() == ehlo::verdict::later);
    }
    SECTION("RSET refused, and nothing after it: the transaction is still there") {
        s.mail(), s.rcpt();
        CHECK(s.hear("250 OK\r\n250 OK\r\n") == "MAIL+ RCPT+");
        s.bare(verb::rset);
        CHECK(s.hear("500 No\r\n") == "RSET-500");
        CHECK(s.mail() == "bad_sequence");
        CHECK(s.c.recipients() == 1);
    }
    SECTION("RSET in a group") {
        s.mail(), s.rcpt();
        CHECK(s.bare(verb::rset) == "RSET\r\n");
        CHECK(s.mail("<>") == "MAIL FROM:<>\r\n");
        CHECK(s.rcpt() == "RCPT TO:<c@d.example>\r\n");
        CHECK(s.hear("250 OK\r\n250 OK\r\n250 OK\r\n250 OK\r\n250 OK\r\n") == "MAIL+ RCPT+ RSET+ MAIL+ RCPT+");
        CHECK(s.c.recipients() == 1);
    }
    SECTION("a refused DATA leaves the transaction open") {
        s.mail(), s.rcpt();
        s.hear("250 OK\r\n250 OK\r\n");
        s.data();
        CHECK(s.hear("451 Later\r\n") == "DATA-451");
        CHECK(s.c.where() == state::rcpt);
        CHECK(s.rcpt() == "RCPT TO:<c@d.example>\r\n");
    }
}

TEST_CASE("client: greetings") {
    struct {
        std::string_view text, heard;
        state where;
        bool over;
    } const cases[] = {
        {"220 ready\r\n", "greeting+", state::greeted, false},
        {"220-mx\r\n220-no spam\r\n220 ready\r\n", "greeting+", state::greeted, false},
        {"220\r\n", "greeting+", state::greeted, false},
        {"554 No SMTP service here\r\n", "greeting-554", state::refused, false},
        {"521 Never\r\n", "greeting-521", state::refused, false},
        {"450 Busy\r\n", "greeting-450", state::refused, false},
        {"421 Too busy\r\n", "greeting-421", state::closed, true},
        {"250 already greeted\r\n", "!bad_reply_class", state::connected, true},  // attacks.json, TLS-greeting-preauth-like
        {"235 authenticated\r\n", "!bad_reply_class", state::connected, true},
        {"221 Bye\r\n", "!bad_reply_class", state::connected, true},
        {"354 Go\r\n", "!bad_reply_class", state::connected, true},
        {"SSH-2.0-x\r\n", "!bad_reply_code", state::connected, true},
        {"120 wait\r\n", "!bad_reply_code", state::connected, true},
        {"220_ready\r\n", "!bad_reply_separator", state::connected, true},
        {"220-a\r\n250 b\r\n", "!mixed_reply_codes", state::connected, true},
        {"220 a\n", "!bare_lf", state::connected, true},
    };
    for (auto const& c : cases) {
        CAPTURE(c.text);
        for (pieces const& how : {whole(), octets()}) {
            session s;
            CHECK(s.hear(c.text, how) == c.heard);
            CHECK(s.c.where() == c.where);
            CHECK(s.c.over() == c.over);
            CHECK(s.bare(verb::quit) == (c.over ? "session_over" : "QUIT\r\n"));
        }
    }
    // RFC 5321 3.1: a client that was refused says QUIT and nothing else.
    session s = session::at(state::refused);
    CHECK(s.hello() == "bad_sequence");
    CHECK(s.mail() == "bad_sequence");
    CHECK(s.bare(verb::noop) == "bad_sequence");
    CHECK(s.bare(verb::quit) == "QUIT\r\n");
    CHECK(s.hear("221 Bye\r\n") == "QUIT+");
}

TEST_CASE("client: EHLO refused, then HELO; each EHLO replaces what was offered") {
    session s = session::at(state::greeted);
    s.hello();
    CHECK(s.hear("502 No\r\n") == "EHLO-502");
    CHECK(s.c.where() == state::greeted);
    CHECK(s.mail() == "bad_sequence");
    CHECK(s.hello("me.example", verb::helo) == "HELO me.example\r\n");
    // Lines after a HELO are no offers.
    CHECK(s.hear("250-mx\r\n250 PIPELINING\r\n") == "HELO+");
    CHECK(!s.c.offers().has(ehlo::extension::pipelining));
    CHECK(s.mail("<>", {.size = 1}) == "not_offered");
    s.hello();
    CHECK(s.hear("250-mx\r\n250-PIPELINING\r\n250 SIZE 10\r\n") == "EHLO+");
    CHECK(s.c.offers().size == 10u);
    s.hello();
    CHECK(s.hear("550 No\r\n") == "EHLO-550");
    CHECK(s.c.offers().size == 10u);  // a refused EHLO changes nothing
    s.hello();
    CHECK(s.hear("250 mx\r\n") == "EHLO+");
    CHECK(s.c.offers().offered == ehlo::extensions{});
    CHECK(!s.c.offers().size);
    s.hello();
    CHECK(s.hear("250-mx\r\n250 SIZE 0\r\n") == "EHLO+");
    CHECK(s.c.offers().size == 0u);   // no fixed limit (RFC 1870 4)
    CHECK(s.mail("<>", {.size = 1}) == "MAIL FROM:<> SIZE=1\r\n");
    // EHLO inside a transaction drops it, if it is accepted.
    s = session::at(state::rcpt);
    s.hello();
    CHECK(s.hear("501 No\r\n") == "EHLO-501");
    CHECK(s.c.where() == state::rcpt);
    CHECK(s.c.recipients() == 1);
    s.hello();
    CHECK(s.hear("250 mx\r\n") == "EHLO+");
    CHECK(s.c.where() == state::ready);
    CHECK(s.c.recipients() == 0);
}

TEST_CASE("client: what the server did not offer is not written") {
    session bare = session::at(state::ready, false);
    CHECK(bare.mail("<>", {.size = 0}) == "not_offered");
    CHECK(bare.mail("<>", {.body = ehlo::body::eight_bit_mime}) == "not_offered");
    CHECK(bare.mail("<>", {.smtputf8 = true}) == "not_offered");
    session s = session::at(state::ready);
    CHECK(s.mail("<>", {.size = 100001}) == "message_too_large");
    CHECK(s.mail("<>", {.body = ehlo::body::binary_mime}) == "not_offered");  // needs BINARYMIME, not 8BITMIME (RFC 3030 2)
    CHECK(s.mail("<>", {.size = 100000, .body = ehlo::body::eight_bit_mime, .smtputf8 = true}) ==
          "MAIL FROM:<> SIZE=100000 BODY=8BITMIME SMTPUTF8\r\n");
    CHECK(s.c.awaits() == event::mail);
}

TEST_CASE("client: nothing dangerous is written") {
    // attacks.json, INJ-*
    for (std::string_view const text :
         {"<a@b.example>\r\nDATA\r\nSubject: x\r\n\r\ny\r\n.\r\nQUIT>"sv, "<foo\r\nbar@b>"sv, "<a@b.example>\r\nRCPT TO:<c@d.example>"sv,
          "<\"a\r\nRCPT TO:<x@y.example>\r\n\"@b.example>"sv, "<a@b\n>"sv, "<a@b\r>"sv, "<a\0@b>"sv}) {
        session s = session::at(state::mail);
        CHECK(s.rcpt(text) == "unsafe_octet");
        session t = session::at(state::ready);
        CHECK(t.mail(text) == "unsafe_octet");
        CHECK(t.hello(text) == "unsafe_octet");
        CHECK(t.argument(verb::vrfy, text) == "unsafe_octet");
        CHECK(t.mail("<>", {.others = text}) == "unsafe_octet");
        CHECK(!t.c.awaits());
    }
    session s = session::at(state::mail);
    CHECK(s.rcpt("<>") == "null_path");
    CHECK(s.rcpt("") == "expected_path");
    CHECK(s.rcpt("c@d X=1") == "unexpected_argument");  // the brackets may be left to ehlo, and only they
    CHECK(s.rcpt("<c@d> X=1") == "unexpected_argument");
    CHECK(s.rcpt("<\xC3\xBC@d>") == "non_ascii");
    CHECK(s.rcpt("<c@d>", "=") == "bad_parameter");
    session t = session::at(state::ready);
    CHECK(t.mail("<a@b> SIZE=1") != "MAIL FROM:<a@b> SIZE=1\r\n");
    CHECK(t.hello("not a name") == "bad_domain");
    CHECK(!t.c.awaits());
    // No room: nothing is written, nothing is under way, and it can be tried again.
    char small[5];
    ehlo::writer w(small);
    auto const r = t.c.quit(w);
    CHECK((!r && r.error().code == errc::output_full && w.size() == 0));
    CHECK(!t.c.awaits());
    CHECK(t.bare(verb::quit) == "QUIT\r\n");
}

TEST_CASE("client: content is made safe or refused") {
    session s = session::at(state::content);
    CHECK(s.content("a\n.\nb") == "bare_lf");
    CHECK(s.content("a\r.\rb") == "bare_cr");
    CHECK(s.content("a\r\n.\r\nMAIL FROM:<x@y>\r\n") == "a\r\n..\r\nMAIL FROM:<x@y>\r\n");
    CHECK(s.content("x\r") == "x");
    CHECK(s.content("\n") == "\r\n");
    CHECK(s.content(".") == "..");
    CHECK(s.content("\r\n") == "\r\n");
    CHECK(s.end() == ".\r\n");
    // attacks.json, OUT-split-chunks
    session t = session::at(state::content);
    for (std::string_view const piece : {"a\r"sv, "\n"sv, "."sv, "\r\n"sv}) t.content(piece);
    t.end();
    CHECK(t.sent.ends_with("DATA\r\na\r\n..\r\n.\r\n"));
    // A CR that is never completed: the content cannot be ended, until its LF comes.
    session u = session::at(state::content);
    CHECK(u.content("x\r") == "x");
    CHECK(u.end() == "bare_cr");
    CHECK(u.content("\n") == "\r\n");
    CHECK(u.end() == ".\r\n");
}

TEST_CASE("client: what it cannot keep account of, or is out of order, is not written") {
    SECTION("too many runs") {
        session s = session::at(state::ready);
        std::string expected;
        for (int i = 0; i < 8; ++i) {
            CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
            CHECK(s.bare(verb::rset) == "RSET\r\n");
            expected += " MAIL+ RSET+";
        }
        CHECK(s.bare(verb::rset) == "RSET\r\n");  // of the same run
        CHECK(s.mail() == "too_many_outstanding");
        CHECK(s.mail() == "too_many_outstanding");
        CHECK(s.bare(verb::rset) == "RSET\r\n");
        std::string replies;
        for (int i = 0; i < 18; ++i) replies += "250 OK\r\n";
        CHECK(s.hear(replies.substr(0, 8)) == "MAIL+");
        CHECK(s.mail() == "MAIL FROM:<a@b.example>\r\n");
        CHECK(s.rcpt() == "too_many_outstanding");
        CHECK(s.hear(replies) == expected.substr(7) + " RSET+ RSET+ MAIL+");
        CHECK(!s.c.awaits());
    }
    SECTION("out of order") {
        struct {
            std::string_view name;
            std::string (*command)(session&);
            std::string_view allowed;  // first letters of the states
        } const commands[] = {
            {"EHLO", [](session& s) { return s.hello(); }, "greeted ready mail rcpt"},
            {"MAIL", [](session& s) { return s.mail(); }, "ready"},
            {"RCPT", [](session& s) { return s.rcpt(); }, "mail rcpt"},
            {"DATA", [](session& s) { return s.data(); }, "rcpt"},
            {"content", [](session& s) { return s.content("x"); }, "content"},
            {"end", [](session& s) { return s.end(); }, "content"},
            {"RSET", [](session& s) { return s.bare(verb::rset); }, "greeted ready mail rcpt"},
            {"NOOP", [](session& s) { return s.bare(verb::noop); }, "greeted ready mail rcpt"},
            {"VRFY", [](session& s) { return s.argument(verb::vrfy, "x"); }, "greeted ready mail rcpt"},
            {"EXPN", [](session& s) { return s.argument(verb::expn, "x"); }, "greeted ready mail rcpt"},
            {"HELP", [](session& s) { return s.bare(verb::help); }, "greeted ready mail rcpt"},
            {"TURN", [](session& s) { return s.bare(verb::turn); }, "ready"},
            {"QUIT", [](session& s) { return s.bare(verb::quit); }, "greeted ready mail rcpt refused"},
        };
        for (auto const& c : commands) {
            for (state const where : all_states) {
                CAPTURE(c.name, name(where));
                session s = session::at(where);
                std::size_t const before = s.sent.size();
                std::string const wrote = c.command(s);
                if (c.allowed.find(name(where)) != std::string_view::npos) {
                    CHECK((wrote == "x" || wrote.ends_with("\r\n")));
                } else {
                    CHECK(wrote == (where == state::closed ? "session_over" : "bad_sequence"));
                    CHECK(s.sent.size() == before);
                    CHECK(s.c.where() == where);
                }
            }
        }
    }
    SECTION("what ends a group is not followed by anything") {
        struct {
            state where;
            std::string (*command)(session&);
        } const last[] = {
            {state::greeted, [](session& s) { return s.hello(); }},
            {state::rcpt, [](session& s) { return s.data(); }},
            {state::mail, [](session& s) { return s.bare(verb::noop); }},
            {state::mail, [](session& s) { return s.bare(verb::help); }},
            {state::mail, [](session& s) { return s.argument(verb::vrfy, "x"); }},
            {state::mail, [](session& s) { return s.argument(verb::expn, "x"); }},
            {state::ready, [](session& s) { return s.bare(verb::turn); }},
            {state::mail, [](session& s) { return s.bare(verb::quit); }},
        };
        for (auto const& l : last) {
            session s = session::at(l.where);
            CHECK(l.command(s).ends_with("\r\n"));
            CHECK(s.rcpt() == "bad_sequence");
            CHECK(s.bare(verb::noop) == "bad_sequence");
            CHECK(s.bare(verb::quit) == "bad_sequence");
            CHECK(s.bare(verb::rset) == "bad_sequence");
        }
    }
}

}  // namespace test_client
