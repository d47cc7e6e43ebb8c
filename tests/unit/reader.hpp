// command_reader beside line_reader, split_command and visit_command: each call of the one must say what the three say.
#pragma once

#include "support.hpp"

#include <ehlo/command_reader.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace support {

// Equal in every field, and every view the same octets at the same place.
inline bool same(std::string_view a, std::string_view b) { return a.data() == b.data() && a.size() == b.size(); }
inline bool same(ehlo::host const& a, ehlo::host const& b) {
    return same(a.text, b.text) && a.kind == b.kind && a.tolerated == b.tolerated;
}
inline bool same(ehlo::path const& a, ehlo::path const& b) {
    auto x = a.route().begin(), y = b.route().begin();
    auto const x_end = a.route().end(), y_end = b.route().end();
    for (; x != x_end && y != y_end; ++x, ++y)
        if (!same(*x, *y)) return false;
    return !(x != x_end) && !(y != y_end) && a.kind() == b.kind() && same(a.text(), b.text()) && same(a.local_part(), b.local_part()) &&
           same(a.domain(), b.domain()) && same(a.address(), b.address()) && a.domain_kind() == b.domain_kind() &&
           a.tolerated() == b.tolerated();
}
inline bool same_list(ehlo::parameter_list const& a, ehlo::parameter_list const& b) {
    return same(a.all().text(), b.all().text()) && a.present() == b.present() && a.unknown_at() == b.unknown_at();
}
inline bool same(ehlo::mail_parameters const& a, ehlo::mail_parameters const& b) {
    return same_list(a, b) && a.size() == b.size() && a.body() == b.body();
}
inline bool same(ehlo::rcpt_parameters const& a, ehlo::rcpt_parameters const& b) { return same_list(a, b); }
inline bool same(ehlo::cmd::hello const& a, ehlo::cmd::hello const& b) { return a.verb == b.verb && same(a.name, b.name); }
inline bool same(ehlo::cmd::mail const& a, ehlo::cmd::mail const& b) {
    return a.verb == b.verb && same(a.from, b.from) && same(a.parameters, b.parameters) && a.tolerated == b.tolerated;
}
inline bool same(ehlo::cmd::rcpt const& a, ehlo::cmd::rcpt const& b) {
    return same(a.to, b.to) && same(a.parameters, b.parameters) && a.tolerated == b.tolerated;
}
inline bool same(ehlo::cmd::vrfy const& a, ehlo::cmd::vrfy const& b) {
    return a.verb == b.verb && same(a.string, b.string) && a.smtputf8 == b.smtputf8 && a.utf8reply == b.utf8reply;
}
inline bool same(ehlo::cmd::noop const& a, ehlo::cmd::noop const& b) { return a.verb == b.verb && same(a.argument, b.argument); }
template <ehlo::verb V>
bool same(ehlo::cmd::no_argument<V> const&, ehlo::cmd::no_argument<V> const&) {
    return true;
}
inline bool same(ehlo::cmd::auth const& a, ehlo::cmd::auth const& b) {
    return same(a.name, b.name) && a.initial_response.has_value() == b.initial_response.has_value() &&
           (!a.initial_response || same(*a.initial_response, *b.initial_response));
}
inline bool same(ehlo::cmd::bdat const& a, ehlo::cmd::bdat const& b) { return a.size == b.size && a.last == b.last; }
inline bool same(ehlo::cmd::burl const& a, ehlo::cmd::burl const& b) { return same(a.url, b.url) && a.last == b.last; }
inline bool same(ehlo::cmd::etrn const& a, ehlo::cmd::etrn const& b) { return a.option == b.option && same(a.node, b.node); }
inline bool same(ehlo::cmd::atrn const& a, ehlo::cmd::atrn const& b) { return same(a.domains, b.domains); }
inline bool same(ehlo::cmd::xclient const& a, ehlo::cmd::xclient const& b) {
    return a.verb == b.verb && same(a.attributes.text(), b.attributes.text());
}

/// Any command, or none yet.
using any_command =
    std::variant<std::monostate, ehlo::cmd::hello, ehlo::cmd::mail, ehlo::cmd::rcpt, ehlo::cmd::vrfy, ehlo::cmd::noop, ehlo::cmd::data,
                 ehlo::cmd::rset, ehlo::cmd::quit, ehlo::cmd::turn, ehlo::cmd::starttls, ehlo::cmd::onex, ehlo::cmd::auth, ehlo::cmd::bdat,
                 ehlo::cmd::burl, ehlo::cmd::etrn, ehlo::cmd::atrn, ehlo::cmd::xclient>;

inline std::string say(any_command const& c) {
    return std::visit(
        [](auto const& typed) -> std::string {
            if constexpr (std::is_same_v<std::decay_t<decltype(typed)>, std::monostate>) return "no command";
            else return say(typed);
        },
        c);
}

/// Both ways on the same octets, in step.
class both_ways {
    ehlo::command_reader one_;
    ehlo::line_reader lines_;

  public:
    bool need_more = false;    ///< what the last step said
    bool ready = false;        ///< likewise
    std::size_t consumed = 0;  ///< likewise
    std::string wrong;         ///< the first difference; empty if there was none

    void step(std::string_view in, std::size_t limit, ehlo::syntax const& rules) {
        ehlo::verb v{};
        std::optional<ehlo::failure> fault;
        any_command expected;
        auto const line = lines_.next(in, limit, rules.tolerate);
        if (line.failed()) fault = line.error();
        if (line.ready()) {
            auto const split = ehlo::split_command(*line, rules);
            if (split) fault = visit_command(*split, rules, [&expected](auto const& c) { expected = c; });
            if (split) v = split->verb;
            else fault = split.error();
        }
        need_more = line.need_more();
        ready = line.ready() && !fault;
        consumed = line.consumed;

        std::size_t calls = 0;
        bool equal = false;
        any_command found;
        auto const r = one_.next(in, limit, rules, [&](auto const& c) {
            using command = std::decay_t<decltype(c)>;
            ++calls;
            found = c;
            equal = std::holds_alternative<command>(expected) && same(std::get<command>(expected), c);
        });
        bool const right = r.need_more() == need_more && r.ready() == ready && r.consumed == consumed &&
                           one_.discarding() == lines_.discarding() &&
                           (ready ? calls == 1 && equal && *r == v : calls == 0) && (!fault || (r.failed() && r.error() == *fault));
        if (right || !wrong.empty()) return;
        auto tell = [](bool more, std::optional<ehlo::failure> f, any_command const& c, std::size_t used) {
            return (more ? "more" : f ? say(*f) : say(c)) + ", " + std::to_string(used) + " consumed";
        };
        wrong = escaped(in.substr(0, 300)) + ", limit " + std::to_string(limit) + ", tolerating [" + say(rules.tolerate) + "]" +
                (rules.smtputf8 ? " smtputf8" : "") + ": " +
                tell(r.need_more(), r.failed() ? std::optional(r.error()) : std::nullopt, found, r.consumed) + " instead of " +
                tell(need_more, fault, expected, consumed);
    }
};

/// Octets as they come in; the first difference, or nothing. Counts the commands, if asked to.
template <class Reads>
std::string differs(Reads const& reads, std::size_t limit, ehlo::syntax const& rules, std::size_t* commands = nullptr) {
    both_ways both;
    static growing buffer;
    buffer.clear();
    for (std::string_view const read : reads) {
        buffer.read(read);
        do {
            both.step(buffer.view(), limit, rules);
            buffer.discard(both.consumed);
            if (commands && both.ready) ++*commands;
        } while (!both.need_more && both.wrong.empty());
        if (!both.wrong.empty()) break;
    }
    return both.wrong;
}

/// The first difference for a line that comes with its CRLF, under the rules that differ most.
inline std::string differs_as_line(std::string_view line) {
    std::string const whole = std::string(line) + "\r\n", more = whole + "RCPT TO:<a@b.example>\r\nDATA\r\n" + std::string(70, '-');
    for (bool const utf8 : {false, true})
        for (ehlo::leniency const tolerate : {ehlo::strict, ehlo::leniency::all()}) {
            ehlo::syntax const rules{.tolerate = tolerate, .smtputf8 = utf8};
            for (std::string_view const text : {std::string_view(whole), std::string_view(more)})
                for (std::size_t const limit : {std::size_t{2048}, whole.size(), whole.size() - 1})
                    if (auto const wrong = differs(std::initializer_list<std::string_view>{text}, limit, rules); !wrong.empty()) return wrong;
        }
    return {};
}

}  // namespace support
