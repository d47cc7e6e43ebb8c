// The client machine against servers that follow a script.
#include "catch.hpp"

#include "machine.hpp"

#include <cstring>
#include <optional>

namespace {

using namespace machine;
using ehlo::errc;
using ehlo::event;
using ehlo::state;
using ehlo::verb;

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

// Of a result, or of an encoded_content, which is no bool.
template <class R>
bool refused(R const& r) {
    if constexpr (requires { r.failed(); }) return r.failed();
    else return !r;
}

// A client, what it wrote, and what it was told.
struct session {
    ehlo::client c{};
    std::string sent{};
    std::string pending{};
    std::optional<ehlo::failure> failed{};

    // Runs a call that writes; says what was written, or the name of the error (and then nothing may be written).
    template <class F>
    std::string put(F&& f) {
        exact buffer(2048);
        ehlo::writer w(buffer.data(), 2048);
        auto const r = f(c, w);
        if (refused(r)) {
            if (w.size() != 0 || !w.ok()) return "wrote in spite of an error";
            return std::string(name(r.error().code));
        }
        sent += w.text();
        return std::string(w.text());
    }
    std::string hello(std::string_view n = "me.example", verb v = verb::ehlo) {
        return put([&](auto& k, auto& w) { return v == verb::helo ? k.helo(w, n) : k.hello(w, n); });
    }
    std::string mail(std::string_view from = "<a@b.example>", ehlo::mail_options const& o = {}) {
        return put([&](auto& k, auto& w) { return k.mail(w, from, o); });
    }
    std::string rcpt(std::string_view to = "<c@d.example>", std::string_view parameters = {}) {
        return put([&](auto& k, auto& w) { return k.rcpt(w, to, parameters); });
    }
    std::string data() {
        return put([](auto& k, auto& w) { return k.data(w); });
    }
    std::string bare(verb v) {
        return put([&](auto& k, auto& w) {
            switch (v) {
            case verb::rset: return k.rset(w);
            case verb::noop: return k.noop(w);
            case verb::help: return k.help(w);
            case verb::turn: return k.turn(w);
            default: REQUIRE(v == verb::quit); return k.quit(w);
            }
        });
    }
    std::string argument(verb v, std::string_view text) {
        return put([&](auto& k, auto& w) {
            switch (v) {
            case verb::vrfy: return k.vrfy(w, text);
            case verb::expn: return k.expn(w, text);
            case verb::help: return k.help(w, text);
            default: REQUIRE(v == verb::noop); return k.noop(w, text);
            }
        });
    }
    std::string content(std::string_view text) {
        return put([&](auto& k, auto& w) { return k.content(text, w); });
    }
    std::string end() {
        return put([](auto& k, auto& w) { return k.end_content(w); });
    }

    // Gives the server's octets, cut as one likes; one word for each reply: "MAIL+", "RCPT-550", or "!errc".
    std::string hear(std::string_view text, pieces const& next = whole()) {
        std::string heard;
        while (!text.empty()) {
            std::size_t const n = (std::min)(next(), text.size());
            pending += text.substr(0, n);
            text.remove_prefix(n);
            for (;;) {
                exact const in(pending);
                auto const r = c.receive(in.view());
                if (r.consumed > pending.size()) return "consumed too much";
                if (!heard.empty() && !r.need_more()) heard += ' ';
                if (r.failed()) {
                    failed = r.error();
                    return heard + "!" + std::string(name(r.error().code));
                }
                if (r.need_more()) {
                    if (r.consumed != 0) return "consumed a part of a reply";
                    break;
                }
                heard += std::string(name(r->to)) + (r->accepted ? "+" : "-") +
                         (r->accepted ? "" : std::to_string(r->reply.code()));
                pending.erase(0, r.consumed);
                if (pending.empty()) break;
            }
        }
        return heard;
    }

    // Brings a new session to a state, with a server that has PIPELINING or not.
    static session at(state where, bool pipelining = true) {
        session s;
        if (where == state::connected) return s;
        if (where == state::refused) {
            s.hear("554 No\r\n");
            return s;
        }
        s.hear("220 mx ready\r\n");
        if (where == state::greeted) return s;
        s.hello();
        s.hear(pipelining ? "250-mx\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-TURN\r\n250 PIPELINING\r\n" : "250 mx\r\n");
        if (where == state::closed) {
            s.bare(verb::quit);
            s.hear("221 Bye\r\n");
            return s;
        }
        if (where == state::ready) return s;
        s.mail();
        s.hear("250 OK\r\n");
        if (where == state::mail) return s;
        s.rcpt();
        s.hear("250 OK\r\n");
        if (where == state::rcpt) return s;
        s.data();
        s.hear("354 Go\r\n");
        return s;
    }
};
constexpr state all_states[] = {state::connected, state::greeted, state::ready,   state::mail,
                                state::rcpt,      state::content,    state::refused, state::closed};

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

TEST_CASE("client: 421 may come at any time") {
    for (state const where : all_states) {
        if (where == state::closed) continue;
        CAPTURE(name(where));
        session s = session::at(where);
        CHECK(s.hear("421 4.3.2 Shutting down\r\n", octets()) == (where == state::connected ? "greeting-421"
                                                                           : where == state::content ? "end of content-421" : "shutdown-421"));
        CHECK(s.c.over());
        CHECK(s.c.where() == state::closed);
        CHECK(s.bare(verb::quit) == "session_over");
        CHECK(s.content("x") == "session_over");
        CHECK(s.end() == "session_over");
    }
    SECTION("in answer to a command, with more under way") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n421 4.3.2 Down\r\n") == "MAIL+ RCPT-421");
        CHECK(s.c.over());
        CHECK(s.rcpt() == "session_over");
        CHECK(s.hear("250 OK\r\n") == "!session_over");
    }
    SECTION("to the end of content") {
        session s = session::at(state::content);
        s.end();
        CHECK(s.hear("421 Down\r\n") == "end of content-421");
        CHECK(s.c.over());
    }
}

TEST_CASE("client: a reply that nobody asked for, or of the wrong class, breaks the session") {
    for (state const where : {state::greeted, state::ready, state::mail, state::rcpt, state::content, state::refused}) {
        for (std::string_view const reply : {"250 OK\r\n"sv, "354 Go\r\n"sv, "550 No\r\n"sv, "220 mx\r\n"sv, "420 x\r\n"sv}) {
            session s = session::at(where);
            std::string const refused = (where == state::content ? "end of content-" : "shutdown-") + std::string(reply.substr(0, 3));
            CHECK(s.hear(reply) == (reply[0] < '4' ? "!unexpected_reply" : refused));
            CHECK(s.c.over());
            CHECK(s.bare(verb::quit) == "session_over");
            CHECK(s.hear("250 OK\r\n") == "!session_over");
        }
    }
    struct {
        state where;
        std::string (*command)(session&);
        bool three;  // 3yz is right
    } const commands[] = {
        {state::greeted, [](session& s) { return s.hello(); }, false},
        {state::ready, [](session& s) { return s.mail(); }, false},
        {state::mail, [](session& s) { return s.rcpt(); }, false},
        {state::rcpt, [](session& s) { return s.data(); }, true},
        {state::content, [](session& s) { return s.end(); }, false},
        {state::rcpt, [](session& s) { return s.bare(verb::rset); }, false},
        {state::ready, [](session& s) { return s.bare(verb::noop); }, false},
        {state::ready, [](session& s) { return s.argument(verb::vrfy, "x"); }, false},
        {state::ready, [](session& s) { return s.bare(verb::quit); }, false},
    };
    for (auto const& c : commands) {
        for (std::string_view const reply : {"250 x\r\n"sv, "259 x\r\n"sv, "334 x\r\n"sv, "354 x\r\n"sv, "450 x\r\n"sv, "559 x\r\n"sv}) {
            session s = session::at(c.where);
            CAPTURE(name(c.where), c.command(s), reply);
            bool const right = reply[0] > '3' || (reply[0] == '3') == c.three;
            std::string const heard = s.hear(reply);
            CHECK((heard != "!bad_reply_class") == right);
            CHECK((s.c.over() && s.c.where() != state::closed) == !right);
        }
    }
    SECTION("one reply too many") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt();
        CHECK(s.hear("250 OK\r\n250 OK\r\n250 OK\r\n") == "MAIL+ RCPT+ !unexpected_reply");
        CHECK(s.data() == "session_over");
    }
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

TEST_CASE("client: the connection is lost") {
    for (state const where : all_states) {
        session s = session::at(where);
        s.c.disconnected();
        CHECK(s.c.over());
        CHECK(s.c.where() == state::closed);
        CHECK(!s.c.awaits());
        CHECK(s.c.receive("").need_more());
        CHECK(s.bare(verb::quit) == "session_over");
        CHECK(s.content("x") == "session_over");
        CHECK(s.end() == "session_over");
        CHECK(s.hear("250 OK\r\n") == "!session_over");
    }
    SECTION("with replies under way, and half of one received") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n25") == "MAIL+");
        CHECK(s.c.awaits() == event::rcpt);
        s.c.disconnected();
        CHECK(!s.c.awaits());
        CHECK(s.c.over());
        // The same value starts anew when it is assigned.
        s.c = ehlo::client();
        s.pending.clear();
        CHECK(s.hear("220 mx\r\n") == "greeting+");
    }
}

TEST_CASE("client: the connection is lost after any octet of the replies") {
    session s = session::at(state::ready);
    s.mail(), s.rcpt(), s.rcpt(), s.data();
    std::string_view const replies = "250 OK\r\n550 No\r\n250-a\r\n250 OK\r\n354 Go\r\n";
    constexpr std::size_t ends[] = {8, 16, 31, 39};  // of the replies
    for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
        session a = s;
        std::string const heard = a.hear(replies.substr(0, cut), octets());
        std::size_t whole = 0;
        for (std::size_t const end : ends) whole += cut >= end;
        CHECK(static_cast<std::size_t>(std::count(heard.begin(), heard.end(), ' ')) + (heard.empty() ? 0 : 1) == whole);
        CHECK(a.c.recipients() == (whole >= 3 ? 1 : 0));
        a.c.disconnected();
        CHECK(a.c.over());
        CHECK(!a.c.awaits());
        CHECK(a.content("x") == "session_over");
        CHECK(a.end() == "session_over");
    }
}

TEST_CASE("client: a session is its octets: copied at any octet, it goes on the same") {
    static_assert(std::is_trivially_copyable_v<ehlo::client>);
    session s = session::at(state::ready);
    s.mail(), s.rcpt(), s.rcpt(), s.data();
    std::string_view const replies = "250-2.1.0 fine\r\n250 2.1.0 OK\r\n550 5.1.1 No\r\n251 2.1.5 OK\r\n354 Go\r\n";
    for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
        session a = s;
        std::string heard = a.hear(replies.substr(0, cut), octets());
        session b = s;
        b.hear("421 x\r\n");  // storage that held something else
        std::memcpy(&b.c, &a.c, sizeof(ehlo::client));
        b.pending = a.pending;
        std::string const rest = b.hear(replies.substr(cut));
        heard += (heard.empty() || rest.empty() ? "" : " ") + rest;
        CHECK(heard == "MAIL+ RCPT-550 RCPT+ DATA+");
        CHECK(b.c.recipients() == 1);
        CHECK(b.content("x\r\n") == "x\r\n");
        CHECK(b.end() == ".\r\n");
    }
}

TEST_CASE("client: a server without end") {
    // attacks.json, REP-infinite-multiline and REP-endless-line
    session s;
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "220-a\r\n";
    CHECK(s.hear(many) == "!reply_too_long");
    session t;
    CHECK(t.hear("220 " + std::string(100000, 'a'), [] { return std::size_t{1000}; }) == "!reply_too_long");
    CHECK(t.c.over());
    CHECK(t.pending.size() <= 4000);
}

TEST_CASE("client: octets that were there before and are missing are told, and the session goes on when they are back") {
    std::string const answer = "250-mx.example\r\n250 SIZE 1000\r\n";
    for (std::size_t seen = 1; seen < answer.size(); ++seen) {
        ehlo::client c;
        char buffer[256];
        ehlo::writer w(buffer);
        REQUIRE(c.receive("220 mx.example\r\n").ready());
        REQUIRE(c.hello(w, "me.example"));
        exact const part(std::string_view(answer).substr(0, seen));
        REQUIRE(c.receive(part.view()).need_more());
        for (std::size_t size = 0; size < seen; ++size) {
            exact const less(std::string_view(answer).substr(0, size));
            ehlo::client copy = c;
            auto const r = copy.receive(less.view());
            CAPTURE(seen, size);
            CHECK((r.need_more() || (r.failed() && r.error() == ehlo::fail(errc::missing_octets, size))));
            CHECK(r.consumed == 0);
            CHECK_FALSE(copy.over());
            CHECK(copy.receive(std::string_view(answer)).ready());
            CHECK(copy.offers().has(ehlo::extension::size));
        }
    }
}

TEST_CASE("client: an empty line between replies, where the rule tolerates it, answers nothing and breaks nothing") {
    ehlo::reply_limits lenient;
    lenient.tolerate = ehlo::rule::empty_line_between_replies;
    for (bool const tolerated : {true, false})
        for (std::string_view const more : {"", "\r", "\r\n", "\r\n\r\n"}) {
            ehlo::reply_limits const limits = tolerated ? lenient : ehlo::reply_limits{};
            CAPTURE(tolerated, more.size());
            ehlo::client c;
            char buffer[256];
            ehlo::writer w(buffer);
            std::string in = "220 mx.example\r\n" + std::string(more);
            auto const greeting = c.receive(std::string_view(in), limits);
            REQUIRE(greeting.ready());
            in.erase(0, greeting.consumed);
            REQUIRE(c.hello(w, "me.example"));
            in += std::string_view("\r\n").substr(more.size() % 2, more.size() % 2);   // the LF of a CR
            auto const answer = c.receive(std::string_view(in += "250 mx.example\r\n"), limits);
            if (tolerated || more.empty()) {
                REQUIRE(answer.ready());
                CHECK(answer->reply.code() == 250);
                CHECK(answer->to == event::hello);
            } else {
                CHECK(answer.failed());
            }
        }
}
