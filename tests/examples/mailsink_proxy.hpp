// The PROXY header in front of a connection: who the client is, as the proxy says.
#pragma once

#include <ehlo/proxy_header.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace mailsink {

// The client's address as net.hpp spells them; empty if the header tells none.
inline std::string source_of(ehlo::proxy_header const& h) {
    if (!h.tells()) return {};
    if (h.family == ehlo::proxy_family::unix_socket) return "unix:" + std::string(h.source_path);
    char room[64];
    ehlo::writer out(room);
    if (!ehlo::write_ip_address(out, h.source)) return {};
    std::string const host(out.text());
    return (h.family == ehlo::proxy_family::ipv6 ? "[" + host + "]:" : host + ":") + std::to_string(h.source_port);
}

// Reads a header, and not an octet of what comes after it: that may be TLS.
class proxy_reader {
    std::string begun_{};

  public:
    enum class what { waits, done, refused, lost };
    ehlo::failure why{};
    std::string source{};   // when it is done

    what read(int fd) {
        char octets[4096];
        std::memcpy(octets, begun_.data(), begun_.size());
        ssize_t const n = ::recv(fd, octets + begun_.size(), sizeof octets - begun_.size(), MSG_PEEK);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return what::waits;
        if (n <= 0) return what::lost;
        std::size_t const size = begun_.size() + static_cast<std::size_t>(n);
        auto const h = ehlo::parse_proxy_header(std::string_view(octets, size), {.total = sizeof octets});
        if (h.failed()) {
            why = h.error();
            return what::refused;
        }
        // All of it so far is the header's, so it may go.
        std::size_t const take = (h.ready() ? h.consumed : size) - begun_.size();
        if (::recv(fd, octets + begun_.size(), take, 0) != static_cast<ssize_t>(take)) return what::lost;
        if (h.ready()) source = source_of(*h);
        else begun_.assign(octets, size);
        return h.ready() ? what::done : what::waits;
    }
};

}  // namespace mailsink
