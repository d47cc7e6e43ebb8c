// The rules of leniency over whole commands: what each takes, what all of them together must not, and that what was
// read under any of them can be written and read again. See also test_leniency.cpp.
#include "generate.hpp"
#include "machine.hpp"
#include "support.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_rules {

using namespace ehlo;
using support::escaped;
using support::everywhere;
using support::say;

namespace {

struct reading {
    std::optional<failure> failed;
    leniency tolerated;
    std::string said;  // what the command means, with what was tolerated left out
    bool operator==(reading const&) const = default;
};

// What a path means, however it is spelt.
std::string meaning(path const& p) {
    std::string out = p.is_null() ? "null" : p.is_postmaster() ? "postmaster" : "mailbox";
    for (std::string_view const hop : p.route()) (out += " @") += hop;
    return out += " " + say(p.local_part()) + " at " + std::string(name(p.domain_kind())) + " " + say(p.domain());
}
std::string meaning(xtext const& x) {
    std::string out;
    for (char const c : x) out += c;
    return say(std::string_view(out));
}
std::string capitals(std::string_view text) {
    std::string out;
    for (char const c : text) out += to_upper(c);
    return out;
}
// Their order means nothing, nor does the case of keywords and of most values.
std::string meaning(parameter_list const& set) {
    std::vector<std::string> all;
    for (parameter const p : set.all()) {
        auto const id = find_parameter(p.keyword);
        bool const known = id && set.has(*id);
        bool const encoded = known && (*id == parameter_id::envid || *id == parameter_id::auth || *id == parameter_id::orcpt);
        std::string value = !p.value ? "" : encoded ? meaning(xtext::encoded(*p.value)) : known ? capitals(*p.value) : std::string(*p.value);
        if (known && *id == parameter_id::size) value.erase(0, std::min(value.find_first_not_of('0'), value.size() - 1));
        all.push_back(" " + (known ? capitals(p.keyword) : std::string(p.keyword)) + (p.value ? "=" : "") + value);
    }
    std::sort(all.begin(), all.end());
    std::string out;
    for (std::string const& p : all) out += p;
    return out;
}
std::string meaning(cmd::mail const& m) { return std::string(name(m.verb)) + " " + meaning(m.from) + meaning(m.parameters); }
std::string meaning(cmd::rcpt const& r) { return "RCPT " + meaning(r.to) + meaning(r.parameters); }
std::string meaning(cmd::hello const& h) { return std::string(name(h.verb)) + " " + std::string(name(h.name.kind)) + " " + say(h.name.text); }
std::string meaning(cmd::xclient const& f) {
    std::string out(name(f.verb));
    for (parameter const p : f.attributes) out += " " + std::string(p.keyword) + "=" + meaning(xtext::encoded(*p.value));
    return out;
}
template <class Command>
std::string meaning(Command const& c) {
    return say(c);
}

template <class F>
reading read_line(std::string_view line, leniency tolerate, F&& f) {
    syntax const rules{.tolerate = tolerate};
    auto const split = split_command(line, rules);
    if (!split) return {split.error(), {}, {}};
    reading o{{}, split->tolerated, {}};
    o.failed = visit_command(*split, rules, [&](auto const& command) {
        if constexpr (requires { command.tolerated; }) o.tolerated |= command.tolerated;
        if constexpr (requires { command.name.tolerated; }) o.tolerated |= command.name.tolerated;
        o.said = meaning(command);
        f(command);
    });
    return o;
}
reading read_line(std::string_view line, leniency tolerate) {
    return read_line(line, tolerate, [](auto const&) {});
}

constexpr leniency without(leniency set, rule r) { return set - leniency(r); }

struct leniency_case {
    rule tolerated;
    std::string_view line;
    errc code;  // and the offset in the line, if nothing is tolerated
    std::size_t at;
    std::string_view right;  // the same, spelt right; empty where nothing strict means the same
};

// clang-format off
constexpr leniency_case departures[] = {
    // KumoMTA, and the tests of Dovecot
    {rule::tab_after_colon, "MAIL FROM:\t\t<> SIZE=1", errc::expected_path, 10, "MAIL FROM:<> SIZE=1"},
    {rule::tab_after_colon, "RCPT TO:\t<Postmaster>", errc::expected_path, 8, "RCPT TO:<Postmaster>"},
    {rule::tab_after_colon, "SEND FROM:\t<a@b>", errc::expected_path, 10, "SEND FROM:<a@b>"},
    {rule::space_before_colon, "MAIL from   :<a@b> BODY=7BIT", errc::expected_from, 9, "MAIL FROM:<a@b> BODY=7BIT"},
    {rule::space_before_colon, "RCPT TO :<a@b>", errc::expected_to, 7, "RCPT TO:<a@b>"},
    // aiosmtpd, nodemailer
    {rule::spaces_between_parameters, "MAIL FROM:<a@b> SIZE=1   BODY=8BITMIME", errc::bad_parameter, 23, "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME"},
    {rule::spaces_between_parameters, "MAIL FROM:<a@b> X  Y=1  Z", errc::bad_parameter, 18, "MAIL FROM:<a@b> X Y=1 Z"},
    {rule::spaces_between_parameters, "MAIL FROM:<a@b>    ENVID=x  RET=HDRS", errc::bad_parameter, 16, "MAIL FROM:<a@b> ENVID=x RET=HDRS"},
    {rule::spaces_between_parameters, "RCPT TO:<a@b>  NOTIFY=NEVER", errc::bad_parameter, 14, "RCPT TO:<a@b> NOTIFY=NEVER"},
    {rule::spaces_between_parameters, "RCPT TO:<a@b> NOTIFY=DELAY  ORCPT=rfc822;a@b", errc::bad_parameter, 27, "RCPT TO:<a@b> NOTIFY=DELAY ORCPT=rfc822;a@b"},
    {rule::spaces_between_parameters, "XCLIENT NAME=a  PORT=1", errc::bad_parameter, 15, "XCLIENT NAME=a PORT=1"},
    {rule::spaces_between_parameters, "XFORWARD NAME=a   IDENT=1", errc::bad_parameter, 16, "XFORWARD NAME=a IDENT=1"},
    // RFC 3461 4: two upper-case hexadecimal digits; RFC 4405 4 and RFC 5336 3.4 refer to it
    {rule::lower_case_hexchar, "MAIL FROM:<a@b> ENVID=+3D+3d", errc::bad_xtext, 27, "MAIL FROM:<a@b> ENVID=+3D+3D"},
    {rule::lower_case_hexchar, "RCPT TO:<a@b> ORCPT=rfc822;a+2b", errc::bad_xtext, 30, "RCPT TO:<a@b> ORCPT=rfc822;a+2B"},
    {rule::lower_case_hexchar, "MAIL FROM:<a@b> SUBMITTER=a+2bc@d", errc::bad_xtext, 29, ""},
    {rule::lower_case_hexchar, "MAIL FROM:<a@b> ALT-ADDRESS=a+2bc@d", errc::bad_xtext, 31, ""},
    {rule::lower_case_hexchar, "XCLIENT LOGIN=a+3db", errc::bad_parameter_value, 17, "XCLIENT LOGIN=a+3Db"},
    {rule::lower_case_hexchar, "XFORWARD IDENT=+3a", errc::bad_parameter_value, 17, "XFORWARD IDENT=+3A"},
    // KMail, E-MailRelay
    {rule::auth_not_a_mailbox, "MAIL FROM:<a@b> AUTH=test", errc::bad_parameter_value, 25, ""},
    {rule::auth_not_a_mailbox, "MAIL FROM:<a@b> AUTH=<a@b>", errc::bad_parameter_value, 21, ""},
    {rule::auth_not_a_mailbox, "MAIL FROM:<a@b> AUTH=a+2bb SIZE=1", errc::bad_parameter_value, 26, ""},
    // Postfix
    {rule::wide_orcpt, "RCPT TO:<a@b> ORCPT=rfc822;+E4+BA+80@b", errc::bad_xtext, 28, ""},
    // Dovecot
    {rule::dovecot_xclient, "XCLIENT SESSION=abc", errc::unknown_attribute, 8, ""},
    {rule::dovecot_xclient, "XCLIENT ADDR=192.0.2.1 TTL=5", errc::unknown_attribute, 23, ""},
    {rule::dovecot_xclient, "XCLIENT timeout=30", errc::unknown_attribute, 8, ""},
    {rule::dovecot_xclient, "XCLIENT CLIENT-TRANSPORT=TLS FORWARD=eA+3D+3D", errc::unknown_attribute, 8, ""},
    {rule::repeated_attribute, "XFORWARD NAME=a name=b NAME=c", errc::duplicate_parameter, 16, ""},
    // RFC 5321 4.1.1.6 to 4.1.1.9: octets over 127 are tolerated there as everywhere, and so they are told
    {rule::utf8_without_smtputf8, "EXPN j\xC3\xB6rg@b", errc::non_ascii, 6, ""},
    {rule::utf8_without_smtputf8, "HELP \xE2\x82\xAC", errc::non_ascii, 5, ""},
    {rule::utf8_without_smtputf8, "NOOP \xF0\x9F\x91\x8B", errc::non_ascii, 5, ""},
    {rule::utf8_without_smtputf8, "VERB \xC3\xB6n", errc::non_ascii, 5, ""},
};
// clang-format on

}  // namespace

TEST_CASE("an ORCPT with octets over 127 under another type than utf-8 is read and passed on as it came") {
    syntax rules;
    rules.tolerate = leniency::all();
    for (std::string const address : {"+E4+BA+80@b", "+e4+ba+80@b"}) {
        std::string const arguments = "TO:<a@b> ORCPT=rfc822;" + address;
        auto const rcpt = parse_rcpt(arguments, rules);
        REQUIRE(rcpt);
        auto const orcpt = rcpt->parameters.orcpt();
        REQUIRE(orcpt);
        CHECK(orcpt->address == address);
        char room[100];
        writer w(room);
        REQUIRE(write_decoded(w, *orcpt));
        CHECK(w.text() == "\xE4\xBA\x80@b");
        writer on(room);
        REQUIRE(write_rcpt(on, "<a@b>", to_options(rcpt->parameters), rules));
        CHECK(on.text() == "RCPT TO:<a@b> ORCPT=rfc822;+E4+BA+80@b\r\n");
        writer strictly(room);
        CHECK_FALSE(write_rcpt(strictly, "<a@b>", to_options(rcpt->parameters)));
    }
}

TEST_CASE("each rule takes its own departure from a whole line, and no other", "[leniency]") {
    for (leniency_case const& d : departures) {
        CAPTURE(escaped(d.line), name(d.tolerated));
        auto with = [&](leniency tolerate) {
            return everywhere(d.line, [&](std::string_view t) {
                reading const o = read_line(t, tolerate);
                return o.failed ? say(*o.failed) : o.said + " [" + say(o.tolerated) + "]";
            });
        };
        CHECK(with(strict) == say(fail(d.code, d.at)));
        std::string const accepted = with(d.tolerated);
        CHECK(accepted.ends_with(" [" + std::string(name(d.tolerated)) + "]"));
        CHECK(with(leniency::all()) == accepted);
        for (unsigned i = 0; i < rule_count; ++i)
            if (auto const other = static_cast<rule>(i); other != d.tolerated) CHECK(read_line(d.line, other).failed == fail(d.code, d.at));
        CHECK(read_line(d.line, without(leniency::all(), d.tolerated)).failed.has_value());
        if (d.right.empty()) continue;
        reading const right = read_line(d.right, strict);
        CHECK_FALSE(right.failed);
        CHECK(right.said == read_line(d.line, d.tolerated).said);
        // What is right needs no rule, and says so.
        CHECK(read_line(d.right, leniency::all()) == right);
    }
}

TEST_CASE("RFC 5321 4.1.1.6 to 4.1.1.9: a space before free text is of the text under every rule", "[leniency]") {
    for (std::string_view const line : {"VRFY  joe", "EXPN  joe", "HELP  x", "NOOP   x", "VERB  on"}) {
        CAPTURE(line);
        reading const strictly = read_line(line, strict);
        CHECK_FALSE(strictly.failed);
        CHECK(read_line(line, leniency::all()) == strictly);
    }
    // What SMTPUTF8 in the same command allows was not tolerated (RFC 6531 3.7.4.2).
    CHECK(parse_vrfy(verb::vrfy, "j\xC3\xB6rg SMTPUTF8", {.tolerate = leniency::all()})->tolerated.empty());
    CHECK(parse_noop(verb::help, "\xC3\xB6", {.tolerate = leniency::all(), .smtputf8 = true})->tolerated.empty());
}

// ---- Names in EHLO, HELO and LHLO

namespace {

struct odd_name {
    std::string_view text;
    errc code;
    std::size_t at;
};
// clang-format off
constexpr odd_name odd_names[] = {
    {"", errc::missing_argument, 0},                            // a UPS
    {"[fe80::1]", errc::bad_address_literal, 5},
    {"[a:b]", errc::bad_address_literal, 2},
    {"[DEAD:beef]", errc::bad_address_literal, 5},
    {"[1:2:3:4:5:6:7:8]", errc::bad_address_literal, 2},
    {"[192.0.2.1", errc::bad_address_literal, 10},
    {"[192.0.2]", errc::bad_address_literal, 8},
    {"[192.0.2.256]", errc::bad_address_literal, 11},
    {"[]", errc::bad_address_literal, 1},
    {"[my-pc]", errc::bad_address_literal, 6},
    {"192.0.2.1]", errc::bad_domain, 9},
    {"::1", errc::bad_domain, 0},
    {"-x", errc::bad_domain, 0},
    {"x-", errc::bad_domain, 2},
    {".foo", errc::bad_domain, 0},
    {".", errc::bad_domain, 0},
    {"foo..", errc::bad_domain, 4},
    {"\"foo\"", errc::bad_domain, 0},
    {"<foo>", errc::bad_domain, 0},
    {"(none)", errc::bad_domain, 0},
    {"ann@example.org", errc::bad_domain, 3},
    {"localhost:25", errc::bad_domain, 9},
    {"$HOSTNAME", errc::bad_domain, 0},
    {"%COMPUTERNAME%", errc::bad_domain, 0},
    {"*", errc::bad_domain, 0},
    {"#1234", errc::bad_domain, 0},
    {"-", errc::bad_domain, 0},
    {"http://a.example/", errc::bad_domain, 4},
    {"pc\ttab", errc::bad_domain, 2},
    {"J\xF6rg-PC", errc::non_ascii, 1},                         // Windows, in its code page
};
// clang-format on

}  // namespace

TEST_CASE("RFC 5321 4.1.1.1, 4.1.3: names that are none, and any_hello_name", "[leniency]") {
    syntax const any{.tolerate = rule::any_hello_name};
    for (odd_name const& n : odd_names) {
        CAPTURE(escaped(n.text));
        for (verb const v : {verb::helo, verb::ehlo, verb::lhlo}) {
            auto with = [&](leniency tolerate) {
                return everywhere(n.text, [&](std::string_view t) { return say(parse_hello(v, t, syntax{.tolerate = tolerate})); });
            };
            CHECK(with(strict) == say(fail(n.code, n.at)));
            std::string const accepted = std::string(name(v)) + " domain '" + escaped(n.text) + "' [any_hello_name]";
            CHECK(with(rule::any_hello_name) == accepted);
            CHECK(with(leniency::all()) == accepted);
            CHECK_FALSE(parse_hello(v, n.text, syntax{.tolerate = without(leniency::all(), rule::any_hello_name)}));
        }
        // The same in a line, and it can be written again under the rule, and under no other.
        std::string const line = n.text.empty() ? "EHLO" : "EHLO " + std::string(n.text);
        CHECK(read_line(line, rule::any_hello_name).tolerated == leniency(rule::any_hello_name));
        CHECK(support::written([&](writer& w) { return write_hello(w, verb::ehlo, n.text, any); }) == line + "\r\n");
        CHECK(support::written([&](writer& w) { return write_hello(w, verb::ehlo, n.text); }) == say(fail(n.code, n.at)));
    }
    // Not one of the other rules has its place taken.
    auto told = [](std::string_view line) {
        reading const o = read_line(line, leniency::all());
        return o.failed ? say(*o.failed) : o.said + " [" + say(o.tolerated) + "]";
    };
    CHECK(told("EHLO my_pc") == "EHLO domain 'my_pc' [underscore_in_domain]");
    CHECK(told("EHLO my_pc.") == "EHLO domain 'my_pc.' [underscore_in_domain,trailing_dot]");
    CHECK(told("EHLO my pc") == "EHLO domain 'my' [text_after_hello]");
    CHECK(told("EHLO  foo..bar") == "EHLO domain 'foo..bar' [spaces_after_verb,any_hello_name]");
    CHECK(told("EHLO a t\xC3\xA9xt") == "EHLO domain 'a' [utf8_without_smtputf8,text_after_hello]");
    CHECK(told("EHLO   ") == "EHLO domain '' [any_hello_name]");
    CHECK(parse_hello(verb::ehlo, "my pc", any)->name.text == "my pc");
    // No control but HTAB, and no white space at either end: that is not the name's.
    for (std::string_view const bad : {"a\x01", "a\x7F", "a\rb", "a\nb", "\x1B[31m", " a", "\ta", "a ", "a\t"}) {
        CAPTURE(escaped(bad));
        CHECK(parse_hello(verb::ehlo, bad, any).error() == parse_hello(verb::ehlo, bad).error());
    }
    CHECK_FALSE(parse_hello(verb::ehlo, std::string_view("a\0b", 3), any));
}

TEST_CASE("odd names in a session", "[leniency]") {
    machine::loop<server, machine::full_recorder> l;
    auto codes = [&](std::string_view input) { return machine::codes(l.say(input)); };
    using ints = std::vector<int>;
    CHECK(codes("") == ints{});
    CHECK(codes("EHLO [2001:db8::1]\r\n") == ints{501});
    l.server.tolerate(rule::any_hello_name);
    CHECK(codes("EHLO [2001:db8::1]\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == leniency(rule::any_hello_name));
    CHECK(codes("HELO\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == leniency(rule::any_hello_name));
    l.server.tolerate(rule::utf8_without_smtputf8);
    CHECK(codes("NOOP \xC3\xB6\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == leniency(rule::utf8_without_smtputf8));
}

// ---- Rules together

TEST_CASE("RFC 5321 4.1.1.2, 4.1.1.3: a parameter is not an address", "[leniency]") {
    constexpr std::string_view parameters[] = {
        "BODY=7BIT", "SIZE=1", "SMTPUTF8", "REQUIRETLS", "CONPERM", "CONNEG", "NOTIFY=NEVER", "RET=HDRS", "ENVID=x", "ENVID=a@b",
        "AUTH=a@b", "AUTH=ann@example.org", "X=1", "X-Y=z", "mt-priority=3", "SUBMITTER=a@b", "smtputf8", "A=B=C", "TRANSID=x",
    };
    for (std::string_view const text : parameters) {
        for (std::string_view const blank : {"", " ", "\t", "  "}) {
            CAPTURE(text, escaped(blank));
            std::string const mail = "FROM:" + std::string(blank) + std::string(text), rcpt = "TO:" + std::string(blank) + std::string(text);
            std::string const route = "FROM:@r: " + std::string(text);
            for (leniency const rules : {leniency::all(), rule::missing_brackets | leniency(rule::space_after_colon) | rule::tab_after_colon,
                                         rule::missing_brackets | rule::missing_domain, leniency(rule::missing_brackets)}) {
                CHECK_FALSE(parse_mail(mail, syntax{.tolerate = rules}));
                CHECK_FALSE(parse_rcpt(rcpt, syntax{.tolerate = rules}));
            }
            CHECK(parse_mail(mail, {.tolerate = leniency::all()}).error() == fail(errc::expected_path, 5 + blank.size()));
            CHECK(parse_rcpt(rcpt, {.tolerate = leniency::all()}).error() == fail(errc::expected_path, 3 + blank.size()));
            CHECK(parse_mail(route, {.tolerate = leniency::all()}).error() == fail(errc::expected_path, 5));
        }
    }
    CHECK(parse_mail("FROM:<BODY=7BIT>", {.tolerate = rule::missing_domain})->from.local_part() == "BODY=7BIT");
    CHECK(parse_mail("FROM:<BODY=7BIT@b>")->from.local_part() == "BODY=7BIT");
    CHECK(parse_mail("FROM:\"BODY=7BIT\"@b", {.tolerate = rule::missing_brackets})->from.domain() == "b");
    // Addresses that hold a "=" stay addresses: VERP, BATV, SRS.
    for (std::string_view const text : {"list-owner=user@example.org", "prvs=1234567890=ann@example.org", "SRS0=aa=bb=c.example=d@e.example",
                                        "bounce+a=b@c", "SIZE@b", "drozd"}) {
        CAPTURE(text);
        std::string const mail = "FROM:" + std::string(text);
        CHECK(parse_mail(mail, {.tolerate = rule::missing_brackets | rule::missing_domain}));
    }
}

namespace {

// Lines made of parts, right and not; some of them changed at random.
std::string draw_line(generate::rng& r) {
    auto pick = [&r](auto const& list) { return std::string(list[r.below(std::size(list))]); };
    constexpr std::string_view gaps[] = {" ", " ", " ", "  "};
    constexpr std::string_view before_colon[] = {"", "", "", " "};
    constexpr std::string_view after_colon[] = {"", "", "", " ", "\t", " \t "};
    constexpr std::string_view paths[] = {
        "<a@b>", "<>", "a@b", "<Postmaster>", "Postmaster", "<drozd>", "drozd", "<@A, @B: c@d>", "@A, @b_: .c@d.", "<@a,@b:c@d>", "@a:b",
        "<a@[IPv6:1:2:3:4:5:6:7::]>", "a@[IPv6:1:2:3:4:5:6:7::]", "<a@b_c.>", "<a..b@c>", ".@c", ".", "<j\xC3\xB6rg@\xE2\x82\xAC>", "j\xC3\xB6rg", "<\"a b\"@c>",
        "\"a b\"", "BODY=7BIT", "SMTPUTF8", "AUTH=a@b", "X=1", "@r: SIZE=1", "", "<\"\">", "a@[2001:db8::1]", "<@a:Postmaster>", "@a:Postmaster"};
    constexpr std::string_view parameters[] = {"SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "ENVID=a+2b", "ENVID=a+2B", "AUTH=<>", "AUTH=test", "AUTH=<a@b>",
                                               "AUTH=a+2bc@d", "NOTIFY=NEVER", "ORCPT=rfc822;a+2b", "X=1", "Y", "X=\xC3\xB6", "RET=HDRS", "SIZE=x"};
    constexpr std::string_view names[] = {"a.example", "a_b", "a.", "[::1]", "[192.0.2.1]", "a b", "a_ t\xC3\xA9xt", "foo..bar", "", "[a:b]", "j\xC3\xB6rg", "a b_ c"};
    constexpr std::string_view texts[] = {"", "x", "j\xC3\xB6rg", " x", "a b SMTPUTF8", "j\xC3\xB6rg SMTPUTF8"};
    constexpr std::string_view facts[] = {"NAME=a", "ADDR=1.2.3.4", "HELO=a", "HELO=b", "LOGIN=a+2b", "SESSION=x", "TTL=1", "IDENT=x", "FORWARD=+3d"};
    std::string line;
    switch (r.below(8)) {
    case 0: line = pick(std::array<std::string_view, 3>{"EHLO", "HELO", "LHLO"}) + pick(gaps) + pick(names); break;
    case 1: line = pick(std::array<std::string_view, 5>{"VRFY", "EXPN", "HELP", "NOOP", "VERB"}) + pick(gaps) + pick(texts); break;
    case 2:
        line = pick(std::array<std::string_view, 2>{"XCLIENT", "XFORWARD"});
        for (std::size_t n = 1 + r.below(3); n-- > 0;) line += pick(gaps) + pick(facts);
        break;
    default: {
        bool const mail = r.one_in(2);
        line = (mail ? "MAIL" : "RCPT") + pick(gaps) + (mail ? "FROM" : "TO") + pick(before_colon) + ":" + pick(after_colon) + pick(paths);
        for (std::size_t n = r.below(4); n-- > 0;) line += pick(gaps) + pick(parameters);
    }
    }
    if (r.one_in(4)) generate::mutate(r, line);
    return line;
}

}  // namespace

TEST_CASE("what all rules take, those reported take alike, and each of them is needed", "[leniency]") {
    generate::rng r(20261129);
    std::size_t accepted = 0, lenient = 0, several = 0;
    std::size_t const lines = generate::drawn(40000);
    for (std::size_t i = 0; i < lines; ++i) {
        std::string const line = draw_line(r);
        reading const all = read_line(line, leniency::all());
        if (all.failed) {
            // Nothing less takes it.
            if (!read_line(line, strict).failed) FAIL("strict only: " << escaped(line));
            continue;
        }
        ++accepted;
        reading const same = read_line(line, all.tolerated);
        if (same != all) FAIL(escaped(line) << " is " << all.said << " under all rules [" << say(all.tolerated) << "], and else " << same.said << " [" << say(same.tolerated) << "]");
        unsigned needed = 0;
        for (unsigned k = 0; k < rule_count; ++k) {
            auto const one = static_cast<rule>(k);
            if (!all.tolerated.has(one)) continue;
            ++needed;
            if (!read_line(line, without(all.tolerated, one)).failed) FAIL(escaped(line) << " does not need " << name(one));
        }
        lenient += needed > 0;
        several += needed > 1;
        // What strict takes means the same under all.
        reading const strictly = read_line(line, strict);
        if (!strictly.failed && strictly != all) FAIL(escaped(line) << " changes its meaning");
    }
    CHECK(accepted > lines / 4);
    CHECK(lenient > lines / 10);
    CHECK(several > lines / 50);
}

// ---- What is read can be written and read again

namespace {

template <class Write>
std::optional<std::string> put(Write&& write) {
    char room[4096];
    writer out(room);
    if (!write(out)) return std::nullopt;
    std::string text(out.text());
    if (!text.ends_with("\r\n")) return std::nullopt;
    return text.substr(0, text.size() - 2);
}
template <class Parameters>
std::string unregistered(Parameters const& set) {
    std::string out;
    for (parameter const p : set.all()) {
        if (auto const id = find_parameter(p.keyword); id && set.has(*id)) continue;
        out += (out.empty() ? "" : " ") + std::string(p.keyword) + (p.value ? "=" + std::string(*p.value) : "");
    }
    return out;
}

struct write_again {
    syntax rules;
    std::optional<std::string> line{};

    void operator()(cmd::mail const& m) {
        mail_options o = to_options(m.parameters);
        std::string const others = unregistered(m.parameters);
        o.others = others;
        line = put([&](writer& w) { return write_mail(w, m.from.text(), o, m.verb, rules); });
    }
    void operator()(cmd::rcpt const& c) {
        rcpt_options o = to_options(c.parameters);
        std::string const others = unregistered(c.parameters);
        o.others = others;
        line = put([&](writer& w) { return write_rcpt(w, c.to.text(), o, rules); });
    }
    void operator()(cmd::hello const& h) {
        line = put([&](writer& w) { return write_hello(w, h.verb, h.name.text, rules); });
    }
    void operator()(cmd::vrfy const& l) {
        std::string const text = std::string(l.string) + (l.smtputf8 ? " SMTPUTF8" : l.utf8reply ? " UTF8REPLY" : "");
        line = put([&](writer& w) { return write_argument(w, l.verb, text, rules); });
    }
    void operator()(cmd::noop const& m) {
        line = put([&](writer& w) { return write_argument(w, m.verb, m.argument, rules); });
    }
    void operator()(cmd::xclient const& f) {
        line = put([&](writer& w) { return write_xclient(w, f.verb, f.attributes.text(), rules); });
    }
    void operator()(auto const&) { line.reset(); }
};

}  // namespace

TEST_CASE("what was read under any rules can be written, and means the same when it is read again", "[leniency]") {
    generate::rng r(5321);
    std::size_t written = 0;
    std::size_t const lines = generate::drawn(40000);
    for (std::size_t i = 0; i < lines; ++i) {
        std::string const line = draw_line(r);
        bool known = false;
        write_again again{{}};
        reading const first = read_line(line, leniency::all(), [&](auto const& command) {
            leniency used = leniency::all();
            if constexpr (requires { command.tolerated; }) used = command.tolerated;
            if constexpr (requires { command.name.tolerated; }) used = command.name.tolerated;
            again.rules.tolerate = used;
            again(command);
            known = requires { command.tolerated; } || requires { command.name.tolerated; };
        });
        if (first.failed || !known) continue;
        if (!again.line) FAIL(escaped(line) << " was read as " << first.said << " and cannot be written");
        // Only departures in what it says are left.
        reading const second = read_line(*again.line, again.rules.tolerate - of_spelling);
        if (second.failed) FAIL(escaped(line) << " was written as " << escaped(*again.line) << ": " << say(*second.failed));
        if (second.said != first.said) FAIL(escaped(line) << " was written as " << escaped(*again.line) << ": " << second.said << " for " << first.said);
        ++written;
    }
    CHECK(written > lines / 4);
}

}  // namespace test_rules
