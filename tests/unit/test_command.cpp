// verb.hpp, command.hpp: split, parse, write
#include "reader.hpp"
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/command.hpp>
#include <ehlo/dispatch.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_command {

using namespace ehlo;
using support::bad_case;
using support::escaped;
using support::everywhere;
using support::good_case;
using support::say;
using support::say_command;
using namespace std::string_view_literals;

namespace {

constexpr auto parse_line = [](std::string_view line) -> result<int> {
    auto const split = split_command(line);
    if (!split) return split.error();
    auto const failed = visit_command(*split, strict_syntax, [](auto const&) {});
    if (failed) return *failed;
    return 1;
};

constexpr good_case accepted[] = {
    {"EHLO example.org", "EHLO domain 'example.org' []"},
    {"ehlo [1.2.3.4]", "EHLO ipv4 '[1.2.3.4]' []"},
    {"EHLO [IPv6:2001:db8::1]", "EHLO ipv6 '[IPv6:2001:db8::1]' []"},
    {"HELO relay", "HELO domain 'relay' []"},
    {"HELO [1.2.3.4]", "HELO ipv4 '[1.2.3.4]' []"},
    {"Ehlo a \t ", "EHLO domain 'a' []"},
    {"MAIL FROM:<>", "MAIL null '<>' via to '' at domain '' = '' [] parameters []"},
    {"mail from:<a@b>", "MAIL mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"mAiL FrOm:<a@b>\t", "MAIL mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"MAIL FROM:<a@b> SIZE=0", "MAIL mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters SIZE='0' size 0 []"},
    {"MAIL FROM:<> SIZE=4294967296", "MAIL null '<>' via to '' at domain '' = '' [] parameters SIZE='4294967296' size 4294967296 []"},
    {"MAIL FROM:<a@b> BODY=8BITMIME  ", "MAIL mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters BODY='8BITMIME' body 8BITMIME []"},
    {"SEND FROM:<a@b>", "SEND mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"SOML FROM:<a@b>", "SOML mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"SAML FROM:<a@b>", "SAML mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"RCPT TO:<Postmaster>", "RCPT postmaster '<Postmaster>' via to 'Postmaster' at domain '' = 'Postmaster' [] parameters []"},
    {"rcpt to:<a@b> NOTIFY=NEVER", "RCPT mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters NOTIFY='NEVER' []"},
    {"RCPT TO:<@x,@y:a@b>", "RCPT mailbox '<@x,@y:a@b>' via 'x' 'y' to 'a' at domain 'b' = 'a@b' [] parameters []"},
    {"DATA", "DATA"},
    {"data  ", "DATA"},
    {"RSET\t", "RSET"},
    {"Quit", "QUIT"},
    {"TURN", "TURN"},
    {"HELP", "HELP ''"},
    {"HELP MAIL FROM", "HELP 'MAIL FROM'"},
    {"NOOP", "NOOP ''"},
    {"NOOP  x", "NOOP ' x'"},
    {"NOOP \x01\x7F", "NOOP '\\x01\\x7F'"},
    {"VRFY ann", "VRFY 'ann'"},
    {"VRFY ann@example.org", "VRFY 'ann@example.org'"},
    {"VRFY \"Ann B\" <a@b>", "VRFY '\"Ann B\" <a@b>'"},
    {"EXPN staff", "EXPN 'staff'"},
    {"EXPN st\xC3\xA4" "ff SMTPUTF8", "EXPN 'st\\xC3\\xA4ff' smtputf8"},
    {"VRFY a smtputf8", "VRFY 'a' smtputf8"},
    {"VRFY SMTPUTF8", "VRFY 'SMTPUTF8'"},
    {"vrfy st\xC3\xA4" "ff utf8reply", "VRFY 'st\\xC3\\xA4ff' utf8reply"},
    {"VRFY UTF8REPLY", "VRFY 'UTF8REPLY'"},
    {"VRFY SMTPUTF8 SMTPUTF8", "VRFY 'SMTPUTF8' smtputf8"},
    // SMTPUTF8 stands after the path that it allows.
    {"MAIL FROM:<\xC3\xBC@b> SMTPUTF8", "MAIL mailbox '<\\xC3\\xBC@b>' via to '\\xC3\\xBC' at domain 'b' = '\\xC3\\xBC@b' [] parameters SMTPUTF8 smtputf8 []"},
    {"MAIL FROM:<a@b> X=\xC3\xBC smtputf8", "MAIL mailbox '<a@b>' via to 'a' at domain 'b' = 'a@b' [] parameters X='\\xC3\\xBC' smtputf8 smtputf8 unknown at 0 []"},
    // attacks.json
    {"RCPT TO:<\"attacker@evil.example x\"@internal.example>",  // CMD-quoted-at
     "RCPT mailbox '<\"attacker@evil.example x\"@internal.example>' via to '\"attacker@evil.example x\"' at domain "
     "'internal.example' = '\"attacker@evil.example x\"@internal.example' [] parameters []"},
    {"RCPT TO:<\"a>b\"@c.example>",  // CMD-quoted-gt
     "RCPT mailbox '<\"a>b\"@c.example>' via to '\"a>b\"' at domain 'c.example' = '\"a>b\"@c.example' [] parameters []"},
    {"RCPT TO:<\"collab@evil.example> ORCPT=test;admin\"@target.example>",  // CMD-quoted-orcpt
     "RCPT mailbox '<\"collab@evil.example> ORCPT=test;admin\"@target.example>' via to '\"collab@evil.example> "
     "ORCPT=test;admin\"' at domain 'target.example' = '\"collab@evil.example> ORCPT=test;admin\"@target.example' [] parameters []"},
    {"RCPT TO:<collab@evil.example> ORCPT=test;admin@target.example>",  // CMD-unquoted-orcpt
     "RCPT mailbox '<collab@evil.example>' via to 'collab' at domain 'evil.example' = 'collab@evil.example' [] parameters "
     "ORCPT='test;admin@target.example>' []"},
    {"RCPT TO:<evil.example!collab@target.example>",  // CMD-uucp-bang
     "RCPT mailbox '<evil.example!collab@target.example>' via to 'evil.example!collab' at domain 'target.example' = "
     "'evil.example!collab@target.example' [] parameters []"},
    {"RCPT TO:<=?x?q?collab=40evil.example=3e=00?=foo@example.com>",  // CMD-encoded-word
     "RCPT mailbox '<=?x?q?collab=40evil.example=3e=00?=foo@example.com>' via to '=?x?q?collab=40evil.example=3e=00?=foo' at "
     "domain 'example.com' = '=?x?q?collab=40evil.example=3e=00?=foo@example.com' [] parameters []"},
    {"RCPT TO:<a@xn--0117.example>",  // CMD-punycode-malformed
     "RCPT mailbox '<a@xn--0117.example>' via to 'a' at domain 'xn--0117.example' = 'a@xn--0117.example' [] parameters []"},
    {"RCPT TO:<\"\"@b.example>",  // CMD-empty-quoted
     "RCPT mailbox '<\"\"@b.example>' via to '\"\"' at domain 'b.example' = '\"\"@b.example' [] parameters []"},
    {"RCPT TO:<${run{x}}@localhost>",  // CMD-exim-run
     "RCPT mailbox '<${run{x}}@localhost>' via to '${run{x}}' at domain 'localhost' = '${run{x}}@localhost' [] parameters []"},
};

constexpr bad_case refused[] = {
    {"", errc::empty_line, 0},                        // CMD-many-empty
    {" ", errc::empty_line, 0},
    {"\t \t", errc::empty_line, 0},
    {"HELLO a", errc::unknown_verb, 0},
    {"EHLOa", errc::unknown_verb, 0},
    {"EHL", errc::unknown_verb, 0},
    {" EHLO a", errc::unknown_verb, 0},
    {"EHLO\ta", errc::unknown_verb, 0},
    {"\xC5HLO a", errc::unknown_verb, 0},
    {"MAI\x0CL", errc::unknown_verb, 0},
    {"\0\0\0\0"sv, errc::unknown_verb, 0},
    {"ETRN #', 1);x", errc::unexpected_argument, 8},
    {"POST / HTTP/1.1", errc::http_request, 0},
    {"get /index.html?a b HTTP/1.0", errc::http_request, 0},
    {"OPTIONS * http/2", errc::http_request, 0},
    {"Host: x", errc::http_request, 0},
    {"host: 127.0.0.1:25", errc::http_request, 0},
    {"GE / HTTP/1.1", errc::http_request, 0},         // an SP where a verb of four letters would have its own
    {"GET /", errc::unknown_verb, 0},
    {"Hostx: x", errc::unknown_verb, 0},
    {"HELO \t", errc::missing_argument, 4},
    {"EHLO  a", errc::bad_domain, 5},
    {"EHLO a b", errc::bad_domain, 6},
    {"EHLO a_b", errc::bad_domain, 6},
    {"EHLO -", errc::bad_domain, 5},
    {"EHLO [1.2.3]", errc::bad_address_literal, 11},
    {"EHLO \xF0\x9F\x98", errc::non_ascii, 5},        // CMD-truncated-utf8-eol
    {"HELO b\xC3\xBC" "cher.example", errc::non_ascii, 6},
    {"RCPT ", errc::missing_argument, 4},
    {"MAIL FRO:<a@b>", errc::expected_from, 8},
    {"MAIL FROM", errc::expected_from, 9},
    {"MAIL  FROM:<a@b>", errc::expected_from, 5},
    {"MAIL FROM:<a@b>\tSIZE=1", errc::unexpected_argument, 15},
    {"MAIL FROM:<a@b> SIZE=1 SIZE=1", errc::duplicate_parameter, 23},
    {"MAIL FROM:<a@b> =", errc::bad_parameter, 16},
    {"MAIL FROM:<a@b> \"=", errc::bad_parameter, 16},  // PAR-exim-extract-option
    {"MAIL FROM:<a@b>  X", errc::bad_parameter, 16},
    {"MAIL FROM:<Postmaster>", errc::missing_domain, 21},
    {"RCPT TO", errc::expected_to, 7},
    {"RCPT TO <a@b>", errc::expected_to, 7},
    {"RCPT TO:", errc::expected_path, 8},
    {"RCPT TO:<>", errc::null_path, 9},
    {"RCPT TO:<a@b", errc::unclosed_path, 12},
    {"RCPT TO:<@a,b:c@d>", errc::bad_route, 12},
    {"RCPT TO:<\"a@b>", errc::bad_quoted_string, 14},
    {"RCPT TO:<\xC3\xBC@b> SMTPUTF8", errc::non_ascii, 9},
    {"MAIL FROM:<\xC3\xBC@b>", errc::non_ascii, 11},
    {"MAIL FROM:<\xC3\xBC@b> SIZE=1", errc::non_ascii, 11},
    {"MAIL FROM:<\xC3\xBC@b> SMTPUTF8 SMTPUTF8", errc::duplicate_parameter, 26},
    {"MAIL FROM:<\xC3\xBC@b> SMTPUTF8=1", errc::bad_parameter_value, 25},
    {"MAIL FROM:<\xC3@b> SMTPUTF8", errc::bad_utf8, 11},
    {"MAIL FROM:<a@b.example> AUTH=a+0Ab@c.example", errc::bad_xtext, 31},                // PAR-auth-newline
    {"RCPT TO:<a@b.example> ORCPT=rfc822;a+0D+0Ab@c.example", errc::bad_xtext, 37},      // PAR-orcpt-newline
    {"MAIL FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2026-01-01T00:00:00Z", errc::conflicting_parameters, 26},
    {"QUIT  x", errc::unexpected_argument, 5},
    {"TURN a", errc::unexpected_argument, 5},
    {"DATA\0"sv, errc::unknown_verb, 0},
    {"DATA \0"sv, errc::unexpected_argument, 5},
    {"EXPN \t", errc::missing_argument, 4},
    {"VRFY a\0b"sv, errc::nul_octet, 6},
    {"VRFY a\rb", errc::bare_cr, 6},
    {"NOOP a\nb", errc::bare_lf, 6},
    {"HELP \0"sv, errc::nul_octet, 5},
    {"HELP \xC3\xBC", errc::non_ascii, 5},
    {"NOOP x\xFF", errc::non_ascii, 6},
    {"VRFY \xC3\xBC@d.example", errc::non_ascii, 5},   // STA-postfix-vrfy-utf8
    {"VRFY \xC3 SMTPUTF8", errc::bad_utf8, 5},
    {"EXPN a\xED\xA0\x80 SMTPUTF8", errc::bad_utf8, 6},
    // attacks.json
    {"MAIL FROM:<a\xE2\x82@b.example>", errc::bad_utf8, 12},                                  // CMD-truncated-utf8
    {"RCPT TO:<oastify.com!collab\\@example.com>", errc::bad_local_part, 27},                 // CMD-uucp-backslash
    {"RCPT TO:<collab%psres.net(@example.com>", errc::bad_local_part, 25},                    // CMD-percent-comment
    {"RCPT TO:<.!@host.example>", errc::bad_local_part, 9},                                   // CMD-postfix-dot-bang
    {"RCPT TO:<[127.0.0.1:22]!x@local.example>", errc::bad_local_part, 9},                    // CMD-postfix-bounce-scan
    {"MAIL FROM:<\"first\".last@b.example>", errc::bad_local_part, 18},                       // CMD-mixed-quote
    {"MAIL FROM:<\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF\\\xFF"
     "\\\xFF\\\xFF\\\xFF@b.example>", errc::bad_local_part, 11},                              // CMD-sendmail-255
    {"MAIL FROM:<;true;>", errc::bad_local_part, 11},                                         // CMD-opensmtpd-7247
    {"MAIL FROM:<;for i in 0 1 2 3;do read r;done;>", errc::bad_local_part, 11},              // CMD-opensmtpd-7247-b
};

static_assert(support::first_refused(accepted, parse_line) == std::size(accepted));
static_assert(support::first_wrong(refused, parse_line) == std::size(refused));

}  // namespace

TEST_CASE("verbs in any case", "[verb]") {
    for (unsigned i = 1; i < verb_count; ++i) {
        auto const v = static_cast<verb>(i);
        std::string word(name(v));
        CAPTURE(word);
        REQUIRE(word.size() >= 4);
        for (unsigned bits = 0; bits < 1u << word.size(); ++bits) {
            std::string mixed = word;
            for (unsigned k = 0; k < word.size(); ++k)
                if (bits >> k & 1) mixed[k] = static_cast<char>(mixed[k] | 0x20);
            CHECK(find_verb(mixed) == v);
        }
        CHECK(find_verb(word + "X") == verb::unknown);
        CHECK(find_verb(word.substr(0, 3)) == verb::unknown);
        // No other octet passes for a letter.
        std::size_t others = 0;
        for (unsigned k = 0; k < 4; ++k)
            for (unsigned c = 0; c < 256; ++c) {
                std::string other = word;
                other[k] = static_cast<char>(c);
                others += find_verb(other) == v;
            }
        CHECK(others == 8);
    }
    CHECK(name(verb::unknown).empty());
    CHECK(find_verb("") == verb::unknown);
}

TEST_CASE("commands that are accepted", "[command]") {
    for (good_case const& c : accepted) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) { return say_command(t); }) == c.said);
        CHECK(support::differs_as_line(c.text) == "");
    }
}

TEST_CASE("commands that are refused, and where", "[command]") {
    for (bad_case const& c : refused) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) { return say_command(t); }) == say(fail(c.code, c.at)));
        CHECK(support::differs_as_line(c.text) == "");
    }
}

TEST_CASE("a line is cut at its first space", "[command]") {
    auto split = [](std::string_view line) { return say(split_command(line)); };
    CHECK(split("MAIL FROM:<a@b>") == "MAIL 'MAIL' 'FROM:<a@b>'");
    CHECK(split("NOOP  a ") == "NOOP 'NOOP' ' a'");
    CHECK(split("X a b") == " 'X' 'a b'");
    CHECK(split("A B C D") == " 'A' 'B C D'");
    CHECK(split("A BC D") == " 'A' 'BC D'");
    CHECK(split("A    B") == " 'A' '   B'");
    CHECK(split("STARTTLS") == "STARTTLS 'STARTTLS' ''");
    CHECK(split("AUTH PLAIN AA==") == "AUTH 'AUTH' 'PLAIN AA=='");
    CHECK(split(" a") == " '' 'a'");
    CHECK(split("quit\t") == "QUIT 'quit' ''");
}

TEST_CASE("String of VRFY and EXPN by the letter", "[command]") {
    constexpr syntax utf8{.smtputf8 = true};
    static_assert(is_string("ann") && is_string("\"Ann B\"") && is_string("\"\"") && is_string("a!b"));
    static_assert(!is_string("") && !is_string("a b") && !is_string("a@b") && !is_string("a.b") && !is_string("\"a") &&
                  !is_string("\"a\"b") && !is_string("\xC3\xBC"));
    static_assert(is_string("\xC3\xBC", utf8) && is_string("\"\xC3\xBC\"", utf8) && !is_string("\xC3", utf8));
    CHECK(is_string("a\xC3\xBC" "b", utf8));
    CHECK_FALSE(is_string("a\xC3\xBC" "b"));
}

TEST_CASE("writers of commands", "[command]") {
    auto mail = [](std::string_view from, mail_options const& o = {}, verb v = verb::mail) {
        return support::written([&](writer& w) { return write_mail(w, from, o, v); });
    };
    auto rcpt = [](std::string_view to, std::string_view p = {}, syntax const& rules = strict_syntax) {
        return support::written([&](writer& w) { return write_rcpt(w, to, p, rules); });
    };
    auto hello = [](verb v, std::string_view n) { return support::written([&](writer& w) { return write_hello(w, v, n); }); };
    auto argument = [](verb v, std::string_view a) { return support::written([&](writer& w) { return write_argument(w, v, a); }); };
    auto bare = [](verb v) { return support::written([&](writer& w) { return write_no_argument(w, v); }); };

    CHECK(hello(verb::ehlo, "a.example") == "EHLO a.example\r\n");
    CHECK(hello(verb::helo, "[1.2.3.4]") == "HELO [1.2.3.4]\r\n");
    CHECK(hello(verb::mail, "a") == "bad_value@0");
    CHECK(hello(verb::ehlo, "") == "missing_argument@0");
    CHECK(hello(verb::ehlo, "a b") == "bad_domain@1");
    CHECK(hello(verb::ehlo, "a ") == "bad_domain@1");

    CHECK(mail("<>") == "MAIL FROM:<>\r\n");
    CHECK(mail("<a@b>", {.size = 0}) == "MAIL FROM:<a@b> SIZE=0\r\n");
    CHECK(mail("<a@b>", {.size = ~std::uint64_t{0}, .body = body::binary_mime, .smtputf8 = true, .others = "RET=HDRS X"}) ==
          "MAIL FROM:<a@b> SIZE=18446744073709551615 BODY=BINARYMIME SMTPUTF8 RET=HDRS X\r\n");
    CHECK(mail("<\xC3\xBC@b>", {.smtputf8 = true}) == "MAIL FROM:<\xC3\xBC@b> SMTPUTF8\r\n");
    CHECK(mail("<a@b>", {}, verb::soml) == "SOML FROM:<a@b>\r\n");
    CHECK(mail("<\xC3\xBC@b>") == "non_ascii@1");
    CHECK(mail("<\xC3@b>", {.smtputf8 = true}) == "bad_utf8@1");
    CHECK(mail("<a@b>", {}, verb::rcpt) == "bad_value@0");
    CHECK(mail("a@b") == "MAIL FROM:<a@b>\r\n");
    CHECK(mail("") == "expected_path@0");
    CHECK(mail(" <a@b>") == "expected_path@0");
    CHECK(mail("<a@b> SIZE=1") == "unexpected_argument@5");
    CHECK(mail("<a@b>x") == "unexpected_argument@5");
    CHECK(mail("<a@b>", {.size = 1, .others = "SIZE=2"}) == "duplicate_parameter@7");
    CHECK(mail("<a@b>", {.others = " X"}) == "bad_parameter@0");
    CHECK(mail("<a@b>", {.others = "X "}) == "bad_parameter@2");
    CHECK(mail("<a@b>", {.others = "X=a=b"}) == "bad_parameter@3");
    CHECK(mail("<Postmaster>") == "missing_domain@11");

    CHECK(rcpt("<Postmaster>") == "RCPT TO:<Postmaster>\r\n");
    CHECK(rcpt("<a@b>", "NOTIFY=NEVER ORCPT=rfc822;a@b") == "RCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;a@b\r\n");
    CHECK(rcpt("<\xC3\xBC@b>", "", syntax{.smtputf8 = true}) == "RCPT TO:<\xC3\xBC@b>\r\n");
    CHECK(rcpt("<\xC3\xBC@b>") == "non_ascii@1");
    CHECK(rcpt("<>") == "null_path@1");
    CHECK(rcpt("a@b", "", syntax{.tolerate = leniency::all()}) == "RCPT TO:<a@b>\r\n");
    CHECK(rcpt("<a@b> X") == "unexpected_argument@5");
    CHECK(rcpt("<a@b>", "X X") == "duplicate_parameter@2");
    CHECK(rcpt("<a@b>", " ") == "bad_parameter@0");

    CHECK(argument(verb::vrfy, "ann") == "VRFY ann\r\n");
    CHECK(argument(verb::expn, "st\xC3\xA4" "ff SMTPUTF8") == "EXPN st\xC3\xA4" "ff SMTPUTF8\r\n");
    CHECK(argument(verb::help, "") == "HELP\r\n");
    CHECK(argument(verb::noop, "x y") == "NOOP x y\r\n");
    CHECK(argument(verb::vrfy, "") == "missing_argument@0");
    CHECK(argument(verb::vrfy, "a ") == "bad_value@1");
    CHECK(argument(verb::noop, "\t") == "bad_value@0");
    CHECK(argument(verb::noop, "\xC3\xBC") == "non_ascii@0");
    CHECK(argument(verb::data, "x") == "bad_value@0");

    for (verb const v : {verb::data, verb::rset, verb::quit, verb::turn, verb::help, verb::noop})
        CHECK(bare(v) == std::string(name(v)) + "\r\n");
    for (verb const v : {verb::unknown, verb::helo, verb::ehlo, verb::mail, verb::rcpt, verb::vrfy, verb::expn, verb::send,
                         verb::soml, verb::saml})
        CHECK(bare(v) == "bad_value@0");
}

TEST_CASE("what is wrong in a path or a parameter has the same place in MAIL and in RCPT: that in the value", "[command]") {
    auto mail = [](std::string_view path, std::string_view parameters) {
        return support::written([&](writer& w) { return write_mail(w, path, {.others = parameters}); });
    };
    auto rcpt = [](std::string_view path, std::string_view parameters) {
        return support::written([&](writer& w) { return write_rcpt(w, path, parameters); });
    };
    auto typed = [](std::string_view path, std::string_view parameters) {
        return support::written([&](writer& w) { return write_rcpt(w, path, rcpt_options{.others = parameters}); });
    };
    for (std::string_view const path : {"", " <a@b>", "<a@b>x", "<a@b> X", "<a@b_c>", "a@b_c", "<a@b", "<a@b.>", "a@b.", "<\xC3\xBC@b>", "\xC3\xBC@b", "<@c,@d:\xC3\xBC@b>",
                                        "@c, @d: \xC3\xBC@b", "<a@b>\r\n", "<a@[1.2.3]>", "<a@b> ", "<ann\"x@b>", "a b@c"}) {
        CAPTURE(path);
        std::string const said = mail(path, "");
        CHECK(said.find('@') != std::string::npos);
        CHECK(!said.starts_with("MAIL"));
        CHECK(rcpt(path, "") == said);
        CHECK(typed(path, "") == said);
    }
    for (std::string_view const parameters : {" X", "X ", "X  Y", "X=a=b", "X X", "Y=1 X=2 y=3", "-X", "X=", "X\r", "X=\xC3\xBC"}) {
        CAPTURE(parameters);
        for (std::string_view const path : {"<a@b>", "a@b", "@c, @d: a@b"}) {
            std::string const said = mail(path, parameters);
            CHECK(!said.starts_with("MAIL"));
            CHECK(rcpt(path, parameters) == said);
            CHECK(typed(path, parameters) == said);
        }
    }
    CHECK(mail("a@b", "X X") == "duplicate_parameter@2");
    CHECK(mail("@c, @d: \xC3\xBC@b", "") == "non_ascii@8");
}

TEST_CASE("no argument can end a line", "[command]") {
    // attacks.json, INJ-*: (text, offset of the octet)
    struct injection {
        std::string_view id, text;
        std::size_t at;
    };
    constexpr injection cases[] = {
        {"INJ-ruby-rcpt", "a@b.example>\r\nDATA\r\nSubject: x\r\n\r\ny\r\n.\r\nQUIT", 12},
        {"INJ-ruby-mail", "foo\r\nbar", 3},
        {"INJ-helo-name", "legit.host\r\nMAIL FROM:<attacker@evil.com>\r\nRCPT TO:<victim@target.com>\r\nDATA\r\nphishing\r\n.", 10},
        {"INJ-size-param", "100\r\nRCPT TO:<attacker@evil.com>", 3},
        {"INJ-quoted-crlf", "\"a\r\nRCPT TO:<x@y.example>\r\n\"@b.example", 2},
        {"INJ-unicode-truncation-cr-lf", "a\x00\rv\nvR\x00S\x00"sv, 1},
        {"INJ-unicode-truncation-at", "e\x00v\x00i\x00l\x00@\x01t\x00"sv, 1},
        {"INJ-netty", "a@b.example>\r\nRCPT TO:<c@d.example", 12},
        {"INJ-aiosmtplib", "list\r\nRSET", 4},
        {"CR", "<a@b>\r", 5},
        {"LF", "<a@b>\n", 5},
        {"NUL", "<a@b>\0"sv, 5},
    };
    for (injection const& c : cases) {
        CAPTURE(c.id);
        std::string const here = say(fail(errc::unsafe_octet, c.at)), bracketed = "<" + std::string(c.text) + ">";
        std::string const there = say(fail(errc::unsafe_octet, c.at + 1));
        auto refuses = [&](std::string const& expected, auto&& write) { CHECK(support::written(write) == expected); };
        refuses(here, [&](writer& w) { return write_mail(w, c.text); });
        refuses(there, [&](writer& w) { return write_mail(w, bracketed); });
        refuses(here, [&](writer& w) { return write_mail(w, "<a@b>", {.others = c.text}); });
        refuses(here, [&](writer& w) { return write_rcpt(w, c.text); });
        refuses(there, [&](writer& w) { return write_rcpt(w, bracketed); });
        refuses(here, [&](writer& w) { return write_rcpt(w, "<a@b>", c.text); });
        for (verb const v : {verb::ehlo, verb::helo}) refuses(here, [&](writer& w) { return write_hello(w, v, c.text); });
        for (verb const v : {verb::vrfy, verb::expn, verb::help, verb::noop})
            refuses(here, [&](writer& w) { return write_argument(w, v, c.text); });
    }
}

TEST_CASE("what was parsed can be written", "[command]") {
    generate::rng r(1869);
    std::size_t kinds[verb_count] = {};
    for (int i = 0; i < 60000; ++i) {
        bool const wide = r.one_in(2);
        std::string line = generate::command(r, wide, 12);
        syntax const rules{.smtputf8 = wide};
        auto const split = split_command(line);
        if (!split) continue;
        char buffer[2048];
        writer w(buffer);
        std::optional<failure> failed_to_write;
        std::string said;
        auto note = [&](result<std::size_t> const& n) {
            if (!n) failed_to_write = n.error();
        };
        struct {
            writer& w;
            syntax const& rules;
            decltype(note)& done;
            std::string& said;
            void operator()(cmd::hello const& h) { done(write_hello(w, h.verb, h.name.text)), said = say(h); }
            void operator()(cmd::mail const& m) {
                // SIZE, BODY and SMTPUTF8 are written by their meaning, in this order: so only the others as text.
                std::string others;
                for (parameter const p : m.parameters.all()) {
                    if (iequals(p.keyword, "SIZE") || iequals(p.keyword, "BODY") || iequals(p.keyword, "SMTPUTF8")) continue;
                    if (!others.empty()) others += ' ';
                    others += p.keyword;
                    if (p.value) (others += '=') += *p.value;
                }
                done(write_mail(w, m.from.text(), {m.parameters.size(), m.parameters.body(), m.parameters.smtputf8(), others}, m.verb));
                said = "MAIL";
            }
            void operator()(cmd::rcpt const& c) {
                done(write_rcpt(w, c.to.text(), c.parameters.all().text(), rules)), said = say(c);
            }
            void operator()(cmd::vrfy const& l) {
                std::string const argument = std::string(l.string) + (l.smtputf8 ? " SMTPUTF8" : l.utf8reply ? " UTF8REPLY" : "");
                done(write_argument(w, l.verb, argument)), said = say(l);
            }
            void operator()(cmd::noop const& m) { done(write_argument(w, m.verb, m.argument)), said = say(m); }
            void operator()(cmd::data const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::rset const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::quit const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::turn const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::starttls const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::onex const& b) { done(write_no_argument(w, b.verb)), said = say(b); }
            void operator()(cmd::auth const& a) { done(write_auth(w, a)), said = say(a); }
            void operator()(cmd::bdat const& b) { done(write_bdat(w, b.size, b.last)), said = say(b); }
            void operator()(cmd::burl const& b) { done(write_burl(w, b.url, b.last)), said = say(b); }
            void operator()(cmd::etrn const& e) { done(write_etrn(w, e.option, e.node)), said = say(e); }
            void operator()(cmd::atrn const& a) { done(write_atrn(w, a.domains)), said = say(a); }
            void operator()(cmd::xclient const& f) {
                done(write_xclient(w, f.verb, f.attributes.text())), said = say(f);
            }
        } write_again{w, rules, note, said};
        if (visit_command(*split, rules, write_again)) continue;
        ++kinds[static_cast<unsigned>(split->verb)];
        if (failed_to_write) {
            // The writers are strict: octets over 127 in MAIL need SMTPUTF8, and in HELP and NOOP they cannot be written.
            bool const excused = wide && failed_to_write->code == errc::non_ascii &&
                                 (said == "MAIL" || split->verb == verb::help || split->verb == verb::noop);
            if (!excused || w.size() != 0) FAIL_CHECK(escaped(line) << ": " << say(*failed_to_write));
            continue;
        }
        std::string_view written = w.text();
        bool good = written.size() > 2 && written.substr(written.size() - 2) == "\r\n" &&
                    written.substr(0, written.size() - 2).find_first_of("\r\n"sv) == std::string_view::npos;
        written.remove_suffix(2);
        if (said == "MAIL") {
            auto const before = parse_mail(split->arguments, rules, split->verb);
            auto const after = parse_mail(written.substr(5), rules, split->verb);
            good = good && before && after && before->from.text() == after->from.text() &&
                   before->parameters.size() == after->parameters.size() && before->parameters.body() == after->parameters.body() &&
                   before->parameters.smtputf8() == after->parameters.smtputf8();
        } else {
            good = good && say_command(written, rules) == said;
        }
        if (!good) FAIL_CHECK(escaped(line) << " became " << escaped(written));
    }
    // The generator makes the commands of RFC 5321 and RFC 821.
    for (unsigned v = 1; v <= static_cast<unsigned>(verb::turn); ++v) CHECK(kinds[v] > 100);
}

}  // namespace test_command
