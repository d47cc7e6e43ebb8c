// Mail data as RFC 5321 4.1.1.4 and 4.5.2 have it, decoded and encoded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

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
