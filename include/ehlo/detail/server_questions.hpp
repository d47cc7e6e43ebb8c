// What a server asks its handler, a command that is well formed and in order; and what the policy has against it before.
#pragma once

#include <ehlo/detail/server_core.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

template <class H, class Command>
constexpr reply ask_if_answered(H& handler, Command const& c) {
    if constexpr (answers<H, Command>) return handler.on(c);
    else return replies::try_later;
}

/// What the handler says. `fault`: what the policy finds; then it is not asked.
template <class Server, class H>
constexpr reply ask(Server const&, H& handler, cmd::hello const& c, std::optional<failure>&, asked&) {
    return handler.on(c);
}
template <class Server, class H>
EHLO_INLINE constexpr reply ask(Server const& s, H& handler, cmd::mail const& c, std::optional<failure>& fault, asked& a) {
    mail_parameters const& p = c.parameters;
    bool const binary = p.body() == body::binary_mime;
    if (auto const bad = detail::find_parameter_fault<typename own_parameters_of<H>::mail, decltype(s.known())::linked>(s.order, s.offered, p, binary, a.line.data()))
        return fault = bad, reply();
    if (p.size() && *p.size() > s.settings->max_message) {
        fault = fail(errc::message_too_large, detail::place_of(a.line.data(), p.all(), [](parameter const& q) { return iequals(q.keyword, "SIZE"); }));
        return {};
    }
    fact_set brings;
    if (p.smtputf8()) brings |= fact::smtputf8;
    if (binary) brings |= fact::binary;
    if (p.prdr()) brings |= fact::prdr;
    a.brings = static_cast<std::uint8_t>(brings.bits);
    return handler.on(c);
}
template <class Server, class H>
EHLO_INLINE constexpr reply ask(Server const& s, H& handler, cmd::rcpt const& c, std::optional<failure>& fault, asked& a) {
    fault = detail::find_parameter_fault<typename own_parameters_of<H>::rcpt, decltype(s.known())::linked>(s.order, s.offered, c.parameters, false, a.line.data());
    if (!fault && s.order.recipients() == s.settings->max_recipients) fault = fail(errc::too_many_recipients, 0);
    return fault ? reply() : handler.on(c);
}
template <class Server, class H>
constexpr reply ask(Server const& s, H& handler, cmd::vrfy const& c, std::optional<failure>& fault, asked& a) {
    // Their tokens, which stand after the string, are parameters like those of MAIL.
    bool const token_offered = s.offered.has(c.utf8reply ? extension::utf8smtp : extension::smtputf8);
    if ((c.smtputf8 || c.utf8reply) && (!token_offered || s.order.check(event::parameter))) {
        fault = fail(errc::unknown_parameter, static_cast<std::size_t>(c.string.data() + c.string.size() + 1 - a.line.data()));
        return {};
    }
    if (c.smtputf8 || c.utf8reply) a.brings = static_cast<std::uint8_t>(fact_set(fact::smtputf8).bits);
    if constexpr (answers<H, cmd::vrfy>) return handler.on(c);
    if (c.verb == verb::vrfy) return replies::cannot_verify;
    fault = fail(errc::not_implemented, 0);
    return {};
}
template <class Server, class H>
constexpr reply ask(Server const&, H& handler, cmd::noop const& c, std::optional<failure>&, asked&) {
    if constexpr (answers<H, cmd::noop>) return handler.on(c);
    return c.verb == verb::help ? replies::help : replies::ok;
}
template <class Server, class H>
constexpr reply ask(Server const&, H& handler, cmd::data const& c, std::optional<failure>&, asked&) {
    if constexpr (answers<H, cmd::data>) return handler.on(c);
    return replies::start_content;
}
template <class Server, class H>
constexpr reply ask(Server const&, H&, cmd::rset const&, std::optional<failure>&, asked&) {
    return replies::ok;
}
template <class Server, class H>
constexpr reply ask(Server const&, H&, cmd::quit const&, std::optional<failure>&, asked&) {
    return replies::bye;
}
template <class Server, class H>
constexpr auth_answer ask(Server const& s, H& handler, cmd::auth const& c, std::optional<failure>& fault, asked&) {
    auto const at = static_cast<std::uint32_t>(5);
    if constexpr (names_mechanisms<H>) {
        if (detail::usable_mechanisms(*s.settings, s.order.knows(fact::tls), handler).has(c.mechanism)) return handler.on(c);
        // RFC 4954 6: one that needs TLS is 538, any other 504.
        bool const needs_tls = clear_text_mechanisms.has(c.mechanism) && handler.mechanisms().has(c.mechanism);
        fault = fail(needs_tls ? errc::mechanism_needs_tls : errc::unknown_mechanism, at);
    } else {
        fault = fail(errc::not_implemented, at);   // never asked
    }
    return reply();
}
template <class Server, class H>
constexpr reply ask(Server const&, H& handler, cmd::burl const& c, std::optional<failure>&, asked& a) {
    if (c.last) a.on = event::last_burl;
    return detail::ask_if_answered(handler, c);
}
/// All others are asked where they are offered, which they are where the handler has the function.
template <class Server, class H, class Command>
constexpr reply ask(Server const&, H& handler, Command const& c, std::optional<failure>&, asked&) {
    return detail::ask_if_answered(handler, c);
}

}  // namespace detail
}  // namespace ehlo
