// mailsink: takes mail on a port for any number of connections at once and writes one file per message.
//
//     mailsink --dir=DIR [--host=127.0.0.1] [--port=2525] [--name=HOST] [--verbose] [--no-sync]
//
// What a server around ehlo looks like: one epoll loop, one `ehlo::server` and one handler for each connection. A file
// holds the content alone, octet for octet. It is written as *.part and renamed to *.eml when it is whole and on the disk;
// only then is the message acknowledged.
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
#include <memory>
#include <string>
#include <unordered_map>

namespace {

struct options {
    std::string dir, host = "127.0.0.1", name = "mailsink.invalid";
    int port = 2525;
    bool verbose = false, sync = true;
} opt;

struct totals {
    unsigned long long messages = 0, octets = 0, connections = 0;
} total;

int directory = -1;  // where the messages go; all names are relative to it
volatile std::sig_atomic_t stop = 0;

// One message on its way to the disk. ehlo calls the `on` functions.
class store {
    int file_ = -1;
    bool failed_ = false;
    unsigned long long size_ = 0;
    std::string name_, buffer_;

    void flush() {
        for (std::size_t done = 0; done < buffer_.size() && !failed_;) {
            ssize_t const n = ::write(file_, buffer_.data() + done, buffer_.size() - done);
            if (n > 0) done += static_cast<std::size_t>(n);
            else if (n == 0 || errno != EINTR) failed_ = true;
        }
        buffer_.clear();
    }
    void open() {
        if (file_ >= 0 || failed_) return;
        static unsigned long long sequence = 0;
        name_ = std::to_string(std::time(nullptr)) + "." + std::to_string(::getpid()) + "." + std::to_string(++sequence);
        file_ = ::openat(directory, (name_ + ".part").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        failed_ = file_ < 0;
    }

  public:
    store() = default;
    store(store const&) = delete;
    store& operator=(store const&) = delete;
    ~store() { drop(); }

    void drop() {
        if (file_ >= 0) {
            ::close(file_);
            ::unlinkat(directory, (name_ + ".part").c_str(), 0);
        }
        file_ = -1;
        failed_ = false;
        size_ = 0;
        buffer_ = {};
    }

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) {
        open();
        size_ += c.octets.size();
        buffer_ += c.octets;
        if (buffer_.size() >= 64 * 1024) flush();
    }
    ehlo::reply on(ehlo::end_of_content const&) {
        open();
        flush();
        if (opt.sync && !failed_) failed_ = ::fsync(file_) != 0;
        if (file_ >= 0 && ::close(std::exchange(file_, -1)) != 0) failed_ = true;
        std::string const part = name_ + ".part", whole = name_ + ".eml";
        if (!failed_) failed_ = ::renameat(directory, part.c_str(), directory, whole.c_str()) != 0;
        if (!failed_ && opt.sync) failed_ = ::fsync(directory) != 0;
        if (failed_) ::unlinkat(directory, part.c_str(), 0);
        ehlo::reply const answer = failed_ ? ehlo::replies::try_later : ehlo::replies::message_accepted;
        if (!failed_) {
            ++total.messages;
            total.octets += size_;
        }
        drop();
        return answer;
    }
    void on(ehlo::abandoned const&) { drop(); }
    void on(ehlo::answered const& a) {
        if (opt.verbose) std::fprintf(stderr, "%-4s %u\n", std::string(name(a.verb)).c_str(), unsigned{a.sent.code});
    }
};

struct connection {
    explicit connection(int socket) : fd(socket) {}
    int fd;
    ehlo::server smtp{opt.name};
    store messages{};
    std::string in{};   // octets that wait for more, or for room
    std::string out{};  // replies that the client was too slow to take
    bool last_words = false, reads = true;
    std::time_t active = std::time(nullptr);
};

int poller = -1;
std::unordered_map<int, std::unique_ptr<connection>> connections;

void watch(int fd, bool reads, bool writes, int operation) {
    epoll_event e{};
    e.events = (reads ? unsigned{EPOLLIN} : 0u) | (writes ? unsigned{EPOLLOUT} : 0u);
    e.data.fd = fd;
    if (::epoll_ctl(poller, operation, fd, &e) != 0) std::perror("epoll_ctl");
}

void hang_up(connection& c) {
    c.smtp.disconnected(c.messages);
    ::close(c.fd);
    connections.erase(c.fd);
}

// Sends what it can and keeps the rest. False: the connection is lost.
bool send_out(connection& c, std::string_view octets) {
    if (c.out.empty()) {
        ssize_t const n = ::send(c.fd, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return false;
        if (n > 0) octets.remove_prefix(static_cast<std::size_t>(n));
    }
    c.out += octets;
    return true;
}

// Drives the session with all octets at hand. False: the connection is lost.
bool drive(connection& c, std::string_view in) {
    char out[4 * ehlo::server::reply_space];
    for (bool more = true; more;) {
        ehlo::step const s = c.smtp.advance(in, c.messages, out);
        in.remove_prefix(s.consumed);
        if (s.produced != 0 && !send_out(c, {out, s.produced})) return false;
        // A client that does not take its replies is not read from until it does: memory stays bounded.
        more = s.want == ehlo::want::write && c.out.empty();
        c.last_words = s.want == ehlo::want::close;
    }
    if (c.last_words) in = {};
    if (c.in.data() != in.data() || c.in.size() != in.size()) c.in = std::string(in);
    if (c.last_words && c.out.empty()) ::shutdown(c.fd, SHUT_WR);  // and drain: a reset would overtake the 221
    bool const reads = c.out.empty();
    if (reads != c.reads || !c.out.empty()) watch(c.fd, reads, !c.out.empty(), EPOLL_CTL_MOD);
    c.reads = reads;
    return true;
}

void readable(connection& c) {
    static char buffer[256 * 1024];
    std::size_t const held = c.in.size();
    std::memcpy(buffer, c.in.data(), held);
    ssize_t const n = ::recv(c.fd, buffer + held, sizeof buffer - held, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n <= 0) return hang_up(c);
    c.active = std::time(nullptr);
    if (c.last_words) return;  // nothing that comes after the end is heard
    if (!drive(c, {buffer, held + static_cast<std::size_t>(n)})) hang_up(c);
}

void writable(connection& c) {
    std::string const pending = std::exchange(c.out, {});
    std::string const held = c.in;
    c.active = std::time(nullptr);
    if (!send_out(c, pending) || (c.out.empty() && !drive(c, c.last_words ? std::string_view() : held))) hang_up(c);
}

void accept_all(int listener) {
    for (;;) {
        int const fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;  // none left, or no descriptor to spare: the others go on, this one waits
        int const on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++total.connections;
        connection& c = *(connections[fd] = std::make_unique<connection>(fd));
        watch(fd, true, false, EPOLL_CTL_ADD);
        if (!drive(c, {})) hang_up(c);  // the greeting
    }
}

void close_idle(std::time_t now) {
    for (auto next = connections.begin(); next != connections.end();) {
        connection& c = *(next++)->second;
        if (now - c.active < static_cast<std::time_t>(ehlo::server_timeout)) continue;
        char out[ehlo::server::reply_space];
        ehlo::step const s = c.smtp.shut_down(c.messages, out);
        send_out(c, {out, s.produced});
        hang_up(c);
    }
}

int listen_on_port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(opt.port));
    socklen_t size = sizeof address;
    int const on = 1;
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::inet_pton(AF_INET, opt.host.c_str(), &address.sin_addr) != 1 ||
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 1024) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::fprintf(stderr, "mailsink: cannot listen on %s:%d: %s\n", opt.host.c_str(), opt.port, std::strerror(errno));
        std::exit(1);
    }
    std::printf("listening on %s:%d\n", opt.host.c_str(), int{ntohs(address.sin_port)});
    std::fflush(stdout);
    return fd;
}

[[noreturn]] void usage() {
    std::fputs("usage: mailsink --dir=DIR [--host=127.0.0.1] [--port=2525] [--name=HOST] [--verbose] [--no-sync]\n", stderr);
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
        else if (arg == "--no-sync") opt.sync = false;
        else usage();
    }
    if (opt.dir.empty() || opt.port < 0 || opt.port > 65535 || !ehlo::parse_host(opt.name)) usage();
}

}  // namespace

int main(int argc, char** argv) {
    read_options(argc, argv);
    directory = ::open(opt.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
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
    int const listener = listen_on_port();
    watch(listener, true, false, EPOLL_CTL_ADD);
    std::time_t told = std::time(nullptr);
    unsigned long long told_messages = 0;
    while (!stop) {
        epoll_event events[256];
        int const n = ::epoll_pwait(poller, events, 256, 1000, &open);
        for (int i = 0; i < n; ++i) {
            int const fd = events[i].data.fd;
            auto const found = connections.find(fd);
            if (fd == listener) accept_all(listener);
            else if (found == connections.end()) continue;  // hung up a moment ago
            else if ((events[i].events & EPOLLOUT) != 0) writable(*found->second);
            else readable(*found->second);
        }
        std::time_t const now = std::time(nullptr);
        if (now - told < 5) continue;
        if (total.messages != told_messages)
            std::fprintf(stderr, "%llu messages, %llu octets, %zu connections open\n", total.messages, total.octets, connections.size());
        told = now;
        told_messages = total.messages;
        close_idle(now);
    }
    connections.clear();  // and with them every message that is not whole
    std::printf("%llu messages, %llu octets, %llu connections\n", total.messages, total.octets, total.connections);
}
