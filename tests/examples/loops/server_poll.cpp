// A server on poll(2), see session.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/server_poll.cpp -o server_poll && ./server_poll [PORT]
#include "../net.hpp"
#include "session.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <list>

namespace {

volatile std::sig_atomic_t stopped = 0;

struct connection : session {
    int fd;
    connection(int f, options const& o, bool crowded) : session(o, crowded), fd(f) {}
    connection(connection const&) = delete;
    ~connection() { ::close(fd); }

    short events() const { return !out.empty() ? POLLOUT : wants == ehlo::want::read ? POLLIN : 0; }

    void receive() {
        char block[16384];
        ssize_t const n = ::recv(fd, block, sizeof block, 0);
        if (n > 0) {
            in.append(block, static_cast<std::size_t>(n));
            turn();
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            lost();
        }
    }
    // Sends until there is nothing more to say, or no room for it.
    void send() {
        while (!out.empty()) {
            ssize_t const n = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (n < 0) return lost();
            out.erase(0, static_cast<std::size_t>(n));
            if (out.empty() && wants == ehlo::want::write) turn();
        }
    }
};

}  // namespace

int main(int argc, char** argv) {
    options const o(argc, argv);
    std::string why;
    unsigned port = o.port;
    std::vector<int> listeners;
    std::vector<address> where;
    if (!listen_on("127.0.0.1", port, listeners, where, why)) return std::fprintf(stderr, "cannot listen: %s\n", why.c_str()), 1;

    // A signal comes while ppoll() waits, or not at all: none is missed.
    sigset_t ours, old;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigprocmask(SIG_BLOCK, &ours, &old);
    for (int s : {SIGTERM, SIGINT}) std::signal(s, [](int) { stopped = 1; });
    say_where(port);

    std::list<connection> all;
    std::vector<pollfd> polled;
    while (stopped == 0) {
        polled.assign(1, {listeners[0], POLLIN, 0});
        auto until = clock_type::now() + std::chrono::hours(1);
        for (connection const& c : all) {
            short const events = c.events();
            polled.push_back({events != 0 ? c.fd : -1, events, 0});   // -1: not even that it was hung up
            until = std::min(until, c.deadline());
        }
        auto const left = std::max(std::chrono::nanoseconds(until - clock_type::now()), std::chrono::nanoseconds(0)).count();
        timespec const time{left / 1'000'000'000, left % 1'000'000'000};
        if (::ppoll(polled.data(), polled.size(), &time, &old) < 0) continue;

        auto const now = clock_type::now();
        auto p = polled.begin();
        bool const newcomer = p->revents != 0;
        for (auto c = all.begin(); c != all.end();) {
            if ((++p)->revents != 0 && c->out.empty()) c->receive();
            else if (now >= c->deadline()) c->expired();
            c->send();
            c = c->over() ? all.erase(c) : std::next(c);
        }
        if (!newcomer) continue;
        int const fd = ::accept4(listeners[0], nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) continue;
        all.emplace_back(fd, o, all.size() >= session::at_once).send();
        if (all.back().over()) all.pop_back();
    }
    for (connection& c : all) {
        c.stop();
        c.send();
    }
    ::close(listeners[0]);
}
