// mailsink: takes mail on a port for any number of connections at once and writes one file per message; see `usage` in
// mailsink_options.hpp.
//
// What a server around ehlo looks like: one epoll loop; a stream, an `ehlo::server_with<>` and a handler (mailsink_message.hpp) for
// each connection; settings that are a value.
//
// A file holds the content of one message, octet for octet, and envelopes.jsonl beside it says who sent it to whom: see
// spool.hpp. Only then is the message acknowledged. So it outlives this program, however that ends; with --sync it is on the
// disk first and outlives the machine, too. --discard takes everything apart all the same and keeps nothing.
//
// Nearly all of the time goes into system calls: the parsers and the session take half a microsecond for a command, its
// recv and its send over ten. So there are as few as can be: for a connection accept4, epoll_ctl and close; for commands
// that come together one recv and one send; for a message openat, write, linkat, close and one write to the log.
#include "logging.hpp"
#include "mailsink_message.hpp"
#include "mailsink_options.hpp"
#include "mailsink_proxy.hpp"
#include "serving.hpp"
#include "tls.hpp"

#include <ehlo/ehlo.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using mailsink::all;
using mailsink::message;

// Seconds that no one sets back, for time limits.
std::time_t& now = all.now;
mailsink::options& opt = all.opt;

// Connections are served one after the other, so they share these: one that is idle owns no buffer. From 32 to 256 KiB
// all sizes are equally fast, for messages of 4 KiB and of 1 MiB.
constexpr std::size_t block = sizeof all.decoded;
char input[block], replies[16 * 1024];

// A proxy sends its header at once.
constexpr std::time_t proxy_patience = 10;
constexpr ehlo::reply idle_too_long = "421 4.4.2 Timeout, closing the channel";

struct connection {
    stream peer{};
    bool last_words = false;  // all is said; only the client's end of the connection is waited for
    ehlo::server_with<> smtp{opt.policy, opt.name};
    message mail{};
    std::string in{};   // octets that wait for more, or for room
    std::string out{};  // replies that the client was too slow to take; while there are some, it is not read from
    std::size_t heard = 0;  // octets of content since the limit was last put off
    std::time_t limit = 0;  // when it is over
    std::string host{};
    std::unique_ptr<session_log> log{};
    std::optional<mailsink::proxy_reader> proxy{};  // its header has not come
    bool tls_first = false;
    std::string from{};  // the proxy
    std::list<connection>::iterator here{};
};

// A socket that connections come from.
int poller = -1;
std::vector<listener> listeners;
bool accepts = true, stopping = false;
std::size_t most_connections = 1000;  // that there are descriptors for
std::list<connection> connections;
std::unordered_map<std::string, std::size_t> peers;  // connections from each address
log_file log_to;

void watch(int fd, unsigned events, connection* c, int operation) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = c;
    if (::epoll_ctl(poller, operation, fd, &e) != 0) all.err.say("mailsink: epoll_ctl: " + std::string(std::strerror(errno)));
}
void accept_more(bool yes) {
    if (std::exchange(accepts, yes) != yes)
        for (listener const& l : listeners) watch(l.fd, yes ? unsigned{EPOLLIN} : 0, nullptr, EPOLL_CTL_MOD);
}

void write_log(connection& c) {
    std::string const lines = c.log->take();
    if (!log_to.is_stderr()) {
        static bool failed = false;
        if (!log_to.write(lines) && !std::exchange(failed, true)) all.err.say("mailsink: cannot write the log: " + std::string(std::strerror(errno)));
        return;
    }
    for (std::string_view rest = lines; !rest.empty();) {
        std::size_t const end = rest.find('\n');
        all.err.say(std::string(rest.substr(0, end)));
        rest.remove_prefix(end + 1);
    }
}

void hang_up(connection& c) {
    c.smtp.disconnected(c.mail);
    if (c.log) {
        c.log->end();
        write_log(c);
    }
    if (auto const peer = peers.find(c.host); peer != peers.end() && --peer->second == 0) peers.erase(peer);
    connections.erase(c.here);
    accept_more(true);
}

bool takes_content(connection const& c) { return c.smtp.where() == ehlo::state::content || c.smtp.where() == ehlo::state::chunk; }

// RFC 5321 4.5.3.2: a time for each command, and one for each piece of content. Half a command puts off nothing.
void put_off(connection& c) {
    c.heard = 0;
    c.limit = now + static_cast<std::time_t>(c.last_words ? 10 : takes_content(c) ? opt.content_idle : opt.idle);
}

// Sends what it can and keeps the rest. False: the connection is lost.
bool send_out(connection& c, std::string_view octets) {
    ssize_t const n = c.peer.send(octets);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return false;
    c.out.assign(octets.substr(n > 0 ? static_cast<std::size_t>(n) : 0));
    return true;
}

ehlo::step advance(connection& c, std::string_view in) {
    auto const call = [&c](std::string_view rest) { return c.smtp.advance(rest, c.mail, replies); };
    return c.log ? c.log->run(in, replies, call) : call(in);
}
ehlo::step say_end(connection& c, std::span<char> out, ehlo::reply const& why = ehlo::replies::shutting_down) {
    ehlo::step const s = c.smtp.shut_down(c.mail, out, why);
    if (c.log) c.log->said({out.data(), s.produced});
    return s;
}

// Drives the session with all octets at hand. False: it is over, or the connection is lost.
bool drive(connection& c, std::string_view in) {
    ehlo::step s{};
    bool answered = false;
    do {
        bool const content = takes_content(c);
        s = advance(c, in);
        in.remove_prefix(s.consumed);
        if (content) c.heard += s.consumed;
        if (stopping && s.want == ehlo::want::read && !ehlo::in_transaction(c.smtp.where())) {
            ehlo::step const end = say_end(c, std::span(replies).subspan(s.produced));
            s.produced += end.produced;
            s.want = end.want;
        }
        answered |= s.produced != 0;
        if (s.produced != 0 && !send_out(c, {replies, s.produced})) return false;
    } while (s.want == ehlo::want::write && c.out.empty());
    c.mail.flush();
    if (c.log) write_log(c);
    if (s.want == ehlo::want::close && c.out.empty()) {
        // Who has said QUIT says no more. Others may be talking still, and a reset would overtake the last reply.
        bool const gone = c.mail.quit() && in.empty();
        if (!gone || c.peer.is_encrypted()) c.peer.end();
        if (gone) return false;
    }
    if (s.want == ehlo::want::tls && c.out.empty()) c.peer.begin(opt.tls, true);
    bool const ends = s.want == ehlo::want::close && !std::exchange(c.last_words, s.want == ehlo::want::close);
    if (answered || c.heard >= 1024 || ends) put_off(c);
    c.in.assign(c.last_words ? std::string_view() : in);
    if (!c.out.empty()) watch(c.peer.fd(), EPOLLOUT, &c, EPOLL_CTL_MOD);
    return true;
}

// Says 421 and waits for the client to go.
void shut_down(connection& c, ehlo::reply const& why) {
    if (c.last_words || !c.out.empty() || c.peer.is_handshaking() || c.proxy) return hang_up(c);  // it is gone, or it does not listen
    ehlo::step const s = say_end(c, replies, why);
    if (!send_out(c, {replies, s.produced}) || !drive(c, {})) hang_up(c);
}

void readable(connection& c) {
    do {
        std::size_t const held = c.in.size();
        std::memcpy(input, c.in.data(), held);
        ssize_t const n = c.peer.receive(input + held, sizeof input - held);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        if (n <= 0) return hang_up(c);
        if (c.last_words) continue;  // nothing that comes after the end is heard, nor does it put off the end
        if (!drive(c, {input, held + static_cast<std::size_t>(n)})) return hang_up(c);
    } while (c.peer.has_more() && c.out.empty());
}

void writable(connection& c) {
    std::string const pending = std::exchange(c.out, {}), held = std::exchange(c.in, {});
    if (!send_out(c, pending)) return hang_up(c);
    if (!c.out.empty()) {
        c.in = held;
        return;
    }
    put_off(c);
    watch(c.peer.fd(), EPOLLIN, &c, EPOLL_CTL_MOD);
    if (!drive(c, held)) return hang_up(c);
    if (c.peer.has_more() && c.out.empty()) readable(c);
}

// Goes on with the TLS handshake. Its time is that of the command before: a client cannot put it off.
void shake_hands(connection& c) {
    switch (c.peer.handshake()) {
    case stream::handshake_is::failed:
        if (opt.verbose) all.err.say(c.host + " TLS: " + c.peer.why);
        c.smtp.tls_lost(c.mail);
        return hang_up(c);
    case stream::handshake_is::under_way:
        return watch(c.peer.fd(), c.peer.waits_for() == POLLOUT ? unsigned{EPOLLOUT} : unsigned{EPOLLIN}, &c, EPOLL_CTL_MOD);
    case stream::handshake_is::over: break;
    }
    c.smtp.secured();
    c.mail.secured();
    if (c.log) c.log->secured();
    put_off(c);
    watch(c.peer.fd(), EPOLLIN, &c, EPOLL_CTL_MOD);
    if (!drive(c, {})) return hang_up(c);  // where TLS was there from the beginning, the greeting
    if (c.peer.has_more() && c.out.empty()) readable(c);
}

// A client is there, and who it is, is known.
void begin(connection& c, std::string peer) {
    c.host = peer.substr(0, peer.rfind(':'));
    bool const crowded = ++peers[c.host] > opt.max_per_peer || connections.size() > opt.max_connections;
    if (opt.logs) {
        c.log = std::make_unique<session_log>(all.connections, opt.log_json, peer + " ", ehlo::direction::from_client, ehlo::observing(opt.policy));
        c.log->begin(peer, opt.name);
    }
    c.mail.begin(std::move(peer), crowded);
    put_off(c);
    if (c.tls_first) c.peer.begin(opt.tls, true);
    else if (!drive(c, {})) hang_up(c);  // the greeting
}

void read_proxy_header(connection& c) {
    using what = mailsink::proxy_reader::what;
    what const now_is = c.proxy->read(c.peer.fd());
    if (now_is == what::waits) return;
    if (now_is == what::refused && (opt.verbose || opt.logs))
        all.err.say(c.from + " closed: no PROXY header: " + std::string(ehlo::message(c.proxy->why.code)) + " (octet " + std::to_string(c.proxy->why.at) + ")");
    if (now_is != what::done) return hang_up(c);
    std::string source = std::move(c.proxy->source);
    c.proxy.reset();
    begin(c, source.empty() ? std::move(c.from) : std::move(source));
}

void serve(connection& c, unsigned events) {
    if (c.proxy) return read_proxy_header(c);
    if (c.peer.is_handshaking()) shake_hands(c);
    else if ((events & EPOLLOUT) != 0) writable(c);
    else readable(c);
}


// As many as there are, but not more than `most`.
void accept_some(listener const& l, int most) {
    for (int i = 0; i < most; ++i) {
        if (connections.size() >= most_connections) return accept_more(false);
        address from;
        int const fd = ::accept4(l.fd, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        // Until a descriptor is free: woken for those who wait, the loop would only spin.
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) return accept_more(false);
        if (fd < 0) return;
        ++all.connections;
        connection& c = connections.emplace_back();
        c.peer = stream(fd);
        c.here = std::prev(connections.end());
        c.tls_first = l.tls;
        watch(fd, EPOLLIN, &c, EPOLL_CTL_ADD);
        if (!opt.proxy) {
            begin(c, from.text());
            continue;
        }
        c.from = from.text();
        c.proxy.emplace();
        c.limit = now + proxy_patience;
    }
}

template <class Do>
void for_each_connection(Do&& act) {
    for (auto i = connections.begin(); i != connections.end();) act(*i++);
}

}  // namespace

int main(int argc, char** argv) {
    mailsink::read_options(argc, argv, opt);
    // Some are left for messages: each needs one while it is written.
    if (rlim_t const files = prepare_descriptors(); files != 0) most_connections = files > 24 ? static_cast<std::size_t>(files - files / 16 - 8) : 8;
    std::signal(SIGPIPE, SIG_IGN);  // of stdout and stderr
    std::signal(SIGXFSZ, SIG_IGN);  // a file too large is an error of write
    all.err.open();
    if (!opt.discard && !all.mails.open(opt.dir.c_str(), opt.sync)) {
        std::fprintf(stderr, "mailsink: cannot keep messages in %s: %s\n", opt.dir.c_str(), std::strerror(errno));
        return 1;
    }
    if (!opt.log.empty() && !log_to.open(opt.log)) {
        std::fprintf(stderr, "mailsink: cannot write %s: %s\n", opt.log.c_str(), std::strerror(errno));
        return 1;
    }
    sigset_t const open = count_signals();

    poller = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::string const& host : opt.hosts) listen("mailsink", host, opt.port, false, listeners);
    if (opt.tls_port)
        for (std::string const& host : opt.hosts) listen("mailsink", host, *opt.tls_port, true, listeners);
    std::fflush(stdout);
    for (listener const& l : listeners) watch(l.fd, EPOLLIN, nullptr, EPOLL_CTL_ADD);
    std::time_t looked = now, told = now, end = 0;
    unsigned long long told_messages = 0;
    bool said = false;  // 421, to all
    while (!stopping || !connections.empty()) {
        epoll_event events[256];
        int const n = ::epoll_pwait(poller, events, 256, 1000, &open);
        now = seconds();
        for (int i = 0; i < n; ++i) {
            auto* const c = static_cast<connection*>(events[i].data.ptr);
            // As many new ones as there are old ones to serve: so neither wait long, and few calls find none.
            if (c == nullptr) for (listener const& l : listeners) accept_some(l, n);
            else serve(*c, events[i].events);
        }
        // RFC 5321 3.8: nobody is cut off without a 421, and who is in the middle of a message may finish it.
        if (signals != 0 && !std::exchange(stopping, true)) {
            for (listener const& l : listeners) ::close(l.fd);
            listeners.clear();
            end = now + static_cast<std::time_t>(opt.grace);
            for_each_connection([](connection& c) {
                if (!ehlo::in_transaction(c.smtp.where()) && !c.last_words) shut_down(c, ehlo::replies::shutting_down);
            });
        }
        auto const has_ended = [](connection const& c) { return c.last_words; };
        if (stopping && !said && (now >= end || signals > 1 || std::all_of(connections.begin(), connections.end(), has_ended))) {
            said = true;
            end = now + 2;  // for the clients to go
            for_each_connection([](connection& c) {
                if (!c.last_words) shut_down(c, ehlo::replies::shutting_down);
            });
        }
        if (said && now >= end) for_each_connection(hang_up);
        if (now == looked) continue;
        looked = now;
        for_each_connection([](connection& c) {
            if (now >= c.limit) shut_down(c, idle_too_long);
        });
        if (!opt.discard) all.mails.look_after();
        accept_more(!stopping && connections.size() < most_connections);
        if (now - told < 5) continue;
        if (all.messages != told_messages)
            all.err.say(std::to_string(all.messages) + " messages, " + std::to_string(all.octets) + " octets, " +
                    std::to_string(connections.size()) + " connections open");
        told = now;
        told_messages = all.messages;
    }
    std::printf("%llu messages, %llu octets, %llu connections\n", all.messages, all.octets, all.connections);
}
