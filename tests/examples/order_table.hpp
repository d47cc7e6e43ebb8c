// The order of commands as people read it: text, JSON, or a diagram for Graphviz or Mermaid. What `explain table` prints, and what
// a program with commands of its own prints of them:
//
//   std::cout << order_table::print<my_xqueue, my_xstat>(order_table::paper::mermaid);
#pragma once

#include <ehlo/own_commands.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace order_table {

enum class paper { text, json, dot, mermaid };

namespace detail {

using std::size_t;
using std::string;
using std::string_view;
using words = std::vector<string>;
using rows = ehlo::detail::session_rows;
using row = ehlo::detail::session_row;
constexpr ehlo::state stay = rows::stay, never = rows::never;

inline string joined(words const& all, string_view between = ", ") {
    string s;
    for (string const& word : all) (s += s.empty() ? string_view() : between) += word;
    return s;
}
template <class Enum, class Name>
words names_of(ehlo::set_of<Enum> set, size_t count, Name name) {
    words all;
    for (size_t i = 0; i < count; ++i)
        if (set.has(static_cast<Enum>(i))) all.emplace_back(name(static_cast<Enum>(i)));
    return all;
}
inline words names_of(ehlo::state_set states) {
    return names_of(states, ehlo::state_count, [](ehlo::state s) { return name(s); });
}
inline words names_of(ehlo::fact_set facts) {
    return names_of(facts, ehlo::fact_count, [](ehlo::fact f) { return name(f); });
}
template <class Protocol>
words names_of(ehlo::event_set events) {
    return names_of(events, ehlo::event_count, [](ehlo::event e) { return Protocol::name(e); });
}
// The sets of states that have a name, so that a row stays one line.
inline string from_of(ehlo::state_set from) {
    if (from == rows::alive) return "any";
    if (from == rows::commands) return "commands";
    if (from == (rows::commands | ehlo::state::refused)) return "commands, refused";
    if (from == rows::in_order) return "in order";
    return joined(names_of(from));
}
inline string to_of(ehlo::state to, ehlo::fact_set asked = {}) {
    string const where = to == stay ? "=" : to == never ? "-" : string(name(to));
    return asked.empty() ? where : where + " if " + joined(names_of(asked));
}
inline string guards_of(ehlo::fact_set needs, ehlo::fact_set barred) {
    words all = names_of(needs);
    for (string const& fact : names_of(barred)) all.push_back("not " + fact);
    return joined(all);
}
// What is known afterwards, if all goes well.
inline string facts_of(row const& r) {
    words all;
    for (string const& fact : names_of(r.sets)) all.push_back("+" + fact);
    for (string const& fact : names_of(r.clears)) all.push_back("-" + fact);
    for (string const& fact : names_of(r.brings)) all.push_back("?" + fact);
    return joined(all, " ");
}
constexpr string_view effect_names[] = {"", "begins", "adds", "part", "delivers", "drops", "ends"};

// The keyword of EHLO that brings an event; nothing for what every server has.
template <class... Own>
string extension_of(ehlo::event e) {
    using ehlo::event;
    string own;
    ((e == ehlo::protocol_with<Own...>::template event_of<Own> ? void(own = Own::keyword) : void()), ...);
    if (!own.empty()) return own;
    if (e == event::secured) return "STARTTLS";
    if (e == event::response) return "AUTH";
    event const asked = e == event::chunk_end || e == event::last_chunk_end ? event::bdat : e == event::last_burl ? event::burl : e;
    for (ehlo::verb_facts const& v : ehlo::verb_table)
        if (v.of && v.on == asked && asked != event::mail) return string(ehlo::name(*v.of));
    return "";
}

// The arrows of a diagram: every pair of states once, with all events that lead from one to the other. Left out are those that
// leave the state as it is, those that cut a session off anywhere, and answers of a server that knows no order.
template <class Protocol, class Arrow>
string arrows(Arrow arrow) {
    string s;
    for (size_t f = 0; f < ehlo::state_count; ++f)
        for (size_t t = 0; t < ehlo::state_count; ++t) {
            if (f == t) continue;
            auto const from = static_cast<ehlo::state>(f), to = static_cast<ehlo::state>(t);
            words all;
            for (row const& r : Protocol::rules.rows) {
                if (!r.from.has(from) || !r.in_order || !(r.on & Protocol::cuts).empty()) continue;
                string guard = guards_of(r.needs - ehlo::fact::extended, r.barred);
                if (!guard.empty()) guard = " [" + guard + "]";
                for (string const& event : names_of<Protocol>(r.on)) {
                    bool const yes = r.done == to, more = r.more == to, no = r.refused == to;
                    if (yes || (more && r.done == never)) all.push_back(event + guard);
                    else if (more) all.push_back(event + " 3yz" + guard);
                    else if (no) all.push_back(event + " refused");
                }
            }
            if (!all.empty()) s += arrow(string(name(from)), string(name(to)), joined(all));
        }
    return s;
}

// A line for each cell. (Names hold nothing that JSON would have escaped.)
template <class... Own>
string cells() {
    using protocol = ehlo::protocol_with<Own...>;
    string s;
    for (row const& r : protocol::rules.rows)
        for (size_t f = 0; f < ehlo::state_count; ++f)
            for (size_t e = 0; e < ehlo::event_count; ++e) {
                auto const from = static_cast<ehlo::state>(f);
                auto const on = static_cast<ehlo::event>(e);
                if (!r.from.has(from) || !r.on.has(on)) continue;
                string line;
                auto json = [&line](string_view key, string const& value) {
                    line += (line.empty() ? "{\"" : ",\"") + string(key) + "\":" + value;
                };
                auto quoted = [](string_view value) { return '"' + string(value) + '"'; };
                auto text = [&](string_view key, string_view value) { json(key, quoted(value)); };
                auto to = [from](ehlo::state next) { return name(next == stay ? from : next); };
                text("table", "SMTP"), text("state", name(from)), text("event", protocol::name(on));
                ehlo::state const good = r.done != never ? r.done : r.more;
                if (good != never) text("accepted", to(good));
                if (r.more != never && r.done != never) text("continued", to(r.more));
                text("refused", to(r.refused));
                if (r.does != ehlo::effect::none) text("effect", effect_names[static_cast<size_t>(r.does)]);
                for (auto const& [key, facts] : {std::pair{"needs", r.needs}, {"barred", r.barred}, {"sets", r.sets}, {"clears", r.clears}, {"brings", r.brings}, {"asked", r.asked}}) {
                    if (facts.empty()) continue;
                    words all = names_of(facts);
                    for (string& fact : all) fact = quoted(fact);
                    json(key, "[" + joined(all, ",") + "]");
                }
                if (string const of = extension_of<Own...>(on); !of.empty()) text("extension", of);
                json("in_order", r.in_order ? "true" : "false");
                s += line + "}\n";
            }
    return s;
}

template <class Protocol>
string columns(std::function<string(string_view)> const& bold) {
    std::vector<words> all{{"in"}, {"on"}, {"2yz"}, {"3yz"}, {"4yz, 5yz"}, {"needs"}, {"does"}, {"known"}};
    for (row const& r : Protocol::rules.rows) {
        if (r.on.empty()) continue;   // that of all cells that no row names
        string const cells[] = {from_of(r.from), joined(names_of<Protocol>(r.on)) + (r.in_order ? "" : " *"), to_of(r.done), to_of(r.more, r.asked), to_of(r.refused),
                                guards_of(r.needs, r.barred), string(effect_names[static_cast<size_t>(r.does)]), facts_of(r)};
        for (size_t i = 0; i < all.size(); ++i) all[i].push_back(cells[i]);
    }
    string s;
    for (size_t line = 0; line < all[0].size(); ++line) {
        string text;
        for (words const& column : all) {
            size_t width = 0;
            for (string const& cell : column) width = cell.size() > width ? cell.size() : width;
            string cell = column[line];
            cell.resize(width + 2, ' ');
            text += line == 0 || &column == &all[1] ? bold(cell) : cell;
        }
        while (text.ends_with(' ')) text.pop_back();
        s += text + '\n';
    }
    return s + "\nWhere a reply leads, by its class: = nowhere, - is no answer, and neither is a 3yz if nobody asked for it. 421 ends the session whatever it answers.\n"
               "  in order   " + joined(names_of(rows::in_order)) + "\n"
               "  commands   these and greeted\n"
               "  any        all but closed\n"
               "  needs      what must be known, and what may not: 503, 530 or 555 otherwise\n"
               "  does       what becomes of the transaction, if accepted; delivers, part: refused, it is dropped; ends: either way\n"
               "  known      + from then on, - no longer, ? if the command brings it\n"
               "  *          out of order, but one who answers so all the same is followed\n"
               "All else is out of order: 503, and nothing moves.\n";
}

}  // namespace detail

/// The order of SMTP, with commands of the user's own (ehlo/own_commands.hpp), if any. `bold` is given what stands out in text.
template <class... Own>
std::string print(paper as, std::function<std::string(std::string_view)> const& bold = [](std::string_view text) { return std::string(text); }) {
    using detail::arrows;
    using std::string;
    using protocol = ehlo::protocol_with<Own...>;
    switch (as) {
    case paper::json: return detail::cells<Own...>();
    case paper::dot:
        return "digraph smtp {\n    rankdir=LR;\n    node [shape=box, style=rounded];\n" +
               arrows<protocol>([](string const& from, string const& to, string const& events) {
                   return "    " + from + " -> " + to + " [label=\"" + events + "\"];\n";
               }) + "}\n";
    case paper::mermaid:
        return "stateDiagram-v2\n    direction TB\n    [*] --> " + string(name(ehlo::state::connected)) + '\n' +
               arrows<protocol>([](string const& from, string const& to, string const& events) {
                   return "    " + from + " --> " + to + ": " + events + '\n';
               }) + "    turned --> [*]\n    closed --> [*]\n";
    default: return detail::columns<protocol>(bold);
    }
}

}  // namespace order_table
