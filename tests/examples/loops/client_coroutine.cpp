// A client on C++20 coroutines, see dialogue.hpp and awaitables.hpp:
//   c++ -std=c++20 -Iinclude tests/examples/loops/client_coroutine.cpp -o client_coroutine
//   ./client_coroutine HOST PORT FROM TO... < MESSAGE
#include "awaitables.hpp"
#include "dialogue.hpp"

#include <cerrno>
#include <cstdlib>

namespace {

class connection {
    loop& loop_;
    int fd_ = -1;

    static loop::time_point in(std::chrono::seconds limit) { return std::chrono::steady_clock::now() + limit; }
    static bool again() { return errno == EAGAIN || errno == EINTR; }

  public:
    static constexpr bool has_tls = false;

    explicit connection(loop& l) : loop_(l) {}
    connection(connection const&) = delete;
    ~connection() { close(); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

    // Tries one address after the other.
    task<bool> connect(std::vector<address> const& all) {
        for (address a : all) {
            fd_ = ::socket(a.octets.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            if (fd_ < 0) continue;
            int error = ::connect(fd_, a.get(), a.size) == 0 ? 0 : errno;
            if (error == EINPROGRESS && co_await loop_.wait(fd_, POLLOUT, in(std::chrono::seconds(30)))) {
                socklen_t size = sizeof error;
                if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
            }
            if (error == 0) co_return true;
            close();
        }
        co_return false;
    }
    task<bool> send(std::string_view octets) {
        while (!octets.empty()) {
            ssize_t const n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (n >= 0) octets.remove_prefix(static_cast<std::size_t>(n));
            else if (!again()) co_return false;
            else if (!co_await loop_.wait(fd_, POLLOUT, in(std::chrono::seconds(ehlo::content_block_timeout)))) co_return false;
        }
        co_return true;
    }
    task<bool> receive(std::string& to, std::chrono::seconds limit) {
        char block[4096];
        for (auto const deadline = in(limit); co_await loop_.wait(fd_, POLLIN, deadline);) {
            ssize_t const n = ::recv(fd_, block, sizeof block, 0);
            if (n > 0) to.append(block, static_cast<std::size_t>(n));
            if (n >= 0 || !again()) co_return n > 0;
        }
        co_return false;
    }
};

task<bool> deliver(loop& io, letter const& l, int& code) {
    std::string why;
    connection c(io);
    dialogue<task, connection> d(c, l);
    bool const there = co_await c.connect(resolve(l.host, static_cast<unsigned>(std::strtoul(l.port.c_str(), nullptr, 10)), why));
    if (there) code = co_await d.run();
    else std::fprintf(stderr, "cannot connect to %s: %s\n", l.host.c_str(), why.empty() ? std::strerror(errno) : why.c_str());
    co_return there;
}

}  // namespace

int main(int argc, char** argv) {
    letter const l = letter::read(argc, argv);
    if (l.to.empty()) return 2;
    int code = 75;
    loop io;
    io.spawn(deliver(io, l, code));
    io.run();
    return code;
}
