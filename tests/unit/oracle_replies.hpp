// The rules of replies: RFC 5321 4.2, the answer to EHLO, RFC 9422 3, RFC 3463 2.
#pragma once

#include "oracle_commands.hpp"

namespace oracle {

// ---------------------------------------------------------------------------
// RFC 9422 3: the parameters of LIMITS
// ---------------------------------------------------------------------------

// limit-name = 1*( ALPHA / DIGIT / "-" / "_" )
inline places limit_name(const input& in, const places& from) {
    return some(alt(ALPHA, DIGIT, word("-"), word("_")))(in, from);
}

// limit-value = 1*( %x21-3A / %x3C-7E )
inline places limit_value(const input& in, const places& from) {
    return some(alt(range(0x21, 0x3A), range(0x3C, 0x7E)))(in, from);
}

// limits-param = limit-name-value *( SP limit-name-value ),
// limit-name-value = limit-name [ "=" limit-value ]
inline places limits_param(const input& in, const places& from) {
    const auto pair = seq(limit_name, opt(seq(word("="), limit_value)));
    return seq(pair, any(seq(SP, pair)))(in, from);
}

// The value of MAILMAX, RCPTMAX and RCPTDOMAINMAX: %x31-39 0*5DIGIT
inline places limit_number(const input& in, const places& from) {
    return seq(range(0x31, 0x39), repeat(0, 5, DIGIT))(in, from);
}

// ---------------------------------------------------------------------------
// RFC 5321 4.2 and 4.1.1.1: replies, with their CRLF
// ---------------------------------------------------------------------------

// Reply-code = %x32-35 %x30-35 %x30-39
inline places Reply_code(const input& in, const places& from) {
    return seq(range(0x32, 0x35), range(0x30, 0x35), range(0x30, 0x39))(in, from);
}

// textstring = 1*(%d09 / %d32-126), widened for the receiving side: any octets
// but NUL, CR and LF.
inline places reply_text(const input& in, const places& from) { return some(line_octet)(in, from); }

// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
// All lines carry the code of the first (4.2.1), and the last line may be the
// code alone or the code and a space (4.2).
inline places Reply_line(const input& in, const places& from) {
    places result;
    for (std::size_t begin : from) {
        if (Reply_code(in, places{begin}).empty()) continue;
        const auto code = word(in.text.substr(begin, 3));
        result = set_union(std::move(result), seq(any(seq(code, word("-"), opt(reply_text), CRLF)),
                                       code, opt(seq(SP, opt(reply_text))), CRLF)(in, places{begin}));
    }
    return result;
}

// textstring = 1*(%d09 / %d32-126)
inline places textstring(const input& in, const places& from) {
    return some(alt(range(9, 9), range(32, 126)))(in, from);
}

// Greeting = ( "220 " (Domain / address-literal) [ SP textstring ] CRLF ) /
//            ( "220-" (Domain / address-literal) [ SP textstring ] CRLF
//              *( "220-" [ textstring ] CRLF ) "220" [ SP textstring ] CRLF )
inline places Greeting(const input& in, const places& from) {
    return in_ascii(alt(seq(word("220 "), alt(Domain, address_literal), opt(seq(SP, textstring)), CRLF),
                        seq(word("220-"), alt(Domain, address_literal), opt(seq(SP, textstring)), CRLF,
                            any(seq(word("220-"), opt(textstring), CRLF)),
                            word("220"), opt(seq(SP, textstring)), CRLF)))(in, from);
}

// ehlo-greet = 1*(%d0-9 / %d11-12 / %d14-127)
inline places ehlo_greet(const input& in, const places& from) {
    return some(alt(range(0, 9), range(11, 12), range(14, 127)))(in, from);
}

// ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
inline places ehlo_keyword(const input& in, const places& from) {
    return seq(alt(ALPHA, DIGIT), any(alt(ALPHA, DIGIT, word("-"))))(in, from);
}

// ehlo-param = 1*(%d33-126)
inline places ehlo_param(const input& in, const places& from) { return some(range(33, 126))(in, from); }

// ehlo-line = ehlo-keyword *( SP ehlo-param )
inline places ehlo_line(const input& in, const places& from) {
    return seq(ehlo_keyword, any(seq(SP, ehlo_param)))(in, from);
}

// ehlo-ok-rsp = ( "250" SP Domain [ SP ehlo-greet ] CRLF ) /
//               ( "250-" Domain [ SP ehlo-greet ] CRLF
//                 *( "250-" ehlo-line CRLF ) "250" SP ehlo-line CRLF )
inline places ehlo_ok_rsp(const input& in, const places& from) {
    return in_ascii(alt(seq(word("250"), SP, Domain, opt(seq(SP, ehlo_greet)), CRLF),
                        seq(word("250-"), Domain, opt(seq(SP, ehlo_greet)), CRLF,
                            any(seq(word("250-"), ehlo_line, CRLF)),
                            word("250"), SP, ehlo_line, CRLF)))(in, from);
}

// ---------------------------------------------------------------------------
// RFC 3463 section 2: enhanced status codes
// ---------------------------------------------------------------------------

// subject = 1*3digit and detail = 1*3digit
// "Each numeric sub-code within the status-code MUST be expressed without
// leading zero digits."
inline places sub_code(const input& in, const places& from) {
    return where(repeat(1, 3, DIGIT),
                 [](std::string_view digits) { return digits.size() == 1 || digits[0] != '0'; })(in, from);
}

// class = "2" / "4" / "5"
inline places status_class(const input& in, const places& from) { return one_of("245")(in, from); }

// status-code = class "." subject "." detail
inline places status_code(const input& in, const places& from) {
    return seq(status_class, word("."), sub_code, word("."), sub_code)(in, from);
}

}  // namespace oracle
