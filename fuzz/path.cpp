// Paths, mailboxes and hosts: the common path against the whole grammar, the recogniser of the tests, and writing what
// was read.
#include "../tests/unit/oracle.hpp"
#include "fuzz.hpp"

#if __has_include(<arpa/inet.h>)
#include <arpa/inet.h>
#include <cstring>
#endif

using namespace ehlo;
using fuzz::check;

namespace {

constexpr path_role roles[] = {path_role::reverse, path_role::forward, path_role::any};

template <class Write>
std::string written(Write&& write) {
    fuzz::block buffer(1024 + 2 * fuzz::current.size());
    writer out(buffer.data(), buffer.size());
    auto const size = write(out);
    check(size && *size == out.size(), "what was read can be written", size ? "" : name(size.error().code));
    return std::string(out.text());
}

bool same(path const& a, path const& b) {
    return a.kind() == b.kind() && a.text() == b.text() && a.local_part() == b.local_part() &&
           a.domain() == b.domain() && a.domain_kind() == b.domain_kind() && a.address() == b.address() &&
           a.route().empty() == b.route().empty() && a.tolerated() == b.tolerated();
}

// How many hosts, and that each is one.
std::size_t check_route(path const& p, syntax const& rules) {
    std::size_t hops = 0;
    for (std::string_view hop : p.route()) {
        check(fuzz::lies_in(hop, p.text()), "a hop is a part of the path");
        syntax longer = rules;
        longer.max_domain = 0xFFFF;
        check(parse_domain(hop, longer).has_value(), "a hop is a domain", hop);
        ++hops;
    }
    check((hops == 0) == p.route().empty(), "a route has hops");
    return hops;
}

void check_local_part(std::string_view local, syntax const& rules) {
    std::string const meaning = written([&](writer& out) { return write_unquoted(out, local); });
    syntax strict_rules = rules;
    strict_rules.tolerate = strict;
    std::string const shortest =
        written([&](writer& out) { return write_local_part(out, meaning, strict_rules); });
    check(same_local_part(local, shortest), "another spelling of a local part is equal to it", shortest);
    if (local.size() <= 200)
        check(shortest == oracle::least_quoted(local, rules.smtputf8), "it is the shortest", shortest);
}

void check_path(path const& p, std::string_view text, path_role role, syntax const& rules) {
    check(p.text() == text.substr(0, p.text().size()) && p.text().size() <= rules.max_path,
          "a path begins the text");
    check(fuzz::lies_in(p.local_part(), p.text()) && fuzz::lies_in(p.domain(), p.text()),
          "its parts lie in it");
    check(p.is_postmaster() ||
              (p.local_part().size() <= rules.max_local_part && p.domain().size() <= rules.max_domain),
          "its parts keep the limits");
    check(role != path_role::forward || !p.is_null(), "<> is no forward path");
    std::size_t const hops = check_route(p, rules);

    std::string const strictly = written([&](writer& out) { return write_path(out, p); });
    if (p.tolerated().empty()) {
        check(strictly == p.text(), "a path is written as it was read", strictly);
        if (p.kind() == path_kind::mailbox) {
            check_local_part(p.local_part(), rules);
            auto const box = parse_mailbox(p.address(), rules);
            check(box && box->local_part == p.local_part() && box->domain.text == p.domain(),
                  "its address is a mailbox");
        }
    }
    auto const again = parse_path(strictly,
                                  p.is_null()         ? path_role::reverse
                                  : p.is_postmaster() ? path_role::forward
                                                      : role,
                                  rules);
    check(again.has_value() || again.error().code == errc::path_too_long, "what is written can be read",
          strictly);
    if (again)
        check(again->address() == p.address() && again->kind() == p.kind(), "and means the same", strictly);

    if (hops != 0) {
        std::string const next = written([&](writer& out) { return write_relayed_forward_path(out, p); });
        auto const onward = parse_path(next, role, rules);
        check(onward && check_route(*onward, rules) == hops - 1, "relaying takes one hop away", next);
        check(onward->address() == p.address(), "relaying does not change the address", next);
    }
    fuzz::block buffer(1024);
    writer out(buffer.data(), buffer.size());
    auto const back = write_relayed_reverse_path(out, p, "relay.example");
    check(!p.is_postmaster() || (!back && back.error().code == errc::bad_value), "<Postmaster> is no way back");
    if (!back) {
        check((p.is_postmaster() || back.error().code == errc::path_too_long) && out.size() == 0,
              "a way back is too long or can be written");
    } else if (!p.is_null() && !p.is_postmaster()) {
        syntax roomy = rules;
        roomy.max_domain = 255;
        roomy.max_path = 256;
        auto const returned = parse_path(out.text(), path_role::reverse, roomy);
        check(returned && check_route(*returned, roomy) == hops + 1, "relaying adds a hop to the way back",
              out.text());
    }
}

void check_address(std::string_view literal, host_kind kind, syntax const& rules) {
    auto const address = parse_ip_address(literal, rules);
    check(address.has_value() == (kind == host_kind::ipv4 || kind == host_kind::ipv6),
          "an IP literal has an address", literal);
#if __has_include(<arpa/inet.h>)
    if (!address || address->kind != kind) return;
    bool const v6 = kind == host_kind::ipv6;
    std::size_t const tag = v6 ? 6 : 1;  // "[IPv6:" or "["
    std::string const digits(literal.substr(tag, literal.size() - tag - 1));
    unsigned char octets[16];
    if (inet_pton(v6 ? AF_INET6 : AF_INET, digits.c_str(), octets) == 1)
        check(std::memcmp(octets, address->octets, v6 ? 16 : 4) == 0,
              "an address is what inet_pton says it is", literal);
#endif
}

void check_text(std::string_view text, fuzz::dialect const& d) {
    bool const is_strict = d.rules.tolerate.empty();
    bool const short_enough = text.size() <= 200 && is_strict;
    for (auto const role : roles) {
        auto const common = take_path(text, role, d.rules);
        detail::cursor c{text, d.rules};
        path plain;
        result<path> const whole = path_access::read(c, role, plain) ? result<path>(plain) : result<path>(c.error);
        check(common.has_value() == whole.has_value(), "the common path and the whole grammar agree", d.name);
        if (!common) {
            check(common.error() == whole.error(), "and so do their errors", d.name);
            fuzz::check_failure(common.error(), text.size(),
                                role == path_role::reverse ? verb::mail : verb::rcpt);
        } else {
            check(same(*common, *whole), "and so do the paths that they find", d.name);
            check_path(*common, text, role, d.rules);
        }
        auto const p = parse_path(text, role, d.rules);
        if (!short_enough) continue;
        bool const matches =
            (role != path_role::forward && oracle::matches(oracle::Reverse_path, text, d.rules.smtputf8)) ||
            (role != path_role::reverse && oracle::matches(oracle::Forward_path, text, d.rules.smtputf8));
        if (p)
            check(matches, "what is taken for a path is one", d.name);
        else
            check(!matches || !fuzz::is_about_grammar(p.error().code), "a path is taken for one",
                  name(p.error().code));
        if (!p || p->kind() != path_kind::mailbox) continue;
        auto const parts = oracle::split_path(text, d.rules.smtputf8);
        auto const box = oracle::split_mailbox(p->address(), d.rules.smtputf8);
        check(parts && parts->mailbox == p->address() && parts->route.size() == check_route(*p, d.rules),
              "its route is right");
        check(box && box->local_part == p->local_part() && box->domain == p->domain(), "its parts are right");
    }

    auto const box = parse_mailbox(text, d.rules);
    if (!box)
        fuzz::check_failure(box.error(), text.size(), verb::rcpt);
    else
        check(same_mailbox(*box, *box) && fuzz::lies_in(box->local_part, text), "a mailbox is itself");
    auto const host = parse_host(text, d.rules);
    if (!host)
        fuzz::check_failure(host.error(), text.size(), verb::ehlo);
    else if (host->is_literal())
        check_address(text, host->kind, d.rules);
    if (!short_enough) return;
    bool const is_box = oracle::matches(oracle::Mailbox, text, d.rules.smtputf8);
    if (box)
        check(is_box, "what is taken for a mailbox is one", d.name);
    else
        check(!is_box || !fuzz::is_about_grammar(box.error().code), "a mailbox is taken for one",
              name(box.error().code));
    bool const is_host =
        oracle::matches(oracle::alt(oracle::Domain, oracle::address_literal), text, d.rules.smtputf8);
    if (host)
        check(is_host, "what is taken for a host is one", d.name);
    else
        check(!is_host || !fuzz::is_about_grammar(host.error().code), "a host is taken for one",
              name(host.error().code));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 600) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::block const exact(fuzz::current);
    for (auto const& d : fuzz::dialects) check_text(exact.view(), d);

    // Leniency only ever adds, and costs the strict nothing: not even a note.
    auto const strictly = parse_path(exact.view());
    auto const leniently = parse_path(exact.view(), path_role::any, fuzz::dialects[2].rules);
    if (strictly)
        check(leniently && same(*strictly, *leniently), "what is right is not tolerated but accepted");
    syntax tight;
    tight.max_local_part = 8;
    tight.max_domain = 12;
    tight.max_path = 20;
    check_text(exact.view(), {"tight", tight});
    return 0;
}
