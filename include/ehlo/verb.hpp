// Verbs: the first word of a command. RFC 5321 4.1.1, RFC 821 4.1.1.
#pragma once

#include <ehlo/ascii.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0 {

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
inline constexpr unsigned verb_count = 27;

inline constexpr std::string_view verb_names[verb_count] = {
    "",     "HELO", "EHLO", "MAIL",     "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY",    "EXPN",     "HELP", "SEND", "SOML",
    "SAML", "TURN", "LHLO", "STARTTLS", "AUTH", "BDAT", "BURL", "ETRN", "ATRN", "XCLIENT", "XFORWARD", "VERB", "ONEX"};
/// The verb in capitals; empty for `unknown`.
constexpr std::string_view name(verb v) noexcept { return verb_names[static_cast<unsigned>(v)]; }

/// The verb that a word spells, in any case (RFC 5321 2.4).
constexpr verb find_verb(std::string_view word) noexcept {
    using detail::fold4;
    if (word.size() != 4) {
        if (word.size() == 8 && fold4(word.data()) == fold4("STAR") && fold4(word.data() + 4) == fold4("TTLS")) return verb::starttls;
        if (word.size() == 7 && fold4(word.data()) == fold4("XCLI") && fold4(word.data() + 3) == fold4("IENT")) return verb::xclient;
        if (word.size() == 8 && fold4(word.data()) == fold4("XFOR") && fold4(word.data() + 4) == fold4("WARD")) return verb::xforward;
        return verb::unknown;
    }
    switch (fold4(word.data())) {
    case fold4("HELO"): return verb::helo;
    case fold4("EHLO"): return verb::ehlo;
    case fold4("MAIL"): return verb::mail;
    case fold4("RCPT"): return verb::rcpt;
    case fold4("DATA"): return verb::data;
    case fold4("RSET"): return verb::rset;
    case fold4("NOOP"): return verb::noop;
    case fold4("QUIT"): return verb::quit;
    case fold4("VRFY"): return verb::vrfy;
    case fold4("EXPN"): return verb::expn;
    case fold4("HELP"): return verb::help;
    case fold4("SEND"): return verb::send;
    case fold4("SOML"): return verb::soml;
    case fold4("SAML"): return verb::saml;
    case fold4("TURN"): return verb::turn;
    case fold4("LHLO"): return verb::lhlo;
    case fold4("AUTH"): return verb::auth;
    case fold4("BDAT"): return verb::bdat;
    case fold4("BURL"): return verb::burl;
    case fold4("ETRN"): return verb::etrn;
    case fold4("ATRN"): return verb::atrn;
    case fold4("VERB"): return verb::verbose;
    case fold4("ONEX"): return verb::onex;
    default: return verb::unknown;
    }
}

}  // namespace ehlo::inline v0
