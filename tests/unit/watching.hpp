// What the tests of the observer share: a handler that writes down what it is told, and dialogues shown in many ways that must come
// to the same.
#pragma once

#include "catch.hpp"
#include "machine.hpp"

#include <ehlo/ehlo.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace watching {

using ehlo::direction;
namespace seen = ehlo::seen;
constexpr direction client = direction::from_client, server = direction::from_server;

// One line for each event; content in one piece. Checks of each that its place is right in the streams `said`.
struct log {
    std::string said[2]{};        // the streams as they are, to look up places
    bool places = true;
    std::vector<std::string> lines{};
    std::string content{};
    std::uint64_t content_at = 0, content_next = 0;

    void flush() {
        if (!content.empty()) lines.push_back("content " + content);
        content.clear();
    }
    void note(std::string line, bool sure = true) {
        flush();
        lines.push_back(line + (sure ? "" : " (unsure)"));
    }
    std::string_view octets(seen::place const& p) const {
        std::string_view const all = said[static_cast<unsigned>(p.from)];
        REQUIRE(p.at + p.size <= all.size());
        return all.substr(static_cast<std::size_t>(p.at), static_cast<std::size_t>(p.size));
    }
    // What stands at a place.
    std::string there(direction d, std::uint64_t at) const {
        std::string_view const all = said[static_cast<unsigned>(d)];
        REQUIRE(at <= all.size());
        std::string text = std::string(1, d == client ? 'C' : 'S') + "\"";
        for (char const c : all.substr(static_cast<std::size_t>(at), 6)) {
            if (c == '\r') text += "\\r";
            else if (c == '\n') text += "\\n";
            else if (c == '\0') text += "\\0";
            else text += c;
        }
        return text + "\"";
    }
    static std::string why(std::optional<ehlo::failure> const& f) {
        return f ? " " + std::string(name(f->code)) + " " + std::to_string(f->at) : "";
    }

    void on(seen::command const& c) {
        if (places && !c.line.empty()) {
            std::string_view const there = octets(c);
            REQUIRE(there.substr(0, c.line.size()) == c.line);
            REQUIRE(there.back() == '\n');
        }
        note("C " + std::string(c.loggable()) + (c.secret < c.line.size() ? "..." : "") + why(c.fault), c.sure);
    }
    void on(seen::of<ehlo::cmd::mail> const& c) {
        on(static_cast<seen::command const&>(c));
        lines.back() += " = " + std::string(c.typed.from.text());
    }
    void on(seen::response const& c) {
        if (places && !c.line.empty()) REQUIRE(octets(c).substr(0, c.line.size()) == c.line);
        note("response" + why(c.fault), c.sure);
    }
    void on(seen::reply const& r) {
        bool const is_whole = r.size == r.said.octets().size();
        if (places) REQUIRE((is_whole ? octets(r) == r.said.octets() : octets(r).starts_with(r.said.octets().substr(0, 3))));
        if (r.to_no_command() && places) octets({client, *r.command_at, 0});
        std::string line = "S " + std::to_string(r.said.code()) + " to " + std::string(r.to ? name(*r.to) : r.to_no_command() ? "no command" : "nothing");
        if (r.command_at && r.verb != ehlo::verb::unknown && r.to != ehlo::event::content_end && r.to != ehlo::event::response && places)
            CHECK(ehlo::istarts_with(std::string_view(said[0]).substr(static_cast<std::size_t>(*r.command_at)), name(r.verb)));
        if (r.recipient != 0) line += " for " + std::to_string(r.recipient);
        note(line, r.sure);
    }
    void on(seen::unanswered const& u) { note("unanswered " + std::string(u.event ? name(*u.event) : "line") + (u.count > 1 ? " " + std::to_string(u.count) : "")); }
    void on(seen::content const& c) {
        if (places) REQUIRE(octets(c) == c.octets);
        content += c.octets;
    }
    void on(seen::end_of_content const& e) { note("end " + std::to_string(e.octets) + " at " + (places ? there(client, e.at) : ""), e.sure); }
    void on(seen::transaction const& t) {
        note("transaction " + std::string(name(t.outcome)) + " " + std::to_string(t.code) + " " + std::to_string(t.accepted) + "/" +
             std::to_string(t.recipients) + " " + (t.octets ? std::to_string(*t.octets) : "?") + (t.whole ? "" : " in part"), t.sure);
    }
    void on(seen::tls const& t) { note("tls" + (places ? " " + there(client, t.client_at) + " " + there(server, t.server_at) : "")); }
    void on(seen::in_step const& s) { note(s.sure ? "in step" : "out of step"); }
    void on(seen::departed const& d) {
        std::string line = "! " + std::string(name(d.what)) + " " + (places ? there(d.from, d.at) : "");
        if (d.why) line += " " + std::string(name(*d.why));
        if (d.line != ehlo::dot_line::crlf_dot_crlf) line += " " + std::string(name(d.line));
        // Where it stands among the pieces of content depends on how they were cut.
        lines.push_back(line);
    }
};

// "C" and the client's octets, "S" and the server's; "gC" and "gS": octets that are not seen; "T": TLS was decrypted from here on.
struct turn {
    std::string_view who;
    std::string text{};
};
using dialogue = std::vector<turn>;

// As an event loop would do it: two buffers, of which what was not consumed is kept.
template <class Observer, class Log>
struct basic_watcher {
    using observer = Observer;
    Observer o;
    Log h{};
    std::string pending[2]{};

    void show(direction d, std::string_view text) {
        pending[static_cast<unsigned>(d)] += text;
        machine::exact const c(pending[0]), s(pending[1]);
        auto const done = o.advance(c.view(), s.view(), h);
        pending[0].erase(0, done.client);
        pending[1].erase(0, done.server);
    }
    void lose(direction d, std::size_t octets) {
        pending[static_cast<unsigned>(d)].clear();
        o.gap(d, octets, h);
    }
};

using watcher = basic_watcher<ehlo::observer, log>;

template <class Watcher = watcher>
std::vector<std::string> watch(dialogue const& all, machine::pieces const& next, ehlo::observer_settings const& settings = {}) {
    Watcher w{typename Watcher::observer(settings)};
    for (turn const& t : all)
        if (t.who == "T") w.h.places = false;
        else w.h.said[t.who.back() == 'C' ? 0 : 1] += t.text;
    for (turn const& t : all) {
        if (t.who == "T") {
            w.o.secured();
            continue;
        }
        direction const d = t.who.back() == 'C' ? client : server;
        if (t.who.front() == 'g') {
            w.lose(d, t.text.size());
            continue;
        }
        std::string_view rest = t.text;
        while (!rest.empty()) {
            std::size_t const n = (std::min)(next(), rest.size());
            w.show(d, rest.substr(0, n));
            rest.remove_prefix(n);
        }
    }
    w.o.end(w.h);
    w.h.flush();
    return w.h.lines;
}
// Whole, octet by octet, and each turn cut in two at every place.
template <class Watcher = watcher>
std::vector<std::string> watch_everywhere(dialogue const& all, ehlo::observer_settings const& settings = {}) {
    auto const whole = watch<Watcher>(all, machine::whole(), settings);
    CHECK(watch<Watcher>(all, machine::octets(), settings) == whole);
    std::size_t longest = 0;
    for (turn const& t : all) longest = (std::max)(longest, t.text.size());
    for (std::size_t cut = 1; cut < longest && cut < 400; ++cut) {
        dialogue parts;
        for (turn const& t : all) {
            if (t.text.size() <= cut || t.who.front() == 'g') {
                parts.push_back(t);
            } else {
                parts.push_back({t.who, t.text.substr(0, cut)});
                parts.push_back({t.who, t.text.substr(cut)});
            }
        }
        INFO("cut at " << cut);
        CHECK(watch<Watcher>(parts, machine::whole(), settings) == whole);
    }
    return whole;
}

using lines = std::vector<std::string>;

// A greeting and an EHLO that offers all that matters here.
inline dialogue begun(dialogue more) {
    dialogue all{{"S", "220 mx ready\r\n"},
                 {"C", "EHLO me.example\r\n"},
                 {"S", "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
// Without what `begun` brings.
inline lines told(dialogue const& more, ehlo::observer_settings const& s = {}) {
    lines all = watch_everywhere(begun(more), s);
    lines const first{"S 220 to greeting", "C EHLO me.example", "S 250 to EHLO"};
    REQUIRE(all.size() >= 3);
    CHECK(lines(all.begin(), all.begin() + 3) == first);
    return {all.begin() + 3, all.end()};
}

}  // namespace watching
