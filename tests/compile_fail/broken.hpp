// SMTP with a change in its table that must not be proved.
#pragma once

#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::event, ehlo::fact, ehlo::state;

struct changed_rows {
    ehlo::detail::session_row rows[ehlo::detail::session_row_count] = {};
    template <class Change>
    consteval explicit changed_rows(Change change) {
        for (std::size_t i = 0; i < ehlo::detail::session_row_count; ++i) rows[i] = ehlo::detail::session_rows::rows[i];
#ifndef EHLO_MUST_COMPILE
        change(*this);
#else
        static_cast<void>(change);
#endif
    }
    constexpr ehlo::detail::session_row& row(state in, event on) {
        for (auto& r : rows)
            if (r.from.has(in) && r.on.has(on)) return r;
        throw "no such row";
    }
};
inline constexpr state stay = ehlo::stay_in<state>, never = ehlo::never_to<state>;

template <auto Change>
struct broken : ehlo::smtp_protocol {
    static constexpr changed_rows all{Change};
    static constexpr ehlo::transition_table<state, event, fact, ehlo::state_count, ehlo::event_count, ehlo::detail::session_row_count> rules{all.rows};
};

// Without its change each of these tables is the one of SMTP: order_mail.cpp proves that, which takes seconds, for all of them.
#if defined(EHLO_MUST_COMPILE) && !defined(UNCHANGED_IS_PROVED)
namespace ehlo::inline v0::inline EHLO_TARGET {
template <class Protocol>
    requires(sizeof(Protocol::all.rows) == sizeof(detail::session_rows::rows))
consteval bool prove() {
    return true;
}
}  // namespace ehlo
#endif
