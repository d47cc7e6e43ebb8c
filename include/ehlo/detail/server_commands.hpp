// How a server reads lines: commands, one's own among them, and the responses of an AUTH exchange.
#pragma once

#include <ehlo/command_reader.hpp>
#include <ehlo/detail/server_content.hpp>
#include <ehlo/detail/server_questions.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

constexpr bool is_later(reply const& r) noexcept { return r.is_later(); }
constexpr bool is_later(auth_answer const& a) noexcept { return a.said.is_later(); }

/// Why a verb cannot be answered here, whatever stands after it.
template <class Server>
constexpr std::optional<failure> find_disorder(Server const& s, verb v) noexcept {
    if (v != verb::unknown && speaks(*s.settings, v) && does(*s.settings, s.taken(), v)) [[likely]] {
        if (auto const why = s.order.check(verb_table[static_cast<unsigned>(v)].on)) return fail(*why, 0);
        return std::nullopt;
    }
    // RFC 5321 3.1: after a greeting that refuses all is 503 but QUIT, unknown or not. NOOP is in order wherever another is.
    if (s.order.check(event::noop)) return fail(errc::bad_sequence, 0);
    return fail(v == verb::unknown || !speaks(*s.settings, v) ? errc::unknown_verb : errc::not_implemented, 0);
}

// A command of the user's own, if the line is one.
template <class One, class Server, class Asked, class Take>
constexpr bool take_own(Server const& s, command_line const& split, syntax const& grammar, Asked& a, std::optional<failure>& fault, bool& moves,
                        Take& take) {
    if (!iequals(split.name, One::verb)) return false;
    a.on = Server::protocol::template event_of<One>;
    if (auto const why = s.order.check(a.on)) {
        fault = fail(*why, 0);
        moves = *why == errc::bad_sequence;
    } else if (auto const parsed = One::parse(split.arguments, grammar)) {
        take(*parsed);
    } else {
        fault = fail(parsed.error().code, parsed.error().at + static_cast<std::size_t>(split.arguments.data() - split.name.data()));
    }
    return true;
}

// A BURL that cannot be read, or not yet to its end: the message lacks a part all the same.
template <class Server, class H>
constexpr void lose_part(Server& s, H& handler) {
    if constexpr (!Server::may_offer.has(extension::burl)) return;
    auto const why = detail::find_disorder(s, verb::burl);
    if (!why || why->code == errc::bad_sequence) s.settle(handler, event::burl, 500);
}

// A line of which nothing comes. What hides a BDAT is refused as one.
template <class Server, class H>
constexpr void refuse_line(Server& s, server_io& t, H& handler, asked& a, failure const& fault, bool moves, std::size_t size) {
    if (s.auth_failed && a.verb == verb::unknown && a.on == event::noop) a.secret = 0;
    bdat_finder finder;
    finder.look(a.line);
    t.used += size;
    if (finder.found()) return s.refuse(t, handler, {event::noop, verb::bdat, a.line, a.secret}, fault, false, true);
    if (a.verb == verb::unknown && a.on == event::noop && detail::may_be_burl(a.line)) detail::lose_part(s, handler);
    s.refuse(t, handler, a, fault, moves);
}

// By way of its line: for all that can be wrong with it.
template <extensions Offers, class... Own, class H>
EHLO_NOINLINE constexpr bool take_rare_command(server_core<Offers, Own...>& s, server_io& t, H& handler, syntax const& grammar) {
    std::string_view const in = t.rest();
    bool const begun = s.lines.discarding();
    auto const line = s.lines.next(in, s.settings->max_line, s.tolerate);
    s.tolerated = strict;
    if (!line.ready()) {
        if (!begun && line.consumed != 0 && detail::may_be_burl(in)) detail::lose_part(s, handler);
        s.finder.look(sub(in, 0, line.consumed));
        t.used += line.consumed;
        if (line.need_more()) return false;
        bool const may_be_chunk = s.finder.found();
        s.finder = bdat_finder();
        s.refuse(t, handler, {event::noop, may_be_chunk ? verb::bdat : verb::unknown}, line.error(), false, may_be_chunk);
        return true;
    }
    bool const bare_lf = line.consumed == line->size() + 1;
    if (bare_lf) s.tolerated |= rule::bare_lf_line;
    auto const split = split_command(*line, grammar);
    asked a{event::noop, split ? split->verb : verb::unknown, *line, handles<H, answered> ? find_secret(*line) : 0};
    if (split) s.tolerated |= split->tolerated;
    if (a.verb != verb::unknown) s.auth_failed = false;
    if (a.verb == verb::bdat) return detail::take_bdat(s, t, handler, a, *split, line.consumed, bare_lf), true;
    std::optional<failure> fault;
    // One that is out of order may lead on by the table, one that is malformed does not; but without a BURL the message lacks a
    // part (RFC 4468 3.2), as the table knows.
    bool moves = false;
    std::conditional_t<Offers.has(extension::auth), auth_answer, reply> said{reply()};
    auto take = [&](auto const& command) noexcept(server_core<Offers, Own...>::template never_throws<H>) -> void {
        if constexpr (requires { command.tolerated; }) s.tolerated |= command.tolerated;
        if constexpr (requires { command.name.tolerated; }) s.tolerated |= command.name.tolerated;
        said = detail::ask(s, handler, command, fault, a);
    };
    if (!split) {
        fault = s.order.check(event::noop) && split.error().code != errc::http_request ? fail(errc::bad_sequence, 0) : split.error();
    } else if (a.verb != verb::unknown) {
        a.on = verb_table[static_cast<unsigned>(a.verb)].on;
        fault = detail::find_disorder(s, a.verb);
        moves = fault && fault->code == errc::bad_sequence;
        if (!fault && !readable_verbs<H, Offers>().has(a.verb)) {
            fault = fail(errc::not_implemented, 0);   // a session that began with another handler
        } else if (!fault) {
            // A path that was tried in vain is not tried again.
            bool const tried = (a.verb == verb::mail || a.verb == verb::rcpt) && line->size() >= 14;
            std::size_t const path_at = tried ? fast::path_begin(line->data(), fold4(line->data())) : 0;
            if (auto const bad = visit_command<readable_verbs<H, Offers>()>(*split, grammar, take, s.known(), path_at != 0 ? path_at - 5 : 0)) {
                fault = bad;
                moves = a.on == event::burl;
            }
        }
    } else if (!(... || detail::take_own<Own>(s, *split, grammar, a, fault, moves, take))) {
        fault = detail::find_disorder(s, verb::unknown);
    }
    if (fault) {
        detail::refuse_line(s, t, handler, a, *fault, moves, line.consumed);
    } else if (detail::is_later(said)) {
        s.put_off(line.consumed, a);
    } else {
        t.used += line.consumed;
        s.conclude_with(t, handler, a, said);
    }
    return true;
}

/// The verbs that are read in one step, whatever a server offers; those of a greeting, which LMTP has not.
inline constexpr set_of<verb> quick_verbs =
    set_of<verb>(verb::mail) | verb::rcpt | verb::data | verb::rset | verb::noop | verb::quit;
inline constexpr set_of<verb> quick_greetings = set_of<verb>(verb::ehlo) | verb::helo;

/// A command that is read in one step, and what the handler says to it. By itself: what a lambda captures would have to be stored for each.
template <class Server, class H>
struct quick_command {
    Server& s;
    H& handler;
    asked a;
    std::optional<failure> fault{};
    reply said{};

    template <class Command>
    constexpr void operator()(Command const& command) noexcept(Server::template never_throws<H>) {
        if constexpr (std::is_same_v<decltype(detail::ask(s, handler, command, fault, a)), reply>)
            said = detail::ask(s, handler, command, fault, a);   // AUTH is never read so
    }
};

/// Reads a line and answers it. False: more input is needed.
template <class Server, class H>
constexpr bool take_command(Server& s, server_io& t, H& handler) {
    std::string_view const in = t.rest();
    syntax grammar = s.settings->grammar;
    grammar.smtputf8 = s.order.knows(fact::smtputf8);
    grammar.tolerate = s.tolerate;
    // Most commands are read in one step; one that is out of order, rare or wrong is left to the long way. So is all on a machine
    // without vectors: it is likely to be a small one, and the code for that step is a tenth of a server.
    if (EHLO_VECTOR && s.lines.at_start() && in.size() >= 6) [[likely]] {
        verb const v = find_verb4(in.data());
        event const on = verb_table[static_cast<unsigned>(v)].on;
        if ((quick_verbs.has(v) || (quick_greetings.has(v) && speaks(*s.settings, v))) && s.order.is_in_order(on)) [[likely]] {
            s.tolerated = strict;
            quick_command<Server, H> c{s, handler, {on, v, {in.data(), 0}, 0}};
            refused_line refused;
            std::size_t const used = take_common_command(in, s.settings->max_line, grammar, c, refused, s.known());
            if (std::size_t const whole = used != 0 ? used : refused.size; whole != 0) [[likely]] {
                c.a.line = {in.data(), whole - 2};
                if constexpr (handles<H, answered>) c.a.secret = static_cast<std::uint32_t>(whole - 2);
                s.auth_failed = false;
                if (used == 0) return detail::refuse_line(s, t, handler, c.a, refused.why, false, whole), true;
                if (!c.fault && c.said.is_later()) {
                    s.put_off(used, c.a);
                    return true;
                }
                t.used += used;
                if (c.fault) s.refuse(t, handler, c.a, *c.fault, false);
                else if (!s.conclude_at_once(t, handler, c.a, c.said)) s.conclude(t, handler, c.a, c.said, std::nullopt);
                return true;
            }
        }
    }
    return detail::take_rare_command(s, t, handler, grammar);
}

/// A line of the client in an AUTH exchange. False: more input is needed.
template <class Server, class H>
EHLO_NOINLINE constexpr bool take_response(Server& s, server_io& t, H& handler) {
    auto const line = s.lines.next(t.rest(), max_auth_line, s.tolerate);
    s.tolerated = strict;
    if (line.need_more()) {
        t.used += line.consumed;
        return false;
    }
    asked a{event::response, verb::auth};
    if (line.ready()) a.line = *line;
    if (line.ready() && line.consumed == line->size() + 1) s.tolerated |= rule::bare_lf_line;
    std::optional<failure> fault;
    if (line.failed()) fault = line.error().code == errc::line_too_long ? fail(errc::auth_line_too_long, line.error().at) : line.error();
    auth_answer said{reply()};
    if constexpr (names_mechanisms<H>) {
        if (!fault) {
            auto const response = parse_auth_response(*line);
            if (!response) fault = response.error();
            else if (response->cancelled) fault = fail(errc::auth_cancelled, 0);
            else said = handler.on(*response);
        }
    } else if (!fault) {
        fault = fail(errc::not_implemented, 0);   // a session that began with another handler
    }
    if (!fault && said.said.is_later()) {
        s.put_off(line.consumed, a);
        return true;
    }
    t.used += line.consumed;
    if (fault) s.refuse(t, handler, a, *fault, true);
    else s.conclude_with(t, handler, a, said);
    return true;
}

}  // namespace detail
}  // namespace ehlo
