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

/// The offset of the first octet that is neither ASCII nor part of a UTF-8 character; the size if there is none.
constexpr std::size_t find_bad_utf8(std::string_view text) noexcept {
    auto octet = [text](std::size_t at) noexcept { return static_cast<unsigned>(static_cast<unsigned char>(text[at])); };
    for (std::size_t i = 0;;) {
        i = detail::find_first<~charset(0, 127)>(text, i);
        if (i == text.size()) return i;
        while (i < text.size() && octet(i) >= 128) {
            // The letters of most alphabets are of two octets.
            if (octet(i) - 0xC2 <= 0xDF - 0xC2 && i + 1 < text.size() && (octet(i + 1) & 0xC0) == 0x80) {
                i += 2;
                continue;
            }
            std::size_t const n = utf8_length(detail::sub(text, i));
            if (n == 0) return i;
            i += n;
        }
    }
}

}  // namespace ehlo
