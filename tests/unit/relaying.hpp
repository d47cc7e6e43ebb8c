// A client, a relay and a server, and the wires between them, on which octets take their time.
#pragma once

#include "everything.hpp"

#include <ehlo/relay.hpp>

namespace machine {

using ehlo::direction;

// The server behind a relay: what it may offer is what passes, so that the answers to EHLO are alike.
inline ehlo::policy upstream_rules(ehlo::extensions more = {}) {
    ehlo::policy p = offering(more | ehlo::extension::chunking | ehlo::extension::binary_mime | ehlo::extension::dsn | ehlo::extension::etrn |
                              ehlo::extension::burl | ehlo::extension::deliver_by);
    p.max_errors = 1000000;
    p.max_line = 4096;
    return p;
}
inline ehlo::policy passing_rules() {
    ehlo::policy p = ehlo::relay_policy();
    p.max_errors = 1000000;
    p.clear_text_passwords = true;
    return p;
}

struct as_it_is {};

// A server without EXTERNAL, which means nothing through a relay.
struct reachable : everything {
    reachable() { can = can - ehlo::mechanism::external; }
};

template <class Say = as_it_is, class Handler = reachable, class Relay = ehlo::relay, class Server = ehlo::server_with<>>
class relayed_session {
  public:
    ehlo::policy server_rules, rules;
    loop<Server, Handler> server;
    Relay relay;
    Say say{};
    std::string at_relay{};        // the client's octets that are there
    std::string sent{};            // on their way to the server
    std::string all_sent{};
    std::string coming{};          // on their way from the server
    std::string answers{};         // there
    std::string heard{};           // by the client
    std::size_t room = 8192;
    std::size_t little_room = 0;   // which each call has first, if it is not 0
    std::size_t server_said = 0;   // of its output
    bool aborted = false, closed = false, wants_tls = false, server_lost = false, cut = false;

    explicit relayed_session(ehlo::policy const& of_server, ehlo::policy const& of_relay)
        : server_rules(of_server), rules(of_relay), server(Server(server_rules, "mx.example.org")), relay(rules, "relay.example") {}
    relayed_session(relayed_session const&) = delete;

    // One call to the relay, or two, if the first had too little room. False: nothing happened.
    bool turn(direction d) {
        if (closed) return false;
        std::string& pending = d == direction::from_client ? at_relay : answers;
        bool moved = false;
        for (std::size_t const size : {little_room, room}) {
            if (size == 0) continue;
            exact const in(pending);
            exact out(size);
            ehlo::relayed const r = relay.advance(d, in.view(), say, out.span());
            moved = take(d, r, in.view(), out.view(), size == little_room) || moved;
            if (r.want == ehlo::relay_want::room) continue;
            // It says so if it can go on, and if it cannot, nothing happens.
            if (std::is_empty_v<Say> && (r.want == ehlo::relay_want::octets || r.want == ehlo::relay_want::again)) {
                exact const rest(pending);
                exact more(room);
                auto copy = relay;
                ehlo::relayed const next = copy.advance(d, rest.view(), say, more.span());
                bool const idle = next.want == r.want && next.consumed == 0 && next.produced == 0;
                REQUIRE(idle == (r.want == ehlo::relay_want::octets));
            }
            break;
        }
        return moved;
    }
    bool take(direction d, ehlo::relayed const& r, std::string_view in, std::string_view out, bool may_want_room = false) {
        std::string& pending = d == direction::from_client ? at_relay : answers;
        REQUIRE((r.consumed <= pending.size() && r.passed <= r.consumed && r.produced <= out.size()));
        std::string_view const passed = in.substr(0, r.passed), made = out.substr(0, r.produced);
        pending.erase(0, r.consumed);
        if (d == direction::from_client) send(passed);
        else heard += passed;
        if (r.to_server) send(made);
        else heard += made;
        bool const aborts = r.want == ehlo::relay_want::abort;
        if (r.want == ehlo::relay_want::room && !may_want_room) FAIL("the room is too small");
        if (aborts) abort();
        closed = r.want == ehlo::relay_want::close;
        if (closed) {   // Whatever comes now goes nowhere.
            for (direction const from : {direction::from_client, direction::from_server}) {
                exact const rest("NOOP\r\n250 ");
                exact more(room);
                ehlo::relayed const after = relay.advance(from, rest.view(), say, more.span());
                REQUIRE((after.want == ehlo::relay_want::close && after.consumed == rest.view().size() && after.passed == 0 && after.produced == 0));
            }
        }
        if (closed && !server.closed && !aborted) cut = true;
        if (d == direction::from_client) wants_tls = r.want == ehlo::relay_want::tls;
        return r.consumed != 0 || r.produced != 0 || aborts || closed || r.want == ehlo::relay_want::again;
    }
    void send(std::string_view octets) {
        if (aborted && !octets.empty()) FAIL("octets after the end of the connection");
        sent += octets;
        all_sent += octets;
    }
    void abort() {
        REQUIRE(!aborted);
        aborted = true;
        sent.clear();
        coming.clear();
        answers.clear();
        server.server.disconnected(server.handler);
    }
    // The server reads so many octets.
    bool serve(std::size_t n) {
        if (aborted || server_lost) return false;
        n = (std::min)(n, sent.size());
        bool const first = server.output.empty();
        if ((n == 0 && !first) || server.closed) return false;
        server.pending += sent.substr(0, n);
        sent.erase(0, n);
        server.run();
        coming += server.output.substr(server_said);
        server_said = server.output.size();
        return true;
    }
    bool come(std::size_t n) {
        n = (std::min)(n, coming.size());
        answers += coming.substr(0, n);
        coming.erase(0, n);
        return n != 0;
    }
    // The server's end of the connection was heard.
    bool end() {
        if (!server.closed || server_lost || closed || !coming.empty() || !answers.empty()) return false;
        lose_server();
        return true;
    }
    void lose_server() {
        server_lost = true;
        exact out(room);
        auto const r = relay.lost(direction::from_server, say, out.span());
        take(direction::from_server, r, {}, out.view());
    }
    // The client's octets come in pieces, as does what the server says, and after so many of its octets the server is lost.
    void lose_server_after(std::size_t octets, std::string_view script, generate::rng& r) {
        std::size_t said = 0, most = 1 + r.below(60);
        for (int i = 0; i < 3000 && said < octets; ++i) {
            std::size_t const n = (std::min)(r.between(1, most), script.size());
            at_relay += script.substr(0, n);
            script.remove_prefix(n);
            turn(direction::from_client);
            serve(r.between(1, most));
            std::size_t const before = answers.size();
            come((std::min)(r.between(1, most), octets - said));
            said += answers.size() - before;
            turn(direction::from_server);
        }
        REQUIRE(said == octets);
        coming.clear();
        lose_server();
    }
    // Until nothing happens any more.
    void settle() {
        for (std::size_t rounds = 0;; ++rounds) {
            if (rounds > 100000) FAIL("the relay makes no headway");
            bool const a = turn(direction::from_client), b = serve(~std::size_t{0}), c = come(~std::size_t{0}), d = turn(direction::from_server);
            if (!a && !b && !c && !d && !end()) return;
        }
    }
    std::string hear(std::string_view octets) {
        settle();
        std::size_t const before = heard.size();
        at_relay += octets;
        settle();
        return heard.substr(before);
    }
    std::string hear_more() {
        std::size_t const before = heard.size();
        settle();
        return heard.substr(before);
    }
    // The client's octets come in pieces, and everybody takes his time.
    void play(std::string_view script, generate::rng& r, std::size_t most) {
        std::size_t idle = 0;
        while (idle < 40 && !closed) {
            bool moved = false;
            little_room = r.one_in(2) ? 0 : r.one_in(4) ? r.between(1, 4) : r.below(700);
            switch (r.below(5)) {
            case 0: {
                std::size_t const n = (std::min)(r.between(1, most), script.size());
                at_relay += script.substr(0, n);
                script.remove_prefix(n);
                moved = n != 0;
                break;
            }
            case 1: moved = turn(direction::from_client); break;
            case 2: moved = serve(r.between(1, most)); break;
            case 3: moved = come(r.between(1, most)); break;
            default: moved = turn(direction::from_server) || end();
            }
            idle = moved ? 0 : idle + 1;
        }
        little_room = 0;
        at_relay += script;
        settle();
    }
};

// Without anybody in between.
template <class Handler = reachable>
struct direct {
    std::string heard;
    std::vector<recorder::message> delivered;
    std::vector<std::string> log;
    ehlo::state where{};
};
template <class Handler = reachable, class Server = ehlo::server_with<>>
direct<Handler> without_relay(ehlo::policy const& rules, std::string_view script) {
    loop<Server, Handler> l{Server(rules, "mx.example.org")};
    l.feed(script);
    std::erase_if(l.handler.log, [](std::string const& line) { return line.starts_with("content "); });
    return {l.output, l.handler.delivered, l.handler.log, l.server.where()};
}

inline std::string difference(std::string_view relayed, std::string_view direct) {
    std::size_t at = 0;
    while (at < relayed.size() && at < direct.size() && relayed[at] == direct[at]) ++at;
    if (at > 0) at = relayed.rfind('\n', at - 1) + 1;
    return "relayed: " + std::string(relayed.substr(at, 120)) + "\ndirect: " + std::string(direct.substr(at, 120));
}

// The relay's own replies have a status only if the client was offered ENHANCEDSTATUSCODES; the server's have one after HELO, too.
inline std::string without_status(std::string_view replies) {
    std::string all;
    while (!replies.empty()) {
        std::size_t const end = replies.find("\r\n") + 2;
        std::string_view const line = replies.substr(0, end);
        bool const has_one = line.size() > 10 && line[5] == '.' && line[7] == '.' && line[9] == ' ';
        all += line.substr(0, 4);
        all += line.substr(has_one ? 10 : 4);
        replies.remove_prefix(end);
    }
    return all;
}
template <class Session, class Direct>
void check_alike(Session const& s, Direct const& d, bool exactly) {
    std::string const relayed = exactly ? s.heard : without_status(s.heard), direct = exactly ? d.heard : without_status(d.heard);
    INFO(difference(relayed, direct));
    REQUIRE((relayed == direct));
    REQUIRE((s.server.handler.delivered == d.delivered));
    REQUIRE(s.relay.where() == d.where);
    REQUIRE(!s.aborted);
}

// A relay and a server that says what it is told to say.
template <class Say, class Relay = ehlo::relay>
struct scripted {
    ehlo::policy rules;
    Relay relay;
    Say say{};
    std::string sent{}, heard{}, client{}, server{};
    ehlo::relay_want wants[2]{};

    explicit scripted(ehlo::policy const& p = ehlo::relay_policy()) : rules(p), relay(rules, "relay.example") { from_server("220 mx.example\r\n"); }
    scripted(scripted const&) = delete;

    ehlo::relay_want go(ehlo::direction d) {
        bool const up = d == ehlo::direction::from_client;
        std::string& in = up ? client : server;
        for (;;) {
            exact const octets(in);
            exact out(5200);
            auto const r = relay.advance(d, octets.view(), say, out.span());
            (up ? sent : heard) += octets.view().substr(0, r.passed);
            (r.to_server ? sent : heard) += out.view().substr(0, r.produced);
            in.erase(0, r.consumed);
            wants[up ? 0 : 1] = r.want;
            if (r.want != ehlo::relay_want::again) return r.want;
        }
    }
    ehlo::relay_want from_client(std::string_view octets) {
        client += octets;
        return go(ehlo::direction::from_client);
    }
    ehlo::relay_want from_server(std::string_view octets) {
        server += octets;
        ehlo::relay_want const w = go(ehlo::direction::from_server);
        if (!client.empty()) go(ehlo::direction::from_client);
        return w;
    }
    // The answer to EHLO that the client is given.
    std::string answer_to_hello(std::string_view answer) {
        from_client("EHLO client.example\r\n");
        heard.clear();
        from_server(answer);
        return heard;
    }
};

}  // namespace machine
