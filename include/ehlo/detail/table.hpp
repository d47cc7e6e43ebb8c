// An automaton as rows of data, and what the compiler proves of it. Knows nothing of SMTP but the three classes of replies.
#pragma once

#include <ehlo/error.hpp>
#include <ehlo/detail/set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What an event was answered, by the class of the reply code.
enum class answer : std::uint8_t {
    done,     ///< 2yz
    more,     ///< 3yz
    refused,  ///< 4yz, 5yz
};
inline constexpr unsigned answer_count = 3;

/// What an answer does to the transaction.
enum class effect : std::uint8_t {
    none,
    begins,    ///< not refused: a transaction is open, without a recipient
    adds,      ///< done: one recipient more
    part,      ///< a part of the content. Refused: the transaction is dropped
    delivers,  ///< done: the message is delivered. Refused: it is dropped. The transaction is over
    drops,     ///< done: the transaction, if there is one, is dropped
    ends,      ///< whatever the answer, likewise
};

/// Where a reply of a class leads: `stay` where one is; `never`: such a reply is no answer to this event.
template <class State>
inline constexpr State stay_in = static_cast<State>(254);
template <class State>
inline constexpr State never_to = static_cast<State>(255);

/// One row: in each state of `from`, each event of `on`. A cell that no row names is out of order: errc::bad_sequence, and no
/// answer to it moves anything.
template <class State, class Event, class Fact>
struct transition {
    set_of<State> from;
    set_of<Event> on;
    State done, more, refused;
    effect does = effect::none;
    set_of<Fact> needs{};    ///< facts that must hold, or the event is out of order
    set_of<Fact> barred{};   ///< facts that may not
    set_of<Fact> sets{};     ///< done: facts that hold from then on
    set_of<Fact> clears{};   ///< done: facts that hold no longer
    set_of<Fact> brings{};   ///< done: facts that the command itself may bring, by its parameters
    set_of<Fact> asked{};    ///< facts without which a 3yz is no answer: nobody asked for it
    errc otherwise = errc::bad_sequence;   ///< why it is out of order, where `needs` or `barred` is to blame
    /// False: to be answered with a refusal wherever one decides, and yet the answer of one who decides otherwise leads on.
    bool in_order = true;
};

/// How many recipients a transaction has, as far as order is concerned.
enum class transaction : std::uint8_t { none, empty, one, many };

/// Rows, made searchable: one octet for each state and event.
template <class State, class Event, class Fact, std::size_t States, std::size_t Events, std::size_t Rows>
struct transition_table {
    using state_type = State;
    using event_type = Event;
    using fact_type = Fact;
    using row = transition<State, Event, Fact>;
    static constexpr std::size_t states = States, events = Events;

    row rows[Rows + 1] = {};   // the last one is that of all cells that no other row names
    std::uint8_t cells[States][Events] = {};
    std::uint8_t answers[Events] = {};   // classes of answers that an event can have at all, one bit each
    State twice_in{};          // a cell that two rows name
    Event twice_on{};
    bool twice = false;

    constexpr explicit transition_table(row const (&given)[Rows]) noexcept {
        static_assert(Rows < 255);
        for (auto& line : cells)
            for (auto& cell : line) cell = Rows;
        for (std::size_t r = 0; r < Rows; ++r) {
            rows[r] = given[r];
            unsigned const can = (given[r].done != never_to<State> ? 1u : 0u) | (given[r].more != never_to<State> ? 2u : 0u) |
                                 (given[r].refused != never_to<State> ? 4u : 0u);
            for (std::size_t e = 0; e < Events; ++e)
                if (given[r].on.has(static_cast<Event>(e))) answers[e] = static_cast<std::uint8_t>(answers[e] | can);
            for (std::size_t s = 0; s < States; ++s) {
                if (!given[r].from.has(static_cast<State>(s))) continue;
                for (std::size_t e = 0; e < Events; ++e) {
                    if (!given[r].on.has(static_cast<Event>(e))) continue;
                    if (cells[s][e] != Rows && !twice) {
                        twice = true;
                        twice_in = static_cast<State>(s);
                        twice_on = static_cast<Event>(e);
                    }
                    cells[s][e] = static_cast<std::uint8_t>(r);
                }
            }
        }
        rows[Rows] = row{{}, {}, stay_in<State>, stay_in<State>, stay_in<State>};
        rows[Rows].in_order = false;
    }

    constexpr row const& at(State s, Event e) const noexcept {
        return rows[cells[static_cast<std::size_t>(s)][static_cast<std::size_t>(e)]];
    }
    /// Whether an event has answers of this class, in whatever state.
    constexpr bool has_answer(Event e, answer a) const noexcept {
        return (answers[static_cast<std::size_t>(e)] >> static_cast<unsigned>(a) & 1) != 0;
    }
    constexpr bool has(State s, Event e) const noexcept { return cells[static_cast<std::size_t>(s)][static_cast<std::size_t>(e)] != Rows; }
};

/// Where a session is, as far as order is concerned.
template <class State, class Fact>
struct situation {
    State where{};
    set_of<Fact> known{};
    transaction open = transaction::none;
    constexpr bool operator==(situation const&) const = default;
};

namespace detail {
/// Why an event of this row is out of order; nothing if it is not.
template <class Row, class Fact>
constexpr std::optional<errc> find_disorder(Row const& r, set_of<Fact> known) noexcept {
    if (!r.in_order) return errc::bad_sequence;
    if (known.has_all(r.needs) && !known.has_any(r.barred)) [[likely]] return std::nullopt;
    return r.otherwise;
}
template <class Row, class Fact>
constexpr auto target_of(Row const& r, answer a, set_of<Fact> known) noexcept {
    if (a == answer::done) return r.done;
    if (a == answer::refused) return r.refused;
    return known.has_all(r.asked) ? r.more : never_to<std::remove_cv_t<decltype(r.more)>>;
}
constexpr bool ends_transaction(effect does, answer a) noexcept {
    return does == effect::ends || (a == answer::done && (does == effect::drops || does == effect::delivers)) ||
           (a == answer::refused && (does == effect::part || does == effect::delivers));
}
/// The one place where a situation changes. `brought`: facts that the command brings; `of_transaction`: facts that end with it.
template <class Row, class State, class Fact>
constexpr situation<State, Fact> settle(Row const& r, situation<State, Fact> x, answer a, set_of<Fact> brought, set_of<Fact> of_transaction) noexcept {
    State const to = target_of(r, a, x.known);
    if (to == never_to<State>) return x;
    if (to != stay_in<State>) x.where = to;
    if (ends_transaction(r.does, a)) {
        x.open = transaction::none;
        x.known = x.known - of_transaction;
    }
    if (a != answer::refused && r.does == effect::begins) x.open = transaction::empty;
    if (a != answer::done) return x;
    x.known = (x.known - r.clears) | r.sets | (brought & r.brings);
    if (r.does == effect::adds) x.open = x.open == transaction::empty ? transaction::one : transaction::many;
    return x;
}
}  // namespace detail

}  // namespace ehlo
