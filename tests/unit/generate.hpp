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

#pragma once

#include "generate_address.hpp"
#include "generate_commands.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace generate {

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
