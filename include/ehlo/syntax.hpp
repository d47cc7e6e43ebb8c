// What a parse of addresses may accept, and the cursor that the parsers of the grammar share.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/leniency.hpp>
#include <ehlo/result.hpp>
#include <ehlo/detail/temporary.hpp>
#include <ehlo/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What the parsers of domains, mailboxes, paths and commands accept. The default is strict RFC 5321 with its limits.
/// Structural, so a policy can carry it as a template argument.
struct syntax {
    leniency tolerate = strict;          ///< departures that are accepted and reported
    bool smtputf8 = false;               ///< RFC 6531: octets over 127 are welcome
    std::uint16_t max_local_part = 64;   ///< octets, RFC 5321 4.5.3.1.1
    std::uint16_t max_domain = 255;      ///< octets, RFC 5321 4.5.3.1.2
    std::uint16_t max_path = 256;        ///< octets with "<" and ">", RFC 5321 4.5.3.1.3
    constexpr bool operator==(syntax const&) const = default;
};
inline constexpr syntax strict_syntax{};

namespace detail {

/// A place in a text, the rules, and what happened so far. Parsers return false when they have stopped.
struct cursor {
    std::string_view text;
    syntax const& rules;
    std::size_t at = 0;
    leniency tolerated{};
    failure error{};

    constexpr bool end() const noexcept { return at == text.size(); }
    constexpr char peek() const noexcept { return at < text.size() ? text[at] : '\0'; }
    constexpr bool next_is(char c) const noexcept { return at < text.size() && text[at] == c; }
    constexpr bool next_in(charset const& set) const noexcept { return at < text.size() && set.contains(text[at]); }
    constexpr bool skip(char c) noexcept {
        if (!next_is(c)) return false;
        ++at;
        return true;
    }
    constexpr bool stop(errc code, std::size_t where) noexcept {
        error = fail(code, where);
        return false;
    }
    constexpr bool stop(errc code) noexcept { return stop(code, at); }
    /// True, and noted, if the rule is allowed.
    constexpr bool tolerate(rule r) noexcept {
        if (!rules.tolerate.has(r)) return false;
        tolerated |= r;
        return true;
    }
    /// True if the text goes on with an octet over 127.
    constexpr bool next_is_wide() const noexcept { return at < text.size() && !is_ascii(text[at]); }
    /// Passes over the UTF8-non-ascii characters that stand here, of which there is one at least.
    /// A call: GCC prepared it for every text before it looked whether there are any.
    EHLO_NOINLINE constexpr bool skip_wide() noexcept {
        if (!rules.smtputf8 && !tolerate(rule::utf8_without_smtputf8)) return stop(errc::non_ascii);
        at += wide_length(detail::sub(text, at));
        return !next_is_wide() || stop(errc::bad_utf8);
    }
};

}  // namespace detail
}  // namespace ehlo
