// A server on libuv, see session.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/server_uv.cpp -luv -o server_uv && ./server_uv [PORT]
#include "session.hpp"

#include <uv.h>

#include <csignal>
#include <list>

namespace {

template <class H>
uv_handle_t* handle(H& h) {
    return reinterpret_cast<uv_handle_t*>(&h);
}
template <class H>
uv_stream_t* stream(H& h) {
    return reinterpret_cast<uv_stream_t*>(&h);
}

struct connection : session {
    static inline std::list<connection> all;

    uv_tcp_t socket{};
    uv_timer_t timer{};
    uv_write_t sending{};
    bool busy = false;   // `out` is libuv's until it has been sent
    unsigned open = 2;   // handles: libuv says when it has let go of one
    std::list<connection>::iterator self;
    char block[16384];

    connection(uv_loop_t* on, options const& o) : session(o, all.size() >= at_once) {
        uv_tcp_init(on, &socket);
        uv_timer_init(on, &timer);
        socket.data = timer.data = sending.data = this;
    }
    static connection& of(void* data) { return *static_cast<connection*>(data); }

    // Does what is wanted, until that has to wait.
    void go_on() {
        if (busy) return;
        while (out.empty() && wants == ehlo::want::write) turn();
        if (over()) return close();
        if (!out.empty()) {
            uv_buf_t const octets = uv_buf_init(out.data(), static_cast<unsigned>(out.size()));
            if (uv_write(&sending, stream(socket), &octets, 1, sent) != 0) return close();
            busy = true;
        }
        if (out.empty() && wants == ehlo::want::read) uv_read_start(stream(socket), allocate, received);
        else uv_read_stop(stream(socket));
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline() - clock_type::now()).count();
        uv_update_time(timer.loop);
        uv_timer_start(&timer, expired, left > 0 ? static_cast<std::uint64_t>(left) : 0, 0);
    }
    void close() {
        if (uv_is_closing(handle(socket))) return;
        lost();
        uv_close(handle(socket), closed);
        uv_close(handle(timer), closed);
    }
    void stop_now() {
        if (!busy) {
            stop();
            uv_buf_t const octets = uv_buf_init(out.data(), static_cast<unsigned>(out.size()));
            uv_try_write(stream(socket), &octets, 1);
        }
        close();
    }

    static void allocate(uv_handle_t* h, std::size_t, uv_buf_t* b) { *b = uv_buf_init(of(h->data).block, sizeof block); }
    static void received(uv_stream_t* s, ssize_t n, uv_buf_t const*) {
        connection& c = of(s->data);
        if (n < 0) return c.close();
        if (n == 0) return;   // nothing yet
        c.in.append(c.block, static_cast<std::size_t>(n));
        c.turn();
        c.go_on();
    }
    static void sent(uv_write_t* w, int status) {
        connection& c = of(w->data);
        c.busy = false;
        c.out.clear();
        if (status != 0) c.close();
        else c.go_on();
    }
    static void expired(uv_timer_t* t) {
        connection& c = of(t->data);
        c.session::expired();
        if (c.over()) c.close();
        else c.go_on();
    }
    static void closed(uv_handle_t* h) {
        connection& c = of(h->data);
        if (--c.open == 0) all.erase(c.self);
    }
};

uv_tcp_t listener;
uv_signal_t signals[2];

void accept(uv_stream_t* l, int status) {
    if (status != 0) return;
    connection& c = connection::all.emplace_back(l->loop, *static_cast<options const*>(l->data));
    c.self = std::prev(connection::all.end());
    if (uv_accept(l, stream(c.socket)) != 0) return c.close();
    uv_tcp_nodelay(&c.socket, 1);
    c.go_on();
}

void stop(uv_signal_t*, int) {
    for (connection& c : connection::all) c.stop_now();
    for (uv_signal_t& s : signals) uv_close(handle(s), nullptr);
    uv_close(handle(listener), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    options o(argc, argv);
    uv_loop_t* const loop = uv_default_loop();
    uv_tcp_init(loop, &listener);
    listener.data = &o;
    sockaddr_in where{};
    int size = sizeof where;
    uv_ip4_addr("127.0.0.1", o.port, &where);
    int bad = uv_tcp_bind(&listener, reinterpret_cast<sockaddr const*>(&where), 0);
    if (bad == 0) bad = uv_listen(stream(listener), 128, accept);
    if (bad == 0) bad = uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&where), &size);
    if (bad != 0) return std::fprintf(stderr, "cannot listen: %s\n", uv_strerror(bad)), 1;
    say_where(ntohs(where.sin_port));

    std::signal(SIGPIPE, SIG_IGN);
    for (int n : {0, 1}) {
        uv_signal_init(loop, &signals[n]);
        uv_signal_start(&signals[n], stop, n == 0 ? SIGTERM : SIGINT);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_loop_close(loop) == 0 ? 0 : 1;
}
