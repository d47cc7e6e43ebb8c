// The parsers against the oracle: generated sentences of each production and their mutations. Commands and replies are compared in
// test_differential_commands.cpp, content in test_content.cpp.

#include "differ.hpp"

#include <ehlo/domain.hpp>
#include <ehlo/mailbox.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/path.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace test_differential {

using namespace differ;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("domains against the oracle", "[differential]") {
    compare(
        1, [](generate::rng& r, bool wide, std::size_t budget) { return generate::domain(r, wide, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const d = parse_domain(text, unlimited(utf8));
            accepted = d.has_value();
            bool const expected = oracle::matches(oracle::Domain, text, utf8);
            std::string what = disagreement(expected, d, text);
            if (what.empty() && expected && near_limits(text) &&
                parse_domain(text, limited(utf8)).has_value() != oracle::limits::domain_fits(text))
                what = "limits";
            return what;
        });
}

TEST_CASE("address literals against the oracle", "[differential]") {
    compare(
        2, [](generate::rng& r, bool, std::size_t budget) { return generate::address_literal(r, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const h = parse_host(text, unlimited(utf8));
            accepted = h && h->is_literal();
            bool const expected = oracle::matches(oracle::address_literal, text, utf8);
            if (accepted != expected) return disagreement(expected, h, text) + " (literal)";
            if (!accepted) return std::string();
            std::string_view const inner = text.substr(1, text.size() - 2);
            host_kind const kind = oracle::matches(oracle::IPv4_address_literal, inner) ? host_kind::ipv4
                                   : oracle::same_ignoring_case(inner.substr(0, 5), "IPv6:")
                                       ? host_kind::ipv6
                                       : host_kind::general;
            if (h->kind != kind) return "another kind: " + say(*h);
            if (near_limits(text) &&
                parse_host(text, limited(utf8)).has_value() != oracle::limits::domain_fits(text))
                return "limits"s;
            return parse_ip_address(text).has_value() == (kind != host_kind::general) ? std::string()
                                                                                      : "no address"s;
        });
}

TEST_CASE("mailboxes against the oracle", "[differential]") {
    compare(
        3, [](generate::rng& r, bool wide, std::size_t budget) { return generate::mailbox(r, wide, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const m = parse_mailbox(text, unlimited(utf8));
            accepted = m.has_value();
            bool const expected = oracle::matches(oracle::Mailbox, text, utf8);
            std::string what = disagreement(expected, m, text);
            if (!what.empty() || !expected) return what;
            auto const parts = oracle::split_mailbox(text, utf8);
            if (!parts || m->local_part != parts->local_part || m->domain.text != parts->domain ||
                !m->tolerated.empty())
                return "parts: " + say(*m);
            if (near_limits(text) &&
                parse_mailbox(text, limited(utf8)).has_value() != oracle::limits::mailbox_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("reverse paths against the oracle", "[differential]") {
    compare(
        4,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return r.one_in(20) ? "<Postmaster>" : generate::reverse_path(r, wide, budget);
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = parse_reverse_path(text, unlimited(utf8));
            accepted = p.has_value();
            bool const expected = oracle::matches(oracle::Reverse_path, text, utf8);
            std::string what = disagreement(expected, p, text);
            if (!what.empty() || !expected) return what;
            if (!same_path(*p, text, utf8)) return "parts: " + say(*p);
            if (near_limits(text) &&
                parse_reverse_path(text, limited(utf8)).has_value() != oracle::limits::path_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("forward paths against the oracle", "[differential]") {
    compare(
        5,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return r.one_in(20) ? "<>" : generate::forward_path(r, wide, budget);
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = parse_forward_path(text, unlimited(utf8));
            accepted = p.has_value();
            bool const expected = oracle::matches(oracle::Forward_path, text, utf8);
            std::string what = disagreement(expected, p, text);
            if (!what.empty() || !expected) return what;
            if (!same_path(*p, text, utf8)) return "parts: " + say(*p);
            if (near_limits(text) &&
                parse_forward_path(text, limited(utf8)).has_value() != oracle::limits::path_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("a path that stops by itself, against the oracle", "[differential]") {
    compare(
        6,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return (r.one_in(2) ? generate::forward_path(r, wide, budget)
                                : generate::reverse_path(r, wide, budget)) +
                   (r.one_in(2) ? "" : generate::rest_of_line(r, budget));
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = take_path(text, path_role::any, unlimited(utf8));
            accepted = p.has_value();
            auto const ends =
                oracle::alt(oracle::Reverse_path, oracle::Forward_path)(oracle::input{text, utf8}, {0});
            std::string what = disagreement(!ends.empty(), p, text);
            if (what.empty() && accepted && (ends.size() != 1 || ends[0] != p->text().size()))
                what = "another end: " + say(*p);
            return what;
        },
        rounds / 4);
}

TEST_CASE("parameters against the oracle", "[differential]") {
    compare(
        7,
        [](generate::rng& r, bool wide, std::size_t budget) {
            std::string text = generate::parameters(r, wide, budget);
            constexpr std::string_view known[] = {" SIZE=7", " size=18446744073709551615", " BODY=8bitmime",
                                                  " SMTPUTF8", " SIZE=18446744073709551616"};
            if (r.one_in(3)) text += known[r.below(std::size(known))];
            return text;
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const m = parse_mail_parameters(text, unlimited(utf8));
            auto const c = parse_rcpt_parameters(text, unlimited(utf8));
            accepted = m.has_value();
            // No parameters at all are no Mail-parameters; ehlo's functions take the empty text as "none".
            if (text.empty()) return m && c ? std::string() : "empty"s;
            auto const parts = oracle::split_parameters(text, utf8);
            std::string what;
            if (!parts || !excused(m, *parts, true))
                what = disagreement(parts && values_are_right(*parts, true), m, text);
            if (what.empty() && (!parts || !excused(c, *parts, false)))
                what = disagreement(parts && values_are_right(*parts, false), c, text);
            if (what.empty() && m && !same_parameters(*m, *parts)) what = "parts: " + say(*m);
            if (what.empty() && c && !same_parameters(*c, *parts)) what = "parts: " + say(*c);
            return what;
        });
}

namespace {

// Ends that make a sentence of nearly every beginning of one.
constexpr std::string_view path_ends[] = {"",        ">",      "b>", "@b>",   "a@b>",
                                          "\"@b>",   "a\"@b>", "1>", ":c@d>", "b:c@d>",
                                          "@b:c@d>", "<a@b>",  "]>", ":x]>",  "x:x]>"};

constexpr std::string_view literal_ends[] = {
    "", "]", "1]", ":1]", "a:1]", "1.1.1.1]", ".1.1.1]", "1.1.1]", ".1.1]", "1.1]", ".1]", "::]", ":]", "v6:::]",
    "6:::]", "Pv6:::]", ":::]", "1:1:1:1:1:1:1:1]", "1:1:1:1:1:1:1]", ":1:1:1:1:1:1:1]", "1:1:1:1:1:1]",
    ":1:1:1:1:1:1]", "1:1:1:1:1]", ":1:1:1:1:1]", "1:1:1:1]", ":1:1:1:1]", "1:1:1]", ":1:1:1]", "1:1]", ":1:1]",
    "x:y]", "[1.1.1.1]"};

// The contract of `at`: what stands before it can still become right, and with the octet there it cannot.
template <class Rule, std::size_t N, class Make, class Parse>
void check_places(unsigned seed, Rule rule, std::string_view const (&ends)[N], Make&& make, Parse&& parse) {
    generate::rng r(seed);
    auto viable = [&](std::string_view beginning) {
        for (std::string_view const end : ends)
            if (oracle::matches(rule, std::string(beginning) + std::string(end))) return true;
        return false;
    };
    std::size_t checked = 0;
    for (int i = 0; i < rounds / 40; ++i) {
        std::string text = make(r);
        generate::mutate(r, text);
        auto const p = parse(text);
        if (p) continue;
        ++checked;
        std::size_t const at = p.error().at;
        if (at > text.size() || !viable(std::string_view(text).substr(0, at)))
            FAIL_CHECK(escaped(text) << ": " << say(p.error())
                                     << ", but an octet before it is wrong already");
        else if (at < text.size() && viable(std::string_view(text).substr(0, at + 1)))
            FAIL_CHECK(escaped(text) << ": " << say(p.error()) << ", but that octet can be right");
    }
    CHECK(checked > static_cast<std::size_t>(rounds) / 160);
}

}  // namespace

TEST_CASE("the place of a fault is the first octet that cannot be right", "[differential]") {
    check_places(
        10, oracle::address_literal, literal_ends,
        [](generate::rng& r) { return generate::address_literal(r, 6); },
        [](std::string_view t) {
            return t.empty() || t[0] != '[' ? result<host>(fail(errc::bad_address_literal, 0))
                                            : parse_host(t, unlimited(false));
        });
    check_places(
        11, oracle::Forward_path, path_ends,
        [](generate::rng& r) {
            std::string path = "<";
            if (r.one_in(4)) path += generate::source_route(r, false, 6) + ":";
            path += generate::local_part(r, false, 6) + "@";
            return path += generate::domain(r, false, 6) + ">";
        },
        [](std::string_view t) { return parse_forward_path(t, unlimited(false)); });
}

}  // namespace test_differential
