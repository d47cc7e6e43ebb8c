// What mailsink can be told on its command line.
#pragma once

#include "command_line.hpp"
#include "logins.hpp"
#include "tls.hpp"

#include <ehlo/ehlo.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailsink {

inline constexpr char usage[] =
    R"(usage: mailsink {--dir=DIR [--sync] | --discard} [OPTION]...
  --dir=DIR            write each message to a file there, and its envelope to DIR/envelopes.jsonl
  --sync               acknowledge a message when it is on the disk
  --discard            keep nothing
  --host=HOST          listen there; a name, an IPv4 or IPv6 address, or * for all of both; may be repeated (127.0.0.1)
  --port=N             (2525); 0: any that is free
  --name=HOST          what the server calls itself (mailsink.invalid)
  --verbose            tell of each reply and each message on stderr
  --log[=FILE]         tell all that is said, an event a line, on stderr or in FILE; secrets are left out
  --log-format=json    as JSON
  --proxy              each connection begins with a PROXY header (version 1 or 2) and is the client's whom that names; without it,
                       it is closed. Anybody can write one: let only proxies connect
what is spoken
  --lmtp               LMTP (RFC 2033): a reply for each recipient
  --certificate=FILE   offer STARTTLS with this certificate (PEM; first its own, then those that vouch for it)
  --key=FILE           its key (PEM; the certificate's file)
  --self-signed=FILE   offer STARTTLS with a certificate made now, which is written to FILE for clients to trust
  --tls-port=N         another port, on which TLS is spoken from the beginning; 0: any that is free
  --require-tls        530 for what comes without it
  --user=NAME:PASSWORD offer AUTH: PLAIN, LOGIN, XOAUTH2 (the password being the token), SCRAM-SHA-256; may be repeated
  --users=FILE         likewise, from a file with a line for each: others can see a command line
  --require-auth       530 for mail without AUTH
  --clear-passwords    take passwords without TLS, too
  --xclient            offer XCLIENT, to anybody: for tests
  --without=KEYWORD,...  do not offer these extensions
  --tolerate=RULE,...  depart from strict RFC 5321 by these rules, or by `all`
  --bare=reject        what becomes of CR or LF alone in content: the message is refused; or `normalize`, or `pass`
limits
  --max-size=N         octets of a message, 65536 at least (67108864)
  --max-recipients=N   of a message, 100 to 100000 (1000)
  --max-line=N         octets of a command, 2048 to 16384 (2048)
  --max-errors=N       refused commands before 421 (50)
  --max-connections=N  at once (10000); who comes then is told 421
  --max-per-peer=N     connections from one address (1000)
  --idle=SECONDS       to wait for a whole command (300)
  --content-idle=SECONDS  to wait for each 1024 octets of content (300)
  --grace=SECONDS      how long SIGTERM and SIGINT let open transactions go on before 421 ends them (10)
what is answered
  --domain=DOMAIN      take mail for this domain only, and for others (550 5.7.1) from who has used AUTH; may be repeated
  --list=NAME=ADDRESS  a member of a mailing list, for EXPN; may be repeated
  --answer=ADDRESS=REPLY  to a RCPT for that address, such as "450 4.2.1 Busy"; may be repeated
  --answer-content=ADDRESS=REPLY  to the content of a message for that address; LMTP: for that recipient; may be repeated
)";

// A reply that was made up on the command line: it has its own text.
struct made_up {
    unsigned code = 0;
    std::string text;
    ehlo::reply said() const { return {code, text}; }
};

struct options {
    std::string dir, name = "mailsink.invalid", certificate, key, self_signed;
    std::vector<std::string> hosts, domains;
    unsigned port = 2525, idle = ehlo::server_timeout, content_idle = ehlo::server_timeout, grace = 10;
    std::optional<unsigned> tls_port;
    ehlo::policy policy{};
    std::size_t max_connections = 10000, max_per_peer = 1000;
    logins::users users;
    std::map<std::string, std::string, std::less<>> lists;   // the members, as EXPN tells them
    std::map<std::string, made_up, std::less<>> answers, content_answers;
    bool verbose = false, sync = false, discard = false, proxy = false, logs = false, log_json = false;
    std::string log;  // a file
    tls_context tls;

    bool lmtp() const { return policy.service == ehlo::service::lmtp; }
    // Is it for us, or would it be relayed?
    bool takes_mail_for(std::string_view domain) const {
        return domains.empty() || std::any_of(domains.begin(), domains.end(), [&](std::string const& d) { return ehlo::iequals(d, domain); });
    }
};

// Calls each(word) for the words between commas; the first that is refused is told.
template <class Each>
void for_each_word(argument const& a, Each&& each, std::string const& there_are) {
    for (std::string_view rest = a.text; !rest.empty();) {
        std::size_t const comma = std::min(rest.find(','), rest.size());
        if (!each(rest.substr(0, comma))) a.wrong("no such word; there are " + there_are);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
}

inline void tolerate(argument const& a, ehlo::leniency& wanted) {
    std::string all = "all";
    for (std::string_view const name : ehlo::rule_names) all.append(", ").append(name);
    for_each_word(a, [&wanted](std::string_view word) {
        bool known = word == "all";
        if (known) wanted = ehlo::leniency::all();
        for (unsigned i = 0; i < ehlo::rule_count; ++i) {
            if (word != ehlo::rule_names[i]) continue;
            wanted |= static_cast<ehlo::rule>(i);
            known = true;
        }
        return known;
    }, all);
}

// "ADDRESS=REPLY"; the address is what stands before the first "=".
inline void add_answer(argument const& a, std::map<std::string, made_up, std::less<>>& answers) {
    std::size_t const equals = std::min(a.text.find('='), a.text.size());
    std::string_view const reply = a.text.substr(std::min(equals + 1, a.text.size()));
    made_up m;
    for (char const c : reply.substr(0, 3)) m.code = ehlo::is_digit(c) ? m.code * 10 + static_cast<unsigned>(c - '0') : 1000;
    m.text = reply.size() > 4 ? reply.substr(4) : std::string_view();
    if (equals == 0 || (reply.size() > 3 && reply[3] != ' ') || m.code / 100 == 3 || ehlo::check(m.said())) a.wrong("ADDRESS=REPLY is wanted");
    answers.insert_or_assign(std::string(a.text.substr(0, equals)), m);
}

inline void read_options(int argc, char** argv, options& opt) {
    ehlo::policy& p = opt.policy;
    p.offers = p.offers | ehlo::extension::chunking | ehlo::extension::binary_mime | ehlo::extension::dsn;
    ehlo::extensions without;
    auto member = [&opt](argument const& a) {
        std::size_t const equals = std::min(a.text.find('='), a.text.size());
        std::string const path = "<" + std::string(a.text.substr(std::min(equals + 1, a.text.size()))) + ">";
        if (equals == 0 || !ehlo::parse_forward_path(path)) a.wrong("NAME=ADDRESS is wanted");
        std::string& members = opt.lists[std::string(a.text.substr(0, equals))];
        members.append(members.empty() ? "" : " ").append(path);
    };
    auto leave_out = [&without](std::string_view word) {
        auto const e = ehlo::find_extension(word);
        if (e) without = without | *e;
        return e.has_value();
    };
    auto spoken = [&](argument const& a) {
        if (a.is_flag("--lmtp")) p.service = ehlo::service::lmtp;
        else if (a.is("--certificate")) opt.certificate = a.text;
        else if (a.is("--key")) opt.key = a.text;
        else if (a.is("--self-signed")) opt.self_signed = a.text;
        else if (a.is("--tls-port")) opt.tls_port = a.number(0u, 65535u);
        else if (a.is_flag("--require-tls")) p.require_tls = true;
        else if (a.key == "--user" && !opt.users.add(a.text)) argument{a.program, a.key, {}, false}.wrong("NAME:PASSWORD is wanted");
        else if (a.key == "--user") {}
        else if (a.is("--users") && !opt.users.read(std::string(a.text))) a.wrong("no file with a line NAME:PASSWORD for each");
        else if (a.key == "--users") {}
        else if (a.is_flag("--require-auth")) p.require_authentication = true;
        else if (a.is_flag("--clear-passwords")) p.clear_text_passwords = true;
        else if (a.is_flag("--xclient")) p.offers = p.offers | ehlo::extension::xclient;
        else if (a.is("--without")) for_each_word(a, leave_out, "the keywords of EHLO");
        else if (a.is("--tolerate")) tolerate(a, p.grammar.tolerate);
        else if (a.is("--bare") && a.text == "reject") p.bare = ehlo::bare_octets::reject;
        else if (a.key == "--bare" && a.text == "normalize") p.bare = ehlo::bare_octets::normalize;
        else if (a.key == "--bare" && a.text == "pass") p.bare = ehlo::bare_octets::pass;
        else return false;
        return true;
    };
    auto limits = [&](argument const& a) {
        if (a.is("--max-size")) p.max_message = a.number(std::uint64_t{65536}, std::uint64_t{1} << 40);
        else if (a.is("--max-recipients")) p.max_recipients = a.number(100u, 100000u);
        else if (a.is("--max-line")) p.max_line = a.number(2048u, 16384u);
        else if (a.is("--max-errors")) p.max_errors = a.number(1u, 1000000u);
        else if (a.is("--max-connections")) opt.max_connections = a.number(std::size_t{1}, std::size_t{1000000});
        else if (a.is("--max-per-peer")) opt.max_per_peer = a.number(std::size_t{1}, std::size_t{1000000});
        else if (a.is("--idle")) opt.idle = a.number(1u, 86400u);
        else if (a.is("--content-idle")) opt.content_idle = a.number(1u, 86400u);
        else if (a.is("--grace")) opt.grace = a.number(0u, 86400u);
        else return false;
        return true;
    };
    auto take = [&](argument const& a) {
        if (a.is("--dir")) opt.dir = a.text;
        else if (a.is("--host")) opt.hosts.emplace_back(a.text);
        else if (a.is("--port")) opt.port = a.number(0u, 65535u);
        else if (a.is("--name")) opt.name = a.text;
        else if (a.is("--domain")) opt.domains.emplace_back(a.text);
        else if (a.is("--list")) member(a);
        else if (a.is("--answer")) add_answer(a, opt.answers);
        else if (a.is("--answer-content")) add_answer(a, opt.content_answers);
        else if (a.is_flag("--verbose")) opt.verbose = true;
        else if (a.is_flag("--proxy")) opt.proxy = true;
        else if (a.key == "--log" && !a.has_text) opt.logs = true;
        else if (a.is("--log")) opt.logs = true, opt.log = a.text;
        else if (a.is("--log-format") && a.text == "json") opt.log_json = true;
        else if (a.is_flag("--sync")) opt.sync = true;
        else if (a.is_flag("--discard")) opt.discard = true;
        else return spoken(a) || limits(a);
        if (a.key == "--name" && !ehlo::parse_host(opt.name)) a.wrong("neither a domain nor an address literal");
        return true;
    };
    read_command_line(argc, argv, "mailsink", usage, take, [](std::string_view) { return false; });

    auto end = [](std::string const& why) {
        std::fprintf(stderr, "mailsink: %s; --help lists the options\n", why.c_str());
        std::exit(2);
    };
    if (opt.dir.empty() != opt.discard) end("either --dir or --discard is needed");
    if (opt.log_json && !opt.logs) end("--log-format needs --log");
    if (opt.hosts.empty()) opt.hosts.emplace_back("127.0.0.1");
    if (!opt.self_signed.empty() && !opt.tls.serve_self_signed(opt.name, opt.self_signed)) end("--self-signed: " + opt.tls.why);
    if (!opt.certificate.empty() && !opt.tls.serve(opt.certificate, opt.key.empty() ? opt.certificate : opt.key))
        end("--certificate: " + opt.tls.why);
    if ((opt.tls_port || p.require_tls) && !opt.tls) end("TLS needs --certificate or --self-signed");
    if (p.require_authentication && opt.users.empty()) end("--require-auth needs --user or --users");
    if (opt.tls) p.offers = p.offers | ehlo::extension::starttls;
    if (!opt.users.empty()) p.offers = p.offers | ehlo::extension::auth;
    if (!opt.lists.empty()) p.offers = p.offers | ehlo::extension::expn;
    p.offers = p.offers - without;
    if (ehlo::check(p)) end("no server can be so: RFC 5321, 6531, 3030 or 2033 forbid it");
}

}  // namespace mailsink
