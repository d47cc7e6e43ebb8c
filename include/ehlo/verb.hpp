// Verbs: the first word of a command. RFC 5321 4.1.1, RFC 821 4.1.1.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/detail/names.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Every verb registered for SMTP, and the two of Postfix that are in wide use. `unknown` is any other word.
enum class verb : std::uint8_t {
    unknown,
    helo, ehlo, mail, rcpt, data, rset, noop, quit, vrfy, expn, help,  // RFC 5321
    send, soml, saml, turn,                                            // RFC 821, appendix F of RFC 5321
    lhlo,                                                              // RFC 2033
    starttls,                                                          // RFC 3207
    auth,                                                              // RFC 4954
    bdat,                                                              // RFC 3030
    burl,                                                              // RFC 4468
    etrn,                                                              // RFC 1985
    atrn,                                                              // RFC 2645
    xclient, xforward,                                                 // Postfix XCLIENT_README, XFORWARD_README
    verbose, onex,                                                     // VERB and ONEX of sendmail, in IANA's list
};

inline constexpr std::string_view verb_names[] = {
    "",     "HELO", "EHLO", "MAIL",     "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY",    "EXPN",     "HELP", "SEND", "SOML",
    "SAML", "TURN", "LHLO", "STARTTLS", "AUTH", "BDAT", "BURL", "ETRN", "ATRN", "XCLIENT", "XFORWARD", "VERB", "ONEX"};
static_assert(detail::names_all<verb>(verb_names, 1), "a verb has no name");
inline constexpr unsigned verb_count = sizeof verb_names / sizeof *verb_names;
/// The verb in capitals; empty for `unknown`.
constexpr std::string_view name(verb v) noexcept { return verb_names[static_cast<unsigned>(v)]; }

namespace detail {
// This factor spreads the verbs of 4 letters over 32 places without a collision: one look-up and one compare instead of a
// search among 23, which a branch predictor cannot foresee.
constexpr unsigned verb_slot(std::uint32_t folded) noexcept { return static_cast<std::uint32_t>(folded * 0x75E84A6Du) >> 27; }
struct verb_index {
    std::uint32_t word[32] = {};
    verb code[32] = {};
    bool unique = true;
    constexpr verb_index() noexcept {
        for (unsigned i = 1; i < verb_count; ++i) {
            if (verb_names[i].size() != 4) continue;
            std::uint32_t const folded = fold4(verb_names[i].data());
            unsigned const slot = verb_slot(folded);
            unique = unique && code[slot] == verb::unknown;
            word[slot] = folded;
            code[slot] = static_cast<verb>(i);
        }
    }
};
inline constexpr verb_index verbs_of_4{};
static_assert(verbs_of_4.unique, "two verbs share a slot: look for another factor");

/// The verb that 4 octets spell.
constexpr verb find_verb4(char const* p) noexcept {
    std::uint32_t const folded = fold4(p);
    unsigned const slot = verb_slot(folded);
    return verbs_of_4.word[slot] == folded ? verbs_of_4.code[slot] : verb::unknown;
}
}  // namespace detail

/// The verb that a word spells, in any case (RFC 5321 2.4).
[[nodiscard]] constexpr verb find_verb(std::string_view word) noexcept {
    using detail::fold4;
    if (word.size() == 4) return detail::find_verb4(word.data());
    if (word.size() == 8 && fold4(word.data()) == fold4("STAR") && fold4(word.data() + 4) == fold4("TTLS")) return verb::starttls;
    if (word.size() == 7 && fold4(word.data()) == fold4("XCLI") && fold4(word.data() + 3) == fold4("IENT")) return verb::xclient;
    if (word.size() == 8 && fold4(word.data()) == fold4("XFOR") && fold4(word.data() + 4) == fold4("WARD")) return verb::xforward;
    return verb::unknown;
}

}  // namespace ehlo
