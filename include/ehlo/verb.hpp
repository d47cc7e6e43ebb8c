// Verbs: the first word of a command. RFC 5321 4.1.1, RFC 821 4.1.1.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/detail/keywords.hpp>
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
// The first 4 letters tell all verbs apart. Most have no more: then one compare is all it takes.
struct verb_heads {
    std::uint64_t all[verb_count] = {};
    std::uint32_t of_4[verb_count + 1] = {};
    consteval verb_heads() {
        constexpr std::uint32_t never = 0x20202020u;  // what fold4 never gives
        for (auto& head : of_4) head = never;
        all[0] = never;
        for (unsigned i = 1; i < verb_count; ++i) {
            std::uint32_t const head = fold4(verb_names[i].data());
            all[i] = head;
            if (verb_names[i].size() == 4) of_4[i] = head;
        }
    }
};
inline constexpr verb_heads heads_of_verbs{};
inline constexpr places<verb_count> places_of_verbs(heads_of_verbs.all);

/// The verb that 4 octets spell.
constexpr verb find_verb4(char const* p) noexcept {
    std::uint32_t const folded = fold4(p);
    unsigned const i = places_of_verbs.find(folded);
    return heads_of_verbs.of_4[i] == folded ? static_cast<verb>(i) : verb::unknown;
}
}  // namespace detail

/// The verb that a word spells, in any case (RFC 5321 2.4).
[[nodiscard]] constexpr verb find_verb(std::string_view word) noexcept {
    if (word.size() < 4) return verb::unknown;
    unsigned const i = detail::places_of_verbs.find(detail::fold4(word.data()));
    return i != verb_count && detail::spells(verb_names[i], word) ? static_cast<verb>(i) : verb::unknown;
}

}  // namespace ehlo
