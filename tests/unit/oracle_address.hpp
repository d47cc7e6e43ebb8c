// The rules of RFC 5321 4.1.2 and 4.1.3: domains, address literals, mailboxes, paths, parameters.
#pragma once

#include "oracle_rules.hpp"

namespace oracle {

// ---------------------------------------------------------------------------
// RFC 5321 4.1.2: domains
// ---------------------------------------------------------------------------

// Let-dig = ALPHA / DIGIT
inline places Let_dig(const input& in, const places& from) { return alt(ALPHA, DIGIT)(in, from); }

// Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
inline places Ldh_str(const input& in, const places& from) {
    return seq(any(alt(ALPHA, DIGIT, word("-"))), Let_dig)(in, from);
}

// U-label (RFC 5890 2.3.2.1), here without the tables of IDNA: a label in
// which well-formed non-ASCII characters may stand wherever a letter or digit
// may stand.
inline places U_label(const input& in, const places& from) {
    return seq(alt(ALPHA, DIGIT, UTF8_non_ascii),
               opt(seq(any(alt(ALPHA, DIGIT, UTF8_non_ascii, word("-"))),
                       alt(ALPHA, DIGIT, UTF8_non_ascii))))(in, from);
}

// sub-domain = Let-dig [Ldh-str]
// sub-domain =/ U-label                                 (RFC 6531 3.3)
inline places sub_domain(const input& in, const places& from) {
    return alt(seq(Let_dig, opt(Ldh_str)), only_utf8(U_label))(in, from);
}

// Domain = sub-domain *("." sub-domain)
inline places Domain(const input& in, const places& from) {
    return seq(sub_domain, any(seq(word("."), sub_domain)))(in, from);
}

// ---------------------------------------------------------------------------
// RFC 5321 4.1.3: address literals
// ---------------------------------------------------------------------------

// Snum = 1*3DIGIT
//      ; representing a decimal integer value in the range 0 through 255
inline places Snum(const input& in, const places& from) {
    return where(repeat(1, 3, DIGIT),
                 [](std::string_view digits) { return std::stoi(std::string(digits)) <= 255; })(in, from);
}

// IPv4-address-literal = Snum 3("." Snum)
inline places IPv4_address_literal(const input& in, const places& from) {
    return seq(Snum, repeat(3, 3, seq(word("."), Snum)))(in, from);
}

// IPv6-hex = 1*4HEXDIG
inline places IPv6_hex(const input& in, const places& from) { return repeat(1, 4, HEXDIG)(in, from); }

// IPv6-full = IPv6-hex 7(":" IPv6-hex)
inline places IPv6_full(const input& in, const places& from) {
    return seq(IPv6_hex, repeat(7, 7, seq(word(":"), IPv6_hex)))(in, from);
}

// Not a production of its own: exactly `count` groups of hexadecimal digits
// with ":" between them; none at all for 0.
inline auto IPv6_groups(std::size_t count) {
    return [=](const input& in, const places& from) {
        if (count == 0) return from;
        return seq(IPv6_hex, repeat(count - 1, count - 1, seq(word(":"), IPv6_hex)))(in, from);
    };
}

// IPv6-comp = [IPv6-hex *5(":" IPv6-hex)] "::" [IPv6-hex *5(":" IPv6-hex)]
//           ; The "::" represents at least 2 16-bit groups of zeros. No more
//           ; than 6 groups in addition to the "::" may be present.
// Written out: b groups before and a groups after, 0..6 each and b + a <= 6.
inline places IPv6_comp(const input& in, const places& from) {
    places result;
    for (std::size_t before = 0; before <= 6; ++before) {
        const places middle = seq(IPv6_groups(before), word("::"))(in, from);
        if (middle.empty()) continue;
        for (std::size_t after = 0; before + after <= 6; ++after) {
            result = set_union(std::move(result), IPv6_groups(after)(in, middle));
        }
    }
    return result;
}

// IPv6v4-full = IPv6-hex 5(":" IPv6-hex) ":" IPv4-address-literal
inline places IPv6v4_full(const input& in, const places& from) {
    return seq(IPv6_hex, repeat(5, 5, seq(word(":"), IPv6_hex)), word(":"), IPv4_address_literal)(in, from);
}

// IPv6v4-comp = [IPv6-hex *3(":" IPv6-hex)] "::" [IPv6-hex *3(":" IPv6-hex) ":"]
//               IPv4-address-literal
//             ; No more than 4 groups in addition to the "::" and
//             ; IPv4-address-literal may be present.
inline places IPv6v4_comp(const input& in, const places& from) {
    places result;
    for (std::size_t before = 0; before <= 4; ++before) {
        const places middle = seq(IPv6_groups(before), word("::"))(in, from);
        if (middle.empty()) continue;
        result = set_union(std::move(result), IPv4_address_literal(in, middle));
        for (std::size_t after = 1; before + after <= 4; ++after) {
            result = set_union(std::move(result),
                               seq(IPv6_groups(after), word(":"), IPv4_address_literal)(in, middle));
        }
    }
    return result;
}

// IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
inline places IPv6_addr(const input& in, const places& from) {
    return alt(IPv6_full, IPv6_comp, IPv6v4_full, IPv6v4_comp)(in, from);
}

// IPv6-address-literal = "IPv6:" IPv6-addr
inline places IPv6_address_literal(const input& in, const places& from) {
    return seq(word("IPv6:"), IPv6_addr)(in, from);
}

// Standardized-tag = Ldh-str
//                  ; MUST be specified in a Standards-Track RFC and
//                  ; registered with IANA
// The tag IPv6 has a rule of its own and is no tag of the general form. No registered tag is hexadecimal digits alone: that is the
// first group of an IPv6 address whose tag is missing.
inline places Standardized_tag(const input& in, const places& from) {
    return where(Ldh_str, [](std::string_view tag) {
        return !same_ignoring_case(tag, "IPv6") && tag.find_first_not_of("0123456789abcdefABCDEF") != tag.npos;
    })(in, from);
}

// dcontent = %d33-90 / %d94-126
inline places dcontent(const input& in, const places& from) {
    return alt(range(33, 90), range(94, 126))(in, from);
}

// General-address-literal = Standardized-tag ":" 1*dcontent
inline places General_address_literal(const input& in, const places& from) {
    return seq(Standardized_tag, word(":"), some(dcontent))(in, from);
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
//                   General-address-literal ) "]"       (RFC 5321 4.1.2)
inline places address_literal(const input& in, const places& from) {
    return seq(word("["), alt(IPv4_address_literal, IPv6_address_literal, General_address_literal),
               word("]"))(in, from);
}

// ---------------------------------------------------------------------------
// RFC 5321 4.1.2: local-part, mailbox, path
// ---------------------------------------------------------------------------

// atext = ALPHA / DIGIT / "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" /
//         "/" / "=" / "?" / "^" / "_" / "`" / "{" / "|" / "}" / "~"  (RFC 5322 3.2.3)
// atext =/ UTF8-non-ascii                               (RFC 6531 3.3)
inline places atext(const input& in, const places& from) {
    return alt(ALPHA, DIGIT, one_of("!#$%&'*+-/=?^_`{|}~"), only_utf8(UTF8_non_ascii))(in, from);
}

// Atom = 1*atext
inline places Atom(const input& in, const places& from) { return some(atext)(in, from); }

// Dot-string = Atom *("." Atom)
inline places Dot_string(const input& in, const places& from) {
    return seq(Atom, any(seq(word("."), Atom)))(in, from);
}

// qtextSMTP = %d32-33 / %d35-91 / %d93-126
// qtextSMTP =/ UTF8-non-ascii                           (RFC 6531 3.3)
inline places qtextSMTP(const input& in, const places& from) {
    return alt(range(32, 33), range(35, 91), range(93, 126), only_utf8(UTF8_non_ascii))(in, from);
}

// quoted-pairSMTP = %d92 %d32-126
inline places quoted_pairSMTP(const input& in, const places& from) {
    return seq(range(92, 92), range(32, 126))(in, from);
}

// QcontentSMTP = qtextSMTP / quoted-pairSMTP
inline places QcontentSMTP(const input& in, const places& from) {
    return alt(qtextSMTP, quoted_pairSMTP)(in, from);
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
inline places Quoted_string(const input& in, const places& from) {
    return seq(DQUOTE, any(QcontentSMTP), DQUOTE)(in, from);
}

// String = Atom / Quoted-string
inline places String(const input& in, const places& from) { return alt(Atom, Quoted_string)(in, from); }

// Local-part = Dot-string / Quoted-string
inline places Local_part(const input& in, const places& from) {
    return alt(Dot_string, Quoted_string)(in, from);
}

// Mailbox = Local-part "@" ( Domain / address-literal )
inline places Mailbox(const input& in, const places& from) {
    return seq(Local_part, word("@"), alt(Domain, address_literal))(in, from);
}

// At-domain = "@" Domain
inline places At_domain(const input& in, const places& from) { return seq(word("@"), Domain)(in, from); }

// A-d-l = At-domain *( "," At-domain )
inline places A_d_l(const input& in, const places& from) {
    return seq(At_domain, any(seq(word(","), At_domain)))(in, from);
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"
inline places Path(const input& in, const places& from) {
    return seq(word("<"), opt(seq(A_d_l, word(":"))), Mailbox, word(">"))(in, from);
}

// Reverse-path = Path / "<>"
inline places Reverse_path(const input& in, const places& from) { return alt(Path, word("<>"))(in, from); }

// Forward-path = Path
// together with the two forms that the rcpt production sets beside it
// (RFC 5321 4.1.1.3): "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path
inline places Forward_path(const input& in, const places& from) {
    return alt(seq(word("<Postmaster@"), Domain, word(">")), word("<Postmaster>"), Path)(in, from);
}

// ---------------------------------------------------------------------------
// RFC 5321 4.1.2: parameters
// ---------------------------------------------------------------------------

// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
inline places esmtp_keyword(const input& in, const places& from) {
    return seq(alt(ALPHA, DIGIT), any(alt(ALPHA, DIGIT, word("-"))))(in, from);
}

// esmtp-value = 1*(%d33-60 / %d62-126)
// esmtp-value =/ UTF8-non-ascii                         (RFC 6531 3.3)
// Read as an addition to the characters: 1*(%d33-60 / %d62-126 / UTF8-non-ascii).
// By the letter it would be one single non-ASCII character and nothing else.
inline places esmtp_value(const input& in, const places& from) {
    return some(alt(range(33, 60), range(62, 126), only_utf8(UTF8_non_ascii)))(in, from);
}

// esmtp-param = esmtp-keyword ["=" esmtp-value]
inline places esmtp_param(const input& in, const places& from) {
    return seq(esmtp_keyword, opt(seq(word("="), esmtp_value)))(in, from);
}

// Mail-parameters = esmtp-param *(SP esmtp-param)
inline places Mail_parameters(const input& in, const places& from) {
    return seq(esmtp_param, any(seq(SP, esmtp_param)))(in, from);
}

// Rcpt-parameters = esmtp-param *(SP esmtp-param)
inline places Rcpt_parameters(const input& in, const places& from) {
    return seq(esmtp_param, any(seq(SP, esmtp_param)))(in, from);
}

}  // namespace oracle
