// Conversations as programs write them down, a line each: who says a line is told by what it begins with.
//
//   C: , S:                         as RFCs do; such lines decide, and all others are remarks
//    -> , <-  , <** ; under TLS  ~> , <~  , <~*     swaks
//   >>> , <<<                       sendmail -v; without "<<< " the server's lines are those that begin with a reply code
//   > , <                           curl -v
//   In: , Out:                      Postfix, in its notices: smtpd hears "In:", smtp says "Out:"; a reply tells which it is
#pragma once

#include <ehlo/detail/observed.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transcript {

using ehlo::direction;

struct line {
    direction from;
    std::string_view text;   // without its end
    bool tls = false;        // said under TLS
};

struct conversation {
    std::vector<line> lines{};
    bool has_content = true;   // or the program leaves it out
    std::string wrong{};       // then there are no lines; empty with no lines: it is no transcript
};

namespace detail {

struct marker {
    std::string_view begins{};
    direction from{};
    bool tls = false;
};
struct form {
    std::string_view name;
    marker markers[6];
    bool has_content;
};
constexpr direction client = direction::from_client, server = direction::from_server;
constexpr form forms[] = {
    {"RFCs", {{"C:", client}, {"S:", server}}, true},
    {"swaks", {{" -> ", client}, {"<-  ", server}, {"<** ", server}, {" ~> ", client, true}, {"<~  ", server, true}, {"<~* ", server, true}}, true},
    {"sendmail", {{">>> ", client}, {"<<< ", server}}, false},
    {"curl", {{"> ", client}, {"< ", server}}, false},
    {"Postfix", {{"In:", client}, {"Out:", server}}, false},
};
constexpr std::size_t form_count = std::size(forms), by_rfcs = 0, by_sendmail = 2, by_postfix = 4;

// "250 ok", "250-ok", "250".
constexpr bool is_reply(std::string_view text) noexcept {
    for (std::size_t i = 0; i < 3; ++i)
        if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
    return text[0] >= '2' && text[0] <= '5' && (text.size() == 3 || text[3] == ' ' || text[3] == '-');
}
constexpr std::string_view without_blanks(std::string_view text) noexcept {
    std::size_t const at = text.find_first_not_of(" \t");
    return at == text.npos ? std::string_view() : text.substr(at);
}
// The marker that a line begins with, and what stands after it. Blanks at the end may have been lost.
constexpr marker const* find_marker(form const& f, std::string_view text, std::string_view& rest) noexcept {
    bool const is_postfix = &f == &forms[by_postfix];
    if (is_postfix) text = without_blanks(text);
    for (marker const& m : f.markers) {
        if (m.begins.empty()) break;
        std::string_view const bare = m.begins.substr(0, m.begins.find_last_not_of(' ') + 1);
        if (!text.starts_with(m.begins) && text != bare) continue;
        rest = text.substr((std::min)(m.begins.size(), text.size()));
        if (is_postfix) rest = without_blanks(rest);
        else if (&f == &forms[by_rfcs] && rest.starts_with(' ')) rest.remove_prefix(1);
        return &m;
    }
    return nullptr;
}

// The first line of a form in a file, counted from 1.
struct first_line {
    std::size_t number = 0;
    std::string_view begins{};
};
inline std::string said(first_line const& l) { return "line " + std::to_string(l.number) + " begins with \"" + std::string(l.begins) + "\""; }

inline std::vector<std::string_view> split(std::string_view file) {
    std::vector<std::string_view> all;
    while (!file.empty()) {
        std::size_t const end = (std::min)(file.find('\n'), file.size());
        std::string_view text = file.substr(0, end);
        if (text.ends_with('\r')) text.remove_suffix(1);
        all.push_back(text);
        file.remove_prefix((std::min)(end + 1, file.size()));
    }
    return all;
}

}  // namespace detail

/// The views are those of the file.
inline conversation read(std::string_view file) {
    using namespace detail;
    std::vector<std::string_view> const all = split(file);
    first_line firsts[form_count];
    std::string_view rest;
    for (std::size_t n = 0; n < all.size(); ++n)
        for (std::size_t f = 0; f < form_count; ++f)
            if (firsts[f].number == 0)
                if (marker const* const m = find_marker(forms[f], all[n], rest)) firsts[f] = {n + 1, m->begins};
    std::optional<std::size_t> which;
    for (std::size_t f = 0; f < form_count; ++f) {
        if (firsts[f].number == 0) continue;
        if (which && *which != by_rfcs)
            return {{}, true, said(firsts[f]) + ", and " + said(firsts[*which]) + ": which of them tells who speaks is not clear"};
        if (!which) which = f;
    }
    if (!which) return {};
    form const& f = forms[*which];
    conversation c{{}, f.has_content, {}};
    bool const marks_server = std::any_of(all.begin(), all.end(), [&](std::string_view text) {
        marker const* const m = find_marker(f, text, rest);
        return m != nullptr && m->from == server;
    });
    bool const takes_replies = *which == by_sendmail && !marks_server;
    for (std::string_view const text : all)
        if (marker const* const m = find_marker(f, text, rest)) c.lines.push_back({m->from, rest, m->tls});
        else if (takes_replies && is_reply(text)) c.lines.push_back({server, text});
    if (*which == by_postfix) {
        // Whose first line is a reply is the server.
        auto const first_of = [&c](direction d) {
            auto const found = std::find_if(c.lines.begin(), c.lines.end(), [d](line const& l) { return l.from == d; });
            return found != c.lines.end() && is_reply(found->text);
        };
        bool const out_replies = first_of(server), in_replies = first_of(client);
        if (out_replies == in_replies)
            return {{}, true, said(firsts[by_postfix]) + ", and whether \"In:\" or \"Out:\" is the server's is not clear: " +
                                  (in_replies ? "both begin" : "neither begins") + " with a reply"};
        if (in_replies)
            for (line& l : c.lines) l.from = l.from == client ? server : client;
    }
    bool const answered = std::any_of(c.lines.begin(), c.lines.end(), [](line const& l) { return l.from == server; });
    if (*which != by_rfcs && !answered) return {{}, true, said(firsts[*which]) + ", and no line is a server's"};
    return c;
}

}  // namespace transcript
