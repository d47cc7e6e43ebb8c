// xtext: octets that an esmtp-value cannot hold, as "+" and two hexadecimal digits. RFC 3461 4, RFC 4954 8.
#pragma once

#include <ehlo/detail/temporary.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 32 || c == 127; }
}  // namespace detail

/// Octets that travel as xtext: in plain, as a caller gives them, or encoded, as they stood in a command. Both compare by
/// what they mean, and both can be written either way. Borrows its text.
class xtext {
    std::string_view text_{};
    bool encoded_ = false;

  public:
    /// The octets meant, one by one, without a buffer.
    class iterator {
        std::string_view rest_;
        bool encoded_;

        constexpr unsigned high() const noexcept { return rest_.size() > 2 ? detail::hex_digit(rest_[1]) : 16; }
        constexpr unsigned low() const noexcept { return rest_.size() > 2 ? detail::hex_digit(rest_[2]) : 16; }
        constexpr bool at_hexchar() const noexcept {
            return encoded_ && rest_.front() == '+' && high() < 16 && low() < 16;
        }

      public:
        constexpr iterator(std::string_view rest, bool encoded) noexcept : rest_(rest), encoded_(encoded) {}
        constexpr char operator*() const noexcept {
            return at_hexchar() ? static_cast<char>(high() * 16 + low()) : rest_.front();
        }
        constexpr iterator& operator++() noexcept {
            rest_.remove_prefix(at_hexchar() ? 3 : 1);
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return rest_.size() != other.rest_.size(); }
        /// The octets of the text that are still to come.
        constexpr std::size_t left() const noexcept { return rest_.size(); }
    };

    constexpr xtext() noexcept = default;
    constexpr explicit xtext(std::string_view plain EHLO_LIFETIMEBOUND) noexcept : text_(plain) {}
    /// Of text that is xtext already. Nothing is checked here: parse_xtext does, and every writer does.
    static constexpr xtext encoded(std::string_view text EHLO_LIFETIMEBOUND) noexcept {
        xtext x(text);
        x.encoded_ = true;
        return x;
    }

    /// The text as it was given.
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr bool is_encoded() const noexcept { return encoded_; }
    constexpr iterator begin() const noexcept { return {text_, encoded_}; }
    constexpr iterator end() const noexcept { return {detail::sub(text_, text_.size()), encoded_}; }
    /// How many octets are meant.
    constexpr std::size_t size() const noexcept {
        std::size_t n = 0;
        for (iterator i = begin(); i != end(); ++i) ++n;
        return n;
    }
    friend constexpr bool operator==(xtext const& a, xtext const& b) noexcept {
        iterator x = a.begin(), y = b.begin();
        for (; x != a.end() && y != b.end(); ++x, ++y)
            if (*x != *y) return false;
        return !(x != a.end()) && !(y != b.end());
    }
    friend constexpr bool operator==(xtext const& a, std::string_view plain) noexcept { return a == xtext(plain); }
};

/// The digits of a hexchar: RFC 3461 4, and all that refers to it, wants them in upper case; RFC 4954 8 (AUTH=) takes both.
enum class hexchar_case : std::uint8_t { upper, any };

/// xtext = *( xchar / hexchar );  hexchar = "+" 2HEXDIG, the whole of `text`. A hexchar that hides a control (0-31, 127) is
/// refused: decoded into a header or a spool file it would begin a line of its own (CVE-2020-28021, CVE-2020-28026). One over 127
/// needs `wide`. Borrows from `text`. Errors: bad_xtext.
constexpr result<xtext> parse_xtext(std::string_view text EHLO_LIFETIMEBOUND, bool wide = false,
                                    hexchar_case digits = hexchar_case::upper) noexcept {
    auto digit = [&](std::size_t at) noexcept {
        return at < text.size() ? detail::hex_digit(text[at], digits == hexchar_case::upper) : 16;
    };
    for (std::size_t i = detail::find_first<~chars::xchar>(text); i < text.size();
         i = detail::find_first<~chars::xchar>(text, i + 3)) {
        if (text[i] != '+') return fail(errc::bad_xtext, i);
        unsigned const high = digit(i + 1);
        if (high < 2 || high >= (wide ? 16u : 8u)) return fail(errc::bad_xtext, i + 1);
        unsigned const low = digit(i + 2);
        if (low == 16 || high * 16 + low == 127) return fail(errc::bad_xtext, i + 2);
    }
    return xtext::encoded(text);
}
template <detail::temporary Text>
result<xtext> parse_xtext(Text&&, bool = false, hexchar_case = hexchar_case::upper) = delete;

/// Writes xtext, with digits in upper case: what is encoded as it stands otherwise, if parse_xtext takes it, and what is plain
/// encoded.
/// Errors: output_full; bad_xtext; of plain octets unsafe_octet for CR, LF and NUL, and bad_value for other controls and,
/// without `wide`, for octets over 127.
constexpr result<std::size_t> write_xtext(writer& out, xtext const& x, bool wide = false) noexcept {
    std::string_view const text = x.text();
    if (x.is_encoded()) {
        if (auto const parsed = parse_xtext(text, wide, hexchar_case::any); !parsed) return parsed.error();
        return out.atomically([&](writer& w) {
            for (std::size_t i = 0; i < text.size();) {
                std::size_t const end = detail::find_first<charset("+")>(text, i);
                w.raw(detail::sub(text, i, end - i));
                if (end == text.size()) return;
                w.raw('+').raw(to_upper(text[end + 1])).raw(to_upper(text[end + 2]));
                i = end + 3;
            }
        });
    }
    return out.atomically([&](writer& w) {
        for (std::size_t i = 0; i < text.size();) {
            std::size_t const end = detail::find_first<~chars::xchar>(text, i);
            w.raw(detail::sub(text, i, end - i));
            if (end == text.size()) return;
            char const c = text[end];
            if (chars::unsafe.contains(c)) w.refuse(fail(errc::unsafe_octet, end));
            else if (detail::is_control(c) || (!wide && !is_ascii(c))) w.refuse(fail(errc::bad_value, end));
            constexpr std::string_view hex = "0123456789ABCDEF";
            w.raw('+').raw(hex[static_cast<unsigned char>(c) >> 4]).raw(hex[c & 15]);
            i = end + 1;
        }
    });
}

/// Writes the octets that are meant. Errors: as write_xtext; no control is ever written.
constexpr result<std::size_t> write_decoded(writer& out, xtext const& x, bool wide = false) noexcept {
    std::string_view const text = x.text();
    if (!x.is_encoded()) {
        constexpr charset controls = charset(0, 31) + charset(127, 127);
        std::size_t const bad = wide ? detail::find_first<controls>(text) : detail::find_first<controls + chars::non_ascii>(text);
        if (bad != text.size()) return fail(chars::unsafe.contains(text[bad]) ? errc::unsafe_octet : errc::bad_value, bad);
        return out.atomically([&](writer& w) { w.raw(text); });
    }
    if (auto const parsed = parse_xtext(text, wide, hexchar_case::any); !parsed) return parsed.error();
    return out.atomically([&](writer& w) {
        for (std::size_t i = 0; i < text.size();) {
            std::size_t const end = detail::find_first<charset("+")>(text, i);
            w.raw(detail::sub(text, i, end - i));
            if (end == text.size()) return;
            w.raw(static_cast<char>(detail::hex_digit(text[end + 1]) * 16 + detail::hex_digit(text[end + 2])));
            i = end + 3;
        }
    });
}

}  // namespace ehlo
