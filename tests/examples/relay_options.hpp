// What relay can be told on its command line.
#pragma once

#include "command_line.hpp"
#include "logins.hpp"
#include "net.hpp"
#include "tls.hpp"

#include <ehlo/ehlo.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relaying {

inline constexpr char usage[] =
    R"(usage: relay --upstream=HOST:PORT [OPTION]...
  --upstream=HOST:PORT the server behind it
  --host=HOST          listen there: a name, an IPv4 or IPv6 address, or * for all of both; may be repeated (127.0.0.1)
  --port=N             (2526); 0: any that is free
  --name=HOST          what the relay calls itself (relay.invalid)
  --verbose            tell of each reply on stderr; where it is the relay's own, with the reason
  --lmtp               LMTP on both sides
towards the clients
  --certificate=FILE   offer STARTTLS with this certificate (PEM; first its own, then those that vouch for it)
  --key=FILE           its key (PEM; the certificate's file)
  --self-signed=FILE   offer STARTTLS with a certificate made now, which is written to FILE for clients to trust
  --tls-port=N         another port, on which TLS is spoken from the beginning; 0: any that is free
  --require-tls        530 for what comes without it
  --clear-passwords    let AUTH pass with passwords in the clear; the relay's own go so, too
  --without=KEYWORD,...  do not offer these extensions, whatever the server offers
  --max-size=N         octets of a message, 65536 at least
  --bare=reject        what becomes of CR or LF alone in content: the message is refused; `normalize`: after DATA they are made CRLF,
                       which no signature survives; or `pass`
  --max-connections=N  at once (1000)
  --idle=SECONDS       to wait for a client (300)
towards the server
  --starttls=never     use STARTTLS there: `never`, `offered`, where it is on offer, or `required`
  --upstream-tls       speak TLS there from the beginning
  --trust=FILE         certificates to trust (PEM; those of the system)
  --insecure           trust anybody
  --user=NAME:PASSWORD log in there, for all clients; then AUTH is not offered to them
  --users=FILE         likewise, with the first line of a file: others can see a command line
  --xclient            tell it who the client is by XCLIENT, where it is on offer
  --proxy              tell it by a PROXY header, version 1
  --patience=SECONDS   to wait for a reply (what RFC 5321 4.5.3.2 has for each command)
)";

enum class starttls { never, offered, required };

struct options {
    std::string name = "relay.invalid", upstream_host, trust, certificate, key, self_signed;
    std::vector<std::string> hosts;
    std::vector<address> upstream;
    unsigned port = 2526, upstream_port = 0, idle = ehlo::server_timeout, patience = 0;
    std::optional<unsigned> tls_port;
    ehlo::policy policy = ehlo::relay_policy();
    std::size_t max_connections = 1000;
    relaying::starttls use_tls = starttls::never;
    logins::users users;
    bool verbose = false, upstream_tls = false, insecure = false, xclient = false, proxy = false;
    tls_context serves, asks;
};

inline void read_options(int argc, char** argv, options& opt) {
    ehlo::policy& p = opt.policy;
    auto leave_out = [&p](argument const& a) {
        for (std::string_view rest = a.text; !rest.empty();) {
            std::size_t const comma = std::min(rest.find(','), rest.size());
            auto const e = ehlo::find_extension(rest.substr(0, comma));
            if (!e) a.wrong("no such keyword of EHLO");
            p.offers = p.offers - *e;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    };
    auto upstream = [&](argument const& a) {
        std::size_t const colon = a.text.rfind(':');
        if (colon == a.text.npos) a.wrong("HOST:PORT is wanted");
        opt.upstream_host = a.text.substr(0, colon);
        bool const brackets = opt.upstream_host.starts_with('[') && opt.upstream_host.ends_with(']');
        if (brackets) opt.upstream_host = opt.upstream_host.substr(1, opt.upstream_host.size() - 2);
        opt.upstream_port = argument{a.program, a.key, a.text.substr(colon + 1), true}.number(1u, 65535u);
    };
    auto clients = [&](argument const& a) {
        if (a.is("--certificate")) opt.certificate = a.text;
        else if (a.is("--key")) opt.key = a.text;
        else if (a.is("--self-signed")) opt.self_signed = a.text;
        else if (a.is("--tls-port")) opt.tls_port = a.number(0u, 65535u);
        else if (a.is_flag("--require-tls")) p.require_tls = true;
        else if (a.is_flag("--clear-passwords")) p.clear_text_passwords = true;
        else if (a.is("--without")) leave_out(a);
        else if (a.is("--max-size")) p.max_message = a.number(std::uint64_t{65536}, ~std::uint64_t{0});
        else if (a.is("--bare") && a.text == "reject") p.bare = ehlo::bare_octets::reject;
        else if (a.key == "--bare" && a.text == "normalize") p.bare = ehlo::bare_octets::normalize;
        else if (a.key == "--bare" && a.text == "pass") p.bare = ehlo::bare_octets::pass;
        else if (a.is("--max-connections")) opt.max_connections = a.number(std::size_t{1}, std::size_t{100000});
        else if (a.is("--idle")) opt.idle = a.number(1u, 86400u);
        else return false;
        return true;
    };
    auto server = [&](argument const& a) {
        if (a.is("--upstream")) upstream(a);
        else if (a.is("--starttls") && a.text == "never") opt.use_tls = starttls::never;
        else if (a.key == "--starttls" && a.text == "offered") opt.use_tls = starttls::offered;
        else if (a.key == "--starttls" && a.text == "required") opt.use_tls = starttls::required;
        else if (a.is_flag("--upstream-tls")) opt.upstream_tls = true;
        else if (a.is("--trust")) opt.trust = a.text;
        else if (a.key == "--user" && !opt.users.add(a.text)) argument{a.program, a.key, {}, false}.wrong("NAME:PASSWORD is wanted");
        else if (a.key == "--user") {}
        else if (a.is("--users") && !opt.users.read(std::string(a.text))) a.wrong("no file with a line NAME:PASSWORD");
        else if (a.key == "--users") {}
        else if (a.is_flag("--insecure")) opt.insecure = true;
        else if (a.is_flag("--xclient")) opt.xclient = true;
        else if (a.is_flag("--proxy")) opt.proxy = true;
        else if (a.is("--patience")) opt.patience = a.number(1u, 86400u);
        else return false;
        return true;
    };
    auto take = [&](argument const& a) {
        if (a.is("--host")) opt.hosts.emplace_back(a.text);
        else if (a.is("--port")) opt.port = a.number(0u, 65535u);
        else if (a.is("--name")) opt.name = a.text;
        else if (a.is_flag("--verbose")) opt.verbose = true;
        else if (a.is_flag("--lmtp")) p.service = ehlo::service::lmtp;
        else return clients(a) || server(a);
        if (a.key == "--name" && !ehlo::parse_host(opt.name)) a.wrong("neither a domain nor an address literal");
        return true;
    };
    read_command_line(argc, argv, "relay", usage, take, [](std::string_view) { return false; });

    auto end = [](std::string const& why) {
        std::fprintf(stderr, "relay: %s; --help lists the options\n", why.c_str());
        std::exit(2);
    };
    if (opt.upstream_port == 0) end("--upstream is needed");
    if (!opt.users.empty()) p.offers = p.offers - ehlo::extension::auth;
    if (opt.hosts.empty()) opt.hosts.emplace_back("127.0.0.1");
    if (!opt.self_signed.empty() && !opt.serves.serve_self_signed(opt.name, opt.self_signed)) end("--self-signed: " + opt.serves.why);
    if (!opt.certificate.empty() && !opt.serves.serve(opt.certificate, opt.key.empty() ? opt.certificate : opt.key))
        end("--certificate: " + opt.serves.why);
    if ((opt.tls_port || p.require_tls) && !opt.serves) end("TLS needs --certificate or --self-signed");
    bool const asks = opt.upstream_tls || opt.use_tls != starttls::never;
    if (asks && !opt.asks.ask(opt.trust, opt.insecure)) end("TLS to the server: " + opt.asks.why);
    std::string why = "it has no address";
    opt.upstream = resolve(opt.upstream_host, opt.upstream_port, why);
    if (opt.upstream.empty()) end("--upstream: " + why);
    if (ehlo::check(p)) end("no relay can be so: RFC 5321, 6531, 3030 or 2033 forbid it");
}

}  // namespace relaying
