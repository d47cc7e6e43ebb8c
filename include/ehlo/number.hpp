// Bounded decimal numbers: checked, never saturating or wrapping.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0 {

/// 1*DIGIT, the whole of `text`, at most `max`. Leading zeros are allowed, as in the RFCs' 1*DIGIT.
/// Errors: bad_number at the first octet that is no digit; number_too_large at the digit that goes beyond `max`.
constexpr result<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max = ~std::uint64_t{0}) noexcept {
    if (text.empty()) return fail(errc::bad_number, 0);
    std::uint64_t value = 0;
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
    constexpr explicit digits(std::uint64_t value) noexcept : octets{} {
        do octets[--first] = static_cast<char>('0' + value % 10);
        while ((value /= 10) != 0);
    }
    constexpr std::string_view text() const noexcept { return {octets + first, 20 - first}; }
};
}  // namespace detail

}  // namespace ehlo::inline v0
