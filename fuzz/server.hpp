// What the fuzz targets of the server machine share: an event loop that gives and takes in any pieces, and that lets happen what
// comes from outside. An input is octets for the server, with marks between them (see `script`); a line "%" letters LF before
// them chooses the settings (see settings_of).
#pragma once

#include "session_handler.hpp"

#include <vector>

namespace fuzz {

/// What the server is, and how its handler is.
struct server_settings {
    policy rules;
    bool tls_from_the_beginning = false;
    bool agrees = false, greets = false, edits = false;
};

// A letter that is not here means nothing.
inline server_settings settings_of(std::string_view letters) {
    server_settings s;
    policy& p = s.rules;
    p.max_errors = 1000;
    p.offers = server_extensions - extension::no_soliciting;   // which takes lines of a length of its own
    p.max_recipients = 100;
    for (char const letter : letters) {
        switch (letter) {
        case 'o':
            p.offers = extension::pipelining | extension::enhanced_status_codes | extension::starttls | extension::auth |
                       extension::xclient;
            break;
        case '-': p.offers = p.offers - extension::enhanced_status_codes; break;
        case 'x':
            p.offers = extension::pipelining | extension::enhanced_status_codes | extension::chunking;
            p.max_line = 512;
            break;
        case 'L': p.service = service::lmtp; break;
        case 's': p.service = service::submission; break;
        case 'l': p.grammar.tolerate = leniency::all(); break;
        case 'n': p.bare = bare_octets::normalize; break;
        case 'p': p.bare = bare_octets::pass; break;
        case 'w': p.mail_modes = true; break;
        case 't': p.require_tls = true; break;
        case 'a': p.require_authentication = true; break;
        case 'c': p.clear_text_passwords = true; break;
        case 'f': p.max_errors = 3; break;
        case 'm': p.max_message = 65536; break;
        case 'i': s.tls_from_the_beginning = true; break;
        case 'y': s.agrees = true; break;
        case 'g': s.greets = true; break;
        case 'e': s.edits = true; break;
        default: break;
        }
    }
    if (p.service == service::lmtp)
        p.offers = (p.offers | extension::pipelining | extension::enhanced_status_codes) - (extension::burl | extension::prdr);
    return s;
}

/// An input: octets, and what happens between them. A mark is \x16 and a letter: T TLS is there, L it is lost, A the client is
/// authenticated by other means, D the connection is lost, S the server is shut down, M octets are lost, X 65,000 octets "x" (once).
struct script {
    struct mark {
        std::size_t at;
        char what;
    };
    std::string octets;
    std::vector<mark> marks;

    explicit script(std::string_view in) {
        bool filled = false;
        for (std::size_t i = 0; i < in.size(); ++i) {
            std::string_view const two = in.substr(i, 2);
            if (two.size() < 2 || two[0] != '\x16' || std::string_view("TLADMSX").find(two[1]) == std::string_view::npos ||
                (two[1] == 'X' && filled)) {
                octets += in[i];
                continue;
            }
            ++i;
            if (two[1] == 'X') octets.append(65000, 'x'), filled = true;
            else marks.push_back({octets.size(), two[1]});
        }
    }
    static bool ends(char mark) { return mark == 'L' || mark == 'D' || mark == 'S'; }
};

struct transcript {
    std::string log, output;
    std::vector<told> answers;
    std::vector<delivery> delivered;
    std::size_t consumed = 0;
    state where = state::connected;     // before the connection was lost
    bool ended = false;                 // by a mark
    bool clear_after_starttls = false;
    bool knows[fact_count] = {};
    std::uint32_t recipients = 0;
};

class server_run {
    server_with<> server_;
    handler handler_;
    transcript t_;
    sizes draw_;
    arrival how_;
    bool wider_ = false;
    want last_ = want::read;

  public:
    server_run(server_settings const& s, script const& in, arrival how)
        : server_(s.rules, "mx.example"), draw_(in.octets), how_(how) {
        handler_.lmtp = s.rules.service == service::lmtp;
        handler_.agrees = s.agrees;
        handler_.greets = s.greets;
        handler_.edits = s.edits;
        if (s.tls_from_the_beginning) server_.secured();
        drive({});
        check(server_.where() != state::connected, "the greeting needs no input");
        std::size_t arrived = 0;
        for (auto const& m : in.marks) {
            deliver(in.octets, arrived, m.at);
            happen(m.what, std::string_view(in.octets).substr(t_.consumed, m.at - t_.consumed));
            if (t_.ended) break;
        }
        if (!t_.ended) deliver(in.octets, arrived, in.octets.size());
        end(in.octets);
    }
    transcript const& result() const { return t_; }

  private:
    template <class Call>
    step one(Call&& call) {
        // At times too little room for a reply: then the machine must ask for more, and not go on.
        bool const whole = how_ == arrival::whole;
        block buffer(whole || wider_ ? 8192 : draw_.next(0, 2) == 0 ? draw_.next(0, 1023) : draw_.next(1024, 3000));
        step const s = call(std::span(buffer.data(), buffer.size()));
        t_.output += buffer.view().substr(0, s.produced);
        wider_ = s.want == want::write || s.want == want::room;
        return s;
    }
    step answer() {
        if (handler_.auth_waits) {
            auth_answer a = handler_.choose_auth();
            if (a.said.is_later()) a = replies::bad_credentials;
            return repeat([&](std::span<char> out) { return server_.answer(a, handler_, out); });
        }
        reply const r = handler_.choose(replies::ok);
        return repeat([&](std::span<char> out) { return server_.answer(r, handler_, out); });
    }
    template <class Call>
    step repeat(Call&& call) {
        step s;
        do s = one(call);
        while (s.want == want::room);
        return s;
    }
    std::size_t drive(std::string_view pending) {
        std::size_t used = 0;
        for (;;) {
            bool const over = server_.where() == state::closed || server_.where() == state::turned;
            step s = one([&](std::span<char> out) { return server_.advance(pending.substr(used), handler_, out); });
            check(s.consumed <= pending.size() - used, "no more is consumed than there is");
            check(!over || (s.consumed == 0 && s.produced == 0 && (s.want == want::close || s.want == want::turn)),
                  "what is over is over");
            used += s.consumed;
            while (s.want == want::reply) {
                s = answer();
                used += s.consumed;
                s.want = want::write;  // and on with the rest
            }
            last_ = s.want;
            if (s.want != want::write && s.want != want::room) return used;
        }
    }
    void deliver(std::string const& all, std::size_t& arrived, std::size_t until) {
        while (arrived < until) {
            std::size_t const rest = until - arrived;
            arrived += how_ == arrival::whole    ? rest
                       : how_ == arrival::octets ? 1
                                                 : draw_.next(1, rest < 40     ? rest
                                                                 : rest > 1000 ? 1000
                                                                               : 40);
            block const pending(std::string_view(all).substr(t_.consumed, arrived - t_.consumed));
            t_.consumed += drive(pending.view());
        }
    }
    // What comes from outside.
    void happen(char what, std::string_view pending) {
        switch (what) {
        case 'T': {
            bool const in_time = server_.where() == state::handshake;
            check(in_time == (last_ == want::tls), "a server that wants TLS says so");
            check(!in_time || pending.empty(), "nothing is left over before TLS");
            server_with<> const before = server_;
            server_.secured();
            if (!in_time)
                check(server_.where() == before.where() && server_.knows(fact::tls) == before.knows(fact::tls),
                      "TLS comes after STARTTLS");
            else
                check(server_.where() == state::greeted && server_.knows(fact::tls) && !server_.knows(fact::extended) &&
                          !server_.knows(fact::authenticated),
                      "under TLS nothing is known of what was before");
            break;
        }
        case 'A': server_.authenticated(); break;
        case 'M': lose_octets(pending); break;
        case 'L': finish([&] { server_.tls_lost(handler_); }); break;
        case 'D': finish([&] { server_.disconnected(handler_); }); break;
        case 'S':
            finish([&] {
                step const s = repeat([&](std::span<char> out) { return server_.shut_down(handler_, out); });
                check(s.want == want::close, "a server that is shut down closes");
            });
            break;
        default: break;
        }
    }
    // Fewer octets than were left are a misuse, which ends a session that is not over: tried with a copy of it.
    void lose_octets(std::string_view pending) {
        if (pending.empty()) return;
        server_with<> some = server_;
        handler h = handler_;
        block out(4096);
        block const less(pending.substr(0, pending.size() / 2));
        step const s = some.advance(less.view(), h, std::span(out.data(), out.size()));
        bool const over = server_.where() == state::closed || server_.where() == state::turned;
        check(s.consumed <= less.size() && (over ? some.where() == server_.where() && s.produced == 0 : some.where() == state::closed),
              "octets that are missing end a session");
        check(!in_transaction(server_.where()) || !h.open, "and its transaction");
    }
    template <class Call>
    void finish(Call&& call) {
        remember();
        bool const open = in_transaction(server_.where());
        wider_ = true;
        call();
        t_.ended = true;
        check(server_.where() == state::closed && (!open || !handler_.open), "the end of a session drops its transaction");
    }
    void remember() {
        if (server_.where() != state::closed) {
            check(server_.where() == state::spoilt || server_.recipients() == handler_.recipients, "recipients are counted");
            check(in_transaction(server_.where()) == handler_.open, "a transaction is one to both");
        }
        t_.where = server_.where();
        t_.recipients = server_.recipients();
        for (unsigned f = 0; f < fact_count; ++f) t_.knows[f] = server_.knows(static_cast<fact>(f));
    }

    void end(std::string_view in) {
        if (!t_.ended) {
            remember();
            bool const open = in_transaction(t_.where);
            std::size_t const before = handler_.log.size();
            server_.disconnected(handler_);
            check(open == (handler_.log.size() != before) && server_.where() == state::closed,
                  "a lost connection drops the transaction");
        }
        step const s = one([&](std::span<char> out) { return server_.advance(in, handler_, out); });
        check(s.consumed == 0 && s.produced == 0 && s.want == want::close, "after the end there is nothing");
        t_.log = handler_.log;
        t_.answers = handler_.answers;
        t_.delivered = handler_.delivered;
        t_.clear_after_starttls = handler_.clear_after_starttls;

        // As many replies as were told of, and each can be read.
        std::size_t replies = 0, last = 0;
        for (std::string_view rest = t_.output; !rest.empty(); ++replies) {
            auto const r = parse_reply(rest);
            check(r.ready(), "what a server says are replies", rest);
            last = t_.output.size() - rest.size();
            rest.remove_prefix(r.consumed);
        }
        check(replies == t_.answers.size(), "every reply is told of, and nothing else", t_.output);

        // Whether the 220 was sent before the octets in the clear came is a matter of time; that they are the end is not.
        if (!t_.clear_after_starttls) return;
        check(t_.where == state::closed || t_.ended, "octets in the clear after STARTTLS are the end");
        t_.consumed = 0;
        if (t_.answers.empty() || t_.answers.back().of != event::starttls || t_.answers.back().code != 220) return;
        t_.answers.pop_back();
        t_.output.resize(last);
        t_.log.resize(t_.log.rfind("\nSTARTTLS 220"));
    }
};

}  // namespace fuzz
