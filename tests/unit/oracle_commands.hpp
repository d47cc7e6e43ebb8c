// The rules of commands: RFC 5321 4.1.1, and those of extensions.
#pragma once

#include "oracle_address.hpp"

namespace oracle {

// ---------------------------------------------------------------------------
// RFC 5321 4.1.1: commands, each without its CRLF
// ---------------------------------------------------------------------------

// "SMTP receivers SHOULD tolerate trailing white space before the terminating
// <CRLF>" (4.1.1): every command ends with this.
inline places trailing(const input& in, const places& from) { return any(WSP)(in, from); }

// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
// Always ASCII (RFC 6531 3.7.1).
inline places ehlo(const input& in, const places& from) {
    return seq(word("EHLO"), SP, in_ascii(alt(Domain, address_literal)), trailing)(in, from);
}

// helo = "HELO" SP Domain CRLF
inline places helo(const input& in, const places& from) {
    return seq(word("HELO"), SP, in_ascii(Domain), trailing)(in, from);
}

// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
inline places mail(const input& in, const places& from) {
    return seq(word("MAIL FROM:"), Reverse_path, opt(seq(SP, Mail_parameters)), trailing)(in, from);
}

// send = "SEND" SP "FROM:" reverse-path CRLF  (RFC 821 4.1.1), with parameters as in mail
inline places send(const input& in, const places& from) {
    return seq(word("SEND FROM:"), Reverse_path, opt(seq(SP, Mail_parameters)), trailing)(in, from);
}

// soml = "SOML" SP "FROM:" reverse-path CRLF  (RFC 821 4.1.1), with parameters as in mail
inline places soml(const input& in, const places& from) {
    return seq(word("SOML FROM:"), Reverse_path, opt(seq(SP, Mail_parameters)), trailing)(in, from);
}

// saml = "SAML" SP "FROM:" reverse-path CRLF  (RFC 821 4.1.1), with parameters as in mail
inline places saml(const input& in, const places& from) {
    return seq(word("SAML FROM:"), Reverse_path, opt(seq(SP, Mail_parameters)), trailing)(in, from);
}

// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" /
//        Forward-path ) [SP Rcpt-parameters] CRLF
inline places rcpt(const input& in, const places& from) {
    return seq(word("RCPT TO:"), Forward_path, opt(seq(SP, Rcpt_parameters)), trailing)(in, from);
}

// data = "DATA" CRLF
inline places data(const input& in, const places& from) { return seq(word("DATA"), trailing)(in, from); }

// rset = "RSET" CRLF
inline places rset(const input& in, const places& from) { return seq(word("RSET"), trailing)(in, from); }

// quit = "QUIT" CRLF
inline places quit(const input& in, const places& from) { return seq(word("QUIT"), trailing)(in, from); }

// turn = "TURN" CRLF                                    (RFC 821 4.1.1)
inline places turn(const input& in, const places& from) { return seq(word("TURN"), trailing)(in, from); }

// The argument of VRFY, EXPN, HELP and NOOP is taken as the rest of the line,
// since String fits neither local@domain nor free text (3.5.1): any octets but
// NUL, CR and LF. The white space at the end of the line is no part of it, so
// the last octet of an argument is neither SP nor HTAB.
inline places line_octet(const input& in, const places& from) {
    return alt(range(1, 9), range(11, 12), range(14, 255))(in, from);
}
inline places rest_of_line(const input& in, const places& from) {
    return seq(any(line_octet), alt(range(1, 8), range(11, 12), range(14, 31), range(33, 255)))(in, from);
}

// vrfy = "VRFY" SP String CRLF
inline places vrfy(const input& in, const places& from) {
    return seq(word("VRFY"), SP, rest_of_line, trailing)(in, from);
}

// expn = "EXPN" SP String CRLF
inline places expn(const input& in, const places& from) {
    return seq(word("EXPN"), SP, rest_of_line, trailing)(in, from);
}

// help = "HELP" [ SP String ] CRLF
inline places help(const input& in, const places& from) {
    return seq(word("HELP"), opt(seq(SP, rest_of_line)), trailing)(in, from);
}

// noop = "NOOP" [ SP String ] CRLF
inline places noop(const input& in, const places& from) {
    return seq(word("NOOP"), opt(seq(SP, rest_of_line)), trailing)(in, from);
}

// The same four by the letter of RFC 5321, and of RFC 6531 3.7.4.2:
// vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] CRLF
inline places vrfy_strict(const input& in, const places& from) {
    return seq(word("VRFY"), SP, String, opt(only_utf8(seq(SP, word("SMTPUTF8")))), trailing)(in, from);
}
inline places expn_strict(const input& in, const places& from) {
    return seq(word("EXPN"), SP, String, opt(only_utf8(seq(SP, word("SMTPUTF8")))), trailing)(in, from);
}
inline places help_strict(const input& in, const places& from) {
    return seq(word("HELP"), opt(seq(SP, String)), trailing)(in, from);
}
inline places noop_strict(const input& in, const places& from) {
    return seq(word("NOOP"), opt(seq(SP, String)), trailing)(in, from);
}

// Any of the commands above.
inline places command(const input& in, const places& from) {
    return alt(ehlo, helo, mail, send, soml, saml, rcpt, data, rset, vrfy, expn, help, noop, quit,
               turn)(in, from);
}

// ---------------------------------------------------------------------------
// The commands of extensions, each without its CRLF. ASCII all of them
// ---------------------------------------------------------------------------

// VCHAR = %x21-7E
inline places VCHAR(const input& in, const places& from) { return range(0x21, 0x7E)(in, from); }

// xchar = %x21-2A / %x2C-3C / %x3E-7E                   (RFC 3461 4)
inline places xchar(const input& in, const places& from) {
    return alt(range(0x21, 0x2A), range(0x2C, 0x3C), range(0x3E, 0x7E))(in, from);
}

// hexchar = "+" and two upper-case hexadecimal digits (RFC 3461 4)
// Less the controls and what is not ASCII: those are refused wherever they hide.
inline places hexchar(const input& in, const places& from) {
    return where(seq(word("+"), repeat(2, 2, HEXDIG)), [](std::string_view text) {
        const int octet = std::stoi(std::string(text.substr(1)), nullptr, 16);
        if (text.find_first_of("abcdef") != text.npos) return false;
        return octet >= 32 && octet < 127;
    })(in, from);
}

// xtext = *( xchar / hexchar )
inline places xtext(const input& in, const places& from) { return any(alt(xchar, hexchar))(in, from); }

// base64-char = ALPHA / DIGIT / "+" / "/"               (RFC 4954 8)
inline places base64_char(const input& in, const places& from) {
    return alt(ALPHA, DIGIT, word("+"), word("/"))(in, from);
}

// base64-terminal = (2base64-char "==") / (3base64-char "=")
// The bits that the padding cuts off are 0 (RFC 4648 3.5): so few characters may stand before it.
inline places base64_terminal(const input& in, const places& from) {
    return alt(seq(base64_char, one_of("AQgw"), word("==")),
               seq(base64_char, base64_char, one_of("AEIMQUYcgkosw048"), word("=")))(in, from);
}

// base64 = base64-terminal / ( 1*(4base64-char) [base64-terminal] )
inline places base64(const input& in, const places& from) {
    return alt(base64_terminal, seq(some(repeat(4, 4, base64_char)), opt(base64_terminal)))(in, from);
}

// sasl-mech = 1*20( %x41-5A / DIGIT / "-" / "_" )
// In any case: names of mechanisms are compared so (RFC 4954 4).
inline places sasl_mech(const input& in, const places& from) {
    return repeat(1, 20, alt(ALPHA, DIGIT, word("-"), word("_")))(in, from);
}

// auth-command = "AUTH" SP sasl-mech [SP initial-response] ..., its first line
// initial-response = base64 / "="
inline places auth(const input& in, const places& from) {
    return seq(word("AUTH"), SP, sasl_mech, opt(seq(SP, alt(base64, word("=")))), trailing)(in, from);
}

// bdat-cmd = "BDAT" SP 1*DIGIT [ SP "LAST" ] CRLF       (RFC 3030 2)
inline places bdat(const input& in, const places& from) {
    return seq(word("BDAT"), SP, some(DIGIT), opt(seq(SP, word("LAST"))), trailing)(in, from);
}

// burl-cmd = "BURL" SP absolute-URI [ SP "LAST" ] CRLF  (RFC 4468 3.2)
// Of absolute-URI (RFC 3986 4.3) only this: scheme ":" 1*VCHAR,
// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
inline places burl(const input& in, const places& from) {
    return seq(word("BURL"), SP, ALPHA, any(alt(ALPHA, DIGIT, one_of("+-."))), word(":"), some(VCHAR),
               opt(seq(SP, word("LAST"))), trailing)(in, from);
}

// etrn-cmd = "ETRN" SP [ "@" / "#" ] 1*VCHAR CRLF       (RFC 1985 5)
// A "@" or "#" in front is the option character, never the node itself.
inline places etrn(const input& in, const places& from) {
    return seq(word("ETRN"), SP,
               alt(seq(one_of("@#"), some(VCHAR)),
                   seq(alt(range(0x21, 0x22), range(0x24, 0x3F), range(0x41, 0x7E)), any(VCHAR))),
               trailing)(in, from);
}

// atrn-cmd = "ATRN" [ SP Domain *( "," Domain ) ] CRLF  (RFC 2645 5.2.1)
// with two labels or more in each domain
inline places atrn(const input& in, const places& from) {
    const auto domain = where(in_ascii(Domain), [](std::string_view text) {
        return text.find('.') != std::string_view::npos;
    });
    return seq(word("ATRN"), opt(seq(SP, domain, any(seq(word(","), domain)))), trailing)(in, from);
}

// LHLO as EHLO                                          (RFC 2033 4.1)
inline places lhlo(const input& in, const places& from) {
    return seq(word("LHLO"), SP, in_ascii(alt(Domain, address_literal)), trailing)(in, from);
}

// "STARTTLS" CRLF                                       (RFC 3207 4)
inline places starttls(const input& in, const places& from) {
    return seq(word("STARTTLS"), trailing)(in, from);
}

// VERB and ONEX of sendmail
inline places verb(const input& in, const places& from) {
    return seq(word("VERB"), opt(seq(SP, rest_of_line)), trailing)(in, from);
}
inline places onex(const input& in, const places& from) { return seq(word("ONEX"), trailing)(in, from); }

// "XCLIENT" 1*( SP attribute "=" xtext ), a value of 1 to 255 octets  (Postfix XCLIENT_README)
inline places attribute_value(const input& in, const places& from) {
    return where(xtext, [](std::string_view text) { return !text.empty() && text.size() <= 255; })(in, from);
}
inline places xclient(const input& in, const places& from) {
    return seq(word("XCLIENT"),
               some(seq(SP,
                        alt(word("NAME"), word("ADDR"), word("PORT"), word("PROTO"), word("HELO"), word("LOGIN"),
                            word("DESTADDR"), word("DESTPORT")),
                        word("="), attribute_value)),
               trailing)(in, from);
}
// XFORWARD likewise                                     (Postfix XFORWARD_README)
inline places xforward(const input& in, const places& from) {
    return seq(word("XFORWARD"),
               some(seq(SP,
                        alt(word("NAME"), word("ADDR"), word("PORT"), word("PROTO"), word("HELO"), word("IDENT"),
                            word("SOURCE")),
                        word("="), attribute_value)),
               trailing)(in, from);
}

// Any of the commands of this section.
inline places extended_command(const input& in, const places& from) {
    return alt(auth, bdat, burl, etrn, atrn, lhlo, starttls, verb, onex, xclient, xforward)(in, from);
}

}  // namespace oracle
