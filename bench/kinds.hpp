// Commands that are rarer than those of workload::commands, or refused: a thousand of each kind.
#pragma once

#include "workload.hpp"

namespace workload {

struct kind {
    std::string_view name;
    std::string (*line)(random&);
    bool refused = false;   ///< by the parser; what else is wrong only a server knows
};

namespace kinds {

inline std::string size_and_body(random& r) { return " SIZE=" + std::to_string(r.between(500, 200499)) + " BODY=8BITMIME"; }
inline std::string local_part(random& r) { return dot_string(r, r.between(6, 20)); }
inline std::string at_domain(random& r) { return '@' + domain(r, r.between(10, 30)); }
inline std::string usual_path(random& r) {
    std::string const local = local_part(r);
    return '<' + local + at_domain(r) + '>';
}
/// Words of Cyrillic letters, each of two octets.
inline std::string cyrillic(random& r, std::size_t letters) {
    std::string s;
    for (std::size_t i = 0; i < letters; ++i) {
        std::size_t const letter = 0x430 + r.below(32);
        s += static_cast<char>(0xC0 | letter >> 6);
        s += static_cast<char>(0x80 | (letter & 63));
    }
    return s;
}
/// All that a message can be given at once; by its second the one number, or not.
inline std::string ten_parameters(random& r, bool hold_too_long) {
    std::string s = "MAIL FROM:" + usual_path(r) + size_and_body(r);
    s += " SMTPUTF8 RET=HDRS ENVID=" + some(r, hex_digits, 16);
    s += " AUTH=<> BY=" + std::to_string(r.between(50'000, 90'000)) + ";R";
    s += " HOLDFOR=" + std::to_string(hold_too_long ? r.between(100'000, 200'000) : r.between(1'000, 40'000));
    return s + " MT-PRIORITY=3 REQUIRETLS";
}

}  // namespace kinds

inline constexpr kind rare_commands[] = {
    {"long_path",
     [](random& r) {
         std::string const local = dot_string(r, r.between(30, 60));
         return "RCPT TO:<" + local + '@' + domain(r, r.between(40, 60)) + '>';
     }},
    {"utf8_path",
     [](random& r) {
         std::string const local = kinds::cyrillic(r, r.between(5, 14));
         return "MAIL FROM:<" + local + '@' + kinds::cyrillic(r, r.between(6, 12)) + ".example> SMTPUTF8";
     }},
    {"quoted_path",
     [](random& r) {
         std::string const local = quoted_string(r, r.between(10, 40));
         return "RCPT TO:<" + local + kinds::at_domain(r) + '>';
     }},
    {"ipv4_path",
     [](random& r) {
         std::string s = "RCPT TO:<" + kinds::local_part(r) + "@[";
         for (int i = 0; i < 4; ++i) s += (i == 0 ? "" : ".") + std::to_string(r.between(1, 250));
         return s + "]>";
     }},
    {"ipv6_path",
     [](random& r) {
         std::string s = "RCPT TO:<" + kinds::local_part(r);
         s += "@[IPv6:2001:db8:" + some(r, hex_digits, 4);
         s += ':' + some(r, hex_digits, 3);
         return s + "::" + some(r, hex_digits, 4) + "]>";
     }},
    {"ten_parameters", [](random& r) { return kinds::ten_parameters(r, false); }},
    {"lower_case",
     [](random& r) {
         std::string const from = kinds::usual_path(r);
         return "mail from:" + from + " size=" + std::to_string(r.between(500, 200499)) + " body=8bitmime";
     }},
    {"unknown_parameter",
     [](random& r) {
         std::string s = "MAIL FROM:" + kinds::usual_path(r) + kinds::size_and_body(r);
         return s + " X-TRACE=" + some(r, hex_digits, 12);
     }},
    {"bad_path",
     [](random& r) {
         std::string const first = dot_string(r, r.between(3, 10)), second = dot_string(r, r.between(3, 10));
         return "RCPT TO:<" + first + ".." + second + kinds::at_domain(r) + '>';
     },
     true},
    {"holdfor_over_by", [](random& r) { return kinds::ten_parameters(r, true); }, true},
    {"unknown_verb", [](random& r) { return "X" + some(r, lower, r.between(3, 8)) + " a b"; }, true},
};

/// Lines, with their ends.
inline std::string rare_command_lines(kind const& k) {
    random r(8);
    std::string s;
    for (std::size_t i = 0; i < 1000; ++i) s += k.line(r) + "\r\n";
    return s;
}

/// Text to check: of letters of one octet, of two, and of one in ten of two to four.
inline std::string letters(std::string_view name, std::size_t size) {
    static constexpr std::string_view odd[] = {"\xC3\xA4", "\xC3\xA9", "\xE2\x82\xAC", "\xE6\x97\xA5", "\xF0\x9F\x93\xA7"};
    random r(9);
    std::string s;
    while (s.size() < size) {
        if (name == "cyrillic") s += kinds::cyrillic(r, 7) + ' ';
        else if (name == "mixed" && r.chance(10)) s += r.of(odd);
        else s += r.of(lower);
    }
    return s;
}

}  // namespace workload
