// What ehlo is measured against in the same run: floors that nobody gets under, and the code that is usually written.
#pragma once

#include "sink.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bench {

// ---- floors ----

/// Where lines end, and nothing else: one memchr for each.
inline void find_lines(std::string_view text) {
    for (char const *p = text.data(), *const end = p + text.size(); p != end;) {
        auto const* const lf = static_cast<char const*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
        use(lf);
        p = lf + 1;
    }
}
/// Every octet looked at once, 8 at a time.
inline void read_all(std::string_view text) {
    std::uint64_t sum = 0, word;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::memcpy(&word, text.data() + i, 8);
        sum += word;
    }
    for (; i < text.size(); ++i) sum += static_cast<unsigned char>(text[i]);
    use(sum);
}
inline void copy_all(std::string_view text, char* out) {
    std::memcpy(out, text.data(), text.size());
    use_memory();
}

// ---- a naive parser: find, substr and compare on string_view, no check that is not needed to cut ----

inline bool naive_equal(std::string_view a, std::string_view capitals) {
    if (a.size() != capitals.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if ((a[i] >= 'a' && a[i] <= 'z' ? a[i] - 32 : a[i]) != capitals[i]) return false;
    return true;
}
inline void naive_path(std::string_view text) {
    std::size_t const open = text.find('<'), close = text.rfind('>'), at = text.rfind('@', close);
    std::string_view const local = text.substr(open + 1, at - open - 1), domain = text.substr(at + 1, close - at - 1);
    use(local.size() + domain.size());
}
inline void naive_commands(std::string_view in) {
    static constexpr std::string_view verbs[] = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET",
                                                 "NOOP", "QUIT", "STARTTLS", "AUTH", "VRFY", "BDAT"};
    while (!in.empty()) {
        std::size_t const end = in.find("\r\n");
        std::string_view const line = in.substr(0, end), verb = line.substr(0, line.find(' '));
        std::size_t which = 0;
        while (which < 12 && !naive_equal(verb, verbs[which])) ++which;
        use(which);
        if (which == 2 || which == 3) {
            std::size_t const close = line.find('>');
            naive_path(line.substr(0, close + 1));
            std::string_view rest = line.substr(close + 1);
            while (!rest.empty()) {
                rest.remove_prefix(1);
                std::string_view const parameter = rest.substr(0, rest.find(' '));
                std::size_t const equals = parameter.find('=');
                use(parameter.substr(0, equals).size());
                rest.remove_prefix(parameter.size());
            }
        }
        in.remove_prefix(end + 2);
    }
}
inline void naive_replies(std::string_view in) {
    while (!in.empty()) {
        std::size_t const end = in.find("\r\n");
        std::string_view const line = in.substr(0, end);
        int const code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        bool const last = line.size() < 4 || line[3] != '-';
        use(code + last);
        use(line.substr(line.size() < 4 ? 3 : 4).size());
        in.remove_prefix(end + 2);
    }
}
/// Content line by line, as getline would have it.
inline void naive_content(std::string_view in, char* out) {
    for (;;) {
        std::size_t const end = in.find("\r\n");
        std::string_view line = in.substr(0, end + 2);
        in.remove_prefix(end + 2);
        if (line == ".\r\n") break;
        if (line[0] == '.') line.remove_prefix(1);
        std::memcpy(out, line.data(), line.size());
        out += line.size();
    }
    use(out);
    use_memory();
}

// ---- plain loops over the octets that do the same work as ehlo: the state machine of every textbook ----

inline void plain_decode(std::string_view in, char* out) {
    enum { start, text, cr, dot, dot_cr } where = start;
    bool bare = false;
    char* to = out;
    for (char const c : in) {
        if (where == start && c == '.') {
            where = dot;
            continue;
        }
        if (where == dot_cr) {
            if (c == '\n') break;
            *to++ = '\r';
            bare = true;
        }
        if (where == dot && c == '\r') {
            where = dot_cr;
            continue;
        }
        bare |= (where == cr) != (c == '\n');
        where = c == '\n' && where == cr ? start : c == '\r' ? cr : text;
        *to++ = c;
    }
    use(to);
    use(bare);
    use_memory();
}
inline void plain_encode(std::string_view in, char* out) {
    char before = '\n';
    for (char const c : in) {
        if (c == '.' && before == '\n') *out++ = '.';
        *out++ = before = c;
    }
    use(out);
    use_memory();
}
inline void plain_encode_base64(std::string_view in, char* out) {
    static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    auto octet = [in](std::size_t i) { return i < in.size() ? static_cast<unsigned char>(in[i]) : 0u; };
    for (std::size_t i = 0; i < in.size(); i += 3) {
        unsigned const word = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
        for (unsigned k = 0; k < 4; ++k) *out++ = i + k <= in.size() ? letters[word >> (18 - 6 * k) & 63] : '=';
    }
    use(out);
    use_memory();
}
/// By a table of 256; padding and other signs are not looked for.
inline void plain_decode_base64(std::string_view in, char* out) {
    static constexpr auto table = [] {
        struct { unsigned char of[256] = {}; } t;
        std::string_view const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (std::size_t i = 0; i < 64; ++i) t.of[static_cast<unsigned char>(letters[i])] = static_cast<unsigned char>(i);
        return t;
    }();
    for (std::size_t i = 0; i + 4 <= in.size(); i += 4) {
        unsigned word = 0;
        for (std::size_t k = 0; k < 4; ++k) word = word << 6 | table.of[static_cast<unsigned char>(in[i + k])];
        for (unsigned k = 0; k < 3; ++k) *out++ = static_cast<char>(word >> (16 - 8 * k));
    }
    use(out);
    use_memory();
}
/// By the table of RFC 3629 4, an octet at a time.
inline void plain_utf8(std::string_view in) {
    std::size_t i = 0;
    auto tail = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
        unsigned const c = at < in.size() ? static_cast<unsigned char>(in[at]) : 0;
        return c >= low && c <= high;
    };
    while (i < in.size()) {
        unsigned const c = static_cast<unsigned char>(in[i]);
        if (c < 0x80) i += 1;
        else if (c >= 0xC2 && c <= 0xDF && tail(i + 1)) i += 2;
        else if (c >= 0xE0 && c <= 0xEF && tail(i + 1, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF) && tail(i + 2)) i += 3;
        else if (c >= 0xF0 && c <= 0xF4 && tail(i + 1, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF) && tail(i + 2) && tail(i + 3)) i += 4;
        else break;
    }
    use(i);
}
inline void plain_encode_xtext(std::string_view in, char* out) {
    for (char const c : in) {
        if (c < '!' || c > '~' || c == '+' || c == '=') {
            *out++ = '+';
            *out++ = "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
            *out++ = "0123456789ABCDEF"[c & 15];
        } else {
            *out++ = c;
        }
    }
    use(out);
    use_memory();
}
inline void plain_decode_xtext(std::string_view in, char* out) {
    auto digit = [](char c) { return c <= '9' ? c - '0' : (c & 15) + 9; };
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] == '+' && i + 2 < in.size()) {
            *out++ = static_cast<char>(digit(in[i + 1]) << 4 | digit(in[i + 2]));
            i += 2;
        } else {
            *out++ = in[i];
        }
    }
    use(out);
    use_memory();
}

}  // namespace bench
