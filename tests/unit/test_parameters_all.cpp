// parameter_values.hpp, parameters.hpp: every registered parameter, both ways
#include "generate.hpp"
#include "oracle.hpp"
#include "support.hpp"

#include <ehlo/command.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/server.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace ehlo;
using support::bad_case;
using support::escaped;
using support::say;
using support::written;
using namespace std::string_view_literals;
using generate::rng;

// A parameter of a program's own: what a user of the library writes to have one.
namespace own {
struct x_queue {
    static constexpr std::string_view keyword = "X-QUEUE";
    std::uint64_t number = 0;

    // x-queue-value = 1*DIGIT, at most 1000
    static constexpr result<x_queue> parse(std::optional<std::string_view> value) noexcept {
        if (!value) return fail(errc::bad_parameter_value, 0);
        auto const n = parse_decimal(*value, 1000);
        if (!n) return n.error();
        return x_queue{*n};
    }
    constexpr void write(writer& w) const noexcept { w.number(number); }
};
struct x_flag {
    static constexpr std::string_view keyword = "X-FLAG";
    static constexpr result<x_flag> parse(std::optional<std::string_view> value) noexcept {
        if (value) return fail(errc::bad_parameter_value, 0);
        return x_flag{};
    }
    constexpr void write(writer&) const noexcept {}
};
struct x_text {
    static constexpr std::string_view keyword = "X-TEXT";
    std::string_view text;
    static constexpr result<x_text> parse(std::optional<std::string_view> value) noexcept { return x_text{value.value_or("")}; }
    constexpr void write(writer& w) const noexcept { w.raw(text); }
};
struct no_parameter {
    static constexpr std::string_view keyword = "X";
};
static_assert(custom_parameter<x_queue> && custom_parameter<x_flag> && !custom_parameter<no_parameter>);

// At compile time too.
constexpr auto mail = parse_mail_parameters("SIZE=1 X-Queue=7 X-FLAG RET=FULL");
static_assert(mail && mail->unknown_at() == 7u && !mail->unknown_at<x_queue, x_flag>() && mail->unknown_at<x_flag>() == 7u);
static_assert(mail->get<x_queue>() && (*mail->get<x_queue>())->number == 7);
static_assert(mail->get<x_text>() && !*mail->get<x_text>());
}  // namespace own

namespace {

constexpr auto mail = [](std::string_view t) { return parse_mail_parameters(t); };
constexpr auto rcpt = [](std::string_view t) { return parse_rcpt_parameters(t); };
constexpr syntax utf8{.smtputf8 = true};

constexpr std::string_view certifier = "2jmj7l5rSw0yVb/vlWAYkK/YBwk";  // SHA-1 of nothing but 20 octets, without its "="

constexpr bad_case bad_mail[] = {
    // A value that is required, and one that is forbidden.
    {"RET", errc::bad_parameter_value, 3},
    {"ENVID", errc::bad_parameter_value, 5},
    {"AUTH", errc::bad_parameter_value, 4},
    {"BY SIZE=1", errc::bad_parameter_value, 2},
    {"HOLDFOR", errc::bad_parameter_value, 7},
    {"HOLDUNTIL", errc::bad_parameter_value, 9},
    {"MT-PRIORITY", errc::bad_parameter_value, 11},
    {"MTRK", errc::bad_parameter_value, 4},
    {"SOLICIT", errc::bad_parameter_value, 7},
    {"SUBMITTER", errc::bad_parameter_value, 9},
    {"TRANSID", errc::bad_parameter_value, 7},
    {"ALT-ADDRESS", errc::bad_parameter_value, 11},
    {"SIZE=1 REQUIRETLS=1", errc::bad_parameter_value, 17},
    {"CONPERM=YES", errc::bad_parameter_value, 7},
    {"PRDR=1", errc::bad_parameter_value, 4},
    {"PRDR=", errc::bad_parameter, 5},
    {"PRDR SIZE=1 prdr", errc::duplicate_parameter, 12},
    {"RET=", errc::bad_parameter, 4},
    {"ENVID=", errc::bad_parameter, 6},
    {"ENVID= RET=FULL", errc::bad_parameter, 6},
    {"REQUIRETLS=", errc::bad_parameter, 11},
    // RET
    {"RET=BOTH", errc::bad_parameter_value, 4},
    {"RET=FULLY", errc::bad_parameter_value, 4},
    {"X RET=HDR", errc::bad_parameter_value, 6},
    {"RET=FULL ret=FULL", errc::duplicate_parameter, 9},
    // ENVID
    {"ENVID=a+0Ab", errc::bad_xtext, 8},
    {"ENVID=a+0D+0Ab", errc::bad_xtext, 8},
    {"ENVID=+", errc::bad_xtext, 7},
    {"ENVID=a+zz", errc::bad_xtext, 8},
    {"ENVID=+C3+BC", errc::bad_xtext, 7},
    {"ENVID=a=b", errc::bad_parameter, 7},
    {"ENVID=a ENVID=b", errc::duplicate_parameter, 8},
    // AUTH
    {"AUTH=a+0Ab@c.example", errc::bad_xtext, 7},  // PAR-auth-newline
    {"AUTH=a", errc::bad_parameter_value, 6},
    {"AUTH=<a@b>", errc::bad_parameter_value, 5},
    {"AUTH=<>x", errc::bad_parameter_value, 5},
    {"AUTH=<", errc::bad_parameter_value, 5},
    {"AUTH=@b", errc::bad_parameter_value, 5},
    {"AUTH=a@", errc::bad_parameter_value, 7},
    {"AUTH=a@-b", errc::bad_parameter_value, 7},
    {"AUTH=a+40-b", errc::bad_parameter_value, 9},
    {"AUTH=a@b+20", errc::bad_parameter_value, 8},
    {"AUTH=a@b AUTH=<>", errc::duplicate_parameter, 9},
    {"AUTH=+C3+BC@b", errc::non_ascii, 5},
    // BY
    {"BY=1", errc::bad_parameter_value, 4},
    {"BY=;N", errc::bad_parameter_value, 3},
    {"BY=-;N", errc::bad_parameter_value, 4},
    {"BY=x;N", errc::bad_parameter_value, 3},
    {"BY=--1;N", errc::bad_parameter_value, 4},
    {"BY=1;", errc::bad_parameter_value, 5},
    {"BY=1;X", errc::bad_parameter_value, 5},
    {"BY=1;NN", errc::bad_parameter_value, 6},
    {"BY=1;NTT", errc::bad_parameter_value, 7},
    {"BY=0;R", errc::bad_parameter_value, 5},
    {"BY=-1;R", errc::bad_parameter_value, 6},
    {"BY=+000;RT", errc::bad_parameter_value, 8},
    {"BY=1000000000;N", errc::bad_parameter_value, 12},
    {"BY=-1000000000;N", errc::bad_parameter_value, 13},
    {"BY=-999999999;NTT", errc::parameter_too_long, 16},
    {"BY=1;N by=1;N", errc::duplicate_parameter, 7},
    // HOLDFOR, HOLDUNTIL
    {"HOLDFOR=0", errc::bad_parameter_value, 8},
    {"HOLDFOR=01", errc::bad_parameter_value, 8},
    {"HOLDFOR=-1", errc::bad_parameter_value, 8},
    {"HOLDFOR=1s", errc::bad_parameter_value, 9},
    {"HOLDFOR=1000000000", errc::parameter_too_long, 17},
    {"HOLDFOR=1 HOLDFOR=1", errc::duplicate_parameter, 10},
    {"HOLDUNTIL=2026-02-29T10:00:00Z", errc::bad_date_time, 19},
    {"HOLDUNTIL=2026-01-31T10:00:00+00:00", errc::bad_date_time, 29},
    {"HOLDUNTIL=2026-01-31T10:00:00-00:00", errc::bad_date_time, 29},
    {"HOLDUNTIL=2026-01-31T10:00:00", errc::bad_date_time, 29},
    {"HOLDUNTIL=2026-01-31T10:00:60Z", errc::bad_date_time, 27},
    {"HOLDUNTIL=2026-01-31T10:00:00.123Z", errc::parameter_too_long, 33},
    {"HOLDUNTIL=1767225600", errc::bad_date_time, 14},
    {"HOLDFOR=1 HOLDUNTIL=2026-01-31T10:00:00Z", errc::conflicting_parameters, 10},
    {"HOLDUNTIL=2026-01-31T10:00:00Z X HOLDFOR=1", errc::conflicting_parameters, 33},
    {"HOLDFOR=61 BY=60;R", errc::conflicting_parameters, 11},
    {"BY=60;N HOLDFOR=61", errc::conflicting_parameters, 8},
    {"HOLDFOR=1 BY=-5;N", errc::conflicting_parameters, 10},
    // MT-PRIORITY
    {"MT-PRIORITY=10", errc::bad_parameter_value, 13},
    {"MT-PRIORITY=-10", errc::bad_parameter_value, 14},
    {"MT-PRIORITY=+3", errc::bad_parameter_value, 12},
    {"MT-PRIORITY=-0", errc::bad_parameter_value, 13},
    {"MT-PRIORITY=00", errc::bad_parameter_value, 13},
    {"MT-PRIORITY=-", errc::bad_parameter_value, 13},
    {"MT-PRIORITY=x", errc::bad_parameter_value, 12},
    {"MT-PRIORITY=1 MT-PRIORITY=1", errc::duplicate_parameter, 14},
    // MTRK
    {"ENVID=a@b MTRK=abc", errc::bad_parameter_value, 18},
    {"ENVID=a@b MTRK=:1", errc::bad_parameter_value, 15},
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwl", errc::bad_parameter_value, 41},   // the last two bits are not 0
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwkk", errc::bad_parameter_value, 42},
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb_vlWAYkK/YBwk", errc::bad_parameter_value, 29},
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk:", errc::bad_parameter_value, 43},
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk:x", errc::bad_parameter_value, 43},
    {"ENVID=a@b MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk:1000000000", errc::parameter_too_long, 52},
    {"MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk", errc::conflicting_parameters, 32},
    {"MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk ENVID=ab X", errc::conflicting_parameters, 41},
    {"ENVID=ab MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk", errc::conflicting_parameters, 9},
    // SOLICIT
    {"SOLICIT=1a", errc::bad_parameter_value, 8},
    {"SOLICIT=,", errc::bad_parameter_value, 8},
    {"SOLICIT=a,", errc::bad_parameter_value, 10},
    {"SOLICIT=a,,b", errc::bad_parameter_value, 10},
    {"SOLICIT=a,1", errc::bad_parameter_value, 10},
    {"SOLICIT=a/b", errc::bad_parameter_value, 9},
    // SUBMITTER, ALT-ADDRESS
    {"SUBMITTER=<>", errc::bad_parameter_value, 10},
    {"SUBMITTER=a", errc::bad_parameter_value, 11},
    {"SUBMITTER=a+b@c", errc::bad_xtext, 12},
    {"SUBMITTER=a+B@c", errc::bad_xtext, 13},
    {"SUBMITTER=a+2b@c", errc::bad_xtext, 13},
    {"SUBMITTER=a+0A@c", errc::bad_xtext, 12},
    {"SUBMITTER=+C3+BC@b", errc::non_ascii, 10},
    {"ALT-ADDRESS=<>", errc::bad_parameter_value, 12},
    {"ALT-ADDRESS=+C3+BC@b", errc::bad_parameter_value, 12},
    {"ALT-ADDRESS=a@b ALT-ADDRESS=a@b", errc::duplicate_parameter, 16},
    // TRANSID
    {"TRANSID=a@b", errc::bad_parameter_value, 8},
    {"TRANSID=<a>", errc::bad_parameter_value, 10},
    {"TRANSID=<@b>", errc::bad_parameter_value, 9},
    {"TRANSID=<a@>", errc::bad_parameter_value, 11},
    {"TRANSID=<a@b", errc::bad_parameter_value, 12},
    {"TRANSID=<a@b>c", errc::bad_parameter_value, 13},
    {"TRANSID=<a..b@c>", errc::bad_parameter_value, 11},
    {"TRANSID=<.a@c>", errc::bad_parameter_value, 9},
    {"TRANSID=<a.@c>", errc::bad_parameter_value, 11},
    {"TRANSID=<a@b@c>", errc::bad_parameter_value, 12},
    {"TRANSID=<a/b@c>", errc::bad_parameter_value, 10},
    {"TRANSID=<\"a\"@c>", errc::bad_parameter_value, 9},
    // PAR-exim-extract-option
    {"\"=", errc::bad_parameter, 0},
    // The first fault counts, whatever kind it is of.
    {"X X SIZE=x", errc::duplicate_parameter, 2},
    {"SIZE=x X X", errc::bad_parameter_value, 5},
    {"X SIZE=1 SIZE=2 x", errc::duplicate_parameter, 9},
    {"X x=", errc::bad_parameter, 4},
    {"X Y x Z=", errc::duplicate_parameter, 4},
    {"X Y x ", errc::duplicate_parameter, 4},
    {"NOTIFY=? NOTIFY=?", errc::duplicate_parameter, 9},
    {"X X HOLDFOR=1 HOLDUNTIL=2026-01-31T10:00:00Z", errc::duplicate_parameter, 2},
};
constexpr bad_case bad_rcpt[] = {
    {"NOTIFY", errc::bad_parameter_value, 6},
    {"ORCPT", errc::bad_parameter_value, 5},
    {"RRVS", errc::bad_parameter_value, 4},
    {"CONNEG=1", errc::bad_parameter_value, 6},
    {"ALT-ADDRESS", errc::bad_parameter_value, 11},
    // NOTIFY
    {"NOTIFY=NEVER,SUCCESS", errc::bad_parameter_value, 12},
    {"NOTIFY=SUCCESS,NEVER", errc::bad_parameter_value, 15},
    {"NOTIFY=NEVER,", errc::bad_parameter_value, 12},
    {"NOTIFY=SUCCESS,", errc::bad_parameter_value, 15},
    {"NOTIFY=,SUCCESS", errc::bad_parameter_value, 7},
    {"NOTIFY=SUCCESS,,DELAY", errc::bad_parameter_value, 15},
    {"NOTIFY=SUCCESS;DELAY", errc::bad_parameter_value, 7},
    {"NOTIFY=ALWAYS", errc::bad_parameter_value, 7},
    {"NOTIFY=SUCCESS,FAILURE,DELAY,DELAY,DELAY", errc::parameter_too_long, 35},
    {"NOTIFY=NEVER NOTIFY=NEVER", errc::duplicate_parameter, 13},
    // ORCPT
    {"ORCPT=rfc822", errc::bad_parameter_value, 12},
    {"ORCPT=;a", errc::bad_parameter_value, 6},
    {"ORCPT=rfc.822;a", errc::bad_parameter_value, 9},
    {"ORCPT=rfc822;a+0D+0Ab@c.example", errc::bad_xtext, 15},  // PAR-orcpt-newline
    {"ORCPT=rfc822;a\\x{20}+", errc::bad_xtext, 21},
    {"ORCPT=rfc822;+C3", errc::bad_xtext, 14},
    {"ORCPT=rfc822;a ORCPT=rfc822;a", errc::duplicate_parameter, 15},
    {"ORCPT=utf-8;", errc::bad_xtext, 12},
    {"ORCPT=utf-8;a+40b", errc::bad_xtext, 13},
    {"ORCPT=utf-8;\\", errc::bad_xtext, 13},
    {"ORCPT=utf-8;\\x", errc::bad_xtext, 14},
    {"ORCPT=utf-8;\\x{", errc::bad_xtext, 15},
    {"ORCPT=utf-8;\\x{}", errc::bad_xtext, 15},
    {"ORCPT=utf-8;\\x{8", errc::bad_xtext, 16},
    {"ORCPT=utf-8;\\x{8}", errc::bad_xtext, 16},
    {"ORCPT=utf-8;\\x{41}", errc::bad_xtext, 17},
    {"ORCPT=utf-8;\\x{0A}", errc::bad_xtext, 15},
    {"ORCPT=utf-8;\\x{09}", errc::bad_xtext, 15},
    {"ORCPT=utf-8;\\x{10}", errc::bad_xtext, 17},
    {"ORCPT=utf-8;\\x{7F}", errc::bad_xtext, 17},
    {"ORCPT=utf-8;\\x{0020}", errc::bad_xtext, 15},
    {"ORCPT=utf-8;\\x{D800}", errc::bad_xtext, 19},
    {"ORCPT=utf-8;\\x{DFFF}", errc::bad_xtext, 19},
    {"ORCPT=utf-8;\\x{110000}", errc::bad_xtext, 20},
    {"ORCPT=utf-8;\\x{2000000}", errc::bad_xtext, 20},
    {"ORCPT=utf-8;\\x{1000000}", errc::bad_xtext, 21},
    {"ORCPT=utf-8;\\x{4e2d", errc::bad_xtext, 19},
    {"ORCPT=utf-8;\xC3\xBC@b", errc::non_ascii, 12},
    // RRVS
    {"RRVS=2026-02-30T10:00:00Z", errc::bad_date_time, 13},
    {"RRVS=2026-01-31T10:00:00.5Z", errc::bad_date_time, 24},
    {"RRVS=2026-01-31T10:00:00Z;", errc::bad_parameter_value, 26},
    {"RRVS=2026-01-31T10:00:00Z;X", errc::bad_parameter_value, 26},
    {"RRVS=2026-01-31T10:00:00Z;CR", errc::bad_parameter_value, 27},
    {"RRVS=2026-01-31T10:00:00+01:00;CC", errc::parameter_too_long, 32},
    {"RRVS=;C", errc::bad_date_time, 5},
    {"ALT-ADDRESS=a", errc::bad_parameter_value, 13},
};
static_assert(support::first_wrong(bad_mail, mail) == std::size(bad_mail));
static_assert(support::first_wrong(bad_rcpt, rcpt) == std::size(bad_rcpt));

template <class F>
std::string decoded(F const& what) {
    return written([&](writer& w) { return write_decoded(w, what); });
}

}  // namespace

TEST_CASE("the table of registered parameters", "[parameters_all]") {
    struct row {
        std::string_view keyword;
        std::string_view commands;  // M, R, V
        bool value;
        std::size_t increment;
    };
    // The rows of the registry, with the increments of the RFCs; 0 where an RFC gives none.
    constexpr row rows[] = {
        {"SIZE", "M", true, 26}, {"BODY", "M", true, 16}, {"RET", "M", true, 9}, {"ENVID", "M", true, 107},
        {"NOTIFY", "R", true, 29}, {"ORCPT", "R", true, 507}, {"AUTH", "M", true, 500}, {"BY", "M", true, 17},
        {"HOLDFOR", "M", true, 0}, {"HOLDUNTIL", "M", true, 34}, {"MT-PRIORITY", "M", true, 15}, {"MTRK", "M", true, 40},
        {"SOLICIT", "M", true, 1007}, {"SUBMITTER", "M", true, 0}, {"SMTPUTF8", "MV", false, 10}, {"REQUIRETLS", "M", false, 11},
        {"RRVS", "R", true, 33}, {"CONPERM", "M", false, 0}, {"CONNEG", "R", false, 0}, {"TRANSID", "M", true, 88},
        {"ALT-ADDRESS", "MR", true, 460}, {"UTF8REPLY", "V", false, 0}, {"PRDR", "M", false, 0},
    };
    static_assert(std::size(rows) == parameter_count && std::size(registered_parameters) == parameter_count);
    std::set<std::string_view> seen;
    for (row const& r : rows) {
        CAPTURE(r.keyword);
        auto const id = find_parameter(r.keyword);
        REQUIRE(id);
        parameter_facts const& f = facts(*id);
        CHECK(f.keyword == r.keyword);
        CHECK(f.id == *id);
        CHECK(name(*id) == r.keyword);
        CHECK(seen.insert(f.keyword).second);
        CHECK(f.mail == (r.commands.find('M') != std::string_view::npos));
        CHECK(f.rcpt == (r.commands.find('R') != std::string_view::npos));
        CHECK(f.vrfy == (r.commands.find('V') != std::string_view::npos));
        CHECK(f.has_value == r.value);
        CHECK((f.max_length > 0) == r.value);
        if (r.increment != 0) CHECK(f.increment == r.increment);
        CHECK_FALSE(f.extension.empty());
        CHECK(f.rfc.starts_with(r.keyword == "PRDR" ? "draft-hall-prdr" : "RFC "));
        // In any case; nothing shorter, longer or near it.
        std::string lower(r.keyword);
        for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        CHECK(find_parameter(lower) == id);
        CHECK_FALSE(find_parameter(lower + "s"));
        CHECK_FALSE(find_parameter(std::string_view(lower).substr(1)));
        CHECK(find_parameter(std::string_view(lower).substr(0, lower.size() - 1)) == std::nullopt);
        lower[lower.size() / 2] = 'q';
        CHECK_FALSE(find_parameter(lower));
        // Known to its commands, unknown to the others.
        std::string const text = std::string(r.keyword) + (r.value ? "=!" : "");
        auto const m = parse_mail_parameters(text);
        if (!f.mail) CHECK((m && m->unknown_at() == 0u && m->present().empty()));
        else if (!r.value) CHECK((m && !m->unknown_at() && m->present() == *id));
        auto const p = parse_rcpt_parameters(text);
        if (!f.rcpt) CHECK((p && p->unknown_at() == 0u && p->present().empty()));
        else if (!r.value) CHECK((p && !p->unknown_at() && p->present() == *id));
    }
    CHECK_FALSE(find_parameter(""));
    CHECK_BOTH(line_increment(parameter_id::size) == 26);
    CHECK_BOTH(line_increment(parameter_id::holdfor) == 34 && line_increment(parameter_id::holduntil) == 34);
    CHECK_BOTH(line_increment(parameter_id::holdfor | parameter_ids(parameter_id::holduntil)) == 34);
    // RFC 3461 5.4: 1036 octets for RCPT, of which 530 are for ORCPT and NOTIFY; this is some more.
    CHECK_BOTH(512 + line_increment(parameter_id::notify | parameter_ids(parameter_id::orcpt)) >= 1036);
}

TEST_CASE("values that are refused", "[parameters_all]") {
    support::check_all(bad_mail, mail);
    support::check_all(bad_rcpt, rcpt);
}

TEST_CASE("values that are taken", "[parameters_all]") {
    static_assert(std::is_trivially_copyable_v<mail_parameters> && std::is_trivially_copyable_v<rcpt_parameters>);
    static_assert(sizeof(mail_parameters) <= 40 && sizeof(rcpt_parameters) <= 32);
    auto m = [](std::string_view t) { return *parse_mail_parameters(t); };
    auto r = [](std::string_view t) { return *parse_rcpt_parameters(t); };

    // Absent, empty and zero differ.
    CHECK_FALSE(m("X").ret());
    CHECK_FALSE(m("X").envid());
    CHECK_FALSE(m("X").mt_priority());
    CHECK(m("MT-PRIORITY=0").mt_priority() == 0);
    CHECK(m("BY=0;N").by() == deliver_by{});
    CHECK_FALSE(m("X").by());
    CHECK(r("NOTIFY=NEVER").notify()->never());
    CHECK_FALSE(r("X").notify());
    CHECK(m("AUTH=<>").auth().has_value());
    CHECK_FALSE(m("X").auth());

    CHECK(m("RET=FULL").ret() == ret::full);
    CHECK(m("x=1 ret=hdrs").ret() == ret::hdrs);
    CHECK(m("ENVID=QQ314159").envid() == "QQ314159"sv);
    CHECK(*m("ENVID=a+20b+3D").envid() == "a b=");
    CHECK(decoded(*m("envid=a+20b+3D").envid()) == "a b=");
    CHECK(*m("AUTH=<>").auth() == "<>");
    CHECK(*m("AUTH=+3C+3E").auth() == "<>");
    CHECK(decoded(*m("AUTH=e+3Dmc2@example.com").auth()) == "e=mc2@example.com");  // RFC 4954 5.1
    CHECK(decoded(*m("AUTH=+22a+20b+22@[192.0.2.1]").auth()) == "\"a b\"@[192.0.2.1]");
    CHECK(m("BY=+120;r").by() == deliver_by{120, by_mode::give_back, false});
    CHECK(m("BY=-999999999;NT").by() == deliver_by{-999999999, by_mode::notify, true});
    CHECK(m("BY=+999999999;rt").by() == deliver_by{999999999, by_mode::give_back, true});
    CHECK(m("BY=-0;N").by()->seconds == 0);
    CHECK(m("HOLDFOR=1").holdfor() == 1u);
    CHECK(m("HOLDFOR=999999999").holdfor() == 999999999u);
    CHECK(m("HOLDFOR=60 BY=60;R").holdfor() == 60u);
    CHECK(unix_seconds(*m("HOLDUNTIL=2001-09-09t01:46:40z").holduntil()) == 1000000000);
    CHECK(m("HOLDUNTIL=2026-01-31T10:00:00.12Z").holduntil()->nanosecond == 120000000);
    CHECK(m("HOLDUNTIL=2016-12-31T23:59:60Z").holduntil()->second == 60);
    for (int i = -9; i <= 9; ++i) CHECK(m("MT-PRIORITY=" + std::to_string(i)).mt_priority() == i);
    CHECK(m("MTRK=" + std::string(certifier) + " ENVID=a@b").mtrk()->certifier == certifier);
    CHECK_FALSE(m("MTRK=" + std::string(certifier) + " ENVID=a@b").mtrk()->timeout);
    CHECK(m("ENVID=a@b MTRK=" + std::string(certifier) + ":0").mtrk()->timeout == 0u);
    CHECK(m("ENVID=@ MTRK=" + std::string(certifier) + ":999999999").mtrk()->timeout == 999999999u);
    std::string keywords;
    std::string const solicit = "SOLICIT=org.example:ADV:ADLT,a,x-_.:9";
    auto const s = m(solicit).solicit();
    for (std::string_view const k : *s) keywords += "[" + std::string(k) + "]";
    CHECK(keywords == "[org.example:ADV:ADLT][a][x-_.:9]");
    CHECK(decoded(*m("SUBMITTER=a+2Bb@example.com").submitter()) == "a+b@example.com");
    CHECK(m("requiretls").requiretls());
    CHECK(m("ConPerm").conperm());
    CHECK(m("SIZE=1 PrDr").prdr());
    CHECK_FALSE((m("X").requiretls() || m("X").conperm() || m("X PRDRX").prdr() || r("X").conneg()));
    CHECK(m("TRANSID=<12345.6@claremont.EDU>").transid() == transaction_id{"12345.6", "claremont.EDU"});
    CHECK(m("TRANSID=<!#$@%&'>").transid() == transaction_id{"!#$", "%&'"});
    CHECK(*m("ALT-ADDRESS=a@b").alt_address() == "a@b");
    CHECK(*r("ALT-ADDRESS=a+2B@b").alt_address() == "a+@b");

    CHECK(r("NOTIFY=success").notify() == notify{true, false, false});
    CHECK(r("NOTIFY=FAILURE,Delay").notify() == notify{false, true, true});
    CHECK(r("NOTIFY=DELAY,SUCCESS,FAILURE").notify() == notify{true, true, true});
    CHECK(r("NOTIFY=DELAY,DELAY,DELAY,DELAY").notify() == notify{false, false, true});
    CHECK(r("notify=never").notify() == notify{});
    CHECK(r("ORCPT=rfc822;Bob@Example.COM").orcpt()->addr_type == "rfc822");
    CHECK(decoded(*r("ORCPT=rfc822;Bob+2Bx@Example.COM").orcpt()) == "Bob+x@Example.COM");
    CHECK(decoded(*r("ORCPT=rfc822;").orcpt()) == "");
    CHECK(decoded(*r("ORCPT=x400;a;b+20\\x{20}").orcpt()) == "a;b \\x{20}");
    CHECK(decoded(*r("ORCPT=UTF-8;a\\x{20}b\\x{2B}\\x{3d}\\x{5C}\\x{80}\\x{7ff}\\x{800}\\x{D7FF}\\x{E000}\\x{10000}\\x{10FFFF}").orcpt()) ==
          "a b+=\\\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    auto const wide = parse_rcpt_parameters("ORCPT=utf-8;\xC3\xBC\\x{fc}@b", utf8);
    CHECK(decoded(*wide->orcpt()) == "\xC3\xBC\xC3\xBC@b");
    CHECK(wide->orcpt()->is_utf8());
    CHECK(parse_rcpt_parameters("ORCPT=rfc822;\xC3\xBC", utf8).error() == fail(errc::bad_xtext, 13));
    CHECK(parse_rcpt_parameters("ORCPT=utf-8;\xC3", utf8).error() == fail(errc::bad_utf8, 12));
    CHECK(r("RRVS=2014-04-03T23:01:00Z").rrvs()->action == no_support_action::reject);
    CHECK(r("RRVS=2014-04-03T23:01:00Z;r").rrvs()->action == no_support_action::reject);
    CHECK(r("RRVS=2014-04-03T23:01:00-23:59;c").rrvs() == valid_since{*parse_date_time("2014-04-03T23:01:00-23:59"), no_support_action::proceed});
    CHECK(r("Conneg").conneg());
    // PAR-size-overflow32
    CHECK(m("SIZE=4294967296").size() == 4294967296u);

    // Mailboxes under SMTPUTF8, which may stand after what needs it.
    auto const cmd = parse_mail("FROM:<> AUTH=+C3+BC@b SUBMITTER=+C3+BC@b SMTPUTF8");
    REQUIRE(cmd);
    CHECK(written([&](writer& w) { return write_decoded(w, *cmd->parameters.auth(), true); }) == "\xC3\xBC@b");
    CHECK(parse_mail("FROM:<> AUTH=+C3+BC@b").error() == fail(errc::non_ascii, 13));
    CHECK(parse_mail("FROM:<> AUTH=+C3@b SMTPUTF8").error() == fail(errc::bad_parameter_value, 13));
    CHECK(parse_mail("FROM:<> ENVID=+C3+BC SMTPUTF8").error() == fail(errc::bad_xtext, 15));
    CHECK(parse_mail("FROM:<> ALT-ADDRESS=+C3+BC@b SMTPUTF8").error() == fail(errc::bad_parameter_value, 20));

    // Registered and others side by side, all kept.
    auto const all = m("X=1 RET=FULL Y SIZE=5 Z=2");
    CHECK(all.unknown_at() == 0u);
    CHECK(say(all.all()) == " X='1' RET='FULL' Y SIZE='5' Z='2'");
    CHECK(all.present() == (parameter_id::ret | parameter_ids(parameter_id::size)));
    CHECK(m("RET=FULL SIZE=5 Z=2").unknown_at() == 16u);
    CHECK_FALSE(m("RET=FULL SIZE=5").unknown_at());
}

TEST_CASE("the lengths of values", "[parameters_all]") {
    auto edge = [](std::string_view keyword, std::size_t most, bool to, std::string const& head, std::string const& tail, errc otherwise = errc::parameter_too_long) {
        for (std::size_t n : {most, most + 1}) {
            std::string const value = head + std::string(n - head.size() - tail.size(), 'a') + tail;
            std::string const text = std::string(keyword) + "=" + value;
            auto const bad = to ? parse_rcpt_parameters(text).error() : parse_mail_parameters(text).error();
            bool const good = to ? parse_rcpt_parameters(text).has_value() : parse_mail_parameters(text).has_value();
            CAPTURE(keyword, n, good);
            CHECK(good == (n == most));
            if (!good) CHECK(bad == fail(otherwise, keyword.size() + 1 + most));
        }
    };
    edge("ENVID", 100, false, "", "");
    edge("ORCPT", 500, true, "rfc822;", "");
    edge("ORCPT", 500, true, "utf-8;", "");
    edge("SOLICIT", 1000, false, "a,b,", "");
    edge("TRANSID", 80, false, "<x@", ">");
    // A mailbox of 64, "@" and 255 octets is the longest, however it is spelled.
    std::string const domain = "b." + std::string(253, 'a');
    std::string local, wide;
    for (int i = 0; i < 64; ++i) local += "+41", wide += "+41";
    CHECK(parse_mail_parameters(std::string_view("AUTH=" + local + "@" + domain)));
    CHECK(parse_mail_parameters(std::string_view("AUTH=" + local + "A@" + domain)).error() == fail(errc::bad_parameter_value, 5 + 192));
    CHECK(parse_mail_parameters(std::string_view("AUTH=" + local + "@" + domain + "a")).error() == fail(errc::bad_parameter_value, 5 + 193 + 255));
    for (int i = 0; i < 255; ++i) wide += i == 0 ? "+40" : i == 2 ? "+2E" : "+61";
    CHECK(parse_mail_parameters(std::string_view("SUBMITTER=" + wide + "+61")));
    CHECK(parse_mail_parameters(std::string_view("SUBMITTER=" + wide + "+61")).value().submitter()->size() == 320);
    CHECK(parse_mail_parameters(std::string_view("AUTH=" + wide + "+61")).error() == fail(errc::parameter_too_long, 505));
    std::string const longer = std::string(64, 'a') + "@" + std::string(400, 'a') + "+61" + std::string(600, 'a');
    CHECK_FALSE(parse_mail_parameters(std::string_view("SUBMITTER=" + longer)));
    CHECK_FALSE(parse_mail_parameters(std::string_view("ALT-ADDRESS=" + longer), syntax{.max_local_part = 9999, .max_domain = 9999}));
    // Decoded it would be longer than any room that is kept for it.
    CHECK(parse_mail_parameters(std::string_view("SUBMITTER=+61@" + std::string(900, 'a')), syntax{.max_domain = 9999}).error() ==
          fail(errc::bad_parameter_value, 10 + 3 + 511));
}

namespace {

std::string meant(xtext const& x) {
    std::string out;
    for (char const c : x) out += c;
    return escaped(out);
}

// Everything a set says, as text; equal sets say the same.
std::string say_all(mail_parameters const& p) {
    std::string out = std::to_string(p.present().bits) + ":";
    auto x = [&](std::string_view key, std::optional<xtext> const& v) {
        if (v) out += std::string(key) + "=" + meant(*v) + ";";
    };
    auto n = [&](std::string_view key, auto const& v) {
        if (v) out += std::string(key) + "=" + std::to_string(*v) + ";";
    };
    n("size", p.size());
    if (p.body()) out += name(*p.body());
    if (p.ret()) out += name(*p.ret());
    x("envid", p.envid()), x("auth", p.auth()), x("submitter", p.submitter()), x("alt", p.alt_address());
    if (p.by()) out += "by=" + std::to_string(p.by()->seconds) + (p.by()->mode == by_mode::notify ? "N" : "R") + (p.by()->trace ? "T;" : ";");
    n("holdfor", p.holdfor()), n("priority", p.mt_priority());
    if (p.holduntil()) out += "until=" + written([&](writer& w) { return write_date_time(w, *p.holduntil()); }) + ";";
    if (p.mtrk()) out += "mtrk=" + std::string(p.mtrk()->certifier), n(":", p.mtrk()->timeout);
    if (p.solicit()) out += "solicit=" + std::string(p.solicit()->text()) + ";";
    if (p.transid()) out += "transid=" + std::string(p.transid()->local) + "@" + std::string(p.transid()->domain) + ";";
    return out;
}
std::string say_all(rcpt_parameters const& p) {
    std::string out = std::to_string(p.present().bits) + ":";
    if (p.notify()) out += std::string("notify=") + (p.notify()->success ? "S" : "") + (p.notify()->failure ? "F" : "") + (p.notify()->delay ? "D;" : ";");
    if (p.orcpt()) out += "orcpt=" + std::string(p.orcpt()->addr_type) + ";" + decoded(*p.orcpt()) + ";";
    if (p.rrvs()) out += "rrvs=" + written([&](writer& w) { return write_rrvs(w, *p.rrvs()); }) + ";";
    if (p.alt_address()) out += "alt=" + meant(*p.alt_address());
    return out;
}

std::string put(mail_options const& o) {
    return written([&](writer& w) { return write_parameters(w, o); });
}
std::string put(rcpt_options const& o, syntax const& rules = strict_syntax) {
    return written([&](writer& w) { return write_parameters(w, o, rules); });
}

}  // namespace

TEST_CASE("parameters are written", "[parameters_all]") {
    CHECK(put(mail_options{}) == "");
    CHECK(put(rcpt_options{}) == "");
    mail_options const all{.size = 0, .body = body::seven_bit, .smtputf8 = true, .others = "X=1 Y", .ret = ret::hdrs,
        .envid = xtext("a b@c+"), .auth = xtext("<>"), .by = deliver_by{-5, by_mode::notify, true}, .holduntil = *parse_date_time("2026-01-31T10:00:00Z"),
        .mt_priority = -9, .mtrk = tracking{certifier, 7}, .solicit = solicitations("a,b"), .submitter = xtext("\"x y\"@b"),
        .requiretls = true, .conperm = true, .prdr = true, .transid = transaction_id{"a", "b"}, .alt_address = xtext("a=@b")};
    std::string const text = " SIZE=0 BODY=7BIT SMTPUTF8 RET=HDRS ENVID=a+20b@c+2B AUTH=<> BY=-5;NT HOLDUNTIL=2026-01-31T10:00:00Z MT-PRIORITY=-9 "
        "MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk:7 SOLICIT=a,b SUBMITTER=\"x+20y\"@b REQUIRETLS CONPERM PRDR TRANSID=<a@b> ALT-ADDRESS=a+3D@b X=1 Y";
    CHECK(put(all) == text);
    CHECK(given(all) == parse_mail_parameters(std::string_view(text.substr(1)))->present());
    CHECK(written([&](writer& w) { return write_mail(w, "<>", all); }) == "MAIL FROM:<>" + text + "\r\n");
    CHECK(put(mail_options{.holdfor = 999999999}) == " HOLDFOR=999999999");
    rcpt_options const to{.notify = notify{true, true, true}, .orcpt = original_recipient{"rfc822", "a+b@c"},
        .rrvs = valid_since{*parse_date_time("2026-01-31T10:00:00+01:00"), no_support_action::proceed}, .conneg = true,
        .alt_address = xtext("a@b"), .others = "Z"};
    CHECK(put(to) == " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c RRVS=2026-01-31T10:00:00+01:00;C CONNEG ALT-ADDRESS=a@b Z");
    CHECK(given(to) == parse_rcpt_parameters(std::string_view(put(to).substr(1)))->present());
    CHECK(written([&](writer& w) { return write_rcpt(w, "<a@b>", to); }) == "RCPT TO:<a@b>" + put(to) + "\r\n");
    CHECK(put(rcpt_options{.notify = notify{}}) == " NOTIFY=NEVER");
    CHECK(put(rcpt_options{.notify = notify{false, false, true}}) == " NOTIFY=DELAY");
    // RFC 6533 3: in UTF-8 to those who take it, otherwise in ASCII.
    original_recipient const o{"utf-8", "\xC3\xBC +=\\\xE4\xB8\xAD\xF0\x9F\x98\x80@b"};
    CHECK(put(rcpt_options{.orcpt = o}) == " ORCPT=utf-8;\\x{FC}\\x{20}\\x{2B}\\x{3D}\\x{5C}\\x{4E2D}\\x{1F600}@b");
    CHECK(put(rcpt_options{.orcpt = o}, utf8) == " ORCPT=utf-8;\xC3\xBC\\x{20}\\x{2B}\\x{3D}\\x{5C}\xE4\xB8\xAD\xF0\x9F\x98\x80@b");
    CHECK(decoded(o) == o.address);
    CHECK(put(mail_options{.smtputf8 = true, .auth = xtext("\xC3\xBC@b")}) == " SMTPUTF8 AUTH=+C3+BC@b");
}

TEST_CASE("what cannot be read is not written", "[parameters_all]") {
    CHECK(put(mail_options{.envid = xtext("a\r\nb")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.envid = xtext("a\0b"sv)}) == "unsafe_octet@1");
    CHECK(put(mail_options{.envid = xtext("a\tb")}) == "bad_value@1");
    CHECK(put(mail_options{.envid = xtext("\xC3\xBC")}) == "bad_value@0");
    CHECK(put(mail_options{.envid = xtext::encoded("a SIZE=1")}) == "bad_xtext@1");
    CHECK(put(mail_options{.envid = xtext::encoded("a\nb")}) == "bad_xtext@1");
    CHECK(put(mail_options{.envid = xtext()}) == "bad_parameter@6");
    CHECK(put(mail_options{.envid = xtext(std::string(101, 'a'))}) == "parameter_too_long@100");
    std::string const spaces(34, ' ');
    CHECK(put(mail_options{.envid = xtext(spaces)}) == "parameter_too_long@100");
    CHECK(put(mail_options{.auth = xtext("a")}) == "bad_parameter_value@1");
    CHECK(put(mail_options{.auth = xtext("\xC3\xBC@b")}) == "non_ascii@0");
    CHECK(put(mail_options{.auth = xtext("a\n@b")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.submitter = xtext("<>")}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.by = deliver_by{1000000000}}) == "bad_parameter_value@9");
    CHECK(put(mail_options{.by = deliver_by{INT32_MIN}}) == "bad_parameter_value@10");
    CHECK(put(mail_options{.by = deliver_by{0, by_mode::give_back}}) == "bad_parameter_value@2");
    CHECK(put(mail_options{.holdfor = 0}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.holdfor = 1000000000}) == "parameter_too_long@9");
    CHECK(put(mail_options{.holdfor = 1, .holduntil = date_time{}}) == "conflicting_parameters@10");
    CHECK(put(mail_options{.holduntil = date_time{.month = 13}}) == "bad_value@0");
    CHECK(put(mail_options{.holduntil = date_time{.offset = 60}}) == "bad_date_time@19");
    CHECK(put(mail_options{.holduntil = date_time{.fraction_digits = 3}}) == "parameter_too_long@23");
    CHECK(put(mail_options{.mt_priority = 10}) == "bad_value@0");
    CHECK(put(mail_options{.mt_priority = -10}) == "bad_value@0");
    CHECK(put(mail_options{.mtrk = tracking{certifier}}) == "conflicting_parameters@32");
    CHECK(put(mail_options{.mtrk = tracking{"abc"}}) == "bad_parameter_value@3");
    CHECK(put(mail_options{.mtrk = tracking{certifier, 1000000000}}) == "parameter_too_long@37");
    CHECK(put(mail_options{.mtrk = tracking{"a\rb"}}) == "unsafe_octet@1");
    CHECK(put(mail_options{.solicit = solicitations("a SIZE=1")}) == "bad_parameter_value@1");
    CHECK(put(mail_options{.solicit = solicitations("a\n")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.solicit = solicitations("")}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.transid = transaction_id{"a", "b> SIZE=1"}}) == "bad_parameter_value@5");
    CHECK(put(mail_options{.transid = transaction_id{"a\0"sv, "b"}}) == "unsafe_octet@1");
    CHECK(put(mail_options{.transid = transaction_id{std::string_view("a"), std::string_view("")}}) == "bad_parameter_value@3");
    CHECK(put(mail_options{.others = "RET=x"}) == "bad_parameter_value@4");
    CHECK(put(mail_options{.others = "X\r"}) == "unsafe_octet@1");
    CHECK(put(mail_options{.others = "RET=FULL", .ret = ret::full}) == "duplicate_parameter@9");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822;x NOTIFY=NEVER", "a"}}) == "bad_xtext@8");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"a=b", "a"}}) == "bad_parameter_value@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"", "a"}}) == "bad_parameter_value@0");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822", "a\rb"}}) == "unsafe_octet@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\nb"}}) == "unsafe_octet@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\x1B"}}) == "bad_value@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\xC3"}}) == "bad_utf8@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", ""}}) == "bad_xtext@6");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\\x{0D}", true}}) == "bad_xtext@10");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822", std::string_view(), true}}) == " ORCPT=rfc822;");
    CHECK(put(rcpt_options{.rrvs = valid_since{date_time{.fraction_digits = 1, .nanosecond = 500000000}}}).substr(0, 13) == "bad_date_time");
    CHECK(put(rcpt_options{.others = "a b c=d=e"}) == "bad_parameter@7");
    CHECK(written([](writer& w) { return write_rcpt(w, "<a@b>", rcpt_options{.others = "X X"}); }) == "duplicate_parameter@2");
    CHECK(written([](writer& w) { return write_rcpt(w, "<>", rcpt_options{}); }) == "null_path@1");
    CHECK(written([](writer& w) { return write_mail(w, "<>", {.holdfor = 0}); }) == "bad_parameter_value@0");
    CHECK(decoded(original_recipient{"rfc822", "a\rb"}) == "unsafe_octet@1");
    CHECK(decoded(original_recipient{"utf-8", "\\x{0D}", true}) == "bad_xtext@3");
}

TEST_CASE("a parameter of one's own", "[parameters_all]") {
    auto const bad = parse_mail_parameters("SIZE=1 X-QUEUE=70x X-FLAG=1");
    REQUIRE(bad);
    CHECK(bad->get<own::x_queue>().error() == fail(errc::bad_number, 17));
    CHECK(bad->get<own::x_flag>().error() == fail(errc::bad_parameter_value, 26));
    CHECK(parse_mail_parameters("A X-QUEUE")->get<own::x_queue>().error() == fail(errc::bad_parameter_value, 9));
    CHECK(parse_rcpt_parameters("X-QUEUE=1001")->get<own::x_queue>().error().code == errc::number_too_large);
    auto const mixed = parse_rcpt_parameters("X-QUEUE=1 SIZE=1 NOTIFY=NEVER X-OTHER x-flag");
    REQUIRE(mixed);
    CHECK(mixed->unknown_at<own::x_queue>() == 10u);  // SIZE is none of RCPT's
    CHECK((*mixed->get<own::x_queue>())->number == 1);
    CHECK((*mixed->get<own::x_flag>()).has_value());
    CHECK_FALSE((*mixed->get<own::x_text>()).has_value());
    CHECK(parse_mail_parameters("X-QUEUE=1 x-queue=2").error() == fail(errc::duplicate_parameter, 10));

    CHECK(written([](writer& w) { return write_parameter(w, own::x_queue{12}); }) == "X-QUEUE=12");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_flag{}); }) == "X-FLAG");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_queue{1001}); }) == "number_too_large@11");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a b"}); }) == "bad_parameter@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a=b"}); }) == "bad_parameter@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a\r\nb"}); }) == "unsafe_octet@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a"}); }) == "X-TEXT=a");
}

namespace {
struct with_own {
    using own_mail_parameters = own_parameters<own::x_queue, own::x_flag>;
    std::uint64_t queue = 0;
    reply on(cmd::hello const&) { return replies::ok; }
    reply on(cmd::mail const& c) {
        if (auto const q = c.parameters.get<own::x_queue>(); q && *q) queue = (*q)->number;
        return replies::sender_ok;
    }
    reply on(cmd::rcpt const&) { return replies::recipient_ok; }
    void on(content const&) {}
    reply on(end_of_content const&) { return replies::message_accepted; }
};
}  // namespace

TEST_CASE("a server that takes a parameter of one's own", "[parameters_all]") {
    with_own h;
    char room[4096];
    auto said_by = [&](auto s, std::string const& line) {
        (void)s.advance({}, h, room);
        (void)s.advance("EHLO c.example\r\n", h, room);
        std::string const in = "MAIL FROM:<a@b> " + line + "\r\n";
        step const t = s.advance(in, h, room);
        return std::string(room, t.produced < 9 ? t.produced : 9);
    };
    // Whether its policy was known when it was compiled, nobody can tell.
    static constexpr policy rules{};
    auto said = [&](std::string const& line) {
        std::string const reply = said_by(server("mx.example"), line);
        CHECK(said_by(server_with<>(rules, "mx.example"), line) == reply);
        return reply;
    };
    CHECK(said("SIZE=1 X-QUEUE=12 x-flag") == "250 2.1.0");
    CHECK(h.queue == 12);
    CHECK(said("X-QUEUE=x") == "501 5.5.4");
    CHECK(said("X-FLAG=1") == "501 5.5.4");
    CHECK(said("X-QUEUE=1 X-OTHER") == "555 5.5.4");
    CHECK(said("X-OTHER X-QUEUE=x") == "555 5.5.4");
    // Not on offer, whatever its value.
    CHECK(said("X-QUEUE=1 RET=FULL") == "555 5.5.4");
    CHECK(said("RET=FULL X-QUEUE=x") == "555 5.5.4");
    for (std::string const none : {"RET=x", "RET", "AUTH=a+0Ab@c", "HOLDFOR=1 HOLDUNTIL=2026-01-31T10:00:00Z", "HOLDUNTIL=x", "MTRK=x", "PRDR=x", "BY=x"})
        CHECK(said(none) == "555 5.5.4");
    CHECK(said("ENVID=" + std::string(101, 'a')) == "555 5.5.4");
    CHECK(said("BODY=BINARYMIME X-QUEUE=1") == "555 5.5.4");
    // Twice, or no parameter.
    CHECK(said("RET=x ret=y") == "501 5.5.4");
    CHECK(said("RET=") == "501 5.5.4");
    CHECK(said("RET=x SIZE=y") == "501 5.5.4");
    server s("mx.example");
    (void)s.advance({}, h, room);
    step const t = s.advance("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b> X-QUEUE=1\r\n", h, room);
    CHECK(std::string_view(room, t.produced).find("\r\n555 5.5.4 ") != std::string_view::npos);
}

TEST_CASE("what is on offer is read as it is where all is", "[parameters_all]") {
    with_own h;
    char room[4096];
    auto said = [&](auto s, std::string_view parameters) {
        (void)s.advance({}, h, room);
        std::string const in = "EHLO c.example\r\nMAIL FROM:<a@b> ENVID=a+2bb RET=HDRS\r\nRCPT TO:<a@b> " + std::string(parameters) + "\r\n";
        step const t = s.advance(in, h, room);
        CHECK(t.consumed == in.size());
        return std::string(room, t.produced);
    };
    static constexpr policy rules{.offers = policy().offers | extension::dsn, .max_line = 4096, .grammar = {.tolerate = rule::lower_case_hexchar}};
    for (std::string_view const parameters : {"NOTIFY=NEVER", "NOTIFY=NEVER,DELAY", "ORCPT=rfc822;a@b", "ORCPT=rfc822;a+2bb@c NOTIFY=DELAY", "ORCPT=x",
                                              "NOTIFY=DELAY RRVS=x", "RRVS=2026-01-31T10:00:00Z", "NOTIFY=NEVER notify=NEVER"}) {
        std::string const reply = said(basic_server<rules>("mx.example"), parameters);
        CHECK(said(server_with<>(rules, "mx.example"), parameters) == reply);
        CHECK(reply.find("250 2.1.0 ") != std::string::npos);
    }
}

TEST_CASE("repeated keywords among many", "[parameters_all]") {
    rng r(5321);
    auto check = [](std::vector<std::string> const& keywords) {
        std::string text;
        std::set<std::string> seen;
        std::optional<std::size_t> expected;
        for (std::string const& k : keywords) {
            std::string folded(k);
            for (char& c : folded) c = to_upper(c);
            if (!text.empty()) text += ' ';
            if (!seen.insert(folded).second && !expected) expected = text.size();
            text += k + (k.size() % 3 == 0 ? "=" + k : "");
        }
        auto const parsed = parse_rcpt_parameters(text);
        CAPTURE(text.substr(0, 200), keywords.size());
        CHECK(parsed.has_value() == !expected.has_value());
        if (!parsed && expected) CHECK(parsed.error() == fail(errc::duplicate_parameter, *expected));
    };
    for (int i = 0; i < 3000; ++i) {
        std::vector<std::string> keywords(2 + r.below(r.one_in(50) ? 300u : 8u));
        for (std::string& k : keywords) {
            k = "X";
            for (std::size_t n = r.below(r.one_in(2) ? 3u : 6u); n > 0; --n) k += "abAB01-"[r.below(7)];
        }
        check(keywords);
    }
    for (std::size_t const size : {1023u, 1024u, 1025u, 2048u, 2049u, 3000u}) {
        for (int i = 0; i < 6; ++i) {
            std::vector<std::string> keywords;
            for (std::size_t k = 0; k < size; ++k) keywords.push_back("P" + std::to_string(k * 7919 % 100003));
            if (i != 0) keywords[r.below(size)] = "p" + keywords[r.below(size)].substr(1);
            if (i > 3) keywords[r.below(size)] = keywords[r.below(size)];
            check(keywords);
        }
    }
    // Ten thousand at once, and the last one repeats the first.
    std::string text = "P0";
    for (int i = 1; i < 10000; ++i) text += " P" + std::to_string(i);
    CHECK(parse_mail_parameters(text));
    CHECK(parse_mail_parameters(std::string_view(text + " p0")).error() == fail(errc::duplicate_parameter, text.size() + 1));
}

// Each grammar as its RFC prints it, for comparison.
namespace grammar {
using namespace oracle;

inline auto digit() { return range('0', '9'); }
inline auto hexdigit() { return alt(digit(), range('A', 'F'), range('a', 'f')); }
inline auto xchar() { return alt(range(0x21, 0x2A), range(0x2C, 0x3C), range(0x3E, 0x7E)); }
inline auto text() { return any(alt(xchar(), seq(word("+"), hexdigit(), hexdigit()))); }
inline auto upper() { return alt(digit(), range('A', 'F')); }
inline auto upper_text() { return any(alt(xchar(), seq(word("+"), upper(), upper()))); }

// What xtext means, or nothing: of RFC 3461, or (`any`) of RFC 4954, whose digits are of either case.
std::optional<std::string> decode(std::string_view t, bool wide, bool any = false) {
    if (!(any ? matches(text(), t) : matches(upper_text(), t))) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < t.size(); ++i) {
        char c = t[i];
        if (c == '+') c = static_cast<char>(std::stoi(std::string(t.substr(i + 1, 2)), nullptr, 16)), i += 2;
        auto const u = static_cast<unsigned char>(c);
        if (u < 32 || u == 127 || (u > 127 && !wide)) return std::nullopt;
        out += c;
    }
    return out;
}
bool is_mailbox(std::string_view t, bool any = false) {
    auto const plain = decode(t, false, any);
    if (!plain || !matches(Mailbox, *plain)) return false;
    std::size_t const at = plain->rfind('@');
    return at <= 64 && plain->size() - at - 1 <= 255;
}

using check_function = std::function<bool(std::string_view)>;
struct rule {
    std::string_view keyword;
    bool to;
    check_function good;
    std::function<std::string(rng&)> make;
};

std::string digits(rng& r, std::size_t most) {
    std::string s;
    for (std::size_t n = 1 + r.below(most); n > 0; --n) s += static_cast<char>('0' + (r.one_in(3) ? 0 : r.below(10)));
    return s;
}
std::string some_xtext(rng& r, std::size_t most) {
    std::string s;
    for (std::size_t n = 1 + r.below(most); n > 0; --n) {
        if (r.one_in(3)) s += std::string{'+', "0234567a"[r.below(8)], "0123456789ABCDEFabcdef"[r.below(r.one_in(4) ? 22 : 16)]};
        else s += static_cast<char>(33 + r.below(94));
    }
    return s;
}
std::string some_mailbox(rng& r) {
    std::string const plain = r.one_in(5) ? std::string("<>") : generate::mailbox(r);
    std::string s;
    for (char const c : plain) {
        auto const u = static_cast<unsigned char>(c);
        if (u > 32 && u < 127 && c != '+' && c != '=' && !r.one_in(9)) s += c;
        else s += {'+', "0123456789ABCDEF"[u >> 4], "0123456789ABCDEF"[u & 15]};
    }
    return s;
}
std::string pick(rng& r, std::vector<std::string> const& words) { return words[r.below(words.size())]; }
std::string some_date(rng& r) {
    return pick(r, {"2026", "2024", "1999"}) + "-" + pick(r, {"01", "02", "12", "06", "13"}) + "-" + pick(r, {"01", "29", "30", "31"}) + "T" +
           pick(r, {"00", "23", "24", "15"}) + ":59:" + pick(r, {"00", "60", "59"}) + pick(r, {"", "", ".5", ".25", ".125"}) +
           pick(r, {"Z", "Z", "Z", "+01:00", "-00:00", "+00:00", "z"});
}

// transid-atom ::= 1*<any (ASCII) CHAR except SPACE, CTLs, tspecials, or ".">
inline auto transid_atom() {
    return some(where(range(33, 126), [](std::string_view t) { return "()<>@,;:\\\"/[]?=."sv.find(t[0]) == t.npos; }));
}
inline auto transid_token() { return seq(transid_atom(), any(seq(word("."), transid_atom()))); }

std::vector<rule> const& rules() {
    static auto const upto = [](std::size_t most, auto grammar) -> check_function {
        return [=](std::string_view t) { return t.size() <= most && matches(grammar, t); };
    };
    static std::vector<rule> const all = {
        {"RET", false, upto(4, alt(word("FULL"), word("HDRS"))), [](rng& r) { return pick(r, {"FULL", "hdrs", "HdRs"}); }},
        {"BODY", false, upto(10, alt(word("7BIT"), word("8BITMIME"), word("BINARYMIME"))), [](rng& r) { return pick(r, {"7BIT", "8bitmime", "BINARYMIME"}); }},
        {"SIZE", false, [](std::string_view t) { return t.size() <= 20 && matches(some(digit()), t) && std::string(20 - t.size(), '0') + std::string(t) <= "18446744073709551615"; },
         [](rng& r) { return r.one_in(3) ? "1844674407370955161" + digits(r, 2) : digits(r, 21); }},
        {"ENVID", false, [](std::string_view t) { return t.size() <= 100 && decode(t, false).has_value(); }, [](rng& r) { return some_xtext(r, r.one_in(20) ? 110 : 9); }},
        {"AUTH", false, [](std::string_view t) { return t.size() <= 500 && (decode(t, false, true) == "<>" || is_mailbox(t, true)); }, some_mailbox},
        {"SUBMITTER", false, [](std::string_view t) { return t.size() <= 960 && is_mailbox(t); }, some_mailbox},
        {"ALT-ADDRESS", false, [](std::string_view t) { return t.size() <= 447 && is_mailbox(t); }, some_mailbox},
        {"ALT-ADDRESS", true, [](std::string_view t) { return t.size() <= 447 && is_mailbox(t); }, some_mailbox},
        {"BY", false, [](std::string_view t) {
             if (!matches(seq(opt(one_of("+-")), repeat(1, 9, digit()), word(";"), alt(word("N"), word("R")), opt(word("T"))), t)) return false;
             bool const positive = t[0] != '-' && t.substr(0, t.find(';')).find_first_of("123456789") != t.npos;
             return positive || t[t.find(';') + 1] == 'N' || t[t.find(';') + 1] == 'n';
         }, [](rng& r) { return pick(r, {"", "-", "+"}) + digits(r, 10) + ";" + pick(r, {"N", "R", "r", "n"}) + pick(r, {"", "", "T", "t"}); }},
        {"HOLDFOR", false, upto(9, seq(range('1', '9'), repeat(0, 8, digit()))), [](rng& r) { return digits(r, 10); }},
        {"HOLDUNTIL", false, [](std::string_view t) { return t.size() <= 23 && (t.ends_with('Z') || t.ends_with('z')) && parse_date_time(t); }, some_date},
        {"MT-PRIORITY", false, upto(2, alt(seq(opt(word("-")), range('1', '9')), word("0"))), [](rng& r) { return pick(r, {"", "-"}) + digits(r, 1); }},
        {"SOLICIT", false, [](std::string_view t) {
             auto const letter = alt(range('A', 'Z'), range('a', 'z'));
             auto const w = seq(letter, any(alt(one_of(".-_:"), letter, digit())));
             return t.size() <= 1000 && matches(seq(w, any(seq(word(","), w))), t);
         }, [](rng& r) { return pick(r, {"a", "net.example:ADV", "B9"}) + pick(r, {"", ",c", ",org.example:x-y_z,q"}); }},
        {"TRANSID", false, upto(80, seq(word("<"), transid_token(), word("@"), transid_token(), word(">"))),
         [](rng& r) { return "<" + pick(r, {"1", "a.b", "!#$%&'*+-^_`{|}~", "a..b"}) + "@" + pick(r, {"x", "x.y.z", "d1"}) + ">"; }},
        {"NOTIFY", true, [](std::string_view t) {
             auto const el = alt(word("SUCCESS"), word("FAILURE"), word("DELAY"));
             return t.size() <= 28 && matches(alt(word("NEVER"), seq(el, any(seq(word(","), el)))), t);
         }, [](rng& r) { return pick(r, {"NEVER", "SUCCESS", "delay", "FAILURE"}) + pick(r, {"", "", ",DELAY", ",Failure,delay", ",NEVER"}); }},
        {"ORCPT", true, [](std::string_view t) {
             std::size_t const at = t.find(';');
             if (at == t.npos || t.size() > 500 || !matches(Atom, t.substr(0, at)) || t.substr(0, at).find('=') != t.npos) return false;
             std::string_view const address = t.substr(at + 1);
             if (!same_ignoring_case(t.substr(0, at), "utf-8")) return decode(address, false).has_value();
             // RFC 6533 3, HEXPOINT alternative by alternative, without the controls that it lets through.
             auto const hex8 = alt(range('8', '9'), range('A', 'F'), range('a', 'f'));
             auto const nz = alt(range('1', '9'), range('A', 'F'), range('a', 'f'));
             auto const nzd = alt(range('1', '9'), one_of("ABCEFabcef"));
             auto const h = hexdigit();
             auto const point = alt(word("20"), word("2B"), word("3D"), word("5C"), seq(hex8, h), seq(nz, h, h), seq(nzd, h, h, h),
                                    seq(word("D"), range('0', '7'), h, h), seq(nz, h, h, h, h), seq(word("10"), h, h, h, h));
             auto const qchar = alt(range(0x21, 0x2A), range(0x2C, 0x3C), range(0x3E, 0x5B), range(0x5D, 0x7E));
             return matches(some(alt(qchar, seq(range(0x5C, 0x5C), range(0x78, 0x78), word("{"), point, word("}")))), address);
         }, [](rng& r) {
             if (!r.one_in(3)) return pick(r, {"rfc822", "x400", "RFC822", "a+b"}) + ";" + some_xtext(r, 12);
             std::string s = pick(r, {"utf-8;", "UTF-8;"});
             for (std::size_t n = 1 + r.below(4); n > 0; --n) {
                 s += pick(r, {"a", "@", "b.example", "\\x{", "\\X{"});
                 if (s.back() != '{') continue;
                 for (std::size_t k = 1 + r.below(7); k > 0; --k) s += "0123456789ABCDEFd10"[r.below(19)];
                 s += '}';
             }
             return s;
         }},
        {"RRVS", true, [](std::string_view t) {
             if (t.size() > 2 && t[t.size() - 2] == ';') {
                 if ("CRcr"sv.find(t.back()) == t.npos) return false;
                 t.remove_suffix(2);
             }
             return t.find('.') == t.npos && parse_date_time(t);
         }, [](rng& r) { return some_date(r) + pick(r, {"", ";C", ";R", ";r", ";X"}); }},
    };
    return all;
}

}  // namespace grammar

TEST_CASE("values against the grammars as printed", "[parameters_all]") {
    rng r(20260131);
    int good_ones = 0;
    for (auto const& rule : grammar::rules()) {
        int good = 0;
        for (int i = 0; i < generate::drawn(8000); ++i) {
            std::string value = rule.make(r);
            for (std::size_t n = r.one_in(2) ? 0 : 1 + r.below(2); n > 0 && !value.empty(); --n) {
                std::size_t const at = r.below(value.size());
                constexpr std::string_view octets = "0123456789+-;:,.@<>\\{}[]\"/!NRTZaz~\x7F\t";
                switch (r.below(4)) {
                case 0: value.erase(at, 1); break;
                case 1: value.insert(at, 1, octets[r.below(octets.size())]); break;
                case 2: value[at] = octets[r.below(octets.size())]; break;
                default: value.insert(at, value.substr(at, 1 + r.below(4)));
                }
            }
            if (value.find_first_of(" \t=\x7F") != value.npos || value.empty()) continue;  // no esmtp-value
            std::string const text = std::string(rule.keyword) + "=" + value;
            bool const expected = rule.good(value);
            good += expected;
            if (rule.to) {
                auto const p = parse_rcpt_parameters(text);
                if (p.has_value() != expected) FAIL_CHECK(text << ": " << say(p));
                if (!p) continue;
                std::string const again = put(to_options(*p));
                auto const q = parse_rcpt_parameters(std::string_view(again).substr(1));
                if (!q || say_all(*q) != say_all(*p)) FAIL_CHECK(text << " became " << again);
            } else {
                auto const p = parse_mail_parameters(text);
                if (p.has_value() != expected) FAIL_CHECK(text << ": " << say(p));
                if (!p) continue;
                std::string const again = put(to_options(*p));
                auto const q = parse_mail_parameters(std::string_view(again).substr(1));
                if (!q || say_all(*q) != say_all(*p)) FAIL_CHECK(text << " became " << again);
            }
        }
        CAPTURE(rule.keyword, good);
        CHECK(good > (generate::draws_few ? 10 : 300));
        CHECK(good < generate::drawn(7900));
        good_ones += good;
    }
    CHECK(good_ones > generate::drawn(20000));
}

TEST_CASE("lists of parameters, parsed, written and parsed", "[parameters_all]") {
    rng r(4242);
    std::size_t good = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        bool const to = r.one_in(3);
        for (std::size_t n = 1 + r.below(6); n > 0; --n) {
            if (!text.empty()) text += ' ';
            if (r.one_in(6)) {
                text += to ? "CONNEG" : grammar::pick(r, {"SMTPUTF8", "REQUIRETLS", "CONPERM"});
                continue;
            }
            auto const& rule = grammar::rules()[r.below(grammar::rules().size())];
            std::string const value = rule.make(r);
            if (rule.to == to && rule.good(value)) text += std::string(rule.keyword) + "=" + value;
            else text += "X-" + std::to_string(r.below(30));
        }
        std::string again, first, second;
        if (to) {
            auto const p = parse_rcpt_parameters(text);
            if (!p) continue;
            first = say_all(*p);
            again = put(to_options(*p));
            auto const q = parse_rcpt_parameters(std::string_view(again).substr(again.empty() ? 0 : 1));
            second = q ? say_all(*q) : say(q.error());
        } else {
            auto const p = parse_mail_parameters(text);
            if (!p) continue;
            first = say_all(*p);
            again = put(to_options(*p));
            auto const q = parse_mail_parameters(std::string_view(again).substr(again.empty() ? 0 : 1));
            second = q ? say_all(*q) : say(q.error());
        }
        ++good;
        if (first != second) FAIL_CHECK(text << " became " << again << ": " << first << " and " << second);
    }
    CHECK(good > 5000);
}
