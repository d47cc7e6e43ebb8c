// What the compiler proves of a protocol: of every situation that can be reached, under every event and every class of answer.
// It takes 3.6 s (GCC 12) or 7 s (Clang 14): so the tests prove the standard protocol, and own_commands.hpp any protocol with
// commands of the user's own, wherever one is used.
#pragma once

#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>

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
    // All events of a row lead the same way: it is walked once for them.
    constexpr walk() noexcept {
        add({});
        for (std::uint64_t some = Protocol::from_outside.bits; some != 0; some = (some - 1) & Protocol::from_outside.bits)
            add(place{State{}, set_of<Fact>::with_bits(some)});
        for (std::size_t i = 0; i < count; ++i) {
            place const x = at(i);
            for (std::size_t n = 0; n < table::row_count; ++n) {
                auto const& r = Protocol::rules.rows[n];
                // Out of order there is only a refusal, if one decides by the table; a row that is not in order is for those who do
                // not, and whoever looks on must follow them.
                if (!r.from.has(x.where) || (r.in_order && detail::find_disorder(order.guards[n], x.known))) continue;
                for (auto const& m : order.moves[n])
                    if (detail::is_answer(m, x.known)) add(detail::settle(m, x, {}));
                if (r.brings.empty() || r.done == never_to<State> || detail::find_disorder(order.guard_at(x.where, Protocol::brings_by), x.known)) continue;
                for (std::uint64_t some = r.brings.bits; some != 0; some = (some - 1) & r.brings.bits)
                    add(detail::settle(order.moves[n][static_cast<unsigned>(answer::done)], x, set_of<Fact>::with_bits(some)));
            }
        }
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
            for (std::size_t n = 0; n < table::row_count; ++n)
                if (auto const& r = Protocol::rules.rows[n]; r.from.has(x.where) && !used.has_all(r.on) && !detail::find_disorder(order.guards[n], x.known))
                    used |= r.on;
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

/// What the RFCs say of the order of commands.
enum class rule_of_order : std::uint8_t {
    none,
    rfc5321_3_1_a_greeting_opens_the_session_or_refuses_it,
    rfc5321_3_2_EHLO_opens_extensions_and_HELO_closes_them,
    rfc5321_3_3_MAIL_RCPT_DATA_lead_to_one_another,
    rfc5321_3_3_DATA_needs_an_accepted_recipient,
    rfc5321_4_3_2_classes_of_replies,
    rfc5321_3_3_RCPT_needs_an_open_transaction,
    rfc5321_4_1_4_MAIL_needs_EHLO_or_HELO_and_no_transaction,
    rfc5321_4_1_4_an_accepted_RSET_leaves_no_transaction,
    rfc5321_4_1_4_a_refused_command_changes_nothing,
    rfc5321_4_1_4_RSET_NOOP_VRFY_EXPN_HELP_in_any_order,
    rfc5321_4_1_1_NOOP_VRFY_EXPN_HELP_change_nothing,
    rfc5321_4_1_1_4_the_end_of_content_ends_the_transaction,
    prdr_353_decides_nothing,
    rfc5321_4_1_1_10_QUIT_wherever_commands_are_heard,
    rfc5321_4_1_1_11_parameters_only_after_EHLO,
    rfc5321_3_1_nothing_but_QUIT_after_a_refused_greeting,
    rfc5321_3_8_a_lost_connection_leaves_no_transaction,
    rfc5321_6_1_only_a_transaction_with_a_recipient_is_delivered,
    what_is_no_command_is_not_read_as_one,
    rfc2920_3_1_a_server_that_says_354_reads_content,
    rfc3030_2_chunks_lead_to_one_another_and_a_refused_one_spoils,
    rfc3030_2_no_DATA_after_a_chunk,
    rfc3030_2_a_spoilt_transaction_takes_nothing,
    rfc3030_3_no_DATA_for_a_binary_message,
    rfc3207_4_STARTTLS_once_after_EHLO_and_not_in_a_transaction,
    rfc3207_4_2_nothing_learnt_before_TLS_survives_it,
    rfc3207_TLS_ends_with_the_session,
    rfc4954_4_AUTH_once_after_EHLO_and_not_in_a_transaction,
    rfc4954_4_only_AUTH_authenticates,
    rfc4954_4_an_exchange_ends_where_it_began,
    xclient_begins_anew,
    rfc2645_5_accepted_TURN_and_ATRN_change_the_roles,
    each_event_where_the_RFCs_have_it_and_nowhere_else,
    what_is_out_of_order_moves_nothing,
    facts_change_by_what_the_RFCs_say_and_by_nothing_else,
};

inline constexpr std::size_t rule_of_order_count = static_cast<std::size_t>(rule_of_order::facts_change_by_what_the_RFCs_say_and_by_nothing_else);   // but for `none`

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
template <class Protocol>
struct order_proof {
    using place = typename walk<Protocol, fact_count>::place;
    walk<Protocol, fact_count> const& all;
    // One at a time, and of half of the events: Clang allows a constant expression 1,048,576 steps.
    rule_of_order asked;
    std::size_t first, step;
    rule_of_order broken = rule_of_order::none;
    state where{};
    event what{};
    std::uint64_t known = 0;

    static constexpr auto const& order = order_of<Protocol>;
    static constexpr bool in_order(place const& x, event e) { return !find_disorder(order.guard_at(x.where, e), x.known); }
    static constexpr place after(place const& x, event e, answer a) { return settle(order.move_at(x.where, e, a), x, fact_set{}); }
    // Notes the first situation that can be reached in which an event breaks the rule.
    template <class Holds>
    constexpr void rule(rule_of_order which, event_set of, Holds holds) {
        if (which != asked || broken != rule_of_order::none) return;
        for (std::size_t n = first; n < event_count; n += step) {
            auto const happens = static_cast<event>(n);
            for (std::size_t i = 0; of.has(happens) && i < all.count; ++i) {
                if (holds(all.at(i), happens)) continue;
                broken = which;
                where = all.at(i).where;
                what = happens;
                known = all.at(i).known.bits;
                return;
            }
        }
    }

    using e = event;
    using s = state;
    static constexpr state_set commands = session_rows::commands | s::refused, open = s::mail | s::rcpt | s::content | s::chunk | s::chunks;
    static constexpr state_set no_commands = s::content | s::chunk | s::exchange | s::handshake | s::connected | s::turned | s::closed;
    static constexpr event_set spoken = Protocol::spoken;
    static constexpr event_set aside = e::noop | e::vrfy | e::expn | e::help | e::verbose | e::onex, cuts = Protocol::cuts;
    static constexpr event_set no_commands_events = e::greeting | e::content_end | e::chunk_end | e::last_chunk_end | e::response | e::secured | cuts;
    static constexpr event_set all_commands = spoken - no_commands_events - e::parameter;
    static constexpr event_set standard = event_set::first(event_count - own_event_count);

    // Where each event is in order, as the RFCs have it.
    static constexpr bool should_be_in_order(place const& x, event on) {
        bool const extended = x.known.has(fact::extended);
        switch (on) {
        case e::greeting: return x.where == s::connected;
        case e::mail:
        case e::turn: return x.where == s::ready;
        case e::rcpt: return x.where == s::mail || x.where == s::rcpt;
        case e::data: return x.where == s::rcpt && !x.known.has(fact::binary);
        case e::content_end: return x.where == s::content;
        case e::quit: return commands.has(x.where);
        case e::starttls: return x.where == s::ready && extended && !x.known.has(fact::tls);
        case e::secured: return x.where == s::handshake;
        case e::auth: return x.where == s::ready && extended && !x.known.has(fact::authenticated);
        case e::response: return x.where == s::exchange;
        case e::bdat:
        case e::burl:
        case e::last_burl: return (x.where == s::rcpt || x.where == s::chunks) && extended;
        case e::chunk_end:
        case e::last_chunk_end: return x.where == s::chunk;
        case e::etrn:
        case e::xforward:
        case e::xclient: return x.where == s::ready && extended;
        case e::atrn: return x.where == s::ready && x.known.has(fact::authenticated);
        case e::parameter: return session_rows::commands.has(x.where) && extended;
        case e::shutdown:
        case e::lost: return x.where != s::closed;
        case e::tls_lost: return x.where != s::closed && x.known.has(fact::tls);
        default: return session_rows::commands.has(x.where);   // EHLO, HELO, RSET, NOOP ...
        }
    }
    // What an accepted event teaches, and what is forgotten by it.
    static constexpr fact_set learnt(event on) {
        return on == e::hello ? fact_set(fact::extended) : on == e::secured ? fact_set(fact::tls)
               : on == e::auth || on == e::response ? fact_set(fact::authenticated) : fact_set();
    }
    static constexpr fact_set forgotten(event on) {
        return on == e::helo ? fact_set(fact::extended) : on == e::secured || on == e::xclient ? fact::extended | fact::authenticated : fact_set();
    }

    constexpr order_proof(walk<Protocol, fact_count> const& w, rule_of_order r, std::size_t from = 0, std::size_t every = 1) noexcept
        : all(w), asked(r), first(from), step(every) {
        using enum rule_of_order;
        rule(rfc5321_4_3_2_classes_of_replies, standard - cuts, [](place x, event on) {
            auto fits = [&](answer a) { return is_answer(order.move_at(x.where, on, a), x.known); };
            constexpr event_set ends = e::content_end | e::last_chunk_end;
            bool const asks = (e::data | e::auth | e::response).has(on) || (ends.has(on) && x.known.has(fact::prdr));   // 354, 334, 353
            return !in_order(x, on) || (fits(answer::refused) && fits(answer::more) == asks && fits(answer::done) == (on != e::data));
        });
        // A command of the user's own may ask for more. What follows is a command all the same: nothing else reads lines.
        rule(rfc5321_4_3_2_classes_of_replies, spoken - standard, [](place x, event on) {
            auto const& row = Protocol::rules.at(x.where, on);
            bool const asks = row.more != session_rows::never;
            bool const reads_commands = !asks || row.more == session_rows::stay || session_rows::commands.has(row.more);
            return !in_order(x, on) || (row.refused != session_rows::never && reads_commands && (asks || row.done != session_rows::never));
        });
        rule(rfc5321_3_1_a_greeting_opens_the_session_or_refuses_it, e::greeting, [](place x, event on) {
            return !in_order(x, on) || (after(x, on, answer::done).where == s::greeted && after(x, on, answer::refused).where == s::refused);
        });
        rule(rfc5321_3_2_EHLO_opens_extensions_and_HELO_closes_them, e::hello | e::helo, [](place x, event on) {
            fact_set const kept = x.known - Protocol::of_transaction - fact::extended;
            return !in_order(x, on) || after(x, on, answer::done) == place{s::ready, on == e::hello ? kept | fact::extended : kept, transaction::none};
        });
        rule(rfc5321_3_3_MAIL_RCPT_DATA_lead_to_one_another, e::mail | e::rcpt | e::data, [](place x, event on) {
            place const next = after(x, on, on == e::data ? answer::more : answer::done);
            place want{on == e::mail ? s::mail : on == e::rcpt ? s::rcpt : s::content, x.known, x.open};
            if (on == e::mail) want.open = transaction::empty;
            if (on == e::rcpt) want.open = x.open == transaction::empty ? transaction::one : transaction::many;
            return !in_order(x, on) || next == want;
        });
        rule(rfc5321_3_3_DATA_needs_an_accepted_recipient, e::data | e::bdat | e::burl | e::last_burl,
             [](place x, event on) { return !in_order(x, on) || (x.open >= transaction::one); });
        rule(rfc5321_3_3_RCPT_needs_an_open_transaction, e::rcpt, [](place x, event on) { return !in_order(x, on) || x.open != transaction::none; });
        rule(rfc5321_4_1_4_MAIL_needs_EHLO_or_HELO_and_no_transaction, e::mail,
             [](place x, event on) { return !in_order(x, on) || (x.where == s::ready && x.open == transaction::none); });
        rule(rfc5321_4_1_4_an_accepted_RSET_leaves_no_transaction, e::rset, [](place x, event on) {
            place const kept{x.where == s::greeted ? s::greeted : s::ready, x.known - Protocol::of_transaction, transaction::none};
            return !in_order(x, on) || after(x, on, answer::done) == kept;
        });
        rule(rfc5321_4_1_4_a_refused_command_changes_nothing, all_commands - e::quit - e::bdat - e::burl - e::last_burl - e::data,
             [](place x, event on) { return after(x, on, answer::refused) == x; });
        rule(rfc5321_4_1_4_a_refused_command_changes_nothing, e::data,   // but for a chunk that went before: RFC 3030 2
             [](place x, event on) { return x.where == s::chunks || after(x, on, answer::refused) == x; });
        rule(rfc5321_4_1_4_RSET_NOOP_VRFY_EXPN_HELP_in_any_order, aside | e::rset,
             [](place x, event on) { return in_order(x, on) == session_rows::commands.has(x.where); });
        rule(rfc5321_4_1_1_NOOP_VRFY_EXPN_HELP_change_nothing, aside | e::etrn | e::xforward | e::parameter,
             [](place x, event on) { return after(x, on, answer::done) == x && after(x, on, answer::refused) == x; });
        rule(rfc5321_4_1_1_4_the_end_of_content_ends_the_transaction, e::content_end | e::last_chunk_end | e::last_burl, [](place x, event on) {
            place const kept{s::ready, x.known - Protocol::of_transaction, transaction::none};
            return !in_order(x, on) || (after(x, on, answer::done) == kept && after(x, on, answer::refused) == kept);
        });
        rule(rfc5321_4_1_1_4_the_end_of_content_ends_the_transaction, standard, [](place x, event on) {
            constexpr event_set delivering = e::content_end | e::last_chunk_end | e::last_burl;
            return (Protocol::rules.at(x.where, on).does == effect::delivers) == (delivering.has(on) && Protocol::rules.has(x.where, on));
        });
        rule(prdr_353_decides_nothing, e::content_end | e::last_chunk_end,
             [](place x, event on) { return !in_order(x, on) || after(x, on, answer::more) == x; });
        rule(rfc5321_4_1_1_10_QUIT_wherever_commands_are_heard, e::quit, [](place x, event on) {
            place const end{s::closed, x.known - Protocol::of_transaction, transaction::none};
            return in_order(x, on) == commands.has(x.where) &&
                   (!in_order(x, on) || (after(x, on, answer::done) == end && after(x, on, answer::refused) == end));
        });
        rule(rfc5321_4_1_1_11_parameters_only_after_EHLO, e::parameter,
             [](place x, event on) { return !in_order(x, on) || x.known.has(fact::extended); });
        rule(rfc5321_3_1_nothing_but_QUIT_after_a_refused_greeting, all_commands - e::quit,
             [](place x, event on) { return x.where != s::refused || (!in_order(x, on) && after(x, on, answer::refused) == x); });
        rule(rfc5321_3_8_a_lost_connection_leaves_no_transaction, e::lost | e::shutdown | e::tls_lost, [](place x, event on) {
            place const end{s::closed, x.known - Protocol::of_transaction, transaction::none};
            return !should_be_in_order(x, on) || (after(x, on, answer::done) == end && after(x, on, answer::more) == end &&
                                                  after(x, on, answer::refused) == end);
        });
        // A transaction is open in the states that say so, and in no others: a label and a transaction always agree.
        rule(rfc5321_6_1_only_a_transaction_with_a_recipient_is_delivered, e::noop,
             [](place x, event) { return open.has(x.where) == (x.open != transaction::none); });
        rule(rfc5321_6_1_only_a_transaction_with_a_recipient_is_delivered, spoken, [](place x, event on) {
            // (Content that a server takes though it refused every recipient is delivered to nobody: RFC 2920 3.1.)
            bool const delivers = Protocol::rules.at(x.where, on).does == effect::delivers;
            return !delivers || !in_order(x, on) || x.open >= transaction::one || x.where == s::content;
        });
        rule(what_is_no_command_is_not_read_as_one, all_commands, [](place x, event on) { return !no_commands.has(x.where) || !in_order(x, on); });
        rule(rfc2920_3_1_a_server_that_says_354_reads_content, e::data, [](place x, event on) {
            transaction const begun = x.open == transaction::none ? transaction::empty : x.open;
            return (x.where != s::mail && x.where != s::ready) ||
                   (!in_order(x, on) && after(x, on, answer::more) == place{s::content, x.known, begun});
        });
        rule(rfc3030_2_chunks_lead_to_one_another_and_a_refused_one_spoils, e::bdat | e::chunk_end | e::burl, [](place x, event on) {
            place const spoilt{s::spoilt, x.known - Protocol::of_transaction, transaction::none};
            return !in_order(x, on) || (after(x, on, answer::done) == place{on == e::bdat ? s::chunk : s::chunks, x.known, x.open} &&
                                        after(x, on, answer::refused) == spoilt);
        });
        rule(rfc3030_2_no_DATA_after_a_chunk, e::data, [](place x, event on) { return x.where != s::chunks || !in_order(x, on); });
        rule(rfc3030_2_a_spoilt_transaction_takes_nothing, e::mail | e::rcpt | e::data | e::bdat | e::burl | e::last_burl | e::auth | e::starttls,
             [](place x, event on) { return x.where != s::spoilt || (!in_order(x, on) && x.open == transaction::none); });
        rule(rfc3030_3_no_DATA_for_a_binary_message, e::data, [](place x, event on) { return !x.known.has(fact::binary) || !in_order(x, on); });
        rule(rfc3207_4_STARTTLS_once_after_EHLO_and_not_in_a_transaction, e::starttls, [](place x, event on) {
            return !in_order(x, on) || (x.open == transaction::none && x.known.has(fact::extended) && !x.known.has(fact::tls) &&
                                        after(x, on, answer::done) == place{s::handshake, x.known, x.open});
        });
        rule(rfc3207_4_STARTTLS_once_after_EHLO_and_not_in_a_transaction, e::secured,
             [](place x, event on) { return !in_order(x, on) || after(x, on, answer::refused) == place{s::closed, x.known, transaction::none}; });
        rule(rfc3207_4_2_nothing_learnt_before_TLS_survives_it, e::secured, [](place x, event on) {
            return !in_order(x, on) || after(x, on, answer::done) == place{s::greeted, fact::tls, transaction::none};
        });
        rule(rfc3207_TLS_ends_with_the_session, e::tls_lost,
             [](place x, event on) { return !x.known.has(fact::tls) || x.where == s::closed || after(x, on, answer::refused).where == s::closed; });
        rule(rfc3207_TLS_ends_with_the_session, spoken, [](place x, event on) {
            return !x.known.has(fact::tls) || (after(x, on, answer::done).known.has(fact::tls) && after(x, on, answer::refused).known.has(fact::tls));
        });
        rule(rfc4954_4_AUTH_once_after_EHLO_and_not_in_a_transaction, e::auth, [](place x, event on) {
            return !in_order(x, on) || (x.open == transaction::none && x.known.has(fact::extended) && !x.known.has(fact::authenticated));
        });
        rule(rfc4954_4_an_exchange_ends_where_it_began, e::auth | e::response, [](place x, event on) {
            place const ready{s::ready, x.known, transaction::none};
            return !in_order(x, on) || (after(x, on, answer::done) == place{s::ready, x.known | fact::authenticated, transaction::none} &&
                                        after(x, on, answer::more) == place{s::exchange, x.known, transaction::none} &&
                                        after(x, on, answer::refused) == ready);
        });
        rule(xclient_begins_anew, e::xclient, [](place x, event on) {
            return !in_order(x, on) || after(x, on, answer::done) == place{s::greeted, x.known - fact::extended - fact::authenticated, transaction::none};
        });
        rule(rfc4954_4_only_AUTH_authenticates, spoken - e::auth - e::response, [](place x, event on) {
            return x.known.has(fact::authenticated) || !(after(x, on, answer::done).known | after(x, on, answer::more).known).has(fact::authenticated);
        });
        rule(rfc2645_5_accepted_TURN_and_ATRN_change_the_roles, e::turn | e::atrn, [](place x, event on) {
            return !in_order(x, on) || after(x, on, answer::done) == place{s::turned, x.known, transaction::none};
        });
        // And for what no rule above has a word about: nothing else is in order, nothing else moves, nothing else is learnt.
        rule(each_event_where_the_RFCs_have_it_and_nowhere_else, standard, [](place x, event on) {
            // Even if the facts that are asked for never hold there: a row says what it means.
            fact_set best = fact::extended | fact::tls;
            best = on == e::starttls ? best - fact::tls : on == e::auth ? best : best | fact::authenticated;
            bool const has_row = Protocol::rules.has(x.where, on) && Protocol::rules.at(x.where, on).in_order;
            return in_order(x, on) == should_be_in_order(x, on) && has_row == should_be_in_order({x.where, best, x.open}, on);
        });
        rule(what_is_out_of_order_moves_nothing, standard - cuts, [](place x, event on) {
            // But for what decides over octets that come all the same: RFC 2920 3.1, RFC 3030 2.
            bool const reads = on == e::data && (x.where == s::mail || x.where == s::ready || x.where == s::rcpt);
            bool const spoils = (on == e::bdat && x.where == s::mail) || (on == e::data && x.where == s::chunks) ||
                                (x.where == s::rcpt && (on == e::bdat || on == e::burl || on == e::last_burl));
            place const spoilt{on == e::last_burl ? s::ready : s::spoilt, x.known - Protocol::of_transaction, transaction::none};
            if (in_order(x, on)) return true;
            auto const& row = Protocol::rules.at(x.where, on);
            bool const right = row.refused != session_rows::never && after(x, on, answer::refused) == (spoils ? spoilt : x);
            // Where a fact is to blame, one who says yes all the same is followed. By none but him.
            if (row.in_order || !Protocol::rules.has(x.where, on)) return right;
            return right && (reads || spoils) && row.done == session_rows::never && row.more == (reads ? s::content : session_rows::never);
        });
        rule(facts_change_by_what_the_RFCs_say_and_by_nothing_else, standard, [](place x, event on) {
            auto const& row = Protocol::rules.at(x.where, on);
            constexpr event_set ends = e::content_end | e::last_chunk_end;
            bool const only_prdr = row.asked == (ends.has(on) ? fact_set(fact::prdr) : fact_set());
            return !Protocol::rules.has(x.where, on) || (only_prdr && row.sets == learnt(on) && row.clears == forgotten(on) &&
                                                         row.brings == (on == e::mail ? Protocol::of_transaction : fact_set()));
        });
    }
};
}  // namespace detail

namespace detail {
template <class Protocol>
inline constexpr walk<Protocol, fact_count> walk_of{};

template <class Protocol>
inline constexpr auto finding_of = walk_of<Protocol>.prove();
template <class Protocol, rule_of_order Rule, std::size_t Half>
inline constexpr order_proof<Protocol> proof_of{walk_of<Protocol>, Rule, Half, 2};

// Up to the first rule that does not hold, which says most: the last ones say of all events what those before say of some.
template <class Protocol, std::size_t Rule, std::size_t Half = 0>
consteval bool prove_rules() {
    constexpr auto const& proof = proof_of<Protocol, static_cast<rule_of_order>(Rule), Half>;
    if constexpr (proof.broken != rule_of_order::none) return order_is_right<proof.broken, proof.where, proof.what, proof.known>();
    else if constexpr (Half == 0) return prove_rules<Protocol, Rule, 1>();
    else if constexpr (Rule != rule_of_order_count) return prove_rules<Protocol, Rule + 1>();
    else return true;
}
}  // namespace detail

/// Instantiated, proves a protocol, or does not compile.
template <class Protocol>
consteval bool prove() {
    constexpr auto const& found = detail::finding_of<Protocol>;
    if constexpr (found.fault != table_fault::none) return table_is_right<found.fault, found.where, found.on, found.facts>();
    else return detail::prove_rules<Protocol, 1>();
}

}  // namespace ehlo
