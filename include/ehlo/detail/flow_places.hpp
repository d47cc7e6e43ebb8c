// Where a session can be, as types: what the typestate client (flow.hpp) knows of the table at compile time.
#pragma once

#include <ehlo/client.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::flow {

/// Where a session can be: a state, and what is known there of the facts that decide on order.
template <state In, fact... Known>
struct place {
    static constexpr state where = In;
    static constexpr fact_set known = (fact_set{} | ... | fact_set(Known));
};

namespace detail {

template <class Client>
struct protocol_of_client;
template <class... Own>
struct protocol_of_client<client_with<Own...>> {
    using type = protocol_with<Own...>;
};
template <class Client>
using protocol_of = typename protocol_of_client<Client>::type;

/// The facts that some row needs or bars, or without which a 3yz is no answer. The others make no difference to what may be said.
template <class Client>
inline constexpr fact_set guards = [] {
    fact_set all;
    for (auto const& r : protocol_of<Client>::rules.rows) all |= r.needs | r.barred | r.asked;
    return all;
}();

template <class Client, class Where, event On>
concept in_order = !ehlo::detail::find_disorder(protocol_of<Client>::rules.at(Where::where, On), Where::known);

/// A place as a value.
struct spot {
    state where{};
    fact_set known{};
    constexpr bool operator==(spot const&) const = default;
};

/// Places in order of their numbers, each once: equal sets are equal types.
struct place_set {
    spot at[64]{};
    std::size_t count = 0;

    static constexpr std::uint64_t number(spot const& p) noexcept { return static_cast<std::uint64_t>(p.where) << 32 | p.known.bits; }
    constexpr void add(spot const& p) noexcept {
        std::size_t n = count;
        while (n != 0 && number(at[n - 1]) > number(p)) --n;
        if (n != 0 && at[n - 1] == p) return;
        for (std::size_t i = count++; i > n; --i) at[i] = at[i - 1];
        at[n] = p;
    }
    constexpr void add(place_set const& other) noexcept {
        for (std::size_t i = 0; i < other.count; ++i) add(other.at[i]);
    }
    constexpr bool has(place_set const& other) const noexcept {
        place_set both = *this;
        both.add(other);
        return both.count == count;
    }
};
template <class... Where>
constexpr place_set make_places() noexcept {
    place_set all;
    (all.add(spot{Where::where, Where::known}), ...);
    return all;
}

/// Where an answer leads from any of these places. Of what is out of order there the client knows nothing but what the table
/// says of those who answer it all the same.
template <class Client>
constexpr place_set after(place_set const& from, event on, answer a, fact_set brought = {}) {
    place_set to;
    for (std::size_t i = 0; i < from.count; ++i) {
        auto const& r = protocol_of<Client>::rules.at(from.at[i].where, on);
        if (ehlo::detail::target_of(r, a, from.at[i].known) == ehlo::detail::session_rows::never) continue;
        if (a == answer::more && ehlo::detail::ends_message(on)) continue;   // PRDR: the last of the replies leads on
        situation<state, fact> const before{from.at[i].where, from.at[i].known, transaction::one};
        auto const now = ehlo::detail::settle(r, before, a, brought, protocol_of<Client>::of_transaction);
        fact_set const kept = in_transaction(now.where) ? now.known : now.known - protocol_of<Client>::of_transaction;
        to.add(spot{now.where, kept & guards<Client>});
    }
    return to;
}
/// Where all answers lead.
template <class Client>
constexpr place_set after_any(place_set const& from, event on, fact_set brought = {}) {
    place_set to = after<Client>(from, on, answer::done, brought);
    to.add(after<Client>(from, on, answer::more));
    to.add(after<Client>(from, on, answer::refused));
    return to;
}
/// The answer that one hopes for: to DATA there is no other than 354.
template <class Client>
constexpr place_set after_success(place_set const& from, event on, fact_set brought = {}) {
    place_set const to = after<Client>(from, on, answer::done, brought);
    return to.count != 0 ? to : after<Client>(from, on, answer::more);
}
/// All places that can be reached by nothing but this event.
template <class Client>
constexpr place_set closure(place_set from, event on) {
    for (std::size_t before = 0; before != from.count;) {
        before = from.count;
        from.add(after_any<Client>(from, on));
    }
    return from;
}
// The same as types, since GCC 12 does not survive an alias template with a set as its argument.
template <class Client, class From, event On, answer A>
struct answered_places {
    static constexpr place_set all = after<Client>(From::all, On, A);
};
template <class Client, class From, event On, fact_set Brings = fact_set{}>
struct hoped_places {
    static constexpr place_set all = after_success<Client>(From::all, On, Brings);
};
template <class Client, class From, event On, fact_set Brings = fact_set{}>
struct possible_places {
    static constexpr place_set all = after_any<Client>(From::all, On, Brings);
};
template <class Client, class From, event On>
struct closed_places {
    static constexpr place_set all = closure<Client>(From::all, On);
};
template <class From, state S>
struct places_of_state {
    static constexpr place_set all = [] {
        place_set some;
        for (std::size_t i = 0; i < From::all.count; ++i)
            if (From::all.at[i].where == S) some.add(From::all.at[i]);
        return some;
    }();
};

// As types that name state and facts, so that a compiler's message does.
template <state In, std::uint64_t Known, fact... Named>
constexpr auto name_facts() noexcept {
    if constexpr (Known == 0) return place<In, Named...>{};
    else {
        constexpr unsigned next = [] {
            unsigned n = 0;
            while ((Known >> n & 1) == 0) ++n;
            return n;
        }();
        return name_facts<In, (Known & (Known - 1)), Named..., static_cast<fact>(next)>();
    }
}
template <class Client, state In, std::uint64_t Known>
using place_of = decltype(name_facts<In, (Known & guards<Client>.bits)>());

template <template <class, class...> class To, class Client, class Set, class = std::make_index_sequence<Set::all.count>>
struct explode;
template <template <class, class...> class To, class Client, class Set, std::size_t... I>
struct explode<To, Client, Set, std::index_sequence<I...>> {
    using type = To<Client, decltype(name_facts<Set::all.at[I].where, Set::all.at[I].known.bits>())...>;
};

}  // namespace detail

}  // namespace ehlo::flow
