// From a split line to the typed command: the one place that knows which parser belongs to which verb.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/command.hpp>
#include <ehlo/detail/set.hpp>
#include <ehlo/turn.hpp>
#include <ehlo/xclient.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
/// Whether a visitor of commands throws nothing: what it throws goes through to the caller.
template <class F, class... Command>
constexpr bool throws_nothing_at() noexcept {
    return (... && noexcept(std::declval<F&>()(std::declval<Command const&>())));
}
template <class F>
inline constexpr bool throws_nothing =
    throws_nothing_at<F, cmd::hello, cmd::mail, cmd::rcpt, cmd::vrfy, cmd::noop, cmd::data, cmd::rset, cmd::quit, cmd::turn,
                      cmd::starttls, cmd::onex, cmd::auth, cmd::bdat, cmd::burl, cmd::etrn, cmd::atrn, cmd::xclient>();
inline constexpr set_of<verb> all_verbs = set_of<verb>::first(verb_count);
}  // namespace detail

/// Parses the arguments of a split line and calls `f` with the typed command (one of cmd::*).
/// Returns the failure, if any, with `at` counted from the first octet of the line. Errors: unknown_verb, and those of
/// the command's own parser. `Known`: the verbs that can come to here; of no other is the parser linked in. `known`: likewise the
/// parameters of MAIL and RCPT. `path_at`: where the path of these begins, if a fast attempt at it was made in vain.
template <set_of<verb> Known = detail::all_verbs, class F, class Parameters = detail::known_parameters<>>
[[nodiscard]] constexpr std::optional<failure> visit_command(command_line const& line, syntax const& rules, F&& f,
                                                             Parameters known = {}, std::size_t path_at = 0) noexcept(detail::throws_nothing<F>) {
    auto const offset = static_cast<std::size_t>(line.arguments.data() - line.name.data());
    auto pass = [&](auto const& parsed) noexcept(detail::throws_nothing<F>) -> std::optional<failure> {
        if (!parsed) return fail(parsed.error().code, parsed.error().at + offset);
        f(*parsed);
        return std::nullopt;
    };
    switch (line.verb) {
    case verb::helo:
    case verb::lhlo:
    case verb::ehlo: return pass(parse_hello(line.verb, line.arguments, rules));
    case verb::mail:
    case verb::send:
    case verb::soml:
    case verb::saml: return pass(detail::read_mail(line.arguments, rules, line.verb, path_at, known));
    case verb::rcpt: return pass(detail::read_rcpt(line.arguments, rules, path_at, known));
    case verb::vrfy:
    case verb::expn: return pass(parse_vrfy(line.verb, line.arguments, rules));
    case verb::help:
    case verb::noop:
    case verb::verbose: return pass(parse_noop(line.verb, line.arguments, rules));
    case verb::data: return pass(parse_no_argument<verb::data>(line.arguments));
    case verb::rset: return pass(parse_no_argument<verb::rset>(line.arguments));
    case verb::quit: return pass(parse_no_argument<verb::quit>(line.arguments));
    case verb::turn:
        if constexpr (Known.has(verb::turn)) return pass(parse_no_argument<verb::turn>(line.arguments));
        break;
    case verb::starttls:
        if constexpr (Known.has(verb::starttls)) return pass(parse_no_argument<verb::starttls>(line.arguments));
        break;
    case verb::onex:
        if constexpr (Known.has(verb::onex)) return pass(parse_no_argument<verb::onex>(line.arguments));
        break;
    case verb::auth:
        if constexpr (Known.has(verb::auth)) return pass(parse_auth(line.arguments));
        break;
    case verb::bdat:
        if constexpr (Known.has(verb::bdat)) return pass(parse_bdat(line.arguments));
        break;
    case verb::burl:
        if constexpr (Known.has(verb::burl)) return pass(parse_burl(line.arguments));
        break;
    case verb::etrn:
        if constexpr (Known.has(verb::etrn)) return pass(parse_etrn(line.arguments));
        break;
    case verb::atrn:
        if constexpr (Known.has(verb::atrn)) return pass(parse_atrn(line.arguments, rules));
        break;
    case verb::xclient:
    case verb::xforward:
        if constexpr (Known.has(verb::xclient) || Known.has(verb::xforward)) return pass(parse_xclient(line.verb, line.arguments, rules));
        break;
    case verb::unknown: break;
    }
    return fail(errc::unknown_verb, 0);
}

}  // namespace ehlo
