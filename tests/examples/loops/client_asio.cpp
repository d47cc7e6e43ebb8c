// A client on Asio, with TLS where it is offered, see dialogue.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/client_asio.cpp -lssl -lcrypto -pthread -o client_asio
//   ./client_asio HOST PORT FROM TO... < MESSAGE
#include "dialogue.hpp"

#include <exception>   // Asio 1.22 needs it, and does not say so
#include <asio.hpp>
#include <asio/ssl.hpp>

namespace {

using asio::ip::tcp;
using std::error_code;
template <class T>
using awaitable = asio::awaitable<T>;

auto into(error_code& e) { return asio::redirect_error(asio::use_awaitable, e); }

class connection {
    tcp::socket socket_;
    asio::steady_timer timer_;
    // Opportunistic (RFC 7435), as between servers: any certificate is better than none. Who sends a password verifies it.
    asio::ssl::context context_{asio::ssl::context::tls_client};
    asio::ssl::stream<tcp::socket&> tls_{socket_, context_};
    bool secure_ = false;

    // What is begun next is given up then.
    void limit(std::chrono::seconds s) {
        timer_.expires_after(s);
        timer_.async_wait([this](error_code e) {
            if (!e && timer_.expiry() <= std::chrono::steady_clock::now()) socket_.close(e);
        });
    }

  public:
    static constexpr bool has_tls = true;

    explicit connection(asio::io_context& io) : socket_(io), timer_(io) {}

    awaitable<bool> connect(letter const& l) {
        error_code e;
        tcp::resolver resolver(socket_.get_executor());
        auto const all = co_await resolver.async_resolve(l.host, l.port, into(e));
        if (!e) {
            limit(std::chrono::seconds(60));
            co_await asio::async_connect(socket_, all, into(e));
        }
        if (e) std::fprintf(stderr, "cannot connect to %s: %s\n", l.host.c_str(), e.message().c_str());
        co_return !e;
    }
    awaitable<bool> send(std::string_view octets) {
        error_code e;
        limit(std::chrono::seconds(ehlo::content_block_timeout));
        if (secure_) co_await asio::async_write(tls_, asio::buffer(octets), into(e));
        else co_await asio::async_write(socket_, asio::buffer(octets), into(e));
        co_return !e;
    }
    awaitable<bool> receive(std::string& to, std::chrono::seconds within) {
        error_code e;
        char block[4096];
        std::size_t n = 0;
        limit(within);
        if (secure_) n = co_await tls_.async_read_some(asio::buffer(block), into(e));
        else n = co_await socket_.async_read_some(asio::buffer(block), into(e));
        to.append(block, n);
        co_return !e;
    }
    awaitable<bool> handshake() {
        error_code e;
        limit(std::chrono::seconds(client_timeout(ehlo::event::secured)));
        co_await tls_.async_handshake(tls_.client, into(e));
        secure_ = !e;
        co_return secure_;
    }
    awaitable<void> close() {
        error_code e;
        limit(std::chrono::seconds(1));   // not all servers answer
        if (secure_) co_await tls_.async_shutdown(into(e));
        timer_.cancel();
    }
};

awaitable<void> deliver(connection& c, letter const& l, int& code) {
    dialogue<awaitable, connection> d(c, l);
    if (co_await c.connect(l)) code = co_await d.run();
    co_await c.close();
}

}  // namespace

int main(int argc, char** argv) {
    letter const l = letter::read(argc, argv);
    if (l.to.empty()) return 2;
    int code = 75;
    asio::io_context io(1);
    connection c(io);   // outlives its timer
    asio::co_spawn(io, deliver(c, l, code), asio::detached);
    io.run();
    return code;
}
