// The ways out of a pair of client and server, each tried on a copy; and what is looked at in each pair.
#pragma once

#include "walk_pair.hpp"

namespace walking {

inline void take(pair& p, ehlo::step const& s, char const* out) {
    must(s.consumed <= p.to_server.size, "consumed more than there was");
    p.to_server.pop(s.consumed);
    watch_server(p, {out, s.produced});
    for (std::size_t i = 0; i < s.produced; ++i) p.to_client.push(out[i]);
    p.server_was = p.server.where();
    must(s.want != want::write && s.want != want::room, "there was room enough");
    must((s.want == want::close) == p.server_closed(), "closed, and goes on");
    must((s.want == want::reply) == p.waits.has_value(), "waits for an answer, or does not");
    if (p.server_closed()) {
        // In LMTP a message that was stored for one recipient is not abandoned.
        must(p.open == p.stored, "closed, and a transaction was not abandoned");
        p.open = p.stored = p.each = p.taken = false;
        p.to_server.size = p.asked.size = 0;
    }
}
// The server reads all octets under way, or so many. False: the handler was not asked.
inline bool read(pair& p, way choice, std::size_t most = static_cast<std::size_t>(-1), bool chosen = false) {
    handler h{p, choice, chosen};
    char out[1400];
    ehlo::step const s = p.server.advance(text_of(p.to_server, most), h, out);
    take(p, s, out);
    return h.chosen && !chosen;
}
inline void answer(pair& p, way choice) {
    event const e = *p.waits;
    handler h{p, choice, true};
    char out[1400];
    p.waits.reset();
    p.tagged = choice != way::challenge;
    p.said_yes = choice == way::yes;
    std::string_view const tag = tags[p.asked.first().serial];
    bool const auth = e == event::auth || e == event::response;
    ehlo::step const s = auth ? p.server.answer(handler::say_auth(choice, e, tag), h, out) : p.server.answer(handler::say(choice, e, tag), h, out);
    take(p, s, out);
}

// The client reads a reply, if there is a whole one in so many octets.
inline bool hear(pair& p, std::size_t most = static_cast<std::size_t>(-1)) {
    state const from = p.client.where();
    std::optional<event> const awaited = p.client.awaits();
    auto const r = p.client.receive(text_of(p.to_client, most));
    if (r.failed()) wrong("the client does not take a reply: ", name(r.error().code));
    if (r.need_more()) return false;
    must(!p.told.empty(), "a reply that nobody gave");
    said const t = p.told.first();
    p.told.pop();
    must(r->reply.code() == t.code, "another reply than that given");
    // What came, in part, before the command was written is no answer to it, but to all, or to the content that is being written.
    bool const to_content = r->to == event::content_end || r->to == event::chunk_end || r->to == event::last_chunk_end;
    if (t.code == 421) must(r->to == awaited.value_or(r->to) || r->to == event::shutdown || to_content, "421 is no answer to what is awaited");
    else if (r->to != t.on) wrong("the reply to ", name(t.on), " is counted for ", name(r->to));
    if (t.tagged && r->reply.octets().find(tags[t.serial]) == std::string_view::npos) wrong("the reply to another ", name(t.on));
    if (p.lmtp() && ends_message(t.on) && t.code != 421) must(r->recipient == t.recipient, "the reply for another recipient");
    must(r->more == t.more && (!t.more || r->recipient == t.recipient), "PRDR: the reply for another recipient");
    must((verdict_of(*r) == verdict::delivered) == t.delivers, "the client and the handler do not agree over a message");
    // What follows it may be without a reply: the last chunk for nobody.
    if (!leads(from, r->to, t.code, p.client.where(), t.more) && !p.lmtp())
        wrong("the client went from ", name(from), " to ", name(p.client.where()), " by ", name(r->to), ", which is no row");
    must(t.code != 421 || p.client.over(), "421, and the client goes on");
    p.to_client.pop(r.consumed);
    return true;
}

// A command of the client. False, and nothing has happened: it would not write it.
inline bool call(pair& p, way w, limits const& l) {
    char buffer[128];
    ehlo::writer out(buffer);
    std::uint8_t const serial = static_cast<std::uint8_t>((p.serial + 1) % 8);
    std::string_view const n = tags[serial].substr(4);
    bool const alone = p.asked.empty() && p.told.empty();
    unsigned const under_way = p.asked.size + p.told.size + 0u;
    bool const more = w == way::octets || w == way::end;
    if (!more && under_way >= l.under_way) return false;
    char address[] = "<0@b>";
    address[1] = n[0];
    std::optional<event> on;
    bool wrote = false, foreign = false;
    std::uint8_t other = 0;
    auto const command = [&](ehlo::result<std::size_t> const& r, event e) {
        wrote = r.has_value();
        on = e;
        must(wrote ? out.size() == *r && out.size() != 0 : out.size() == 0, "refused, and written; or nothing written");
    };
    ehlo::client& c = p.client;
    std::uint64_t const left = c.chunk_left();
    switch (w) {
    case way::hello: command(c.hello(out, "me.example"), event::hello); break;
    case way::helo: foreign = p.lmtp(); command(c.helo(out, "me.example"), event::helo); break;
    case way::lhlo: foreign = !p.lmtp(); command(c.lhlo(out, "me.example"), event::hello); break;
    case way::mail: command(c.mail(out, address), event::mail); break;
    case way::mail_binary: {
        if (!l.binary) return false;
        ehlo::mail_options o;
        o.body = ehlo::body::binary_mime;
        other = 1;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::mail_utf8: {
        if (!l.utf8) return false;
        ehlo::mail_options o;
        o.smtputf8 = true;
        other = 2;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::mail_prdr: {
        if (!l.prdr) return false;
        ehlo::mail_options o;
        o.prdr = true;
        other = 3;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::xclient:
        if (!l.xclient) return false;
        command(c.xclient(out, "NAME=x"), event::xclient);
        break;
    case way::rcpt:
        if (p.rcpts_written >= l.recipients) return false;
        // Where SMTPUTF8 was asked for, a domain that needs it (RFC 6531 3.3).
        command(p.utf8 ? c.rcpt(out, std::string(address, 3) + "\xC3\xA9>") : c.rcpt(out, address), event::rcpt);
        break;
    case way::data: command(c.data(out), event::data); break;
    case way::bdat: command(c.bdat(out, chunk_text.size(), false), event::bdat); break;
    case way::last: command(c.bdat(out, chunk_text.size(), true), event::bdat); break;
    case way::empty_last: command(c.bdat(out, 0, true), event::last_chunk_end); break;
    case way::auth: if (l.security) command(c.auth(out, ehlo::mechanism::cram_md5), event::auth); break;
    case way::auth_initial: if (l.security) other = 1, command(c.auth(out, "EXTERNAL", response_octets), event::auth); break;
    case way::response: command(c.auth_response(out, response_octets), event::response); break;
    case way::cancel: other = 1; command(c.auth_cancel(out), event::response); break;
    case way::starttls: if (l.security) command(c.starttls(out), event::starttls); break;
    case way::rset: command(c.rset(out), event::rset); break;
    case way::noop: command(c.noop(out, n), event::noop); break;
    case way::vrfy: command(c.vrfy(out, n), event::vrfy); break;
    case way::quit: command(c.quit(out), event::quit); break;
    case way::octets: {
        if (left == 0 && p.wrote_content) return false;
        // Of a chunk in two halves.
        auto const half = static_cast<std::size_t>(left / 2 + left % 2), gone = chunk_text.size() - static_cast<std::size_t>(left);
        std::string_view const text = left == 0 ? content_text : chunk_text.substr(gone, half);
        auto const r = c.content(text, out);
        wrote = !r.failed();
        must(wrote ? r.consumed == text.size() : out.size() == 0, "content was written in part");
        if (wrote) p.written = hash_of(text, p.written);
        if (wrote && left == 0) p.wrote_content = true;
        if (wrote && left != 0 && c.chunk_left() == 0) on = p.last_chunk ? event::last_chunk_end : event::chunk_end;
        break;
    }
    case way::end: {
        auto const r = c.end_content(out);
        wrote = r.done();
        must(wrote || out.size() == 0, "the end was written in part");
        on = event::content_end;
        break;
    }
    default: return false;
    }
    if (!wrote) return false;
    std::string_view const text = out.text();
    if (p.server_closed()) return true;
    for (char const o : text) p.to_server.push(o);
    watch_client(p, text, w != way::octets && w != way::end, on);
    if (on == event::bdat) {
        p.last_chunk = w == way::last;
        p.chunk_alone = alone;
    }
    if (!on || on == event::bdat) return true;
    p.serial = serial;
    bool const line = w != way::octets && w != way::end;
    p.asked.push({*on, serial, w == way::octets ? p.chunk_alone : alone, other, foreign, line && *on != event::last_chunk_end ? hash_of(text.substr(0, text.size() - 2)) : 0, p.written});
    if (*on == event::mail) {
        p.rcpts_written = 0;
        p.wrote_content = false;
        p.utf8 = other == 2;
        p.written = 2166136261U;
    }
    if (*on == event::rcpt) ++p.rcpts_written;
    return true;
}

// Goes one way. False: there is none.
inline bool go(pair& p, way w, limits const& l) {
    if (w == way::hear) return !p.told.empty() && hear(p);
    if (is_answer(w)) {
        if (p.server_closed()) return false;
        if (p.waits) {
            if (w == way::challenge && !may_challenge(p)) return false;
            answer(p, w);
            p.again = !p.server_closed();
            return true;
        }
        if (p.to_server.empty() && p.server.where() != state::connected && !p.again) return false;
        p.again = false;
        if (w == way::challenge && !may_challenge(p)) return false;
        // Where the handler is not asked there is one way only.
        return read(p, w) || w == way::yes;
    }
    if (w == way::secure) {
        if (p.client.where() != state::handshake || p.server.where() != state::handshake) return false;
        must(p.told.empty() && p.asked.empty() && p.to_server.empty() && p.to_client.empty(), "a handshake among other octets");
        must(p.client.secured(), "the client does not expect the handshake");
        must(p.middle.o.opaque(), "the observer does not expect the handshake");
        p.middle.o.secured();
        p.server.secured();
        p.server_was = p.server.where();
        return true;
    }
    if (w == way::shut_down) {
        if (p.server_closed()) return false;
        bool const handshake = p.server.where() == state::handshake;
        handler h{p, way::yes};
        char out[1400];
        p.shutting = true;
        p.waits.reset();
        p.again = false;
        take(p, p.server.shut_down(h, out), out);
        p.shutting = false;
        // Nothing can be heard: the connection is closed, and that is all.
        if (handshake) {
            p.told.size = p.to_client.size = 0;
            p.client.disconnected();
        }
        return true;
    }
    return is_call(w) && call(p, w, l);
}

// The connection, or TLS, is lost now: what both make of it.
inline void lose(pair const& before, bool tls) {
    pair p = before;
    bool end_written = false, taken = false;
    for (std::size_t i = 0; i < p.asked.size; ++i) end_written |= ends_message(p.asked.items[i].on);
    for (std::size_t i = 0; i < p.told.size; ++i) {
        end_written |= ends_message(p.told.items[i].on);
        taken |= p.told.items[i].delivers;
    }
    bool const over = p.client.over();
    bool const awaits = p.client.awaits().has_value();
    verdict const v = tls ? p.client.tls_lost() : p.client.disconnected();
    if (!over) {
        must(!taken || v == verdict::unknown, "a message was taken, and its client does not hold it for possible");
        must(v != verdict::unknown || awaits, "unknown, and nothing was under way");
        // In LMTP the end of a message for nobody has no reply, which its client may not know yet.
        must(v != verdict::unknown || end_written || p.server_closed() || p.lmtp(), "unknown, and no end was written");
    }
    must(p.client.over(), "lost, and the client goes on");
    char buffer[128];
    ehlo::writer out(buffer);
    must(!p.client.noop(out) && !p.client.rset(out) && p.client.content("x", out).failed() && out.size() == 0, "written after the end");
    p.shutting = true;
    handler h{p, way::yes};
    if (tls) p.server.tls_lost(h);
    else p.server.disconnected(h);
    must(p.server_closed() && p.open == p.stored, "lost, and the server goes on, or a transaction was not abandoned");
}

// What must hold in each pair.
inline void look(pair const& p) {
    bool const quiet = p.asked.empty() && p.told.empty() && p.to_server.empty() && !p.waits && !p.again && p.client.chunk_left() == 0;
    must(p.server_closed() || !p.told.empty() || p.to_client.empty(), "octets of no reply");
    if (p.server_closed()) {
        must(!p.told.empty() || p.client.over(), "the server is gone, and said nothing");
        return;
    }
    must(!p.client.over(), "the client is gone, and said nothing");
    bool const stuck = p.told.empty() && p.to_server.empty() && !p.waits && !p.again && p.client.chunk_left() == 0 && !p.asked.empty() &&
                       p.server.where() != state::connected;
    if (stuck) wrong("both wait: the client for the reply to ", name(p.asked.first().on));
    if (!quiet) return;
    if (p.client.awaits()) wrong("the client waits for the reply to ", name(*p.client.awaits()), ", which has no other");
    if (p.client.where() != p.server.where()) wrong("the client is in ", name(p.client.where()), " and the server in ", name(p.server.where()));
    for (unsigned f = 0; f < ehlo::fact_count; ++f)
        if (p.client.knows(static_cast<ehlo::fact>(f)) != p.server.knows(static_cast<ehlo::fact>(f)))
            wrong("one knows and the other does not: ", name(static_cast<ehlo::fact>(f)));
    must(p.client.recipients() == p.server.recipients(), "they count other recipients");
    bool const has = p.client.where() == state::rcpt || p.client.where() == state::content || p.client.where() == state::chunks;
    must(p.client.recipients() == (has ? p.rcpts : 0u), "they count other recipients than were accepted");
    must(p.open == in_transaction(p.server.where()), "the handler and the session do not agree over the transaction");
    must(!p.open || p.may_send(), "a transaction without what is required");
    must(!p.server.knows(ehlo::fact::smtputf8) || p.open, "SMTPUTF8 outlives its transaction");
}

}  // namespace walking
