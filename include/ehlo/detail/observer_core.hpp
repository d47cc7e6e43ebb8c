// What the two halves of an observer share: where the session is, what is under way, and whether it is in step.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/line.hpp>
#include <ehlo/detail/observed.hpp>
#include <ehlo/detail/observed_content.hpp>
#include <ehlo/detail/observed_own.hpp>
#include <ehlo/session.hpp>
#include <ehlo/detail/under_way.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What an observer waits for.
enum class awaits : std::uint8_t {
    octets,   ///< more of this direction, or of the other
    reply,    ///< the client's octets cannot be read before the server's reply is known: leave them, and give it the server's
    client_octets,   ///< the client's octets that were left come first: give it them, then these again
};

namespace detail {

class observer_core {
  protected:
    using queue = commands_under_way;
    static constexpr direction client = direction::from_client, server = direction::from_server;
    static constexpr std::size_t index(direction d) noexcept { return static_cast<std::size_t>(d); }
    template <class H>
    static constexpr bool quiet = observes_quietly<H>;

    // The open transaction, as the replies have it.
    struct message {
        std::uint64_t number = 0;
        std::uint32_t recipients = 0, accepted = 0;
        std::uint32_t heard = 0;          // replies for recipients to its end
        std::uint16_t refusal = 0;        // the latest of them that was a no
        bool open = false;
        bool whole = true;                // seen from its MAIL on
        bool stored = false;              // for one recipient at least, where each has a reply
        bool each = false;                // PRDR: 353 was said
        bool refused_early = false;       // the reply to its content came before the end
    };
    // Out of step: the latest line of the client, if it is a command that a reply can prove, and nothing has come after it.
    struct candidate {
        std::uint64_t at = 0;
        v0::verb verb = verb::unknown;
    };
    // The octets of one direction that a call is given.
    struct io {
        std::string_view in;
        std::size_t used = 0;
        constexpr std::string_view rest() const noexcept { return sub(in, used); }
    };

    observer_settings settings_;
    std::uint64_t at_[2] = {};            // offset of the first octet that was not consumed
    std::uint32_t left_[2] = {};          // octets that were shown and not consumed
    queue queue_{};
    std::uint64_t pushed_ = 0;            // how many commands had a number
    session now_{};                       // as the replies have it
    session ahead_{};                     // if all that is under way is accepted; without the last command, if `owed_`
    message message_{};
    content_watch content_{};
    message_sizes sizes_{};
    std::uint64_t chunk_left_ = 0, chunk_number_ = 0;
    extensions offered_{};
    std::uint8_t own_offered_ = 0;        // one bit for each command of the user's own
    candidate candidate_{};
    std::uint32_t overflows_ = 0;
    // One octet, so that all of them are looked at in one step: mostly none is true.
    bool opaque_ : 1 = false;
    bool over_ : 1 = false;
    bool in_chunk_ : 1 = false;
    bool in_content_ : 1 = false;
    bool lost_ : 1 = false;               // it is not known what the client's octets are
    bool unpaired_ : 1 = false;           // replies cannot be matched
    bool one_sided_ : 1;                  // only one direction is shown
    bool client_first_ : 1 = false;       // what the client waited with comes before the next reply
    bool offers_known_ = false, lmtp_;
    bool chunk_last_ = false, chunk_binary_ = false, chunk_begun_ = false;
    bool owed_ = false;                   // mostly its reply comes before anybody asks
    bool told_sure_ = true;
    bool skip_[2] = {};                   // to the next line
    bool auth_refused_ = false;           // what looks like no command may be meant as a response
    bool told_wait_ = false;              // that the client did not wait
    bool latest_mail_is_wide_ = false;   // that of the client, whatever was replied
    bool told_end_[2] = {}, tls_seen_[2] = {};

    constexpr explicit observer_core(observer_settings const& s) noexcept : settings_(s), one_sided_(s.sees != sight::both), lmtp_(s.lmtp) {
        if (settings_.max_line < 512) settings_.max_line = 512;
    }

    constexpr bool is_sure() const noexcept { return !lost_ && !unpaired_ && !one_sided_; }
    constexpr bool alone() const noexcept { return settings_.sees == sight::client_only; }

    constexpr seen::place place(direction d, std::uint64_t at, std::uint64_t size) const noexcept { return {d, at, size, is_sure()}; }
    constexpr std::uint64_t here(direction d) const noexcept { return at_[index(d)]; }
    constexpr void use(direction d, io& t, std::size_t n) noexcept {
        t.used += n;
        at_[index(d)] += n;
    }
    template <class H, class E>
    static constexpr void tell(H& h, E const& e) noexcept(quiet<H>) {
        if constexpr (handles<H, E>) h.on(e);
    }
    template <class H>
    constexpr void depart(H& h, departure what, direction d, std::uint64_t at, std::optional<errc> why = {}, leniency rules = {},
                          dot_line line = {}) const noexcept(quiet<H>) {
        tell(h, seen::departed{place(d, at, 1), what, why, rules, line});
    }
    // For those who look at content.
    template <class H>
    constexpr auto departs(H& h) const noexcept {
        return [this, &h](departure what, std::uint64_t at, dot_line line) noexcept(quiet<H>) { depart(h, what, client, at, {}, {}, line); };
    }

    // Order is that of the table, with the rows of the user's own commands where there are any.
    template <class H>
    static constexpr decltype(auto) ordered(session const& s) noexcept {
        if constexpr (own_of<H>::list::size == 0) return (s);
        else return basic_session<typename own_of<H>::list::protocol>(s);
    }
    template <class H, class Answer>
    static constexpr change move(session& s, event e, Answer a, fact_set brings = {}) noexcept {
        if constexpr (own_of<H>::list::size == 0) {
            return s.settle(e, a, brings);
        } else {
            auto with_own = ordered<H>(s);
            change const what = with_own.settle(e, a, brings);
            s = session(with_own);
            return what;
        }
    }

    // Moves a session by an event: a chunk has one reply, to its BDAT and its octets.
    static constexpr event answered(session& s, event e) noexcept {
        if ((e != event::chunk_end && e != event::last_chunk_end) || !s.check(e)) return e;
        if (!order_of<smtp_protocol>.guard_at(s.where(), event::bdat).in_order) return event::bdat;
        s.settle(event::bdat, answer::done);
        return e;
    }
    // Moves on by the answer that the client hopes for.
    template <class H>
    static constexpr void accept(session& s, event e, fact_set brings) noexcept {
        event const of = answered(s, e);
        move<H>(s, of, ordered<H>(s).fits(of, answer::done) ? answer::done : answer::more, brings);
    }
    // The session of one who decides otherwise than the table: in the first state where such an answer leads on. The session itself,
    // if there is none.
    template <class H>
    static constexpr session reach(session const& from, event e, answer a) noexcept {
        constexpr event way[] = {event::greeting, event::hello, event::mail, event::rcpt, event::data};
        session s;
        for (event const step : way) {
            s.settle(step, s.fits(step, answer::done) ? answer::done : answer::more);
            auto const& row = own_of<H>::list::protocol::rules.at(s.where(), e);
            if (!row.in_order || !ordered<H>(s).fits(e, a)) continue;
            if (target_of(row, a, s.known()) == stay_in<state> && row.does == effect::none) break;
            for (unsigned f = 0; f < fact_count; ++f) s.know(static_cast<fact>(f), from.knows(static_cast<fact>(f)));
            return s;
        }
        return from;
    }

    // The session as the client must see it that does not wait for replies.
    template <class H>
    constexpr session& ahead() noexcept {
        if (owed_) accept<H>(ahead_, queue_.last().on, fact_set::with_bits(queue_.last().brings));
        owed_ = false;
        return ahead_;
    }
    constexpr void go_ahead_from_now() noexcept {
        ahead_ = now_;
        owed_ = false;
    }

    // What is under way as NOOP, and is none, is told by its verb.
    static constexpr std::optional<event> told_event(queue::command const& c) noexcept { return c.on == event::noop ? event_of(c.verb) : std::optional(c.on); }
    // A command awaits its reply. With one direction only it is supposed to be accepted.
    template <class H>
    constexpr void push(H& h, event e, verb v, std::uint64_t at, fact_set brings) noexcept(quiet<H>) {
        ++pushed_;
        if (alone()) {
            // A command in place of the response says that AUTH needed none.
            if (e == event::auth) now_.settle(e, answer::more);
            else accept<H>(now_, e, brings);
            go_ahead_from_now();
            return;
        }
        ahead<H>();
        if (!queue_.push(e, v, at, brings)) {
            ++overflows_;
            depart(h, departure::too_many_under_way, client, at);
            unpair(h);
            return;
        }
        owed_ = true;
        skip_unanswered(h);
    }
    // RFC 2033 4.2, 4.3: one for each recipient that was accepted.
    constexpr std::uint32_t replies_due_now(event e) const noexcept {
        return lmtp_ && ends_message(e) ? now_.recipients_owed() : 1;
    }
    // What has no reply is over as soon as it is the first under way.
    template <class H>
    constexpr void skip_unanswered(H& h) noexcept(quiet<H>) {
        while (!queue_.empty() && replies_due_now(queue_.first().on) == 0) [[unlikely]] {
            now_.settle(answered(now_, queue_.first().on), answer::refused);
            sizes_.pop();
            queue_.pop();
            if (message_.open) conclude(h, outcome::refused, 0, std::nullopt);
        }
        if (queue_.empty()) go_ahead_from_now();
    }

    template <class H>
    constexpr void conclude(H& h, outcome what, unsigned code, std::optional<std::uint64_t> octets) noexcept(quiet<H>) {
        message const m = message_;
        message_ = message();
        bool const sure = what != outcome::unknown && !one_sided_;
        tell(h, seen::transaction{m.number, what, code, m.recipients, m.accepted, octets, m.whole, sure});
    }
    // What is under way will not be answered, or nobody knows by what.
    template <class H>
    constexpr void clear_queue(H& h) noexcept(quiet<H>) {
        while (!queue_.empty()) {
            queue::command const c = queue_.first();
            std::uint64_t const now = here(client), number = queue_.number();
            std::uint64_t const at = queue_.first_at(now).value_or(now);
            for (unsigned i = 0; i < c.count; ++i) queue_.pop();
            if (c.on == event::greeting) continue;
            tell(h, seen::unanswered{place(client, at, 0), told_event(c), c.verb, number, c.count});
        }
        sizes_.clear();
        go_ahead_from_now();
    }
    // Replies can no longer be matched. Content and chunks that have begun can be read to their end all the same.
    template <class H>
    constexpr void unpair(H& h) noexcept(quiet<H>) {
        unpaired_ = true;
        // Whoever waited for one waits no more.
        client_first_ = left_[index(client)] != 0;
        clear_queue(h);
        if (!in_content_ && !in_chunk_) lose(h);
        else note_step(h);
    }
    // It is not known what the client's octets are.
    template <class H>
    constexpr void lose(H& h) noexcept(quiet<H>) {
        lost_ = true;
        in_content_ = in_chunk_ = false;
        candidate_ = {};
        note_step(h);
    }
    // Out of step, and nothing is under way that says what became of it.
    template <class H>
    constexpr void give_up_message(H& h) noexcept(quiet<H>) {
        if (message_.open && !in_content_ && !in_chunk_ && queue_.empty()) conclude(h, outcome::unknown, 0, std::nullopt);
    }
    template <class H>
    constexpr void regain(H& h) noexcept(quiet<H>) {
        clear_queue(h);
        if (message_.open) conclude(h, outcome::unknown, 0, std::nullopt);
        lost_ = false;
        unpaired_ = false;
        note_step(h);
    }
    template <class H>
    constexpr void note_step(H& h) noexcept(quiet<H>) {
        if (is_sure() == told_sure_) return;
        told_sure_ = is_sure();
        tell(h, seen::in_step{told_sure_, here(client), here(server)});
    }

    constexpr void forget_offers() noexcept {
        offered_ = {};
        own_offered_ = 0;
        offers_known_ = false;
    }
    // Octets in the clear where TLS records should come: a handshake, or an alert.
    template <class H>
    constexpr void pass_opaque(H& h, direction d, io& t) noexcept(quiet<H>) {
        bool& seen = tls_seen_[index(d)];
        if (!seen && t.used < t.in.size()) {
            seen = true;
            auto const first = static_cast<unsigned char>(t.rest()[0]);
            if (first != 0x16 && first != 0x15) depart(h, departure::after_starttls, d, here(d));
        }
        use(d, t, t.in.size() - t.used);
    }
    template <class H>
    constexpr void pass_over(H& h, direction d, io& t) noexcept(quiet<H>) {
        if (!told_end_[index(d)] && t.used < t.in.size()) {
            told_end_[index(d)] = true;
            depart(h, departure::after_the_end, d, here(d));
        }
        use(d, t, t.in.size() - t.used);
    }
    // Goes on after the next line end; a server's may be LF alone. False: it has not come.
    constexpr bool skip_line(direction d, io& t) noexcept {
        std::string_view const rest = t.rest();
        for (std::size_t at = 0;;) {
            at = find_first<charset("\n")>(rest, at);
            if (at == rest.size()) break;
            if ((at != 0 && rest[at - 1] == '\r') || (d == server && settings_.replies.tolerate.has(rule::bare_lf_reply))) {
                use(d, t, at + 1);
                skip_[index(d)] = false;
                return true;
            }
            ++at;
        }
        use(d, t, rest.size() - (!rest.empty() && rest.back() == '\r' ? 1 : 0));
        return false;
    }
};

}  // namespace detail
}  // namespace ehlo
