// Test oracle: slow recognisers written straight from the ABNF of the RFCs.
//
// This file shares no code with include/. It exists to be compared with the
// fast parsers, so each function below is one ABNF production, written so
// that it can be checked against the RFC by eye.
//
// Method. A rule takes the text and a set of positions and returns the set of
// positions where a match can end that began at one of the given positions
// (so with one position in the set: all the ends of that production from
// there). Nothing is greedy and nothing is ordered: concatenation is one rule
// after the other, alternation is set union, repetition adds up the sets.
// A rule matches a text if the end of the text is among the ends from 0.
//
//     oracle::matches(oracle::Mailbox, "joe@example.org")
//     oracle::matches(oracle::Mailbox, text, true)     // with RFC 6531
//
// Lengths (64/255/256 octets) are not looked at by the rules; see "limits".
#ifndef EHLO_TESTS_UNIT_ORACLE_HPP
#define EHLO_TESTS_UNIT_ORACLE_HPP

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oracle {

// ---------------------------------------------------------------------------
// The machinery
// ---------------------------------------------------------------------------

// What is matched, and whether the productions of RFC 6531 are in force.
struct input {
    std::string_view text;
    bool utf8 = false;
};

// A set of positions in the text: sorted, each one once.
using places = std::vector<std::size_t>;

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

inline bool contains(const places& set, std::size_t place) {
    return std::find(set.begin(), set.end(), place) != set.end();
}

inline places set_union(places a, places b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    if (a.back() < b.front()) {  // as with each turn of a repetition: or those would be quadratic
        a.insert(a.end(), b.begin(), b.end());
        return a;
    }
    places result;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
    return result;
}

inline places set_difference(places a, const places& b) {
    if (a.empty() || b.empty() || b.back() < a.front()) return a;
    places result;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
    return result;
}

inline unsigned octet_at(const input& in, std::size_t place) {
    return static_cast<unsigned char>(in.text[place]);
}

inline unsigned lower(unsigned octet) {
    return octet >= 'A' && octet <= 'Z' ? octet + 32U : octet;
}

inline bool same_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(static_cast<unsigned char>(a[i])) != lower(static_cast<unsigned char>(b[i]))) return false;
    }
    return true;
}

// %dLOW-HIGH: one octet in a range.
inline auto range(unsigned low, unsigned high) {
    return [=](const input& in, const places& from) {
        places result;
        for (std::size_t place : from) {
            if (place < in.text.size() && octet_at(in, place) >= low && octet_at(in, place) <= high) {
                result.push_back(place + 1);
            }
        }
        return result;
    };
}

// "abc": a quoted ABNF string, which is case-insensitive (RFC 5234 2.3).
inline auto word(std::string_view literal) {
    return [=](const input& in, const places& from) {
        places result;
        for (std::size_t place : from) {
            if (same_ignoring_case(in.text.substr(place, literal.size()), literal)) {
                result.push_back(place + literal.size());
            }
        }
        return result;
    };
}

// One octet out of a list; the same as "a" / "b" / "c" for signs that have no case.
inline auto one_of(std::string_view list) {
    return [=](const input& in, const places& from) {
        places result;
        for (std::size_t place : from) {
            if (place < in.text.size() && list.find(in.text[place]) != std::string_view::npos) {
                result.push_back(place + 1);
            }
        }
        return result;
    };
}

// a b c: concatenation.
template <class First, class... Rest>
auto seq(First first, Rest... rest) {
    return [=](const input& in, const places& from) {
        places now = first(in, from);
        ((now = now.empty() ? places{} : rest(in, now)), ...);
        return now;
    };
}

// a / b / c: alternation.
template <class... Rules>
auto alt(Rules... rules) {
    return [=](const input& in, const places& from) {
        places result;
        ((result = set_union(std::move(result), rules(in, from))), ...);
        return result;
    };
}

// [ a ]: zero or one.
template <class Rule>
auto opt(Rule rule) {
    return [=](const input& in, const places& from) { return set_union(from, rule(in, from)); };
}

// least*most a: repetition.
template <class Rule>
auto repeat(std::size_t least, std::size_t most, Rule rule) {
    return [=](const input& in, const places& from) {
        places result = least == 0 ? from : places{};
        places now = from;
        for (std::size_t times = 1; times <= most && !now.empty(); ++times) {
            now = rule(in, now);
            if (times < least) continue;
            // Where an endless repetition has already been, nothing new follows.
            if (most == unlimited) now = set_difference(std::move(now), result);
            result = set_union(std::move(result), now);
        }
        return result;
    };
}

// *a and 1*a
template <class Rule>
auto any(Rule rule) { return repeat(0, unlimited, rule); }
template <class Rule>
auto some(Rule rule) { return repeat(1, unlimited, rule); }

// Matches of rule whose text also satisfies a condition that ABNF states in a
// comment: good(text) is asked for each pair of begin and end.
template <class Rule, class Condition>
auto where(Rule rule, Condition good) {
    return [=](const input& in, const places& from) {
        places result;
        for (std::size_t begin : from) {
            places ends;
            for (std::size_t end : rule(in, places{begin})) {
                if (good(in.text.substr(begin, end - begin))) ends.push_back(end);
            }
            result = set_union(std::move(result), ends);
        }
        return result;
    };
}

// The rule without the extensions of RFC 6531.
template <class Rule>
auto in_ascii(Rule rule) {
    return [=](const input& in, const places& from) { return rule(input{in.text, false}, from); };
}

// The rule only if the extensions of RFC 6531 are in force.
template <class Rule>
auto only_utf8(Rule rule) {
    return [=](const input& in, const places& from) { return in.utf8 ? rule(in, from) : places{}; };
}

// Does the whole text match the rule?
template <class Rule>
bool matches(Rule rule, std::string_view text, bool utf8 = false) {
    return contains(rule(input{text, utf8}, places{0}), text.size());
}

// ---------------------------------------------------------------------------
// RFC 5234 Appendix B.1: core rules
// ---------------------------------------------------------------------------

// ALPHA = %x41-5A / %x61-7A
inline places ALPHA(const input& in, const places& from) {
    return alt(range(0x41, 0x5A), range(0x61, 0x7A))(in, from);
}

// DIGIT = %x30-39
inline places DIGIT(const input& in, const places& from) { return range(0x30, 0x39)(in, from); }

// HEXDIG = DIGIT / "A" / "B" / "C" / "D" / "E" / "F"
inline places HEXDIG(const input& in, const places& from) {
    return alt(DIGIT, word("A"), word("B"), word("C"), word("D"), word("E"), word("F"))(in, from);
}

// DQUOTE = %x22
inline places DQUOTE(const input& in, const places& from) { return range(0x22, 0x22)(in, from); }

// SP = %x20
inline places SP(const input& in, const places& from) { return range(0x20, 0x20)(in, from); }

// HTAB = %x09
inline places HTAB(const input& in, const places& from) { return range(0x09, 0x09)(in, from); }

// WSP = SP / HTAB
inline places WSP(const input& in, const places& from) { return alt(SP, HTAB)(in, from); }

// CRLF = CR LF
inline places CRLF(const input& in, const places& from) {
    return seq(range(0x0D, 0x0D), range(0x0A, 0x0A))(in, from);
}

// ---------------------------------------------------------------------------
// RFC 3629 section 4: UTF-8, as used by RFC 6531 and RFC 6532
// ---------------------------------------------------------------------------

// UTF8-tail = %x80-BF
inline places UTF8_tail(const input& in, const places& from) { return range(0x80, 0xBF)(in, from); }

// UTF8-2 = %xC2-DF UTF8-tail
inline places UTF8_2(const input& in, const places& from) {
    return seq(range(0xC2, 0xDF), UTF8_tail)(in, from);
}

// UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
//          %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
inline places UTF8_3(const input& in, const places& from) {
    return alt(seq(range(0xE0, 0xE0), range(0xA0, 0xBF), UTF8_tail),
               seq(range(0xE1, 0xEC), repeat(2, 2, UTF8_tail)),
               seq(range(0xED, 0xED), range(0x80, 0x9F), UTF8_tail),
               seq(range(0xEE, 0xEF), repeat(2, 2, UTF8_tail)))(in, from);
}

// UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) /
//          %xF4 %x80-8F 2( UTF8-tail )
inline places UTF8_4(const input& in, const places& from) {
    return alt(seq(range(0xF0, 0xF0), range(0x90, 0xBF), repeat(2, 2, UTF8_tail)),
               seq(range(0xF1, 0xF3), repeat(3, 3, UTF8_tail)),
               seq(range(0xF4, 0xF4), range(0x80, 0x8F), repeat(2, 2, UTF8_tail)))(in, from);
}

// UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4             (RFC 6532 3.1)
inline places UTF8_non_ascii(const input& in, const places& from) {
    return alt(UTF8_2, UTF8_3, UTF8_4)(in, from);
}

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

// ---------------------------------------------------------------------------
// The parts of a matching text. Each function tries every way of cutting the
// text and asks the rules above; nullopt if the text does not match.
// ---------------------------------------------------------------------------

struct mailbox_parts {
    std::string local_part;
    std::string domain;  // a Domain, or an address-literal with its brackets
};

inline std::optional<mailbox_parts> split_mailbox(std::string_view text, bool utf8 = false) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '@') continue;
        const std::string_view left = text.substr(0, at), right = text.substr(at + 1);
        if (matches(Local_part, left, utf8) && matches(alt(Domain, address_literal), right, utf8)) {
            return mailbox_parts{std::string(left), std::string(right)};
        }
    }
    return std::nullopt;
}

struct path_parts {
    std::vector<std::string> route;  // the domains of A-d-l, without "@"
    std::string mailbox;             // empty for "<>", "Postmaster" for "<Postmaster>"
};

// Takes what Reverse_path or Forward_path matches.
inline std::optional<path_parts> split_path(std::string_view text, bool utf8 = false) {
    if (!matches(Reverse_path, text, utf8) && !matches(Forward_path, text, utf8)) return std::nullopt;
    const std::string_view inner = text.substr(1, text.size() - 2);
    for (std::size_t colon = 0; colon < inner.size(); ++colon) {
        if (inner[colon] != ':' || !matches(A_d_l, inner.substr(0, colon), utf8) ||
            !matches(Mailbox, inner.substr(colon + 1), utf8)) {
            continue;
        }
        path_parts result{{}, std::string(inner.substr(colon + 1))};
        std::string domain;
        for (char c : inner.substr(1, colon - 1)) {  // no domain contains "@" or ","
            if (c == ',') {
                result.route.push_back(domain);
                domain.clear();
            } else if (c != '@') {
                domain += c;
            }
        }
        result.route.push_back(domain);
        return result;
    }
    return path_parts{{}, std::string(inner)};
}

struct parameter {
    std::string keyword;
    std::optional<std::string> value;
    friend bool operator==(const parameter&, const parameter&) = default;
};

// Takes what Mail_parameters matches.
inline std::optional<std::vector<parameter>> split_parameters(std::string_view text, bool utf8 = false) {
    if (!matches(Mail_parameters, text, utf8)) return std::nullopt;
    std::vector<parameter> result(1);
    for (char c : text) {
        parameter& last = result.back();
        if (c == ' ') {
            result.emplace_back();
        } else if (c == '=') {
            last.value.emplace();
        } else if (last.value) {
            *last.value += c;
        } else {
            last.keyword += c;
        }
    }
    return result;
}

struct command_parts {
    std::string verb;      // four upper-case letters
    std::string argument;  // domain or literal, path, or rest of line; may be empty
    std::vector<parameter> parameters;
};

// Takes what `command` matches.
inline std::optional<command_parts> split_command(std::string_view line, bool utf8 = false) {
    if (!matches(command, line, utf8)) return std::nullopt;
    while (line.back() == ' ' || line.back() == '\t') line.remove_suffix(1);
    command_parts result;
    for (char c : line.substr(0, 4)) result.verb += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    const bool is_rcpt = result.verb == "RCPT";
    if (!is_rcpt && result.verb != "MAIL" && result.verb != "SEND" && result.verb != "SOML" &&
        result.verb != "SAML") {
        if (line.size() > 5) result.argument = line.substr(5);
        return result;
    }
    const std::string_view tail = line.substr(is_rcpt ? 8 : 10);
    for (std::size_t end = 1; end <= tail.size(); ++end) {
        const std::string_view path = tail.substr(0, end);
        if (!(is_rcpt ? matches(Forward_path, path, utf8) : matches(Reverse_path, path, utf8))) continue;
        if (end == tail.size()) {
            result.argument = path;
            return result;
        }
        const auto parameters = split_parameters(tail.substr(end + 1), utf8);
        if (tail[end] == ' ' && parameters) {
            result.argument = path;
            result.parameters = *parameters;
            return result;
        }
    }
    return std::nullopt;
}

// What a local-part means once its quoting is taken away (RFC 5321 4.1.2:
// "all quoted forms MUST be treated as equivalent").
inline std::string unquote(std::string_view local_part) {
    if (local_part.empty() || local_part.front() != '"') return std::string(local_part);
    std::string result;
    for (std::size_t i = 1; i + 1 < local_part.size(); ++i) {
        if (local_part[i] == '\\') ++i;
        result += local_part[i];
    }
    return result;
}

// "the sending system SHOULD transmit the form that uses the minimum quoting
// possible"
inline std::string least_quoted(std::string_view local_part, bool utf8 = false) {
    const std::string plain = unquote(local_part);
    if (matches(Dot_string, plain, utf8)) return plain;
    std::string result = "\"";
    for (char c : plain) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

// ---------------------------------------------------------------------------
// RFC 5321 4.5.3.1: limits, in octets; not part of the rules
// ---------------------------------------------------------------------------

namespace limits {

inline constexpr std::size_t local_part = 64;  // 4.5.3.1.1
inline constexpr std::size_t domain = 255;     // 4.5.3.1.2, "domain name or number"
inline constexpr std::size_t path = 256;       // 4.5.3.1.3, with punctuation and separators

// A Domain or an address-literal with its brackets.
inline bool domain_fits(std::string_view text) { return text.size() <= domain; }

inline bool local_part_fits(std::string_view text) { return text.size() <= local_part; }

// Takes what Mailbox matches.
inline bool mailbox_fits(std::string_view text, bool utf8 = false) {
    const auto parts = split_mailbox(text, utf8);
    return parts && local_part_fits(parts->local_part) && domain_fits(parts->domain);
}

// Takes what Reverse_path or Forward_path matches.
inline bool path_fits(std::string_view text, bool utf8 = false) {
    const auto parts = split_path(text, utf8);
    if (!parts || text.size() > path) return false;
    for (const std::string& hop : parts->route) {
        if (!domain_fits(hop)) return false;
    }
    if (parts->mailbox.find('@') == std::string::npos) return true;  // <> and <Postmaster>
    return mailbox_fits(parts->mailbox, utf8);
}

}  // namespace limits

// ---------------------------------------------------------------------------
// RFC 5321 4.1.1.4 and 4.5.2: mail data
// ---------------------------------------------------------------------------

// Cut at each CRLF. The last element is what follows the last CRLF: empty if
// the text ends with CRLF or is empty.
inline std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    for (;;) {
        const std::size_t end = text.find("\r\n");
        lines.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return lines;
        text.remove_prefix(end + 2);
    }
}

// A CR that is not followed by LF.
inline std::size_t count_bare_cr(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) ++count;
    }
    return count;
}

// An LF that does not follow a CR.
inline std::size_t count_bare_lf(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) ++count;
    }
    return count;
}

struct decoded {
    std::string text;           // with the CRLF of its last line, without the end mark
    bool ended = false;         // was the end of data seen?
    std::size_t consumed = 0;   // up to and with the end mark; everything if not ended
    std::size_t undecided = 0;  // if not ended: octets at the end of the input that depend on
                                // what comes next; they are neither in text nor in the counts
    std::size_t bare_cr = 0;    // counted in the input before the end mark
    std::size_t bare_lf = 0;
    std::size_t nul = 0;
    std::size_t long_lines = 0;  // more than 998 octets without CRLF and without the removed dot
};

// Where the end mark begins and ends: only CRLF "." CRLF, or "." CRLF at the
// very start, where the CRLF before it is that of the DATA command. The first
// CRLF belongs to the text.
inline std::optional<std::size_t> find_end_mark(std::string_view in) {
    if (in.substr(0, 3) == ".\r\n") return 0;
    const std::size_t found = in.find("\r\n.\r\n");
    if (found == std::string_view::npos) return std::nullopt;
    return found + 2;
}

inline decoded decode(std::string_view in) {
    decoded result;
    std::string_view body = in;
    if (const auto mark = find_end_mark(in)) {
        result.ended = true;
        result.consumed = *mark + 3;
        body = in.substr(0, *mark);
    } else {
        result.consumed = in.size();
        // The last line is not complete. It may still turn out to be the end
        // mark, and a CR may still turn out to be half of a CRLF.
        const std::string last = split_lines(in).back();
        if (last == ".") result.undecided = 1;
        else if (last == ".\r") result.undecided = 2;
        else if (!last.empty() && last.back() == '\r') result.undecided = 1;
        body.remove_suffix(result.undecided);
    }
    result.bare_cr = count_bare_cr(body);
    result.bare_lf = count_bare_lf(body);
    result.nul = static_cast<std::size_t>(std::count(body.begin(), body.end(), '\0'));
    bool first = true;
    for (std::string line : split_lines(body)) {
        // "If the first character is a period and there are other characters
        // on the line, the first character is deleted." (4.5.2)
        if (!line.empty() && line[0] == '.') line.erase(0, 1);
        if (line.size() > 998) ++result.long_lines;
        if (!first) result.text += "\r\n";
        result.text += line;
        first = false;
    }
    return result;
}

// The text as it is sent, without the end mark: one more "." before each line
// that begins with one, and CRLF at the end unless it is there or the text is
// empty. nullopt if the text contains a bare CR or LF (2.3.8).
inline std::optional<std::string> encode(std::string_view text) {
    if (count_bare_cr(text) != 0 || count_bare_lf(text) != 0) return std::nullopt;
    std::string result;
    std::vector<std::string> lines = split_lines(text);
    if (lines.back().empty()) lines.pop_back();
    for (const std::string& line : lines) {
        if (!line.empty() && line[0] == '.') result += '.';
        result += line + "\r\n";
    }
    return result;
}

// The same with the end mark.
inline std::optional<std::string> encode_with_end(std::string_view text) {
    auto result = encode(text);
    if (result) *result += ".\r\n";
    return result;
}

}  // namespace oracle

#endif
