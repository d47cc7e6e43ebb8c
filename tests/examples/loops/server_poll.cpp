// A server on poll(2), see session.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/server_poll.cpp -o server_poll && ./server_poll [PORT]
#include "polling.hpp"
#include "session.hpp"

#include <algorithm>
#include <cerrno>
#include <list>

namespace {

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
    unsigned port = o.port;
    int const listener = listen_here(port);
    if (listener < 0) return 1;
    poller io;
    say_where(port);

    std::list<connection> all;
    std::vector<pollfd> polled;
    while (!io.stopped()) {
        polled.assign(1, {listener, POLLIN, 0});
        auto until = clock_type::time_point::max();
        for (connection const& c : all) {
            short const events = c.events();
            polled.push_back({events != 0 ? c.fd : -1, events, 0});   // -1: not even that it was hung up
            until = std::min(until, c.deadline());
        }
        io.wait(polled, until);

        auto const now = clock_type::now();
        auto p = polled.begin();
        for (auto c = all.begin(); c != all.end();) {
            if ((++p)->revents != 0 && c->out.empty()) c->receive();
            else if (now >= c->deadline()) c->expired();
            c->send();
            c = c->over() ? all.erase(c) : std::next(c);
        }
        int const fd = polled[0].revents != 0 ? accept_from(listener) : -1;
        if (fd < 0) continue;
        all.emplace_back(fd, o, all.size() >= session::at_once).send();
        if (all.back().over()) all.pop_back();
    }
    for (connection& c : all) {
        c.stop();
        c.send();
    }
    ::close(listener);
}
