// relay: stands between SMTP clients and a server, for any number of connections at once; see `usage` in relay_options.hpp.
//
// What a relay around ehlo looks like: one epoll loop; for each client two streams, an `ehlo::relay`, and an `ehlo::client` that introduces
// it to the server (relay_session.hpp). Commands that the client sends together go on together, content goes on as it came, and who does
// not take its octets is not sent more: one block waits, and the other side is not read from.
#include "relay_session.hpp"
#include "serving.hpp"

#include <ehlo/proxy_header.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <string>
#include <utility>
#include <vector>

namespace {

using relaying::err;
using relaying::now;
using relaying::opt;
using relaying::session;
using relaying::side;

int poller = -1;
std::list<session> sessions;
std::vector<session*> dead;        // until the events that were fetched with theirs are dealt with
unsigned long long relayed = 0;
std::vector<listener> listeners;

void watch(side& s, unsigned events) {
    if (!s.peer.is_open()) s.watched = 0;
    if (!s.peer.is_open() || s.watched == events) return;
    epoll_event e{};
    e.events = events;
    e.data.ptr = &s;
    // What is watched for nothing would be told of hang-ups all the same, for ever.
    int const operation = s.watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (::epoll_ctl(poller, operation, s.peer.fd(), &e) != 0) err.say("relay: epoll_ctl: " + std::string(std::strerror(errno)));
    s.watched = events;
}

void drop(session& s) {
    if (std::exchange(s.dead, true)) return;
    s.close_server(s.relay.takes_content());
    s.client.peer.close();
    dead.push_back(&s);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// Sends what it can. False: the connection is lost.
bool flush(side& s) {
    if (s.out.empty() || !s.peer.is_open() || s.peer.is_handshaking()) return true;
    ssize_t const n = s.peer.send(s.out);
    if (n < 0) return would_block();
    s.out.erase(0, static_cast<std::size_t>(n));
    return true;
}

void connect_next(session& s);
void update(session& s);
void shake_hands(session& s, side& of);

// The client of a handshake speaks first.
void ask_for_tls(session& s) {
    s.server.peer.begin(opt.asks, false, opt.insecure ? "" : opt.upstream_host);
    shake_hands(s, s.server);
}

// The server's address did not do.
void try_next(session& s) {
    s.server.peer.close();
    watch(s.server, 0);
    if (s.tries < opt.upstream.size()) return connect_next(s);
    s.connecting = false;
    s.lose_server();
}
void connect_next(session& s) {
    address to = opt.upstream[s.tries++];
    int const fd = ::socket(to.octets.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return try_next(s);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s.server.peer = stream(fd);
    s.connecting = true;
    s.server.heard = now;
    if (::connect(fd, to.get(), to.size) != 0 && errno != EINPROGRESS) return try_next(s);
    watch(s.server, EPOLLOUT);
}
ehlo::ip_address ip_of(address const& a) {
    ehlo::ip_address ip{};
    ip.kind = a.is_ipv6() ? ehlo::host_kind::ipv6 : ehlo::host_kind::ipv4;
    if (a.is_ipv6()) std::memcpy(ip.octets, &reinterpret_cast<sockaddr_in6 const&>(a.octets).sin6_addr, 16);
    else std::memcpy(ip.octets, &reinterpret_cast<sockaddr_in const&>(a.octets).sin_addr, 4);
    return ip;
}
void connected(session& s) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(s.server.peer.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return try_next(s);
    s.connecting = false;
    if (opt.proxy) {
        address to;
        ::getsockname(s.client.peer.fd(), to.get(), &to.size);
        ehlo::proxy_header const header{.version = 1, .family = s.from.is_ipv6() ? ehlo::proxy_family::ipv6 : ehlo::proxy_family::ipv4,
                                        .source = ip_of(s.from), .destination = ip_of(to),
                                        .source_port = s.from.port(), .destination_port = to.port()};
        char room[ehlo::max_proxy_v1];
        ehlo::writer w(room);
        if (!write_proxy_header(w, header) || s.server.peer.send(w.text()) != static_cast<ssize_t>(w.size()))   // before TLS, too
            return s.lose_server();
    }
    if (opt.upstream_tls) ask_for_tls(s);
}

// What the server says before the relay is at work.
void introduce(session& s) {
    using next = relaying::introduction::next;
    next n = s.before.hear(s.server.in, s.server.out, s.from);
    if (n == next::tls) {
        s.server.in.clear();   // there is none: ehlo::client has seen to that
        return ask_for_tls(s);
    }
    if (n == next::failed) return s.lose_server();
    if (n != next::done) return;
    s.introduced = true;
    s.server.in.insert(0, s.before.greeting());
}

void shake_hands(session& s, side& of) {
    bool const client = &of == &s.client;
    switch (of.peer.handshake()) {
    case stream::handshake_is::under_way: return;
    case stream::handshake_is::failed:
        if (opt.verbose) err.say(s.handler.peer + " TLS: " + of.peer.why);
        if (client) return drop(s);
        return s.lose_server();
    case stream::handshake_is::over: break;
    }
    of.heard = now;
    if (client) {
        s.wants_tls = false;
        return s.relay.secured();
    }
    s.before.secured();
    // Where TLS was there from the beginning, the greeting is still to come.
    if (s.before.greeting().empty()) return;
    using next = relaying::introduction::next;
    next const n = s.before.go_on(ehlo::event::secured, {}, s.server.out, s.from);
    if (n == next::failed) s.lose_server();
    s.introduced = n == next::done;
    if (s.introduced) s.server.in.insert(0, s.before.greeting());
}

bool may_read(session const& s, side const& of) {
    side const& other = &of == &s.client ? s.server : s.client;
    if (&of == &s.client && s.closing) return true;   // to nobody
    return of.in.size() < relaying::block && other.out.size() < relaying::block && !(&of == &s.client && s.ended);
}

// Octets of one side, or its end. False: nothing more now.
bool read(session& s, side& of) {
    static char octets[relaying::block];
    bool const client = &of == &s.client;
    ssize_t const n = of.peer.receive(octets, sizeof octets);
    if (n < 0 && would_block()) return false;
    if (n > 0) {
        of.heard = now;
        if (client && s.closing) return true;
        of.in.append(octets, static_cast<std::size_t>(n));
        return true;
    }
    if (!client) {
        s.work();   // its last words
        watch(of, 0);
        of.peer.close();
        if (!s.closing) s.lose_server();
    } else if (n == 0 && !s.closing && (s.introduced || !of.in.empty()) && !of.peer.is_encrypted()) {
        s.ended = true;   // it may still hear what it has asked for
    } else {
        drop(s);
    }
    return false;
}

// Whatever can be done without waiting.
void update(session& s) {
    for (bool more = true; more && !s.dead;) {
        bool const speaks = s.server.peer.is_open() && !s.connecting && !s.server.peer.is_handshaking() && !s.server.in.empty();
        if (speaks && !s.introduced && !s.closing) introduce(s);
        s.work();
        std::size_t const before = s.client.out.size() + s.server.out.size();
        if (!flush(s.client)) return drop(s);
        if (!s.connecting && !flush(s.server)) {
            s.server.out.clear();
            while (s.server.peer.is_open() && read(s, s.server)) {}   // its last words
            if (!s.closing) s.lose_server();
        }
        more = before != s.client.out.size() + s.server.out.size();
    }
    if (s.dead) return;
    if (s.wants_tls && s.client.out.empty() && !s.client.peer.is_handshaking()) s.client.peer.begin(opt.serves, true);
    if (s.closing && s.client.out.empty()) {
        if (s.ended) return drop(s);
        if (!std::exchange(s.hung_up, true)) s.client.peer.end();
    }
    auto events = [&s](side const& of) -> unsigned {
        if (of.peer.is_handshaking()) return of.peer.waits_for() == POLLOUT ? EPOLLOUT : EPOLLIN;
        return (may_read(s, of) ? unsigned{EPOLLIN} : 0) | (of.out.empty() ? 0 : unsigned{EPOLLOUT});
    };
    if (!s.client.peer.is_handshaking() || s.client.watched != EPOLLIN) watch(s.client, events(s.client));
    if (!s.connecting) watch(s.server, events(s.server));
    if (s.client.peer.is_handshaking()) watch(s.client, events(s.client));
}

void serve(side& of, unsigned events) {
    session& s = *of.of;
    if (s.dead || !of.peer.is_open()) return;
    if (&of == &s.server && s.connecting) connected(s);
    else if (of.peer.is_handshaking()) shake_hands(s, of);
    else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        while (!s.dead && of.peer.is_open() && read(s, of) && of.peer.has_more() && may_read(s, of)) {}
    if (!s.dead) update(s);
    // What TLS has decrypted and nobody asked for, no poll tells of.
    while (!s.dead && of.peer.is_open() && of.peer.has_more() && may_read(s, of) && read(s, of)) update(s);
}

void accept_some(listener const& l, int most) {
    for (int i = 0; i < most && sessions.size() < opt.max_connections; ++i) {
        address from;
        int const fd = ::accept4(l.fd, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        ++relayed;
        session& s = sessions.emplace_back();
        s.here = std::prev(sessions.end());
        s.from = from;
        s.handler.peer = from.text();
        s.client.peer = stream(fd);
        s.client.of = s.server.of = &s;
        s.client.heard = now;
        if (l.tls) {
            s.client.peer.begin(opt.serves, true);
            s.wants_tls = true;
        }
        connect_next(s);
        update(s);
    }
}

void look_after(session& s) {
    if (s.dead) return;
    if (s.closing) {
        if (now >= s.until) drop(s);
        return;
    }
    auto const awaited = s.relay.awaits();
    std::time_t const patience = opt.patience != 0 ? opt.patience : ehlo::client_timeout(awaited.value_or(ehlo::event::greeting));
    bool const waits = !s.introduced || awaited;
    // What both must take is waited for, too: who was heard last, or sent to, counts.
    if (waits && now - std::max(s.server.heard, s.client.heard) >= patience) s.lose_server();
    else if (!waits && now - s.client.heard >= opt.idle) s.shut_down("421 4.4.2 Timeout, closing the channel");
    else return;
    update(s);
}

}  // namespace

int main(int argc, char** argv) {
    relaying::read_options(argc, argv, opt);
    std::signal(SIGPIPE, SIG_IGN);
    err.open();
    if (rlim_t const files = prepare_descriptors(); files != 0)
        opt.max_connections = std::min(opt.max_connections, static_cast<std::size_t>(files > 40 ? (files - 20) / 2 : 10));
    sigset_t const open = count_signals();
    poller = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::string const& host : opt.hosts) listen("relay", host, opt.port, false, listeners);
    if (opt.tls_port)
        for (std::string const& host : opt.hosts) listen("relay", host, *opt.tls_port, true, listeners);
    std::fflush(stdout);
    bool accepts = false, stopping = false;
    auto accept_more = [&accepts](bool yes) {
        if (std::exchange(accepts, yes) == yes) return;
        for (listener& l : listeners) {
            epoll_event e{};
            e.events = EPOLLIN;
            ::epoll_ctl(poller, yes ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l.fd, &e);
        }
    };
    now = seconds();
    for (std::time_t looked = now; !stopping || !sessions.empty();) {
        accept_more(!stopping && sessions.size() < opt.max_connections);
        epoll_event events[256];
        int const n = ::epoll_pwait(poller, events, 256, 1000, &open);
        now = seconds();
        for (int i = 0; i < n; ++i) {
            if (events[i].data.ptr != nullptr) serve(*static_cast<side*>(events[i].data.ptr), events[i].events);
            else for (listener const& l : listeners) accept_some(l, n);
        }
        if (signals != 0 && !std::exchange(stopping, true)) {
            accept_more(false);
            for (session& s : sessions) {
                if (!s.dead && !s.closing) s.shut_down(ehlo::replies::shutting_down);
                if (!s.dead) update(s);
            }
        }
        if (now != looked || stopping)
            for (session& s : sessions) look_after(s);
        looked = now;
        for (session* const s : std::exchange(dead, {})) sessions.erase(s->here);
    }
    std::printf("%llu connections\n", relayed);
}
