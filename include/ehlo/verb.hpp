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
struct verb_map {
    std::uint32_t heads[verb_count] = {};
    consteval verb_map() {
        heads[0] = 0x20202020u;  // what fold4 never gives
        for (unsigned i = 1; i < verb_count; ++i) heads[i] = fold4(verb_names[i].data());
    }
};
inline constexpr places<verb_count, std::uint32_t> places_of_verbs(verb_map().heads, 0xAD970C37u);   // the 24th of those that would be tried
struct verbs_of_4 {
    std::uint32_t word[sizeof places_of_verbs.row] = {};
    verb code[sizeof places_of_verbs.row] = {};
    consteval verbs_of_4() {
        verb_map const all;   // once: compilers evaluate it anew wherever it is named
        for (auto& w : word) w = all.heads[0];
        for (unsigned i = 1; i < verb_count; ++i) {
            if (verb_names[i].size() != 4) continue;
            std::size_t const slot = places_of_verbs.slot(all.heads[i]);
            word[slot] = all.heads[i];
            code[slot] = static_cast<verb>(i);
        }
    }
};
inline constexpr verbs_of_4 short_verbs{};

/// One by one, for a machine without vectors: it is likely to be a small one, and the tables are 800 octets.
template <auto const& Names = verb_names>   // a template, so that its table is made only where it is used
constexpr verb find_verb_plainly(std::string_view word) noexcept {
    unsigned const i = find_packed(keywords_packed<Names>.octets, verb_count, word);
    return i == verb_count ? verb::unknown : static_cast<verb>(i);
}
/// The verb that 4 octets spell.
constexpr verb find_verb4(char const* p) noexcept {
    if constexpr (!EHLO_VECTOR) return find_verb_plainly({p, 4});
    std::uint32_t const folded = fold4(p);
    std::size_t const slot = places_of_verbs.slot(folded);
    return short_verbs.word[slot] == folded ? short_verbs.code[slot] : verb::unknown;
}
}  // namespace detail

/// The verb that a word spells, in any case (RFC 5321 2.4).
[[nodiscard]] constexpr verb find_verb(std::string_view word) noexcept {
    if constexpr (!EHLO_VECTOR) return detail::find_verb_plainly(word);
    if (word.size() == 4) return detail::find_verb4(word.data());
    if (word.size() < 4) return verb::unknown;
    unsigned const i = detail::places_of_verbs.find(detail::fold4(word.data()));
    return i != verb_count && detail::spells_here(verb_names[i], word) ? static_cast<verb>(i) : verb::unknown;
}

}  // namespace ehlo
