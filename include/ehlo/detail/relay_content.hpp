// How a relay reads content: after DATA, and the octets of a BDAT. It goes on as it came, dots and all; the end of what cannot go on
// never does, so that the server drops it.
#pragma once

#include <ehlo/detail/relay_core.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

// Why content that was looked at cannot go on. A line that others take for the end is refused even where bare CR and LF pass.
template <class Core>
constexpr std::optional<errc> find_bare_fault(Core const& s) noexcept {
    if (s.settings->bare == bare_octets::pass || (s.settings->bare == bare_octets::normalize && s.reads_content)) return std::nullopt;
    return s.body.bare_cr() ? std::optional(errc::bare_cr) : s.body.bare_lf() ? std::optional(errc::bare_lf) : std::nullopt;
}
// What is said of it when all of it has come: that must not depend on how its octets arrived.
template <class Core>
constexpr errc find_main_fault(Core const& s) noexcept {
    if (s.octets > s.limit) return errc::message_too_large;
    return find_bare_fault(s).value_or(*s.spoilt);
}
// `clean`: what goes on has neither CR nor LF alone.
constexpr auto find_dot_lines(std::optional<errc>& found, bool clean = false) noexcept {
    return [&found, clean](departure d, std::uint64_t, dot_line line) noexcept {
        if (d == departure::smuggled_end && (!clean || line == dot_line::with_nul)) found = line == dot_line::with_nul ? errc::nul_octet : errc::bare_lf;
    };
}
// The next part of content; nothing consumed: more is needed. Where bare octets pass, a dot that may become such a line stays until it is
// certain.
template <class Core>
constexpr content_watch::part next_content(Core& s, std::string_view rest) noexcept {
    bool const holds = s.settings->bare == bare_octets::pass;
    bool const clean = s.settings->bare == bare_octets::normalize;
    content_watch const before = s.body;
    auto p = s.body.next(rest, 0, {}, find_dot_lines(s.spoilt, clean), clean ? bare_octets::normalize : bare_octets::pass);
    if (!s.spoilt) s.spoilt = find_bare_fault(s);
    if (!holds || p.end || s.spoilt) return p;
    auto const dot = s.body.pending_dot();
    if (!dot) return p;
    s.body = before;
    if (*dot == 0) return {};
    return s.body.next(sub(rest, 0, static_cast<std::size_t>(*dot)), 0, {}, find_dot_lines(s.spoilt));
}
template <class H>
constexpr void show(H& h, std::string_view octets) {
    if constexpr (handles<H, content>)
        if (!octets.empty()) h.on(content{octets});
}

// What the handler says of a message that has come to its end; a refusal, if it does not go on.
template <class Core, class H>
constexpr std::optional<reply> judge_end(Core const& s, H& h) {
    if constexpr (says<H, end_of_content>) {
        relay_say const say = h.on(end_of_content{s.octets, s.now.recipients(), 0});
        if (say.what() != relay_say::kind::answer) return std::nullopt;
        unsigned const first = say.answer().code / 100;
        return say.answer().is_later() || first == 4 || first == 5 ? say.answer() : replies::try_later;
    } else {
        static_cast<void>(s), static_cast<void>(h);
        return std::nullopt;
    }
}

// The connection to the server is to be closed, and the message there ends with it.
template <class Core>
constexpr bool abort_message(Core& s, relay_io& t) noexcept {
    s.gone = true;
    s.under_way.clear();
    return t.stop(relay_want::abort);
}

constexpr bool is_disorder(errc e) noexcept {
    return e == errc::bad_sequence || e == errc::not_implemented || e == errc::not_authenticated || e == errc::tls_required;
}
// The relay's own answer to a message, or a chunk: in LMTP one for each recipient (RFC 2033 4.2). `said`: by the handler. False: there is
// too little room.
template <class Core, class H>
constexpr bool refuse_message(Core& s, relay_io& t, H& h, relayed_command const& a, std::optional<failure> const& fault,
                              reply const& said = {}) {
    bool const disorder = fault && is_disorder(fault->code);
    reply const r = fault ? reply_for(*fault, disorder ? a.verb : verb::data) : said;
    std::uint32_t const due = s.lmtp && (ends_message(a.on) || s.chunk.last) ? s.now.recipients_owed() : 1;
    t.ends = due != 0;
    for (; s.heard + 1 < due; ++s.heard) {
        if (!s.has_room(t)) return t.stop(relay_want::room);
        reply one = r;
        bool const plain = !s.offered.has(extension::enhanced_status_codes);
        if (plain) one.enhanced = {};
        if (!write_within(t.out, one, s.settings->reply_space)) write_without_text(t.out, plain, one);
        s.tell(h, a, fault, one);
    }
    if (!s.has_room(t)) return t.stop(relay_want::room);
    s.heard = 0;
    if (due == 0) s.settle(a.on, 503);
    else if (disorder) s.refuse(t, h, a, *fault, fault->code != errc::not_implemented);
    else s.conclude(t, h, a, r, fault);
    return true;
}

constexpr void put_to_server(relay_io& t, std::string_view octets) noexcept {
    t.out.raw(octets);
    t.to_server = t.ends = true;
}

/// Content after DATA. False: `t.want` is set.
template <class Core, class H>
constexpr bool take_content(Core& s, relay_io& t, H& h) {
    if (s.spoilt && !s.gone) return abort_message(s, t);
    std::string_view const rest = t.rest();
    // The first octet of a line that was none before.
    if (s.after_made_line && !rest.empty() && !s.spoilt) {
        if (t.out.room() == 0) return t.stop(relay_want::room);
        s.after_made_line = false;
        if (rest[0] == '.') return put_to_server(t, "."), true;
    }
    if (s.settings->bare == bare_octets::normalize && t.out.room() < 2) return t.stop(relay_want::room);
    auto const p = next_content(s, rest);
    if (p.consumed == 0) return t.stop(relay_want::octets);
    relayed_command const a{event::content_end, verb::data};
    if (!p.end) {
        s.octets += p.octets.size();
        if (!s.spoilt && s.octets > s.limit) s.spoilt = errc::message_too_large;
        if (s.spoilt) return t.drop(p.consumed), true;
        show(h, p.octets);
        s.after_made_line = p.octets == "\r\n" && !sub(rest, 0, p.consumed).ends_with("\r\n");
        // A dot that stood before what now ends its line would be the end.
        if (p.octets.empty() && s.settings->bare == bare_octets::normalize) return t.drop(p.consumed), true;
        if (!s.after_made_line) return t.pass(p.consumed), true;
        t.drop(p.consumed);
        return put_to_server(t, p.octets), true;
    }
    if (s.spoilt) {
        if (!refuse_message(s, t, h, a, fail(find_main_fault(s), 0))) return false;
        s.spoilt.reset();
    } else if (auto const refusal = judge_end(s, h)) {
        if (refusal->is_later()) return t.stop(relay_want::later);
        if (!refuse_message(s, t, h, a, std::nullopt, *refusal)) return false;
        s.reads_content = false;
        t.drop(p.consumed);
        return abort_message(s, t);
    } else {
        t.pass(p.consumed);
        s.reads_content = false;
        s.push(event::content_end, {});
        return true;
    }
    s.reads_content = false;
    t.drop(p.consumed);
    return true;
}

// A last chunk may not end with a CR alone.
template <class Core>
constexpr std::optional<errc> find_last_fault(Core const& s, bool after_cr, bool binary) noexcept {
    return after_cr && !binary && s.settings->bare != bare_octets::pass ? std::optional(errc::bare_cr) : std::nullopt;
}

// The relay's own answer to a chunk, when nothing else is under way: why it went no further, or what the handler says.
template <class Core, class H>
constexpr bool refuse_chunk(Core& s, relay_io& t, H& h, errc why, std::optional<reply> const& said) {
    relayed_command a{s.chunk.last ? event::last_chunk_end : event::chunk_end, verb::bdat};
    auto then = s.now;
    if (!said && is_disorder(why)) a.on = event::bdat;
    else a.on = event_answered(then, a.on);
    s.now = then;
    std::optional<failure> fault;
    if (!said) fault = fail(why, 0);
    if (!refuse_message(s, t, h, a, fault, said.value_or(reply()))) return false;
    s.chunk = relay_chunk();
    s.spoilt.reset();
    return true;
}
// All octets have come. The server answers what it was given.
template <class Core, class H>
constexpr bool end_chunk(Core& s, relay_io& t, H& h) {
    if ((!s.chunk.fault && !s.spoilt) || s.chunk.answered) {
        s.chunk = relay_chunk();
        s.spoilt.reset();
        return true;
    }
    if (!s.under_way.empty()) return t.stop(relay_want::other);
    return refuse_chunk(s, t, h, s.spoilt ? find_main_fault(s) : *s.chunk.fault, std::nullopt);
}
// What the handler says of a message whose last octets are here. False: they do not go on, and `t.want` is set.
template <class Core, class H>
constexpr bool take_end(Core& s, relay_io& t, H& h, std::size_t consumed) {
    auto const said = judge_end(s, h);
    if (!said) return true;
    if (said->is_later()) return t.stop(relay_want::later);
    s.under_way.clear();
    if (!refuse_chunk(s, t, h, errc::bad_sequence, said)) return false;
    t.drop(consumed);
    return abort_message(s, t);
}

/// The octets of a chunk. False: `t.want` is set.
template <class Core, class H>
constexpr bool take_chunk(Core& s, relay_io& t, H& h) {
    relay_chunk& c = s.chunk;
    // What came before the chunk is answered first.
    if (s.spoilt && !s.gone) return c.before != 0 ? t.stop(relay_want::other) : abort_message(s, t);
    if (c.left == 0) return end_chunk(s, t, h);
    std::string_view const part = sub(t.rest(), 0, c.left < t.in.size() ? static_cast<std::size_t>(c.left) : t.in.size());
    if (part.empty()) return t.stop(relay_want::octets);
    bool const ends = c.last && part.size() == c.left;
    if (!c.fault && ends && !s.spoilt && says<H, end_of_content> && c.before != 0) return t.stop(relay_want::other);
    if (!c.fault && !c.looked_at) {
        bool const was_spoilt = s.spoilt.has_value();
        s.body.next_chunk(part, 0, c.binary, find_dot_lines(s.spoilt));
        if (!s.spoilt) s.spoilt = find_bare_fault(s);
        s.after_cr = part.back() == '\r';
        if (!s.spoilt && ends) s.spoilt = find_last_fault(s, s.after_cr, c.binary);
        s.octets += part.size();
        if (!s.spoilt && s.octets > s.limit) s.spoilt = errc::message_too_large;
        if (!was_spoilt && !s.spoilt) show(h, part);
    }
    if (c.fault || s.spoilt) {
        c.left -= part.size();
        t.drop(part.size());
        return true;
    }
    c.looked_at = ends;   // if the handler is asked again
    if (ends && !take_end(s, t, h, part.size())) return false;
    c.left -= part.size();
    t.pass(part.size());
    return true;
}

}  // namespace ehlo::detail
