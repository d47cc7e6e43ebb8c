// UTF-8, as RFC 3629 and the grammar of RFC 6531 define it.
#pragma once

#include <ehlo/detail/scan.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The length (2, 3 or 4 octets) of the UTF8-non-ascii character that `text` begins with; 0 if it begins with none.
/// UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4 (RFC 6531 3.3, RFC 3629 4): no overlong forms, no surrogates, nothing
/// beyond U+10FFFF.
constexpr std::size_t utf8_length(std::string_view text) noexcept {
    auto octet = [text](std::size_t i) noexcept -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    auto tail = [&octet](std::size_t i) noexcept { return (octet(i) & 0xC0) == 0x80; };
    unsigned const a = octet(0), b = octet(1);
    if (a < 0xC2 || a > 0xF4 || !tail(1)) return 0;
    if (a < 0xE0) return 2;
    if (a < 0xF0) {
        if ((a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F)) return 0;
        return tail(2) ? 3 : 0;
    }
    if ((a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F)) return 0;
    return tail(2) && tail(3) ? 4 : 0;
}

namespace detail {
/// The octets of the UTF8-non-ascii characters that `text` begins with.
constexpr std::size_t wide_length(std::string_view text) noexcept {
    char const* const p = text.data();
    std::size_t const size = text.size();
    std::size_t i = 0;
    for (;;) {
#if EHLO_VECTOR
        // The letters of most alphabets are of two octets.
        for (unsigned n = 16; n == 16 && !std::is_constant_evaluated(); i += n) {
            v16 const here = size - i >= 16 ? load16(p + i) : load_short(p + i, size - i);
            n = trailing_zeros((hits_of<charset(0xC2, 0xDF)>(here) ^ 0x5555u) | (hits_of<charset(0x80, 0xBF)>(here) ^ 0xAAAAu) | 0x10000u) & ~1u;
        }
#endif
        if (i == size || is_ascii(p[i])) return i;
        std::size_t const n = utf8_length(sub(text, i));
        if (n == 0) return i;
        i += n;
    }
}
#if EHLO_VECTOR
/// Of the text's first 64 octets, ASCII and not: where the last character begins up to which all is right. Which octets may follow which
/// is one expression on masks; what only some leading octets want is looked at where there are any.
EHLO_NOINLINE inline std::size_t right_utf8(std::string_view text) noexcept {
    window const w(text);
    std::uint64_t const two = w.mask<charset(0xC2, 0xDF)>(), three = w.mask<charset(0xE0, 0xEF)>(), four = w.mask<charset(0xF0, 0xF4)>();
    std::uint64_t const tail = w.mask<charset(0x80, 0xBF)>(), starts = w.mask<charset(0, 127)>() | two | three | four;
    std::uint64_t due = two << 1, wrong = 0;
    if (std::uint64_t const more = three | four; more != 0) {
        due |= more << 1 | more << 2 | four << 3;
        std::uint64_t const low = w.mask<charset(0x80, 0x9F)>();
        wrong = (w.mask<"\xE0">() << 1 & low) | (w.mask<"\xED">() << 1 & ~low);
        if (four != 0) {
            std::uint64_t const lowest = w.mask<charset(0x80, 0x8F)>();
            wrong |= (w.mask<"\xF0">() << 1 & lowest) | (w.mask<"\xF4">() << 1 & ~lowest);
        }
    }
    std::uint64_t const odd = ~(((starts & ~due) | (tail & due)) & ~wrong);
    std::uint64_t const right = starts & ((odd & (~odd + 1)) - 1);
    return right == 0 ? 0 : highest_bit(right);
}
#endif
}  // namespace detail

/// The offset of the first octet that is neither ASCII nor part of a UTF-8 character; the size if there is none.
constexpr std::size_t find_bad_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0;;) {
        i = detail::find_first<~charset(0, 127)>(text, i);
        if (i == text.size()) return i;
#if EHLO_VECTOR
        if (!std::is_constant_evaluated()) i += detail::right_utf8(detail::sub(text, i));
#endif
        if (is_ascii(text[i])) continue;
        std::size_t const n = detail::wide_length(detail::sub(text, i));
        if (n == 0) return i;
        i += n;
    }
}

}  // namespace ehlo
