// A client with what it wrote and what it was told, for the tests that follow a script.
#pragma once

#include "catch.hpp"

#include "machine.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace client_session {

using namespace machine;
using ehlo::errc;
using ehlo::event;
using ehlo::state;
using ehlo::verb;

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

}  // namespace client_session
