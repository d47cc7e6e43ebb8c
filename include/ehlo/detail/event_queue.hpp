// The commands of a client that wait for their replies.
#pragma once

#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {

/// The events whose replies are due, oldest first, as runs: RCPT comes by the hundred.
class event_queue {
    static constexpr std::size_t size = 16;
    static constexpr unsigned first_fact = static_cast<unsigned>(fact::smtputf8);
    static_assert(smtp_protocol::of_transaction.bits >> (first_fact + 16) == 0);

    std::uint16_t count_[size] = {};   // of a MAIL, which is a run by itself: the facts of the transaction that it brings
    event kind_[size] = {};
    std::uint8_t first_ = 0, runs_ = 0;

    constexpr std::size_t place(std::size_t n) const noexcept { return (first_ + n) % size; }

  public:
    constexpr bool empty() const noexcept { return runs_ == 0; }
    constexpr event first() const noexcept { return kind_[first_]; }
    constexpr event last() const noexcept { return kind_[place(runs_ - 1u)]; }
    constexpr fact_set first_brings() const noexcept { return brings(first_); }
    constexpr bool has_room(event e) const noexcept { return runs_ < size || joins(e); }

    constexpr void push(event e, fact_set of) noexcept {
        if (joins(e)) {
            ++count_[place(runs_ - 1u)];
            return;
        }
        std::size_t const next = place(runs_++);
        kind_[next] = e;
        count_[next] = e == event::mail ? static_cast<std::uint16_t>(of.bits >> first_fact) : std::uint16_t{1};
    }
    constexpr void pop() noexcept {
        if (first() != event::mail && --count_[first_] != 0) return;
        first_ = static_cast<std::uint8_t>(place(1));
        --runs_;
    }
    constexpr void clear() noexcept { runs_ = 0; }
    constexpr bool has(event e) const noexcept {
        for (std::size_t i = 0; i < runs_; ++i)
            if (kind_[place(i)] == e) return true;
        return false;
    }
    /// Calls `f(event, facts, how often)` for each run.
    template <class F>
    constexpr void each(F&& f) const noexcept {
        for (std::size_t i = 0; i < runs_; ++i) f(kind_[place(i)], brings(place(i)), kind_[place(i)] == event::mail ? 1u : count_[place(i)]);
    }

  private:
    constexpr fact_set brings(std::size_t at) const noexcept {
        return kind_[at] == event::mail ? fact_set::with_bits(std::uint64_t{count_[at]} << first_fact) : fact_set();
    }
    constexpr bool joins(event e) const noexcept { return runs_ != 0 && last() == e && e != event::mail && count_[place(runs_ - 1u)] < 0xFFFF; }
};

/// The event that the next reply answers. A chunk has one reply, to its BDAT and its octets; where no chunk may come it is to the BDAT
/// alone (RFC 3030 2). Otherwise the session moves on by the BDAT.
template <class Session>
constexpr event event_answered(Session& s, event e) noexcept {
    if ((e != event::chunk_end && e != event::last_chunk_end) || !s.check(e)) return e;
    if (s.check(event::bdat)) return event::bdat;
    s.settle(event::bdat, answer::done);
    return e;
}
/// Moves on by the answer that the client hopes for.
template <class Session>
constexpr void accept(Session& s, event e, fact_set brings) noexcept {
    event const of = event_answered(s, e);
    auto const& done = s.move_by(of, answer::done);
    s.settle(s.fits(of, answer::done, done) ? done : s.move_by(of, answer::more), brings);
}
/// The session as it is when all that is under way was accepted.
template <class Session>
constexpr Session look_ahead(Session s, event_queue const& under_way) noexcept {
    under_way.each([&s](event e, fact_set brings, unsigned count) noexcept {
        for (unsigned i = 0; i < count && i < 2; ++i) accept(s, e, brings);
    });
    return s;
}

}  // namespace detail

}  // namespace ehlo
