// What the compiler proves of a protocol: of every situation that can be reached, under every event and every class of answer.
// It takes 2 s (GCC 12) or 4 s (Clang 14): so the tests prove the standard protocol, and own_commands.hpp any protocol with commands
// of the user's own, wherever one is used. That takes 0.4 s: what the standard rows lead to is not asked about a second time.
#pragma once

#include <ehlo/detail/order_rules.hpp>
#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What can be wrong with any table.
enum class table_fault : std::uint8_t {
    none,
    two_rows_for_one_cell,
    a_state_that_cannot_be_reached,
    an_event_that_is_never_in_order,
    a_fact_that_never_holds,
    a_situation_that_cannot_end_if_all_is_refused,
    a_way_out_of_the_end,
    a_fact_of_the_transaction_that_outlives_it,
    a_state_with_and_without_a_transaction,
};

/// Where something does not hold: the first place found.
template <class State, class Event>
struct table_finding {
    table_fault fault = table_fault::none;
    State where{};
    Event on{};
    std::uint64_t facts = 0;
};

/// All that can be reached, under every event in order and every answer. `Protocol` has:
///   rules            a transition_table
///   of_transaction   facts that end with the transaction
///   from_outside     facts that may hold from the beginning: TLS, a client that its address authenticates
///   brings_by        the event that must be in order for a command to bring facts
///   ends             states in which the session is over, the last one last
///   cuts             events that end a session from outside
///   proved_rows      so many of its first rows are a protocol that is proved: what they lead to is not asked about again
template <class Protocol, std::size_t Facts>
struct walk {
    using table = decltype(Protocol::rules);
    using State = typename table::state_type;
    using Event = typename table::event_type;
    using Fact = typename table::fact_type;
    using place = situation<State, Fact>;
    static constexpr auto const& order = detail::order_of<Protocol>;
    static constexpr std::size_t size = table::states << (Facts + 2);

    // A situation as a number: Clang takes three times as long over an array of structures.
    static_assert(size <= 0x10000);
    std::uint64_t seen[(size + 63) / 64] = {};
    std::uint16_t list[size] = {};
    std::size_t count = 0;
    std::size_t ways = 0;
    std::size_t proved = 0;   // so many of the list are those that rows which are proved already lead to
    std::uint8_t rows_at[table::states][table::row_count + 1] = {};   // of each state; 0xFF ends

    constexpr void add(place const& x) noexcept {
        ++ways;
        std::size_t const n = (static_cast<std::size_t>(x.where) << Facts | static_cast<std::size_t>(x.known.bits)) << 2 | static_cast<std::size_t>(x.open);
        if ((seen[n / 64] >> n % 64 & 1) != 0) return;
        seen[n / 64] |= std::uint64_t{1} << n % 64;
        list[count++] = static_cast<std::uint16_t>(n);
    }
    constexpr place at(std::size_t i) const noexcept {
        unsigned const n = list[i];
        return {static_cast<State>(n >> (Facts + 2)), set_of<Fact>::with_bits(n >> 2 & ((1u << Facts) - 1)), static_cast<transaction>(n & 3)};
    }
    // All events of a row lead the same way: it is walked once for them. Rows from `first` on, before `last`.
    constexpr void go_on(place const& x, std::size_t first, std::size_t last) noexcept {
        for (std::uint8_t const* row = rows_at[static_cast<std::size_t>(x.where)]; *row < last; ++row) {
            std::size_t const n = *row;
            if (n < first) continue;
            auto const& r = Protocol::rules.rows[n];
            // Out of order there is only a refusal, if one decides by the table; a row that is not in order is for those who do
            // not, and whoever looks on must follow them.
            if (r.in_order && !detail::allows(order.guards[n], detail::octet_of(x.known))) continue;
            for (auto const& m : order.moves[n])
                if (detail::is_answer(m, x.known)) add(detail::settle(m, x, {}));
            if (r.brings.empty() || r.done == never_to<State> || !detail::allows(order.guard_at(x.where, Protocol::brings_by), detail::octet_of(x.known))) continue;
            for (std::uint64_t some = r.brings.bits; some != 0; some = (some - 1) & r.brings.bits)
                add(detail::settle(order.moves[n][static_cast<unsigned>(answer::done)], x, set_of<Fact>::with_bits(some)));
        }
    }
    constexpr walk() noexcept {
        for (std::size_t s = 0; s < table::states; ++s) {
            std::uint8_t* to = rows_at[s];
            for (std::size_t n = 0; n + 1 < table::row_count; ++n)
                if (Protocol::rules.rows[n].from.has(static_cast<State>(s))) *to++ = static_cast<std::uint8_t>(n);
            *to = 0xFF;
        }
        add({});
        for (std::uint64_t some = Protocol::from_outside.bits; some != 0; some = (some - 1) & Protocol::from_outside.bits)
            add(place{State{}, set_of<Fact>::with_bits(some)});
        constexpr std::size_t old = Protocol::proved_rows, all = table::row_count;
        for (std::size_t i = 0; old != 0 && i < count; ++i) go_on(at(i), 0, old);
        if (old != 0) proved = count;
        for (std::size_t i = 0; i < count; ++i) go_on(at(i), i < proved ? old : 0, all);
    }

    using finding = table_finding<State, Event>;
    /// What holds of every table.
    constexpr finding prove() const noexcept {
        if (Protocol::rules.twice)
            return {table_fault::two_rows_for_one_cell, Protocol::rules.twice_in, Protocol::rules.twice_on};
        set_of<State> reached, with, without;
        set_of<Event> used;
        set_of<Fact> held;
        for (std::size_t i = 0; i < count; ++i) {
            place const x = at(i);
            reached |= x.where;
            held |= x.known;
            (x.open == transaction::none ? without : with) |= x.where;
            if (x.open == transaction::none && x.known.has_any(Protocol::of_transaction))
                return {table_fault::a_fact_of_the_transaction_that_outlives_it, x.where, {}, x.known.bits};
            for (std::uint8_t const* n = rows_at[static_cast<std::size_t>(x.where)]; *n != 0xFF; ++n)
                if (auto const& r = Protocol::rules.rows[*n]; !used.has_all(r.on) && detail::allows(order.guards[*n], detail::octet_of(x.known))) used |= r.on;
        }
        for (std::size_t s = 0; s < table::states; ++s) {
            auto const where = static_cast<State>(s);
            if (!reached.has(where)) return {table_fault::a_state_that_cannot_be_reached, where, {}};
            if (with.has(where) && without.has(where)) return {table_fault::a_state_with_and_without_a_transaction, where, {}};
        }
        for (std::size_t e = 0; e < table::events; ++e)
            if (Protocol::spoken.has(static_cast<Event>(e)) && !used.has(static_cast<Event>(e))) return {table_fault::an_event_that_is_never_in_order, {}, static_cast<Event>(e)};
        for (std::size_t f = 0; f < Facts; ++f)
            if (!held.has(static_cast<Fact>(f))) return {table_fault::a_fact_that_never_holds, {}, {}, std::uint64_t{1} << f};
        return prove_end(reached);
    }

  private:
    // The last state is the end. From every other, refusals alone lead to an end.
    constexpr finding prove_end(set_of<State> reached) const noexcept {
        constexpr auto last = static_cast<State>(table::states - 1);
        for (std::size_t e = 0; e < table::events; ++e)
            if (Protocol::rules.has(last, static_cast<Event>(e))) return {table_fault::a_way_out_of_the_end, last, static_cast<Event>(e)};
        set_of<State> ends = Protocol::ends;
        for (bool grew = true; grew;) {
            grew = false;
            for (std::size_t s = 0; s < table::states; ++s) {
                auto const where = static_cast<State>(s);
                if (ends.has(where)) continue;
                for (std::size_t e = 0; e < table::events; ++e) {
                    auto const on = static_cast<Event>(e);
                    auto const& r = Protocol::rules.at(where, on);
                    // An event that some facts bar cannot be relied on.
                    if (Protocol::cuts.has(on) || !r.in_order || !r.needs.empty() || !r.barred.empty()) continue;
                    if (r.refused == stay_in<State> || r.refused == never_to<State> || !ends.has(r.refused)) continue;
                    ends |= where;
                    grew = true;
                }
            }
        }
        for (std::size_t s = 0; s < table::states; ++s)
            if (reached.has(static_cast<State>(s)) && !ends.has(static_cast<State>(s)))
                return {table_fault::a_situation_that_cannot_end_if_all_is_refused, static_cast<State>(s), {}};
        return {};
    }
};

// A type, because Clang 14 names enumerators in the name of a type only: so they stand in the first line of its message.
template <table_fault Fault, auto State, auto Event, std::uint64_t Facts>
struct table_check {
    static constexpr bool is_right = Fault == table_fault::none;
};

/// Instantiated for what was found, fails to compile if that is a fault; the compiler's message names fault, state and event,
/// because they are template arguments.
template <table_fault Fault, auto State, auto Event, std::uint64_t Facts>
constexpr bool table_is_right() noexcept {
    static_assert(table_check<Fault, State, Event, Facts>::is_right, "the transition table is wrong: the arguments of table_is_right<> say what, in which "
                                              "state, on which event and with which facts");
    return true;
}

template <rule_of_order Broken, state In, event On, std::uint64_t Facts>
struct order_check {
    static constexpr bool is_right = Broken == rule_of_order::none;
};

/// Instantiated for a rule and the place where it is broken, fails to compile; the message names them.
template <rule_of_order Broken, state In, event On, std::uint64_t Facts>
constexpr bool order_is_right() noexcept {
    static_assert(order_check<Broken, In, On, Facts>::is_right, "a rule of the RFCs does not hold: the arguments of order_is_right<> say which, in "
                                                 "which state, on which event and with which facts");
    return true;
}

namespace detail {
/// The first rule that does not hold, and where.
struct order_finding {
    rule_of_order broken = rule_of_order::none;
    state where{};
    event what{};
    std::uint64_t known = 0;
};
/// What is wrong, as far as one event of `every` is asked about, from `first` on: Clang allows a constant expression 1,048,576 steps.
/// The first rule that does not hold says most: the last ones say of all events what those before say of some.
template <class Protocol>
constexpr order_finding find_order_fault(walk<Protocol, fact_count> const& all, std::size_t first = 0, std::size_t every = 1) noexcept {
    order_finding found;
    std::size_t left = order_rules::count;   // only what comes before what was found says more
    for (std::size_t n = first; n < event_count; n += every) {
        auto const on = static_cast<event>(n);
        if (!Protocol::spoken.has(on)) continue;
        std::uint8_t asked[order_rules::count] = {};
        std::size_t count = 0;
        for (std::size_t r = 0; r < left; ++r)
            if (order_rules::all[r].of.has(on)) asked[count++] = static_cast<std::uint8_t>(r);
        // What is proved is true of the standard events wherever they led to one another.
        for (std::size_t i = order_rules::standard.has(on) ? all.proved : 0; i < all.count; ++i) {
            auto const x = all.at(i);
            outcomes const in = look<Protocol>(x, on);
            for (std::size_t r = 0; r < count; ++r) {
                if (order_rules::all[asked[r]].holds(in)) continue;
                count = r;   // no rule after it is asked
                left = asked[r];
                found = {order_rules::all[left].broken, x.where, on, x.known.bits};
            }
        }
    }
    return found;
}

template <class Protocol>
inline constexpr walk<Protocol, fact_count> walk_of{};

template <class Protocol>
inline constexpr auto finding_of = walk_of<Protocol>.prove();
template <class Protocol, std::size_t Part, std::size_t Parts>
inline constexpr order_finding part_of_order = find_order_fault<Protocol>(walk_of<Protocol>, Part, Parts);

template <class Protocol, std::size_t... Part>
constexpr order_finding order_fault_of(std::index_sequence<Part...>) noexcept {
    order_finding first;
    for (order_finding const& f : {part_of_order<Protocol, Part, sizeof...(Part)>...})
        if (f.broken != rule_of_order::none && (first.broken == rule_of_order::none || f.broken < first.broken)) first = f;
    return first;
}
template <class Protocol>
constexpr std::size_t parts_of_proof() noexcept {
    auto const& all = walk_of<Protocol>;
    std::size_t const standard = event_count - own_event_count;
    return 1 + (standard * (all.count - all.proved) + own_event_count * all.count) / 2000;
}
template <class Protocol>
inline constexpr order_finding order_fault = order_fault_of<Protocol>(std::make_index_sequence<parts_of_proof<Protocol>()>());
}  // namespace detail

/// Instantiated, proves a protocol, or does not compile.
template <class Protocol>
consteval bool prove() {
    constexpr auto const& found = detail::finding_of<Protocol>;
    if constexpr (found.fault != table_fault::none) {
        return table_is_right<found.fault, found.where, found.on, found.facts>();
    } else {
        constexpr auto const& order = detail::order_fault<Protocol>;
        if constexpr (order.broken != rule_of_order::none) return order_is_right<order.broken, order.where, order.what, order.known>();
        else return true;
    }
}

}  // namespace ehlo
