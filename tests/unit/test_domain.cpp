// domain.hpp: domains and address literals
#include "support.hpp"

#include <ehlo/domain.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_domain {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using namespace std::string_view_literals;

namespace {

static_assert(detail::fast::checked, "what a fast attempt accepts is not compared with the grammar: tests need EHLO_CHECK_FAST=1");
constexpr auto parse = [](std::string_view t) { return parse_host(t); };
constexpr syntax utf8{.tolerate = strict, .smtputf8 = true};
constexpr auto parse_utf8 = [](std::string_view t) { return parse_host(t, utf8); };

// RFC 5321 4.1.2: sub-domain = Let-dig [Ldh-str]
constexpr good_case domains[] = {
    {"a", "domain 'a' []"},
    {"1", "domain '1' []"},
    {"example.org", "domain 'example.org' []"},
    {"EXAMPLE.Org", "domain 'EXAMPLE.Org' []"},
    {"a-b.c", "domain 'a-b.c' []"},
    {"a--b.c", "domain 'a--b.c' []"},
    {"a---------------------b.c", "domain 'a---------------------b.c' []"},
    {"1.2.3.4", "domain '1.2.3.4' []"},
    {"999", "domain '999' []"},
    {"0-0.0", "domain '0-0.0' []"},
    {"xn--bcher-kva.example", "domain 'xn--bcher-kva.example' []"},
    {"xn--0117.example", "domain 'xn--0117.example' []"},
    // No limit of 63 in the grammar.
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
     "domain 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b' []"},
    {"com", "domain 'com' []"},
};
constexpr bad_case no_domains[] = {
    {"", errc::bad_domain, 0},
    {".", errc::bad_domain, 0},
    {"a.", errc::bad_domain, 2},
    {"example.org.", errc::bad_domain, 12},
    {".a", errc::bad_domain, 0},
    {"a..b", errc::bad_domain, 2},
    {"-a", errc::bad_domain, 0},
    {"a-", errc::bad_domain, 2},
    {"a-.b", errc::bad_domain, 2},
    {"a.-b", errc::bad_domain, 2},
    {"a.b-", errc::bad_domain, 4},
    {"a_b.c", errc::bad_domain, 1},
    {"_dmarc.c", errc::bad_domain, 0},
    {"a b", errc::bad_domain, 1},
    {"a.b ", errc::bad_domain, 3},
    {" a.b", errc::bad_domain, 0},
    {"a\tb", errc::bad_domain, 1},
    {"a\0b"sv, errc::bad_domain, 1},
    {"a.b\r\n", errc::bad_domain, 3},
    {"a,b", errc::bad_domain, 1},
    {"#123", errc::bad_domain, 0},
    {"a@b", errc::bad_domain, 1},
    {"a/b", errc::bad_domain, 1},
    {"a:25", errc::bad_domain, 1},
    {"a[1.2.3.4]", errc::bad_domain, 1},
    {"b\xC3\xBC" "cher.example", errc::non_ascii, 1},
    {"\xC3\xBC", errc::non_ascii, 0},
    {"a.\xFF", errc::non_ascii, 2},
};
// RFC 6531 3.3: sub-domain =/ U-label
constexpr good_case wide_domains[] = {
    {"b\xC3\xBC" "cher.example", "domain 'b\\xC3\\xBCcher.example' []"},
    {"\xC3\xBC", "domain '\\xC3\\xBC' []"},
    {"\xE2\x82\xAC.\xF0\x9F\x91\x8B", "domain '\\xE2\\x82\\xAC.\\xF0\\x9F\\x91\\x8B' []"},
    {"a-\xC3\xBC--\xC3\xBC.org", "domain 'a-\\xC3\\xBC--\\xC3\\xBC.org' []"},
    {"example.org", "domain 'example.org' []"},
};
constexpr bad_case no_wide_domains[] = {
    {"\xC0\xAF", errc::bad_utf8, 0},         {"a\xED\xA0\x80", errc::bad_utf8, 1}, {"a.\xF4\x90\x80\x80", errc::bad_utf8, 2},
    {"a\xC3", errc::bad_utf8, 1},            {"\xBC", errc::bad_utf8, 0},          {"\xE2\x82", errc::bad_utf8, 0},
    {"\xC3\xBC-", errc::bad_domain, 3},      {"-\xC3\xBC", errc::bad_domain, 0},   {"\xC3\xBC.", errc::bad_domain, 3},
    {"[\xC3\xBC]", errc::bad_address_literal, 1},
};

// RFC 5321 4.1.3
constexpr good_case literals[] = {
    {"[123.255.37.2]", "ipv4 '[123.255.37.2]' []"},
    {"[0.0.0.0]", "ipv4 '[0.0.0.0]' []"},
    {"[255.255.255.255]", "ipv4 '[255.255.255.255]' []"},
    {"[001.02.000.099]", "ipv4 '[001.02.000.099]' []"},
    {"[IPv6:1:2:3:4:5:6:7:8]", "ipv6 '[IPv6:1:2:3:4:5:6:7:8]' []"},
    {"[ipv6:ABCD:ef01:2345:6789:abcd:EF01:2345:6789]", "ipv6 '[ipv6:ABCD:ef01:2345:6789:abcd:EF01:2345:6789]' []"},
    {"[IPV6:::]", "ipv6 '[IPV6:::]' []"},
    {"[IPv6:::1]", "ipv6 '[IPv6:::1]' []"},
    {"[IPv6:1::]", "ipv6 '[IPv6:1::]' []"},
    {"[IPv6:2001:db8::1]", "ipv6 '[IPv6:2001:db8::1]' []"},
    {"[IPv6:1:2:3::4:5:6]", "ipv6 '[IPv6:1:2:3::4:5:6]' []"},
    {"[IPv6:1:2:3:4:5:6::]", "ipv6 '[IPv6:1:2:3:4:5:6::]' []"},
    {"[IPv6:::1:2:3:4:5:6]", "ipv6 '[IPv6:::1:2:3:4:5:6]' []"},
    {"[IPv6:1:2:3:4:5:6:1.2.3.4]", "ipv6 '[IPv6:1:2:3:4:5:6:1.2.3.4]' []"},
    {"[IPv6:::1.2.3.4]", "ipv6 '[IPv6:::1.2.3.4]' []"},
    {"[IPv6:::ffff:192.0.2.1]", "ipv6 '[IPv6:::ffff:192.0.2.1]' []"},
    {"[IPv6:1:2:3:4::1.2.3.4]", "ipv6 '[IPv6:1:2:3:4::1.2.3.4]' []"},
    {"[IPv6:1::2:3:4:1.2.3.4]", "ipv6 '[IPv6:1::2:3:4:1.2.3.4]' []"},
    {"[x400:c=us;a=b]", "general '[x400:c=us;a=b]' []"},
    {"[-x:y]", "general '[-x:y]' []"},
    {"[IPv66:y]", "general '[IPv66:y]' []"},
    {"[-IPv6:y]", "general '[-IPv6:y]' []"},
    {"[1-2:3]", "general '[1-2:3]' []"},
    {"[g:!Z^~]", "general '[g:!Z^~]' []"},
};
constexpr bad_case no_literals[] = {
    {"[1:2]", errc::bad_address_literal, 2},
    {"[a:!Z^~]", errc::bad_address_literal, 2},
    {"[", errc::bad_address_literal, 1},
    {"[]", errc::bad_address_literal, 1},
    {"[1", errc::bad_address_literal, 2},
    {"[1.2.3]", errc::bad_address_literal, 6},
    {"[1.2.3.]", errc::bad_address_literal, 7},
    {"[1.2.3.4", errc::bad_address_literal, 8},
    {"[1.2.3.4.5]", errc::bad_address_literal, 8},
    {"[1.2.3.4]x", errc::bad_address_literal, 9},
    {"[1.2.3.4]]", errc::bad_address_literal, 9},
    {"[[1.2.3.4]", errc::bad_address_literal, 1},
    {"[ 1.2.3.4]", errc::bad_address_literal, 1},
    {"[1.2.3.4 ]", errc::bad_address_literal, 8},
    {"[1.2.3.256]", errc::bad_address_literal, 9},
    {"[1.2.3.1000]", errc::bad_address_literal, 10},
    {"[1..2.3]", errc::bad_address_literal, 3},
    {"[.1.2.3]", errc::bad_address_literal, 1},
    {"[1.2.3.4\0]"sv, errc::bad_address_literal, 8},
    // 256 could still be a tag; its dot is what cannot be.
    {"[256.1.1.1]", errc::bad_address_literal, 4},
    {"[0001.2.3.4]", errc::bad_address_literal, 5},
    {"[foo]", errc::bad_address_literal, 4},
    {"[foo", errc::bad_address_literal, 4},
    {"[foo-:x]", errc::bad_address_literal, 5},
    {"[-]", errc::bad_address_literal, 2},
    {"[x:]", errc::bad_address_literal, 3},
    {"[x:", errc::bad_address_literal, 3},
    {"[x:a", errc::bad_address_literal, 4},
    {"[x:a b]", errc::bad_address_literal, 4},
    {"[x:a[b]", errc::bad_address_literal, 4},
    {"[x:a\\b]", errc::bad_address_literal, 4},
    {"[x:\x7F]", errc::bad_address_literal, 3},
    {"[x_y:a]", errc::bad_address_literal, 2},
    // facts.md 1.4: a malformed [IPv6:...] is no general literal.
    {"[IPv6:]", errc::bad_address_literal, 6},
    {"[IPv6:x]", errc::bad_address_literal, 6},
    {"[IPv6::]", errc::bad_address_literal, 7},
    {"[IPv6::1]", errc::bad_address_literal, 7},
    {"[IPv6:1]", errc::bad_address_literal, 7},
    {"[IPv6:1:2:3:4:5:6:7]", errc::bad_address_literal, 19},
    {"[IPv6:1:2:3:4:5:6:7:]", errc::bad_address_literal, 20},
    {"[IPv6:1:2:3:4:5:6:7:8:9]", errc::bad_address_literal, 21},
    {"[IPv6:1:2:3:4:5:6:7:g]", errc::bad_address_literal, 20},
    {"[IPv6:12345:2:3:4:5:6:7:8]", errc::bad_address_literal, 10},
    {"[IPv6:1::2::3]", errc::bad_address_literal, 11},
    {"[IPv6::::]", errc::bad_address_literal, 8},
    {"[IPv6:::1", errc::bad_address_literal, 9},
    {"[IPv6:1.2.3.4]", errc::bad_address_literal, 7},
    {"[IPv6:::1.2.3]", errc::bad_address_literal, 13},
    {"[IPv6:1:2:3:4:5:1.2.3.4]", errc::bad_address_literal, 17},
    {"[IPv6:::1.2.3.4:5]", errc::bad_address_literal, 15},
    // The first octet that cannot be right: the group too many, or what would make one.
    {"[IPv6:1:2:3:4:5:6:7::]", errc::bad_address_literal, 20},
    {"[IPv6:1:2:3:4:5:6:7:8::]", errc::bad_address_literal, 21},
    {"[IPv6:1:2:3::5:6:7:8]", errc::bad_address_literal, 18},
    {"[IPv6:1:2:3:4:5:6::7]", errc::bad_address_literal, 19},
    {"[IPv6:::1:2:3:4:5:1.2.3.4]", errc::bad_address_literal, 19},
    {"[IPv6:::abc.1.2.3]", errc::bad_address_literal, 11},
    {"[IPv6:::256.1.2.3]", errc::bad_address_literal, 11},
    {"[IPv6:::1.2.3.256]", errc::bad_address_literal, 16},
    {"[IPv6:::1.2.3.4444]", errc::bad_address_literal, 16},
    {"[IPv6:1:2:3:4:5:6:7:1.2.3.4]", errc::bad_address_literal, 21},
    {"[IPv6 :1:2:3:4:5:6:7:8]", errc::bad_address_literal, 5},
};
// "::" for a single group (RFC 5321 4.1.3: at least two), or for none.
constexpr std::string_view single_groups[] = {"[IPv6:1:2:3:4:5:6:7::]", "[IPv6:::2:3:4:5:6:7:8]", "[IPv6:1:2:3::5:6:7:8]",
                                              "[IPv6:1:2:3:4:5::1.2.3.4]", "[IPv6:::1:2:3:4:5:1.2.3.4]"};
constexpr std::string_view no_groups[] = {"[IPv6:1:2:3:4:5:6:7:8::]", "[IPv6:::1:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4::5:6:7:8]",
                                          "[IPv6:1:2:3:4:5:6::1.2.3.4]"};

static_assert(support::first_refused(domains, parse) == std::size(domains));
static_assert(support::first_wrong(no_domains, parse) == std::size(no_domains));
static_assert(support::first_refused(wide_domains, parse_utf8) == std::size(wide_domains));
static_assert(support::first_wrong(no_wide_domains, parse_utf8) == std::size(no_wide_domains));
static_assert(support::first_refused(literals, parse) == std::size(literals));
static_assert(support::first_wrong(no_literals, parse) == std::size(no_literals));

}  // namespace

TEST_CASE("domains", "[domain]") {
    support::check_all(domains, parse);
    support::check_all(no_domains, parse);
    support::check_all(wide_domains, parse_utf8);
    support::check_all(no_wide_domains, parse_utf8);
}

TEST_CASE("address literals", "[domain]") {
    support::check_all(literals, parse);
    support::check_all(no_literals, parse);
}

TEST_CASE("a :: that stands for one group or none", "[domain]") {
    for (std::string_view const text : single_groups) {
        CAPTURE(text);
        CHECK(parse_host(text).error().code == errc::bad_address_literal);
        auto const tolerated = parse_host(text, syntax{.tolerate = rule::ipv6_single_group});
        REQUIRE(tolerated);
        CHECK(tolerated->tolerated == leniency(rule::ipv6_single_group));
    }
    for (std::string_view const text : no_groups) {
        CAPTURE(text);
        CHECK(parse_host(text).error().code == errc::bad_address_literal);
        CHECK(parse_host(text, syntax{.tolerate = leniency::all()}).error().code == errc::bad_address_literal);
    }
}

TEST_CASE("a domain of 255 octets, and one more", "[domain]") {
    std::string const label(63, 'a');
    std::string const d255 = label + "." + label + "." + label + "." + label, d256 = d255 + "b";
    REQUIRE(d255.size() == 255);
    CHECK(everywhere(d255, [](std::string_view t) { return say(parse_host(t)); }) == "domain '" + d255 + "' []");
    CHECK(everywhere(d256, [](std::string_view t) { return say(parse_host(t)); }) == "domain_too_long@255");
    // An address literal counts with its brackets.
    std::string const literal = "[x:" + std::string(251, 'y') + "]", longer = "[x:" + std::string(252, 'y') + "]";
    CHECK(parse_host(literal));
    CHECK(parse_host(longer).error() == fail(errc::domain_too_long, 255));
    CHECK(parse_host("abcd", syntax{.max_domain = 4}));
    CHECK(parse_host("abcde", syntax{.max_domain = 4}).error() == fail(errc::domain_too_long, 4));
    CHECK_BOTH(parse_host("a", syntax{.max_domain = 0}).error() == fail(errc::domain_too_long, 0));
    CHECK(parse_host(std::string_view(std::string(60000, 'a')), syntax{.max_domain = 60000}));
}

TEST_CASE("parse_domain takes no literal", "[domain]") {
    static_assert(parse_domain("example.org") && !parse_domain("[1.2.3.4]"));
    CHECK(parse_domain("[1.2.3.4]").error() == fail(errc::bad_domain, 0));
    CHECK(parse_domain("").error() == fail(errc::bad_domain, 0));
    CHECK(parse_domain("example.org")->kind == host_kind::domain);
    CHECK_FALSE(parse_domain("example.org")->is_literal());
    CHECK(parse_host("[1.2.3.4]")->is_literal());
}

namespace {
constexpr bool v6(std::string_view literal, std::uint16_t const (&groups)[8], syntax const& rules = strict_syntax) {
    auto const ip = parse_ip_address(literal, rules);
    if (!ip || ip->kind != host_kind::ipv6) return false;
    for (unsigned i = 0; i < 8; ++i)
        if (ip->octets[2 * i] != groups[i] >> 8 || ip->octets[2 * i + 1] != (groups[i] & 255)) return false;
    return true;
}
static_assert(v6("[IPv6:::]", {0, 0, 0, 0, 0, 0, 0, 0}));
static_assert(v6("[IPv6:::1]", {0, 0, 0, 0, 0, 0, 0, 1}));
static_assert(v6("[IPv6:2001:DB8::a:0:1]", {0x2001, 0xDB8, 0, 0, 0, 0xA, 0, 1}));
static_assert(v6("[IPv6:1:2:3:4:5:6:7:8]", {1, 2, 3, 4, 5, 6, 7, 8}));
static_assert(v6("[IPv6:1::]", {1, 0, 0, 0, 0, 0, 0, 0}));
static_assert(v6("[IPv6:::ffff:192.0.2.255]", {0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x2FF}));
static_assert(v6("[IPv6:1:2:3:4:5:6:1.2.3.4]", {1, 2, 3, 4, 5, 6, 0x102, 0x304}));
static_assert(v6("[IPv6:1:2:3::5:6:7:8]", {1, 2, 3, 0, 5, 6, 7, 8}, {.tolerate = rule::ipv6_single_group}));
}  // namespace

TEST_CASE("the address of a literal", "[domain]") {
    CHECK(v6("[IPv6:2001:DB8::a:0:1]", {0x2001, 0xDB8, 0, 0, 0, 0xA, 0, 1}));
    CHECK(v6("[IPv6:::ffff:192.0.2.255]", {0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x2FF}));
    auto const v4 = parse_ip_address("[192.000.2.255]");
    REQUIRE(v4);
    CHECK(v4->kind == host_kind::ipv4);
    CHECK((v4->octets[0] == 192 && v4->octets[1] == 0 && v4->octets[2] == 2 && v4->octets[3] == 255 && v4->octets[4] == 0));
    CHECK(*parse_ip_address("[IPv6:1:0::2]") == *parse_ip_address("[ipv6:1::0:2]"));
    CHECK(parse_ip_address("[x:y]").error() == fail(errc::bad_address_literal, 1));
    CHECK(parse_ip_address("[1.2.3.4]x").error() == fail(errc::bad_address_literal, 9));
    CHECK(parse_ip_address("1.2.3.4").error() == fail(errc::bad_address_literal, 0));
    CHECK(parse_ip_address("").error() == fail(errc::bad_address_literal, 0));
    CHECK(parse_ip_address("[IPv6:1:2:3::5:6:7:8]").error().code == errc::bad_address_literal);
}

TEST_CASE("hosts are equal but for case", "[domain]") {
    CHECK_BOTH(same_domain("Example.ORG", "eXAMPLE.org") && same_domain("[IPV6:::A]", "[ipv6:::a]"));
    CHECK_BOTH(!same_domain("example.org", "example.or") && !same_domain("a-b", "a_b"));
    CHECK_FALSE(same_domain("\xC3\xBC", "\xC3\x9C"));
    // The root of the DNS at the end, or not; alone it is no name.
    CHECK_BOTH(same_domain("example.org.", "EXAMPLE.org") && same_domain("example.org", "example.org.") && same_domain("a.", "a."));
    CHECK_BOTH(!same_domain("example.org..", "example.org") && !same_domain(".", "") && same_domain(".", ".") && same_domain("", ""));
    // Literals by the address they mean.
    CHECK_BOTH(same_domain("[IPv6:2001:DB8::1]", "[IPv6:2001:0db8:0:0:0:0:0:1]") && same_domain("[IPv6:::1.2.3.4]", "[IPv6:::102:304]"));
    CHECK_BOTH(same_domain("[IPv6:1:2:3:4:5:6:7::]", "[IPv6:1:2:3:4:5:6:7:0]") && same_domain("[001.2.3.4]", "[1.2.3.4]"));
    CHECK_BOTH(!same_domain("[IPv6:::1]", "[IPv6:::2]") && !same_domain("[1.2.3.4]", "1.2.3.4") && !same_domain("[1.2.3.4]", "[IPv6:::ffff:1.2.3.4]"));
    // General ones by their tag without its case, and what follows it.
    CHECK_BOTH(same_domain("[Tag:x]", "[tAG:x]") && !same_domain("[tag:x]", "[tag:X]") && !same_domain("[tag:x]", "[tags:x]"));
    CHECK_BOTH(!same_domain("[1.2.3.4]", "[1.2.3.4.]") && !same_domain("[", "[x") && same_domain("[", "["));
    CHECK(same_mailbox(*parse_mailbox("a@B.example", {}), *parse_mailbox("\"a\"@b.EXAMPLE.", {.tolerate = rule::trailing_dot})));
    CHECK(name(host_kind::general) == "general");
}

TEST_CASE("RFC 5321 4.1.3: a tag of hexadecimal digits is none, in a mailbox too", "[domain]") {
    for (std::string_view const text : {"[2001:db8::1]", "[a:b]", "[0:0:0:0:0:0:0:1]", "[abcdef:x]"}) {
        CAPTURE(text);
        std::size_t const colon = text.find(':');
        CHECK(parse_host(text).error() == fail(errc::bad_address_literal, colon));
        CHECK(parse_ip_address(text).error() == fail(errc::bad_address_literal, colon));
    }
    CHECK(parse_path("<a@[2001:db8::1]>").error() == fail(errc::bad_address_literal, 8));
    for (std::string_view const text : {"[IPv4:192.0.2.1]", "[x:y]", "[abg:x]", "[a-b:x]", "[-a:x]"}) {
        CAPTURE(text);
        CHECK(parse_host(text)->kind == host_kind::general);
    }
}

}  // namespace test_domain
