#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <optional>
#include <string>

// What a connection from a proxy begins with. Read it only where the peer is known to be the proxy: anybody can write one.
struct front {
    std::string in, client;   // client: "192.0.2.1 port 4321", empty if the proxy does not say

    // Nothing: more octets are needed. False: close without a word. True: `in` begins with the client's first octet, SMTP or TLS.
    std::optional<bool> read() {
        auto const h = ehlo::parse_proxy_header(in);
        if (h.need_more()) return std::nullopt;   // a header is bounded (proxy_limits), and so is this
        if (h.failed()) return false;
        char room[64];
        ehlo::writer address(room);
        if (h->tells() && h->family != ehlo::proxy_family::unix_socket && write_ip_address(address, h->source))
            client = std::string(address.text()) + " port " + std::to_string(h->source_port);
        in.erase(0, h.consumed);   // last: the views of the header end with it
        return true;
    }
};

int main() {
    auto feed = [](front& f, std::string const& octets, std::size_t at_once) -> std::optional<bool> {
        for (std::size_t at = 0; at < octets.size(); at += at_once) {
            f.in += octets.substr(at, at_once);
            if (auto const r = f.read()) return r;
        }
        return std::nullopt;
    };
    for (std::size_t const at_once : {1u, 1000u}) {
        front good;
        if (feed(good, "PROXY TCP4 192.0.2.1 198.51.100.2 4321 25\r\n", at_once) != true || good.client != "192.0.2.1 port 4321") return 1;
        front unknown;
        if (feed(unknown, "PROXY UNKNOWN\r\n", at_once) != true || !unknown.client.empty()) return 2;
        front bad;
        if (feed(bad, "EHLO me.example\r\n", at_once) != false) return 3;
        front half;
        if (feed(half, "PROXY TCP4 192.0.2.1", at_once)) return 4;
    }
    front early;
    if (feed(early, "PROXY UNKNOWN\r\nEHLO me.example\r\n", 1000) != true || early.in != "EHLO me.example\r\n") return 5;
    std::printf("192.0.2.1 port 4321\n");
}
