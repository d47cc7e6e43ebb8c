#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <string_view>

// What is said in between. Each function is optional: without any, all that a strict server would take goes on as it is.
struct gateway {
    void on(ehlo::ehlo_answer& a) const { a.size = 10'000'000; }
    ehlo::relay_say on(ehlo::cmd::mail const& c) const {
        return ehlo::iequals(c.from.domain(), "spam.example") ? "550 5.7.1 Not through here" : ehlo::relay_say();
    }
};

// Octets of one side, in; what is for the other side and for the client, out. `in` keeps what must wait.
ehlo::relay_want relay(ehlo::relay& smtp, gateway& g, ehlo::direction from, std::string& in, std::string& to_client, std::string& to_server) {
    for (;;) {
        char out[8192];
        ehlo::relayed const r = smtp.advance(from, in, g, out);
        (from == ehlo::direction::from_client ? to_server : to_client) += std::string_view(in).substr(0, r.passed);
        (r.to_server ? to_server : to_client).append(out, r.produced);
        in.erase(0, r.consumed);
        if (r.want != ehlo::relay_want::again) return r.want;
    }
}

int main() {
    using ehlo::direction;
    constexpr ehlo::policy rules = ehlo::relay_policy();
    ehlo::relay smtp(rules, "relay.example");
    gateway g;
    std::string client, server = "220 mx.example\r\n", to_client, to_server;
    relay(smtp, g, direction::from_server, server, to_client, to_server);
    client = "EHLO me.example\r\n";
    relay(smtp, g, direction::from_client, client, to_client, to_server);
    server = "250-mx.example\r\n250-PIPELINING\r\n250-X-ODD\r\n250 SIZE 20000000\r\n";
    relay(smtp, g, direction::from_server, server, to_client, to_server);
    client = "MAIL FROM:<a@spam.example>\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n";
    relay(smtp, g, direction::from_client, client, to_client, to_server);
    server = "250 ok\r\n250 ok\r\n354 go\r\n";
    relay(smtp, g, direction::from_server, server, to_client, to_server);
    client = "a line\r\n.\r\n";
    relay(smtp, g, direction::from_client, client, to_client, to_server);
    server = "250 taken\r\n";
    relay(smtp, g, direction::from_server, server, to_client, to_server);
    std::fputs(to_client.c_str(), stdout);
    bool const right = to_client == "220 mx.example\r\n250-mx.example\r\n250-SIZE 10000000\r\n250 PIPELINING\r\n550 Not through here\r\n"
                                    "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n" &&
                       to_server == "EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\na line\r\n.\r\n";
    return right ? 0 : 1;
}
