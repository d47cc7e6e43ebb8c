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
    switch (detail::fold4(word.data())) {
    case detail::fold4("HELO"): return verb::helo;
    case detail::fold4("EHLO"): return verb::ehlo;
    case detail::fold4("MAIL"): return verb::mail;
    case detail::fold4("RCPT"): return verb::rcpt;
    case detail::fold4("DATA"): return verb::data;
    case detail::fold4("RSET"): return verb::rset;
    case detail::fold4("NOOP"): return verb::noop;
    case detail::fold4("QUIT"): return verb::quit;
    case detail::fold4("VRFY"): return verb::vrfy;
    case detail::fold4("EXPN"): return verb::expn;
    case detail::fold4("HELP"): return verb::help;
    case detail::fold4("SEND"): return verb::send;
    case detail::fold4("SOML"): return verb::soml;
    case detail::fold4("SAML"): return verb::saml;
    case detail::fold4("TURN"): return verb::turn;
    default: return verb::unknown;
    }
}

}  // namespace ehlo::inline v0
