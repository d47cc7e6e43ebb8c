// From octets to the typed command in one step: framing, verb, arguments. RFC 5321 2.3.8, 4.1.1.
#pragma once

#include <ehlo/dispatch.hpp>
#include <ehlo/line.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {

/// Parameters up to a CRLF, behind a path that was taken: `text` begins with what stands behind it. Returns the octets with the
/// CRLF, 0 if anything is wrong with them.
template <class Parameters>
EHLO_NOINLINE inline std::size_t take_rare_parameters(std::string_view text, syntax const& rules, Parameters& parameters) noexcept {
    std::size_t const end = find_near<charset(0, '\r')>(text);
    if (end + 2 > text.size() || load2(text.data() + end) != load2("\r\n") || text[0] != ' ' || chars::wsp.contains(text[end - 1])) return 0;
    cursor c{detail::sub(text, 0, end), rules, 1};
    parameters = Parameters();
    return parameter_access::scan(c, parameters) && c.tolerated.empty() ? end + 2 : 0;
}
template <class Parameters>
EHLO_INLINE std::size_t take_common_parameters(std::string_view text, syntax const& rules, Parameters& parameters) noexcept {
    char const* const p = text.data();
    std::size_t const size = text.size();
    std::size_t at = 0;
    while (at < size && p[at] == ' ') {
        std::size_t const used = parameter_access::take_common(p + at + 1, size - at - 1, rules, parameters);
        if (used == 0) return take_rare_parameters(text, rules, parameters);
        at += 1 + used;
    }
    if (size - at < 2 || load2(p + at) != load2("\r\n")) return 0;
    std::size_t const first = at == 0 ? 0 : 1;
    parameter_access::set_text(parameters, {p + first, at - first});
    return parameter_access::goes_together(parameters) ? at + 2 : 0;
}

/// A command as nearly all are, without looking for the end of its line first: what is well formed up to a CRLF holds neither
/// CR, LF nor NUL. Calls `f` with it and returns its octets with the CRLF; 0 for anything rarer, or wrong, or not whole.
/// A third of the instructions of the way over line_reader, split_command and visit_command, whose result is the same.
template <class F>
EHLO_INLINE std::size_t take_common_command(std::string_view in, std::size_t limit, syntax const& rules, F&& f) noexcept(throws_nothing<F>) {
    char const* const p = in.data();
    std::size_t const size = in.size();
    if (size < 6) return 0;
    // The two that three lines of four begin with, told from all others before these are told from each other, and read alike up
    // to their parameters: a branch that was guessed wrong costs least if it is found out first, or last.
    std::uint32_t const word = fold4(p);
    if (bool const mail = word == fold4("MAIL"); mail || word == fold4("RCPT")) {
        if (size < 14) return 0;  // "MAIL FROM:<>" CRLF; the shortest RCPT is "RCPT TO:<a@b>" CRLF
        constexpr std::uint64_t from = load8("\xFF\xDF\xDF\xDF\xDF\xFF\0"), to = load8("\xFF\xDF\xDF\xFF\0\0\0");
        if ((load8(p + 4) & (mail ? from : to)) != (mail ? load8(" FROM:\0") : load8(" TO:\0\0\0"))) return 0;
        std::size_t const begin = mail ? 10 : 8;
        path address;
        if (!path_access::take_common({p + begin, size - begin}, rules, address)) {
            if (!mail || load2(p + begin) != load2("<>") || rules.max_path < 2) return 0;
            path_access::set_null(address, {p + begin, 2});
        }
        std::size_t const end = begin + address.text().size();
        std::string_view const rest{p + end, size - end};
        auto finish = [&](auto& command) noexcept(throws_nothing<F>) -> std::size_t {
            std::size_t const used = take_common_parameters(rest, rules, command.parameters);
            if (used == 0 || end + used > limit) return 0;
            command.tolerated = strict;
            f(command);
            return end + used;
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
        if (load2(p + 4) != crlf || limit < 6) return 0;
        f(command);
        return 6;
    };
    switch (v) {
    case verb::ehlo:
    case verb::helo: {
        if (p[4] != ' ') return 0;
        std::size_t const length = common_domain_length({p + 5, size - 5});
        std::size_t const end = 5 + length;
        if (length == 0 || length > rules.max_domain || size - end < 2 || load2(p + end) != crlf || end + 2 > limit) return 0;
        f(cmd::hello{v, {{p + 5, length}, host_kind::domain}});
        return end + 2;
    }
    case verb::data: return bare(cmd::data{});
    case verb::rset: return bare(cmd::rset{});
    case verb::quit: return bare(cmd::quit{});
    case verb::noop: return bare(cmd::remark{v, {p + 4, 0}});
    default:
        if (size < 10 || fold4(p) != fold4("STAR") || fold4(p + 4) != fold4("TTLS") || load2(p + 8) != crlf || limit < 10) return 0;
        f(cmd::starttls{});
        return 10;
    }
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
        auto const split = split_command(*line, rules);
        if (!split) return {split.error(), line.consumed};
        if (auto const fault = visit_command(*split, rules, f)) return {*fault, line.consumed};
        return {split->verb, line.consumed};
    }

  public:
    template <class F>
    EHLO_INLINE constexpr progress<verb> next(std::string_view in EHLO_LIFETIMEBOUND, std::size_t limit, syntax const& rules, F&& f) noexcept(detail::throws_nothing<F>) {
        if (!std::is_constant_evaluated() && lines_.at_start()) {
            std::size_t const used = detail::take_common_command(in, limit, rules, f);
            if (used != 0) [[likely]] {
                verb const v = detail::find_verb4(in.data());
                return {v == verb::unknown ? verb::starttls : v, used};  // the only longer one that is read in one step
            }
        }
        return next_rare(in, limit, rules, f);
    }
    template <detail::temporary Text, class F>
    progress<verb> next(Text&&, std::size_t, syntax const&, F&&) = delete;

    /// True in the middle of a line that is being thrown away.
    constexpr bool discarding() const noexcept { return lines_.discarding(); }
};

}  // namespace ehlo
