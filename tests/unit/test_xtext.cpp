// xtext.hpp
#include "generate.hpp"
#include "support.hpp"

#include <ehlo/xtext.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace test_xtext {

using namespace ehlo;
using support::bad_case;
using support::escaped;
using support::everywhere;
using support::say;
using support::written;
using namespace std::string_view_literals;

namespace {

// RFC 3461 4 as it is printed, octet by octet; what is meant, or nothing. With `any` RFC 4954 8, of digits in either case.
std::optional<std::string> decode(std::string_view text, bool wide, bool any) {
    std::string out;
    std::string_view const digits(any ? "0123456789ABCDEFabcdef" : "0123456789ABCDEF");
    for (std::size_t i = 0; i < text.size();) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c == '+') {
            if (text.size() - i < 3) return std::nullopt;
            std::size_t const high = digits.find(text[i + 1]), low = digits.find(text[i + 2]);
            if (high == digits.npos || low == digits.npos) return std::nullopt;
            std::size_t const octet = (high > 15 ? high - 6 : high) * 16 + (low > 15 ? low - 6 : low);
            if (octet < 32 || octet == 127 || (octet > 127 && !wide)) return std::nullopt;
            out += static_cast<char>(octet);
            i += 3;
        } else {
            if (c < 33 || c > 126 || c == '=') return std::nullopt;
            out += text[i++];
        }
    }
    return out;
}

constexpr auto parse = [](std::string_view t) { return parse_xtext(t); };
constexpr auto parse_wide = [](std::string_view t) { return parse_xtext(t, true); };

constexpr bad_case bad[] = {
    {" ", errc::bad_xtext, 0},
    {"=", errc::bad_xtext, 0},
    {"ab=", errc::bad_xtext, 2},
    {"a\tb", errc::bad_xtext, 1},
    {"a\r\n", errc::bad_xtext, 1},
    {"a\0"sv, errc::bad_xtext, 1},
    {"a\x7F", errc::bad_xtext, 1},
    {"a\xC3\xBC", errc::bad_xtext, 1},
    {"+", errc::bad_xtext, 1},
    {"a+", errc::bad_xtext, 2},
    {"+2", errc::bad_xtext, 2},
    {"+2+", errc::bad_xtext, 2},
    {"+G0", errc::bad_xtext, 1},
    {"+2G", errc::bad_xtext, 2},
    {"++2B", errc::bad_xtext, 1},
    {"+ 2", errc::bad_xtext, 1},
    {"+2@", errc::bad_xtext, 2},
    {"+2`", errc::bad_xtext, 2},
    {"+2/", errc::bad_xtext, 2},
    {"+2:", errc::bad_xtext, 2},
    {"a+0Ab", errc::bad_xtext, 2},     // PAR-auth-newline
    {"a+0D+0Ab", errc::bad_xtext, 2},  // PAR-orcpt-newline
    {"+00", errc::bad_xtext, 1},
    {"+09", errc::bad_xtext, 1},
    {"+1F", errc::bad_xtext, 1},
    {"+7F", errc::bad_xtext, 2},
    {"+7f", errc::bad_xtext, 2},
    // RFC 3461 4: upper-case digits.
    {"+3d", errc::bad_xtext, 2},
    {"a+2B+2b", errc::bad_xtext, 6},
};
constexpr bad_case bad_narrow[] = {
    {"+80", errc::bad_xtext, 1},
    {"+C3+BC", errc::bad_xtext, 1},
    {"a+ff", errc::bad_xtext, 2},
};
static_assert(support::first_wrong(bad, parse) == std::size(bad));
static_assert(support::first_wrong(bad, parse_wide) == std::size(bad));
static_assert(support::first_wrong(bad_narrow, parse) == std::size(bad_narrow));

std::string decoded(std::string_view text, bool wide = false) {
    return written([&](writer& w) { return write_decoded(w, xtext::encoded(text), wide); });
}
std::string encoded(std::string_view plain, bool wide = false) {
    return written([&](writer& w) { return write_xtext(w, xtext(plain), wide); });
}

}  // namespace

TEST_CASE("xtext is parsed and decoded", "[xtext]") {
    for (bad_case const& c : bad) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) {
            auto const r = parse_xtext(t, true, hexchar_case::upper);
            return r ? "good" : say(r.error());
        }) == say(fail(c.code, c.at)));
        bool const lower = c.text == "+3d" || c.text == "a+2B+2b";
        CHECK(parse_xtext(c.text, true, hexchar_case::any).has_value() == lower);
        if (!lower) CHECK(decoded(c.text, true) == say(fail(c.code, c.at)));
    }
    for (bad_case const& c : bad_narrow) CHECK(parse_xtext(c.text).error() == fail(c.code, c.at));
    CHECK(decoded("") == "");
    CHECK(decoded("abc") == "abc");
    CHECK(decoded("a+3Db+2B+20c") == "a=b+ c");
    CHECK(decoded("+3d+2b") == "=+");  // what stands in an xtext was read, under whatever rule
    static_assert(*parse_xtext("+3d+2b", false, hexchar_case::any) == "=+");
    CHECK(decoded("+41") == "A");
    CHECK(decoded("+7E+21") == "~!");
    CHECK(decoded("+C3+BC", true) == "\xC3\xBC");
    CHECK(decoded("+C3+BC") == "bad_xtext@1");
    static_assert(parse_xtext("a+20b")->size() == 3 && *parse_xtext("a+20b") == "a b");
    static_assert(parse_xtext("+80", true).has_value());
}

TEST_CASE("xtext is encoded, with upper-case digits", "[xtext]") {
    CHECK(encoded("") == "");
    CHECK(encoded("a=b+ c") == "a+3Db+2B+20c");
    CHECK(encoded("\xC3\xBC", true) == "+C3+BC");
    CHECK(encoded("\xC3\xBC") == "bad_value@0");
    CHECK(encoded("a\rb") == "unsafe_octet@1");
    CHECK(encoded("a\nb", true) == "unsafe_octet@1");
    CHECK(encoded("ab\0"sv) == "unsafe_octet@2");
    CHECK(encoded("a\tb") == "bad_value@1");
    CHECK(encoded("\x7F", true) == "bad_value@0");
    // What is encoded goes out as it stands, but for the case of digits; it must be right.
    CHECK(written([](writer& w) { return write_xtext(w, xtext::encoded("a+3db")); }) == "a+3Db");
    CHECK(written([](writer& w) { return write_xtext(w, xtext::encoded("+2b+7e-+41")); }) == "+2B+7E-+41");
    CHECK(written([](writer& w) { return write_decoded(w, xtext::encoded("+2b+7e")); }) == "+~");
    CHECK(written([](writer& w) { return write_xtext(w, xtext::encoded("a+0Ab")); }) == "bad_xtext@2");
    CHECK(written([](writer& w) { return write_xtext(w, xtext::encoded("a b")); }) == "bad_xtext@1");
    CHECK(written([](writer& w) { return write_decoded(w, xtext("a\nb")); }) == "unsafe_octet@1");
    CHECK(written([](writer& w) { return write_decoded(w, xtext("a b+")); }) == "a b+");
    CHECK(written([](writer& w) { return write_decoded(w, xtext("a\x1B")); }) == "bad_value@1");
}

TEST_CASE("xtext compares by what it means", "[xtext]") {
    static_assert(xtext("a b") == xtext::encoded("a+20b") && xtext::encoded("+41") == xtext::encoded("A"));
    static_assert(!(xtext("a+20b") == xtext::encoded("a+20b")) && xtext("a") != xtext("ab") && xtext("ab") != xtext("a"));
    static_assert(xtext() == "" && xtext() == xtext::encoded(""));
    CHECK(xtext::encoded("+3C+3E") == "<>");
    // Even of text that is no xtext the octets can be asked for.
    CHECK(xtext::encoded("+") == "+");
    CHECK(xtext::encoded("+2") == "+2");
    CHECK(xtext::encoded("+zz") == "+zz");
}

TEST_CASE("every octet, encoded and back", "[xtext]") {
    for (unsigned octet = 0; octet < 256; ++octet) {
        std::string const plain = "x" + std::string(1, static_cast<char>(octet)) + "y";
        std::string const text = encoded(plain, true);
        CAPTURE(octet, text);
        bool const control = octet < 32 || octet == 127;
        CHECK((text.find('@') != text.npos && text.size() > 5) == control);
        if (!control) CHECK(decoded(text, true) == plain);
        std::string const upper = {'+', "0123456789ABCDEF"[octet >> 4], "0123456789ABCDEF"[octet & 15]};
        std::string const lower = {'+', "0123456789abcdef"[octet >> 4], "0123456789abcdef"[octet & 15]};
        for (std::string const& hex : {upper, lower}) {
            bool const right = hex == upper;
            CHECK(parse_xtext(hex, true).has_value() == (!control && right));
            CHECK(parse_xtext(hex).has_value() == (!control && octet < 128 && right));
            CHECK(parse_xtext(hex, true, hexchar_case::any).has_value() == !control);
            CHECK(parse_xtext(hex, false, hexchar_case::any).has_value() == (!control && octet < 128));
        }
        CHECK(parse_xtext(plain, true).has_value() == (octet > 32 && octet < 127 && octet != '+' && octet != '='));
    }
}

TEST_CASE("xtext against the grammar as printed", "[xtext]") {
    generate::rng r(3461);
    constexpr std::string_view octets = "+++++0123456789ABCDEFabcdefgGxy@<>=~! \t\x7F\x80\r";
    std::size_t good = 0;
    for (int i = 0; i < 200000; ++i) {
        std::string text;
        for (std::size_t n = r.below(r.one_in(20) ? 60u : 9u); n > 0; --n) {
            if (r.one_in(2)) text += {'+', octets[5 + r.below(22)], octets[5 + r.below(22)]};
            else text += octets[r.below(r.one_in(6) ? octets.size() : 31)];
        }
        bool const wide = r.one_in(2), any = r.one_in(2);
        auto const expected = decode(text, wide, any);
        auto const parsed = parse_xtext(text, wide, any ? hexchar_case::any : hexchar_case::upper);
        bool right = parsed.has_value() == expected.has_value();
        char room[64];
        writer out(room);
        if (parsed && right) {
            ++good;
            right = *parsed == *expected && parsed->size() == expected->size() && write_decoded(out, *parsed, wide) && out.text() == *expected;
            // And back: what is meant, encoded anew, means the same.
            char more[256];
            writer again(more);
            right = right && write_xtext(again, xtext(*expected), wide) && decode(again.text(), wide, false) == expected;
        } else if (right) {
            // What stands before the place of the error can still become xtext, with one more octet it cannot.
            std::string_view const before = std::string_view(text).substr(0, parsed.error().at);
            right = decode(before, wide, any) || decode(std::string(before) + "1", wide, any) || decode(std::string(before) + "41", wide, any);
        }
        if (!right) FAIL_CHECK(escaped(text));
    }
    CHECK(good > 20000);
}

TEST_CASE("RFC 3461 4, RFC 4954 8: the case of hexadecimal digits", "[xtext]") {
    // AUTH= takes both cases by its own RFC.
    CHECK(parse_mail("FROM:<a@b> AUTH=a+2bc@d")->tolerated.empty());
    CHECK(parse_mail("FROM:<a@b> AUTH=a+2Bc@d")->tolerated.empty());
    CHECK(*parse_mail("FROM:<a@b> AUTH=a+2bc@d")->parameters.auth() == "a+c@d");
    syntax const rules{.tolerate = rule::lower_case_hexchar};
    CHECK(*parse_mail("FROM:<a@b> ENVID=a+2b", rules)->parameters.envid() == "a+");
    CHECK(parse_rcpt("TO:<a@b> ORCPT=rfc822;a+2b", rules)->parameters.orcpt()->address == "a+2b");
    // What hides a control is refused all the same, and what is right is not reported.
    CHECK_FALSE(parse_mail("FROM:<a@b> ENVID=a+0a", rules));
    CHECK_FALSE(parse_mail("FROM:<a@b> ENVID=a+7f", rules));
    CHECK_FALSE(parse_mail("FROM:<a@b> ENVID=a+2g", rules));
    CHECK(parse_mail("FROM:<a@b> ENVID=a+2B", rules)->tolerated.empty());
    // RFC 6533 3: HEXPOINT is of HEXDIG, of either case; its "x" is %x78.
    CHECK(parse_orcpt("utf-8;\\x{e9}").has_value());
    CHECK(parse_orcpt("utf-8;\\X{E9}").error() == fail(errc::bad_xtext, 7));
    // Every octet as a hexchar in both cases.
    for (unsigned octet = 0x21; octet < 0x7F; ++octet) {
        constexpr std::string_view upper = "0123456789ABCDEF", lower = "0123456789abcdef";
        std::string const big{'+', upper[octet >> 4], upper[octet & 15]}, small{'+', lower[octet >> 4], lower[octet & 15]};
        CAPTURE(big);
        CHECK(parse_envid(big).has_value());
        CHECK(parse_envid(small).has_value() == (big == small));
        CHECK(parse_envid(small, rules).has_value());
        CHECK(support::written([&](writer& w) { return write_envid(w, xtext::encoded(small)); }) == big);
    }
}

}  // namespace test_xtext
