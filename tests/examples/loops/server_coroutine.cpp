// A server on C++20 coroutines, see session.hpp and awaitables.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/server_coroutine.cpp -o server_coroutine && ./server_coroutine [PORT]
#include "awaitables.hpp"
#include "session.hpp"

#include <cerrno>

namespace {

std::size_t connections = 0;

struct connection : session {
    int fd;
    connection(int f, options const& o) : session(o, connections++ >= at_once), fd(f) {}
    connection(connection const&) = delete;
    ~connection() {
        ::close(fd);
        --connections;
    }
};

task<bool> send(loop& io, connection& c) {
    while (!c.out.empty()) {
        ssize_t const n = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
        if (n >= 0) c.out.erase(0, static_cast<std::size_t>(n));
        else if (errno != EAGAIN && errno != EINTR) co_return false;
        else if (!co_await io.wait(c.fd, POLLOUT, c.deadline())) co_return false;
    }
    co_return true;
}

enum class heard { octets, nothing, end };
task<heard> receive(loop& io, connection& c) {
    if (!co_await io.wait(c.fd, POLLIN, c.deadline())) co_return heard::nothing;
    char block[16384];
    ssize_t const n = ::recv(c.fd, block, sizeof block, 0);
    if (n <= 0) co_return n < 0 && (errno == EAGAIN || errno == EINTR) ? heard::octets : heard::end;
    c.in.append(block, static_cast<std::size_t>(n));
    co_return heard::octets;
}

task<bool> serve(loop& io, int fd, options const& o) {
    connection c(fd, o);
    for (;;) {
        if (!co_await send(io, c)) c.lost();
        if (c.wants == ehlo::want::close) {
            co_return true;
        } else if (io.stopped()) {
            c.stop();
        } else if (c.wants == ehlo::want::read) {
            heard const h = co_await receive(io, c);
            if (h == heard::octets) c.turn();
            else if (h == heard::end) c.lost();
            else if (!io.stopped()) c.expired();
        } else if (c.wants == ehlo::want::reply) {
            co_await io.wait(-1, 0, c.deadline());
            if (!io.stopped()) c.expired();
        } else {
            c.turn();
        }
    }
}

task<bool> accept(loop& io, int listener, options const& o) {
    while (co_await io.wait(listener, POLLIN, loop::time_point::max())) {
        int const fd = accept_from(listener);
        if (fd >= 0) io.spawn(serve(io, fd, o));
    }
    ::close(listener);
    co_return true;
}

}  // namespace

int main(int argc, char** argv) {
    options const o(argc, argv);
    unsigned port = o.port;
    int const listener = listen_here(port);
    if (listener < 0) return 1;
    loop io;
    io.spawn(accept(io, listener, o));
    say_where(port);
    io.run();
}
