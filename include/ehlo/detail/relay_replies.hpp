// How a relay reads the server: replies, each for the command that it answers, and the answer to EHLO, of which less may go on.
#pragma once

#include <ehlo/detail/relay_core.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

// The server is of no more use.
template <class Core, class H>
EHLO_NOINLINE constexpr bool break_off(Core& s, relay_io& t, H& h) {
    s.shut_down(t, h, server_is_gone);
    t.drop_all();
    return t.stop(relay_want::close);
}

// By the first digit; but the greeting is 220, and so is the answer to XCLIENT. A yes to what is out of order, because something before it
// was refused, shows that the two do not agree on what is open.
template <class Session>
constexpr bool is_right_class(Session const& s, event e, unsigned code) noexcept {
    if (!s.fits(e, answer_of(code))) return false;
    if (code < 400 && e != event::mail && e != event::rcpt && !s.has_row(e)) return false;
    return (e != event::greeting && e != event::xclient) || code == 220 || code >= 400;
}

/// What goes on of an answer to EHLO: what the policy has, in a form that the relay can vouch for.
template <class Core, class H>
constexpr ehlo_answer edit_ehlo_answer(Core& s, reply_view const& r, H& h) {
    policy const& p = *s.settings;
    ehlo_answer a = parse_ehlo_answer(r, p.grammar.tolerate).value_or(ehlo_answer());
    auto then = s.now;
    then.settle(event::hello, answer::done);
    bool const tls = then.knows(fact::tls);
    if (!parse_host(a.domain)) a.domain = s.relay_name();
    if (find_first<chars::unsafe>(a.greet) != a.greet.size()) a.greet = {};
    a.offered = a.offered & p.offers & relay_extensions;
    if (!tls) a.offered = a.offered - extension::require_tls;   // RFC 8689 2
    // RFC 3030 3, RFC 6531 3.1
    if (!a.has(extension::chunking)) a.offered = a.offered - extension::binary_mime;
    if (!a.has(extension::eight_bit_mime)) a.offered = a.offered - extension::smtputf8;
    a.auth_text = {};
    mechanisms const unfit = p.clear_text_passwords || tls ? mechanisms() : clear_text_mechanisms;
    if constexpr (ends_auth<H>) {
        a.auth = usable_mechanisms(p, tls, h);
        if (p.offers.has(extension::auth)) a.offered = a.offered | extension::auth;
    } else {
        a.auth.bits &= relay_mechanisms.bits;
        a.auth = a.auth - unfit;
    }
    if (a.auth == mechanisms() || then.check(event::auth)) a.offered = a.offered - extension::auth;
    if constexpr (ends_tls<H>)
        if (!then.check(event::starttls)) a.offered = a.offered | extension::starttls;
    auto const stated = a.size && *a.size != 0 ? *a.size : ~std::uint64_t{0};
    if (stated > p.max_message) a.size = p.max_message;
    if (p.max_recipients <= 999999 && p.max_recipients < a.limits.rcpt_max.value_or(1000000)) a.limits.rcpt_max = p.max_recipients;
    ehlo_answer edited = a;
    if constexpr (edits_ehlo_answer<H>) {
        h.on(edited);
        edited.offered = edited.offered & a.offered;
        edited.auth.bits &= a.auth.bits;
    }
    bool const lowered = edited.size && *edited.size != 0 && *edited.size < stated;
    s.limit = lowered ? *edited.size : p.max_message;
    return edited;
}

template <class... Own, class H>
constexpr void hear_hello(relay_core<Own...>& s, relay_io& t, reply_view const& r, H& h) {
    ehlo_answer const a = edit_ehlo_answer(s, r, h);
    s.offered = a.offered;
    s.usable = a.auth;
    // What was on offer, and is out of order from now on: 503, not 502.
    if (s.now.knows(fact::authenticated)) s.offered = s.offered | extension::auth;
    if (ends_tls<H> && s.now.knows(fact::tls)) s.offered = s.offered | extension::starttls;
    if constexpr (sizeof...(Own) != 0) s.own_offered = static_cast<std::uint8_t>(own_list<Own...>::find_offers(r) | own_ends<H, Own...>());
    if (!parse_host(a.domain) || write_ehlo_answer_within<extensions::all(), Own...>(t.out, a, s.settings->reply_space, s.own_offered)) {
        // What cannot be written is not offered.
        s.offered = {};
        s.own_offered = 0;
        write_reply(t.out, reply(250, s.relay_name())).has_value();
    }
}

// Another text of the same class.
template <class Core, class H>
constexpr bool rewrite(Core& s, relay_io& t, event to, reply_view const& r, H& h) {
    if constexpr (says<H, relayed_reply>) {
        relay_say const say = h.on(relayed_reply{to, r});
        if (say.what() != relay_say::kind::answer) return false;
        reply edited = say.answer();
        // What is a base64 challenge, and who closes, stays.
        if (edited.code / 100 != r.code() / 100 || (edited.code == 421) != (r.code() == 421) || r.code() == 334) return false;
        if (to == event::greeting && r.accepted()) edited.code = 220;
        return write_within(t.out, edited, s.settings->reply_space);
    } else {
        static_cast<void>(s), static_cast<void>(t), static_cast<void>(to), static_cast<void>(r), static_cast<void>(h);
        return false;
    }
}

// A reply goes on, as it is or edited. False: there is no room for it.
template <class Core, class H>
constexpr bool hand_over(Core& s, relay_io& t, event to, event of, reply_view const& r, std::size_t size, H& h) {
    constexpr bool may_edit = says<H, relayed_reply>;
    bool const hello = of == event::hello && r.accepted();
    if ((hello || may_edit) && !s.has_room(t)) return t.stop(relay_want::room);
    if (hello) hear_hello(s, t, r, h);
    else if (!rewrite(s, t, to, r, h)) return t.pass(size), true;
    t.drop(size);
    return true;
}

constexpr verb verb_of(event e) noexcept {
    if (e == event::content_end) return verb::data;
    if (e == event::response) return verb::auth;
    if (e == event::chunk_end || e == event::last_chunk_end) return verb::bdat;
    if (e == event::last_burl) return verb::burl;
    if (e == event::greeting || e == event::shutdown) return verb::unknown;
    for (verb_facts const& f : verb_table)
        if (f.code != verb::unknown && f.on == e) return f.code;
    return verb::unknown;
}
template <class Core, class H>
constexpr void tell_relayed(Core const& s, H& h, event to, reply_view const& r) {
    if constexpr (handles<H, answered>) s.tell(h, {to, verb_of(to)}, std::nullopt, reply(r.code(), r.text()));
    else static_cast<void>(s), static_cast<void>(h), static_cast<void>(to), static_cast<void>(r);
}

template <class Core, class H>
EHLO_NOINLINE constexpr bool hear_unasked(Core& s, relay_io& t, reply_view const& r, std::size_t size, H& h) {
    if (r.accepted()) return break_off(s, t, h);
    // A refusal, to the content or to nothing: the client is told, and it is the end.
    event const to = s.reads_content ? event::content_end : event::shutdown;
    if (!hand_over(s, t, to, to, r, size, h)) return false;
    s.settle(event::shutdown, r.code());
    tell_relayed(s, h, to, r);
    return t.stop(relay_want::close);
}

/// The next reply. False: `t.want` is set.
template <class Core, class H>
constexpr bool take_reply(Core& s, relay_io& t, H& h, reply_limits const& limits) {
    if (s.gone || s.now.over()) {
        t.drop_all();
        return t.stop(s.now.over() ? relay_want::close : relay_want::octets);
    }
    if (t.empty()) return t.stop(relay_want::octets);
    std::string_view const rest = t.rest();
    auto const parsed = s.replies.next(rest, limits);
    if (parsed.need_more()) {
        s.stale = s.stale || s.under_way.empty();
        return t.stop(relay_want::octets);
    }
    if (parsed.failed()) return break_off(s, t, h);
    reply_view const& r = *parsed;
    std::size_t const size = parsed.consumed;
    if (s.under_way.empty() || s.stale) return hear_unasked(s, t, r, size, h);
    event const to = s.under_way.first();
    auto before = s.now;
    event const of = event_answered(before, to);
    if (r.code() != 421 && !is_right_class(before, of, r.code())) return break_off(s, t, h);
    bool const of_chunk = s.chunk.under_way && !s.chunk.fault && s.chunk.before == 0;
    // A yes to what has not come to its end.
    if (of_chunk && r.accepted() && s.chunk.left != 0) return break_off(s, t, h);
    // RSET was refused, and RCPT and DATA after a MAIL that is under way would be taken for the transaction that is still open.
    bool const astray = to == event::rset && !r.accepted() && before.check(event::mail) && s.under_way.has(event::mail);
    if (!hand_over(s, t, to, of, r, size, h)) return false;
    unsigned code = r.code();
    if (s.lmtp && ends_message(to)) {
        ++s.heard;
        s.stored = s.stored || r.accepted();
        if (s.heard < s.replies_due_now(to) && code != 421) {
            tell_relayed(s, h, to, r);
            return true;
        }
        if (s.stored && code != 421) code = 250;
        s.heard = 0;
        s.stored = false;
    }
    if (of == event::hello && r.accepted()) s.lmtp = s.settings->service == service::lmtp;
    fact_set const brings = s.under_way.first_brings();
    s.now = before;
    s.pop();
    change const what = s.settle(of, code, brings);
    if (!s.now.over()) {
        if (of == event::data && answer_of(code) == answer::more) {
            s.reads_content = true;
            s.begin_content();
        }
        if (what == change::dropped && !r.accepted() && !s.under_way.empty()) s.order = look_ahead(s.now, s.under_way);
        s.skip_unanswered();
        if (s.under_way.empty() && (to == event::auth || to == event::response)) s.auth_failed = !is_positive(code);
        s.errors.note_reply(to, r.accepted());
        if (astray) s.settle(event::shutdown, 421);
    }
    tell_relayed(s, h, to, r);
    if (s.now.over()) return t.stop(relay_want::close);
    return true;
}

}  // namespace ehlo::detail
