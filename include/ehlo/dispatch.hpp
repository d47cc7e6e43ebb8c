// From a split line to the typed command: the one place that knows which parser belongs to which verb.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/command.hpp>
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
    throws_nothing_at<F, cmd::hello, cmd::mail, cmd::rcpt, cmd::lookup, cmd::remark, cmd::data, cmd::rset, cmd::quit, cmd::turn,
                      cmd::starttls, cmd::onex, cmd::auth, cmd::bdat, cmd::burl, cmd::etrn, cmd::atrn, cmd::client_facts>();
}  // namespace detail

/// Parses the arguments of a split line and calls `f` with the typed command (one of cmd::*).
/// Returns the failure, if any, with `at` counted from the first octet of the line. Errors: unknown_verb, and those of
/// the command's own parser.
template <class F>
[[nodiscard]] constexpr std::optional<failure> visit_command(command_line const& line, syntax const& rules,
                                                             F&& f) noexcept(detail::throws_nothing<F>) {
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
    case verb::saml: return pass(parse_mail(line.arguments, rules, line.verb));
    case verb::rcpt: return pass(parse_rcpt(line.arguments, rules));
    case verb::vrfy:
    case verb::expn: return pass(parse_lookup(line.verb, line.arguments, rules));
    case verb::help:
    case verb::noop:
    case verb::verbose: return pass(parse_remark(line.verb, line.arguments, rules));
    case verb::data: return pass(parse_bare<verb::data>(line.arguments));
    case verb::rset: return pass(parse_bare<verb::rset>(line.arguments));
    case verb::quit: return pass(parse_bare<verb::quit>(line.arguments));
    case verb::turn: return pass(parse_bare<verb::turn>(line.arguments));
    case verb::starttls: return pass(parse_bare<verb::starttls>(line.arguments));
    case verb::onex: return pass(parse_bare<verb::onex>(line.arguments));
    case verb::auth: return pass(parse_auth(line.arguments));
    case verb::bdat: return pass(parse_bdat(line.arguments));
    case verb::burl: return pass(parse_burl(line.arguments));
    case verb::etrn: return pass(parse_etrn(line.arguments));
    case verb::atrn: return pass(parse_atrn(line.arguments, rules));
    case verb::xclient:
    case verb::xforward: return pass(parse_client_facts(line.verb, line.arguments, rules));
    case verb::unknown: break;
    }
    return fail(errc::unknown_verb, 0);
}

}  // namespace ehlo
