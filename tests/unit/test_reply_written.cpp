// reply.hpp: replies that are written, and the right one for every failure

#include "support.hpp"

#include "generate.hpp"

#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

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
}

TEST_CASE("the right reply for every failure", "[reply]") {
    struct expected {
        errc code;
        unsigned mail, rcpt, data, other;
    };
    // RFC 5321 4.2.4, 4.3.2, 4.5.3.1.9 f.; RFC 6531 3.5; design.md 4
    constexpr expected table[] = {
        {errc::empty_line, 500, 500, 500, 500},          {errc::unknown_verb, 500, 500, 500, 500},
        {errc::http_request, 421, 421, 421, 421},        {errc::missing_argument, 501, 501, 501, 501},
        {errc::unexpected_argument, 501, 501, 501, 501}, {errc::expected_from, 501, 501, 501, 501},
        {errc::expected_to, 501, 501, 501, 501},         {errc::expected_path, 501, 501, 501, 501},
        {errc::unclosed_path, 501, 501, 501, 501},       {errc::null_path, 501, 501, 501, 501},
        {errc::bad_route, 501, 501, 501, 501},           {errc::bad_local_part, 501, 501, 501, 501},
        {errc::bad_quoted_string, 501, 501, 501, 501},   {errc::missing_domain, 501, 501, 501, 501},
        {errc::bad_domain, 501, 501, 501, 501},          {errc::bad_address_literal, 501, 501, 501, 501},
        {errc::unknown_attribute, 501, 501, 501, 501},
        {errc::bad_parameter, 501, 501, 501, 501},       {errc::bad_parameter_value, 501, 501, 501, 501},
        {errc::duplicate_parameter, 501, 501, 501, 501}, {errc::non_ascii, 553, 553, 501, 501},
        {errc::conflicting_parameters, 501, 501, 501, 501}, {errc::parameter_too_long, 501, 501, 501, 501},
        {errc::bad_date_time, 501, 501, 501, 501},       {errc::bad_mechanism, 501, 501, 501, 501},
        {errc::bad_sasl_message, 501, 501, 501, 501},    {errc::unexpected_initial_response, 501, 501, 501, 501},
        {errc::auth_cancelled, 501, 501, 501, 501},      {errc::auth_line_too_long, 500, 500, 500, 500},
        {errc::unknown_mechanism, 504, 504, 504, 504},
        {errc::bad_utf8, 501, 501, 501, 501},            {errc::nul_octet, 500, 500, 554, 500},
        {errc::bare_cr, 500, 500, 554, 500},             {errc::bare_lf, 500, 500, 554, 500},
        {errc::bad_number, 501, 501, 501, 501},          {errc::bad_base64, 501, 501, 501, 501},
        {errc::bad_xtext, 501, 501, 501, 501},           {errc::line_too_long, 500, 500, 500, 500},
        {errc::local_part_too_long, 501, 501, 501, 501}, {errc::domain_too_long, 501, 501, 501, 501},
        {errc::path_too_long, 501, 501, 501, 501},       {errc::number_too_large, 552, 552, 552, 552},
        {errc::too_many_recipients, 452, 452, 452, 452}, {errc::too_many_errors, 421, 421, 421, 421},
        {errc::message_too_large, 552, 552, 552, 552},   {errc::bad_sequence, 503, 503, 503, 503},
        {errc::not_implemented, 502, 502, 502, 502},     {errc::unknown_parameter, 555, 555, 555, 555},
        {errc::session_over, 421, 421, 421, 421},
        {errc::bad_url, 501, 501, 501, 501},
        {errc::not_authenticated, 530, 530, 530, 530},
        {errc::tls_required, 530, 530, 530, 530},        {errc::mechanism_needs_tls, 538, 538, 538, 538},
        {errc::early_octets, 554, 554, 554, 554},
        // Faults in replies and of the calling program: nothing that the peer could better.
        {errc::bad_reply_code, 451, 451, 451, 451},      {errc::bad_reply_separator, 451, 451, 451, 451},
        {errc::mixed_reply_codes, 451, 451, 451, 451},   {errc::bad_status, 451, 451, 451, 451},
        {errc::reply_too_long, 451, 451, 451, 451},      {errc::unexpected_reply, 451, 451, 451, 451},
        {errc::bad_reply_class, 451, 451, 451, 451},     {errc::output_full, 451, 451, 451, 451},
        {errc::unsafe_octet, 451, 451, 451, 451},        {errc::bad_value, 451, 451, 451, 451},
        {errc::not_offered, 451, 451, 451, 451},         {errc::too_many_outstanding, 451, 451, 451, 451},
        {errc::end_has_begun, 451, 451, 451, 451},       {errc::missing_octets, 451, 451, 451, 451},
        {errc::bad_proxy_header, 451, 451, 451, 451},    {errc::bad_checksum, 451, 451, 451, 451},
        {errc::proxy_header_too_long, 451, 451, 451, 451},
    };
    static_assert(std::size(table) == errc_count);
    std::set<errc> seen;
    for (expected const& row : table) {
        CAPTURE(name(row.code));
        CHECK(seen.insert(row.code).second);
        for (unsigned i = 0; i < verb_count; ++i) {
            auto const v = static_cast<verb>(i);
            CAPTURE(name(v));
            reply const r = reply_for(fail(row.code, 7), v);
            CHECK_FALSE(check(r).has_value());
            CHECK(bool(r.enhanced));
            CHECK(r.enhanced.class_digit == r.code / 100);
            CHECK_FALSE(meaning(r.code).empty());
            CHECK_FALSE(r.accepted());
            bool const sender = v == verb::mail || v == verb::send || v == verb::soml || v == verb::saml;
            unsigned code = sender ? row.mail : v == verb::rcpt ? row.rcpt : v == verb::data ? row.data : row.other;
            // RFC 6531 3.5: VRFY and EXPN refuse octets over 127 like a mailbox.
            if (row.code == errc::non_ascii && (v == verb::vrfy || v == verb::expn)) code = 553;
            // RFC 5321 4.3.2: 555 is for MAIL and RCPT, 504 for VRFY and EXPN.
            if (row.code == errc::unknown_parameter && (v == verb::vrfy || v == verb::expn)) code = 504;
            // RFC 3030 2 has no answer to it: the size of a chunk is an argument like any other (design.md 4).
            if (row.code == errc::number_too_large && v == verb::bdat) code = 501;
            // RFC 5321 4.3.2: 555 is an answer to MAIL and RCPT.
            if (row.code == errc::unknown_parameter && (v == verb::vrfy || v == verb::expn)) code = 504;
            CHECK(r.code == code);
            auto const text = write(r);
            CHECK(text.size() <= 512);
            CHECK(parse_reply(text)->enhanced() == r.enhanced);
        }
    }
    // X.1.7 is the sender's syntax, X.1.3 the recipient's, X.6.7 RFC 6531's, X.5.4 that of other arguments.
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::mail).enhanced) == "5.1.7");
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::rcpt).enhanced) == "5.1.3");
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::ehlo).enhanced) == "5.5.4");
    CHECK(say(reply_for(fail(errc::non_ascii, 0), verb::rcpt).enhanced) == "5.6.7");
    CHECK(say(reply_for(fail(errc::non_ascii, 0), verb::vrfy).enhanced) == "5.6.7");
    CHECK(say(reply_for(fail(errc::too_many_recipients, 0), verb::rcpt).enhanced) == "4.5.3");
    CHECK(say(reply_for(fail(errc::unknown_parameter, 0), verb::mail).enhanced) == "5.5.4");
    CHECK(say(reply_for(fail(errc::number_too_large, 0), verb::mail).enhanced) == "5.3.4");
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
