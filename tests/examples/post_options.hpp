// What post can be told on its command line, and the message.
#pragma once

#include "command_line.hpp"
#include "logins.hpp"
#include "tls.hpp"

#include <ehlo/ehlo.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posting {

inline constexpr char usage[] =
    R"(usage: post --from=ADDRESS --to=ADDRESS [--to=ADDRESS]... [OPTION]... FILE
  FILE               the content, with CRLF line ends; "-" is standard input
  --lf               FILE has LF line ends
  --host=HOST        a name, an IPv4 or an IPv6 address (127.0.0.1)
  --port=N           (25)
  --name=HOST        what the client calls itself (localhost.localdomain)
  --lmtp             LMTP (RFC 2033): a reply for each recipient
  --tls=required     STARTTLS first; or `if-offered`; or `implicit`: TLS from the beginning
  --ca=FILE          the certificates to trust (PEM; those of the system)
  --insecure         trust any certificate
  --user=NAME:PASSWORD  log in, with the best mechanism that both know
  --users=FILE       likewise, with the first line of a file: others can see a command line
  --auth=MECHANISM   with this one: PLAIN, LOGIN, XOAUTH2 (the password being the token), SCRAM-SHA-256
  --clear-passwords  send passwords without TLS, too
  --bdat[=OCTETS]    send the content in chunks of so many octets (1048576), not after DATA
  --binary           as BODY=BINARYMIME: FILE is sent as it is, with --bdat
  --notify=WHEN,...  ask for delivery status notifications: success, failure, delay; or never
  --ret=WHAT         what they are to hold: full or hdrs
  --envid=TEXT       and which message they are about
  --smtputf8         say SMTPUTF8 even if no address needs it
  --send-8bit        send octets over 127 even to a server that does not offer 8BITMIME
  --repeat=N         send it N times
  --verbose          tell all that is said on stderr; secrets and content are left out
  --connections=N    over so many connections at once
  --reconnect        a connection for each message
Addresses in UTF-8 need a server that offers SMTPUTF8; octets over 127 in the content one that offers 8BITMIME.
exit: 0 delivered to all; 1 refused for good; 2 called wrongly; 3 try again later
)";

struct options {
    std::string host = "127.0.0.1", name = "localhost.localdomain", from, file, ca;
    std::vector<std::string> to;
    unsigned port = 25;
    bool lf = false, reconnect = false, send_8bit = false, insecure = false, implicit_tls = false, verbose = false, binary = false, smtputf8 = false;
    ehlo::client_settings client{};
    logins::users users;
    ehlo::mechanism mechanism = ehlo::mechanism::unknown;
    std::size_t chunk = 0;  // 0: DATA
    std::optional<ehlo::notify> notify;
    std::optional<ehlo::ret> ret;
    std::string envid;
    long repeat = 1, connections = 1;
    tls_context tls;

    bool wants_dsn() const { return notify || ret || !envid.empty(); }
};
inline options opt;

enum outcome { delivered = 0, refused = 1, misuse = 2, later = 3 };

inline outcome worst = delivered;  // that happened to a recipient
inline std::string message;        // the content as it is on the wire before dot stuffing
inline bool eight_bit = false;      // it has octets over 127
inline bool utf8 = false;          // an address has

// Ends the program: there is one way out for everything that cannot be gone on from.
[[noreturn]] inline void end(outcome code, std::string const& why) {
    if (code == later && worst == refused) code = refused;
    std::cerr << "post: " << why << '\n';
    std::exit(code);
}

inline std::string as_text(ehlo::failure const& f) {
    return std::string(ehlo::message(f.code)) + ", at octet " + std::to_string(f.at);
}

// The content as it is on the wire before dot stuffing. Refused here, before anybody is connected to, if it cannot be sent.
inline void read_message() {
    std::ifstream file;
    if (opt.file != "-") file.open(opt.file, std::ios::binary);
    if (opt.file != "-" && !file) end(misuse, opt.file + ": " + std::strerror(errno));
    std::istream& from = opt.file == "-" ? std::cin : file;
    std::string text(std::istreambuf_iterator<char>(from), {});
    ehlo::content_encoder encoder(opt.lf ? ehlo::bare_octets::normalize : ehlo::bare_octets::reject);
    char buffer[64 * 1024];
    for (std::string_view rest = text; !rest.empty() && !opt.binary;) {
        ehlo::writer out(buffer);
        auto const used = encoder.encode(rest, out);
        if (used.failed())
            end(misuse, std::string(ehlo::message(used.error().code)) + " at octet " +
                            std::to_string(text.size() - rest.size() + used.error().at) + (opt.lf ? "" : " (is it a file for --lf?)"));
        rest.remove_prefix(used.consumed);
    }
    ehlo::writer out(buffer);
    if (encoder.finish(out).failed()) end(misuse, "the content ends with a bare CR");
    message = text;
    eight_bit = !std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (!opt.lf) return;
    message.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) message += '\r';
        message += text[i];
    }
}

inline void read_options(int argc, char** argv) {
    auto check = [](argument const& a, auto const& parsed) {
        if (!parsed) a.wrong(as_text(parsed.error()));
    };
    auto path = [&check](argument const& a, auto const& parse) {
        std::string const text = "<" + std::string(a.text) + ">";
        ehlo::syntax rules;
        rules.smtputf8 = true;
        check(a, parse(text, rules));
        utf8 |= !parse(text, ehlo::strict_syntax);
        return text;
    };
    auto notify = [](argument const& a) {
        auto const when = ehlo::parse_notify(a.text);
        if (!when) a.wrong("success, failure, delay, with commas between them, or never is wanted");
        opt.notify = *when;
    };
    auto says = [](argument const& a, std::string_view wanted) { return a.text == wanted; };
    auto of_session = [&](argument const& a) {
        if (a.is_flag("--lmtp")) opt.client.lmtp = true;
        else if (a.is("--tls") && says(a, "required")) opt.client.tls = ehlo::tls_use::required;
        else if (a.key == "--tls" && says(a, "if-offered")) opt.client.tls = ehlo::tls_use::if_offered;
        else if (a.key == "--tls" && says(a, "implicit")) opt.implicit_tls = true;
        else if (a.is("--ca")) opt.ca = a.text;
        else if (a.is_flag("--insecure")) opt.insecure = true;
        else if (a.key == "--user" && !opt.users.add(a.text)) argument{a.program, a.key, {}, false}.wrong("NAME:PASSWORD is wanted");
        else if (a.key == "--user") {}
        else if (a.is("--users") && !opt.users.read(std::string(a.text))) a.wrong("no file with a line NAME:PASSWORD");
        else if (a.key == "--users") {}
        else if (a.is("--auth")) opt.mechanism = ehlo::find_mechanism(a.text);
        else if (a.is_flag("--clear-passwords")) opt.client.clear_text_passwords = true;
        else if (a.key == "--bdat") opt.chunk = a.has_text ? a.number(std::size_t{1}, std::size_t{1} << 30) : 1048576;
        else if (a.is_flag("--binary")) opt.binary = true;
        else if (a.is("--notify")) notify(a);
        else if (a.is("--ret") && says(a, "full")) opt.ret = ehlo::ret::full;
        else if (a.key == "--ret" && says(a, "hdrs")) opt.ret = ehlo::ret::hdrs;
        else if (a.is("--envid")) opt.envid = a.text;
        else if (a.is_flag("--smtputf8")) opt.smtputf8 = true;
        else return false;
        if (a.key == "--auth" && !logins::server_login::offered().has(opt.mechanism)) a.wrong("no such mechanism here");
        return true;
    };
    auto take = [&](argument const& a) {
        if (a.is("--host")) opt.host = a.text;
        else if (a.is("--port")) opt.port = a.number(1u, 65535u);
        else if (a.is("--name")) opt.name = a.text;
        else if (a.key == "--from" && a.has_text) opt.from = path(a, [](auto&&... p) { return ehlo::parse_reverse_path(p...); });
        else if (a.is("--to")) opt.to.push_back(path(a, [](auto&&... p) { return ehlo::parse_forward_path(p...); }));
        else if (of_session(a)) return true;
        else if (a.is("--repeat")) opt.repeat = a.number(1l, 1000000000l);
        else if (a.is("--connections")) opt.connections = a.number(1l, 100000l);
        else if (a.is_flag("--reconnect")) opt.reconnect = true;
        else if (a.is_flag("--verbose")) opt.verbose = true;
        else if (a.is_flag("--send-8bit")) opt.send_8bit = true;
        else if (a.is_flag("--lf")) opt.lf = true;
        else return false;
        if (a.key == "--name") check(a, ehlo::parse_host(opt.name));
        return true;
    };
    auto name = [](std::string_view word) {
        bool const first = opt.file.empty();
        if (first) opt.file = word;
        return first;
    };
    read_command_line(argc, argv, "post", usage, take, name);
    if (opt.from.empty() || opt.to.empty() || opt.file.empty())
        end(misuse, "--from, --to and a file are needed; --help lists the options");
    if (opt.binary && opt.chunk == 0) end(misuse, "--binary needs --bdat");
    if (opt.mechanism != ehlo::mechanism::unknown && opt.users.empty()) end(misuse, "--auth needs --user or --users");
    if ((opt.client.tls != ehlo::tls_use::optional || opt.implicit_tls) && !opt.tls.ask(opt.ca, opt.insecure)) end(misuse, "TLS: " + opt.tls.why);
    utf8 |= opt.smtputf8;
}

}  // namespace posting
