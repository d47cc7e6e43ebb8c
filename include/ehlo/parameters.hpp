// ESMTP parameters of MAIL and RCPT: the raw range, and the registered ones typed. RFC 5321 4.1.2 and 4.1.1.11.
#pragma once

#include <ehlo/number.hpp>
#include <ehlo/scan.hpp>
#include <ehlo/syntax.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0 {

/// esmtp-param = esmtp-keyword ["=" esmtp-value]. "X" has no value; "X=" is not well formed. Borrows from the command.
struct parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

/// Well-formed parameters as they stand in the command: `for (ehlo::parameter p : mail->parameters.all())`.
class parameter_range {
    std::string_view text_;

  public:
    class iterator {
        std::string_view rest_;

      public:
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {}
        constexpr parameter operator*() const noexcept {
            std::string_view const whole = rest_.substr(0, detail::find_first<charset(" ")>(rest_));
            std::size_t const equals = detail::find_first<charset("=")>(whole);
            if (equals == whole.size()) return {whole, std::nullopt};
            return {whole.substr(0, equals), whole.substr(equals + 1)};
        }
        constexpr iterator& operator++() noexcept {
            std::size_t const end = detail::find_first<charset(" ")>(rest_);
            rest_ = rest_.substr(end == rest_.size() ? end : end + 1);
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return rest_.size() != other.rest_.size(); }
    };

    constexpr explicit parameter_range(std::string_view text) noexcept : text_(text) {}
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr bool empty() const noexcept { return text_.empty(); }
    constexpr iterator begin() const noexcept { return iterator(text_); }
    constexpr iterator end() const noexcept { return iterator(text_.substr(text_.size())); }
};

/// The value of BODY: RFC 6152 (7BIT, 8BITMIME), RFC 3030 (BINARYMIME).
enum class body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };
inline constexpr std::string_view body_names[] = {"7BIT", "8BITMIME", "BINARYMIME"};
constexpr std::string_view name(body b) noexcept { return body_names[static_cast<unsigned>(b)]; }

/// The parameters of MAIL. Absent and zero differ: `size()` of "SIZE=0" is 0, of a MAIL without SIZE nothing.
/// Borrows from the command.
class mail_parameters {
    char const* data_ = nullptr;
    std::uint32_t length_ = 0;
    std::uint32_t unknown_at_ = 0;
    std::uint64_t size_ = 0;
    v0::body body_ = v0::body::seven_bit;
    bool has_size_ = false, has_body_ = false, smtputf8_ = false, has_unknown_ = false;
    friend struct parameter_access;

  public:
    /// The size the client declares, in octets. RFC 1870.
    constexpr std::optional<std::uint64_t> size() const noexcept {
        return has_size_ ? std::optional(size_) : std::nullopt;
    }
    /// RFC 6152, RFC 3030.
    constexpr std::optional<v0::body> body() const noexcept { return has_body_ ? std::optional(body_) : std::nullopt; }
    /// RFC 6531.
    constexpr bool smtputf8() const noexcept { return smtputf8_; }
    /// All parameters, known or not, as they stand.
    constexpr parameter_range all() const noexcept { return parameter_range({data_, length_}); }
    /// The offset in `all().text()` of the first parameter that is not one of the above.
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept {
        return has_unknown_ ? std::optional(unknown_at_) : std::nullopt;
    }
};

/// The parameters of RCPT. Borrows from the command.
class rcpt_parameters {
    char const* data_ = nullptr;
    std::uint32_t length_ = 0;
    friend struct parameter_access;

  public:
    constexpr parameter_range all() const noexcept { return parameter_range({data_, length_}); }
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept {
        return length_ != 0 ? std::optional(std::uint32_t{0}) : std::nullopt;
    }
};

/// Builds parameter sets for the parsers below.
struct parameter_access {
    // One parameter at the cursor, which stops at the SP or end behind it.
    static constexpr bool scan_one(detail::cursor& c, parameter& p) noexcept {
        std::size_t const start = c.at;
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        if (!c.next_in(chars::let_dig)) return c.stop(errc::bad_parameter);
        while (c.next_in(chars::esmtp_keyword)) ++c.at;
        p.keyword = c.text.substr(start, c.at - start);
        p.value = std::nullopt;
        if (c.skip('=')) {
            // esmtp-value = 1*(%d33-60 / %d62-126);  RFC 6531: esmtp-value =/ UTF8-non-ascii
            std::size_t const value = c.at;
            for (;;) {
                if (c.next_in(chars::esmtp_value)) ++c.at;
                else if (!c.next_is_wide()) break;
                else if (!c.skip_wide()) return false;
            }
            if (c.at == value) return c.stop(errc::bad_parameter);
            p.value = c.text.substr(value, c.at - value);
        }
        if (!c.end() && !c.next_is(' ')) return c.stop(errc::bad_parameter);
        return true;
    }

    // SIZE=digits and BODY=8BITMIME as nearly every client spells them, without a look at each octet. False, and nothing
    // moved: it is something else, or something is wrong with it.
    static constexpr bool take_common(detail::cursor& c, mail_parameters& m) noexcept {
        std::string_view const rest = c.text.substr(c.at);
        char const* const p = rest.data();
        if (rest.size() < 6 || p[4] != '=') return false;
        std::uint32_t const word = detail::fold4(p);
        if (word == detail::fold4("SIZE") && !m.has_size_) {
            std::size_t i = 5;
            std::uint64_t size = 0;
            for (; i < rest.size() && i < 5 + 19 && is_digit(p[i]); ++i) size = size * 10 + static_cast<unsigned>(p[i] - '0');
            if (i == 5 || (i < rest.size() && p[i] != ' ')) return false;
            m.has_size_ = true;
            m.size_ = size;
            c.at += i;
            return true;
        }
        if (word == detail::fold4("BODY") && !m.has_body_ && rest.size() >= 13 && (rest.size() == 13 || p[13] == ' ') &&
            detail::load8(p + 5) == detail::load8("8BITMIME")) {
            m.has_body_ = true;
            m.body_ = v0::body::eight_bit_mime;
            c.at += 13;
            return true;
        }
        return false;
    }

    // Whether the keyword stood before; only asked for when there are two parameters or more.
    static constexpr bool is_duplicate(std::string_view before, std::string_view keyword) noexcept {
        for (parameter const p : parameter_range(before))
            if (iequals(p.keyword, keyword)) return true;
        return false;
    }

    // Calls take(keyword offset, parameter) for each parameter of *(SP esmtp-param); take returns false to stop.
    // `common(c)` may take one without a look at it.
    template <class Common, class Take>
    static constexpr bool scan_all(detail::cursor& c, Common&& common, Take&& take) noexcept {
        std::size_t const first = c.at;
        while (!c.end()) {
            parameter p{};
            std::size_t const start = c.at;
            if (!common(c)) {
                if (!scan_one(c, p)) return false;
                // No base rule on repetition: every extension that speaks of it says 501 (RFC 1869, 3461, 6531 ...).
                if (start != first && is_duplicate(c.text.substr(first, start - first - 1), p.keyword))
                    return c.stop(errc::duplicate_parameter, start);
                if (!take(start, p)) return false;
            }
            if (c.skip(' ') && c.end()) return c.stop(errc::bad_parameter);
        }
        return true;
    }

    static constexpr bool take_mail(detail::cursor& c, mail_parameters& m, std::size_t first, std::size_t at,
                                    parameter const& p) noexcept {
        std::size_t const value_at = at + p.keyword.size() + 1;
        if (iequals(p.keyword, "SIZE")) {
            // size-value = 1*20DIGIT, RFC 1870 3
            if (!p.value) return c.stop(errc::bad_parameter_value, c.at);
            auto const size = parse_decimal(*p.value);
            if (!size) {
                bool const large = size.error().code == errc::number_too_large;
                return c.stop(large ? errc::number_too_large : errc::bad_parameter_value, value_at + size.error().at);
            }
            if (p.value->size() > 20) return c.stop(errc::bad_parameter_value, value_at + 20);
            m.has_size_ = true;
            m.size_ = *size;
        } else if (iequals(p.keyword, "BODY")) {
            if (!p.value) return c.stop(errc::bad_parameter_value, c.at);
            for (unsigned i = 0; i < 3 && !m.has_body_; ++i) {
                if (!iequals(*p.value, body_names[i])) continue;
                m.has_body_ = true;
                m.body_ = static_cast<v0::body>(i);
            }
            if (!m.has_body_) return c.stop(errc::bad_parameter_value, value_at);
        } else if (iequals(p.keyword, "SMTPUTF8")) {
            if (p.value) return c.stop(errc::bad_parameter_value, value_at - 1);
            m.smtputf8_ = true;
        } else if (!m.has_unknown_) {
            m.has_unknown_ = true;
            m.unknown_at_ = static_cast<std::uint32_t>(at - first);
        }
        return true;
    }

    static constexpr bool scan(detail::cursor& c, mail_parameters& m) noexcept {
        std::size_t const first = c.at;
        auto common = [&m](detail::cursor& at) noexcept { return take_common(at, m); };
        auto take = [&](std::size_t at, parameter const& p) noexcept { return take_mail(c, m, first, at, p); };
        if (!scan_all(c, common, take)) return false;
        m.data_ = c.text.data() + first;
        m.length_ = static_cast<std::uint32_t>(c.text.size() - first);
        return true;
    }
    static constexpr bool scan(detail::cursor& c, rcpt_parameters& r) noexcept {
        std::size_t const first = c.at;
        if (!scan_all(c, [](detail::cursor&) { return false; }, [](std::size_t, parameter const&) { return true; })) return false;
        r.data_ = c.text.data() + first;
        r.length_ = static_cast<std::uint32_t>(c.text.size() - first);
        return true;
    }
};

/// Mail-parameters = esmtp-param *(SP esmtp-param), the whole of `text` (which may be empty: no parameters).
/// Borrows from `text`. Errors: bad_parameter, bad_parameter_value, duplicate_parameter, number_too_large (SIZE),
/// non_ascii, bad_utf8. Unknown keywords are well formed: see `unknown_at`.
constexpr result<mail_parameters> parse_mail_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    mail_parameters m;
    if (!parameter_access::scan(c, m)) return c.error;
    return m;
}

/// Rcpt-parameters = esmtp-param *(SP esmtp-param); otherwise as parse_mail_parameters.
constexpr result<rcpt_parameters> parse_rcpt_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    rcpt_parameters r;
    if (!parameter_access::scan(c, r)) return c.error;
    return r;
}

}  // namespace ehlo::inline v0
