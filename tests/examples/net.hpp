// Names and addresses: what a server listens on and what a client connects to, IPv4 and IPv6 alike.
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

struct address {
    sockaddr_storage octets{};
    socklen_t size = sizeof octets;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&octets); }
    bool is_ipv6() const { return octets.ss_family == AF_INET6; }
    std::string host() const {
        char host[NI_MAXHOST] = "";
        ::getnameinfo(reinterpret_cast<sockaddr const*>(&octets), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
        return host;
    }
    std::uint16_t port() const {
        return ntohs(is_ipv6() ? reinterpret_cast<sockaddr_in6 const&>(octets).sin6_port
                               : reinterpret_cast<sockaddr_in const&>(octets).sin_port);
    }
    std::string text() const { return (is_ipv6() ? "[" + host() + "]:" : host() + ":") + std::to_string(port()); }
    bool operator==(address const& other) const {
        return size == other.size && std::memcmp(&octets, &other.octets, size) == 0;
    }
};

// All addresses of a host, each once (/etc/hosts says some things twice); of "*", those that mean any of this machine's.
// None: `why` says why.
inline std::vector<address> resolve(std::string const& host, unsigned port, std::string& why) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (host == "*" ? AI_PASSIVE : 0);
    int const e = ::getaddrinfo(host == "*" ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (e != 0) why = e == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(e);
    std::vector<address> all;
    for (addrinfo const* i = found; i != nullptr; i = i->ai_next) {
        address a;
        std::memcpy(&a.octets, i->ai_addr, i->ai_addrlen);
        a.size = i->ai_addrlen;
        if (std::find(all.begin(), all.end(), a) == all.end()) all.push_back(a);
    }
    if (found != nullptr) ::freeaddrinfo(found);
    return all;
}

// A socket that listens on the address, which says the port afterwards. -1: errno tells why.
inline int listen_on(address& a) {
    int const on = 1, fd = ::socket(a.octets.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&  // the connections inherit it
        (!a.is_ipv6() || ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        ::bind(fd, a.get(), a.size) == 0 && ::listen(fd, 1024) == 0 && ::getsockname(fd, a.get(), &a.size) == 0)
        return fd;
    int const why = errno;
    ::close(fd);
    errno = why;
    return -1;
}

// Listens on every address of the host; a machine without IPv6 may have localhost all the same. Port 0 becomes the first
// one's, for all. False: `why` says why.
inline bool listen_on(std::string const& host, unsigned& port, std::vector<int>& sockets, std::vector<address>& where, std::string& why) {
    std::size_t const before = sockets.size();
    for (address a : resolve(host, port, why)) {
        auto& of_a = a.is_ipv6() ? reinterpret_cast<sockaddr_in6&>(a.octets).sin6_port : reinterpret_cast<sockaddr_in&>(a.octets).sin_port;
        of_a = htons(static_cast<std::uint16_t>(port));
        int const fd = listen_on(a);
        if (fd >= 0) {
            port = a.port();
            sockets.push_back(fd);
            where.push_back(a);
            continue;
        }
        why = std::strerror(errno);
        if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) return false;
    }
    return sockets.size() != before;
}
