// Sets of octets by their RFC names, and ASCII case.
#pragma once

#include <ehlo/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A set of octets, made at compile time with + and -. Structural, so kernels can be specialised for it.
struct charset {
    std::uint64_t bits[4] = {};
    /// Bit i: bits[i] is not 0. GCC 12 leaves zeros out when it names a template argument that holds an array: without this
    /// "\r" and "M", which differ in the place of their word only, were one and the same kernel.
    std::uint8_t used = 0;

    constexpr charset() noexcept = default;
    /// The octets of a text.
    constexpr charset(std::string_view octets) noexcept {
        for (char c : octets) add(static_cast<unsigned char>(c));
        note_used();
    }
    constexpr charset(char const* octets) noexcept : charset(std::string_view(octets)) {}
    /// The octets from `first` to `last`, both included.
    constexpr charset(unsigned first, unsigned last) noexcept {
        for (unsigned word = 0; word < 4; ++word) {
            if (last < word * 64 || first > word * 64 + 63) continue;
            unsigned const low = first > word * 64 ? first - word * 64 : 0;
            unsigned const high = last < word * 64 + 63 ? last - word * 64 : 63;
            bits[word] = (~std::uint64_t{0} << low) & (~std::uint64_t{0} >> (63 - high));
        }
        note_used();
    }

    constexpr bool contains(char c) const noexcept {
        auto const u = static_cast<unsigned char>(c);
        return (bits[u >> 6] >> (u & 63) & 1) != 0;
    }
    friend constexpr charset operator+(charset a, charset const& b) noexcept {
        for (int i = 0; i < 4; ++i) a.bits[i] |= b.bits[i];
        return a.note_used();
    }
    friend constexpr charset operator-(charset a, charset const& b) noexcept {
        for (int i = 0; i < 4; ++i) a.bits[i] &= ~b.bits[i];
        return a.note_used();
    }
    friend constexpr charset operator~(charset a) noexcept {
        for (auto& word : a.bits) word = ~word;
        return a.note_used();
    }
    constexpr bool operator==(charset const&) const = default;

  private:
    constexpr charset& note_used() noexcept {
        used = 0;
        for (unsigned i = 0; i < 4; ++i) used = static_cast<std::uint8_t>(used | (bits[i] != 0 ? 1u << i : 0u));
        return *this;
    }
    constexpr void add(unsigned char c) noexcept { bits[c >> 6] |= std::uint64_t{1} << (c & 63); }
};

/// The same as a table of 256 octets: for a set of which single octets are looked up where instructions count.
class octet_table {
    bool holds_[256] = {};

  public:
    constexpr explicit octet_table(charset const& set) noexcept {
        for (unsigned i = 0; i < 256; ++i) holds_[i] = set.contains(static_cast<char>(i));
    }
    constexpr bool contains(char c) const noexcept { return holds_[static_cast<unsigned char>(c)]; }
};

/// The sets of the grammar. RFC 5234 B.1, RFC 5322 3.2.3 (atext), RFC 5321 4.1.2 and 4.1.3, RFC 3461 4 (xchar).
namespace chars {
inline constexpr charset alpha = charset('A', 'Z') + charset('a', 'z');
inline constexpr charset digit{'0', '9'};
inline constexpr charset hexdig = digit + charset('A', 'F') + charset('a', 'f');
inline constexpr charset let_dig = alpha + digit;
inline constexpr charset ldh = let_dig + "-";                                ///< the octets of Ldh-str
inline constexpr charset atext = let_dig + "!#$%&'*+-/=?^_`{|}~";
inline constexpr charset qtext = charset(32, 126) - "\"\\";                  ///< qtextSMTP
inline constexpr charset quoted_pair{32, 126};                               ///< what may follow a backslash
inline constexpr charset dcontent = charset(33, 126) - "[\\]";
inline constexpr charset esmtp_keyword = ldh;
inline constexpr charset esmtp_value = charset(33, 126) - "=";
inline constexpr charset xchar = charset(33, 126) - "+=";
inline constexpr charset wsp = " \t";
inline constexpr charset textstring = charset(32, 126) + "\t";
inline constexpr charset non_ascii{128, 255};
inline constexpr charset unsafe{std::string_view("\r\n\0", 3)};              ///< never inside a written argument
}  // namespace chars

constexpr bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }
constexpr bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 128; }
constexpr char to_upper(char c) noexcept {
    return static_cast<unsigned char>(c - 'a') < 26 ? static_cast<char>(c - 32) : c;
}
/// Equal but for the case of ASCII letters (no locale).
constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && to_upper(a[i]) != to_upper(b[i])) return false;
    return true;
}

namespace detail {
/// The value of a hexadecimal digit of either case, or of upper case only; 16 for any other octet.
constexpr unsigned hex_digit(char c, bool upper_only = false) noexcept {
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    unsigned const letter = static_cast<unsigned char>((upper_only ? c : c & 0xDF) - 'A');
    return letter < 6 ? letter + 10 : 16;
}
/// 2, 4 or 8 octets as an integer, the first one lowest on every machine. One load: GCC does not see in time that shifts would come to that,
/// and calls a function for it.
template <class Word>
EHLO_INLINE constexpr Word load_word(char const* p) noexcept {
    Word octets = 0;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little)
        for (unsigned i = 0; i < sizeof octets; ++i) octets = static_cast<Word>(octets | Word{static_cast<unsigned char>(p[i])} << 8 * i);
    else
        std::memcpy(&octets, p, sizeof octets);
    return octets;
}
constexpr std::uint16_t load2(char const* p) noexcept { return load_word<std::uint16_t>(p); }
constexpr std::uint32_t load4(char const* p) noexcept { return load_word<std::uint32_t>(p); }
constexpr std::uint64_t load8(char const* p) noexcept { return load_word<std::uint64_t>(p); }
/// Stores an integer of 2, 4 or 8 octets, the lowest first.
template <class Word>
EHLO_INLINE constexpr void store_word(char* to, Word octets) noexcept {
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little)
        for (unsigned i = 0; i < sizeof octets; ++i) to[i] = static_cast<char>(octets >> 8 * i);
    else
        std::memcpy(to, &octets, sizeof octets);
}
/// Letters without their case: a word of letters becomes one compare. Only letters have a letter's value under this mask,
/// so a compare with letters cannot be fooled; digits and signs lose a bit that tells octets apart.
constexpr std::uint32_t fold4(char const* p) noexcept { return load4(p) & 0xDFDFDFDFu; }
/// Whether `text` spells a keyword that is given in capitals, digits and hyphens, in any case: a letter, which has bit 6, may
/// differ in bit 5, and nothing else may. `spells_here` is for keywords that the compiler knows. Eight or four octets at a time, the last of them over again.
template <class Word>
constexpr bool spells_word(Word keyword, Word text) noexcept {
    return ((keyword ^ text) & ~((keyword & static_cast<Word>(0x4040404040404040u)) >> 1)) == 0;
}
EHLO_INLINE constexpr bool spells_here(std::string_view keyword, std::string_view text) noexcept {
    if constexpr (!EHLO_VECTOR) return iequals(keyword, text);   // a machine without vectors is likely to be a small one
    if (keyword.size() != text.size()) return false;
    char const *const k = keyword.data(), *const t = text.data();
    std::size_t const size = text.size();
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8)
            if (!spells_word(load8(k + i), load8(t + i))) return false;
        return spells_word(load8(k + size - 8), load8(t + size - 8));
    }
    if (size >= 4) return spells_word(load4(k), load4(t)) && spells_word(load4(k + size - 4), load4(t + size - 4));
    auto octet = [](char c) noexcept { return std::uint32_t{static_cast<unsigned char>(c)}; };
    if (size >= 2 && !spells_word<std::uint32_t>(load2(k), load2(t))) return false;
    return size == 0 || spells_word(octet(k[size - 1]), octet(t[size - 1]));
}
constexpr bool spells(std::string_view keyword, std::string_view text) noexcept { return spells_here(keyword, text); }
}  // namespace detail

namespace detail {
/// text.substr(from, most), without the check whose exception would bring malloc and the unwinder into every small program.
/// `from` is at most text.size().
constexpr std::string_view sub(std::string_view text, std::size_t from, std::size_t most = std::string_view::npos) noexcept {
    std::size_t const rest = text.size() - from;
    return {text.data() + from, most < rest ? most : rest};
}
}  // namespace detail

constexpr bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && iequals(detail::sub(text, 0, prefix.size()), prefix);
}

}  // namespace ehlo
