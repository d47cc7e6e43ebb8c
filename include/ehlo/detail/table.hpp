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

/// What became of the transaction.
enum class change : std::uint8_t { none, begun, added, dropped, delivered };

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
    static constexpr std::size_t states = States, events = Events, row_count = Rows + 1;

    row rows[row_count] = {};   // the last one is that of all cells that no other row names
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
// Rows, worked out: what a session looks up. Facts are few, seven at most: a set of them has an octet.

/// When an event of a row is in order.
struct guard {
    std::uint8_t needs = 0, tells = 0;   // facts that must hold; those, and those that may not
    errc otherwise = errc::bad_sequence;
    bool in_order = false;
};
/// What an answer to an event of a row does. Of 8 octets, so that their place in a table is no multiplication; of 6 on a machine without
/// vectors, which is likely to be a small one.
template <class State>
struct alignas(EHLO_VECTOR ? 8 : alignof(State)) move {
    State to = stay_in<State>;
    change what = change::none;   // if a transaction is open, or is opened
    std::uint8_t asked = 0, kept = 0xFF, sets = 0, brings = 0;   // `asked` of what is no answer: all bits, and so more than there are facts
};

template <class Fact>
constexpr std::uint8_t octet_of(set_of<Fact> facts) noexcept { return static_cast<std::uint8_t>(facts.bits); }

template <class State, class Event, class Fact>
constexpr guard guard_of(transition<State, Event, Fact> const& r) noexcept {
    return {octet_of(r.needs), octet_of(r.needs | r.barred), r.otherwise, r.in_order};
}
constexpr change change_by(effect does, answer a) noexcept {
    bool const done = a == answer::done, refused = a == answer::refused;
    if (does == effect::begins && !refused) return change::begun;
    if (does == effect::adds && done) return change::added;
    if (does == effect::delivers && done) return change::delivered;
    bool const drops = does == effect::ends || (does == effect::drops && done) || ((does == effect::part || does == effect::delivers) && refused);
    return drops ? change::dropped : change::none;
}
constexpr bool ends_transaction(change c) noexcept { return c >= change::dropped; }
/// `of_transaction`: facts that end with it.
template <class State, class Event, class Fact>
constexpr move<State> move_of(transition<State, Event, Fact> const& r, answer a, set_of<Fact> of_transaction) noexcept {
    move<State> m{a == answer::done ? r.done : a == answer::more ? r.more : r.refused, change_by(r.does, a)};
    set_of<Fact> lost;
    if (ends_transaction(m.what)) lost |= of_transaction;
    if (a == answer::done) {
        lost |= r.clears;
        m.sets = octet_of(r.sets);
        m.brings = octet_of(r.brings);
    }
    m.kept = static_cast<std::uint8_t>(~lost.bits);
    if (a == answer::more) m.asked = octet_of(r.asked);
    if (m.to == never_to<State>) m.asked = 0xFF;
    return m;
}

/// Whether an event is in order. `known`: the octet of a set of facts.
constexpr bool allows(guard const& g, std::uint8_t known) noexcept { return g.in_order && ((known ^ g.needs) & g.tells) == 0; }
/// Why an event is out of order; nothing if it is not.
constexpr std::optional<errc> find_disorder(guard const& g, std::uint8_t known) noexcept {
    if (allows(g, known)) [[likely]] return std::nullopt;
    return g.in_order ? g.otherwise : errc::bad_sequence;
}
/// Whether an answer is one to the event at all.
template <class State, class Fact>
constexpr bool is_answer(move<State> const& m, set_of<Fact> known) noexcept {
    return (m.asked & ~octet_of(known)) == 0;
}
/// The one place where a situation changes. `brought`: facts that the command brings.
template <class State, class Fact>
constexpr situation<State, Fact> settle(move<State> const& m, situation<State, Fact> x, set_of<Fact> brought) noexcept {
    if (!is_answer(m, x.known)) return x;
    if (m.to != stay_in<State>) x.where = m.to;
    x.known = set_of<Fact>::with_bits((x.known.bits & m.kept) | m.sets | (brought.bits & m.brings));
    if (ends_transaction(m.what)) x.open = transaction::none;
    else if (m.what == change::begun) x.open = transaction::empty;
    else if (m.what == change::added) x.open = x.open == transaction::empty ? transaction::one : transaction::many;
    return x;
}

// The same of a row as it is written.
template <class State, class Event, class Fact>
constexpr std::optional<errc> find_disorder(transition<State, Event, Fact> const& r, set_of<Fact> known) noexcept {
    return find_disorder(guard_of(r), octet_of(known));
}
template <class State, class Event, class Fact>
constexpr State target_of(transition<State, Event, Fact> const& r, answer a, set_of<Fact> known) noexcept {
    move<State> const m = move_of(r, a, set_of<Fact>());
    return is_answer(m, known) ? m.to : never_to<State>;
}
template <class State, class Event, class Fact>
constexpr situation<State, Fact> settle(transition<State, Event, Fact> const& r, situation<State, Fact> const& x, answer a, set_of<Fact> brought,
                                        set_of<Fact> of_transaction) noexcept {
    return settle(move_of(r, a, of_transaction), x, brought);
}

/// A table, worked out.
template <class Table>
struct worked_out {
    using State = typename Table::state_type;
    using Event = typename Table::event_type;
    static constexpr std::size_t rows = Table::row_count;

    std::uint8_t cells[Table::states][Table::events] = {};
    std::uint8_t answers[Table::events] = {};
    guard guards[rows] = {};
    move<State> moves[rows][answer_count] = {};

    constexpr worked_out(Table const& table, set_of<typename Table::fact_type> of_transaction) noexcept {
        for (std::size_t e = 0; e < Table::events; ++e) {
            answers[e] = table.answers[e];
            for (std::size_t s = 0; s < Table::states; ++s) cells[s][e] = table.cells[s][e];
        }
        for (std::size_t r = 0; r < rows; ++r) {
            guards[r] = guard_of(table.rows[r]);
            for (unsigned a = 0; a < answer_count; ++a) moves[r][a] = move_of(table.rows[r], static_cast<answer>(a), of_transaction);
        }
    }
    constexpr std::size_t row_at(State s, Event e) const noexcept { return cells[static_cast<std::size_t>(s)][static_cast<std::size_t>(e)]; }
    constexpr bool has_row(State s, Event e) const noexcept { return row_at(s, e) != rows - 1; }
    constexpr guard const& guard_at(State s, Event e) const noexcept { return guards[row_at(s, e)]; }
    constexpr move<State> const& move_at(State s, Event e, answer a) const noexcept { return moves[row_at(s, e)][static_cast<unsigned>(a)]; }
    /// Whether an event has answers of this class, in whatever state.
    constexpr bool has_answer(Event e, answer a) const noexcept {
        return (answers[static_cast<std::size_t>(e)] >> static_cast<unsigned>(a) & 1) != 0;
    }
};
template <class Protocol>
inline constexpr worked_out<std::remove_cv_t<decltype(Protocol::rules)>> order_of{Protocol::rules, Protocol::of_transaction};
}  // namespace detail

}  // namespace ehlo
