// mailsink: takes mail on a port for any number of connections at once and writes one file per message.
//
//     mailsink --dir=DIR [--sync] [--host=127.0.0.1] [--port=2525] [--name=HOST] [--verbose]
//     mailsink --discard ...
//
// What a server around ehlo looks like: one epoll loop, one `ehlo::server` and one handler for each connection.
//
// A file holds the content of one message, octet for octet. It is written as *.part and renamed to *.eml when it is whole;
// only then is the message acknowledged. So it outlives this program, however that ends; with --sync it is on the disk
// first and outlives the machine, too. --discard takes everything apart all the same and keeps nothing.
//
// Nearly all of the time goes into system calls: the parsers and the session take half a microsecond for a command, its
// recv and its send over ten. So there are as few as can be: for a connection accept4, epoll_ctl and close; for commands
// that come together one recv and one send; for a message openat, write, close and renameat.
#include <ehlo/ehlo.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <list>
#include <string>
#include <utility>

namespace {

struct options {
    std::string dir, host = "127.0.0.1", name = "mailsink.invalid";
    int port = 2525;
    bool verbose = false, sync = false, discard = false;
} opt;

struct totals {
    unsigned long long messages = 0, octets = 0, connections = 0;
} total;

int directory = -1;  // where the messages go; all names are relative to it
std::time_t now = std::time(nullptr);
volatile std::sig_atomic_t stop = 0;

// Connections are served one after the other, so they share these: one that is idle owns no buffer. From 32 to 256 KiB
// all sizes are equally fast, for messages of 4 KiB and of 1 MiB.
constexpr std::size_t block = 64 * 1024;
char input[block], decoded[block], replies[16 * ehlo::server::reply_space];

// One message on its way to the disk. ehlo calls the `on` functions.
class store {
    int file_ = -1;
    bool failed_ = false, quit_ = false;
    std::size_t held_ = 0;  // octets in `decoded`
    char part_[64], whole_[64];

    void open() {
        if (file_ >= 0 || failed_) return;
        static unsigned long long sequence = 0;
        auto const seconds = static_cast<long long>(now);
        std::snprintf(part_, sizeof part_, "%lld.%d.%llu.part", seconds, int{::getpid()}, ++sequence);
        std::snprintf(whole_, sizeof whole_, "%lld.%d.%llu.eml", seconds, int{::getpid()}, sequence);
        file_ = ::openat(directory, part_, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        failed_ = file_ < 0;
    }
    bool finish() {
        flush();
        open();
        if (file_ < 0) return false;
        if (opt.sync && !failed_) failed_ = ::fsync(file_) != 0;
        failed_ |= ::close(std::exchange(file_, -1)) != 0;
        if (failed_ || ::renameat(directory, part_, directory, whole_) != 0) {
            ::unlinkat(directory, part_, 0);
            return false;
        }
        return !opt.sync || ::fsync(directory) == 0;
    }
    void drop() {
        if (file_ >= 0) {
            ::close(std::exchange(file_, -1));
            ::unlinkat(directory, part_, 0);
        }
        held_ = 0;
        failed_ = false;
    }

  public:
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) {
        if (c.octets.size() > sizeof decoded - held_) flush();  // no piece is larger than `input`
        std::memcpy(decoded + held_, c.octets.data(), c.octets.size());
        held_ += c.octets.size();
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        bool const stored = opt.discard || finish();
        drop();
        if (!stored) return ehlo::replies::try_later;
        ++total.messages;
        total.octets += e.octets;
        return ehlo::replies::message_accepted;
    }
    void on(ehlo::abandoned const&) { drop(); }
    void on(ehlo::answered const& a) {
        quit_ = a.event == ehlo::event::quit;
        if (opt.verbose) std::fprintf(stderr, "%-4s %u\n", std::string(name(a.verb)).c_str(), unsigned{a.sent.code});
    }

    // What has come so far must be in the file when `decoded` is another connection's.
    void flush() {
        if (held_ != 0 && !opt.discard) open();
        for (std::size_t done = 0; done < held_ && !failed_ && !opt.discard;) {
            ssize_t const n = ::write(file_, decoded + done, held_ - done);
            if (n > 0) done += static_cast<std::size_t>(n);
            else if (n == 0 || errno != EINTR) failed_ = true;
        }
        held_ = 0;
    }
    bool quit() const { return quit_; }
};

struct connection {
    int fd = -1;
    bool last_words = false;
    ehlo::server smtp{opt.name};
    store message{};
    std::string in{};   // octets that wait for more, or for room
    std::string out{};  // replies that the client was too slow to take; while there are some, it is not read from
    std::time_t active = now;
    std::list<connection>::iterator here{};
};

int poller = -1, listener = -1;
bool accepts = true;
std::list<connection> connections;  // the one that has been silent longest comes first

void watch(int fd, unsigned events, connection* c, int operation) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = c;
    if (::epoll_ctl(poller, operation, fd, &e) != 0) std::perror("epoll_ctl");
}

void hang_up(connection& c) {
    c.smtp.disconnected(c.message);
    ::close(c.fd);
    connections.erase(c.here);
    if (!std::exchange(accepts, true)) watch(listener, EPOLLIN, nullptr, EPOLL_CTL_MOD);
}

void touch(connection& c) {
    c.active = now;
    connections.splice(connections.end(), connections, c.here);
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
    do {
        s = c.smtp.advance(in, c.message, replies);
        in.remove_prefix(s.consumed);
        if (s.produced != 0 && !send_out(c, {replies, s.produced})) return false;
    } while (s.want == ehlo::want::write && c.out.empty());
    c.message.flush();
    if (s.want == ehlo::want::close && c.out.empty()) {
        // Who has said QUIT says no more. Others may be talking still, and a reset would overtake the last reply.
        if (c.message.quit() && in.empty()) return false;
        ::shutdown(c.fd, SHUT_WR);
    }
    c.last_words = s.want == ehlo::want::close;
    c.in.assign(c.last_words ? std::string_view() : in);
    if (!c.out.empty()) watch(c.fd, EPOLLOUT, &c, EPOLL_CTL_MOD);
    return true;
}

void readable(connection& c) {
    std::size_t const held = c.in.size();
    std::memcpy(input, c.in.data(), held);
    ssize_t const n = ::recv(c.fd, input + held, sizeof input - held, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) return hang_up(c);
    if (c.last_words) return;  // nothing that comes after the end is heard, nor does it put off the end
    touch(c);
    if (!drive(c, {input, held + static_cast<std::size_t>(n)})) hang_up(c);
}

void writable(connection& c) {
    std::string const pending = std::exchange(c.out, {}), held = std::exchange(c.in, {});
    if (!send_out(c, pending)) return hang_up(c);
    touch(c);
    if (!c.out.empty()) {
        c.in = held;
        return;
    }
    watch(c.fd, EPOLLIN, &c, EPOLL_CTL_MOD);
    if (!drive(c, held)) hang_up(c);
}

// As many as there are, but not more than `most`.
void accept_some(int most) {
    for (int i = 0; i < most; ++i) {
        int const fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && !connections.empty()) {
            accepts = false;  // until a descriptor is free: woken for those who wait, the loop would only spin
            watch(listener, 0, nullptr, EPOLL_CTL_MOD);
        }
        if (fd < 0) return;
        ++total.connections;
        connection& c = connections.emplace_back();
        c.fd = fd;
        c.here = std::prev(connections.end());
        watch(fd, EPOLLIN, &c, EPOLL_CTL_ADD);
        if (!drive(c, {})) hang_up(c);  // the greeting
    }
}

void close_idle() {
    while (!connections.empty() && now - connections.front().active >= static_cast<std::time_t>(ehlo::server_timeout)) {
        connection& c = connections.front();
        ehlo::step const s = c.smtp.shut_down(c.message, replies);
        if (c.out.empty()) send_out(c, {replies, s.produced});
        hang_up(c);
    }
}

void listen_on_port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(opt.port));
    socklen_t size = sizeof address;
    int const on = 1;
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || ::inet_pton(AF_INET, opt.host.c_str(), &address.sin_addr) != 1 ||
        ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // the connections inherit it
        ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1024) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::fprintf(stderr, "mailsink: cannot listen on %s:%d: %s\n", opt.host.c_str(), opt.port, std::strerror(errno));
        std::exit(1);
    }
    std::printf("listening on %s:%d\n", opt.host.c_str(), int{ntohs(address.sin_port)});
    std::fflush(stdout);
}

[[noreturn]] void usage() {
    std::fputs("usage: mailsink {--dir=DIR [--sync] | --discard} [--host=127.0.0.1] [--port=2525] [--name=HOST] [--verbose]\n", stderr);
    std::exit(2);
}

void read_options(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::string const arg = argv[i];
        auto value = [&arg](char const* key) -> char const* {
            return arg.rfind(key, 0) == 0 ? arg.c_str() + std::strlen(key) : nullptr;
        };
        if (auto v = value("--dir=")) opt.dir = v;
        else if (auto h = value("--host=")) opt.host = h;
        else if (auto p = value("--port=")) opt.port = std::atoi(p);
        else if (auto n = value("--name=")) opt.name = n;
        else if (arg == "--verbose") opt.verbose = true;
        else if (arg == "--sync") opt.sync = true;
        else if (arg == "--discard") opt.discard = true;
        else usage();
    }
    if (opt.dir.empty() != opt.discard || opt.port < 0 || opt.port > 65535 || !ehlo::parse_host(opt.name)) usage();
}

}  // namespace

int main(int argc, char** argv) {
    read_options(argc, argv);
    if (!opt.discard) directory = ::open(opt.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 && !opt.discard) {
        std::fprintf(stderr, "mailsink: %s: %s\n", opt.dir.c_str(), std::strerror(errno));
        return 1;
    }
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    // The signals are let in only while the loop waits, so none is missed.
    struct sigaction action {};
    action.sa_handler = [](int) { stop = 1; };
    sigset_t blocked, open;
    sigemptyset(&blocked);
    for (int const s : {SIGINT, SIGTERM}) {
        ::sigaction(s, &action, nullptr);
        sigaddset(&blocked, s);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, &open);

    poller = ::epoll_create1(EPOLL_CLOEXEC);
    listen_on_port();
    watch(listener, EPOLLIN, nullptr, EPOLL_CTL_ADD);
    std::time_t told = now;
    unsigned long long told_messages = 0;
    while (!stop) {
        epoll_event events[256];
        int const n = ::epoll_pwait(poller, events, 256, 1000, &open);
        now = std::time(nullptr);
        for (int i = 0; i < n; ++i) {
            auto* const c = static_cast<connection*>(events[i].data.ptr);
            // As many new ones as there are old ones to serve: so neither wait long, and few calls find none.
            if (c == nullptr) accept_some(n);
            else if ((events[i].events & EPOLLOUT) != 0) writable(*c);
            else readable(*c);
        }
        if (now - told < 5) continue;
        if (total.messages != told_messages)
            std::fprintf(stderr, "%llu messages, %llu octets, %zu connections open\n", total.messages, total.octets, connections.size());
        told = now;
        told_messages = total.messages;
        close_idle();
    }
    for (connection& c : connections) c.smtp.disconnected(c.message);  // no file is left of what is not whole
    std::printf("%llu messages, %llu octets, %llu connections\n", total.messages, total.octets, total.connections);
}
