// Transition tables as data, and their proof at compile time. Knows nothing of SMTP.
#pragma once

#include <ehlo/config.hpp>

#include <cstddef>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// In `state`, `event` leads to `accepted` if it is answered well, else to `refused`. A cell that no row names is out of
/// order: it is refused and moves nothing.
template <class State, class Event>
struct transition {
    State state;
    Event event;
    State accepted;
    State refused;
};

/// What can be wrong with a table, besides the facts that its owner asserts.
enum class table_fault : unsigned char {
    none,
    duplicate_cell,          ///< two rows for one state and event
    unreachable_state,       ///< no way leads to the state from the first one
    state_that_cannot_end,   ///< no way leads from the state to the last one
    unused_event,            ///< no row has the event
    way_out_of_the_end,      ///< the last state has a row
};

/// Rows, made searchable. The first enumerator of State is where sessions begin, the last one where they end.
template <class State, class Event, std::size_t States, std::size_t Events>
class transition_table {
    struct cell {
        unsigned char present, accepted, refused;
    };
    cell cells_[States][Events] = {};
    table_fault fault_ = table_fault::none;
    State fault_state_{};
    Event fault_event_{};

    static constexpr std::size_t index(auto e) noexcept { return static_cast<std::size_t>(e); }
    constexpr void note(table_fault f, std::size_t s, std::size_t e) noexcept {
        if (fault_ != table_fault::none) return;
        fault_ = f;
        fault_state_ = static_cast<State>(s);
        fault_event_ = static_cast<Event>(e);
    }
    // Marks all states that `next(cell)` leads to from the marked ones (or, backwards, those that lead to marked ones).
    constexpr void spread(bool (&marked)[States], bool backwards) const noexcept {
        for (std::size_t round = 0; round < States; ++round)
            for (std::size_t s = 0; s < States; ++s)
                for (std::size_t e = 0; e < Events; ++e) {
                    cell const& c = cells_[s][e];
                    if (!c.present) continue;
                    if (backwards) {
                        marked[s] |= marked[c.accepted] | marked[c.refused];
                    } else if (marked[s]) {
                        marked[c.accepted] = marked[c.refused] = true;
                    }
                }
    }
    constexpr void prove() noexcept {
        bool forth[States] = {}, back[States] = {};
        forth[0] = back[States - 1] = true;
        spread(forth, false);
        spread(back, true);
        for (std::size_t s = 0; s < States; ++s) {
            if (!forth[s]) note(table_fault::unreachable_state, s, 0);
            if (!back[s]) note(table_fault::state_that_cannot_end, s, 0);
        }
        for (std::size_t e = 0; e < Events; ++e) {
            bool used = false;
            for (std::size_t s = 0; s < States; ++s) used |= cells_[s][e].present != 0;
            if (!used) note(table_fault::unused_event, 0, e);
            if (cells_[States - 1][e].present) note(table_fault::way_out_of_the_end, States - 1, e);
        }
    }

  public:
    template <std::size_t Rows>
    constexpr explicit transition_table(transition<State, Event> const (&rows)[Rows]) noexcept {
        for (auto const& row : rows) {
            cell& c = cells_[index(row.state)][index(row.event)];
            if (c.present) note(table_fault::duplicate_cell, index(row.state), index(row.event));
            c = {1, static_cast<unsigned char>(row.accepted), static_cast<unsigned char>(row.refused)};
        }
        prove();
    }

    constexpr bool allows(State s, Event e) const noexcept { return cells_[index(s)][index(e)].present != 0; }
    /// The next state; the same one for a cell that is absent.
    constexpr State next(State s, Event e, bool accepted) const noexcept {
        cell const& c = cells_[index(s)][index(e)];
        if (!c.present) return s;
        return static_cast<State>(accepted ? c.accepted : c.refused);
    }
    constexpr table_fault fault() const noexcept { return fault_; }
    constexpr State fault_state() const noexcept { return fault_state_; }
    constexpr Event fault_event() const noexcept { return fault_event_; }
};

/// Instantiated for a table, fails to compile if the table is wrong, and the compiler's message names fault, state and
/// event, because they are template arguments.
template <table_fault Fault, auto State, auto Event>
constexpr bool proved() noexcept {
    static_assert(Fault == table_fault::none, "the transition table is wrong: the arguments of proved<> say where");
    return true;
}
template <auto const& Table>
constexpr bool prove() noexcept {
    return proved<Table.fault(), Table.fault_state(), Table.fault_event()>();
}

}  // namespace ehlo
