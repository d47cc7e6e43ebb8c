// Octets that did not wait for the reply they had to wait for (RFC 5321 4.3.1, RFC 2920 3.1): told of, and refused where that is set.
#include "catch.hpp"

#include "machine.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace test_server_early {

namespace {

using namespace machine;
using ehlo::early_octets;
using ehlo::errc;
using ehlo::extension;
using ehlo::state;
using ints = std::vector<int>;

constexpr ehlo::policy policy_of(early_octets early, bool pipelining = true) {
    ehlo::policy p;
    p.early = early;
    p.offers = p.offers | extension::chunking | extension::auth | extension::xclient;
    p.clear_text_passwords = true;
    if (!pipelining) p.offers = p.offers - extension::pipelining;
    return p;
}
constexpr ehlo::policy accepting = policy_of(early_octets::accept), rejecting = policy_of(early_octets::reject),
                       accepting_plain = policy_of(early_octets::accept, false), rejecting_plain = policy_of(early_octets::reject, false);

struct watcher : full_recorder {
    using full_recorder::on;
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::login; }
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::challenge{"Username:"}; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::authenticated; }
    ehlo::reply on(ehlo::cmd::xclient const&) { return "220 again"; }
    std::vector<std::string> early() const {
        std::vector<std::string> events;
        for (auto const& a : answers)
            if (a.early) events.emplace_back(name(a.event));
        return events;
    }
};
using session = loop<ehlo::server_with<>, watcher>;
session begin(ehlo::policy const& p) { return session(ehlo::server_with<>(p, "mx.example.org")); }

// All that is given comes in one read, and what is said to it.
std::string say(session& s, std::string_view input) {
    std::size_t const before = s.output.size();
    s.pending += input;
    s.run();
    return s.output.substr(before);
}

struct group {
    std::string_view before, together;   // `together` comes in one read
    std::vector<std::string> early;      // the events whose replies were not waited for, with PIPELINING
    std::vector<std::string> early_plain;   // and without
};
std::vector<group> const groups = {
    {"", "EHLO a\r\nMAIL FROM:<a@b>\r\n", {"EHLO"}, {"EHLO"}},
    {"", "HELO a\r\nMAIL FROM:<a@b>\r\n", {"HELO"}, {"HELO"}},
    {"", "EHLO a\r\nM", {"EHLO"}, {"EHLO"}},
    {"HELO a\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", {"MAIL"}, {"MAIL"}},
    {"EHLO a\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", {}, {"MAIL", "RCPT"}},
    {"EHLO a\r\n", "MAIL FROM:<refused@b>\r\nRCPT TO:<c@d>\r\nRSET\r\n", {}, {"MAIL", "RCPT"}},
    {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n", {"DATA"}, {"RCPT", "DATA"}},
    {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "x\r\n.\r\nMAIL FROM:<a@b>\r\n", {}, {"end of content"}},
    {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "x\r\n.\r\nQUIT\r\n", {}, {"end of content"}},
    {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", "BDAT 3\r\nabcBDAT 1 LAST\r\nd", {}, {"end of chunk"}},
    {"EHLO a\r\n", "NOOP\r\nNOOP\r\n", {"NOOP"}, {"NOOP"}},
    {"EHLO a\r\n", "VRFY x\r\nRSET\r\n", {"VRFY"}, {"VRFY"}},
    {"EHLO a\r\n", "QUIT\r\nx", {"QUIT"}, {"QUIT"}},
    {"EHLO a\r\n", "AUTH LOGIN\r\nYQ==\r\n", {"AUTH"}, {"AUTH"}},
    {"EHLO a\r\nAUTH LOGIN\r\n", "YQ==\r\nMAIL FROM:<a@b>\r\n", {"AUTH response"}, {"AUTH response"}},
    {"EHLO a\r\n", "XCLIENT NAME=x\r\nEHLO b\r\n", {"XCLIENT"}, {"XCLIENT"}},
    {"EHLO a\r\n", "FOO\r\nNOOP\r\n", {"NOOP"}, {"NOOP"}},   // an unknown command counts as NOOP does
};

// What comes one line at a time, each waited for.
void wait_for_each(session& s, std::string_view lines) {
    s.run();
    while (!lines.empty()) {
        std::size_t const end = lines.find("\r\n") + 2;
        say(s, lines.substr(0, end));
        lines.remove_prefix(end);
    }
}

}  // namespace

TEST_CASE("RFC 2920 3.1: a client that waits, and one that may pipeline, is never early") {
    std::string_view const all = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nAUTH LOGIN\r\nYQ==\r\nNOOP\r\nRSET\r\nFOO\r\nQUIT\r\n";
    for (ehlo::policy const* p : {&accepting, &rejecting, &accepting_plain, &rejecting_plain}) {
        auto whole = begin(*p), octet = begin(*p);
        wait_for_each(whole, all);
        octet.feed(all, octets());
        for (session const* s : {&whole, &octet}) {
            CHECK(codes(s->output) == ints{220, 250, 250, 250, 354, 250, 334, 235, 250, 250, 500, 221});
            CHECK(s->handler.early().empty());
        }
        // Nor where the answers are put off.
        loop<ehlo::server_with<>, slow_recorder> slow(ehlo::server_with<>(*p, "mx.example.org"));
        slow.run();
        for (std::string_view const line : {"EHLO a\r\n"sv, "MAIL FROM:<a@b>\r\n"sv, "RCPT TO:<c@d>\r\n"sv, "NOOP\r\n"sv, "RSET\r\n"sv}) {
            slow.pending = line;
            slow.run();
        }
        CHECK(codes(slow.output) == ints{220, 250, 250, 250, 250, 250});
        for (auto const& a : slow.handler.answers) CHECK_FALSE(a.early);
    }
}

TEST_CASE("RFC 2920 3.1: early octets are told of, and change nothing") {
    for (bool const pipelining : {true, false}) {
        for (group const& g : groups) {
            CAPTURE(g.together, pipelining);
            auto s = begin(pipelining ? accepting : accepting_plain), slow = s;
            wait_for_each(s, g.before);
            CHECK(s.handler.early().empty());
            say(s, g.together);
            CHECK(s.handler.early() == (pipelining ? g.early : g.early_plain));
            // The same octets, one at a time: the same said and done, and nothing early.
            wait_for_each(slow, g.before);
            slow.feed(g.together, octets());
            CHECK(slow.output == s.output);
            CHECK(slow.handler.log == s.handler.log);
            CHECK(slow.server.where() == s.server.where());
            CHECK(slow.handler.early().empty());
        }
    }
}

TEST_CASE("RFC 2920 3.1: early octets refused: the reply is said, then 554, and nothing more is read") {
    for (bool const pipelining : {true, false}) {
        for (group const& g : groups) {
            CAPTURE(g.together, pipelining);
            auto const& early = pipelining ? g.early : g.early_plain;
            auto s = begin(pipelining ? rejecting : rejecting_plain), as_ever = begin(pipelining ? accepting : accepting_plain);
            wait_for_each(s, g.before);
            wait_for_each(as_ever, g.before);
            bool const open = in_transaction(s.server.where());
            std::string const said = say(s, g.together), usual = say(as_ever, g.together);
            if (early.empty() || early[0] == "QUIT") {
                CHECK(said == usual);
                continue;
            }
            CHECK(s.closed);
            CHECK(said.ends_with("554 5.5.0 octets came before they were due\r\n"));
            std::string const kept = said.substr(0, said.rfind("554 5.5.0"));
            CHECK((!kept.empty() && usual.starts_with(kept)));
            CHECK(s.handler.early() == std::vector<std::string>{early[0]});
            auto const& last = s.handler.answers.back();
            CHECK((last.event == ehlo::event::shutdown && last.fault == ehlo::fail(errc::early_octets, 0) && !last.early));
            // What was begun is dropped, what was accepted stays.
            CHECK(s.handler.delivered.size() == (early[0] == "end of content" ? 1u : 0u));
            bool const begun = open || (early[0] == "MAIL" && g.together.find("refused") == g.together.npos);
            CHECK(s.handler.abandoned == (begun && early[0] != "end of content" ? 1 : 0));
            // In pieces: the cut may hide what is early, or the rest of it; never is it refused for another reason.
            for (std::size_t cut = 1; cut < g.together.size(); ++cut) {
                auto t = begin(pipelining ? rejecting : rejecting_plain);
                wait_for_each(t, g.before);
                std::string pieces = say(t, g.together.substr(0, cut));
                if (!t.closed) pieces += say(t, g.together.substr(cut));
                if (t.closed) CHECK(pieces.substr(0, pieces.rfind("554 5.5.0")) == usual.substr(0, pieces.rfind("554 5.5.0")));
                else CHECK(pieces == usual);
            }
        }
    }
}

TEST_CASE("RFC 2920 3.1: where there is no room for the 554, it is said when there is") {
    auto s = begin(rejecting);
    wait_for_each(s, "EHLO me\r\n");
    std::string const in = "NOOP\r\nNOOP\r\n";
    char little[1030];   // for the first reply, and not for another
    ehlo::step step = s.server.advance(in, s.handler, little);
    CHECK((step.want == ehlo::want::write && step.consumed == in.size() - 6));
    CHECK(std::string_view(little, step.produced) == "250 2.0.0 OK\r\n");
    for (int i = 0; i < 2; ++i) {
        step = s.server.advance(std::string_view(in).substr(6), s.handler, std::span(little).first(100));
        CHECK((step.want == ehlo::want::room && step.consumed == 0 && step.produced == 0));
    }
    step = s.server.advance(std::string_view(in).substr(6), s.handler, little);
    CHECK(std::string_view(little, step.produced) == "554 5.5.0 octets came before they were due\r\n");
    CHECK((step.want == ehlo::want::close && s.handler.delivered.empty()));
}

TEST_CASE("RFC 5321 4.3.1: who speaks before the greeting is told of, or refused") {
    for (std::string_view const octets : {"EHLO a\r\n"sv, "E"sv, "GET / HTTP/1.1\r\n"sv, "\x16\x03\x01"sv}) {
        CAPTURE(octets);
        auto told = begin(accepting);
        CHECK(say(told, octets).starts_with("220 mx.example.org ESMTP ready\r\n"));
        CHECK((told.handler.answers[0].early && told.handler.answers[0].event == ehlo::event::greeting && !told.handler.answers[0].fault));

        auto refused = begin(rejecting);
        CHECK(say(refused, octets) == "554 octets came before they were due\r\n");
        CHECK(refused.closed);
        CHECK(refused.handler.answers.size() == 1);
        CHECK((refused.handler.answers[0].early && refused.handler.answers[0].fault == ehlo::fail(errc::early_octets, 0)));
    }
    // The handler's own refusal goes before it; nothing before the greeting is nothing early.
    struct closed_shop : watcher {
        using watcher::on;
        ehlo::reply on(ehlo::connected const&) { return "521 No mail here"; }
    };
    loop<ehlo::server_with<>, closed_shop> s(ehlo::server_with<>(rejecting, "mx.example.org"));
    s.pending = "EHLO a\r\n";
    s.run();
    CHECK(codes(s.output) == ints{521, 503});
    CHECK(s.handler.early() == std::vector<std::string>{"greeting"});
    auto waited = begin(rejecting);
    CHECK(codes(say(waited, "")) == ints{220});
    CHECK(waited.handler.early().empty());
}

TEST_CASE("early octets after an answer that was put off, and where there is little room") {
    for (early_octets const set : {early_octets::accept, early_octets::reject}) {
        ehlo::policy p;
        p.early = set;
        bool const rejects = set == early_octets::reject;
        loop<ehlo::server_with<>, slow_recorder> slow(ehlo::server_with<>(p, "mx.example.org"));
        slow.room = p.reply_space;   // one reply at a time
        slow.run();
        slow.pending = "EHLO a\r\nNOOP\r\n";
        slow.run();
        CHECK(codes(slow.output) == (rejects ? ints{220, 250, 554} : ints{220, 250, 250}));
        CHECK(slow.closed == rejects);
        CHECK(slow.handler.answers[1].early);
    }
}

TEST_CASE("RFC 821 3.8: octets that came with TURN are no part of the session after it") {
    for (bool const rejects : {true, false}) {
        for (bool const later : {true, false}) {
            CAPTURE(rejects, later);
            struct turning : watcher {
                using watcher::on;
                bool later = false;
                ehlo::reply on(ehlo::cmd::turn const&) { return later ? ehlo::reply::later : ehlo::replies::ok; }
            };
            ehlo::policy p = rejects ? rejecting : accepting;
            p.offers = p.offers | extension::turn;
            loop<ehlo::server_with<>, turning> s(ehlo::server_with<>(p, "mx.example.org"));
            s.handler.later = later;
            s.run();
            s.pending = "EHLO a\r\n";
            s.run();
            s.pending = "TURN\r\n220 x\r\n";
            ehlo::want w = s.run();
            if (later) {
                CHECK(w == ehlo::want::reply);
                exact out(4096);
                ehlo::step const t = s.server.answer(ehlo::replies::ok, s.handler, out.span());
                s.take(t, out.view());
                w = t.want == ehlo::want::turn ? t.want : s.run();
            }
            CHECK(codes(s.output) == (rejects ? ints{220, 250, 250, 554} : ints{220, 250, 250}));
            CHECK(w == (rejects ? ehlo::want::close : ehlo::want::turn));
            CHECK(s.pending == "220 x\r\n");
            CHECK(s.handler.answers.at(2).early);
        }
    }
}

TEST_CASE("RFC 3207 4.2: octets after STARTTLS end the session, refused or not") {
    struct with_tls : watcher {
        using watcher::on;
        ehlo::reply on(ehlo::cmd::starttls const&) { return "220 go"; }
    };
    for (ehlo::policy p : {accepting, rejecting}) {
        p.offers = p.offers | extension::starttls;
        loop<ehlo::server_with<>, with_tls> s(ehlo::server_with<>(p, "mx.example.org"));
        s.run();
        s.pending = "EHLO a\r\n";
        s.run();
        s.pending = "STARTTLS\r\nNOOP\r\n";
        s.run();
        CHECK(codes(s.output) == ints{220, 250});
        CHECK(s.closed);
    }
}

}  // namespace test_server_early
