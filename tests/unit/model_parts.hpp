// What the model of the server (model.hpp) is made of: its settings, what its handler says, what is due, and what a line may be.
#ifndef EHLO_TESTS_UNIT_MODEL_PARTS_HPP
#define EHLO_TESTS_UNIT_MODEL_PARTS_HPP

#include "generate.hpp"
#include "oracle.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace model {

using namespace std::string_literals;

// What the server offers and demands. These extensions are always on offer: SIZE, 8BITMIME, PIPELINING, ENHANCEDSTATUSCODES, SMTPUTF8,
// VRFY, EXPN, HELP and AUTH; these may be.
struct settings {
    bool lmtp = false, submission = false;
    bool chunking = true, binary = true, starttls = true, xclient = true;
    bool prdr = true;   // not in LMTP
    bool rare = true;   // XFORWARD, ETRN, ATRN, TURN; BURL, but not in LMTP
    bool require_tls = false, require_authentication = false, clear_text_passwords = false;
    int bare = 0;   // reject, normalize, pass
    std::uint64_t max_message = 65536;
    std::uint32_t max_recipients = 100;
    std::size_t max_line = 2048;
};

// What the handler says to its n-th question: of this both sides know. A code, of any class; 334 asks AUTH for another response.
struct oracle_of_handler {
    std::uint64_t seed = 0;
    unsigned asked = 0;
    std::size_t yes = 4;   // of so many answers one is no

    unsigned say(std::initializer_list<unsigned> accepting, std::initializer_list<unsigned> refusing) {
        generate::rng r(seed + asked++);
        r.next();
        auto const& from = r.one_in(yes) ? refusing : accepting;
        return from.begin()[r.below(from.size())];
    }
    // Each command with what its handler may say, and at times with what it may not.
    unsigned greeting() {
        generate::rng r(seed + asked++);
        r.next();
        return r.below(24) == 0 ? 554 : r.below(24) == 0 ? 521 : r.below(40) == 0 ? 421 : 220;
    }
    unsigned hello() { return say({250}, {550, 450, 504, 571, 354}); }
    unsigned mail() { return say({250, 251, 250}, {550, 451, 452, 553, 571, 354, 530}); }
    unsigned rcpt() { return say({250, 251}, {550, 450, 452, 551, 571, 354, 556}); }
    unsigned data() { return say({354, 354, 250}, {554, 451, 571}); }
    unsigned end() { return say({250, 251}, {554, 452, 571, 354, 353}); }
    unsigned end_or_each() { return say({353, 353, 250}, {554, 452, 571, 354}); }
    unsigned lookup() { return say({250, 252}, {550, 451, 553}); }
    unsigned remark() { return say({250, 214}, {502, 451}); }
    unsigned starttls() { return say({220}, {454, 554}); }
    unsigned auth() { return say({235, 334, 334}, {535, 454, 432, 534}); }
    unsigned xclient() { return say({220}, {550, 451}); }
    unsigned xforward() { return say({250}, {550, 451, 354}); }
    unsigned queue() { return say({250, 252}, {458, 459, 571, 354}); }
    unsigned burl() { return say({250, 250, 251}, {554, 451, 571, 354}); }
};

// A reply that is due: the codes that the RFCs allow here, one of which must come. 0: any of the class.
struct due {
    std::vector<unsigned> codes;
    bool allows(unsigned code) const {
        for (unsigned c : codes)
            if (c == code || (c < 10 && c == code / 100)) return true;
        return false;
    }
    std::string text() const {
        std::string all;
        for (unsigned c : codes) all += std::to_string(c) + " ";
        return all;
    }
};

enum class place { connected, greeted, ready, mail, rcpt, content, chunk, chunks, spoilt, exchange, handshake, refused, turned, closed };

inline std::string upper(std::string_view text) {
    std::string s(text);
    for (char& c : s)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return s;
}

// RFC 3461 4, as RFC 4954 5 uses it; nothing if it is none.
inline std::string from_xtext(std::string const& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t const high = std::string_view("0123456789ABCDEF").find(i + 1 < text.size() ? text[i + 1] : ' ');
        std::size_t const low = std::string_view("0123456789ABCDEF").find(i + 2 < text.size() ? text[i + 2] : ' ');
        if (text[i] != '+') plain += text[i];
        else if (high > 15 || low > 15) return {};
        else plain += static_cast<char>(high * 16 + low), i += 2;
    }
    return plain;
}
inline bool is_utf8(std::string const& text) {
    return oracle::matches(oracle::any(oracle::alt(oracle::range(0, 127), oracle::UTF8_non_ascii)), text, true);
}
// A class that the command cannot have is 451 (a temporary error of the server).
inline unsigned fit(unsigned said) { return said / 100 == 3 ? 451 : said; }
inline bool yes(unsigned code) { return code / 100 == 2; }

inline bool is_control(unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7F; }
inline bool is_bdat(std::string_view text) {
    std::size_t i = 0;
    for (char const letter : std::string_view("BDAT")) {
        while (i > 0 && i < text.size() && is_control(static_cast<unsigned char>(text[i]))) ++i;
        if (i == text.size() || upper(text.substr(i, 1))[0] != letter) return false;
        ++i;
    }
    return i == text.size() || upper(text.substr(i, 1)).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}
// A line that may be meant as a BURL: the part that it names is missing, whatever is wrong with it (RFC 4468 3.2).
inline bool may_be_burl(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) <= ' ' || static_cast<unsigned char>(text[i]) > 0x7E)) ++i;
    if (upper(text.substr(i, 4)) != "BURL") return false;
    return i + 4 == text.size() || upper(text.substr(i + 4, 1)).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}
// A line that somebody might take for BDAT, though it is not well formed: its chunk may follow. Some drop controls.
inline bool may_be_bdat(std::string_view text) {
    bool begins = true;   // also after a control, a blank, a byte order mark, a space that is none in ASCII
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char const c = static_cast<unsigned char>(text[i]);
        if (is_control(c)) begins = true;
        else if (begins && is_bdat(text.substr(i))) return true;
        else if (c > ' ' && c < 0x7F) begins = false;
    }
    return false;
}

}  // namespace model

#endif
