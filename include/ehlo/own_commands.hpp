// Commands of the user's own: under the same table, the same proof and the same typestate as those of the RFCs.
//
//   struct queue_id { std::string_view text; };
//   struct xqueue {
//       using type = queue_id;                                               // what handler.on() is given
//       static constexpr std::string_view verb = "XQUEUE";                   // in capitals
//       static constexpr std::string_view keyword = "XQUEUE";                // its line in the EHLO answer; empty: none
//       static constexpr ehlo::own_order order{.from = ehlo::state::ready | ehlo::state::mail};   // otherwise as NOOP
//       static constexpr ehlo::result<queue_id> parse(std::string_view arguments, ehlo::syntax const&) noexcept;
//       static constexpr void write(ehlo::writer& out, queue_id const& q) noexcept;               // what stands after "XQUEUE "
//   };
//   ehlo::server_with<xqueue> s(...);   ehlo::client_with<xqueue> c;   c.send<xqueue>(out, {"a"});   ehlo::relay_with<xqueue> r(...);
//
// Neither function may throw. tests/examples/order_table.hpp prints the order with these commands in it.
#pragma once

#include <ehlo/proof.hpp>
#include <ehlo/syntax.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The row of a command: where it may come, and where its answers lead. The default moves nothing, and is in order wherever
/// NOOP is.
/// `more`: where a 3yz leads: nowhere else (stay_in<state>), or to a state that reads commands.
struct own_order {
    state_set from = detail::session_rows::commands;
    state done = stay_in<state>, more = never_to<state>, refused = stay_in<state>;
    effect does = effect::none;
    fact_set needs{}, barred{}, sets{}, clears{};
    errc otherwise = errc::bad_sequence;
};

namespace detail {
// Of what it has: a table alone needs neither.
template <class One>
consteval bool reads_without_throwing() {
    bool safe = true;
    if constexpr (requires(std::string_view text, syntax const& s) { One::parse(text, s); }) safe = noexcept(One::parse(std::string_view(), strict_syntax));
    if constexpr (requires { One::write(std::declval<writer&>(), std::declval<typename One::type const&>()); })
        safe = safe && noexcept(One::write(std::declval<writer&>(), std::declval<typename One::type const&>()));
    return safe;
}

template <class... Own>
struct own_rows {
    static_assert(sizeof...(Own) <= own_event_count, "eight commands of one's own at most");
    session_row rows[session_row_count + sizeof...(Own)] = {};
    consteval own_rows() {
        std::size_t n = 0;
        for (session_row const& r : session_rows::rows) rows[n++] = r;
        (add<Own>(n), ...);
    }

  private:
    template <class One>
    consteval void add(std::size_t& n) {
        static_assert(reads_without_throwing<One>(), "parse and write of a command of one's own may not throw: declare them noexcept");
        own_order const& o = One::order;
        auto const on = static_cast<event>(static_cast<std::size_t>(event::own0) + n - session_row_count);
        rows[n++] = session_row{o.from, on, o.done, o.more, o.refused, o.does, o.needs, o.barred, o.sets, o.clears, {}, {}, o.otherwise};
    }
};
}  // namespace detail

/// SMTP with commands of the user's own.
template <class... Own>
struct protocol_with : smtp_protocol {
    static constexpr detail::own_rows<Own...> all{};
    static constexpr transition_table<state, event, fact, state_count, event_count, detail::session_row_count + sizeof...(Own)> rules{all.rows};
    static constexpr event_set spoken = event_set::first(event_count - own_event_count + sizeof...(Own));
    static constexpr std::size_t proved_rows = detail::session_row_count;   // by the tests of the library

    /// The event of one of these commands.
    template <class One>
    static constexpr event event_of = [] {
        std::size_t n = 0;
        bool found = false;
        ((found = found || std::is_same_v<One, Own>, n += found ? 0 : 1), ...);
        return static_cast<event>(static_cast<std::size_t>(event::own0) + n);
    }();
    /// The name of an event: for one of these commands its verb.
    static constexpr std::string_view name(event e) noexcept {
        std::string_view found = v0::name(e);
        ((e == event_of<Own> ? void(found = Own::verb) : void()), ...);
        return found;
    }
};
/// The protocol as it is in the RFCs needs no second copy.
template <>
struct protocol_with<> : smtp_protocol {
    template <class One>
    static constexpr event event_of = event::own0;
    static constexpr std::string_view name(event e) noexcept { return v0::name(e); }
};

namespace detail {
/// True if the protocol is proved: with commands of the user's own it is proved wherever they are used.
template <class... Own>
consteval bool proved() {
    if constexpr (sizeof...(Own) == 0) return true;   // by the tests of the library
    else return prove<protocol_with<Own...>>();
}
}  // namespace detail

}  // namespace ehlo
