// mailsink: takes mail on a port for any number of connections at once and writes one file per message; see `usage`.
//
// What a server around ehlo looks like: one epoll loop, one `ehlo::server` and one handler for each connection.
//
// A file holds the content of one message, octet for octet, and envelopes.jsonl beside it says who sent it to whom: see
// spool.hpp. Only then is the message acknowledged. So it outlives this program, however that ends; with --sync it is on the
// disk first and outlives the machine, too. --discard takes everything apart all the same and keeps nothing.
//
// Nearly all of the time goes into system calls: the parsers and the session take half a microsecond for a command, its
// recv and its send over ten. So there are as few as can be: for a connection accept4, epoll_ctl and close; for commands
// that come together one recv and one send; for a message openat, write, linkat, close and one write to the log.
#include "command_line.hpp"
#include "diagnostics.hpp"
#include "envelope.hpp"
#include "net.hpp"
#include "spool.hpp"

#include <ehlo/ehlo.hpp>

#include <sys/epoll.h>
#include <sys/resource.h>
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
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr char usage[] =
    R"(usage: mailsink {--dir=DIR [--sync] | --discard} [OPTION]...
  --dir=DIR            write each message to a file there, and its envelope to DIR/envelopes.jsonl
  --sync               acknowledge a message when it is on the disk
  --discard            keep nothing
  --host=HOST          listen there; a name, an IPv4 or IPv6 address, or * for all of both; may be repeated (127.0.0.1)
  --port=N             (2525); 0: any that is free
  --name=HOST          what the server calls itself (mailsink.invalid)
  --verbose            tell of each reply and each message on stderr
  --tolerate=RULE,...  depart from strict RFC 5321 by these rules, or by `all`
  --max-size=N         octets of a message, 65536 to 67108864 (67108864)
  --max-recipients=N   of a message, 100 to 1000 (1000)
  --max-connections=N  at once (10000); who comes then is told 421
  --max-per-peer=N     connections from one address (1000)
  --idle=SECONDS       to wait for a whole command (300)
  --content-idle=SECONDS  to wait for each 1024 octets of content (300)
  --grace=SECONDS      how long SIGTERM and SIGINT let open transactions go on before 421 ends them (10)
)";

struct options {
    std::string dir, name = "mailsink.invalid";
    std::vector<std::string> hosts;
    unsigned port = 2525, idle = ehlo::server_timeout, content_idle = ehlo::server_timeout, grace = 10;
    std::uint64_t max_size = ehlo::server::rules.max_message;
    std::uint32_t max_recipients = ehlo::server::rules.max_recipients;
    std::size_t max_connections = 10000, max_per_peer = 1000;
    ehlo::leniency tolerate{};
    bool verbose = false, sync = false, discard = false;
} opt;

struct totals {
    unsigned long long messages = 0, octets = 0, connections = 0;
} total;

diagnostics err;
spool mails;
volatile std::sig_atomic_t signals = 0;  // that want an end

// Seconds that no one sets back, for time limits.
std::time_t seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec;
}
std::time_t now = seconds();

// Connections are served one after the other, so they share these: one that is idle owns no buffer. From 32 to 256 KiB
// all sizes are equally fast, for messages of 4 KiB and of 1 MiB.
constexpr std::size_t block = 64 * 1024;
char input[block], decoded[block], replies[16 * ehlo::server::reply_space];

constexpr ehlo::reply disk_full = "452 4.3.1 Insufficient system storage";
constexpr ehlo::reply too_large = "552 5.3.4 Message too large";
constexpr ehlo::reply too_many_recipients = "452 4.5.3 Too many recipients";
constexpr ehlo::reply too_many_connections = "421 4.3.2 Too many connections, try again later";
constexpr ehlo::reply idle_too_long = "421 4.4.2 Timeout, closing the channel";

// One message on its way to the disk, and what is known of it. ehlo calls the `on` functions.
class message {
    spool::file file_;
    int failed_ = 0;  // errno of what could not be written
    bool quit_ = false, crowded_ = false;
    std::size_t held_ = 0;       // octets in `decoded`
    envelope envelope_;

    static bool keeps_envelope() { return !opt.discard || opt.verbose; }

    void write_out() {
        if (failed_ == 0 && !file_.is_open() && !mails.begin(file_)) failed_ = errno;
        if (failed_ == 0 && !spool::write(file_, {decoded, held_})) failed_ = errno;
    }
    bool finish() {
        write_out();
        held_ = 0;
        if (failed_ == 0 && !mails.keep(file_, [this](std::string const& name) { return envelope_.json(name, ehlo::replies::message_accepted); }))
            failed_ = errno;
        return failed_ == 0;
    }
    void drop() {
        if (file_.is_open()) mails.drop(file_);
        held_ = 0;
        failed_ = 0;
    }
    // Told once for each kind of trouble, and again when it lasts: a full disk must not fill the log, too.
    void complain() const {
        static int told = 0;
        static std::time_t when = 0;
        if (told == failed_ && now - when < 60) return;
        told = failed_;
        when = now;
        err.say("mailsink: cannot store a message: " + std::string(std::strerror(failed_)));
    }
  public:
    void begin(std::string peer, bool crowded) {
        envelope_.peer = std::move(peer);
        crowded_ = crowded;
    }
    ehlo::reply on(ehlo::connected const&) { return crowded_ ? too_many_connections : ehlo::reply(220, "ESMTP ready"); }
    ehlo::reply on(ehlo::cmd::hello const& c) {
        if (keeps_envelope()) envelope_.helo = c.name.text;
        return ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        if (c.parameters.size() && *c.parameters.size() > opt.max_size) return too_large;
        envelope_.octets = envelope_.recipients = 0;
        if (keeps_envelope()) envelope_.begin(c.from.address(), c.parameters.all().text());
        return ehlo::replies::sender_ok;
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        if (envelope_.recipients == opt.max_recipients) return too_many_recipients;
        if (keeps_envelope()) envelope_.add(c.to.address());
        ++envelope_.recipients;
        return ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) {
        envelope_.octets += c.octets.size();
        if (envelope_.octets > opt.max_size) return;
        if (c.octets.size() > sizeof decoded - held_) flush();  // no piece is larger than `input`
        std::memcpy(decoded + held_, c.octets.data(), c.octets.size());
        held_ += c.octets.size();
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        if (e.octets > opt.max_size) return too_large;
        if (!opt.discard && !finish()) {
            complain();
            return failed_ == ENOSPC || failed_ == EDQUOT || failed_ == EFBIG ? disk_full : ehlo::replies::try_later;
        }
        ++total.messages;
        total.octets += e.octets;
        return ehlo::replies::message_accepted;
    }
    void on(ehlo::abandoned const& a) {
        envelope_.octets = a.octets;
        drop();
    }
    void on(ehlo::answered const& a) {
        quit_ = a.event == ehlo::event::quit;
        if (opt.verbose) err.say(envelope_.peer + " " + std::string(name(a.verb)) + " " + std::to_string(unsigned{a.sent.code}));
        if (a.event != ehlo::event::content_end) return;
        if (!a.sent.accepted() && !opt.discard) mails.append(envelope_.json("", a.sent));
        if (opt.verbose)
            err.say(envelope_.peer + " <" + envelope_.from + "> to " + envelope_.to + ": " + std::to_string(envelope_.octets) +
                    " octets: " + as_text(a.sent));
        drop();
    }

    // What has come so far must be in the file when `decoded` is another connection's.
    void flush() {
        if (held_ != 0 && !opt.discard) write_out();
        held_ = 0;
    }
    bool quit() const { return quit_; }
};

struct connection {
    int fd = -1;
    bool last_words = false;  // all is said; only the client's end of the connection is waited for
    ehlo::server smtp{opt.name};
    message mail{};
    std::string in{};   // octets that wait for more, or for room
    std::string out{};  // replies that the client was too slow to take; while there are some, it is not read from
    std::size_t heard = 0;  // octets of content since the limit was last put off
    std::time_t limit = 0;  // when it is over
    std::string host{};
    std::list<connection>::iterator here{};
};

int poller = -1;
std::vector<int> listeners;
bool accepts = true, stopping = false;
std::size_t most_connections = 1000;  // that there are descriptors for
std::list<connection> connections;
std::unordered_map<std::string, std::size_t> peers;  // connections from each address

void watch(int fd, unsigned events, connection* c, int operation) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = c;
    if (::epoll_ctl(poller, operation, fd, &e) != 0) err.say("mailsink: epoll_ctl: " + std::string(std::strerror(errno)));
}
void accept_more(bool yes) {
    if (std::exchange(accepts, yes) != yes)
        for (int const fd : listeners) watch(fd, yes ? unsigned{EPOLLIN} : 0, nullptr, EPOLL_CTL_MOD);
}

void hang_up(connection& c) {
    c.smtp.disconnected(c.mail);
    ::close(c.fd);
    if (auto const peer = peers.find(c.host); --peer->second == 0) peers.erase(peer);
    connections.erase(c.here);
    accept_more(true);
}

// RFC 5321 4.5.3.2: a time for each command, and one for each piece of content. Half a command puts off nothing.
void put_off(connection& c) {
    c.heard = 0;
    c.limit = now + static_cast<std::time_t>(c.last_words ? 10 : c.smtp.where() == ehlo::state::content ? opt.content_idle : opt.idle);
}

// Sends what it can and keeps the rest. False: the connection is lost.
bool send_out(connection& c, std::string_view octets) {
    ssize_t const n = ::send(c.fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return false;
    c.out.assign(octets.substr(n > 0 ? static_cast<std::size_t>(n) : 0));
    return true;
}

// Drives the session with all octets at hand. False: it is over, or the connection is lost.
bool drive(connection& c, std::string_view in) {
    ehlo::step s{};
    bool answered = false;
    do {
        bool const content = c.smtp.where() == ehlo::state::content;
        s = c.smtp.advance(in, c.mail, replies);
        in.remove_prefix(s.consumed);
        if (content) c.heard += s.consumed;
        if (stopping && s.want == ehlo::want::read && !ehlo::in_transaction(c.smtp.where())) {
            ehlo::step const end = c.smtp.shut_down(c.mail, std::span(replies).subspan(s.produced));
            s.produced += end.produced;
            s.want = end.want;
        }
        answered |= s.produced != 0;
        if (s.produced != 0 && !send_out(c, {replies, s.produced})) return false;
    } while (s.want == ehlo::want::write && c.out.empty());
    c.mail.flush();
    if (s.want == ehlo::want::close && c.out.empty()) {
        // Who has said QUIT says no more. Others may be talking still, and a reset would overtake the last reply.
        if (c.mail.quit() && in.empty()) return false;
        ::shutdown(c.fd, SHUT_WR);
    }
    bool const ends = s.want == ehlo::want::close && !std::exchange(c.last_words, s.want == ehlo::want::close);
    if (answered || c.heard >= 1024 || ends) put_off(c);
    c.in.assign(c.last_words ? std::string_view() : in);
    if (!c.out.empty()) watch(c.fd, EPOLLOUT, &c, EPOLL_CTL_MOD);
    return true;
}

// Says 421 and waits for the client to go.
void shut_down(connection& c, ehlo::reply const& why) {
    if (c.last_words || !c.out.empty()) return hang_up(c);  // it is gone, or it does not listen
    ehlo::step const s = c.smtp.shut_down(c.mail, replies, why);
    if (!send_out(c, {replies, s.produced}) || !drive(c, {})) hang_up(c);
}

void readable(connection& c) {
    std::size_t const held = c.in.size();
    std::memcpy(input, c.in.data(), held);
    ssize_t const n = ::recv(c.fd, input + held, sizeof input - held, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) return hang_up(c);
    if (c.last_words) return;  // nothing that comes after the end is heard, nor does it put off the end
    if (!drive(c, {input, held + static_cast<std::size_t>(n)})) hang_up(c);
}

void writable(connection& c) {
    std::string const pending = std::exchange(c.out, {}), held = std::exchange(c.in, {});
    if (!send_out(c, pending)) return hang_up(c);
    if (!c.out.empty()) {
        c.in = held;
        return;
    }
    put_off(c);
    watch(c.fd, EPOLLIN, &c, EPOLL_CTL_MOD);
    if (!drive(c, held)) hang_up(c);
}

// As many as there are, but not more than `most`.
void accept_some(int listener, int most) {
    for (int i = 0; i < most; ++i) {
        if (connections.size() >= most_connections) return accept_more(false);
        address from;
        int const fd = ::accept4(listener, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        // Until a descriptor is free: woken for those who wait, the loop would only spin.
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) return accept_more(false);
        if (fd < 0) return;
        ++total.connections;
        connection& c = connections.emplace_back();
        c.fd = fd;
        c.here = std::prev(connections.end());
        if (opt.tolerate != ehlo::strict) c.smtp.tolerate(opt.tolerate);
        std::string peer = from.text();
        c.host = peer.substr(0, peer.rfind(':'));
        bool const crowded = ++peers[c.host] > opt.max_per_peer || connections.size() > opt.max_connections;
        c.mail.begin(std::move(peer), crowded);
        put_off(c);
        watch(fd, EPOLLIN, &c, EPOLL_CTL_ADD);
        if (!drive(c, {})) hang_up(c);  // the greeting
    }
}

template <class Do>
void for_each_connection(Do&& act) {
    for (auto i = connections.begin(); i != connections.end();) act(*i++);
}

void read_options(int argc, char** argv) {
    auto tolerate = [](argument const& a) {
        for (std::string_view rest = a.text; !rest.empty();) {
            std::size_t const comma = std::min(rest.find(','), rest.size());
            std::string_view const word = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            bool known = word == "all";
            if (known) opt.tolerate = ehlo::leniency::all();
            for (unsigned i = 0; i < ehlo::rule_count; ++i) {
                if (word != ehlo::rule_names[i]) continue;
                opt.tolerate |= static_cast<ehlo::rule>(i);
                known = true;
            }
            if (known) continue;
            std::string all = "no such rule; there are all";
            for (std::string_view const name : ehlo::rule_names) all.append(", ").append(name);
            a.wrong(all);
        }
    };
    auto take = [&tolerate](argument const& a) {
        if (a.is("--dir")) opt.dir = a.text;
        else if (a.is("--host")) opt.hosts.emplace_back(a.text);
        else if (a.is("--port")) opt.port = a.number(0u, 65535u);
        else if (a.is("--name")) opt.name = a.text;
        else if (a.is("--tolerate")) tolerate(a);
        else if (a.is("--max-size")) opt.max_size = a.number(std::uint64_t{65536}, opt.max_size);
        else if (a.is("--max-recipients")) opt.max_recipients = a.number(100u, opt.max_recipients);
        else if (a.is("--max-connections")) opt.max_connections = a.number(std::size_t{1}, std::size_t{1000000});
        else if (a.is("--max-per-peer")) opt.max_per_peer = a.number(std::size_t{1}, std::size_t{1000000});
        else if (a.is("--idle")) opt.idle = a.number(1u, 86400u);
        else if (a.is("--content-idle")) opt.content_idle = a.number(1u, 86400u);
        else if (a.is("--grace")) opt.grace = a.number(0u, 86400u);
        else if (a.is_flag("--verbose")) opt.verbose = true;
        else if (a.is_flag("--sync")) opt.sync = true;
        else if (a.is_flag("--discard")) opt.discard = true;
        else return false;
        if (a.key == "--name" && !ehlo::parse_host(opt.name)) a.wrong("neither a domain nor an address literal");
        return true;
    };
    read_command_line(argc, argv, "mailsink", usage, take, [](std::string_view) { return false; });
    if (opt.dir.empty() != opt.discard) {
        std::fputs("mailsink: either --dir or --discard is needed; --help lists the options\n", stderr);
        std::exit(2);
    }
    if (opt.hosts.empty()) opt.hosts.emplace_back("127.0.0.1");
}

// Descriptors 0 to 2 are there, whoever closed them: otherwise a connection would get what is written to stderr.
void prepare_descriptors() {
    int fd = 0;
    do fd = ::open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) ::close(fd);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    // Some are left for messages: each needs one while it is written.
    most_connections = files.rlim_cur > 24 ? static_cast<std::size_t>(files.rlim_cur - files.rlim_cur / 16 - 8) : 8;
}

}  // namespace

int main(int argc, char** argv) {
    read_options(argc, argv);
    prepare_descriptors();
    std::signal(SIGPIPE, SIG_IGN);  // of stdout and stderr
    std::signal(SIGXFSZ, SIG_IGN);  // a file too large is an error of write
    err.open();
    if (!opt.discard && !mails.open(opt.dir.c_str(), opt.sync)) {
        std::fprintf(stderr, "mailsink: cannot keep messages in %s: %s\n", opt.dir.c_str(), std::strerror(errno));
        return 1;
    }
    // The signals are let in only while the loop waits, so none is missed.
    struct sigaction action {};
    action.sa_handler = [](int) { signals = signals + 1; };
    sigset_t blocked, open;
    sigemptyset(&blocked);
    for (int const s : {SIGINT, SIGTERM}) {
        ::sigaction(s, &action, nullptr);
        sigaddset(&blocked, s);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, &open);

    poller = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::string const& host : opt.hosts) {
        std::string why = "it has no address";
        std::vector<address> where;
        if (!listen_on(host, opt.port, listeners, where, why)) {
            std::fprintf(stderr, "mailsink: cannot listen on %s, port %u: %s\n", host.c_str(), opt.port, why.c_str());
            return 1;
        }
        for (address const& a : where) std::printf("listening on %s\n", a.text().c_str());
    }
    std::fflush(stdout);
    for (int const fd : listeners) watch(fd, EPOLLIN, nullptr, EPOLL_CTL_ADD);
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
            if (c == nullptr) for (int const fd : listeners) accept_some(fd, n);
            else if ((events[i].events & EPOLLOUT) != 0) writable(*c);
            else readable(*c);
        }
        // RFC 5321 3.8: nobody is cut off without a 421, and who is in the middle of a message may finish it.
        if (signals != 0 && !std::exchange(stopping, true)) {
            for (int const fd : listeners) ::close(fd);
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
        if (!opt.discard) mails.look_after();
        accept_more(!stopping && connections.size() < most_connections);
        if (now - told < 5) continue;
        if (total.messages != told_messages)
            err.say(std::to_string(total.messages) + " messages, " + std::to_string(total.octets) + " octets, " +
                    std::to_string(connections.size()) + " connections open");
        told = now;
        told_messages = total.messages;
    }
    std::printf("%llu messages, %llu octets, %llu connections\n", total.messages, total.octets, total.connections);
}
