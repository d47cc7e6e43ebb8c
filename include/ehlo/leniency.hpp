// Leniency is a list of named rules. Strict RFC 5321 is the default; each tolerated departure is one bit.
#pragma once

#include <ehlo/config.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// One departure from RFC 5321 that can be tolerated. No rule makes anything but CRLF "." CRLF end a message.
enum class rule : std::uint8_t {
    bare_lf_line,           ///< LF alone ends a command line
    space_after_colon,      ///< MAIL FROM: <a@b>
    missing_brackets,       ///< MAIL FROM:a@b
    missing_domain,         ///< <drozd>, a mailbox without a domain
    spaces_in_route,        ///< <@A, @B: c@d>
    ipv6_single_group,      ///< "::" for one group of zeros
    underscore_in_domain,   ///< <a@b_c.example>
    trailing_dot,           ///< <a@b.example.>
    loose_dots,             ///< <a..b@c>, <.a@c>, <a.@c>
    utf8_without_smtputf8,  ///< octets over 127, if UTF-8, where SMTPUTF8 was not asked for
    spaces_after_verb,      ///< HELO  usc.edu: more than one space between verb and argument
    text_after_hello,       ///< EHLO [192.0.2.1] a text: the habit of RFC 2821's days (RFC 5321 4.1.1.1)
    mixed_reply_codes,      ///< the lines of one reply carry different codes; the last one counts
};
inline constexpr unsigned rule_count = 13;

inline constexpr std::string_view rule_names[rule_count] = {
    "bare_lf_line",      "space_after_colon",    "missing_brackets", "missing_domain", "spaces_in_route",
    "ipv6_single_group", "underscore_in_domain", "trailing_dot",     "loose_dots",     "utf8_without_smtputf8",
    "spaces_after_verb", "text_after_hello",     "mixed_reply_codes"};
constexpr std::string_view name(rule r) noexcept { return rule_names[static_cast<unsigned>(r)]; }

/// A set of rules: those a caller allows, or those a parse made use of. Structural, so it can be a template argument.
struct leniency {
    std::uint16_t bits = 0;

    constexpr leniency() noexcept = default;
    constexpr leniency(rule r) noexcept : bits(static_cast<std::uint16_t>(1u << static_cast<unsigned>(r))) {}
    static constexpr leniency all() noexcept {
        leniency set;
        set.bits = static_cast<std::uint16_t>((1u << rule_count) - 1);
        return set;
    }
    constexpr bool has(rule r) const noexcept { return (bits >> static_cast<unsigned>(r) & 1) != 0; }
    constexpr bool empty() const noexcept { return bits == 0; }
    constexpr leniency& operator|=(leniency other) noexcept {
        bits = static_cast<std::uint16_t>(bits | other.bits);
        return *this;
    }
    friend constexpr leniency operator|(leniency a, leniency b) noexcept { return a |= b; }
    constexpr bool operator==(leniency const&) const = default;
};
constexpr leniency operator|(rule a, rule b) noexcept { return leniency(a) | leniency(b); }

inline constexpr leniency strict{};

}  // namespace ehlo
