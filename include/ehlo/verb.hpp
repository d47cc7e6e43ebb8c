// Verbs: the first word of a command. RFC 5321 4.1.1, RFC 821 4.1.1.
#pragma once

#include <ehlo/ascii.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0 {

/// The verbs that ehlo has types for. `unknown` is any other word.
enum class verb : std::uint8_t {
    unknown,
    helo, ehlo, mail, rcpt, data, rset, noop, quit, vrfy, expn, help,  // RFC 5321
    send, soml, saml, turn,                                            // RFC 821, appendix F of RFC 5321
};
inline constexpr unsigned verb_count = 16;

inline constexpr std::string_view verb_names[verb_count] = {"",     "HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP",
                                                            "QUIT", "VRFY", "EXPN", "HELP", "SEND", "SOML", "SAML", "TURN"};
/// The verb in capitals; empty for `unknown`.
constexpr std::string_view name(verb v) noexcept { return verb_names[static_cast<unsigned>(v)]; }

/// The verb that a word spells, in any case (RFC 5321 2.4).
constexpr verb find_verb(std::string_view word) noexcept {
    if (word.size() != 4) return verb::unknown;
    switch (detail::fold8(word)) {
    case detail::fold8("HELO"): return verb::helo;
    case detail::fold8("EHLO"): return verb::ehlo;
    case detail::fold8("MAIL"): return verb::mail;
    case detail::fold8("RCPT"): return verb::rcpt;
    case detail::fold8("DATA"): return verb::data;
    case detail::fold8("RSET"): return verb::rset;
    case detail::fold8("NOOP"): return verb::noop;
    case detail::fold8("QUIT"): return verb::quit;
    case detail::fold8("VRFY"): return verb::vrfy;
    case detail::fold8("EXPN"): return verb::expn;
    case detail::fold8("HELP"): return verb::help;
    case detail::fold8("SEND"): return verb::send;
    case detail::fold8("SOML"): return verb::soml;
    case detail::fold8("SAML"): return verb::saml;
    case detail::fold8("TURN"): return verb::turn;
    default: return verb::unknown;
    }
}

}  // namespace ehlo::inline v0
