// How a relay reads commands and the responses of an AUTH exchange: what is well formed, in order and on offer goes on as it stands, and
// all else is answered here, when what came before it has been.
#pragma once

#include <ehlo/command_reader.hpp>
#include <ehlo/detail/relay_content.hpp>
#include <ehlo/detail/server_commands.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

// What becomes of a command.
struct relay_verdict {
    std::optional<failure> fault{};
    relay_say say{};
    auth_answer here{reply()};
    bool ends_here = false;         // STARTTLS and AUTH do, and commands of the user's own
    bool waits = false;             // for replies
};

// What the policy has against a command, and what it means to the session.

template <class H, class Core, class Command>
constexpr std::optional<failure> find_fault(Core const&, Command const&, relayed_command&) noexcept {
    return std::nullopt;
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const& s, cmd::mail const& c, relayed_command& a) noexcept {
    mail_parameters const& p = c.parameters;
    bool const binary = p.body() == body::binary_mime;
    if (auto const fault = find_parameter_fault<typename own_parameters_of<H>::mail>(s.order, s.offered, p, binary, a.line.data())) return fault;
    if (p.size() && *p.size() > s.limit)
        return fail(errc::message_too_large, place_of(a.line.data(), p.all(), [](parameter const& q) { return iequals(q.keyword, "SIZE"); }));
    if (p.smtputf8()) a.brings |= fact::smtputf8;
    if (binary) a.brings |= fact::binary;
    return std::nullopt;
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const& s, cmd::rcpt const& c, relayed_command& a) noexcept {
    if (auto const fault = find_parameter_fault<typename own_parameters_of<H>::rcpt>(s.order, s.offered, c.parameters, false, a.line.data())) return fault;
    if (s.order.recipients() == s.settings->max_recipients) return fail(errc::too_many_recipients, 0);
    return std::nullopt;
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const& s, cmd::vrfy const& c, relayed_command& a) noexcept {
    bool const offered = s.offered.has(c.utf8reply ? extension::utf8smtp : extension::smtputf8);
    if ((!c.smtputf8 && !c.utf8reply) || (offered && !s.order.check(event::parameter))) return std::nullopt;
    return fail(errc::unknown_parameter, static_cast<std::size_t>(c.string.data() + c.string.size() + 1 - a.line.data()));
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const& s, cmd::auth const& c, relayed_command&) noexcept {
    if (s.usable.has(c.mechanism) && c.mechanism != mechanism::unknown) return std::nullopt;
    bool const needs_tls = clear_text_mechanisms.has(c.mechanism) && !s.now.knows(fact::tls) && !s.settings->clear_text_passwords;
    return fail(needs_tls ? errc::mechanism_needs_tls : errc::unknown_mechanism, 5);
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const&, cmd::burl const& c, relayed_command& a) noexcept {
    if (c.last) a.on = event::last_burl;
    return std::nullopt;
}
template <class H, class Core>
constexpr std::optional<failure> find_fault(Core const&, cmd::bdat const& c, relayed_command& a) noexcept {
    a.chunk = c;
    return std::nullopt;
}

// A chunk carries content without a go-ahead: it waits if something before the MAIL of its transaction is under way. Were that refused,
// and MAIL too, the chunk would go to another's recipients.
template <class Core>
constexpr bool must_wait(Core const& s, event e) noexcept {
    bool const content = e == event::bdat || e == event::burl || e == event::last_burl;
    if (content && s.under_way.has(event::mail) && s.under_way.first() != event::mail) return true;
    return !s.under_way.has_room(e) || !s.under_way.has_room(event::last_chunk_end);
}

template <class Core, class H, class Command>
constexpr void judge(Core& s, Command const& c, relayed_command& a, relay_verdict& v, H& h) {
    v.fault = find_fault<H>(s, c, a);
    v.waits = must_wait(s, a.on) || (v.fault && !s.under_way.empty());
    if (v.fault || v.waits) return;
    if constexpr (std::is_same_v<Command, cmd::starttls>) {
        v.ends_here = true;
        v.waits = !s.under_way.empty();
        if constexpr (ends_tls<H>)
            if (!v.waits) v.here = h.on(c);
    } else if constexpr ((std::is_same_v<Command, cmd::auth> && ends_auth<H>) || (Core::own::template has_type<Command> && answers<H, Command>)) {
        v.ends_here = true;
        v.waits = !s.under_way.empty();
        if (!v.waits) v.here = h.on(c);
    } else if constexpr (says<H, Command> && !std::is_same_v<Command, cmd::bdat>) {
        v.say = h.on(c);
        v.waits = v.say.what() == relay_say::kind::answer && !v.say.answer().is_later() && !s.under_way.empty();
    }
}

constexpr bool write_line(relay_io& t, std::string_view line) noexcept {
    if (line.size() + 2 > t.out.room()) return false;
    t.out.raw(line).crlf();
    t.to_server = true;
    return true;
}
// A line that the handler has put in the place of another: it is read as strictly as can be.
template <class H, class... Own>
EHLO_NOINLINE constexpr bool write_instead(relay_core<Own...> const& s, relay_io& t, relayed_command& a, std::string_view line) noexcept {
    relayed_command other{a.on, a.verb, line};
    std::optional<failure> bad, fault;
    if (find_first<chars::unsafe>(line) != line.size() || line.size() + 2 > s.settings->max_line) return false;
    syntax grammar = s.settings->grammar;
    grammar.smtputf8 = s.order.knows(fact::smtputf8);
    grammar.tolerate = strict;
    auto const split = split_command(line, grammar);
    if (!split || split->verb != a.verb || a.chunk) return false;
    auto const look = [&](auto const& c) noexcept { fault = find_fault<H>(s, c, other); };
    [[maybe_unused]] bool moves = false;
    if (a.verb != verb::unknown) bad = visit_command(*split, grammar, look);
    else if (!(... || take_own<Own>(s, *split, grammar, other, bad, moves, look))) return false;
    if (bad || fault || other.on != a.on) return false;
    a.brings = other.brings;
    return write_line(t, line);
}

// A chunk is announced: it goes on, or its octets are taken and thrown away. Whoever sends BDAT sends its chunk too (RFC 3030 2).
template <class Core, class H>
constexpr bool begin_chunk(Core& s, relay_io& t, H& h, relayed_command const& a, std::optional<errc> fault, std::size_t size) {
    bool const first = s.order.where() == state::rcpt;
    if (!fault && first) s.begin_content();
    if (!fault && a.chunk->size > s.limit - s.octets) fault = errc::message_too_large;
    s.chunk = {a.chunk->size, s.replies_due_in_all(), true, a.chunk->last, s.order.knows(fact::binary), false, false, fault};
    if (fault) return t.drop(size), true;
    if (a.chunk->last && a.chunk->size == 0) {
        // The line is the end of the message.
        auto const bad = find_last_fault(s, s.after_cr, s.chunk.binary);
        if (bad || (says<H, end_of_content> && s.chunk.before != 0)) {
            if (s.chunk.before != 0) return s.chunk = relay_chunk(), t.stop(relay_want::other);
            s.spoilt = bad;
            return t.drop(size), true;
        }
        auto const said = judge_end(s, h);
        if (said) {
            if (said->is_later()) return s.chunk = relay_chunk(), t.stop(relay_want::later);
            if (!refuse_chunk(s, t, h, errc::bad_sequence, said)) return s.chunk = relay_chunk(), false;
            t.drop(size);
            return abort_message(s, t);
        }
    }
    t.pass(size);
    s.push(a.chunk->last ? event::last_chunk_end : event::chunk_end, {});
    return true;
}

template <class Core, class H>
constexpr void conclude_auth(Core& s, relay_io& t, H& h, relayed_command const& a, auth_answer const& said) {
    if (!said.asks) {
        s.own_auth = false;
        return s.conclude(t, h, a, said.said, std::nullopt);
    }
    std::size_t const before = t.out.size();
    auto const written = write_challenge(t.out, said.asks->octets);
    if (!written || *written > s.settings->reply_space) {
        t.out.rewind(before);
        s.own_auth = false;
        return s.conclude(t, h, a, replies::authentication_fails_now, fail(errc::output_full, 0));
    }
    s.own_auth = true;
    s.settle(a.on, 334);
    s.tell(h, a, std::nullopt, said.said);
}

// What was read of a command that is whole, `size` octets of it. False: `t.want` is set.
template <class Core, class H>
constexpr bool carry_out(Core& s, relay_io& t, H& h, relayed_command& a, relay_verdict const& v, std::size_t size, bool bare_lf) {
    if (v.waits) return t.stop(relay_want::other);
    if ((v.fault || v.ends_here || v.say.what() != relay_say::kind::pass || bare_lf) && !s.has_room(t)) return t.stop(relay_want::room);
    if (v.fault) {
        s.refuse(t, h, a, *v.fault, false);
        t.drop(size);
        return true;
    }
    if (v.ends_here) {
        reply const& r = v.here.said;
        if (r.is_later()) return t.stop(relay_want::later);
        t.drop(size);
        if (a.on == event::starttls) {
            // RFC 3207 4.2: what comes in the clear after it could be anybody's.
            if (r.accepted() && !t.empty()) {
                s.settle(event::lost, 0);
                s.tell(h, a, fail(errc::early_octets, size), reply());
                return t.stop(relay_want::close);
            }
            return s.conclude(t, h, a, r, std::nullopt), true;
        }
        return conclude_auth(s, t, h, a, v.here), true;
    }
    if (v.say.what() == relay_say::kind::answer) {
        if (v.say.answer().is_later()) return t.stop(relay_want::later);
        s.conclude(t, h, a, v.say.answer(), std::nullopt);
        t.drop(size);
        return true;
    }
    if (a.chunk) return begin_chunk(s, t, h, a, std::nullopt, size);
    bool const edited = v.say.what() == relay_say::kind::instead;
    if (edited || bare_lf) {
        if (!(edited ? write_instead<H>(s, t, a, v.say.line()) : write_line(t, a.line))) {
            if (!s.under_way.empty()) return t.stop(relay_want::other);
            s.conclude(t, h, a, replies::try_later, fail(errc::bad_value, 0), false);
            t.drop(size);
            return true;
        }
        t.drop(size);
    } else {
        t.pass(size);
    }
    if ((a.on == event::burl || a.on == event::last_burl) && s.order.where() == state::rcpt) s.begin_content();
    s.push(a.on, a.brings);
    s.auth_failed = false;
    return true;
}
// Without its size, nobody knows where commands begin again; after a bare LF the chunk does not begin at the same place for everybody.
constexpr std::optional<failure> find_bdat_fault(command_line const& split, bool bare_lf) noexcept {
    auto const before = static_cast<std::size_t>(split.arguments.data() - split.name.data());
    if (bare_lf) return fail(errc::bare_lf, before + split.arguments.size());
    auto const parsed = parse_bdat(split.arguments);
    return parsed ? std::nullopt : std::optional(fail(parsed.error().code, before + parsed.error().at));
}
template <class Core>
constexpr std::optional<errc> find_bdat_disorder(Core const& s) noexcept {
    if (s.offered.has(extension::chunking)) return s.order.check(event::bdat);
    return in_transaction(s.order.where()) && s.order.knows(fact::extended) ? errc::not_implemented : errc::bad_sequence;
}

// A line of which nothing comes: it is answered here, when all before it has been. What may be a BDAT is refused as one. False: `t.want` is set.
template <class Core, class H>
EHLO_NOINLINE constexpr bool refuse_line(Core& s, relay_io& t, H& h, relayed_command& a, failure const& fault, bool moves, bool may_be_chunk, std::size_t size) {
    if (!s.under_way.empty()) return t.stop(relay_want::other);
    if (!s.has_room(t)) return t.stop(relay_want::room);
    if (s.auth_failed && a.verb == verb::unknown && a.on == event::noop) a.secret = 0;
    bdat_finder finder;
    finder.look(a.line);
    s.lines = line_reader();
    if (may_be_chunk || finder.found()) s.refuse(t, h, {event::noop, verb::bdat, a.line, a.secret}, fault, false, true);
    else s.refuse(t, h, a, fault, moves);
    t.drop(size);
    return true;
}

// By way of its line: for all that can be wrong with it.
template <class H, class... Own>
EHLO_NOINLINE constexpr bool take_rare_line(relay_core<Own...>& s, relay_io& t, H& h, syntax const& grammar) {
    std::string_view const in = t.rest();
    line_reader lines = s.lines;
    auto const line = lines.next(in, s.settings->max_line, grammar.tolerate);
    // What is thrown away is answered here, when all before it has been.
    bool const cut = line.failed() || line.consumed != 0;
    if (!line.ready() && cut) {
        if (!s.under_way.empty()) return t.stop(relay_want::other);
        if (!s.has_room(t)) return t.stop(relay_want::room);
    }
    if (line.failed() && line.error().code == errc::missing_octets) return s.shut_down(t, h, replies::shutting_down), t.stop(relay_want::close);
    if (!line.ready()) {
        s.finder.look(sub(in, 0, line.consumed));
        if (line.need_more()) {
            s.lines = lines;
            if (line.consumed != 0) t.drop(line.consumed);
            else s.finder = bdat_finder();
            return t.stop(relay_want::octets);
        }
        s.lines = lines;
        bool const may_be_chunk = s.finder.found();
        s.finder = bdat_finder();
        s.refuse(t, h, {event::noop, may_be_chunk ? verb::bdat : verb::unknown}, line.error(), false, may_be_chunk);
        t.drop(line.consumed);
        return true;
    }
    bool const bare_lf = line.consumed == line->size() + 1;
    auto const split = split_command(*line, grammar);
    relayed_command a{event::noop, split ? split->verb : verb::unknown, *line, find_secret(*line)};
    relay_verdict v;
    bool moves = false, may_be_chunk = false;
    auto const ask = [&](auto const& c) noexcept(relays_quietly<H, Own...>) { judge(s, c, a, v, h); };
    if (!split) {
        v.fault = s.order.check(event::noop) && split.error().code != errc::http_request ? fail(errc::bad_sequence, 0) : split.error();
    } else if (a.verb == verb::unknown) {
        auto const on = own_list<Own...>::find(split->name);
        if (!on) v.fault = find_disorder(s, verb::unknown);
        else if (!s.template takes_own<H>(*on)) v.fault = fail(s.order.check(event::noop) ? errc::bad_sequence : errc::not_implemented, 0);
        else static_cast<void>((... || take_own<Own>(s, *split, grammar, a, v.fault, moves, ask)));
    } else {
        a.on = verb_table[static_cast<unsigned>(a.verb)].on;
        if (a.verb == verb::bdat) {
            v.fault = find_bdat_fault(*split, bare_lf);
            may_be_chunk = v.fault.has_value();
            auto const disorder = find_bdat_disorder(s);
            if (!v.fault && disorder) {
                if (!s.under_way.empty()) return t.stop(relay_want::other);
                a.chunk = parse_bdat(split->arguments).value();
                s.lines = lines;
                return begin_chunk(s, t, h, a, disorder, line.consumed);
            }
        } else {
            v.fault = find_disorder(s, a.verb);
            moves = v.fault && v.fault->code == errc::bad_sequence;
        }
        if (!v.fault) {
            if (auto const bad = visit_command(*split, grammar, ask)) {
                v.fault = bad;
                moves = a.on == event::burl;
            }
        }
    }
    if (v.fault) return refuse_line(s, t, h, a, *v.fault, moves, may_be_chunk, line.consumed);
    bool const more = carry_out(s, t, h, a, v, line.consumed, bare_lf);
    if (t.used != 0 && (more || t.ends)) s.lines = lines;
    return more;
}

/// A command to a relay whose server is gone: 421, or the end that the client asks for.
template <class Core, class H>
EHLO_NOINLINE constexpr bool take_last_command(Core& s, relay_io& t, H& h) {
    auto const line = s.lines.next(t.rest(), s.settings->max_line);
    if (line.need_more()) {
        if (line.consumed != 0) t.drop(line.consumed);
        return t.stop(relay_want::octets);
    }
    bool const quit = line.ready() && iequals(*line, "QUIT");
    if (!s.has_room(t)) return t.stop(relay_want::room);
    if (quit) s.conclude(t, h, {event::quit, verb::quit, *line, static_cast<std::uint32_t>(line->size())}, replies::bye, std::nullopt);
    else s.shut_down(t, h, server_is_gone);
    t.drop_all();
    return t.stop(relay_want::close);
}

/// A command. False: `t.want` is set.
template <class Core, class H>
constexpr bool take_line(Core& s, relay_io& t, H& h) {
    if (s.gone) return take_last_command(s, t, h);
    // RFC 2920 3.1: nothing follows a command that is the last of its group; and without PIPELINING each is.
    if (!s.under_way.empty() && (!is_pipelined(s.under_way.last()) || !s.offered.has(extension::pipelining))) return t.stop(relay_want::other);
    std::string_view const in = t.rest();
    syntax grammar = s.settings->grammar;
    grammar.smtputf8 = s.order.knows(fact::smtputf8);
    if (s.lines.at_start() && in.size() >= 6) {
        verb const v = find_verb4(in.data());
        if (v != verb::unknown && v != verb::bdat && !find_disorder(s, v)) {
            relayed_command a{verb_table[static_cast<unsigned>(v)].on, v, {in.data(), 0}};
            relay_verdict said;
            refused_line refused;
            auto const ask = [&](auto const& c) noexcept(Core::template never_throws<H>) { judge(s, c, a, said, h); };
            std::size_t const used = take_common_command(in, s.settings->max_line, grammar, ask, refused, known_parameters<>());
            if (std::size_t const whole = used != 0 ? used : refused.size; whole != 0) {
                a.line = {in.data(), whole - 2};
                a.secret = static_cast<std::uint32_t>(whole - 2);
                return used != 0 ? carry_out(s, t, h, a, said, used, false) : refuse_line(s, t, h, a, refused.why, false, false, whole);
            }
        }
    }
    return take_rare_line(s, t, h, grammar);
}

/// A line of the client in an AUTH exchange. One that is none goes on as a cancellation, for the server to answer.
template <class Core, class H>
EHLO_NOINLINE constexpr bool take_response(Core& s, relay_io& t, H& h) {
    if (!s.has_room(t)) return t.stop(relay_want::room);
    auto const line = s.lines.next(t.rest(), max_auth_line, s.settings->grammar.tolerate);
    if (line.need_more()) {
        if (line.consumed != 0) t.drop(line.consumed);
        return t.stop(relay_want::octets);
    }
    relayed_command a{event::response, verb::auth};
    std::optional<failure> fault;
    auth_response said{};
    if (line.ready()) a.line = *line;
    if (line.failed()) fault = line.error().code == errc::line_too_long ? fail(errc::auth_line_too_long, line.error().at) : line.error();
    else if (auto const parsed = parse_auth_response(*line); !parsed) fault = parsed.error();
    else said = *parsed;
    bool const bare_lf = line.ready() && line.consumed == line->size() + 1;
    if (s.own_auth) {
        if constexpr (ends_auth<H>) {
            if (!fault && said.cancelled) fault = fail(errc::auth_cancelled, 0);
            if (!fault) {
                auth_answer const answer = h.on(said);
                if (answer.said.is_later()) return t.stop(relay_want::later);
                conclude_auth(s, t, h, a, answer);
            }
        } else {
            fault = fail(errc::not_implemented, 0);   // a session that began with another handler
        }
        if (fault) {
            s.own_auth = false;
            s.refuse(t, h, a, *fault, true);
        }
        t.drop(line.consumed);
        return true;
    }
    if (fault || bare_lf) {
        if (!fault && line->size() + 2 > t.out.room()) return t.stop(relay_want::room);
        t.out.raw(fault ? std::string_view("*") : *line).crlf();
        t.to_server = true;
        t.drop(line.consumed);
    } else {
        t.pass(line.consumed);
    }
    s.push(event::response, {});
    return true;
}

}  // namespace ehlo::detail
