// What a server says at any moment of a client's session, and what is never written: every reply code, replies that nobody asked
// for or that came too early, octets that the caller lost.

#include "client_moves.hpp"

#include <optional>
#include <string>
#include <vector>

namespace test_client_replies {

namespace {

using namespace client_moves;
using ehlo::client_reply;
using ehlo::errc;
using ehlo::event;
using ehlo::progress;
using ehlo::state;
using ehlo::verdict;

// A client at a moment of its session, and what may come next.
struct moment {
    std::string what;
    client c;
    std::optional<event> asked;  // whose reply is due
    std::string right;           // the codes that are right then, besides 4yz and 5yz: "2", "3", "23", "220"
    event refusal = event::shutdown;  // nothing is due: what a refusal is about

    bool takes(unsigned code) const {
        if (code / 100 >= 4) return true;
        return right == "220" ? code == 220
                              : right.find(static_cast<char>('0' + code / 100)) != std::string::npos;
    }
};

// Plays a session, and keeps each of its moments.
class played {
    client c_;
    std::string name_;

    void keep(std::string what, std::optional<event> asked, std::string right, event refusal) {
        REQUIRE(c_.awaits() == asked);
        moments.push_back({name_ + ": " + std::move(what), c_, asked, std::move(right), refusal});
    }

  public:
    std::vector<moment> moments;

    explicit played(std::string name, client_settings const& s = {}) : c_(s), name_(std::move(name)) {}

    // A call that must write something.
    template <class F>
    played& does(F&& call) {
        exact buffer(4096);
        writer w(buffer.data(), 4096);
        auto const r = call(c_, w);
        if constexpr (requires { r.failed(); })
            REQUIRE_FALSE(r.failed());
        else
            REQUIRE(r);
        return *this;
    }
    played& due(event e, std::string right) {
        keep(std::string(name(e)) + " under way", e, std::move(right), event::shutdown);
        return *this;
    }
    played& idle(std::string what, event refusal = event::shutdown) {
        keep(std::move(what), std::nullopt, "", refusal);
        return *this;
    }
    played& hears(std::string_view text) {
        auto const r = c_.receive(text);
        REQUIRE(r.ready());
        REQUIRE(r.consumed == text.size());
        return *this;
    }
};

std::vector<moment> lock_step() {
    played p("SMTP");
    p.due(event::greeting, "220").hears("220 mx\r\n").idle("greeted");
    p.does(hello).due(event::hello, "2").hears(offers).idle("ready");
    for (int again = 0; again < 2; ++again) {
        p.does(mail).due(event::mail, "2").hears("250 OK\r\n").idle("mail");
        p.does(rcpt).due(event::rcpt, "2").hears("250 OK\r\n").idle("rcpt");
        p.does(data)
            .due(event::data, "3")
            .hears("354 go\r\n")
            .idle("nothing of the content written", event::content_end);
        p.does(content).idle("a part of the content written", event::content_end);
        p.does([](client& c, writer& w) {
            writer small(w.claim(2), 2);
            auto const r = c.end_content(small);
            REQUIRE_FALSE(r.done());
            return r;
        });
        p.idle("a part of the end written", event::content_end);
        p.does(end_content).due(event::content_end, "2").hears("250 OK\r\n").idle("delivered");
    }
    p.does([](client& c, writer& w) { return c.rset(w); }).due(event::rset, "2").hears("250 OK\r\n");
    p.does([](client& c, writer& w) { return c.noop(w); }).due(event::noop, "2").hears("250 OK\r\n");
    p.does([](client& c, writer& w) { return c.vrfy(w, "x"); }).due(event::vrfy, "2").hears("252 OK\r\n");
    p.does([](client& c, writer& w) { return c.expn(w, "x"); }).due(event::expn, "2").hears("550 no\r\n");
    p.does([](client& c, writer& w) { return c.help(w); }).due(event::help, "2").hears("214 OK\r\n");
    p.does(mail).hears("250 OK\r\n").does(rcpt).hears("250 OK\r\n");
    p.does([](client& c, writer& w) {
         return c.bdat(w, 4, false);
     }).idle("nothing of a chunk written", event::chunk_end);
    p.does([](client& c, writer& w) {
         return c.content("ab", w);
     }).idle("half a chunk written", event::chunk_end);
    p.does([](client& c, writer& w) { return c.content("cd", w); })
        .due(event::chunk_end, "2")
        .hears("250 OK\r\n")
        .idle("between chunks");
    p.does([](client& c, writer& w) {
         return c.bdat(w, 2, true);
     }).idle("in the last chunk", event::last_chunk_end);
    p.does([](client& c, writer& w) { return c.content("ef", w); })
        .due(event::last_chunk_end, "2")
        .hears("250 OK\r\n")
        .idle("delivered by chunks");
    p.does(quit).due(event::quit, "2");
    std::vector<moment> all = p.moments;
    played q("refused");
    q.hears("554 no\r\n").idle("greeting refused").does(quit).due(event::quit, "2");
    all.insert(all.end(), q.moments.begin(), q.moments.end());
    return all;
}

std::vector<moment> lmtp() {
    played p("LMTP", {.lmtp = true});
    p.due(event::greeting, "220")
        .hears("220 mx\r\n")
        .does(hello)
        .due(event::hello, "2")
        .hears(offers)
        .idle("ready");
    p.does(mail).does(rcpt).does(rcpt).does(rcpt).does(data);
    p.due(event::mail, "2")
        .hears("250 OK\r\n")
        .due(event::rcpt, "2")
        .hears("250 OK\r\n")
        .hears("250 OK\r\n")
        .due(event::rcpt, "2");
    p.hears("250 OK\r\n").due(event::data, "3").hears("354 go\r\n").idle("in content", event::content_end);
    p.does(content).does(end_content);
    for (std::string_view const verdict : {"250 OK\r\n", "550 no\r\n", "450 later\r\n"})
        p.due(event::content_end, "2").hears(verdict);
    p.idle("delivered").does(quit).due(event::quit, "2");
    return p.moments;
}

std::vector<moment> pipelined() {
    played p("pipelined");
    p.hears("220 mx\r\n").does(hello).hears(offers).does(mail).does(rcpt).does(rcpt).does(data);
    p.due(event::mail, "2")
        .hears("250 OK\r\n")
        .due(event::rcpt, "2")
        .hears("550 no\r\n")
        .due(event::rcpt, "2")
        .hears("250 OK\r\n");
    p.due(event::data, "3")
        .hears("354 go\r\n")
        .idle("in content", event::content_end)
        .does(content)
        .does(end_content);
    p.does(mail)
        .does(rcpt)
        .does(data)
        .due(event::content_end, "2")
        .hears("250 OK\r\n")
        .due(event::mail, "2")
        .hears("250 OK\r\n");
    p.due(event::rcpt, "2")
        .hears("250 OK\r\n")
        .due(event::data, "3")
        .hears("354 go\r\n")
        .does(content)
        .does(end_content)
        .does(quit);
    p.due(event::content_end, "2").hears("250 OK\r\n").due(event::quit, "2");
    return p.moments;
}

std::vector<moment> every_moment() {
    std::vector<moment> all = lock_step();
    for (auto const& more : {lmtp(), pipelined()}) all.insert(all.end(), more.begin(), more.end());
    return all;
}

// Nothing more may be written, whatever is tried.
bool writes_nothing(client c) {
    char buffer[256];
    writer w(buffer);
    bool silent = true;
    auto const refused = [&](auto const& r) {
        if constexpr (requires { r.failed(); })
            silent = silent && r.failed() && r.error().code == errc::session_over;
        else
            silent = silent && !r && r.error().code == errc::session_over;
    };
    refused(hello(c, w)), refused(mail(c, w)), refused(rcpt(c, w)), refused(data(c, w)),
        refused(content(c, w));
    refused(end_content(c, w)), refused(quit(c, w)), refused(c.bdat(w, 3, true)), refused(c.rset(w)),
        refused(c.noop(w));
    return silent && w.size() == 0 && c.over();
}

// One reply, given whole or octet by octet, from memory of just its size.
struct heard {
    std::string text;
    bool over;
};
heard hear(client& c, std::string_view octets, bool one_by_one) {
    for (std::size_t n = one_by_one ? 1 : octets.size();; ++n) {
        exact const in(octets.substr(0, n));
        progress<client_reply> const r = c.receive(in.view());
        if (r.need_more() && n < octets.size()) {
            if (r.consumed != 0) return {"consumed a part", c.over()};
            continue;
        }
        if (r.need_more()) return {"need_more", c.over()};
        if (r.failed()) return {"!" + std::string(name(r.error().code)), c.over()};
        if (r.consumed != octets.size()) return {"consumed something else", c.over()};
        return {std::string(name(r->to)) + " " + std::to_string(r->reply.code()) +
                    (r->accepted ? "+ " : "- ") + std::string(r->reply.text()),
                c.over()};
    }
}

}  // namespace

TEST_CASE("RFC 5321 4.2.1, 4.3.2: every reply code at every moment of a session") {
    for (moment const& m : every_moment()) {
        CAPTURE(m.what);
        for (unsigned code = 0; code < 1000; ++code) {
            std::string const digits = std::to_string(1000 + code).substr(1);
            bool const readable = code >= 200 && code < 600, refusal = code >= 400;
            std::string expected;
            bool over = true;
            if (!readable) {
                expected = "!bad_reply_code";
            } else if (!m.asked) {
                expected = refusal ? std::string(name(m.refusal)) + " " + digits + "- 5.7.1 why"
                                   : "!unexpected_reply";
            } else if (!m.takes(code)) {
                expected = "!bad_reply_class";
            } else {
                expected =
                    std::string(name(*m.asked)) + " " + digits + (refusal ? "- 5.7.1 why" : "+ 5.7.1 why");
                over = code == 421 || *m.asked == event::quit;
            }
            for (std::string const& text :
                 {digits + " 5.7.1 why\r\n", digits + "-5.7.1 why\r\n" + digits + " because\r\n"}) {
                for (bool const one_by_one : {false, true}) {
                    if (one_by_one && code % 7 != 0) continue;
                    client c = m.c;
                    heard const h = hear(c, text, one_by_one);
                    if (h.text != expected || h.over != over)
                        FAIL_CHECK(m.what << ", " << text << ": " << h.text << " instead of " << expected);
                    if (over && !writes_nothing(c))
                        FAIL_CHECK(m.what << ", " << text << ": something can be written");
                    // Handed over: the end of the session. Broken: it is where it was.
                    bool const handed = h.text[0] != '!';
                    if (over && (c.where() == state::closed) != handed)
                        FAIL_CHECK(m.what << ", " << text << ": " << name(c.where()));
                }
            }
        }
    }
}

TEST_CASE(
    "RFC 5321 4.3.1, RFC 2920 3.1: a reply that lay there before the command was written answers nothing") {
    struct {
        std::string_view early;
        std::string heard;  // in answer to what is written after it
    } const cases[] = {
        {"250-evil\r\n250 PIPELINING\r\n", "!unexpected_reply"},
        {"250 OK\r\n", "!unexpected_reply"},
        {"354 go\r\n", "!unexpected_reply"},
        {"220 again\r\n", "!unexpected_reply"},
        {"451 4.4.2 t\r\n", "shutdown 451- 4.4.2 t"},
        {"421 x\r\n", "shutdown 421- x"},
        {"554 5.7.1 no\r\n", "shutdown 554- 5.7.1 no"},
        {"SSH-2.0\r\n", "!bad_reply_code"},
        {"\r\n", "!bad_reply_code"},
    };
    struct {
        std::string_view name, reply;  // that leaves nothing under way
        client (*before)();
        bool (*next)(client&, writer&);
    } const places[] = {
        {"greeting", "220 mx\r\n", [] { return client(); },
         [](client& c, writer& w) { return hello(c, w).has_value(); }},
        {"EHLO", "250-mx\r\n250 PIPELINING\r\n",
         [] {
             char b[64];
             writer w(b);
             client c;
             REQUIRE(c.receive("220 mx\r\n").ready());
             REQUIRE(hello(c, w));
             return c;
         },
         [](client& c, writer& w) { return mail(c, w) && rcpt(c, w); }},
        {"RCPT", "550 no\r\n",
         [] {
             char b[512];
             writer w(b);
             client c = after_hello();
             REQUIRE((mail(c, w) && rcpt(c, w)));
             REQUIRE(c.receive("250 OK\r\n").ready());
             return c;
         },
         [](client& c, writer& w) { return c.rset(w).has_value(); }},
    };
    for (auto const& p : places) {
        for (auto const& k : cases) {
            std::string const all = std::string(p.reply) + std::string(k.early);
            // Of what came early, one octet or more lies after the reply that was asked for.
            for (std::size_t there = p.reply.size() + 1; there <= all.size(); ++there) {
                CAPTURE(p.name, k.early, there);
                client c = p.before();
                char buffer[256];
                writer w(buffer);
                exact const first(std::string_view(all).substr(0, there));
                auto const r = c.receive(first.view());
                REQUIRE(r.ready());
                REQUIRE(r.consumed == p.reply.size());
                REQUIRE(p.next(c, w));
                heard const h = hear(c, k.early, false);
                CHECK(h.text == k.heard);
                CHECK(h.over);
                CHECK(writes_nothing(c));
            }
        }
    }
    // Replies in one read are right where their commands are under way.
    client c = after_hello();
    char buffer[256];
    writer w(buffer);
    REQUIRE((mail(c, w) && rcpt(c, w) && data(c, w)));
    CHECK(c.receive("250 OK\r\n250 OK\r\n354 go\r\n").ready());
    CHECK(c.receive("250 OK\r\n354 go\r\n").ready());
    CHECK(c.receive("354 go\r\n").ready());
    CHECK(c.where() == state::content);
}

TEST_CASE(
    "RFC 5321 3.8: a refusal after the 354, in the same read, answers the content, whenever it is read") {
    for (std::string_view const refusal :
         {"552 5.3.4 big\r\n"sv, "554 no\r\n"sv, "521 5.5.2 bare <LF>\r\n"sv, "451 t\r\n"sv, "421 x\r\n"sv}) {
        for (int written = 0; written < 4; ++written) {
            for (std::size_t there = 1; there <= refusal.size(); ++there) {
                CAPTURE(refusal, written, there);
                client c = after_hello();
                char buffer[256];
                writer w(buffer);
                REQUIRE((mail(c, w) && rcpt(c, w) && data(c, w)));
                std::string const go = "250 OK\r\n250 OK\r\n354 go\r\n";
                std::string in = go + std::string(refusal.substr(0, there));
                for (int i = 0; i < 3; ++i) {
                    auto const r = c.receive(std::string_view(in));
                    REQUIRE(r.ready());
                    in.erase(0, r.consumed);
                }
                if (written >= 1) REQUIRE(content(c, w).done());
                if (written >= 2) REQUIRE(end_content(c, w).done());
                if (written >= 3) REQUIRE(mail(c, w));  // the next message, in the packet that ends this one
                auto const r = c.receive(refusal);
                REQUIRE(r.ready());
                CHECK(r->to == event::content_end);
                CHECK(verdict_of(*r) == (refusal[0] == '4' ? verdict::later : verdict::refused));
                CHECK(c.where() == state::closed);
                CHECK(writes_nothing(c));
            }
        }
    }
}

TEST_CASE("fewer octets than a client was shown before are told at every moment, and change nothing") {
    for (moment const& m : every_moment()) {
        CAPTURE(m.what);
        std::string const code = !m.asked ? "451" : m.right == "220" ? "220" : m.right == "3" ? "354" : "250";
        std::string const text = code + "-4.4.2 a\r\n" + code + " b\r\n";
        for (std::size_t cut = 1; cut < text.size(); ++cut) {
            client c = m.c;
            exact const part(std::string_view(text).substr(0, cut));
            REQUIRE(c.receive(part.view()).need_more());
            client const before = c;
            for (std::size_t less = 0; less < cut; ++less) {
                exact const in(std::string_view(text).substr(0, less));
                auto const r = c.receive(in.view());
                if (!r.failed() || r.error() != ehlo::fail(errc::missing_octets, less) || r.consumed != 0 ||
                    !same(c, before))
                    FAIL_CHECK(m.what << ", " << cut << ", " << less);
            }
            auto const r = c.receive(text);
            if (!r.ready() || r->reply.octets() != text)
                FAIL_CHECK(m.what << ", " << cut << ": not as if nothing had happened");
        }
    }
    // One octet was left when nothing was under way: it cannot be gone.
    client c;
    REQUIRE(c.receive("220 mx\r\n4").consumed == 8);
    CHECK(c.receive("").error() == ehlo::fail(errc::missing_octets, 0));
    CHECK_FALSE(c.over());
    CHECK(c.receive("451 t\r\n")->to == event::shutdown);
    // Nothing was there, nothing is missing.
    client d;
    CHECK(d.receive("").need_more());
    REQUIRE(d.receive("220 mx\r\n").ready());
    CHECK(d.receive("").need_more());
    char buffer[64];
    writer w(buffer);
    CHECK(hello(d, w));
    CHECK(d.receive("250 mx\r\n").ready());
}

TEST_CASE(
    "what a reply says of a message: by the event that it answers (RFC 5321 3.3, 4.2.1; RFC 2920 3.1)") {
    static constexpr ehlo::event_set decide =
        event::greeting | event::hello | event::helo | event::starttls | event::auth | event::response |
        event::mail | event::rcpt | event::data | event::content_end | event::chunk_end |
        event::last_chunk_end | event::burl | event::last_burl | event::shutdown;
    static constexpr ehlo::event_set end = event::content_end | event::last_chunk_end | event::last_burl;
    for (unsigned e = 0; e < ehlo::event_count; ++e) {
        event const to = static_cast<event>(e);
        for (unsigned code = 200; code < 600; ++code) {
            std::string const text = std::to_string(code) + " x\r\n";
            auto const parsed = ehlo::parse_reply(std::string_view(text));
            REQUIRE(parsed.ready());
            verdict expected = verdict::unknown;
            if (code < 400)
                expected = end.has(to) ? verdict::delivered : verdict::unknown;
            else if (decide.has(to))
                expected = code < 500 ? verdict::later : verdict::refused;
            // Too many recipients are for the next transaction (RFC 5321 4.5.3.1.10).
            if (to == event::rcpt && code == 552) expected = verdict::later;
            // What was refused before decides.
            if (code == 503 && (to == event::mail || to == event::rcpt || to == event::data))
                expected = verdict::unknown;
            // RFC 5321 3.2: "command not recognized" to EHLO, and HELO may follow.
            if (to == event::hello && (code == 500 || code == 502)) expected = verdict::unknown;
            if (verdict_of(client_reply{to, *parsed, code < 400}) != expected)
                FAIL_CHECK(name(to) << " " << code);
        }
    }
}

TEST_CASE("RFC 2033 4.2: more recipients than 16 bits count have a reply each; more than can be counted are "
          "refused") {
    constexpr std::uint32_t many = 70000;
    client c = after_hello(offers, client_settings{.lmtp = true});
    char buffer[256];
    writer w(buffer);
    REQUIRE(mail(c, w));
    REQUIRE(c.receive("250 OK\r\n").ready());
    for (std::uint32_t i = 0; i < many; ++i) {
        writer out(buffer);
        if (!rcpt(c, out)) FAIL(i);
    }
    for (std::uint32_t i = 0; i < many; ++i)
        if (!c.receive("250 OK\r\n").ready()) FAIL(i);
    writer out(buffer);
    REQUIRE(data(c, out));
    REQUIRE(c.receive("354 go\r\n").ready());
    REQUIRE(c.content("x", out).done());
    REQUIRE(end_content(c, out).done());
    for (std::uint32_t i = 0; i < many; ++i) {
        auto const r = c.receive("250 OK\r\n");
        if (!r.ready() || r->to != event::content_end || r->recipient != i) FAIL(i);
        if ((i + 1 == many) != !c.awaits()) FAIL(i);
    }
    CHECK(c.where() == state::ready);
    // Of one kind, 16 times 65,535 can be under way; then there is no room, and what is there is counted off right.
    ehlo::detail::event_queue q;
    std::uint32_t pushed = 0;
    for (; q.has_room(event::rcpt); ++pushed) {
        if (pushed == 2000000) FAIL("no end");
        q.push(event::rcpt, {});
    }
    CHECK(pushed == 16u * 65535u);
    CHECK_FALSE(q.has_room(event::data));
    for (; pushed != 0; --pushed) {
        if (q.empty() || q.first() != event::rcpt) FAIL(pushed);
        q.pop();
    }
    CHECK(q.empty());
}

}  // namespace test_client_replies
