// The observer: whatever pieces the octets come in, the same events; each points at its octets; none is told twice.
//
// The input: one octet of settings, then turns. A turn begins with 0x1E and an octet that says whose it is (1: the server's), whether
// it is lost (2), or TLS was decrypted before it (4).
#include "fuzz.hpp"

#include <algorithm>
#include <vector>

using namespace ehlo;
using fuzz::check;

namespace {

struct turn {
    direction from;
    bool lost, secured;
    std::string_view octets;
};

struct told {
    std::vector<std::string> events{};
    std::vector<std::string> departures{};   // where they stand among the pieces of content depends on how they were cut
    std::string content{};
    std::string const* streams;
    std::uint64_t base[2] = {};              // TLS: offsets begin again
    std::uint64_t next = 0;                  // the client's octets before this offset were told

    std::string_view octets(seen::place const& p) const {
        std::string_view const all = streams[static_cast<unsigned>(p.from)];
        std::uint64_t const at = base[static_cast<unsigned>(p.from)] + p.at;
        check(at + p.size <= all.size(), "a place lies in its stream");
        return all.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(p.size));
    }
    void once(seen::place const& p) {
        check(p.at >= next, "no octet is told twice");
        next = p.at + p.size;
    }
    void note(std::string event) {
        if (!content.empty()) events.push_back("content " + content);
        content.clear();
        events.push_back(std::move(event));
    }
    static std::string text(seen::place const& p) {
        return " " + std::to_string(p.at) + "+" + std::to_string(p.size) + (p.sure ? "" : "?");
    }
    void on(seen::command const& c) {
        once(c);
        std::string_view const there = octets(c);
        check(c.line.empty() || there.substr(0, c.line.size()) == c.line, "a line is that of its place", c.line);
        check(!there.empty() && there.back() == '\n', "and ends there");
        check(c.secret <= c.line.size(), "a secret lies in its line", c.line);
        bool const auth = detail::find_first<chars::alpha>(c.line) < c.line.size() &&
                          istarts_with(c.line.substr(detail::find_first<chars::alpha>(c.line)), "AUTH");
        check(!auth || c.loggable().size() <= c.line.find_first_of("Aa") + 5 + max_mechanism, "no secret is in what may be logged", c.line);
        note("C " + std::string(name(c.verb)) + text(c) + std::string(c.line) + (c.fault ? std::string(name(c.fault->code)) : ""));
    }
    void on(seen::response const& r) {
        once(r);
        check(r.line.empty() || octets(r).substr(0, r.line.size()) == r.line, "a response is that of its place", r.line);
        note("R" + text(r));
    }
    void on(seen::reply const& r) {
        bool const is_whole = r.size == r.said.octets().size();
        check(is_whole ? octets(r) == r.said.octets() : r.size > r.said.octets().size() && octets(r).find(r.said.octets().substr(0, 3)) < octets(r).size(),
              "a reply is that of its place", r.said.octets());
        note("S " + std::to_string(r.said.code()) + " " + (r.to ? std::string(name(*r.to)) : "-") + text(r) + " " + std::to_string(r.number) + " " +
             std::to_string(r.recipient));
        check(!r.command_at || *r.command_at <= streams[0].size(), "a command lies in its stream");
    }
    void on(seen::content const& c) {
        once(c);
        check(octets(c) == c.octets, "content is that of its place", c.octets);
        content += c.octets;
    }
    void on(seen::end_of_content const& e) {
        once(e);
        note("end" + text(e) + " " + std::to_string(e.octets));
    }
    void on(seen::transaction const& t) {
        check(t.accepted <= t.recipients, "no more recipients are accepted than there are");
        check(t.outcome != outcome::delivered || (t.code >= 200 && t.code < 300), "delivered by a yes");
        check(!t.sure || t.outcome != outcome::unknown, "sure of what is not known");
        note("T " + std::string(name(t.outcome)) + " " + std::to_string(t.code) + " " + std::to_string(t.accepted) + "/" + std::to_string(t.recipients) + " " +
             (t.octets ? std::to_string(*t.octets) : "-"));
    }
    void on(seen::unanswered const& u) { note("unanswered " + (u.event ? std::string(name(*u.event)) : "-") + " " + std::to_string(u.count)); }
    void on(seen::tls const&) { note("tls"); }
    void on(seen::in_step const& s) { note(s.sure ? "in step" : "out of step"); }
    void on(seen::departed const& d) {
        departures.push_back(std::to_string(static_cast<unsigned>(d.from)) + " " + std::to_string(d.at) + " " + std::string(name(d.what)) + " " +
                             std::to_string(d.rules.bits) + std::string(name(d.line)) + (d.why ? std::string(name(*d.why)) : ""));
    }
};

struct seen_all {
    std::vector<std::string> events, departures;
    std::uint64_t client, server;
    state where;
    bool operator==(seen_all const&) const = default;
};

seen_all watch(std::vector<turn> const& turns, std::string const (&streams)[2], observer_settings const& settings, fuzz::arrival how) {
    observer o(settings);
    told h{.streams = streams};
    std::string pending[2];
    std::uint64_t shown[2] = {};
    for (turn const& t : turns) {
        auto const i = static_cast<std::size_t>(t.from);
        if (t.secured) {
            std::uint64_t const before = o.offset(direction::from_client);
            bool const opaque = o.opaque();
            o.secured();
            if (opaque) {
                check(o.offset(direction::from_client) == 0, "after TLS the offsets begin anew");
                h.base[0] = shown[0], h.base[1] = shown[1];
                h.next = 0;
                pending[0].clear(), pending[1].clear();
            } else {
                check(o.where() == state::connected || o.offset(direction::from_client) == before, "a handshake that nobody asked for changes nothing");
                if (o.offset(direction::from_client) != before) return {};   // TLS before the greeting, and octets before it
                pending[0].clear(), pending[1].clear();
                h.base[0] = shown[0] - o.offset(direction::from_client);
                h.base[1] = shown[1] - o.offset(direction::from_server);
                std::sort(h.departures.begin(), h.departures.end());
                return {h.events, h.departures, 0, 0, o.where()};
            }
        }
        if (t.lost) {
            o.gap(t.from, t.octets.size(), h);
            pending[i].clear();
            shown[i] += t.octets.size();
            check(h.base[i] + o.offset(t.from) == shown[i], "a gap ends where it ends");
            continue;
        }
        fuzz::sizes draw(t.octets);
        for (std::size_t at = 0, n; at < t.octets.size(); at += n) {
            std::size_t const rest = t.octets.size() - at;
            n = how == fuzz::arrival::whole ? rest : how == fuzz::arrival::octets ? 1 : draw.next(1, rest < 40 ? rest : 40);
            pending[i] += t.octets.substr(at, n);
            shown[i] += n;
            fuzz::block const c(pending[0]), s(pending[1]);
            observed_both const done = o.advance(c.view(), s.view(), h);
            check(done.client <= c.size() && done.server <= s.size(), "no more is consumed than there is");
            pending[0].erase(0, done.client);
            pending[1].erase(0, done.server);
            check(h.base[0] + o.offset(direction::from_client) + pending[0].size() == shown[0], "an offset is that of the next octet");
            check(h.base[1] + o.offset(direction::from_server) + pending[1].size() == shown[1], "an offset is that of the next octet");
        }
    }
    o.end(h);
    if (!h.content.empty()) h.events.push_back("content " + h.content);
    std::sort(h.departures.begin(), h.departures.end());
    return {h.events, h.departures, o.offset(direction::from_client), o.offset(direction::from_server), o.where()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 3 || size > 8192) return 0;
    fuzz::current = fuzz::as_text(data, size);
    std::string_view rest = fuzz::current;
    auto const flags = static_cast<unsigned char>(rest[0]);
    observer_settings s;
    if ((flags & 1) != 0) s.grammar.tolerate = leniency::all();
    if ((flags & 2) != 0) s.ends = dot_lines::with_bits(dot_lines::first(9).bits & ~std::uint64_t{1});
    s.guesses = (flags & 4) != 0;
    s.lmtp = (flags & 8) != 0;
    s.knows_bdat = (flags & 16) == 0;
    s.sees = (flags & 96) == 32 ? sight::client_only : (flags & 96) == 64 ? sight::server_only : sight::both;
    s.drains_chunks = (flags & 128) == 0;
    if ((flags & 12) == 12) s.replies = {.line = 60, .total = 100, .lines = 3, .tolerate = of_replies};
    rest.remove_prefix(1);
    std::vector<turn> turns;
    std::string streams[2];
    while (rest.size() > 2) {
        auto const what = static_cast<unsigned char>(rest[1]);
        std::size_t const end = (std::min)(rest.find('\x1E', 2), rest.size());
        turns.push_back({(what & 1) != 0 ? direction::from_server : direction::from_client, (what & 2) != 0, (what & 4) != 0, rest.substr(2, end - 2)});
        streams[what & 1] += turns.back().octets;
        rest.remove_prefix(end);
    }
    auto const whole = watch(turns, streams, s, fuzz::arrival::whole);
    for (fuzz::arrival const how : {fuzz::arrival::octets, fuzz::arrival::pieces}) {
        auto const other = watch(turns, streams, s, how);
        for (std::size_t i = 0; i < whole.events.size() && i < other.events.size(); ++i)
            check(whole.events[i] == other.events[i], "cuts do not change the events", whole.events[i] + " <> " + other.events[i]);
        check(whole.events.size() == other.events.size(), "cuts do not change the number of events");
        check(whole.departures == other.departures, "cuts do not change the departures");
        check(whole == other, "cuts do not change where it ends");
    }
    return 0;
}
