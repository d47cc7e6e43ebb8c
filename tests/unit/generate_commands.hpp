// Random commands, lines of an answer to EHLO, and replies. See generate.hpp.
#pragma once

#include "generate_address.hpp"

namespace generate {

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

}  // namespace generate
