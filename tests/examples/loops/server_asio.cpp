// A server on Asio, with STARTTLS if it has a certificate, see session.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/server_asio.cpp -lssl -lcrypto -pthread -o server_asio
//   ./server_asio [PORT [SECONDS [CERTIFICATE.pem]]]     the file holds the key, too
#include "session.hpp"

#include <exception>   // Asio 1.22 needs it, and does not say so
#include <asio.hpp>
#include <asio/ssl.hpp>

#include <csignal>
#include <memory>
#include <set>

namespace {

using asio::ip::tcp;
using std::error_code;

auto into(error_code& e) {
    return asio::redirect_error(asio::use_awaitable, e);
}

struct connection;
struct service {
    options const& opt;
    ehlo::policy rules = session::rules;
    std::set<connection*> open{};
    bool stopped = false;
    asio::ssl::context tls{asio::ssl::context::tls_server};
};

struct connection : session, std::enable_shared_from_this<connection> {
    service& of;
    tcp::socket socket;
    asio::steady_timer timer;

    connection(service& s, tcp::socket&& accepted)
        : session(s.opt, s.open.size() >= at_once, s.rules), of(s), socket(std::move(accepted)), timer(socket.get_executor()) {
        of.open.insert(this);
    }
    ~connection() { of.open.erase(this); }

    void cancel() {
        error_code ignored;
        socket.cancel(ignored);
        timer.cancel(ignored);
    }
    // What is begun next is cancelled at the deadline. A timer that had fired already finds that the deadline has moved.
    void limit(clock_type::time_point until) {
        timer.expires_at(until);
        timer.async_wait([self = shared_from_this()](error_code e) {
            if (!e && self->timer.expiry() <= clock_type::now()) self->cancel();
        });
    }

    // Talks until it is over, or until TLS is wanted.
    template <class Stream>
    asio::awaitable<void> talk(Stream& stream) {
        error_code e;
        char block[16384];
        for (;;) {
            if (of.stopped && wants != ehlo::want::close) stop();
            if (!out.empty()) {
                limit(deadline());
                co_await asio::async_write(stream, asio::buffer(out), into(e));
                out.clear();
                if (e) lost();
            } else if (wants == ehlo::want::read) {
                limit(deadline());
                std::size_t const n = co_await stream.async_read_some(asio::buffer(block), into(e));
                in.append(block, n);
                if (!e) turn();
                else if (e != asio::error::operation_aborted) lost();
                else if (!of.stopped) expired();
            } else if (wants == ehlo::want::reply) {
                timer.expires_at(deadline());
                co_await timer.async_wait(into(e));
                if (!e) expired();
            } else if (wants == ehlo::want::write) {
                turn();
            } else {
                co_return;
            }
        }
    }
    asio::awaitable<void> talk_securely() {
        asio::ssl::stream<tcp::socket&> stream(socket, of.tls);
        error_code e;
        limit(deadline());
        co_await stream.async_handshake(stream.server, into(e));
        if (e) co_return lost();
        secured();
        co_await talk(stream);
        limit(clock_type::now() + std::chrono::seconds(1));   // not all clients answer
        co_await stream.async_shutdown(into(e));
    }
    asio::awaitable<void> serve() {
        auto const self = shared_from_this();
        co_await talk(socket);
        if (wants == ehlo::want::tls) co_await talk_securely();
        cancel();   // the timer owns the connection, too
        error_code ignored;
        socket.close(ignored);
    }
};

asio::awaitable<void> accept(tcp::acceptor& listener, service& s) {
    for (;;) {
        error_code e;
        tcp::socket socket = co_await listener.async_accept(into(e));
        if (s.stopped) co_return;
        if (e) continue;
        socket.set_option(tcp::no_delay(true), e);
        auto const c = std::make_shared<connection>(s, std::move(socket));
        asio::co_spawn(c->socket.get_executor(), c->serve(), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    options const o(argc, argv);
    asio::io_context io(1);
    service s{o};
    if (argc > 3) {
        s.tls.use_certificate_chain_file(argv[3]);
        s.tls.use_private_key_file(argv[3], asio::ssl::context::pem);
        s.rules.offers = s.rules.offers | ehlo::extension::starttls;
    }
    tcp::acceptor listener(io, tcp::endpoint(asio::ip::address_v4::loopback(), o.port));
    say_where(listener.local_endpoint().port());
    asio::co_spawn(io, accept(listener, s), asio::detached);

    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&](error_code, int) {
        s.stopped = true;
        listener.close();
        for (connection* c : s.open) c->cancel();
    });
    io.run();
}
