// Test oracle, all of it: the rules (see oracle_rules.hpp), content, the parts of a text that matches, and the limits.
#pragma once

#include "oracle_commands.hpp"
#include "oracle_content.hpp"
#include "oracle_replies.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

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

}  // namespace oracle
