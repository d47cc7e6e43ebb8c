// Each rule of leniency: strict refuses, the rule accepts and is reported alone, no other rule helps. See also test_line.cpp.
#include "machine.hpp"
#include "support.hpp"

#include <ehlo/command.hpp>
#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_leniency {

using namespace ehlo;
using support::escaped;
using support::everywhere;
using support::say;

namespace {

struct departure {
    rule tolerated;
    std::string_view text;  // after "MAIL " or "RCPT "
    errc code;              // and the offset there, if nothing is tolerated
    std::size_t at;
};

// clang-format off
constexpr departure in_mail[] = {
    {rule::space_after_colon, "FROM: <a@b>", errc::expected_path, 5},
    {rule::space_after_colon, "FROM:    <a@b>", errc::expected_path, 5},
    {rule::space_after_colon, "FROM: <>", errc::expected_path, 5},
    {rule::space_after_colon, "FROM: <a@b> SIZE=1", errc::expected_path, 5},
    {rule::missing_brackets, "FROM:a@b", errc::expected_path, 5},
    {rule::missing_brackets, "FROM:a@b SIZE=1", errc::expected_path, 5},
    {rule::missing_brackets, "FROM:\"a b\"@c", errc::expected_path, 5},
    {rule::missing_brackets, "FROM:a@[1.2.3.4]", errc::expected_path, 5},
    {rule::missing_brackets, "FROM:@a,@b:c@d", errc::expected_path, 5},
    {rule::missing_domain, "FROM:<drozd>", errc::missing_domain, 11},
    {rule::missing_domain, "FROM:<Postmaster>", errc::missing_domain, 16},
    {rule::missing_domain, "FROM:<\"a b\">", errc::missing_domain, 11},
    {rule::missing_domain, "FROM:<@a:b>", errc::missing_domain, 10},
    {rule::spaces_in_route, "FROM:<@A, @B: c@d>", errc::bad_route, 9},
    {rule::spaces_in_route, "FROM:<@A,@B: c@d>", errc::bad_local_part, 12},
    {rule::spaces_in_route, "FROM:<@A,   @B:c@d>", errc::bad_route, 9},
    {rule::ipv6_single_group, "FROM:<a@[IPv6:1:2:3::5:6:7:8]>", errc::bad_address_literal, 26},
    {rule::ipv6_single_group, "FROM:<a@[IPv6:1:2:3:4:5:6:7::]>", errc::bad_address_literal, 28},
    {rule::ipv6_single_group, "FROM:<a@[IPv6:1:2:3:4:5::1.2.3.4]>", errc::bad_address_literal, 26},
    {rule::underscore_in_domain, "FROM:<a@b_c.example>", errc::bad_domain, 9},
    {rule::underscore_in_domain, "FROM:<a@_c>", errc::bad_domain, 8},
    {rule::underscore_in_domain, "FROM:<a@b_>", errc::bad_domain, 9},
    {rule::underscore_in_domain, "FROM:<@r_:a@b>", errc::bad_route, 8},
    {rule::trailing_dot, "FROM:<a@b.example.>", errc::bad_domain, 18},
    {rule::trailing_dot, "FROM:<@r.:a@b>", errc::bad_domain, 9},
    {rule::loose_dots, "FROM:<a..b@c>", errc::bad_local_part, 8},
    {rule::loose_dots, "FROM:<.a@c>", errc::bad_local_part, 6},
    {rule::loose_dots, "FROM:<a.@c>", errc::bad_local_part, 8},
    {rule::loose_dots, "FROM:<.@c>", errc::bad_local_part, 6},
    {rule::utf8_without_smtputf8, "FROM:<\xC3\xBC@b>", errc::non_ascii, 6},
    {rule::utf8_without_smtputf8, "FROM:<\"\xC3\xBC\"@b>", errc::non_ascii, 7},
    {rule::utf8_without_smtputf8, "FROM:<a@\xE2\x82\xAC.b>", errc::non_ascii, 8},
    {rule::utf8_without_smtputf8, "FROM:<a@b> X=\xF0\x9F\x91\x8B", errc::non_ascii, 13},
};
constexpr departure in_rcpt[] = {
    {rule::space_after_colon, "TO: <a@b>", errc::expected_path, 3},
    {rule::space_after_colon, "TO: <Postmaster>", errc::expected_path, 3},
    {rule::missing_brackets, "TO:a@b", errc::expected_path, 3},
    {rule::missing_brackets, "TO:a@b NOTIFY=NEVER", errc::expected_path, 3},
    {rule::missing_brackets, "TO:Postmaster", errc::expected_path, 3},
    {rule::missing_brackets, "TO:postMASTER NOTIFY=NEVER", errc::expected_path, 3},
    {rule::missing_brackets, "TO:Postmaster@b", errc::expected_path, 3},
    {rule::missing_domain, "TO:<drozd>", errc::missing_domain, 9},
    {rule::missing_domain, "TO:<@a:Postmaster>", errc::missing_domain, 17},
    {rule::spaces_in_route, "TO:<@A, @B: c@d>", errc::bad_route, 7},
    {rule::ipv6_single_group, "TO:<a@[IPv6:::2:3:4:5:6:7:8]>", errc::bad_address_literal, 25},
    {rule::underscore_in_domain, "TO:<a@b_c>", errc::bad_domain, 7},
    {rule::trailing_dot, "TO:<a@b.>", errc::bad_domain, 8},
    {rule::loose_dots, "TO:<a..b@c>", errc::bad_local_part, 6},
    {rule::utf8_without_smtputf8, "TO:<\xC3\xBC@b>", errc::non_ascii, 4},
};
// clang-format on

constexpr auto mail = [](std::string_view t, syntax const& rules) { return parse_mail(t, rules); };
constexpr auto rcpt = [](std::string_view t, syntax const& rules) { return parse_rcpt(t, rules); };

leniency without(rule r) {
    leniency rest;
    for (unsigned i = 0; i < rule_count; ++i)
        if (static_cast<rule>(i) != r) rest |= static_cast<rule>(i);
    return rest;
}

template <std::size_t N, class Parse>
constexpr bool holds(departure const (&cases)[N], Parse parse) {
    for (departure const& d : cases) {
        if (auto const r = parse(d.text, strict_syntax); r || r.error() != fail(d.code, d.at)) return false;
        auto const lenient = parse(d.text, syntax{.tolerate = d.tolerated});
        if (!lenient || lenient->tolerated != leniency(d.tolerated)) return false;
    }
    return true;
}
static_assert(holds(in_mail, mail));
static_assert(holds(in_rcpt, rcpt));

template <std::size_t N, class Parse>
void check(departure const (&cases)[N], Parse parse) {
    for (departure const& d : cases) {
        CAPTURE(escaped(d.text), name(d.tolerated));
        auto with = [&](leniency tolerate) {
            return everywhere(d.text, [&](std::string_view t) { return say(parse(t, syntax{.tolerate = tolerate})); });
        };
        CHECK(with(strict) == say(fail(d.code, d.at)));
        std::string const accepted = with(d.tolerated);
        auto const lenient = parse(d.text, syntax{.tolerate = d.tolerated});
        REQUIRE(lenient);
        CHECK(lenient->tolerated == leniency(d.tolerated));
        // All rules together accept it as well, and still only this one was needed.
        CHECK(with(leniency::all()) == accepted);
        // No other rule helps, nor all the others together.
        for (unsigned i = 0; i < rule_count; ++i) {
            auto const other = static_cast<rule>(i);
            if (other == d.tolerated) continue;
            CAPTURE(name(other));
            CHECK(parse(d.text, syntax{.tolerate = other}).error() == fail(d.code, d.at));
        }
        CHECK_FALSE(parse(d.text, syntax{.tolerate = without(d.tolerated)}));
    }
}

}  // namespace

TEST_CASE("each rule tolerates its own departure and no other", "[leniency]") {
    check(in_mail, mail);
    check(in_rcpt, rcpt);
}

TEST_CASE("what is right is the same under every rule", "[leniency]") {
    constexpr std::string_view right[] = {
        "FROM:<a@b>", "FROM:<> SIZE=1", "FROM:<@a,@b:\"c d\"@e.f> BODY=7BIT", "FROM:<a@[IPv6:::1]>",
        "FROM:<\xC3\xBC@b> SMTPUTF8", "FROM:<a@b> X=\xC3\xBC SMTPUTF8",
    };
    for (std::string_view const text : right) {
        CAPTURE(escaped(text));
        std::string const strictly = say(parse_mail(text));
        CHECK(parse_mail(text).has_value());
        CHECK(say(parse_mail(text, syntax{.tolerate = leniency::all()})) == strictly);
        for (unsigned i = 0; i < rule_count; ++i)
            CHECK(say(parse_mail(text, syntax{.tolerate = static_cast<rule>(i)})) == strictly);
    }
    CHECK(say(parse_rcpt("TO:<Postmaster>", syntax{.tolerate = leniency::all()})) == say(parse_rcpt("TO:<Postmaster>")));
}

TEST_CASE("several departures are all reported", "[leniency]") {
    auto const m = parse_mail("FROM: @a, @b_: .c@d.", syntax{.tolerate = leniency::all()});
    REQUIRE(m);
    CHECK(m->tolerated == (rule::space_after_colon | rule::missing_brackets | rule::spaces_in_route |
                           rule::underscore_in_domain | rule::loose_dots | rule::trailing_dot));
    CHECK(m->from.local_part() == ".c");
    CHECK(m->from.domain() == "d.");
    CHECK(m->from.address() == ".c@d.");
    auto const alone = parse_rcpt("TO:drozd", syntax{.tolerate = rule::missing_brackets | rule::missing_domain});
    REQUIRE(alone);
    CHECK(alone->to.local_part() == "drozd");
    CHECK(alone->to.domain().empty());
    CHECK(alone->to.address() == "drozd");
    CHECK_FALSE(alone->to.is_postmaster());
}

// What is read must mean the same when it is written and read again, and "Postmaster" is written "<Postmaster>".
TEST_CASE("Postmaster without brackets is the postmaster where a postmaster may stand", "[leniency]") {
    syntax const bare{.tolerate = rule::missing_brackets};
    syntax const both{.tolerate = rule::missing_brackets | rule::missing_domain};
    for (syntax const& rules : {bare, both}) {
        for (auto const role : {path_role::forward, path_role::any}) {
            CHECK(say(parse_path("pOstmaster", role, rules)) ==
                  "postmaster 'pOstmaster' via to 'pOstmaster' at domain '' = 'pOstmaster' [missing_brackets]");
            CHECK(take_path("Postmaster SIZE=1", role, rules)->is_postmaster());
            CHECK(take_path("Postmaster>", role, rules)->is_postmaster());
            CHECK_FALSE(parse_path("Postmaster@a", role, rules)->is_postmaster());
        }
        CHECK_FALSE(parse_path("Postmaster.", path_role::forward, rules));
    }
    // Mail does not come from the postmaster of no host in particular, and no route leads there.
    CHECK(parse_reverse_path("Postmaster", bare).error() == fail(errc::missing_domain, 10));
    CHECK(parse_reverse_path("Postmaster", both)->kind() == path_kind::mailbox);
    CHECK(parse_forward_path("@a:Postmaster", bare).error() == fail(errc::missing_domain, 13));
    CHECK(parse_forward_path("@a:Postmaster", both)->kind() == path_kind::mailbox);
    CHECK(parse_forward_path("Postmasters", both)->kind() == path_kind::mailbox);
    // The quotes say that it is a name like others.
    CHECK(parse_forward_path("\"Postmaster\"", both)->kind() == path_kind::mailbox);
}

TEST_CASE("what no rule tolerates", "[leniency]") {
    syntax const all{.tolerate = leniency::all()};
    support::bad_case const bad[] = {
        {"FROM:", errc::expected_path, 5},
        {"FROM: ", errc::expected_path, 6},
        {"FROM:<", errc::bad_local_part, 6},
        {"FROM:<a@b", errc::unclosed_path, 9},
        {"FROM:a@b>", errc::unexpected_argument, 8},
        {"FROM:<a@b>x", errc::unexpected_argument, 10},
        {"FROM\t:<a@b>", errc::expected_from, 4},
        {"FROM<a@b>", errc::expected_from, 4},
        {"<a@b>", errc::expected_from, 0},
        {"TO:<a@b>", errc::expected_from, 0},
        {"FROM:<a b@c>", errc::unclosed_path, 7},
        {"FROM:<a@b@c>", errc::bad_domain, 9},
        {"FROM:<a@>", errc::bad_domain, 8},
        {"FROM:<a@.>", errc::bad_domain, 8},
        {"FROM:<a@b..>", errc::bad_domain, 10},
        {"FROM:<@>", errc::bad_domain, 7},
        {"FROM:<@a ,@b:c@d>", errc::bad_route, 8},
        {"FROM:<\"a@b>", errc::bad_quoted_string, 11},
        {"FROM:<a\xFF@b>", errc::bad_utf8, 7},
        {"FROM:<a@-b>", errc::bad_domain, 8},
        {"FROM:<a@b->", errc::bad_domain, 10},
        {"FROM:<a@[IPv6:1:2:3:4:5:6:7:8::]>", errc::bad_address_literal, 29},
        {"FROM:<a@[1.2.3]>", errc::bad_address_literal, 14},
        {"FROM:<a@b>\tSIZE=1", errc::unexpected_argument, 10},
        {"FROM x:<a@b>", errc::expected_from, 4},
        {"FROM ", errc::expected_from, 5},
        {"FROM:<a@b> X=", errc::bad_parameter, 13},
    };
    support::check_all(bad, [&](std::string_view t) { return parse_mail(t, all); });
    CHECK(parse_rcpt("TO:<>", all).error() == fail(errc::null_path, 4));
    CHECK(parse_rcpt("TO: ", all).error() == fail(errc::expected_path, 4));
}

TEST_CASE("EHLO in the rules", "[leniency]") {
    CHECK(parse_hello(verb::ehlo, "a_b").error() == fail(errc::bad_domain, 1));
    auto const h = parse_hello(verb::ehlo, "a_b.", syntax{.tolerate = rule::underscore_in_domain | rule::trailing_dot});
    REQUIRE(h);
    CHECK(h->name.tolerated == (rule::underscore_in_domain | rule::trailing_dot));
}

TEST_CASE("replies of mixed codes", "[leniency]") {
    constexpr std::string_view text = "250-a\r\n550 b\r\n";
    CHECK(parse_reply(text).error() == fail(errc::mixed_reply_codes, 7));
    for (unsigned i = 0; i < rule_count; ++i) {
        auto const r = static_cast<rule>(i);
        auto const p = parse_reply(text, reply_limits{.tolerate = r});
        CAPTURE(name(r));
        CHECK(p.ready() == (r == rule::mixed_reply_codes));
        if (!p.ready()) continue;
        CHECK(p->code() == 550);
        CHECK(p->tolerated() == leniency(rule::mixed_reply_codes));
    }
    // One code on all lines is no departure.
    CHECK(parse_reply("250-a\r\n250 b\r\n", reply_limits{.tolerate = leniency::all()})->tolerated().empty());
}

// ---- spaces_after_verb: a matter of the whole line, so its departures stand here.

namespace {

struct spaced {
    std::string_view line;
    errc code;  // and the offset in the line, if nothing is tolerated
    std::size_t at;
};
// clang-format off
constexpr spaced spaced_lines[] = {
    {"HELO  usc.edu", errc::bad_domain, 5},
    {"EHLO   [192.0.2.1]", errc::bad_domain, 5},
    {"LHLO  a", errc::bad_domain, 5},
    {"MAIL  FROM:<a@b>", errc::expected_from, 5},
    {"RCPT    TO:<a@b> NOTIFY=NEVER", errc::expected_to, 5},
    {"SEND  FROM:<>", errc::expected_from, 5},
    {"AUTH  PLAIN", errc::bad_mechanism, 5},
    {"BDAT  5 LAST", errc::bad_number, 5},
    {"BURL  a:b", errc::bad_url, 5},
    {"ETRN  a", errc::unexpected_argument, 5},
    {"ATRN  a.b", errc::bad_domain, 5},
    {"XCLIENT  NAME=a", errc::bad_parameter, 8},
    {"XFORWARD  NAME=a", errc::bad_parameter, 9},
};
// clang-format on

struct reading {
    std::optional<failure> failed;
    leniency tolerated;
};
constexpr result<command_line> split_with(std::string_view line, leniency tolerate) { return split_command(line, syntax{.tolerate = tolerate}); }
constexpr reading read_with(std::string_view line, leniency tolerate) {
    syntax const rules{.tolerate = tolerate};
    auto const split = split_command(line, rules);
    if (!split) return {split.error(), {}};
    return {visit_command(*split, rules, [](auto const&) {}), split->tolerated};
}
constexpr bool spaced_lines_hold() {
    for (spaced const& c : spaced_lines) {
        if (read_with(c.line, strict).failed != fail(c.code, c.at)) return false;
        reading const lenient = read_with(c.line, rule::spaces_after_verb);
        if (lenient.failed || lenient.tolerated != leniency(rule::spaces_after_verb)) return false;
    }
    return true;
}
static_assert(spaced_lines_hold());

}  // namespace

TEST_CASE("spaces after the verb", "[leniency]") {
    for (spaced const& c : spaced_lines) {
        CAPTURE(c.line);
        auto with = [&](leniency tolerate) {
            return everywhere(c.line, [&](std::string_view t) {
                reading const o = read_with(t, tolerate);
                return (o.failed ? say(*o.failed) : say(*split_with(t, tolerate))) + " [" + say(o.tolerated) + "]";
            });
        };
        CHECK(with(strict) == say(fail(c.code, c.at)) + " []");
        std::string const accepted = with(rule::spaces_after_verb);
        CHECK(accepted.ends_with("[spaces_after_verb]"));
        CHECK(with(leniency::all()) == accepted);
        for (unsigned i = 0; i < rule_count; ++i) {
            auto const other = static_cast<rule>(i);
            if (other == rule::spaces_after_verb) continue;
            CAPTURE(name(other));
            CHECK(with(other) == say(fail(c.code, c.at)) + " []");
        }
        CHECK(with(without(rule::spaces_after_verb)) == say(fail(c.code, c.at)) + " []");
        // The same command as with one space.
        std::string one(c.line);
        while (one.find("  ") != std::string::npos) one.erase(one.find("  "), 1);
        auto const lenient = split_with(c.line, rule::spaces_after_verb), right = split_command(one);
        REQUIRE(lenient);
        REQUIRE(right);
        CHECK(lenient->verb == right->verb);
        CHECK(lenient->arguments == right->arguments);
        // What is right needs no rule, and says so.
        CHECK(read_with(one, leniency::all()).tolerated.empty());
        CHECK_FALSE(read_with(one, leniency::all()).failed);
    }
    // Offsets count in the line, spaces and all.
    syntax const rules{.tolerate = rule::spaces_after_verb};
    auto fault = [&](std::string_view line) {
        reading const o = read_with(line, rule::spaces_after_verb);
        return o.failed ? say(*o.failed) : "none";
    };
    CHECK(fault("MAIL   FROM:<a@>") == "bad_domain@15");
    CHECK(fault("BDAT   x") == "bad_number@7");
    CHECK(fault("STARTTLS   x") == "unexpected_argument@11");
    CHECK(fault("DATA  ") == "none");
    CHECK(fault("EHLO  ") == "missing_argument@4");
    // Only spaces, only there.
    CHECK(fault("EHLO \ta") == "bad_domain@5");
    CHECK(fault("EHLO\t a") == "unknown_verb@0");
    CHECK(fault(" EHLO a") == "unknown_verb@0");
    CHECK(fault("GET  / HTTP/1.1") == "http_request@0");
    // In front of free text a space is text.
    CHECK(split_command("NOOP   x", rules)->arguments == "  x");
    CHECK(split_command("NOOP   x")->arguments == "  x");
}

TEST_CASE("spaces after the verb, in a session", "[leniency]") {
    machine::loop<server, machine::full_recorder> l;
    auto codes = [&](std::string_view input) { return machine::codes(l.say(input)); };
    using ints = std::vector<int>;
    CHECK(codes("") == ints{});
    CHECK(codes("EHLO  a.example\r\n") == ints{501});
    CHECK(l.handler.answers.back().fault == fail(errc::bad_domain, 5));
    CHECK(l.handler.answers.back().tolerated.empty());
    l.server.tolerate(rule::spaces_after_verb);
    CHECK(codes("EHLO  a.example\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == leniency(rule::spaces_after_verb));
    CHECK(codes("MAIL FROM:<a@b>\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated.empty());
    CHECK(codes("RCPT  TO:<a@b>\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == leniency(rule::spaces_after_verb));
    CHECK(codes("RCPT  TO: <a@b>\r\n") == ints{501});
    CHECK(l.handler.answers.back().fault == fail(errc::expected_path, 9));
    l.server.tolerate(rule::spaces_after_verb | rule::space_after_colon);
    CHECK(codes("RCPT  TO: <a@b>\r\n") == ints{250});
    CHECK(l.handler.answers.back().tolerated == (rule::spaces_after_verb | rule::space_after_colon));
    // Taken back: from the next command on.
    l.server.tolerate(strict);
    CHECK(codes("RCPT  TO:<a@b>\r\n") == ints{501});
    CHECK(l.handler.answers.back().tolerated.empty());
    // All its octets are counted: a chunk's size is found, or its place is right.
    l.server.tolerate(rule::spaces_after_verb);
    CHECK(codes("BDAT   6\r\nQUIT\r\nNOOP\r\n") == ints{502, 250});
    CHECK(codes("BDAT   x\r\n") == ints{501});
    CHECK(l.handler.answers.back().fault == fail(errc::bad_number, 7));
    CHECK(l.closed);
}

// ---- text_after_hello

TEST_CASE("text after the name in EHLO", "[leniency]") {
    struct {
        verb v;
        std::string_view arguments;
        errc code;
        std::size_t at;
        std::string_view name;
    } const cases[] = {
        {verb::ehlo, "[192.0.2.1] relay 7", errc::bad_address_literal, 11, "[192.0.2.1]"},
        {verb::helo, "a.example (of [192.0.2.1])", errc::bad_domain, 9, "a.example"},
        {verb::lhlo, "a  b", errc::bad_domain, 1, "a"},
    };
    for (auto const& c : cases) {
        CAPTURE(c.arguments);
        for (unsigned i = 0; i < rule_count; ++i) {
            auto const r = static_cast<rule>(i);
            CAPTURE(name(r));
            auto const h = parse_hello(c.v, c.arguments, {.tolerate = r});
            if (r == rule::text_after_hello) {
                REQUIRE(h);
                CHECK(h->name.text == c.name);
                CHECK(h->name.tolerated == leniency(r));
            } else if (r == rule::any_hello_name) {
                REQUIRE(h);
                CHECK(h->name.text == c.arguments);
            } else {
                REQUIRE_FALSE(h);
                CHECK(h.error() == fail(c.code, c.at));
            }
        }
        // What is right needs no rule, and says so.
        CHECK(parse_hello(c.v, c.name, {.tolerate = leniency::all()})->name.tolerated.empty());
    }
    syntax const rules{.tolerate = rule::text_after_hello};
    CHECK(parse_hello(verb::ehlo, "a_b text", rules).error() == fail(errc::bad_domain, 1));
    CHECK(parse_hello(verb::ehlo, " text", rules).error() == fail(errc::bad_domain, 0));
    CHECK(parse_hello(verb::ehlo, "a t\xC3\xA9xt", rules).error() == fail(errc::non_ascii, 3));
    CHECK(parse_hello(verb::ehlo, "a b\rc", rules).error() == fail(errc::bare_cr, 3));
}

}  // namespace test_leniency
