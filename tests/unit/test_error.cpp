// error.hpp, result.hpp, leniency.hpp
#include "support.hpp"

#include <ehlo/command.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/content.hpp>
#include <ehlo/error.hpp>
#include <ehlo/leniency.hpp>
#include <ehlo/line.hpp>
#include <ehlo/proxy_header.hpp>
#include <ehlo/reply_reader.hpp>
#include <ehlo/result.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace test_error {

using namespace ehlo;

namespace {
constexpr unsigned errc_count = static_cast<unsigned>(errc::missing_octets) + 1;
}

TEST_CASE("every errc has a name, a message and somebody to blame", "[error]") {
    static_assert(std::size(errc_table) == errc_count);
    std::set<std::string_view> names, messages;
    for (unsigned i = 0; i < errc_count; ++i) {
        auto const code = static_cast<errc>(i);
        CAPTURE(i, name(code));
        CHECK(errc_table[i].code == code);
        CHECK(name(code).find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos);
        CHECK(message(code).size() > 5);
        CHECK(message(code).find_first_of("\r\n") == std::string_view::npos);
        CHECK(message(code).find('\0') == std::string_view::npos);
        CHECK(message(code).back() != '.');
        CHECK(name(blame_of(code)).size() >= 5);
        CHECK(names.insert(name(code)).second);
        CHECK(messages.insert(message(code)).second);
    }
}

TEST_CASE("the groups of errc are those of blame", "[error]") {
    // The blame never goes back: the four groups stand one after the other.
    for (unsigned i = 1; i < errc_count; ++i)
        CHECK(blame_of(static_cast<errc>(i)) >= blame_of(static_cast<errc>(i - 1)));
    static_assert(blame_of(errc::empty_line) == blame::malformed && blame_of(errc::bad_xtext) == blame::malformed);
    static_assert(blame_of(errc::line_too_long) == blame::limit && blame_of(errc::reply_too_long) == blame::limit);
    static_assert(blame_of(errc::bad_sequence) == blame::sequence && blame_of(errc::session_over) == blame::sequence);
    static_assert(blame_of(errc::output_full) == blame::misuse &&
                  blame_of(errc::too_many_outstanding) == blame::misuse);
    CHECK(name(blame::malformed) == "malformed");
    CHECK(name(blame::limit) == "limit");
    CHECK(name(blame::sequence) == "sequence");
    CHECK(name(blame::misuse) == "misuse");
}

TEST_CASE("result is a value or a failure", "[result]") {
    constexpr result<int> value = 7;
    static_assert(value && value.has_value() && *value == 7 && value.value() == 7 && value.value_or(1) == 7);
    constexpr result<int> none = fail(errc::bad_number, 3);
    static_assert(!none && !none.has_value() && none.error() == failure{errc::bad_number, 3} && none.value_or(1) == 1);
    static_assert(std::is_trivially_copyable_v<result<int>>);
    static_assert(!std::is_convertible_v<result<int>, bool>, "only where a condition is asked for");
    struct pair {
        int a, b;
    };
    result<pair> both = pair{1, 2};
    both->b = 3;
    (*both).a = 4;
    CHECK(both->a == 4);
    CHECK(both->b == 3);
    both = fail(errc::bad_value, 0);
    CHECK_FALSE(both.has_value());
    CHECK(both.error() == fail(errc::bad_value, 0));
    CHECK(fail(errc::bad_value, 0) != fail(errc::bad_value, 1));
    CHECK(fail(errc::bad_value, 0) != fail(errc::output_full, 0));
}

TEST_CASE("progress is a value, a failure or not yet", "[result]") {
    constexpr progress<int> more{std::size_t{2}};
    static_assert(more.need_more() && !more.ready() && !more.failed() && more.consumed == 2);
    constexpr progress<int> ready{9, 4};
    static_assert(ready.ready() && !ready.need_more() && !ready.failed() && *ready == 9 && ready.consumed == 4);
    constexpr progress<int> failed{fail(errc::bare_cr, 5), 6};
    static_assert(failed.failed() && !failed.ready() && !failed.need_more() && failed.consumed == 6);
    static_assert(failed.error() == fail(errc::bare_cr, 5));
    CHECK(std::is_trivially_copyable_v<progress<int>>);
}

TEST_CASE("leniency is a set of rules", "[leniency]") {
    static_assert(strict.empty() && strict == leniency{});
    std::set<std::string_view> names;
    leniency all;
    for (unsigned i = 0; i < rule_count; ++i) {
        auto const r = static_cast<rule>(i);
        leniency const one = r;
        CHECK_FALSE(one.empty());
        for (unsigned j = 0; j < rule_count; ++j) CHECK(one.has(static_cast<rule>(j)) == (i == j));
        CHECK(names.insert(name(r)).second);
        CHECK((all | one) != all);
        all |= one;
        CHECK(leniency::all().has(r));
    }
    CHECK(all == leniency::all());
    static_assert((rule::loose_dots | rule::trailing_dot).has(rule::loose_dots));
    static_assert((rule::loose_dots | rule::trailing_dot).has(rule::trailing_dot));
    static_assert(!(rule::loose_dots | rule::trailing_dot).has(rule::missing_domain));
    static_assert((strict | rule::bare_lf_line) == leniency(rule::bare_lf_line));
}

namespace {
struct produced {
    errc code;
    std::size_t at;
    failure is;
};
constexpr failure of_command(std::string_view line, syntax const& rules = strict_syntax) {
    auto const split = split_command(line);
    if (!split) return split.error();
    return visit_command(*split, rules, [](auto const&) {}).value_or(fail(errc::too_many_outstanding, 0));
}
constexpr failure of_line(std::string_view octets, std::size_t limit) {
    return line_reader().next(octets, limit).error();
}
template <std::size_t N>
constexpr failure of_proxy(char const (&block)[N]) {
    char octets[16 + N] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";
    octets[15] = N - 1;
    for (std::size_t i = 0; i < N; ++i) octets[16 + i] = block[i];
    return parse_proxy_header({octets, 15 + N}).error();
}
constexpr syntax small{.max_local_part = 2, .max_domain = 3, .max_path = 8};
constexpr produced productions[] = {
    {errc::empty_line, 0, of_command("")},
    {errc::unknown_verb, 0, of_command("HELLO")},
    {errc::http_request, 0, of_command("GET / HTTP/1.1")},
    {errc::missing_argument, 4, of_command("EHLO")},
    {errc::unexpected_argument, 5, of_command("DATA x")},
    {errc::expected_from, 5, of_command("MAIL x")},
    {errc::expected_to, 5, of_command("RCPT x")},
    {errc::expected_path, 10, of_command("MAIL FROM:x")},
    {errc::unclosed_path, 14, of_command("MAIL FROM:<a@b")},
    {errc::null_path, 9, of_command("RCPT TO:<>")},
    {errc::bad_route, 13, of_command("MAIL FROM:<@a>")},
    {errc::bad_local_part, 11, of_command("MAIL FROM:<.>")},
    {errc::bad_quoted_string, 13, of_command("MAIL FROM:<\"a")},
    {errc::missing_domain, 12, of_command("MAIL FROM:<a>")},
    {errc::bad_domain, 13, of_command("MAIL FROM:<a@>")},
    {errc::bad_address_literal, 6, of_command("EHLO []")},
    {errc::bad_parameter, 13, of_command("MAIL FROM:<> =")},
    {errc::bad_parameter_value, 18, of_command("MAIL FROM:<> SIZE=x")},
    {errc::unknown_attribute, 8, of_command("XCLIENT FOO=a")},
    {errc::duplicate_parameter, 15, of_command("MAIL FROM:<> X X")},
    {errc::non_ascii, 5, of_command("EHLO \xC3\xBC")},
    {errc::bad_utf8, 9, of_command("RCPT TO:<\xC3@b>", syntax{.smtputf8 = true})},
    {errc::nul_octet, 1, of_line(std::string_view("a\0\r\n", 4), 512)},
    {errc::bare_cr, 1, of_line("a\rb\r\n", 512)},
    {errc::bare_lf, 1, of_line("a\nb\r\n", 512)},
    {errc::bad_number, 1, parse_decimal("1x").error()},
    {errc::bad_reply_code, 0, parse_reply("150 x").error()},
    {errc::bad_reply_separator, 3, parse_reply("250_x").error()},
    {errc::mixed_reply_codes, 7, parse_reply("250-x\r\n350 y").error()},
    {errc::bad_status, 0, parse_status("9.9.9").error()},
    {errc::bad_xtext, 31, of_command("MAIL FROM:<a@b.example> AUTH=a+0Ab@c.example")},
    {errc::bad_url, 5, of_command("BURL //example.org/x")},
    {errc::bad_proxy_header, 6, parse_proxy_header("PROXY tcp4\r\n").error()},
    {errc::bad_checksum, 31, of_proxy("192021220000\3\0\4sum!")},
    {errc::line_too_long, 8, of_line("abcdefgh\r\n", 8)},
    {errc::local_part_too_long, 11, of_command("RCPT TO:<abc@d>", small)},
    {errc::domain_too_long, 14, of_command("RCPT TO:<a@bcde>", small)},
    {errc::path_too_long, 16, of_command("RCPT TO:<@a:b@cde>", small)},
    {errc::number_too_large, 37, of_command("MAIL FROM:<> SIZE=99999999999999999999")},
    {errc::proxy_header_too_long, 14, parse_proxy_header({"\r\n\r\n\0\r\nQUIT\n\x20\0\xFF\xFF", 16}).error()},
    {errc::reply_too_long, 8, parse_reply("250 abcdefg\r\n", reply_limits{.line = 10}).error()},
};
constexpr std::size_t first_unlike() {
    std::size_t i = 0;
    for (produced const& p : productions) {
        if (p.is != fail(p.code, p.at)) return i;
        ++i;
    }
    return i;
}
static_assert(first_unlike() == std::size(productions));
}  // namespace

TEST_CASE("every fault of a peer is produced by something", "[error]") {
    // Those of a whole session (test_server.cpp) and of AUTH and typed parameters have their own tests.
    std::set<errc> seen = {errc::too_many_recipients, errc::too_many_errors, errc::message_too_large, errc::bad_base64,
                           errc::conflicting_parameters, errc::bad_date_time, errc::bad_mechanism, errc::bad_sasl_message,
                           errc::unexpected_initial_response, errc::parameter_too_long, errc::auth_line_too_long};
    for (produced const& p : productions) {
        CAPTURE(name(p.code));
        CHECK(p.is == fail(p.code, p.at));
        CHECK(seen.insert(p.code).second);
    }
    for (unsigned i = 0; i < errc_count; ++i) {
        auto const code = static_cast<errc>(i);
        if (blame_of(code) != blame::malformed && blame_of(code) != blame::limit) continue;
        CAPTURE(name(code));
        CHECK(seen.contains(code));
    }
}

}  // namespace test_error
