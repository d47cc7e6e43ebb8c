// Random sentences of the SMTP grammars, and a mutator.
//
// Deterministic: the same seed gives the same inputs with every compiler and
// library (splitmix64, no distributions of the standard library, and never two
// draws in one expression, whose order would be the compiler's choice). Shares
// no code with include/ nor with oracle.hpp.
//
// Each production has a generator with a size budget: roughly the number of
// octets or of repetitions it may spend. Alternatives are drawn so that the
// rare ones get a fair share. Generated sentences match the grammar; they may
// exceed the length limits of RFC 5321 4.5.3.1 if the budget is large.
#ifndef EHLO_TESTS_UNIT_GENERATE_HPP
#define EHLO_TESTS_UNIT_GENERATE_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace generate {

// How many inputs a test may draw: a twentieth of them where each takes ten times as long, and the others have been drawn elsewhere.
// EHLO_TEST_FEW is for emulators.
#if defined(__has_feature)
#define EHLO_HAS_FEATURE(x) __has_feature(x)
#else
#define EHLO_HAS_FEATURE(x) 0
#endif
#if defined(EHLO_TEST_FEW) || !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    EHLO_HAS_FEATURE(address_sanitizer) || EHLO_HAS_FEATURE(thread_sanitizer) || EHLO_HAS_FEATURE(memory_sanitizer)
inline constexpr bool draws_few = true;
#else
inline constexpr bool draws_few = false;
#endif
#undef EHLO_HAS_FEATURE
constexpr int drawn(int many) { return draws_few ? many / 20 : many; }

// splitmix64
class rng {
public:
    explicit rng(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }

    // 0 .. bound-1; 0 if bound is 0
    std::size_t below(std::size_t bound) {
        return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound);
    }

    // low .. high
    std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }

    // true once in n
    bool one_in(std::size_t n) { return below(n) == 0; }

    char pick(std::string_view list) { return list[below(list.size())]; }

private:
    std::uint64_t state_;
};

inline constexpr std::size_t usual_budget = 24;

inline constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline constexpr std::string_view digits = "0123456789";
inline constexpr std::string_view atext_signs = "!#$%&'*+-/=?^_`{|}~";

// How often something is repeated: mostly a few times, at times up to the budget.
inline std::size_t repeats(rng& r, std::size_t least, std::size_t budget) {
    const std::size_t extra = budget > least ? budget - least : 0;
    switch (r.below(8)) {
        case 0: return least;
        case 1: return least + r.below(extra + 1);
        case 2: case 3: return least + r.below(extra / 2 + 1);
        default: return least + r.below(extra < 4 ? extra + 1 : 4);
    }
}

inline char octet(unsigned value) { return static_cast<char>(static_cast<unsigned char>(value)); }

// One octet low..high
inline char octet_between(rng& r, unsigned low, unsigned high) {
    return octet(static_cast<unsigned>(r.between(low, high)));
}

inline char let_dig(rng& r) { return r.one_in(3) ? r.pick(digits) : r.pick(letters); }

// Letters in either case
inline std::string mixed_case(rng& r, std::string text) {
    const std::size_t style = r.below(3);
    for (char& c : text) {
        const bool up = style == 0 || (style == 1 && r.one_in(2));
        if (up && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        if (!up && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return text;
}

// UTF8-non-ascii, with the first and last of each range of lead octets
inline std::string utf8_non_ascii(rng& r) {
    std::string s;
    const auto tail = [&r](unsigned low = 0x80, unsigned high = 0xBF) {
        if (r.one_in(4)) return octet(low);
        if (r.one_in(4)) return octet(high);
        return octet_between(r, low, high);
    };
    switch (r.below(9)) {
        case 0: case 1: s += octet_between(r, 0xC2, 0xDF); break;
        case 2: s += octet(0xE0); s += tail(0xA0); break;
        case 3: s += octet_between(r, 0xE1, 0xEC); s += tail(); break;
        case 4: s += octet(0xED); s += tail(0x80, 0x9F); break;
        case 5: s += octet_between(r, 0xEE, 0xEF); s += tail(); break;
        case 6: s += octet(0xF0); s += tail(0x90); s += tail(); break;
        case 7: s += octet_between(r, 0xF1, 0xF3); s += tail(); s += tail(); break;
        default: s += octet(0xF4); s += tail(0x80, 0x8F); s += tail(); break;
    }
    return s += tail();
}

// Ldh-str
inline std::string ldh_str(rng& r, std::size_t budget = usual_budget) {
    std::string s;
    for (std::size_t n = repeats(r, 0, budget); n > 0; --n) s += r.one_in(4) ? '-' : let_dig(r);
    return s += let_dig(r);
}

// sub-domain, or U-label
inline std::string sub_domain(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    if (!utf8 || r.one_in(2)) {
        std::string s(1, let_dig(r));
        if (!r.one_in(4)) s += ldh_str(r, budget);
        return s;
    }
    const auto letter = [&r] { return r.one_in(2) ? utf8_non_ascii(r) : std::string(1, let_dig(r)); };
    std::string s = letter();
    if (r.one_in(4)) return s;
    for (std::size_t n = repeats(r, 0, budget); n > 0; --n) s += r.one_in(4) ? "-" : letter();
    return s += letter();
}

// Domain
inline std::string domain(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    if (r.one_in(4)) return utf8 ? "b\xC3\xBC" "cher.example" : "example.org";
    std::string s = sub_domain(r, utf8, budget / 2);
    for (std::size_t n = repeats(r, 0, budget / 4); n > 0; --n) s += "." + sub_domain(r, utf8, budget / 2);
    return s;
}

// Snum
inline std::string snum(rng& r) {
    switch (r.below(5)) {
        case 0: return std::string(1, r.pick(digits));
        case 1: return "255";
        case 2: {
            std::string s = std::to_string(r.below(100));  // with leading zeros
            while (s.size() < 3) s.insert(0, "0");
            return s;
        }
        default: return std::to_string(r.below(256));
    }
}

// IPv4-address-literal
inline std::string ipv4(rng& r) {
    std::string s = snum(r);
    for (int i = 0; i < 3; ++i) s += "." + snum(r);
    return s;
}

// count groups of IPv6-hex with ":" between them
inline std::string ipv6_groups(rng& r, std::size_t count) {
    std::string s;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) s += ':';
        for (std::size_t n = r.between(1, 4); n > 0; --n) s += r.pick("0123456789abcdefABCDEF");
    }
    return s;
}

// IPv6-addr, each of its four forms
inline std::string ipv6(rng& r) {
    switch (r.below(4)) {
        case 0: return ipv6_groups(r, 8);
        case 1: {
            const std::size_t all = r.between(0, 6), before = r.between(0, all);
            std::string s = ipv6_groups(r, before) + "::";
            return s += ipv6_groups(r, all - before);
        }
        case 2: {
            std::string s = ipv6_groups(r, 6) + ":";
            return s += ipv4(r);
        }
        default: {
            const std::size_t all = r.between(0, 4), before = r.between(0, all);
            std::string s = ipv6_groups(r, before) + "::";
            s += ipv6_groups(r, all - before);
            if (all > before) s += ':';
            return s += ipv4(r);
        }
    }
}

// General-address-literal
inline std::string general_literal(rng& r, std::size_t budget = usual_budget) {
    std::string tag;
    do {
        if (r.one_in(4)) tag = r.one_in(2) ? "IPv6-" : "x-";
        else tag = r.one_in(4) ? "-" : "";
        tag += ldh_str(r, budget / 4);
    } while ((tag.size() == 4 && (tag[0] | 32) == 'i' && (tag[1] | 32) == 'p' && (tag[2] | 32) == 'v' && tag[3] == '6') ||
             tag.find_first_not_of("0123456789abcdefABCDEF") == tag.npos);
    std::string s = tag + ":";
    for (std::size_t n = repeats(r, 1, budget); n > 0; --n) {
        s += r.one_in(3) ? octet_between(r, 94, 126) : octet_between(r, 33, 90);
    }
    return s;
}

// address-literal
inline std::string address_literal(rng& r, std::size_t budget = usual_budget) {
    switch (r.below(4)) {
        case 0: return "[" + ipv4(r) + "]";
        case 1: return "[" + general_literal(r, budget) + "]";
        default: {
            std::string s = "[" + mixed_case(r, "IPv6:");
            if (r.one_in(2)) s = "[IPv6:";
            s += ipv6(r);
            return s += ']';
        }
    }
}

// Atom
inline std::string atom(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s;
    for (std::size_t n = repeats(r, 1, budget); n > 0; --n) {
        if (utf8 && r.one_in(3)) s += utf8_non_ascii(r);
        else s += r.one_in(4) ? r.pick(atext_signs) : let_dig(r);
    }
    return s;
}

// Dot-string
inline std::string dot_string(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = atom(r, utf8, budget / 2);
    for (std::size_t n = repeats(r, 0, budget / 6); n > 0; --n) s += "." + atom(r, utf8, budget / 2);
    return s;
}

// Quoted-string
inline std::string quoted_string(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = "\"";
    for (std::size_t n = repeats(r, 0, budget); n > 0; --n) {
        switch (r.below(utf8 ? 6 : 5)) {
            case 0:  // quoted-pairSMTP
                s += '\\';
                s += r.one_in(2) ? r.pick("\"\\ @") : octet_between(r, 32, 126);
                break;
            case 1: s += r.pick(" @<>,.:;[]()"); break;
            case 2: s += octet_between(r, 32, 33); break;
            case 3: s += octet_between(r, 35, 91); break;
            case 4: s += octet_between(r, 93, 126); break;
            default: s += utf8_non_ascii(r); break;
        }
    }
    return s += '"';
}

// String
inline std::string string(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    return r.one_in(2) ? atom(r, utf8, budget) : quoted_string(r, utf8, budget);
}

// Local-part
inline std::string local_part(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    return r.one_in(3) ? quoted_string(r, utf8, budget) : dot_string(r, utf8, budget);
}

// Mailbox
inline std::string mailbox(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = local_part(r, utf8, budget) + "@";
    return s += r.one_in(4) ? address_literal(r, budget) : domain(r, utf8, budget);
}

// A-d-l
inline std::string source_route(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = "@" + domain(r, utf8, budget / 2);
    for (std::size_t n = repeats(r, 0, budget / 8); n > 0; --n) s += ",@" + domain(r, utf8, budget / 2);
    return s;
}

// Path
inline std::string path(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = "<";
    if (r.one_in(4)) s += source_route(r, utf8, budget) + ":";
    s += mailbox(r, utf8, budget);
    return s += '>';
}

// Reverse-path
inline std::string reverse_path(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    return r.one_in(6) ? "<>" : path(r, utf8, budget);
}

// "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path
inline std::string forward_path(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    switch (r.below(8)) {
        case 0: return "<" + mixed_case(r, "Postmaster") + ">";
        case 1: {
            std::string s = "<" + mixed_case(r, "Postmaster") + "@";
            s += domain(r, utf8, budget);
            return s += '>';
        }
        default: return path(r, utf8, budget);
    }
}

// esmtp-keyword
inline std::string esmtp_keyword(rng& r, std::size_t budget = usual_budget) {
    static constexpr std::string_view known[] = {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "NOTIFY", "ORCPT",
                                                 "AUTH", "BY", "HOLDFOR", "REQUIRETLS", "MT-PRIORITY"};
    if (r.one_in(2)) return mixed_case(r, std::string(known[r.below(std::size(known))]));
    std::string s(1, let_dig(r));
    for (std::size_t n = repeats(r, 0, budget / 2); n > 0; --n) s += r.one_in(4) ? '-' : let_dig(r);
    return s;
}

// esmtp-value
inline std::string esmtp_value(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s;
    for (std::size_t n = repeats(r, 1, budget); n > 0; --n) {
        if (utf8 && r.one_in(4)) s += utf8_non_ascii(r);
        else s += r.one_in(3) ? octet_between(r, 33, 60) : octet_between(r, 62, 126);
    }
    return s;
}

// esmtp-param
inline std::string esmtp_param(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = esmtp_keyword(r, budget);
    if (!r.one_in(3)) s += "=" + esmtp_value(r, utf8, budget);
    return s;
}

// Mail-parameters, Rcpt-parameters
inline std::string parameters(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::string s = esmtp_param(r, utf8, budget / 2);
    for (std::size_t n = repeats(r, 0, budget / 6); n > 0; --n) s += " " + esmtp_param(r, utf8, budget / 2);
    return s;
}

// The rest of a line: any octets but NUL, CR and LF, not white space at the end
inline std::string rest_of_line(rng& r, std::size_t budget = usual_budget) {
    std::string s;
    for (std::size_t n = repeats(r, 1, budget); n > 0; --n) {
        char c = r.one_in(8) ? octet_between(r, 1, 255) : octet_between(r, 32, 126);
        if (c == '\r' || c == '\n') c = '.';
        s += c;
    }
    if (s.back() == ' ' || s.back() == '\t') s.back() = 'x';
    return s;
}

inline constexpr std::string_view verbs[] = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN",
                                             "HELP", "NOOP", "QUIT", "TURN", "SEND", "SOML", "SAML"};

// A command line without its CRLF, at times with trailing white space.
// EHLO and HELO are ASCII in any case.
inline std::string command(rng& r, bool utf8 = false, std::size_t budget = usual_budget) {
    std::size_t which = r.below(std::size(verbs) + 4);  // MAIL and RCPT more often
    if (which >= std::size(verbs)) which = 2 + which % 2;
    const std::string_view verb = verbs[which];
    std::string s = mixed_case(r, std::string(verb));
    if (verb == "EHLO") {
        s += " " + (r.one_in(2) ? address_literal(r, budget) : domain(r, false, budget));
    } else if (verb == "HELO") {
        s += " " + domain(r, false, budget);
    } else if (verb == "RCPT") {
        s += mixed_case(r, " TO:");
        s += forward_path(r, utf8, budget);
        if (r.one_in(2)) s += " " + parameters(r, utf8, budget);
    } else if (verb == "MAIL" || verb == "SEND" || verb == "SOML" || verb == "SAML") {
        s += mixed_case(r, " FROM:");
        s += reverse_path(r, utf8, budget);
        if (r.one_in(2)) s += " " + parameters(r, utf8, budget);
    } else if (verb == "VRFY" || verb == "EXPN" || ((verb == "HELP" || verb == "NOOP") && r.one_in(2))) {
        switch (r.below(3)) {
            case 0: s += " " + string(r, utf8, budget); break;
            case 1: s += " " + mailbox(r, utf8, budget); break;
            default: s += " " + rest_of_line(r, budget); break;
        }
    }
    if (r.one_in(8)) {
        for (std::size_t n = r.between(1, 3); n > 0; --n) s += r.pick(" \t");
    }
    return s;
}

// base64 of RFC 4954, of 0 octets at least; "=" cannot stand for none here
inline std::string base64(rng& r, std::size_t budget = usual_budget) {
    static constexpr std::string_view all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string s;
    for (std::size_t n = repeats(r, 0, budget) / 4; n > 0; --n) {
        for (int i = 0; i < 4; ++i) s += r.pick(all);
    }
    const std::size_t end = r.below(s.empty() ? 2 : 3);
    if (end == 2) return s;
    s += r.pick(all);
    if (end == 0) {
        s += r.pick("AQgw");
        return s += "==";
    }
    s += r.pick(all);
    s += r.pick("AEIMQUYcgkosw048");
    return s += '=';
}

// xtext, of one octet at least, without controls
inline std::string xtext(rng& r, std::size_t budget = usual_budget) {
    std::string s;
    for (std::size_t n = repeats(r, 1, budget); n > 0; --n) {
        if (r.one_in(8)) {
            s += '+';
            s += r.pick("23456");  // 7F is a control
            s += r.pick("0123456789ABCDEF");
        } else {
            const char c = octet_between(r, 33, 126);
            s += c == '+' || c == '=' ? '.' : c;
        }
    }
    return s;
}

inline constexpr std::string_view extended_verbs[] = {"LHLO", "STARTTLS", "AUTH", "BDAT", "BURL",    "ETRN",
                                                      "ATRN", "VERB",     "ONEX", "XCLIENT", "XFORWARD"};

// A command of an extension without its CRLF, at times with trailing white space
inline std::string extended_command(rng& r, std::size_t budget = usual_budget) {
    const std::string_view verb = extended_verbs[r.below(std::size(extended_verbs))];
    std::string s = mixed_case(r, std::string(verb));
    const auto last = [&] {
        if (r.one_in(2)) s += mixed_case(r, " LAST");
    };
    if (verb == "LHLO") {
        s += " " + (r.one_in(2) ? address_literal(r, budget) : domain(r, false, budget));
    } else if (verb == "AUTH") {
        static constexpr std::string_view known[] = {"PLAIN", "LOGIN", "EXTERNAL", "CRAM-MD5", "SCRAM-SHA-256"};
        std::string mechanism;
        if (r.one_in(2)) mechanism = known[r.below(std::size(known))];
        else {
            for (std::size_t n = r.between(1, 20); n > 0; --n) mechanism += r.one_in(5) ? r.pick("-_") : let_dig(r);
        }
        s += " " + mixed_case(r, mechanism);
        if (mechanism != "CRAM-MD5" && r.one_in(2)) s += r.one_in(5) ? " =" : " " + base64(r, 4 * budget);
    } else if (verb == "BDAT") {
        s += " " + std::string(r.one_in(8) ? r.below(24) : 0, '0');
        s += std::to_string(r.next() >> r.below(64));
        last();
    } else if (verb == "BURL") {
        s += ' ';
        s += r.pick(letters);
        for (std::size_t n = repeats(r, 0, budget / 2); n > 0; --n) s += r.one_in(4) ? r.pick("+-.") : let_dig(r);
        s += ':';
        for (std::size_t n = repeats(r, 1, budget); n > 0; --n) s += octet_between(r, 33, 126);
        last();
    } else if (verb == "ETRN") {
        s += ' ';
        if (r.one_in(2)) s += r.pick("@#");
        s += let_dig(r);
        for (std::size_t n = repeats(r, 0, budget); n > 0; --n) s += octet_between(r, 33, 126);
    } else if (verb == "ATRN") {
        for (std::size_t n = repeats(r, 0, budget / 3), i = 0; i < n; ++i) {
            s += i == 0 ? " " : ",";
            s += sub_domain(r, false, budget / 2) + ".";
            s += domain(r, false, budget / 2);
        }
    } else if (verb == "VERB") {
        if (r.one_in(2)) s += " " + rest_of_line(r, budget);
    } else if (verb[0] == 'X') {
        // Each attribute once, in any order
        std::string_view names[] = {"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"};
        std::size_t count = 8;
        if (verb == "XFORWARD") {
            names[5] = "IDENT";
            names[6] = "SOURCE";
            count = 7;
        }
        for (std::size_t n = r.between(1, count); n > 0; --n, --count) {
            const std::size_t which = r.below(count);
            s += " " + mixed_case(r, std::string(names[which])) + "=";
            names[which] = names[count - 1];
            if (r.one_in(8)) s += r.one_in(2) ? "[UNAVAILABLE]" : "[TEMPUNAVAIL]";
            else s += r.one_in(100) ? std::string(r.between(250, 260), 'x') : xtext(r, budget);
        }
    }
    if (r.one_in(8)) {
        for (std::size_t n = r.between(1, 3); n > 0; --n) s += r.pick(" \t");
    }
    return s;
}

inline constexpr std::string_view ehlo_keywords[] = {
    "SIZE",   "8BITMIME", "PIPELINING",  "ENHANCEDSTATUSCODES", "SMTPUTF8", "HELP",   "VRFY",          "EXPN",
    "CHUNKING", "BINARYMIME", "DSN",     "STARTTLS",            "AUTH",     "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY",
    "RRVS",   "REQUIRETLS", "LIMITS",    "MTRK",                "NO-SOLICITING", "CONPERM", "CONNEG",    "BURL",
    "CHECKPOINT", "ETRN", "ATRN",        "SUBMITTER",           "UTF8SMTP", "SEND",   "SOML",          "SAML",
    "TURN",   "VERB",     "ONEX",        "XCLIENT",             "XFORWARD", "PRDR"};

// ehlo-line of RFC 5321 4.1.1.1, those with numbers more often
inline std::string ehlo_line(rng& r, std::size_t budget = usual_budget) {
    switch (r.below(4)) {
        case 0: {
            std::string s = mixed_case(r, "LIMITS");
            for (std::size_t n = r.between(1, 4); n > 0; --n) {
                static constexpr std::string_view names[] = {"MAILMAX", "RCPTMAX", "RCPTDOMAINMAX", "X_1"};
                s += " " + mixed_case(r, std::string(names[r.below(std::size(names))]));
                if (!r.one_in(8)) s += "=" + std::to_string(r.below(r.one_in(4) ? 2000000 : 1000));
            }
            return s;
        }
        case 1: {
            std::string s = mixed_case(r, "SIZE");
            if (!r.one_in(8)) s += " " + std::to_string(r.next() >> r.below(64));
            return s;
        }
        case 2: return mixed_case(r, std::string(ehlo_keywords[r.below(std::size(ehlo_keywords))]));
        default: {
            std::string s = r.one_in(2) ? mixed_case(r, std::string(ehlo_keywords[r.below(std::size(ehlo_keywords))]))
                                        : esmtp_keyword(r, budget);
            for (std::size_t n = repeats(r, 0, budget / 4); n > 0; --n) {
                s += ' ';
                for (std::size_t k = repeats(r, 1, budget / 2); k > 0; --k) s += octet_between(r, 33, 126);
            }
            return s;
        }
    }
}

// status-code of RFC 3463
inline std::string status_code(rng& r) {
    std::string s(1, r.pick("245"));
    for (int i = 0; i < 2; ++i) s += "." + std::to_string(r.below(r.one_in(3) ? 1000 : 20));
    return s;
}

// Reply-line, with its CRLFs: one line or several, with text or without
inline std::string reply(rng& r, std::size_t budget = usual_budget) {
    std::string code;
    if (r.one_in(3)) {
        code += octet_between(r, '2', '5');
        code += octet_between(r, '0', '5');
        code += r.pick(digits);
    } else {
        static constexpr std::string_view usual[] = {"220", "250", "354", "421", "450", "500", "501", "550"};
        code = usual[r.below(std::size(usual))];
    }
    const bool enhanced = r.one_in(3) && code[0] != '3';
    const auto text = [&] {
        std::string s = enhanced ? std::string(1, code[0]) + status_code(r).substr(1) + " " : std::string();
        switch (r.below(5)) {
            case 0: break;
            case 1: s += esmtp_keyword(r, budget); break;
            case 2: s += domain(r, false, budget) + " at your service"; break;
            default: s += rest_of_line(r, budget); break;
        }
        return s;
    };
    std::string s;
    if (r.one_in(2)) {
        for (std::size_t n = repeats(r, 1, budget / 4); n > 0; --n) s += code + "-" + text() + "\r\n";
    }
    s += code;
    if (!r.one_in(6)) s += " " + text();
    return s += "\r\n";
}

// Mail data as it is sent after 354, right and wrong: lines with and without
// dots at their beginning, at times bare CR, bare LF and NUL, at times a long
// line, mostly with the end mark, at times with something after it.
inline std::string content(rng& r, std::size_t budget = usual_budget) {
    const bool dirty = r.one_in(2);
    std::string s;
    for (std::size_t n = repeats(r, 0, budget); n > 0; --n) {
        switch (r.below(8)) {
            case 0: break;  // an empty line
            case 1: s += ".."; break;
            case 2: s += '.'; s += let_dig(r); break;
            case 3: s += std::string(r.between(1, 4), '.'); break;
            default: s += rest_of_line(r, budget); break;
        }
        if (r.one_in(64)) {
            const char c = r.pick(".x");
            s.append(r.between(994, 1001), c);
        }
        if (dirty) {
            switch (r.below(12)) {
                case 0: s += '\r'; break;
                case 1: s += '\n'; break;
                case 2: s += "\n."; break;
                case 3: s += "\r."; break;
                case 4: s += '\0'; break;
                case 5: s += ".\n"; break;
                case 6: s += ".\r"; break;
                case 7: s += "\n.\r\n"; break;
                default: break;
            }
        }
        if (!r.one_in(16)) s += "\r\n";
    }
    switch (r.below(6)) {
        case 0: break;
        case 1: s += ".\r\n"; break;
        case 2: s += "\r\n."; s += r.one_in(2) ? "\r" : ""; break;
        default: s += "\r\n.\r\n"; break;
    }
    if (r.one_in(4)) s += r.one_in(2) ? "MAIL FROM:<>\r\n" : rest_of_line(r, budget);
    return s;
}

// Octets that mean something to these grammars.
inline constexpr std::string_view interesting{"<>@.,:;\"\\[]- \t\r\n\0+=\x7F\x80\xC3\xFF", 23};

inline char any_octet(rng& r) { return r.one_in(4) ? octet_between(r, 0, 255) : r.pick(interesting); }

// Change a text in one place, at times in up to four.
inline void mutate(rng& r, std::string& text) {
    for (std::size_t times = r.one_in(4) ? r.between(2, 4) : 1; times > 0; --times) {
        if (text.empty()) {
            text += any_octet(r);
            continue;
        }
        const std::size_t at = r.below(text.size());
        const std::size_t length = r.between(1, r.one_in(2) ? 1 : 8);
        switch (r.below(10)) {
            case 0:  // flip a bit
                text[at] = octet(static_cast<unsigned char>(text[at]) ^ (1U << r.below(8)));
                break;
            case 1: case 2: text[at] = any_octet(r); break;
            case 3: case 4: {
                const char c = any_octet(r);
                text.insert(r.below(text.size() + 1), 1, c);
                break;
            }
            case 5: text.erase(at, 1); break;
            case 6: text.erase(at, length); break;
            case 7: text.insert(at, std::string(text.substr(at, length))); break;  // duplicate
            case 8: {  // move a piece to another place
                const std::string piece = text.substr(at, length);
                text.erase(at, length);
                text.insert(r.below(text.size() + 1), piece);
                break;
            }
            default: {  // copy a piece to another place
                const std::string piece = text.substr(at, length);
                text.insert(r.below(text.size() + 1), piece);
                break;
            }
        }
    }
}

// Begin of one text, end of another.
inline std::string splice(rng& r, std::string_view a, std::string_view b) {
    std::string s(a.substr(0, r.below(a.size() + 1)));
    return s += b.substr(r.below(b.size() + 1));
}

}  // namespace generate

#endif
