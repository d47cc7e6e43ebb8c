// Random texts of RFC 5321 4.1.2 and 4.1.3: domains, address literals, mailboxes, paths, parameters. See generate.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace generate {

// How many inputs a test may draw: a twentieth of them where each takes ten times as long, and the others have been drawn elsewhere.
// What has no end of its own is drawn; of what is tried one by one, every n-th is tried where the compiler's checks are slow.
// EHLO_TEST_FEW is for emulators.
#if defined(__has_feature)
#define EHLO_HAS_FEATURE(x) __has_feature(x)
#else
#define EHLO_HAS_FEATURE(x) 0
#endif
#if defined(EHLO_TEST_FEW) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    EHLO_HAS_FEATURE(address_sanitizer) || EHLO_HAS_FEATURE(thread_sanitizer) || EHLO_HAS_FEATURE(memory_sanitizer)
inline constexpr bool tries_few = true;
#else
inline constexpr bool tries_few = false;
#endif
#undef EHLO_HAS_FEATURE
#ifdef __OPTIMIZE__
inline constexpr bool draws_few = tries_few;
#else
inline constexpr bool draws_few = true;
#endif
constexpr int drawn(int many) { return draws_few ? many / 20 : many; }
constexpr unsigned every(unsigned n) { return tries_few ? n : 1; }

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

}  // namespace generate
