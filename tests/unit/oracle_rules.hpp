// The rules of the test oracle: slow recognisers written straight from the ABNF of the RFCs.
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
// Lengths (64/255/256 octets) are not looked at by the rules; see "limits" in oracle.hpp.
#pragma once

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

}  // namespace oracle
