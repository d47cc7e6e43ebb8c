// What becomes of one client's connection: the relay between two sockets, what the server is told before the client hears anything,
// and the octets that wait.
#pragma once

#include "diagnostics.hpp"
#include "relay_options.hpp"

#include <ehlo/ehlo.hpp>

#include <ctime>
#include <list>
#include <string>
#include <string_view>
#include <utility>

namespace relaying {

inline options opt;
inline diagnostics err;
inline std::time_t now = 0;

// Octets of one side that wait for the other, or to be sent: at about so many nothing more is read.
inline constexpr std::size_t block = 64 * 1024;

// What the relay is asked.
struct say {
    std::string peer{};

    ehlo::reply on(ehlo::cmd::starttls const&) const { return "220 2.0.0 Ready to start TLS"; }
    void on(ehlo::ehlo_answer& a) const {
        if (!opt.serves) a.offered = a.offered - ehlo::extension::starttls;
    }
    void on(ehlo::answered const& a) const {
        if (!opt.verbose) return;
        std::string line = peer + " " + std::string(name(a.event)) + ": " + std::to_string(a.sent.code) + " " + std::string(a.sent.text);
        if (a.fault) line += " (the relay's own: " + std::string(message(a.fault->code)) + ")";
        err.say(line);
    }
};

struct session;
// One of its two connections.
struct side {
    session* of = nullptr;
    stream peer{};
    std::string in{};    // octets that wait
    std::string out{};   // to be sent
    unsigned watched = 0;
    std::time_t heard = 0;
};

// The dialogue with the server before the client's begins: TLS, who the client is, and who the relay is.
class introduction {
    ehlo::client smtp_{[] {
        ehlo::client_settings s;
        s.tls = opt.use_tls == starttls::required ? ehlo::tls_use::required : ehlo::tls_use::optional;
        s.lmtp = opt.policy.service == ehlo::service::lmtp;
        s.clear_text_passwords = opt.policy.clear_text_passwords;
        return s;
    }()};
    logins::client_login login_{};
    std::string greeting_{};
    bool told_ = false;

    std::string attributes(ehlo::client_attributes offered, address const& client) const {
        std::string all;
        auto add = [&](ehlo::client_attribute a, std::string const& value) {
            if (offered.has(a)) all += (all.empty() ? "" : " ") + std::string(name(a)) + "=" + value;
        };
        add(ehlo::client_attribute::addr, (client.is_ipv6() ? "IPV6:" : "") + client.host());
        add(ehlo::client_attribute::port, std::to_string(client.port()));
        return all;
    }

    bool wants_login() const { return !opt.users.empty() && !smtp_.knows(ehlo::fact::authenticated); }

  public:
    enum class next { more, tls, done, failed };

    void secured() { static_cast<void>(smtp_.secured()); }
    std::string const& greeting() const { return greeting_; }

    // A reply may be there; what is to be sent is added to `out`. After `tls` and the handshake: go_on.
    next hear(std::string& in, std::string& out, address const& client) {
        auto const r = smtp_.receive(in);
        if (r.need_more()) return next::more;
        if (r.failed()) return next::failed;
        std::string const octets(r->reply.octets());
        bool const accepted = r->accepted, fresh = r->to == ehlo::event::greeting || (r->to == ehlo::event::xclient && accepted);
        ehlo::client_attributes offered;
        if (auto const answer = ehlo::parse_ehlo_answer(r->reply); answer && r->to == ehlo::event::hello) offered = answer->xclient;
        ehlo::event const to = r->to;
        bool const login = to == ehlo::event::auth || to == ehlo::event::response;
        next const logged_in = login ? log_in(*r, out) : next::more;
        in.erase(0, r.consumed);
        if (login) return logged_in;
        if (fresh) greeting_ = octets;
        // What it refuses to the relay, it refuses to the client.
        if (to == ehlo::event::greeting && !accepted) return next::done;
        if (to == ehlo::event::starttls && accepted) return next::tls;
        if (!accepted && to != ehlo::event::starttls) return next::failed;
        return go_on(to, offered, out, client);
    }
    next go_on(ehlo::event after, ehlo::client_attributes offered, std::string& out, address const& client) {
        char line[ehlo::max_auth_line];
        ehlo::writer w(line);
        bool const refused = after == ehlo::event::starttls;   // else it comes here with `secured`
        bool const tls = opt.use_tls != starttls::never && !smtp_.knows(ehlo::fact::tls) && !refused;
        if (refused && opt.use_tls == starttls::required) return next::failed;
        if (after != ehlo::event::hello && !refused) {
            bool const asks = tls || (opt.xclient && !told_) || wants_login();
            if (!asks && smtp_.where() == ehlo::state::greeted) return next::done;
            if (!smtp_.hello(w, opt.name)) return next::failed;
        } else if (tls && smtp_.offers().offered.has(ehlo::extension::starttls)) {
            if (!smtp_.starttls(w)) return next::failed;
        } else if (tls && opt.use_tls == starttls::required) {
            return next::failed;
        } else if (std::string const who = attributes(offered, client); opt.xclient && !told_ && !who.empty()) {
            told_ = true;
            if (!smtp_.xclient(w, who)) return next::failed;
        } else if (wants_login()) {
            auto const& [user, account] = opt.users.first();
            ehlo::mechanism const how = logins::client_login::choose(smtp_.offered_mechanisms());
            if (how == ehlo::mechanism::unknown) return cannot_log_in("it does not offer a mechanism that is known");
            if (!login_.begin(smtp_, how, user, account.password, w)) return cannot_log_in("a password is not sent without TLS");
        } else {
            return next::done;
        }
        out += w.text();
        return next::more;
    }

  private:
    static next cannot_log_in(std::string const& why) {
        err.say("relay: no login at the server: " + why);
        return next::failed;
    }
    // The reply to AUTH, or to a response.
    next log_in(ehlo::client_reply const& r, std::string& out) {
        if (r.reply.code() != 334) {
            if (!r.accepted) return cannot_log_in(std::to_string(r.reply.code()) + " " + std::string(r.reply.text()));
            return login_.trusted() ? next::done : cannot_log_in("it has not shown that it knows the password");
        }
        char line[ehlo::max_auth_line];
        ehlo::writer w(line);
        if (!login_.answer(smtp_, r.reply, w)) return next::failed;
        out += w.text();
        return next::more;
    }
};

struct session {
    side client{}, server{};
    address from{};                          // the client's
    say handler{};
    ehlo::relay relay{opt.policy, opt.name};
    introduction before{};
    bool introduced = false;                 // the relay is at work
    bool connecting = true;
    std::size_t tries = 0;                   // addresses of the server
    bool closing = false;                    // all is said: only the client's end is waited for
    bool ended = false;                      // the client says no more
    bool wants_tls = false;
    bool in_message = false;                 // content is under way
    bool hung_up = false;                    // and that was said
    bool dead = false;
    std::time_t until = 0;                   // closing
    std::list<session>::iterator here{};

    // Lets the relay work as long as there is something to do, and somebody to take what comes of it.
    void work() {
        for (bool more = introduced; more && !closing;) {
            bool const up = turn(ehlo::direction::from_client);
            more = turn(ehlo::direction::from_server) || up;
        }
        bool const idle = client.in.empty() && !relay.awaits();
        if (ended && !closing && (idle || (client.in.empty() && relay.takes_content()))) over();
    }
    // The server is lost, or too slow, or was never there; or another reason to say 421.
    void lose_server() { finish(relay.lost(ehlo::direction::from_server, handler, room())); }
    void shut_down(ehlo::reply const& why) {
        in_message = relay.takes_content();
        finish(relay.shut_down(handler, room(), why));
    }
    // Nothing more is sent to the server. In the middle of a message it hears of a broken connection, so that it cannot take what it has
    // for the whole.
    void close_server(bool breaks) {
        if (server.peer.is_open() && breaks) {
            linger const at_once{1, 0};
            ::setsockopt(server.peer.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        server.peer.close();
        server.out.clear();
        server.in.clear();
    }

  private:
    static std::span<char> room() {
        static char octets[32 * 1024];
        return octets;
    }
    bool turn(ehlo::direction d) {
        bool const up = d == ehlo::direction::from_client;
        side& by = up ? client : server;
        side& to = up ? server : client;
        // What was not taken yet holds up what comes after it.
        if (wants_tls || closing || !to.out.empty() || to.out.size() + client.out.size() > block) return false;
        std::string_view in = by.in;
        bool did = false;
        for (bool more = true; more && !closing && !wants_tls;) {
            std::span<char> const made = room();
            in_message = relay.takes_content();
            ehlo::relayed const r = relay.advance(d, in, handler, made, {.total = block / 2});
            to.out += in.substr(0, r.passed);
            (r.to_server ? server : client).out.append(made.data(), r.produced);
            in.remove_prefix(r.consumed);
            did = did || r.consumed != 0 || r.produced != 0;
            bool const over_now = in_message && !relay.takes_content(), bare = relay.bare_cr() || relay.bare_lf();
            if (opt.verbose && over_now && bare && opt.policy.bare == ehlo::bare_octets::normalize) err.say(handler.peer + " CR or LF alone in content, made CRLF");
            more = r.want == ehlo::relay_want::again;
            if (r.want == ehlo::relay_want::abort) {
                close_server(true);
                did = more = true;
            }
            wants_tls = r.want == ehlo::relay_want::tls;
            if (r.want == ehlo::relay_want::close) over();
        }
        by.in.erase(0, by.in.size() - in.size());
        return did;
    }
    void finish(ehlo::relayed const& r) {
        client.out.append(room().data(), r.produced);
        if (r.want == ehlo::relay_want::close) over();
        else close_server(true);
    }
    void over() {
        closing = true;
        close_server(in_message);
        until = now + 10;
        client.in.clear();
    }
};

}  // namespace relaying
