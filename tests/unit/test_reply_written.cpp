// reply.hpp: replies that are written, and the right one for every failure

#include "support.hpp"

#include "generate.hpp"

#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace test_reply_written {

using namespace ehlo;
using support::escaped;
using support::say;
using namespace std::string_view_literals;

namespace {

std::string write(reply const& r) {
    return support::written([&](writer& w) { return write_reply(w, r); });
}

constexpr unsigned errc_count = static_cast<unsigned>(errc::missing_octets) + 1;

}  // namespace

TEST_CASE("all codes that an RFC gives to SMTP have a meaning", "[reply]") {
    std::set<unsigned> const codes = {211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 353, 354, 355, 421, 422, 430, 432, 450, 451, 452, 453,
                                      454, 455, 458, 459, 500, 501, 502, 503, 504, 521, 523, 524, 525, 530, 533, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556};
    unsigned before = 0;
    for (reply_meaning const& row : reply_meanings) {
        CHECK(row.code > before);
        CHECK(is_reply_code(row.code));
        before = row.code;
    }
    for (unsigned code = 0; code < 1000; ++code) {
        bool const right = code / 100 >= 2 && code / 100 <= 5;
        if (is_reply_code(code) != right || meaning(code).empty() == codes.contains(code)) FAIL_CHECK(code);
    }
    static_assert(!meaning(250).empty() && meaning(299).empty());
    CHECK_FALSE(is_reply_code(65786));  // 250 in 16 bits
    static_assert(is_positive(250) && is_positive(354) && !is_positive(450) && !is_positive(550) && !is_positive(150));
}

TEST_CASE("replies that are written", "[reply]") {
    CHECK(write("250 2.0.0 OK") == "250 2.0.0 OK\r\n");
    CHECK(write(replies::start_content) == "354 Start mail input; end with <CRLF>.<CRLF>\r\n");
    CHECK(write("250 OK") == "250 OK\r\n");
    CHECK(write(reply(220, "mx ready")) == "220 mx ready\r\n");
    for (unsigned code = 200; code < 600; ++code)
        if (write(reply(code, "x")) != std::to_string(code) + " x\r\n") FAIL_CHECK(code);
    CHECK(write(reply(550, status{5, 1, 1}, "")) == "550 5.1.1\r\n");
    CHECK(write(reply(250, "a\tb\xC3\xBC")) == "250 a\tb\xC3\xBC\r\n");
    constexpr reply literal = "550 5.1.1 No such user";
    static_assert(literal.code == 550 && literal.enhanced == status{5, 1, 1} && literal.text == "No such user");
    constexpr reply short_one = "250";
    static_assert(short_one.code == 250 && !short_one.enhanced && short_one.text.empty());
    static_assert(reply("250 5 apples").text == "5 apples" && !reply("250 5 apples").enhanced);
    static_assert(reply("250 2.1.0").enhanced && reply("250 2.1.0").text.empty());
    static_assert(reply::later.is_later() && !literal.is_later() && !literal.accepted() && reply("354 x").accepted());
}

TEST_CASE("replies that cannot be written", "[reply]") {
    for (unsigned const code : {0u, 1u, 100u, 150u, 199u, 600u, 999u, 25u, 65535u, 65536u, 65786u, 0xFFFFFFFFu})
        CHECK(write(reply(code, "x")) == "bad_value@0");
    CHECK(write(reply::later) == "bad_value@0");
    CHECK(write(reply(250, status{5, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(354, status{3, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(354, status{2, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(250, status{2, 1000, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(250, status{2, 0, 1000}, "x")) == "bad_status@0");
    // Nothing can end the line, at any place of a long text.
    for (std::size_t at : {0u, 1u, 15u, 16u, 17u, 100u, 505u, 506u, 507u, 1023u}) {
        for (char const bad : {'\r', '\n', '\0'}) {
            std::string text(1024, 'x');
            text[at] = bad;
            CHECK(write(reply(250, text)) == say(fail(errc::unsafe_octet, at)));
            CHECK(write(reply(550, status{5, 1, 1}, text)) == say(fail(errc::unsafe_octet, at)));
        }
    }
    CHECK(write(reply(250, "ok\r\n250 more")) == "unsafe_octet@2");
}

TEST_CASE("long texts are split, and nothing is lost", "[reply]") {
    generate::rng r(512);
    std::size_t split = 0, hard = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string text;
        std::size_t const size = r.one_in(3) ? r.between(495, 520) : r.below(3000);
        std::size_t const words = r.one_in(4) ? 1200 : r.between(1, 60);
        while (text.size() < size) {
            if (r.one_in(words)) text += ' ';
            else if (r.one_in(20)) text += generate::utf8_non_ascii(r);
            else text += generate::octet_between(r, 33, 126);
        }
        bool const with_status = r.one_in(2);
        reply const out = with_status ? reply(550, status{5, static_cast<std::uint16_t>(r.below(1000)), static_cast<std::uint16_t>(r.below(1000))}, text)
                                      : reply(250, text);
        char buffer[8192];
        writer w(buffer);
        auto const n = write_reply(w, out);
        auto const back = parse_reply(w.text(), {.line = 512});
        bool good = n && *n == w.size() && back.ready() && back.consumed == w.size() && back->code() == out.code;
        std::string_view rest = text;
        std::size_t lines = 0;
        if (good) {
            std::string const prefix = with_status ? say(out.enhanced) : "";
            for (std::string_view line : back->lines()) {
                bool const full = line.size() + 6 >= 509;
                if (with_status) {
                    good = good && line.substr(0, prefix.size()) == prefix;
                    line.remove_prefix(prefix.size());
                    if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
                }
                good = good && rest.substr(0, line.size()) == line;
                rest.remove_prefix(line.size() < rest.size() ? line.size() : rest.size());
                ++lines;
                bool const last = lines == back->line_count();
                if (last) continue;
                ++split;
                if (!rest.empty() && rest[0] == ' ') {
                    rest.remove_prefix(1);
                } else {
                    // No space in reach: then the line is full, and no character is torn.
                    ++hard;
                    good = good && full && (static_cast<unsigned char>(rest[0]) & 0xC0) != 0x80;
                }
            }
            good = good && rest.empty() && lines == back->line_count();
        }
        if (!good) FAIL_CHECK(escaped(text) << " became " << escaped(w.text()));
    }
    CHECK(split > 2000);
    CHECK(hard > 500);
    // The room is used: 508 octets of text fit in one line, with a status of five octets 502.
    CHECK(write(reply(250, std::string(506, 'x'))).size() == 512);
    CHECK(write(reply(250, std::string(507, 'x'))).size() == 512 + 7);
    CHECK(write(reply(250, status{2, 0, 0}, std::string(500, 'x'))).size() == 512);
    CHECK(write(reply(250, status{2, 0, 0}, std::string(501, 'x'))) ==
          "250-2.0.0 " + std::string(500, 'x') + "\r\n250 2.0.0 x\r\n");
    CHECK(write(reply(250, std::string(506, 'x') + " y")) == "250-" + std::string(506, 'x') + "\r\n250 y\r\n");
    CHECK(write(reply(250, std::string(505, 'x') + " yy")) == "250-" + std::string(505, 'x') + "\r\n250 yy\r\n");
    // No character has more than three octets after its first: text that is not UTF-8 is not looked through for the beginning of one.
    CHECK(write(reply(250, std::string(600, '\x80'))) == "250-" + std::string(503, '\x80') + "\r\n250 " + std::string(97, '\x80') + "\r\n");
}

TEST_CASE("the right reply for every failure", "[reply]") {
    struct expected {
        unsigned code;
        std::string_view status;   // after its class; of an address it depends on whose it is
        std::vector<errc> faults;
    };
    // RFC 5321 4.2.4, 4.3.2, 4.5.3.1.9 f.; RFC 3463; RFC 4954 4, 6; RFC 3207 4
    expected const table[] = {
        {500, "5.2", {errc::empty_line, errc::unknown_verb, errc::line_too_long, errc::nul_octet, errc::bare_cr, errc::bare_lf}},
        {500, "5.6", {errc::auth_line_too_long}},
        {501, "5.2", {errc::bad_base64, errc::bad_sasl_message, errc::non_ascii}},
        {501, "5.4", {errc::missing_argument, errc::unexpected_argument, errc::expected_from, errc::expected_to, errc::unknown_attribute,
                      errc::bad_parameter, errc::bad_parameter_value, errc::duplicate_parameter, errc::conflicting_parameters,
                      errc::parameter_too_long, errc::bad_number, errc::bad_mechanism, errc::bad_xtext, errc::bad_url, errc::bad_date_time}},
        {501, "", {errc::expected_path, errc::unclosed_path, errc::null_path, errc::bad_route, errc::bad_local_part, errc::bad_quoted_string,
                   errc::missing_domain, errc::bad_domain, errc::bad_address_literal, errc::bad_utf8, errc::local_part_too_long,
                   errc::domain_too_long, errc::path_too_long}},
        {501, "7.0", {errc::unexpected_initial_response, errc::auth_cancelled}},
        {502, "5.1", {errc::not_implemented}},
        {503, "5.1", {errc::bad_sequence}},
        {504, "5.4", {errc::unknown_mechanism}},
        {530, "7.0", {errc::not_authenticated, errc::tls_required}},
        {538, "7.11", {errc::mechanism_needs_tls}},
        {552, "3.4", {errc::number_too_large, errc::message_too_large}},
        {554, "5.0", {errc::early_octets}},
        {555, "5.4", {errc::unknown_parameter}},
        {452, "5.3", {errc::too_many_recipients}},
        {421, "3.0", {errc::session_over}},
        {421, "7.0", {errc::http_request, errc::too_many_errors}},
        // Faults in replies and PROXY headers, and of the calling program: nothing that the peer could better.
        {451, "3.0", {errc::bad_reply_code, errc::bad_reply_separator, errc::mixed_reply_codes, errc::bad_status, errc::reply_too_long,
                      errc::unexpected_reply, errc::bad_reply_class, errc::output_full, errc::unsafe_octet, errc::bad_value, errc::not_offered,
                      errc::too_many_outstanding, errc::end_has_begun, errc::missing_octets, errc::bad_proxy_header, errc::bad_checksum,
                      errc::proxy_header_too_long}},
    };
    // What depends on the command.
    auto is_sender = [](verb v) { return v == verb::mail || v == verb::send || v == verb::soml || v == verb::saml; };
    auto differs = [&](errc fault, verb v) -> std::string_view {
        bool const asks = v == verb::vrfy || v == verb::expn;
        switch (fault) {
        // The content cannot be taken.
        case errc::nul_octet: case errc::bare_cr: case errc::bare_lf: return v == verb::data ? "554 5.6.0" : "";
        // RFC 6531 3.5
        case errc::non_ascii: return is_sender(v) || v == verb::rcpt || asks ? "553 5.6.7" : "";
        // RFC 5321 4.3.2: 555 is for MAIL and RCPT, 504 for VRFY and EXPN.
        case errc::unknown_parameter: return asks ? "504 5.5.4" : "";
        // RFC 3030 2 has no answer to it: the size of a chunk is an argument like any other (design.md 4).
        case errc::number_too_large: return v == verb::bdat ? "501 5.5.4" : "";
        default: return "";
        }
    };
    std::set<errc> seen;
    for (expected const& row : table)
        for (errc const fault : row.faults) {
            CAPTURE(name(fault));
            CHECK(seen.insert(fault).second);
            for (unsigned i = 0; i < verb_count; ++i) {
                auto const v = static_cast<verb>(i);
                CAPTURE(name(v));
                reply const r = reply_for(fail(fault, 7), v);
                CHECK_FALSE(check(r).has_value());
                CHECK_FALSE(meaning(r.code).empty());
                CHECK_FALSE(r.accepted());
                // X.1.7 is the sender's syntax, X.1.3 the recipient's, X.5.4 that of other arguments.
                std::string_view const status = !row.status.empty() ? row.status : is_sender(v) ? "1.7" : v == verb::rcpt ? "1.3" : "5.4";
                std::string wanted(differs(fault, v));
                if (wanted.empty()) wanted = std::to_string(row.code) + " " + std::to_string(row.code / 100) + "." + std::string(status);
                CHECK(std::to_string(r.code) + " " + std::string(say(r.enhanced)) == wanted);
                auto const text = write(r);
                CHECK(text.size() <= 512);
                CHECK(parse_reply(text)->enhanced() == r.enhanced);
            }
        }
    CHECK(seen.size() == errc_count);
}

TEST_CASE("replies that servers send all the time are right", "[reply]") {
    for (reply const& r : {replies::ok, replies::sender_ok, replies::recipient_ok, replies::start_content,
                           replies::message_accepted, replies::cannot_verify, replies::help, replies::bye, replies::try_later,
                           replies::shutting_down, replies::no_such_user, replies::no_mail_here}) {
        CHECK_FALSE(check(r).has_value());
        CHECK_FALSE(meaning(r.code).empty());
        CHECK(bool(r.enhanced) == (r.code / 100 != 3));
        std::string const text = write(r);
        auto const back = parse_reply(text);
        CHECK(back.ready());
    }
}

TEST_CASE("replies that were parsed can be written", "[reply]") {
    generate::rng r(2034);
    int done = 0;
    for (int i = 0; i < generate::drawn(30000); ++i) {
        std::string const text = generate::reply(r, 16);
        auto const p = parse_reply(text);
        REQUIRE(p.ready());
        // One line is one reply; write_reply has no other way to make several.
        for (std::string_view line : p->lines()) {
            std::string const said(line);
            status const s = p->enhanced().value_or(status{});
            std::string_view rest = said;
            bool const coded = s && rest.substr(0, say(s).size() + 1) == say(s) + " ";
            if (coded) rest.remove_prefix(say(s).size() + 1);
            char buffer[2048];
            writer w(buffer);
            if (!write_reply(w, coded ? reply(p->code(), s, rest) : reply(p->code(), rest))) {
                FAIL_CHECK(escaped(text));
                continue;
            }
            auto const again = parse_reply(w.text());
            bool good = again.ready() && again.consumed == w.size() && again->code() == p->code() && again->line_count() == 1;
            // A status without text has no space after it.
            good = good && (*again->lines().begin() == said || (coded && rest.empty()));
            if (!good) FAIL_CHECK(escaped(text) << " became " << escaped(w.text()));
            ++done;
        }
    }
    CHECK(done > generate::drawn(30000));
}

}  // namespace test_reply_written
