// The server's half of an observer: replies, what they answer, and what they make of the session.
#pragma once

#include <ehlo/detail/observer_core.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

class reply_observer : protected observer_core {
  protected:
    reply_reader replies_{};
    bool partial_ = false;   // the first lines of the next reply may be missing
    // A reply that is too long to be kept: its code, and where its octets are.
    enum class place_in_long : std::uint8_t { none, line, text, last_text } long_ = place_in_long::none;
    std::uint64_t long_at_ = 0;
    char long_code_[5] = {};

    using observer_core::observer_core;

    // What only the reply to one command can be.
    static constexpr bool proves(verb v, reply_view const& r, bool partial) noexcept {
        switch (v) {
        case verb::data: return r.code() == 354;
        case verb::starttls: return r.code() == 220;
        case verb::quit: return r.code() == 221;
        case verb::auth: return r.code() == 334 || r.code() == 235;
        case verb::ehlo:
        case verb::lhlo: {
            if (partial || r.code() != 250 || r.line_count() < 2) return false;
            auto const c = parse_capabilities(r);
            return c && c->offered != extensions();
        }
        default: return false;
        }
    }

    template <class H>
    constexpr awaits watch_server(io& t, H& h) noexcept(quiet<H>) {
        for (;;) {
            if (client_first_ || opaque_) [[unlikely]] {
                if (client_first_) return awaits::client_octets;
                pass_opaque(h, server, t);
                return awaits::octets;
            }
            if (t.used == t.in.size()) return awaits::octets;
            if (skip_[index(server)]) {
                if (!skip_line(server, t)) return awaits::octets;
                continue;
            }
            if (long_ != place_in_long::none) [[unlikely]] {
                if (!take_long(t, h)) return awaits::octets;
                continue;
            }
            std::string_view const rest = t.rest();
            auto const parsed = replies_.next(rest, settings_.replies);
            if (parsed.need_more()) return awaits::octets;
            if (parsed.failed() && parsed.error().code == errc::reply_too_long && begin_long(rest)) {
                depart(h, departure::long_line, server, here(server) + parsed.error().at, errc::reply_too_long);
                continue;
            }
            if (parsed.failed()) {
                depart(h, departure::malformed, server, here(server) + parsed.error().at, parsed.error().code);
                replies_ = reply_reader();
                skip_[index(server)] = partial_ = true;
                unpair(h);
                give_up_message(h);
                continue;
            }
            // Empty lines before it may be passed over.
            std::size_t const size = parsed->octets().size();
            std::uint64_t const at = here(server) + parsed.consumed - size;
            if (!parsed->tolerated().empty() || size > 512) [[unlikely]] tell_oddities(h, *parsed, at);
            hear(h, *parsed, size, at);
            use(server, t, parsed.consumed);
            partial_ = false;
            give_up_if_lost(h);
        }
    }
    // What is not as RFC 5321 4.2 has it, and is read all the same: the first of each kind.
    template <class H>
    EHLO_NOINLINE constexpr void tell_oddities(H& h, reply_view const& r, std::uint64_t at) noexcept(quiet<H>) {
        std::string_view const text = r.octets();
        leniency const odd = r.tolerated();
        bool long_line = false, lf = !odd.has(rule::bare_lf_reply), cr = !odd.has(rule::controls_in_reply), nul = cr;
        bool code = !odd.has(rule::odd_reply_code), separator = !odd.has(rule::odd_reply_separator);
        auto once = [&](bool& told, departure what, std::size_t where, std::optional<errc> why = {}) noexcept(quiet<H>) {
            if (!told) depart(h, what, server, at + where, why);
            told = true;
        };
        for (std::size_t line = 0, end = 0; line < text.size(); line = end + 1) {
            end = find_first<charset("\n")>(text, line);
            if (text[line] < '2' || text[line] > '5') once(code, departure::malformed, line, errc::bad_reply_code);
            char const after = text[line + 3];
            if (after != ' ' && after != '-' && after != '\r' && after != '\n') once(separator, departure::malformed, line + 3, errc::bad_reply_separator);
            for (std::size_t i = line + 3; i + 1 < end; ++i) {
                if (text[i] == '\r') once(cr, departure::bare_cr, i);
                if (text[i] == '\0') once(nul, departure::nul, i);
            }
            if (text[end - 1] == '\0') once(nul, departure::nul, end - 1);
            if (text[end - 1] != '\r') once(lf, departure::bare_lf, end);
            if (end + 1 - line > 512) once(long_line, departure::long_line, line);
        }
        if (!odd.empty()) depart(h, departure::tolerated, server, at, {}, odd);
    }
    constexpr bool begin_long(std::string_view rest) noexcept {
        std::size_t at = 0;
        while (at < rest.size() && (rest[at] == '\r' || rest[at] == '\n')) ++at;
        for (std::size_t i = 0; i < 3; ++i) {
            if (at + i >= rest.size() || !is_digit(rest[at + i])) return false;
            long_code_[i] = rest[at + i];
        }
        long_code_[3] = '\r', long_code_[4] = '\n';
        long_ = place_in_long::line;
        long_at_ = here(server);
        replies_ = reply_reader();
        return true;
    }
    // To the end of its last line. False: more input is needed.
    template <class H>
    EHLO_NOINLINE constexpr bool take_long(io& t, H& h) noexcept(quiet<H>) {
        std::string_view const rest = t.rest();
        std::size_t const end = find_first<charset("\n")>(rest);
        if (long_ == place_in_long::line) {
            if (rest.size() < 4 && end == rest.size()) return false;
            bool const empty = rest[0] == '\r' || rest[0] == '\n';
            long_ = (end > 3 && rest[3] == '-') || empty ? place_in_long::text : place_in_long::last_text;
        }
        bool const whole = end != rest.size();
        use(server, t, whole ? end + 1 : end);
        if (!whole) return false;
        if (long_ == place_in_long::text) {
            long_ = place_in_long::line;
            return true;
        }
        long_ = place_in_long::none;
        partial_ = true;   // what it offers was not looked at
        auto const r = parse_reply(std::string_view(long_code_, 5), settings_.replies);
        if (r.ready()) hear(h, *r, here(server) - long_at_, long_at_);
        partial_ = false;
        give_up_if_lost(h);
        return true;
    }
    template <class H>
    constexpr void give_up_if_lost(H& h) noexcept(quiet<H>) {
        if (lost_) give_up_message(h);
    }

    // A reply, and where it stands.
    template <class H>
    constexpr void hear(H& h, reply_view const& r, std::uint64_t size, std::uint64_t at) noexcept(quiet<H>) {
        bool const waited = left_[index(client)] != 0 && waits();
        if (over_ || queue_.empty()) {
            seen::reply told{place(server, at, size), r};
            return over_ ? hear_after_end(h, told) : hear_unasked(h, told);
        }
        queue::command const c = queue_.first();
        bool const sure = !unpaired_ && !one_sided_;
        seen::reply told{{server, at, size, sure}, r, told_event(c), c.verb, queue_.number(), queue_.first_at(here(client))};
        bool const each = lmtp_ && ends_message(c.on);
        unsigned code = r.code();
        if (each) {
            std::uint32_t const due = replies_due_now(c.on);
            told.recipient = message_.heard++;
            message_.stored = message_.stored || r.accepted();
            if (message_.heard < due && code != 421) return tell(h, told);
            if (message_.stored) code = 250;
        } else if (now_.knows(fact::prdr) && replies_of(c.on) == replies_due::or_prdr) [[unlikely]] {
            if (hear_each(h, told)) return;
            if (message_.each && code / 100 == 2 && !message_.stored) code = message_.refusal;   // for nobody
        }
        tell(h, told);
        if (in_chunk_ && told.number == chunk_number_) {
            depart(h, departure::early_reply, server, told.at);
            if (!settings_.drains_chunks && !chunk_begun_ && !r.accepted()) in_chunk_ = false;
        }
        queue_.pop();
        settle(h, c, told, code);
        if (waited && !waits()) client_first_ = true;
    }
    // PRDR: 353, and a reply for each recipient. False: it is the one to the message, or none that can come here.
    template <class H>
    constexpr bool hear_each(H& h, seen::reply& told) noexcept(quiet<H>) {
        unsigned const code = told.said.code();
        bool const begins = !message_.each && code == 353 && now_.recipients_owed() != 0;
        if (!begins && (!message_.each || code / 100 == 3 || code == 421 || message_.heard == now_.recipients_owed())) return false;
        if (!begins) {
            told.recipient = message_.heard++;
            message_.stored = message_.stored || told.said.accepted();
            if (!told.said.accepted()) message_.refusal = static_cast<std::uint16_t>(code);
        }
        message_.each = true;
        told.more = true;
        tell(h, told);
        return true;
    }
    // The client's octets after a command like DATA cannot be read before its reply.
    constexpr bool waits() const noexcept {
        constexpr event_set last = event::data | event::auth | event::response | event::starttls | event::quit | event::turn | event::atrn;
        return !queue_.empty() && last.has(queue_.last().on);
    }

    template <class H>
    constexpr void settle(H& h, queue::command const& c, seen::reply const& told, unsigned code) noexcept(quiet<H>) {
        answer const a = answer_of(code);
        event const e = answered(now_, c.on);
        fact_set const brings = fact_set::with_bits(c.brings);
        std::optional<std::uint64_t> octets;
        if (ends_message(c.on)) octets = sizes_.pop();
        bool const each = ends_message(e) && a == answer::more;   // PRDR, and nobody asked for it
        bool const is_220 = a != answer::done || code == 220 || (e != event::greeting && e != event::starttls);
        if (code != 421 && (!order_of<typename own_of<H>::list::protocol>.has_answer(e, a) || each || !is_220)) {
            // Unless that was not seen.
            if (!each || message_.whole) depart(h, departure::bad_reply_class, server, told.at, errc::bad_reply_class);
            unpair(h);
            return;
        }
        if (code != 421 && a != answer::refused && !ordered<H>(now_).has_row(e)) now_ = reach<H>(now_, e, a);
        bool const was_open = message_.open;
        if (e == event::mail && a == answer::done && was_open) conclude(h, outcome::abandoned, code, std::nullopt);
        change const what = move<H>(now_, e, code, brings);
        if (a == answer::refused && (e == event::auth || e == event::response)) auth_refused_ = true;
        if (what == change::begun) {
            message_ = message();
            message_.open = true;
            message_.number = told.number;
        }
        if (e == event::rcpt) {
            ++message_.recipients;
            message_.accepted += a == answer::done ? 1 : 0;
        }
        // Where no MAIL was seen the end of content tells of one; a refused BURL LAST does not.
        bool const ended = ends_message(e) && (what != change::none || (!was_open && (e == event::content_end || a != answer::refused)));
        if (ended || what == change::dropped || what == change::delivered) conclude_by(h, e, a, code, octets);
        if (e == event::hello || e == event::helo) hear_hello<H>(e, c.verb, told.said);
        else if (a == answer::done && (e == event::xclient || e == event::starttls)) forget_offers();
        if (e == event::data && a == answer::more) begin_content(here(client));
        if (e == event::starttls && a == answer::done) begin_tls(h, told);
        if (smtp_protocol::ends.has(now_.where())) end_session();
        if (what == change::dropped && a == answer::refused && !queue_.empty()) look_ahead<H>();
        skip_unanswered(h);
    }
    template <class H>
    constexpr void conclude_by(H& h, event e, answer a, unsigned code, std::optional<std::uint64_t> octets) noexcept(quiet<H>) {
        // The number of replies may rest on recipients that were not seen.
        bool const known = !(lmtp_ || message_.each) || !ends_message(e) || message_.whole;
        if (!message_.open) message_.whole = false;
        constexpr event_set withdrawn = event::rset | event::hello | event::helo | event::quit;
        outcome o = withdrawn.has(e) ? outcome::abandoned : a == answer::refused ? outcome::refused : outcome::delivered;
        if (!known) o = outcome::unknown;
        conclude(h, o, code, octets);
        if (!known) unpair(h);
    }
    template <class H>
    constexpr void look_ahead() noexcept {
        go_ahead_from_now();
        queue_.each([this](queue::command const& c) noexcept {
            for (unsigned i = 0; i < c.count && i < 2; ++i) accept<H>(ahead_, c.on, fact_set::with_bits(c.brings));
        });
    }
    constexpr void begin_content(std::uint64_t at) noexcept {
        // Where its octets are is not known while the client is lost: but the next reply is that to its end.
        if (lost_) {
            queue_.push(event::content_end, verb::data, at, {});
            ++pushed_;
            sizes_.push(std::nullopt);
            return;
        }
        in_content_ = true;
        content_ = content_watch(at);
    }
    template <class H>
    constexpr void begin_tls(H& h, seen::reply const& told) noexcept(quiet<H>) {
        opaque_ = true;
        tls_seen_[index(client)] = told_wait_;
        tls_seen_[index(server)] = false;
        tell(h, seen::tls{here(client), told.at + told.size});
    }
    constexpr void end_session() noexcept {
        over_ = true;
        in_content_ = in_chunk_ = false;
        told_end_[index(client)] = told_end_[index(client)] && told_wait_;   // what was sent after QUIT was told
        told_end_[index(server)] = false;
        client_first_ = left_[index(client)] != 0;   // they are after the end, though a later reply begins anew
    }
    template <class H>
    constexpr void hear_hello(event e, verb v, reply_view const& r) noexcept {
        if (!r.accepted()) return;
        lmtp_ = v == verb::lhlo || settings_.lmtp;
        forget_offers();
        offers_known_ = !partial_;
        if (e == event::helo) return;
        leniency const blanks = settings_.replies.tolerate.has(rule::blanks_in_ehlo_answer) ? leniency(rule::blanks_in_ehlo_answer) : strict;
        if (auto const c = parse_capabilities(r, blanks)) offered_ = c->offered;
        if constexpr (own_of<H>::list::size != 0) own_offered_ = own_of<H>::list::find_offers(r);
    }

    // QUIT was answered, or 421 said: and somebody goes on.
    template <class H>
    constexpr void hear_after_end(H& h, seen::reply& told) noexcept(quiet<H>) {
        told.sure = false;
        tell(h, told);
        if (!told_end_[index(server)]) depart(h, departure::after_the_end, server, told.at);
        told_end_[index(server)] = true;
        if (!told.said.accepted()) return;
        over_ = false;
        unpair(h);
    }
    template <class H>
    EHLO_NOINLINE constexpr void hear_unasked(H& h, seen::reply& told) noexcept(quiet<H>) {
        unsigned const code = told.said.code();
        if (lost_ || unpaired_) return hear_lost(h, told);
        told.to = event::shutdown;
        if (in_content_) {
            // To the content: a refusal, which a server may give when it has seen enough. A yes says that for it the content has ended.
            told.to = event::content_end;
            tell(h, told);
            depart(h, told.said.accepted() ? departure::unexpected_reply : departure::early_reply, server, told.at);
            if (told.said.accepted()) {
                unpair_content(h);
                return;
            }
            if (message_.open) conclude(h, outcome::refused, code, std::nullopt);
            message_.refused_early = true;
            now_.settle(event::content_end, code);
            if (now_.over()) end_session();
            return;
        }
        tell(h, told);
        depart(h, departure::unexpected_reply, server, told.at, errc::unexpected_reply);
        if (code == 421) {
            if (now_.settle(event::shutdown, code) == change::dropped) conclude(h, outcome::abandoned, code, std::nullopt);
            end_session();
        } else if (told.said.accepted()) {
            unpair(h);
        }
    }
    template <class H>
    constexpr void unpair_content(H& h) noexcept(quiet<H>) {
        unpaired_ = true;
        clear_queue(h);
        lose(h);
    }
    // Out of step: does this reply prove that the latest line was a command?
    template <class H>
    constexpr void hear_lost(H& h, seen::reply& told) noexcept(quiet<H>) {
        reply_view const& r = told.said;
        candidate const c = candidate_;
        if (!lost_ || !proves(c.verb, r, partial_)) {
            told.sure = false;
            tell(h, told);
            // The server awaits content, wherever it is: its next reply is that to the content.
            if (lost_ && r.code() == 354 && !lmtp_ && !one_sided_) {
                regain_server(h);
                begin_content(here(client));
            } else if (r.code() == 421) {
                end_session();
            }
            return;
        }
        candidate_ = {};
        regain(h);
        event const e = event_of(c.verb).value_or(event::noop);
        told.to = e;
        told.verb = c.verb;
        told.command_at = c.at;
        told.number = pushed_;
        told.sure = is_sure();
        tell(h, told);
        answer const a = answer_of(r.code());
        now_ = reach<H>(now_, e, a);
        ++pushed_;
        queue_.skip_number();
        now_.settle(e, a);
        go_ahead_from_now();
        if (e == event::hello) hear_hello<H>(e, c.verb, r);
        if (e == event::data) {
            message_.open = true;
            message_.whole = false;
            message_.number = told.number;
            begin_content(here(client));
        }
        if (e == event::starttls) begin_tls(h, told);
        if (smtp_protocol::ends.has(now_.where())) end_session();
    }
    // The client stays lost, but the replies can be matched from here on.
    template <class H>
    constexpr void regain_server(H& h) noexcept(quiet<H>) {
        if (message_.open) conclude(h, outcome::unknown, 0, std::nullopt);
        unpaired_ = false;
        session const from = now_;
        now_ = reach<H>(from, event::data, answer::more);
        now_.settle(event::data, answer::more);
        go_ahead_from_now();
        message_.open = true;
        message_.whole = false;
        message_.number = pushed_;
    }
};

}  // namespace ehlo::detail
