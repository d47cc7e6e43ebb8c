// From octets to the typed command in one step: framing, verb, arguments. RFC 5321 2.3.8, 4.1.1.
#pragma once

#include <ehlo/dispatch.hpp>
#include <ehlo/line.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {

// The fast attempt at a whole command (see detail/fast.hpp): what is well formed up to a CRLF holds neither CR, LF nor NUL, so
// nobody looks for the end of its line first.

/// A line that the fast attempt has read to its end, and the grammar refuses: what is wrong, and the octets with the CRLF. 0: it is
/// not known whether it is refused.
struct refused_line {
    failure why;            // nothing where the size is 0
    std::size_t size = 0;
};

/// Whether the grammar makes the same of a line as the fast attempt did. For EHLO_CHECK_FAST.
struct fast_command_check {
    std::string_view in;
    std::size_t limit;
    syntax const& rules;

    static constexpr bool same(std::string_view a, std::string_view b) noexcept { return a.data() == b.data() && a.size() == b.size(); }
    static constexpr bool same(parameter_list const& a, parameter_list const& b) noexcept {
        return same(a.all().text(), b.all().text()) && a.present() == b.present() && a.unknown_at() == b.unknown_at();
    }
    static constexpr bool same(cmd::hello const& a, cmd::hello const& b) noexcept { return a.verb == b.verb && same(a.name.text, b.name.text) && a.name == b.name; }
    static constexpr bool same(cmd::mail const& a, cmd::mail const& b) noexcept {
        return a.verb == b.verb && path_access::same(a.from, b.from) && same(static_cast<parameter_list const&>(a.parameters), b.parameters) &&
               a.parameters.size() == b.parameters.size() && a.parameters.body() == b.parameters.body() && a.tolerated == b.tolerated;
    }
    static constexpr bool same(cmd::rcpt const& a, cmd::rcpt const& b) noexcept {
        return path_access::same(a.to, b.to) && same(static_cast<parameter_list const&>(a.parameters), b.parameters) && a.tolerated == b.tolerated;
    }
    static constexpr bool same(cmd::noop const& a, cmd::noop const& b) noexcept { return a.verb == b.verb && a.argument == b.argument && a.tolerated == b.tolerated; }
    template <verb V>
    static constexpr bool same(cmd::no_argument<V> const&, cmd::no_argument<V> const&) noexcept {
        return true;
    }

    template <class Command, class Known>
    constexpr bool reads_alike(Command const& command, std::size_t used, Known known) const noexcept {
        auto const line = line_reader().next(in, limit, rules.tolerate);
        if (!line.ready() || line.consumed != used) return false;
        auto const split = split_command(*line, rules);
        bool alike = false;
        auto compare = [&](auto const& other) noexcept {
            if constexpr (std::is_same_v<decltype(other), Command const&>) alike = same(command, other);
        };
        return split && !visit_command(*split, rules, compare, known) && alike;
    }
    template <class Known>
    constexpr bool refuses_alike(refused_line const& refused, Known known) const noexcept {
        auto const line = line_reader().next(in, limit, rules.tolerate);
        if (!line.ready() || line.consumed != refused.size) return false;
        auto const split = split_command(*line, rules);
        auto const fault = split ? visit_command(*split, rules, [](auto const&) noexcept {}, known) : std::optional(split.error());
        return fault == refused.why;
    }
};

/// Parameters up to a CRLF, after a path that was taken, and ends at `from`; `parameters` has those before `at`. Returns the octets of
/// the line with its CRLF, 0 if anything is wrong with it, or tolerated.
template <class Parameters, class Known>
EHLO_NOINLINE constexpr std::size_t take_rare_parameters(std::string_view in, std::size_t from, std::size_t at, std::size_t limit, syntax const& rules,
                                                         Parameters& parameters, refused_line& refused, Known known) noexcept {
    std::size_t const end = from + find_near<charset(0, '\r')>({in.data() + from, in.size() - from});
    // Spaces that do not belong there, and what is no line, or too long a one, are not for here.
    if (end + 2 > in.size() || end + 2 > limit || end > 0xFFFFFFFF || load2(in.data() + end) != load2("\r\n") || in[from] != ' ' ||
        in[from + 1] == ' ' || chars::wsp.contains(in[end - 1]))
        return 0;
    cursor c{{in.data(), end}, rules, at};
    if (parameter_access::scan_rest(c, parameters, from + 1, known)) return c.tolerated.empty() ? end + 2 : 0;
    // Of octets over 127 only the whole of a MAIL tells whether they are right.
    if (c.error.code == errc::non_ascii) return 0;
    refused = {c.error, end + 2};
    if constexpr (fast::checked) fast::expect(fast_command_check{in, limit, rules}.refuses_alike(refused, known));
    return 0;
}
template <class Parameters, class Known>
EHLO_INLINE constexpr std::size_t take_common_parameters(std::string_view in, std::size_t from, std::size_t limit, syntax const& rules,
                                                         Parameters& parameters, refused_line& refused, Known known) noexcept {
    char const* const p = in.data();
    std::size_t const size = in.size();
    bool const some = from != size && p[from] == ' ';
    std::size_t const at = some ? parameter_access::take_registered(in, from + 1, rules, parameters, known) : from;
    // Without parameters it is the ">" that stands before the CRLF.
    if (size - at < 2 || load2(p + at) != load2("\r\n") || p[at - 1] == ' ' || parameter_access::may_conflict(parameters))
        return some ? take_rare_parameters(in, from, at, limit, rules, parameters, refused, known) : 0;
    std::size_t const first = some ? from + 1 : from;
    parameter_access::set_text(parameters, {p + first, at - first});
    return at + 2 <= limit ? at + 2 : 0;
}

/// Calls `f` with the command and returns its octets with the CRLF; 0 for anything rarer, or wrong, or not whole. A third of the
/// instructions of the way over line_reader, split_command and visit_command. What is wrong with it stands in `refused` if it had to
/// be found out: then nobody needs to read the line again.
template <class F, class Known>
EHLO_INLINE constexpr std::size_t take_common_command(std::string_view in, std::size_t limit, syntax const& rules, F&& f, refused_line& refused,
                                                      Known known) noexcept(throws_nothing<F>) {
    char const* const p = in.data();
    std::size_t const size = in.size();
    if (size < 6) return 0;
    auto accept = [&](auto const& command, std::size_t used) noexcept(throws_nothing<F>) {
        if constexpr (fast::checked) fast::expect(fast_command_check{in, limit, rules}.reads_alike(command, used, known));
        f(command);
        return used;
    };
    // The two that three lines of four begin with, told from all others before these are told from each other, and read alike up
    // to their parameters: a branch that was guessed wrong costs least if it is found out first, or last.
    std::uint32_t const word = fold4(p);
    if (bool const mail = word == fold4("MAIL"); mail || word == fold4("RCPT")) {
        if (size < 14) return 0;  // "MAIL FROM:<>" CRLF; the shortest RCPT is "RCPT TO:<a@b>" CRLF
        std::size_t const begin = fast::path_begin(p, word);
        if (begin == 0) return 0;
        std::string_view const text(p + begin, size - begin);
        path address;
        if (!path_access::try_fast(text, rules, address)) {
            if (!mail || load2(text.data()) != load2("<>") || rules.max_path < 2) return 0;
            path_access::set_null(address, sub(text, 0, 2));
        }
        std::size_t const end = begin + address.text().size();
        // Inlined: what it captures would have to be stored first. (Compilers do not agree where the attribute stands beside a noexcept.)
        auto finish = [&](auto& command) EHLO_INLINE_LAMBDA -> std::size_t {
            std::size_t const used = take_common_parameters(in, end, limit, rules, command.parameters, refused, known);
            return used != 0 ? accept(command, used) : 0;
        };
        if (mail) {
            cmd::mail m;
            m.verb = verb::mail;
            m.from = address;
            return finish(m);
        }
        cmd::rcpt r;
        r.to = address;
        return finish(r);
    }
    verb const v = find_verb4(p);
    constexpr std::uint16_t crlf = load2("\r\n");
    auto bare = [&](auto const& command) noexcept(throws_nothing<F>) -> std::size_t {
        return load2(p + 4) == crlf && limit >= 6 ? accept(command, std::size_t{6}) : 0;
    };
    switch (v) {
    case verb::ehlo:
    case verb::helo: {
        if (p[4] != ' ') return 0;
        std::size_t const length = fast::domain({p + 5, size - 5}, rules);
        std::size_t const end = 5 + length;
        if (length == 0 || size - end < 2 || load2(p + end) != crlf || end + 2 > limit) return 0;
        return accept(cmd::hello{v, {{p + 5, length}, host_kind::domain}}, end + 2);
    }
    case verb::data: return bare(cmd::data{});
    case verb::rset: return bare(cmd::rset{});
    case verb::quit: return bare(cmd::quit{});
    case verb::noop: return bare(cmd::noop{v, {p + 4, 0}});
    default:
        if (size < 10 || fold4(p) != fold4("STAR") || fold4(p + 4) != fold4("TTLS") || load2(p + 8) != crlf || limit < 10) return 0;
        return accept(cmd::starttls{}, std::size_t{10});
    }
}
template <class F, class Known = known_parameters<>>
EHLO_INLINE constexpr std::size_t take_common_command(std::string_view in, std::size_t limit, syntax const& rules, F&& f,
                                                      Known known = {}) noexcept(throws_nothing<F>) {
    refused_line refused;
    return take_common_command(in, limit, rules, f, refused, known);
}

}  // namespace detail

/// Reads commands out of a growing buffer, and stays in step whatever comes: line_reader, split_command and visit_command in one,
/// and quicker than the three. Call `next` with all octets not yet consumed; discard `consumed` of them afterwards.
///   ready:     a whole command; `f` was called with it (one of cmd::*, whose views point into the buffer). The value is its verb.
///   failed:    what is wrong with the line, `at` counted from its first octet; the whole line is consumed. Errors: those of
///              line_reader, split_command and visit_command.
///   need_more: as line_reader::next.
/// `limit`: octets of the longest line accepted, with its CRLF.
class command_reader {
    line_reader lines_;

    template <class F>
    EHLO_NOINLINE constexpr progress<verb> next_rare(std::string_view in, std::size_t limit, syntax const& rules, F&& f) noexcept(detail::throws_nothing<F>) {
        auto const line = lines_.next(in, limit, rules.tolerate);
        if (line.need_more()) return {line.consumed};
        if (line.failed()) return {line.error(), line.consumed};
        // A path that was tried in vain is not tried again.
        if (std::size_t const size = line->size(); size >= 14 && static_cast<unsigned char>(line->back()) > ' ') {
            std::uint32_t const word = detail::fold4(line->data());
            bool const mail = word == detail::fold4("MAIL");
            if (std::size_t const at = mail || word == detail::fold4("RCPT") ? detail::fast::path_begin(line->data(), word) : 0; at != 0) {
                std::string_view const arguments = detail::sub(*line, 5);
                auto finish = [&](auto const& command, verb v) noexcept(detail::throws_nothing<F>) -> progress<verb> {
                    if (!command) return {fail(command.error().code, command.error().at + 5), line.consumed};
                    f(*command);
                    return {v, line.consumed};
                };
                return mail ? finish(detail::read_mail(arguments, rules, verb::mail, at - 5), verb::mail) : finish(detail::read_rcpt(arguments, rules, at - 5), verb::rcpt);
            }
        }
        auto const split = split_command(*line, rules);
        if (!split) return {split.error(), line.consumed};
        if (split->verb == verb::unknown) return {fail(errc::unknown_verb, 0), line.consumed};
        if (auto const fault = visit_command(*split, rules, f)) return {*fault, line.consumed};
        return {split->verb, line.consumed};
    }

  public:
    template <class F>
    EHLO_INLINE constexpr progress<verb> next(std::string_view in EHLO_LIFETIMEBOUND, std::size_t limit, syntax const& rules, F&& f) noexcept(detail::throws_nothing<F>) {
        if (lines_.at_start()) {
            detail::refused_line refused;
            std::size_t const used = detail::take_common_command(in, limit, rules, f, refused, detail::known_parameters<>());
            if (used != 0) [[likely]] {
                verb const v = detail::find_verb4(in.data());
                return {v == verb::unknown ? verb::starttls : v, used};  // the only longer one that is read in one step
            }
            if (refused.size != 0) return {refused.why, refused.size};
        }
        return next_rare(in, limit, rules, f);
    }
    template <detail::temporary Text, class F>
    progress<verb> next(Text&&, std::size_t, syntax const&, F&&) = delete;

    /// True in the middle of a line that is being thrown away.
    constexpr bool discarding() const noexcept { return lines_.discarding(); }
};

}  // namespace ehlo
