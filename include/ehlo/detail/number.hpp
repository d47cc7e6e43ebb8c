// Bounded decimal numbers: checked, never saturating or wrapping.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/detail/scan.hpp>
#include <ehlo/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
/// The digits that `p` begins with, `size` octets being there: 19 at most, for more may not fit.
EHLO_INLINE constexpr unsigned take_digits(char const* p, std::size_t size, std::uint64_t& value) noexcept {
    unsigned n = 0;
    // A machine without vectors is likely to be a small one.
    if (EHLO_VECTOR && size >= 8) {
        // Eight octets at once: those below "0" and those over "9" get their high bit set, by borrow or by carry.
        std::uint64_t const digits = load8(p) ^ 0x3030303030303030u;
        std::uint64_t const others = ((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u;
        n = others == 0 ? 8 : trailing_zeros(others) / 8;
        if (n == 0) {
            value = 0;
            return 0;
        }
        // Right-aligned, then pairs, fours and the eight summed up.
        std::uint64_t d = digits << (64 - 8 * n);
        d = (d * 10 + (d >> 8)) & 0x00FF00FF00FF00FFu;
        d = (d * 100 + (d >> 16)) & 0x0000FFFF0000FFFFu;
        value = (d * 10000 + (d >> 32)) & 0xFFFFFFFFu;
        if (n < 8) return n;
    } else {
        value = 0;
    }
    for (; n < size && n < 19 && is_digit(p[n]); ++n) value = value * 10 + static_cast<unsigned>(p[n] - '0');
    return n;
}
}  // namespace detail

/// 1*DIGIT, the whole of `text`, at most `max`. Leading zeros are allowed, as in the RFCs' 1*DIGIT.
/// Errors: bad_number at the first octet that is no digit; number_too_large at the digit that goes beyond `max`.
constexpr result<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max = ~std::uint64_t{0}) noexcept {
    if (text.empty()) return fail(errc::bad_number, 0);
    std::uint64_t value = 0;
    if (detail::take_digits(text.data(), text.size(), value) == text.size() && value <= max) [[likely]] return value;
    value = 0;
    std::size_t too_large = text.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_digit(text[i])) return fail(errc::bad_number, i);
        auto const d = static_cast<std::uint64_t>(text[i] - '0');
        if (too_large == text.size() && (value > max / 10 || (value == max / 10 && d > max % 10))) too_large = i;
        value = value * 10 + d;
    }
    if (too_large != text.size()) return fail(errc::number_too_large, too_large);
    return value;
}

namespace detail {
/// The digits of a number, without leading zeros, in a buffer of its own.
struct digits {
    char octets[20];
    unsigned first = 20;
    constexpr explicit digits(std::uint64_t value) noexcept {
        if (EHLO_VECTOR && value < 100000000) {
            // Eight at once: two halves, each of two pairs, each of two digits, the highest in the lowest octet.
            std::uint64_t const high = value / 10000, halves = high | (value - high * 10000) << 32;
            std::uint64_t const above = (halves * 5243 >> 19) & 0x0000007F0000007F, pairs = above | (halves - above * 100) << 16;
            std::uint64_t const tens = (pairs * 103 >> 10) & 0x000F000F000F000F, all = tens | (pairs - tens * 10) << 8;
            store_word(octets + 12, all | 0x3030303030303030);
            first = 12 + trailing_zeros(all | std::uint64_t{1} << 56) / 8;
            return;
        }
        do {
            std::uint64_t const hundreds = value / 100;
            auto const rest = static_cast<unsigned>(value - hundreds * 100), tens = rest * 103 >> 10;
            octets[--first] = static_cast<char>('0' + (rest - tens * 10));
            octets[--first] = static_cast<char>('0' + tens);
            value = hundreds;
        } while (value != 0);
        if (octets[first] == '0' && first < 19) ++first;
    }
    constexpr std::string_view text() const noexcept { return {octets + first, 20 - first}; }
};
}  // namespace detail

}  // namespace ehlo
