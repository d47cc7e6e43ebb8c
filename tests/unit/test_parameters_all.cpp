// parameter_values.hpp, parameters.hpp: every registered parameter, both ways
#include "generate.hpp"
#include "oracle.hpp"
#include "support.hpp"

#include <ehlo/command.hpp>
#include <ehlo/parameters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace test_parameters_all {

using namespace ehlo;
using support::bad_case;
using support::say;
using support::written;
using namespace std::string_view_literals;

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

}  // namespace test_parameters_all
