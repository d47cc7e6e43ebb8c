// ascii.hpp: sets of octets, and what is equal but for the case of letters
#include "support.hpp"

#include <ehlo/ascii.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/sasl.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace test_ascii {

using namespace ehlo;

TEST_CASE("charsets are sets", "[ascii]") {
    static_assert(charset("abc").contains('a') && !charset("abc").contains('d'));
    static_assert(charset('a', 'c') == charset("abc"));
    static_assert(charset("ab") + "c" == charset("cba"));
    static_assert(charset("abc") - "b" == charset("ac"));
    static_assert(charset(0, 255) - charset(0, 255) == charset());
    static_assert(charset(std::string_view("\0\xFF", 2)).contains('\0') && charset("\xFF").contains('\xFF'));
    unsigned count = 0;
    for (unsigned c = 0; c < 256; ++c) count += charset(0, 255).contains(static_cast<char>(c));
    CHECK(count == 256);
}

namespace {
template <charset Set>
constexpr bool member(char c) {
    return Set.contains(c);
}
}  // namespace

// GCC 12 elides zeros when it compares template arguments: sets that differ in the place of their words only were one.
TEST_CASE("sets are told apart as template arguments", "[ascii]") {
    CHECK(member<charset("\r")>('\r'));
    CHECK(member<charset("M")>('M'));
    CHECK_FALSE(member<charset("M")>('\r'));
    CHECK(member<charset(0, 127)>('a'));
    CHECK(member<charset(128, 255)>('\xFF'));
    CHECK_FALSE(member<charset(128, 255)>('a'));
    CHECK(member<charset(64, 127)>('a'));
    CHECK(member<charset(0, 63)>(' '));
    CHECK(member<charset(128, 191)>('\x80'));
    CHECK(member<charset(192, 255)>('\xC0'));
    CHECK(member<charset(0, 63) + charset(192, 255)>('\xC0'));
    CHECK(member<charset(64, 127) + charset(192, 255)>('a'));
}

TEST_CASE("the sets of the RFCs, octet by octet", "[ascii]") {
    std::string_view const signs = "!#$%&'*+-/=?^_`{|}~";
    for (unsigned c = 0; c < 256; ++c) {
        char const o = static_cast<char>(c);
        CAPTURE(c);
        bool const alpha = (c >= 0x41 && c <= 0x5A) || (c >= 0x61 && c <= 0x7A), digit = c >= 0x30 && c <= 0x39;
        bool const hex = digit || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
        CHECK(chars::alpha.contains(o) == alpha);
        CHECK(chars::digit.contains(o) == digit);
        CHECK(is_digit(o) == digit);
        CHECK(chars::hexdig.contains(o) == hex);
        CHECK(chars::let_dig.contains(o) == (alpha || digit));
        CHECK(chars::ldh.contains(o) == (alpha || digit || c == 0x2D));
        CHECK(chars::atext.contains(o) == (alpha || digit || (c != 0 && signs.find(o) != std::string_view::npos)));
        CHECK(chars::qtext.contains(o) == (c == 32 || c == 33 || (c >= 35 && c <= 91) || (c >= 93 && c <= 126)));
        CHECK(chars::quoted_pair.contains(o) == (c >= 32 && c <= 126));
        CHECK(chars::dcontent.contains(o) == ((c >= 33 && c <= 90) || (c >= 94 && c <= 126)));
        CHECK(chars::esmtp_keyword.contains(o) == (alpha || digit || c == 0x2D));
        CHECK(chars::esmtp_value.contains(o) == ((c >= 33 && c <= 60) || (c >= 62 && c <= 126)));
        CHECK(chars::xchar.contains(o) == ((c >= 0x21 && c <= 0x2A) || (c >= 0x2C && c <= 0x3C) || (c >= 0x3E && c <= 0x7E)));
        CHECK(chars::wsp.contains(o) == (c == 32 || c == 9));
        CHECK(chars::textstring.contains(o) == (c == 9 || (c >= 32 && c <= 126)));
        CHECK(chars::non_ascii.contains(o) == (c >= 128));
        CHECK(chars::unsafe.contains(o) == (c == 0 || c == 10 || c == 13));
        CHECK(is_ascii(o) == (c < 128));
        CHECK(to_upper(o) == (c >= 0x61 && c <= 0x7A ? static_cast<char>(c - 32) : o));
    }
}

TEST_CASE("equal but for the case of ASCII letters", "[ascii]") {
    static_assert(iequals("", "") && iequals("Size", "sIZE") && !iequals("a", "") && !iequals("a", "b"));
    static_assert(istarts_with("IPv6:::1", "ipV6:") && !istarts_with("IPv6", "IPv6:") && istarts_with("x", ""));
    // Octets that differ in the case bit only, but are no letters.
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned b = 0; b < 256; ++b) {
            bool const letters = a != b && (a ^ b) == 0x20 && ((a | 0x20) >= 'a' && (a | 0x20) <= 'z');
            char const x = static_cast<char>(a), y = static_cast<char>(b);
            if (iequals({&x, 1}, {&y, 1}) != (a == b || letters)) FAIL_CHECK(a << " and " << b);
        }
    SUCCEED();
}

namespace {
// How many of the octets at all places of a keyword make it one that `spells` and `iequals` disagree about.
std::size_t spelling_faults(std::string_view keyword) {
    std::size_t faults = 0;
    std::string text(keyword);
    for (bool const lower : {false, true}) {
        if (lower)
            for (char& c : text)
                if (chars::alpha.contains(c)) c = static_cast<char>(c | 0x20);
        faults += !detail::spells(keyword, text);
        for (std::size_t at = 0; at < text.size(); ++at) {
            char const before = text[at];
            for (unsigned octet = 0; octet < 256; ++octet) {
                text[at] = static_cast<char>(octet);
                std::string_view const here = support::shared_fence().put(text);
                faults += detail::spells(keyword, here) != iequals(keyword, here);
            }
            text[at] = before;
        }
        faults += detail::spells(keyword, text + "X") || detail::spells(keyword, std::string_view(text).substr(1));
    }
    return faults;
}
}  // namespace

TEST_CASE("a keyword is spelt by its own letters only", "[ascii]") {
    std::size_t keywords = 0;
    auto check = [&keywords](std::string_view keyword) {
        CAPTURE(keyword);
        CHECK(spelling_faults(keyword) == 0);
        ++keywords;
    };
    for (auto const& row : extension_table) check(row.keyword);
    for (auto const& row : registered_parameters) check(row.keyword);
    for (std::string_view const name : verb_names)
        if (!name.empty()) check(name);
    for (std::string_view const name : mechanism_names)
        if (!name.empty()) check(name);
    CHECK(keywords > extension_count + parameter_count + verb_count);
    CHECK(detail::spells("", ""));
}

TEST_CASE("charset: every range of octets") {
    std::size_t wrong = 0;
    std::string all;
    for (unsigned c = 0; c < 256; ++c) all += static_cast<char>(c);
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned last = first; last < 256; ++last) {
            charset const range(first, last);
            wrong += range != charset(std::string_view(all).substr(first, last - first + 1));
            unsigned used = 0;  // a bit for each word of the set
            for (unsigned word = first / 64; word <= last / 64; ++word) used |= 1u << word;
            wrong += range.used != used;
            for (unsigned c : {first - 1, first, last, last + 1}) {  // beyond 255 it is another octet, and as good a case
                c &= 255;
                wrong += range.contains(static_cast<char>(c)) != (first <= c && c <= last);
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(charset(5, 4) == charset());
}

TEST_CASE("charset: what is in it is in its table, in no complement and in no difference") {
    for (charset const& set : {ehlo::chars::atext, ehlo::chars::non_ascii, ehlo::chars::unsafe, charset(63, 64), charset()}) {
        ehlo::octet_table const table(set);
        charset const rest = ~set, both = set + rest, none = set - set;
        for (unsigned i = 0; i < 256; ++i) {
            auto const c = static_cast<char>(i);
            CHECK(table.contains(c) == set.contains(c));
            CHECK(rest.contains(c) != set.contains(c));
            CHECK((both.contains(c) && !none.contains(c)));
        }
        CHECK((both == charset(0, 255) && none == charset()));
    }
}

}  // namespace test_ascii
