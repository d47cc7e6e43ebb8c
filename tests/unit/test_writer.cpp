// detail/number.hpp, utf8.hpp, status.hpp, writer.hpp
#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/detail/number.hpp>
#include <ehlo/status.hpp>
#include <ehlo/utf8.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_writer {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using namespace std::string_view_literals;

namespace {

constexpr auto parse_number = [](std::string_view t) { return parse_decimal(t); };
constexpr auto parse_octet = [](std::string_view t) { return parse_decimal(t, 255); };

constexpr good_case numbers[] = {
    {"0", "0"},
    {"7", "7"},
    {"007", "7"},
    {"4294967295", "4294967295"},
    {"4294967296", "4294967296"},
    {"9999999999999999999", "9999999999999999999"},
    {"18446744073709551615", "18446744073709551615"},
    {"0000000000000000000000018446744073709551615", "18446744073709551615"},
};
constexpr bad_case no_numbers[] = {
    {"", errc::bad_number, 0},
    {" 1", errc::bad_number, 0},
    {"1 ", errc::bad_number, 1},
    {"+1", errc::bad_number, 0},
    {"-1", errc::bad_number, 0},
    {"1e3", errc::bad_number, 1},
    {"0x10", errc::bad_number, 1},
    {"12\xB2", errc::bad_number, 2},
    {"12/", errc::bad_number, 2},
    {"12:", errc::bad_number, 2},
    {"\0"sv, errc::bad_number, 0},
    {"18446744073709551616", errc::number_too_large, 19},
    {"18446744073709551620", errc::number_too_large, 19},
    {"99999999999999999999", errc::number_too_large, 19},
    {"184467440737095516150", errc::number_too_large, 20},
    {"340282366920938463463374607431768211456", errc::number_too_large, 19},
    // Too large, but not even a number: that comes first.
    {"99999999999999999999x", errc::bad_number, 20},
};
constexpr bad_case no_octets[] = {{"256", errc::number_too_large, 2}, {"300", errc::number_too_large, 2},
                                  {"1000", errc::number_too_large, 3}, {"18446744073709551616", errc::number_too_large, 3}};
static_assert(support::first_refused(numbers, parse_number) == std::size(numbers));
static_assert(support::first_wrong(no_numbers, parse_number) == std::size(no_numbers));
static_assert(support::first_wrong(no_octets, parse_octet) == std::size(no_octets));
// A bound below 10: the digit itself is beyond it.
static_assert(parse_decimal("5", 3).error() == fail(errc::number_too_large, 0) && *parse_decimal("3", 3) == 3);
static_assert(*parse_decimal("255", 255) == 255 && *parse_decimal("0", 0) == 0 && !parse_decimal("1", 0));

constexpr auto parse_code = [](std::string_view t) { return parse_status(t); };
constexpr good_case statuses[] = {{"2.0.0", "2.0.0"}, {"4.7.28", "4.7.28"}, {"5.999.999", "5.999.999"}, {"5.1.10", "5.1.10"}};
constexpr bad_case no_statuses[] = {
    {"", errc::bad_status, 0},       {"2", errc::bad_status, 0},       {"2.", errc::bad_status, 0},
    {"2.0", errc::bad_status, 0},    {"2.0.", errc::bad_status, 0},    {"2..0", errc::bad_status, 0},
    {".0.0", errc::bad_status, 0},   {"3.0.0", errc::bad_status, 0},   {"1.0.0", errc::bad_status, 0},
    {"2.0.0.1", errc::bad_status, 0}, {"2.00.0", errc::bad_status, 0}, {"2.0.01", errc::bad_status, 0},
    {"2.1000.0", errc::bad_status, 0}, {"2.0.1000", errc::bad_status, 0}, {"2.0.0 ", errc::bad_status, 0},
    {"2.0.0 x", errc::bad_status, 0}, {"2.0.0x", errc::bad_status, 0}, {"2.-1.0", errc::bad_status, 0},
    {"2.0.0\r\n", errc::bad_status, 0}, {"22.0.0", errc::bad_status, 0}, {"2 0 0", errc::bad_status, 0},
};
static_assert(support::first_refused(statuses, parse_code) == std::size(statuses));
static_assert(support::first_wrong(no_statuses, parse_code) == std::size(no_statuses));

}  // namespace

namespace {

// Digit by digit, with the error and its place.
std::string plain_decimal(std::string_view text, std::uint64_t max) {
    if (text.empty()) return "bad_number@0";
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] < '0' || text[i] > '9') return "bad_number@" + std::to_string(i);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const d = static_cast<std::uint64_t>(text[i] - '0');
        if (value > (max - d) / 10 || d > max) return "number_too_large@" + std::to_string(i);
        value = value * 10 + d;
    }
    return std::to_string(value);
}
std::size_t decimal_faults(std::string_view text, std::uint64_t max) {
    std::string_view const here = support::shared_fence().put(text);
    std::size_t faults = say(parse_decimal(here, max)) != plain_decimal(here, max);
    // The digits it begins with, 19 at most.
    std::uint64_t value = 1, expected = 0;
    unsigned const n = detail::take_digits(here.data(), here.size(), value);
    unsigned digits = 0;
    for (; digits < here.size() && digits < 19 && here[digits] >= '0' && here[digits] <= '9'; ++digits)
        expected = expected * 10 + static_cast<std::uint64_t>(here[digits] - '0');
    return faults + (n != digits || value != expected);
}

}  // namespace

TEST_CASE("numbers of every length, with every octet at every place", "[number]") {
    generate::rng r(10);
    std::size_t faults = 0;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    for (std::size_t size = 0; size <= 25; ++size)
        for (int style = 0; style < 12; ++style) {
            std::string text;
            while (text.size() < size) text += style == 0 ? '9' : style == 1 ? '0' : style == 2 ? '1' : r.pick(generate::digits);
            faults += decimal_faults(text, all) + decimal_faults(text, r.next() >> r.below(64));
            for (std::size_t at = 0; at < size; ++at)
                for (std::size_t octet = at % generate::every(5); octet < 256; octet += generate::every(5)) {
                    std::string other = text;
                    other[at] = static_cast<char>(octet);
                    faults += decimal_faults(other, all);
                }
        }
    CHECK(faults == 0);
    // Limits to the digit, and numbers around them, with zeros before and digits after them.
    for (int i = 0; i < generate::drawn(100000); ++i) {
        std::uint64_t const max = i < 64 ? all >> i : r.next() >> r.below(64);
        for (std::uint64_t const n : {max - 1, max, max + 1, max * 10, max / 10}) {
            std::string const text = std::string(r.one_in(4) ? r.below(12) : 0, '0') + std::to_string(n);
            faults += decimal_faults(text, max) + decimal_faults(text + r.pick(generate::digits), max);
        }
    }
    CHECK(faults == 0);
}

TEST_CASE("decimal numbers never wrap", "[number]") {
    support::check_all(numbers, parse_number);
    support::check_all(no_numbers, parse_number);
    support::check_all(no_octets, parse_octet);
}

TEST_CASE("digits of a number", "[number]") {
    static_assert(detail::digits(0).text() == "0" && detail::digits(1000).text() == "1000");
    static_assert(detail::digits(~std::uint64_t{0}).text() == "18446744073709551615");
    static_assert(detail::digits(99999999).text() == "99999999" && detail::digits(100000000).text() == "100000000");
    generate::rng r(1);
    for (int i = 0; i < 1000; ++i) {
        std::uint64_t const n = r.next() >> r.below(64);
        std::string const text(detail::digits(n).text());
        if (text != std::to_string(n) || parse_decimal(text).value_or(~n) != n) FAIL_CHECK(n << " became " << text);
    }
    SUCCEED();
}

TEST_CASE("the first octet that is no UTF-8 is found wherever it stands", "[utf8]") {
    constexpr std::string_view parts[] = {"a", " ", "plain text of some length", "\xD0\xB4", "\xDF\xBF", "\xE2\x82\xAC", "\xF0\x9F\x91\x8B",
                                          "\xD0", "\xC1\xBF", "\x80", "\xED\xA0\x80", "\xF5"};
    generate::rng r(6531);
    int bad = 0;
    for (int i = 0; i < generate::drawn(40000); ++i) {
        std::string text;
        // Of three texts one has a part that may be wrong.
        for (std::uint64_t n = r.below(24); n > 0; --n) text += parts[r.below(7)];
        if (r.below(3) == 0) text.insert(r.below(text.size() + 1), parts[r.below(std::size(parts))]);
        std::size_t at = 0;
        while (at < text.size()) {
            std::size_t const n = static_cast<unsigned char>(text[at]) < 128 ? 1 : utf8_length(std::string_view(text).substr(at));
            if (n == 0) break;
            at += n;
        }
        bad += at != text.size();
        if (find_bad_utf8(text) != at) FAIL_CHECK(support::say(text));
    }
    CHECK(bad > 0);
}

TEST_CASE("UTF-8: an octet over 127 is no character by itself, wherever it stands") {
    for (unsigned octet = 0; octet < 256; ++octet)
        for (std::string const before : {"", "a", "\xC3\xB6", "abcdefghijklmnopqrstuvwxyz0123456789"}) {
            std::string const text = before + static_cast<char>(octet) + "z";
            CAPTURE(octet, before);
            CHECK(ehlo::find_bad_utf8(text) == (octet < 128 ? text.size() : before.size()));
        }
}

TEST_CASE("UTF-8 is that of RFC 3629", "[utf8]") {
    static_assert(utf8_length("\xC3\xBC") == 2 && utf8_length("\xE2\x82\xAC") == 3 && utf8_length("\xF0\x9F\x91\x8B") == 4);
    static_assert(utf8_length("a") == 0 && utf8_length("") == 0 && utf8_length("\x80") == 0);
    static_assert(find_bad_utf8("plain \xC3\xBC \xF4\x8F\xBF\xBF") == 13 && find_bad_utf8("ab\xC3") == 2);
    static_assert(find_bad_utf8("") == 0);
    // All pairs of octets, and all triples and quadruples around the bounds.
    auto expected = [](std::string_view t) {
        for (std::size_t n = 2; n <= 4 && n <= t.size(); ++n)
            if (oracle::matches(oracle::UTF8_non_ascii, t.substr(0, n))) return n;
        return std::size_t{0};
    };
    std::size_t faults = 0;
    constexpr std::string_view bounds{"\x00\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC2\xED\xF4\xFF", 13};
    for (unsigned a = 128; a < 256; ++a)
        for (unsigned b = 0; b < 256; ++b) {
            std::string const two{static_cast<char>(a), static_cast<char>(b)};
            faults += utf8_length(two) != expected(two);
            if (bounds.find(two[1]) == std::string_view::npos) continue;
            for (char const c : bounds) {
                std::string const three = two + c;
                faults += utf8_length(support::shared_fence().put(three)) != expected(three);
                for (std::size_t k = a % generate::every(4); k < bounds.size(); k += generate::every(4)) faults += utf8_length(three + bounds[k]) != expected(three + bounds[k]);
            }
        }
    CHECK(faults == 0);
}

TEST_CASE("status codes", "[status]") {
    support::check_all(statuses, parse_code);
    support::check_all(no_statuses, parse_code);
    CHECK_FALSE(status{});
    CHECK_FALSE(status{}.valid());
    CHECK(status{5, 1, 1}.valid());
    CHECK_FALSE(status{3, 0, 0}.valid());
    CHECK_FALSE(status{5, 1000, 0}.valid());
    for (status const s : {status{2, 0, 0}, status{5, 999, 999}, status{4, 3, 21}}) {
        std::string const text = support::written([s](writer& w) { return write_status(w, s); });
        CHECK(parse_status(text).value_or(status{}) == s);
    }
    for (status const s : {status{}, status{3, 0, 0}, status{5, 1000, 0}, status{5, 0, 1000}, status{6, 0, 0}})
        CHECK(support::written([s](writer& w) { return write_status(w, s); }) == "bad_value@0");
}

TEST_CASE("status codes against the oracle", "[status]") {
    generate::rng r(3463);
    int good = 0, bad = 0;
    for (int i = 0; i < generate::drawn(20000); ++i) {
        std::string text = generate::status_code(r);
        if (r.one_in(2)) generate::mutate(r, text);
        bool const expected = oracle::matches(oracle::status_code, text);
        ++(expected ? good : bad);
        if (parse_status(text).has_value() != expected) FAIL_CHECK(support::escaped(text));
    }
    CHECK(good > generate::drawn(5000));
    CHECK(bad > generate::drawn(1000));
}

TEST_CASE("a writer writes what fits", "[writer]") {
    char buffer[8] = {'#', '#', '#', '#', '#', '#', '#', '#'};
    writer w(buffer, 7);
    CHECK(w.room() == 7);
    CHECK(w.raw("ab").raw('c').number(42).ok());
    CHECK(w.text() == "abc42");
    CHECK(w.size() == 5);
    CHECK(w.crlf().text() == "abc42\r\n");
    CHECK(w.room() == 0);
    CHECK(w.raw("").ok());
    CHECK_FALSE(w.raw("x").ok());
    CHECK(w.error() == fail(errc::output_full, 7));
    CHECK(w.text() == "abc42\r\n");
    CHECK(buffer[7] == '#');
    // The first error sticks.
    w.text("\r").refuse(fail(errc::bad_value, 3)).raw("");
    CHECK(w.error() == fail(errc::output_full, 7));
    CHECK(w.overwrite(0, 'x').rewind(0).text() == "abc42\r\n");
}

TEST_CASE("a writer refuses what could end a line", "[writer]") {
    for (std::string_view const bad : {"a\rb"sv, "a\nb"sv, "a\0b"sv}) {
        char buffer[64];
        writer w(buffer);
        w.raw("before");
        CHECK_FALSE(w.text(bad).ok());
        CHECK(w.error() == fail(errc::unsafe_octet, 1));
        CHECK(w.text() == "before");
    }
    // Far from the beginning, where the vector code finds it.
    std::string const tail = std::string(100, 'x') + "\n";
    char buffer[256];
    writer w(buffer);
    CHECK(w.text(tail).error() == fail(errc::unsafe_octet, 100));
    CHECK(w.size() == 0);
}

TEST_CASE("a write is atomic", "[writer]") {
    char buffer[8];
    writer w(buffer);
    w.raw("ab");
    auto const full = w.atomically([](writer& x) { x.raw("cdef").raw("ghijk"); });
    CHECK((!full && full.error() == fail(errc::output_full, 6)));
    CHECK(w.ok());
    CHECK(w.text() == "ab");
    auto const done = w.atomically([](writer& x) { x.raw("cdef"); });
    CHECK((done && *done == 4));
    CHECK(w.text() == "abcdef");
    CHECK(w.overwrite(2, 'C').overwrite(6, 'X').text() == "abCdef");
    CHECK(w.rewind(3).text() == "abC");
    CHECK(w.rewind(5).text() == "abC");
    // A writer that has failed stays so.
    w.refuse(fail(errc::bad_value, 1));
    auto const never = w.atomically([](writer& x) { x.raw("z"); });
    CHECK((!never && never.error() == fail(errc::bad_value, 1)));
    CHECK(w.text() == "abC");
    CHECK_FALSE(w.ok());
}

namespace {
constexpr std::size_t write_at_compile_time() {
    char buffer[32] = {};
    writer w(buffer);
    w.text("MAIL").raw(' ').number(1234567).crlf();
    bool const good = w.ok() && w.text() == "MAIL 1234567\r\n";
    w.text("a\nb");
    return good && w.error() == fail(errc::unsafe_octet, 1) ? w.size() : 0;
}
static_assert(write_at_compile_time() == 14);
}  // namespace

}  // namespace test_writer
