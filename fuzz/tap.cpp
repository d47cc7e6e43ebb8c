// A tap at a server: it changes nothing of what the server does, and tells what an observer on the wire tells. An input is as server.hpp
// says; of the marks only that of TLS means something.
#include "server.hpp"

namespace {

using namespace ehlo;
using fuzz::check;

// All that is told, as text.
struct teller {
    std::string text;

    void note(std::string_view what, seen::place const& p, std::string_view more = {}) {
        text.append(what).append(" ").append(std::to_string(p.at)).append("+").append(std::to_string(p.size)).append(p.sure ? " " : "? ").append(more).append("\n");
    }
    void on(seen::command const& c) {
        check(c.secret <= c.line.size(), "a secret lies in its line");
        note("C", c, c.line);
    }
    void on(seen::response const& r) { note("R", r, r.line); }
    void on(seen::reply const& r) {
        note("S", r, r.said.octets());
        if (r.to) text.append(name(*r.to)).append("\n");
    }
    void on(seen::content const& c) { note("content", c, c.octets); }
    void on(seen::end_of_content const& e) { note("end", e); }
    void on(seen::unanswered const& u) { note("unanswered", u); }
    void on(seen::departed const& d) { note(name(d.what), d); }
    void on(seen::in_step const& s) { text += s.sure ? "in step\n" : "out of step\n"; }
    void on(seen::transaction const& t) { text.append(name(t.outcome)).append(" ").append(std::to_string(t.code)).append("\n"); }
    void on(seen::tls const&) { text += "tls\n"; }
};

struct played {
    std::string output, log;
    teller by_tap, by_wire;
};

played run(fuzz::server_settings const& s, fuzz::script const& in, fuzz::arrival how, bool tapped) {
    server_with<> smtp(s.rules, "mx.example");
    fuzz::handler handler;
    handler.lmtp = s.rules.service == service::lmtp;
    handler.agrees = s.agrees;
    tap t(direction::from_client, observing(s.rules));
    observer wire(observing(s.rules));
    played o;
    std::string pending, seen_client, seen_server;
    fuzz::sizes draw(in.octets);
    want last = want::read;

    auto const watch = [&](direction d, std::string_view octets) {
        if (!tapped) return;
        (d == direction::from_client ? seen_client : seen_server) += octets;
        auto const done = wire.advance(seen_client, seen_server, o.by_wire);
        seen_client.erase(0, done.client);
        seen_server.erase(0, done.server);
    };
    auto const one = [&](auto&& call) {
        fuzz::block const input(pending);
        fuzz::block out(8192);
        auto const server = [&](std::string_view rest) { return call(rest, std::span(out.data(), out.size())); };
        step const done = tapped ? t.run(input.view(), std::span(out.data(), out.size()), o.by_tap, server) : server(input.view());
        check(done.consumed <= pending.size(), "no more is consumed than there is");
        pending.erase(0, done.consumed);
        o.output += out.view().substr(0, done.produced);
        watch(direction::from_server, out.view().substr(0, done.produced));
        last = done.want;
    };
    auto const turn = [&] {
        do {
            one([&](std::string_view rest, std::span<char> out) { return smtp.advance(rest, handler, out); });
            while (last == want::reply) {
                if (handler.auth_waits) {
                    auth_answer a = handler.choose_auth();
                    if (a.said.is_later()) a = replies::bad_credentials;
                    one([&](std::string_view, std::span<char> out) { return smtp.answer(a, handler, out); });
                } else {
                    reply const r = handler.choose(replies::ok);
                    one([&](std::string_view, std::span<char> out) { return smtp.answer(r, handler, out); });
                }
                if (last != want::reply && last != want::close) last = want::write;
            }
        } while (last == want::write || last == want::room);
    };
    turn();
    std::size_t at = 0;
    auto const deliver = [&](std::size_t until) {
        while (at < until && last != want::close && last != want::turn) {
            std::size_t const rest = until - at, size = how == fuzz::arrival::whole ? rest : how == fuzz::arrival::octets ? 1 : draw.next(1, rest < 40 ? rest : 40);
            pending.append(in.octets, at, size);
            watch(direction::from_client, std::string_view(in.octets).substr(at, size));
            at += size;
            turn();
        }
    };
    for (auto const& m : in.marks) {
        deliver(m.at);
        if (m.what != 'T' || last != want::tls) continue;
        smtp.secured();
        t.secured();
        wire.secured();
        pending.clear();
        seen_client.clear();
        seen_server.clear();
        turn();
    }
    deliver(in.octets.size());
    smtp.disconnected(handler);
    if (tapped) {
        t.end(o.by_tap);
        wire.end(o.by_wire);
    }
    o.log = handler.log;
    return o;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    std::string_view octets = fuzz::current, letters;
    if (octets.starts_with('%'))
        if (std::size_t const end = octets.find('\n'); end != octets.npos) {
            letters = octets.substr(1, end - 1);
            octets.remove_prefix(end + 1);
        }
    for (char const* const more : {"", "yc", "Ly", "yclpx"}) {
        fuzz::server_settings const s = fuzz::settings_of(std::string(letters) + more);
        fuzz::script const in(octets);
        for (auto const how : fuzz::arrivals) {
            if (!fuzz::worth(how, in.octets)) continue;
            played const plain = run(s, in, how, false), tapped = run(s, in, how, true);
            check(tapped.output == plain.output, "a tap changes nothing of what is said", tapped.output);
            check(tapped.log == plain.log, "nor of what the handler is asked", tapped.log);
            check(tapped.by_tap.text == tapped.by_wire.text, "it tells what an observer on the wire tells", tapped.by_tap.text + "\n---\n" + tapped.by_wire.text);
        }
    }
    return 0;
}
