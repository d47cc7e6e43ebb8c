// The verbs that are not RFC 5321's core: auth.hpp, chunk.hpp, turn.hpp, xclient.hpp, and their part of command.hpp.
#include "reader.hpp"
#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/dispatch.hpp>
#include <ehlo/line.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace test_extended {

using namespace ehlo;
using support::escaped;
using support::everywhere;
using support::say;
using support::say_command;
using support::written;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// A whole line: the verb, or what is wrong with it.
constexpr result<verb> read_line(std::string_view line) {
    auto const split = split_command(line);
    if (!split) return split.error();
    auto const failed = visit_command(*split, strict_syntax, [](auto const&) {});
    if (failed) return *failed;
    return split->verb;
}

// clang-format off
constexpr support::good_case good[] = {
    {"LHLO a.example", "LHLO domain 'a.example' []"},
    {"lhlo [192.0.2.1]", "LHLO ipv4 '[192.0.2.1]' []"},
    {"Lhlo [IPv6:::1] \t", "LHLO ipv6 '[IPv6:::1]' []"},
    {"STARTTLS", "STARTTLS"},
    {"starttls \t ", "STARTTLS"},
    {"AUTH PLAIN", "AUTH 'PLAIN'"},
    {"auth plain =", "AUTH 'plain' initial ''"},
    {"AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "AUTH 'PLAIN' initial 'dGVzdAB0ZXN0ADEyMzQ='"},
    {"AUTH CRAM-MD5", "AUTH 'CRAM-MD5'"},
    {"AUTH X_Y-0123456789ABCDEF Zg==", "AUTH 'X_Y-0123456789ABCDEF' initial 'Zg=='"},
    {"AUTH -", "AUTH '-'"},
    {"BDAT 0", "BDAT 0"},
    {"BDAT 0 LAST", "BDAT 0 last"},
    {"bdat 00012 last", "BDAT 12 last"},
    {"BDAT 86", "BDAT 86"},
    {"BDAT 18446744073709551615 LaSt  ", "BDAT 18446744073709551615 last"},
    {"BDAT 0000000000000000000000000000000001", "BDAT 1"},
    {"BURL imap://a@b/c;urlauth=submit+a:internal:91354a47 LAST", "BURL 'imap://a@b/c;urlauth=submit+a:internal:91354a47' last"},
    {"burl a:b", "BURL 'a:b'"},
    {"BURL a+-.9:! last", "BURL 'a+-.9:!' last"},
    {"BURL x:LAST", "BURL 'x:LAST'"},
    {"BURL x:/LAST LAST", "BURL 'x:/LAST' last"},
    {"ETRN mx.example.org", "ETRN 'mx.example.org'"},
    {"ETRN @example.org", "ETRN @'example.org'"},
    {"etrn #queue", "ETRN #'queue'"},
    {"ETRN ##", "ETRN #'#'"},
    {"ETRN @@", "ETRN @'@'"},
    {"ETRN !~", "ETRN '!~'"},
    {"ATRN", "ATRN"},
    {"ATRN \t", "ATRN"},
    {"ATRN a.example", "ATRN 'a.example'"},
    {"atrn a.b,c-d.e,1.2.3.4", "ATRN 'a.b' 'c-d.e' '1.2.3.4'"},
    {"TURN", "TURN"},
    {"turn  ", "TURN"},
    {"SEND FROM:<a@b>", "SEND mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"soml from:<>", "SOML null '<>' via to '' at domain '' = '' [] parameters []"},
    {"SAML FROM:<a@b> SIZE=7", "SAML mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters SIZE='7' size 7 []"},
    {"XCLIENT NAME=spike.example ADDR=168.100.189.2", "XCLIENT NAME='spike.example' ADDR='168.100.189.2'"},
    {"xclient name=[UNAVAILABLE] Addr=IPV6:2001:db8::1 PORT=25 PROTO=ESMTP HELO=a LOGIN=b+20c DESTADDR=1.2.3.4 DESTPORT=587",
     "XCLIENT name='[UNAVAILABLE]' Addr='IPV6:2001:db8::1' PORT='25' PROTO='ESMTP' HELO='a' LOGIN='b+20c' DESTADDR='1.2.3.4' DESTPORT='587'"},
    {"XCLIENT NAME=[TEMPUNAVAIL]", "XCLIENT NAME='[TEMPUNAVAIL]'"},
    {"XFORWARD NAME=a ADDR=b PORT=1 PROTO=SMTP HELO=c IDENT=3Bx SOURCE=REMOTE",
     "XFORWARD NAME='a' ADDR='b' PORT='1' PROTO='SMTP' HELO='c' IDENT='3Bx' SOURCE='REMOTE'"},
    {"XFORWARD SOURCE=LOCAL  ", "XFORWARD SOURCE='LOCAL'"},
    {"VERB", "VERB ''"},
    {"verb on", "VERB 'on'"},
    {"VERB  two  words ", "VERB ' two  words'"},
    {"ONEX", "ONEX"},
    {"onex\t", "ONEX"},
};

constexpr support::bad_case bad[] = {
    {"LHLO  a", errc::bad_domain, 5},
    {"LHLO a b", errc::bad_domain, 6},
    {"LHLO a_b", errc::bad_domain, 6},
    {"LHLO \xC3\xBC", errc::non_ascii, 5},
    {"LHLO [1.2.3]", errc::bad_address_literal, 11},
    {"LHLOx", errc::unknown_verb, 0},
    {"STARTTLS  foo", errc::unexpected_argument, 9},
    {"STARTTLSX", errc::unknown_verb, 0},
    {"STARTTL", errc::unknown_verb, 0},
    {"STAR TTLS", errc::unknown_verb, 0},
    {"STARTTLS\tfoo", errc::unknown_verb, 0},
    {"AUTH  PLAIN", errc::bad_mechanism, 5},
    {"AUTH PL@IN", errc::bad_mechanism, 7},
    {"AUTH A23456789012345678901", errc::bad_mechanism, 25},
    {"AUTH PLAIN\tdGVzdA==", errc::bad_mechanism, 10},
    {"AUTH PLAIN *", errc::bad_base64, 11},
    {"AUTH PLAIN dGVzdA", errc::bad_base64, 17},
    {"AUTH PLAIN dGVzdA== dGVzdA==", errc::bad_base64, 19},
    {"AUTH PLAIN dGVz =", errc::bad_base64, 15},
    {"AUTH PLAIN  dGVz", errc::bad_base64, 11},
    {"AUTH CRAM-MD5 dGVz", errc::unexpected_initial_response, 14},
    {"AUTH digest-md5 =", errc::unexpected_initial_response, 16},
    {"BDAT ", errc::missing_argument, 4},
    {"BDAT  LAST", errc::bad_number, 5},
    {"BDAT  5", errc::bad_number, 5},
    {"BDAT -1 LAST", errc::bad_number, 5},
    {"BDAT \x7F", errc::bad_number, 5},
    {"BDAT 1.0", errc::bad_number, 6},
    {"BDAT 5LAST", errc::bad_number, 6},
    {"BDAT 5\tLAST", errc::bad_number, 6},
    {"BDAT 18446744073709551616 LAST", errc::number_too_large, 24},
    {"BDAT 99999999999999999999999999", errc::number_too_large, 24},
    {"BDAT 5 X", errc::unexpected_argument, 7},
    {"BDAT 5 LA", errc::unexpected_argument, 9},
    {"BDAT 5 LASTX", errc::unexpected_argument, 11},
    {"BDAT 5 LAST LAST", errc::unexpected_argument, 11},
    {"BDAT 5 6", errc::unexpected_argument, 7},
    {"BURL LAST", errc::bad_url, 9},
    {"BURL  LAST", errc::bad_url, 5},
    {"BURL 1a:b", errc::bad_url, 5},
    {"BURL :b", errc::bad_url, 5},
    {"BURL /a:b", errc::bad_url, 5},
    {"BURL a/b:c", errc::bad_url, 6},
    {"BURL imap:", errc::bad_url, 10},
    {"BURL imap: LAST", errc::bad_url, 10},
    {"BURL a:b\xC3", errc::bad_url, 8},
    {"BURL a:b\x7F", errc::bad_url, 8},
    {"BURL a:b\tLAST", errc::bad_url, 8},
    {"BURL a:b c", errc::unexpected_argument, 9},
    {"BURL a:b LASTX", errc::unexpected_argument, 13},
    {"BURL a:b LAST LAST", errc::unexpected_argument, 13},
    {"ETRN @", errc::missing_argument, 6},
    {"ETRN #", errc::missing_argument, 6},
    {"ETRN  a", errc::unexpected_argument, 5},
    {"ETRN a b", errc::unexpected_argument, 6},
    {"ETRN # a", errc::unexpected_argument, 6},
    {"ETRN a\tb", errc::unexpected_argument, 6},
    {"ETRN \x7F", errc::unexpected_argument, 5},
    {"ETRN a\xC3\xBC", errc::unexpected_argument, 6},
    {"ATRN a", errc::bad_domain, 6},
    {"ATRN a,b.c", errc::bad_domain, 6},
    {"ATRN ,a.b", errc::bad_domain, 5},
    {"ATRN a.b,", errc::bad_domain, 9},
    {"ATRN a.b,,c.d", errc::bad_domain, 9},
    {"ATRN a.b, c.d", errc::bad_domain, 9},
    {"ATRN a.b c.d", errc::bad_domain, 8},
    {"ATRN a.b,c", errc::bad_domain, 10},
    {"ATRN a_b.c", errc::bad_domain, 6},
    {"ATRN a.b.", errc::bad_domain, 9},
    {"ATRN [1.2.3.4]", errc::bad_domain, 5},
    {"ATRN a.\xC3\xBC", errc::non_ascii, 7},
    {"SEND", errc::missing_argument, 4},
    {"SEND TO:<a@b>", errc::expected_from, 5},
    {"SOML FROM: <a@b>", errc::expected_path, 10},
    {"SAML FROM:<a@b", errc::unclosed_path, 14},
    {"SAML FROM:<a@b> SIZE=x", errc::bad_parameter_value, 21},
    {"SEND FROM:<a@b> SIZE=1 size=2", errc::duplicate_parameter, 23},
    {"XCLIENT", errc::missing_argument, 7},
    {"XCLIENT NAME", errc::bad_parameter, 12},
    {"XCLIENT NAME ADDR=a", errc::bad_parameter, 12},
    {"XCLIENT =a", errc::bad_parameter, 8},
    {"XCLIENT NAME=", errc::bad_parameter, 13},
    {"XCLIENT NAME= ADDR=a", errc::bad_parameter, 13},
    {"XCLIENT NAME=a  ADDR=b", errc::bad_parameter, 15},
    {"XCLIENT  NAME=a", errc::bad_parameter, 8},
    {"XCLIENT FOO=a", errc::unknown_attribute, 8},
    {"XCLIENT NAME=a IDENT=b", errc::unknown_attribute, 15},
    {"XCLIENT SOURCE=LOCAL", errc::unknown_attribute, 8},
    {"XCLIENT NAME=a name=b", errc::duplicate_parameter, 15},
    {"XCLIENT NAME=a=b", errc::bad_parameter_value, 14},
    {"XCLIENT NAME=+0D+0AQUIT", errc::bad_parameter_value, 14},
    {"XCLIENT NAME=a+4", errc::bad_parameter_value, 16},
    {"XCLIENT NAME=\xC3", errc::bad_parameter_value, 13},
    {"XCLIENTNAME=a", errc::unknown_verb, 0},
    {"XFORWARD", errc::missing_argument, 8},
    {"XFORWARD LOGIN=a", errc::unknown_attribute, 9},
    {"XFORWARD DESTADDR=a", errc::unknown_attribute, 9},
    {"XFORWARD NAME=a DESTPORT=1", errc::unknown_attribute, 16},
    {"XFORWARD NAME=a\tADDR=b", errc::bad_parameter_value, 15},
    {"VERB \xFF", errc::non_ascii, 5},
    {"VERBOSE", errc::unknown_verb, 0},
    {"ONEX 1", errc::unexpected_argument, 5},
};
// clang-format on

static_assert(support::first_refused(good, read_line) == std::size(good));
static_assert(support::first_wrong(bad, read_line) == std::size(bad));

// The typed values, at compile time.
constexpr bool typed() {
    auto const bdat = parse_bdat("7 LAST");
    auto const burl = parse_burl("imap:x LAST");
    auto const etrn = parse_etrn("@a.example");
    auto const facts = parse_xclient(verb::xclient, "NAME=a+20b login=c");
    auto const auth = parse_auth("PLAIN =");
    return bdat && bdat->size == 7 && bdat->last && burl && burl->url == "imap:x" && burl->last && etrn &&
           etrn->option == etrn_option::subdomains && etrn->node == "a.example" && facts &&
           facts->find(client_attribute::login) == "c" && facts->find(client_attribute::name) == "a+20b" &&
           !facts->find(client_attribute::port) && auth && auth->mechanism == mechanism::plain &&
           auth->initial_response == "" && !parse_auth("PLAIN")->initial_response;
}
static_assert(typed());

}  // namespace

TEST_CASE("lines of every extension", "[extended]") {
    for (support::good_case const& c : good) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) { return say_command(t); }) == c.said);
        CHECK(support::differs_as_line(c.text) == "");
    }
    for (support::bad_case const& c : bad) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) { return say_command(t); }) == say(fail(c.code, c.at)));
        CHECK(support::differs_as_line(c.text) == "");
    }
}

TEST_CASE("the oracle agrees about these lines", "[extended]") {
    auto known = [](std::string_view line) {
        for (std::string_view const v : {"SEND", "SOML", "SAML", "TURN"})
            if (iequals(line.substr(0, 4), v)) return false;
        return true;
    };
    for (support::good_case const& c : good) {
        CAPTURE(escaped(c.text));
        if (known(c.text)) CHECK(oracle::matches(oracle::extended_command, c.text));
    }
    for (support::bad_case const& c : bad) {
        CAPTURE(escaped(c.text));
        // These are not faults of grammar.
        bool const beyond = c.code == errc::unexpected_initial_response || c.code == errc::number_too_large ||
                            c.code == errc::duplicate_parameter || (c.code == errc::non_ascii && c.text.starts_with("VERB"));
        if (known(c.text)) CHECK(oracle::matches(oracle::extended_command, c.text) == beyond);
    }
    // All that the generator makes is right, but for values over 255 octets.
    generate::rng r(1985);
    std::size_t wrong = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string const line = generate::extended_command(r, 12);
        if (!oracle::matches(oracle::extended_command, line)) {
            ++wrong;
            CHECK(line.find(std::string(256, 'x')) != std::string::npos);
        }
        std::string const keyword = generate::ehlo_line(r, 12);
        if (!oracle::matches(oracle::ehlo_line, keyword)) FAIL_CHECK(escaped(keyword));
    }
    CHECK(wrong < 100);
}

TEST_CASE("NUL, CR and LF in the lines of extensions", "[extended]") {
    // The line reader lets none through; the parsers refuse them all the same.
    for (char const c : "\r\n"sv) {
        std::string const bad_octet(1, c);
        for (std::string_view const begin : {"LHLO a", "STARTTLS ", "AUTH PLAIN ", "AUTH ", "BDAT 1", "BURL a:b", "ETRN a", "ATRN a.b",
                                             "XCLIENT NAME=a", "XFORWARD NAME=a", "VERB x", "ONEX ", "TURN ", "SEND FROM:<a@b>"}) {
            std::string const line = std::string(begin) + bad_octet + "x";
            CAPTURE(escaped(line));
            CHECK_FALSE(read_line(line));
            CHECK(read_line(line).error().at <= begin.size());
        }
    }
    for (std::string_view const line : {"LHLO a\0"sv, "STARTTLS \0"sv, "AUTH PLAIN \0"sv, "BDAT 1\0"sv, "BURL a:b\0"sv, "ETRN a\0"sv,
                                        "ATRN a.b\0"sv, "XCLIENT NAME=a\0"sv, "VERB x\0"sv, "ONEX \0"sv, "SAML FROM:<a@b>\0"sv}) {
        CAPTURE(escaped(line));
        CHECK_FALSE(read_line(line));
    }
}

TEST_CASE("lengths in the lines of extensions", "[extended]") {
    std::string const x255(255, 'x');
    CHECK(read_line("XCLIENT NAME=" + x255));
    CHECK(read_line("XCLIENT NAME=" + x255 + "x").error() == fail(errc::bad_parameter_value, 13 + 255));
    CHECK(read_line("XFORWARD NAME=a IDENT=" + x255));
    CHECK(read_line("XFORWARD NAME=a IDENT=" + x255 + "x").error() == fail(errc::bad_parameter_value, 22 + 255));
    CHECK(read_line("LHLO " + x255));
    CHECK(read_line("LHLO " + x255 + "x").error() == fail(errc::domain_too_long, 5 + 255));
    std::string const domain = x255.substr(0, 253) + ".y";
    CHECK(read_line("ATRN a.b," + domain + ",c.d"));
    CHECK(read_line("ATRN a.b," + domain + "y,c.d").error() == fail(errc::domain_too_long, 9 + 255));
}

TEST_CASE("the domains of ATRN", "[extended]") {
    auto const a = parse_atrn("a.b,c.d,e.f");
    REQUIRE(a);
    std::vector<std::string> all;
    for (std::string_view const d : domain_list(a->domains)) all.emplace_back(d);
    CHECK(all == std::vector<std::string>{"a.b", "c.d", "e.f"});
    auto const none = parse_atrn("");
    REQUIRE(none);
    for (std::string_view const d : domain_list(none->domains)) FAIL_CHECK(d);
}

TEST_CASE("attributes of XCLIENT and XFORWARD", "[extended]") {
    struct row {
        std::string_view name;
        bool xclient, xforward;
    };
    constexpr row rows[] = {{"NAME", true, true},   {"ADDR", true, true},      {"PORT", true, true},      {"PROTO", true, true},
                            {"HELO", true, true},   {"LOGIN", true, false},    {"DESTADDR", true, false}, {"DESTPORT", true, false},
                            {"IDENT", false, true}, {"SOURCE", false, true},   {"SESSION", true, false},  {"CLIENT-TRANSPORT", true, false},
                            {"TTL", true, false},   {"TIMEOUT", true, false},  {"FORWARD", true, false}};
    static_assert(std::size(rows) == client_attribute_count);
    for (unsigned i = 0; i < client_attribute_count; ++i) {
        auto const a = static_cast<client_attribute>(i);
        CAPTURE(rows[i].name);
        CHECK(name(a) == rows[i].name);
        CHECK(has_attribute(verb::xclient, a) == rows[i].xclient);
        CHECK(has_attribute(verb::xforward, a) == rows[i].xforward);
        CHECK_FALSE(has_attribute(verb::ehlo, a));
        std::string const text = std::string(rows[i].name) + "=v";
        auto const c = parse_xclient(verb::xclient, text), f = parse_xclient(verb::xforward, text);
        CHECK(c.has_value() == (rows[i].xclient && !is_dovecot(a)));
        CHECK(parse_xclient(verb::xclient, text, {.tolerate = rule::dovecot_xclient}).has_value() == rows[i].xclient);
        CHECK(f.has_value() == rows[i].xforward);
        for (unsigned k = 0; k < client_attribute_count; ++k)
            if (c) CHECK(c->find(static_cast<client_attribute>(k)).has_value() == (i == k));
    }
}

namespace {

// What a writer makes, and the same read again.
template <class Write>
void round_trip(std::string_view line, Write&& write) {
    CAPTURE(escaped(line));
    CHECK(written(write) == std::string(line) + "\r\n");
    CHECK(read_line(line));
}

}  // namespace

TEST_CASE("writing the commands of extensions", "[extended]") {
    round_trip("LHLO a.example", [](writer& w) { return write_hello(w, verb::lhlo, "a.example"); });
    for (verb const v : {verb::starttls, verb::turn, verb::onex, verb::verbose})
        round_trip(name(v), [v](writer& w) { return write_no_argument(w, v); });
    round_trip("VERB on", [](writer& w) { return write_argument(w, verb::verbose, "on"); });
    round_trip("SEND FROM:<a@b> SIZE=1", [](writer& w) { return write_mail(w, "<a@b>", {.size = 1}, verb::send); });
    round_trip("SOML FROM:<>", [](writer& w) { return write_mail(w, "<>", {}, verb::soml); });
    round_trip("SAML FROM:<a@b>", [](writer& w) { return write_mail(w, "<a@b>", {}, verb::saml); });
    round_trip("BDAT 0", [](writer& w) { return write_bdat(w, 0, false); });
    round_trip("BDAT 0 LAST", [](writer& w) { return write_bdat(w, 0, true); });
    round_trip("BDAT 18446744073709551615 LAST", [](writer& w) { return write_bdat(w, ~std::uint64_t{0}, true); });
    round_trip("BURL imap:x", [](writer& w) { return write_burl(w, "imap:x", false); });
    round_trip("BURL imap:x LAST", [](writer& w) { return write_burl(w, "imap:x", true); });
    round_trip("ETRN a.b", [](writer& w) { return write_etrn(w, etrn_option::node, "a.b"); });
    round_trip("ETRN @a.b", [](writer& w) { return write_etrn(w, etrn_option::subdomains, "a.b"); });
    round_trip("ETRN #q", [](writer& w) { return write_etrn(w, etrn_option::queue, "q"); });
    round_trip("ETRN ##", [](writer& w) { return write_etrn(w, etrn_option::queue, "#"); });
    round_trip("ETRN @#a", [](writer& w) { return write_etrn(w, etrn_option::subdomains, "#a"); });
    round_trip("ATRN", [](writer& w) { return write_atrn(w); });
    round_trip("ATRN a.b,c.d", [](writer& w) { return write_atrn(w, "a.b,c.d"); });
    round_trip("XCLIENT NAME=a ADDR=b", [](writer& w) { return write_xclient(w, verb::xclient, "NAME=a ADDR=b"); });
    round_trip("XFORWARD IDENT=x", [](writer& w) { return write_xclient(w, verb::xforward, "IDENT=x"); });
    round_trip("AUTH PLAIN", [](writer& w) { return write_auth(w, "plain"); });
    round_trip("AUTH PLAIN Zg==", [](writer& w) { return write_auth(w, *parse_auth("plain Zg==")); });
    round_trip("AUTH EXTERNAL =", [](writer& w) { return write_auth(w, *parse_auth("EXTERNAL =")); });
}

namespace {

struct write_again {
    writer& w;
    result<std::size_t> operator()(cmd::hello const& h) { return write_hello(w, h.verb, h.name.text); }
    result<std::size_t> operator()(cmd::mail const& m) { return write_mail(w, m.from.text(), {.others = m.parameters.all().text()}, m.verb); }
    result<std::size_t> operator()(cmd::rcpt const&) { return fail(errc::bad_value, 0); }
    result<std::size_t> operator()(cmd::vrfy const&) { return fail(errc::bad_value, 0); }
    result<std::size_t> operator()(cmd::noop const& m) { return write_argument(w, m.verb, m.argument); }
    result<std::size_t> operator()(cmd::data const&) { return fail(errc::bad_value, 0); }
    result<std::size_t> operator()(cmd::rset const&) { return fail(errc::bad_value, 0); }
    result<std::size_t> operator()(cmd::quit const&) { return fail(errc::bad_value, 0); }
    result<std::size_t> operator()(cmd::turn const& b) { return write_no_argument(w, b.verb); }
    result<std::size_t> operator()(cmd::starttls const& b) { return write_no_argument(w, b.verb); }
    result<std::size_t> operator()(cmd::onex const& b) { return write_no_argument(w, b.verb); }
    result<std::size_t> operator()(cmd::auth const& a) { return write_auth(w, a); }
    result<std::size_t> operator()(cmd::bdat const& b) { return write_bdat(w, b.size, b.last); }
    result<std::size_t> operator()(cmd::burl const& b) { return write_burl(w, b.url, b.last); }
    result<std::size_t> operator()(cmd::etrn const& e) { return write_etrn(w, e.option, e.node); }
    result<std::size_t> operator()(cmd::atrn const& a) { return write_atrn(w, a.domains); }
    result<std::size_t> operator()(cmd::xclient const& f) { return write_xclient(w, f.verb, f.attributes.text()); }
};

}  // namespace

TEST_CASE("what was read of an extension can be written", "[extended]") {
    for (support::good_case const& c : good) {
        CAPTURE(escaped(c.text));
        auto const split = split_command(c.text);
        REQUIRE(split);
        std::string const line = written([&](writer& w) {
            result<std::size_t> n = fail(errc::bad_value, 0);
            auto const failed = visit_command(*split, strict_syntax, [&](auto const& command) { n = write_again{w}(command); });
            return failed ? result<std::size_t>(*failed) : n;
        });
        REQUIRE(line.ends_with("\r\n"));
        std::string const before = say_command(c.text);
        std::string const after = say_command(std::string_view(line).substr(0, line.size() - 2));
        // AUTH writes the name of the mechanism in capitals.
        if (split->verb == verb::auth) CHECK(iequals(after.substr(0, after.find(" initial")), before.substr(0, before.find(" initial"))));
        else CHECK(after == before);
    }
}

TEST_CASE("no argument of an extension can end a line", "[extended]") {
    struct row {
        std::string_view text;  // with an octet that must not be written
        std::size_t at;
    };
    constexpr row rows[] = {{"a.b\r\nQUIT", 3}, {"a.b\r", 3}, {"\na.b", 0}, {"a.b\0"sv, 3}, {"NAME=a\r\nQUIT", 6}, {"a:b\nLAST", 3}};
    for (row const& c : rows) {
        CAPTURE(escaped(c.text));
        std::string const refused = say(fail(errc::unsafe_octet, c.at));
        CHECK(written([&](writer& w) { return write_hello(w, verb::lhlo, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_argument(w, verb::verbose, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_burl(w, c.text, false); }) == refused);
        CHECK(written([&](writer& w) { return write_burl(w, c.text, true); }) == refused);
        for (etrn_option const o : {etrn_option::node, etrn_option::queue, etrn_option::subdomains})
            CHECK(written([&](writer& w) { return write_etrn(w, o, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_atrn(w, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_xclient(w, verb::xclient, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_xclient(w, verb::xforward, c.text); }) == refused);
        CHECK(written([&](writer& w) { return write_auth(w, c.text); }) == refused);
        for (verb const v : {verb::send, verb::soml, verb::saml})
            CHECK(written([&](writer& w) { return write_mail(w, c.text, {}, v); }) == refused);
    }
}

TEST_CASE("what the writers of extensions refuse", "[extended]") {
    auto refuses = [](std::string_view expected, auto&& write) { CHECK(written(write) == expected); };
    refuses("bad_value@0", [](writer& w) { return write_etrn(w, etrn_option::node, "#q"); });
    refuses("bad_value@0", [](writer& w) { return write_etrn(w, etrn_option::node, "@a"); });
    refuses("missing_argument@0", [](writer& w) { return write_etrn(w, etrn_option::node, ""); });
    refuses("missing_argument@0", [](writer& w) { return write_etrn(w, etrn_option::queue, ""); });
    refuses("unexpected_argument@1", [](writer& w) { return write_etrn(w, etrn_option::queue, "a b"); });
    refuses("unexpected_argument@0", [](writer& w) { return write_etrn(w, etrn_option::node, "\xC3\xBC"); });
    refuses("bad_domain@1", [](writer& w) { return write_atrn(w, "a"); });
    refuses("bad_domain@4", [](writer& w) { return write_atrn(w, "a.b,"); });
    refuses("missing_argument@0", [](writer& w) { return write_burl(w, "", true); });
    refuses("unexpected_argument@3", [](writer& w) { return write_burl(w, "a:b LAST", false); });
    refuses("bad_url@2", [](writer& w) { return write_burl(w, "a: LAST", false); });
    refuses("missing_argument@0", [](writer& w) { return write_xclient(w, verb::xclient, ""); });
    refuses("bad_value@0", [](writer& w) { return write_xclient(w, verb::ehlo, "NAME=a"); });
    refuses("unknown_attribute@0", [](writer& w) { return write_xclient(w, verb::xclient, "SOURCE=LOCAL"); });
    refuses("bad_parameter@7", [](writer& w) { return write_xclient(w, verb::xclient, "NAME=a "); });
    refuses("bad_value@2", [](writer& w) { return write_argument(w, verb::verbose, "on "); });
    refuses("bad_value@0", [](writer& w) { return write_hello(w, verb::starttls, "a"); });
    refuses("bad_mechanism@0", [](writer& w) { return write_auth(w, ""); });
    refuses("bad_mechanism@1", [](writer& w) { return write_auth(w, "A B"); });
}

TEST_CASE("chunk_reader", "[extended]") {
    chunk_reader none(0);
    CHECK(none.left() == 0);
    CHECK(none.next("abc").empty());
    chunk_reader five(5);
    CHECK(five.next("").empty());
    CHECK(five.next("ab") == "ab");
    CHECK(five.left() == 3);
    CHECK(five.next(".\r\nQUIT") == ".\r\n");
    CHECK(five.left() == 0);
    CHECK(five.next("QUIT").empty());
    chunk_reader endless(std::numeric_limits<std::uint64_t>::max());
    CHECK(endless.next("abc") == "abc");
    CHECK(endless.left() == std::numeric_limits<std::uint64_t>::max() - 3);
    constexpr auto left = [] {
        chunk_reader c(4);
        (void)c.next("abc");
        return c.left();
    }();
    static_assert(left == 1);
}

TEST_CASE("XCLIENT of Dovecot: its attributes, one twice, and longer values than Postfix's", "[extended]") {
    syntax const rules{.tolerate = rule::repeated_attribute | rule::dovecot_xclient};
    auto const f = parse_xclient(verb::xclient, "HELO=a TTL=5 HELO=b SESSION=s", rules);
    REQUIRE(f);
    CHECK(f->find(client_attribute::helo) == "b");  // the last one counts
    CHECK(f->find(client_attribute::session_id) == "s");
    CHECK(f->find(client_attribute::name) == std::nullopt);
    CHECK(f->tolerated == rules.tolerate);
    for (unsigned i = 0; i < client_attribute_count; ++i) {
        auto const a = static_cast<client_attribute>(i);
        CHECK_FALSE((is_dovecot(a) && has_attribute(verb::xforward, a)));
        std::string const longer = std::string(name(a)) + "=" + std::string(256, 'x');
        CHECK(parse_xclient(verb::xclient, longer, rules).has_value() == is_dovecot(a));
    }
}

}  // namespace test_extended
