// What the RFCs say of the order of commands, a row for each rule: what proof.hpp asks of every situation that can be reached.
#pragma once

#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>

namespace ehlo::inline v0::inline EHLO_TARGET {

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

namespace detail {
/// What an event leads to in a situation, as the table has it: what a rule looks at.
struct outcomes {
    using place = situation<state, fact>;
    place const& x;
    event on;
    session_row const& row;
    bool has_row;                  // or the row is that of all cells that no other names
    bool in_order;
    move<state> const* moves;      // one for each class of answers
    place done, more, refused;     // where each leads

    constexpr bool has(answer a) const noexcept { return is_answer(moves[static_cast<unsigned>(a)], x.known); }
    /// What is left when the transaction has ended.
    constexpr fact_set kept() const noexcept { return x.known - smtp_protocol::of_transaction; }
};
template <class Protocol>
constexpr outcomes look(situation<state, fact> const& x, event on) noexcept {
    auto const& order = order_of<Protocol>;
    std::size_t const row = order.row_at(x.where, on);
    move<state> const* const m = order.moves[row];
    return {x, on, Protocol::rules.rows[row], row + 1 != order.rows, allows(order.guards[row], octet_of(x.known)), m, settle(m[0], x, fact_set()),
            settle(m[1], x, fact_set()), settle(m[2], x, fact_set())};
}

struct order_rules {
    using place = outcomes::place;
    using e = event;
    using s = state;
    static constexpr state_set commands = session_rows::commands | s::refused, open = s::mail | s::rcpt | s::content | s::chunk | s::chunks;
    static constexpr state_set no_commands = s::content | s::chunk | s::exchange | s::handshake | s::connected | s::turned | s::closed;
    static constexpr event_set every = event_set::first(event_count), standard = event_set::first(event_count - own_event_count);
    static constexpr event_set aside = e::noop | e::vrfy | e::expn | e::help | e::verbose | e::onex, cuts = smtp_protocol::cuts;
    static constexpr event_set no_commands_events = e::greeting | e::content_end | e::chunk_end | e::last_chunk_end | e::response | e::secured | cuts;
    static constexpr event_set all_commands = every - no_commands_events - e::parameter;

    // Where each event is in order, as the RFCs have it.
    static constexpr bool should_be_in_order(place const& x, event on) noexcept {
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
    static constexpr fact_set learnt(event on) noexcept {
        return on == e::hello ? fact_set(fact::extended) : on == e::secured ? fact_set(fact::tls)
               : on == e::auth || on == e::response ? fact_set(fact::authenticated) : fact_set();
    }
    static constexpr fact_set forgotten(event on) noexcept {
        return on == e::helo ? fact_set(fact::extended) : on == e::secured || on == e::xclient ? fact::extended | fact::authenticated : fact_set();
    }

    /// What each rule says, and of which events.
    struct rule {
        rule_of_order broken;
        event_set of;
        bool (*holds)(outcomes const& in) noexcept;
    };
    using enum rule_of_order;
    static constexpr rule all[] = {
        {rfc5321_3_1_a_greeting_opens_the_session_or_refuses_it, e::greeting, [](outcomes const& in) noexcept {
            return !in.in_order || (in.done.where == s::greeted && in.refused.where == s::refused);
        }},
        {rfc5321_3_2_EHLO_opens_extensions_and_HELO_closes_them, e::hello | e::helo, [](outcomes const& in) noexcept {
            fact_set const kept = in.kept() - fact::extended;
            return !in.in_order || in.done == place{s::ready, in.on == e::hello ? kept | fact::extended : kept, transaction::none};
        }},
        {rfc5321_3_3_MAIL_RCPT_DATA_lead_to_one_another, e::mail | e::rcpt | e::data, [](outcomes const& in) noexcept {
            place const& next = in.on == e::data ? in.more : in.done;
            place want{in.on == e::mail ? s::mail : in.on == e::rcpt ? s::rcpt : s::content, in.x.known, in.x.open};
            if (in.on == e::mail) want.open = transaction::empty;
            if (in.on == e::rcpt) want.open = in.x.open == transaction::empty ? transaction::one : transaction::many;
            return !in.in_order || next == want;
        }},
        {rfc5321_3_3_DATA_needs_an_accepted_recipient, e::data | e::bdat | e::burl | e::last_burl,
             [](outcomes const& in) noexcept { return !in.in_order || (in.x.open >= transaction::one); }},
        {rfc5321_4_3_2_classes_of_replies, standard - cuts, [](outcomes const& in) noexcept {
            constexpr event_set ends = e::content_end | e::last_chunk_end;
            bool const asks = (e::data | e::auth | e::response).has(in.on) || (ends.has(in.on) && in.x.known.has(fact::prdr));   // 354, 334, 353
            return !in.in_order || (in.has(answer::refused) && in.has(answer::more) == asks && in.has(answer::done) == (in.on != e::data));
        }},
        // A command of the user's own may ask for more. What follows is a command all the same: nothing else reads lines.
        {rfc5321_4_3_2_classes_of_replies, every - standard, [](outcomes const& in) noexcept {
            session_row const& row = in.row;
            bool const asks = row.more != session_rows::never;
            bool const reads_commands = !asks || row.more == session_rows::stay || session_rows::commands.has(row.more);
            return !in.in_order || (row.refused != session_rows::never && reads_commands && (asks || row.done != session_rows::never));
        }},
        {rfc5321_3_3_RCPT_needs_an_open_transaction, e::rcpt, [](outcomes const& in) noexcept { return !in.in_order || in.x.open != transaction::none; }},
        {rfc5321_4_1_4_MAIL_needs_EHLO_or_HELO_and_no_transaction, e::mail,
             [](outcomes const& in) noexcept { return !in.in_order || (in.x.where == s::ready && in.x.open == transaction::none); }},
        {rfc5321_4_1_4_an_accepted_RSET_leaves_no_transaction, e::rset, [](outcomes const& in) noexcept {
            place const kept{in.x.where == s::greeted ? s::greeted : s::ready, in.kept(), transaction::none};
            return !in.in_order || in.done == kept;
        }},
        {rfc5321_4_1_4_a_refused_command_changes_nothing, all_commands - e::quit - e::bdat - e::burl - e::last_burl - e::data,
             [](outcomes const& in) noexcept { return in.refused == in.x; }},
        {rfc5321_4_1_4_a_refused_command_changes_nothing, e::data,   // but for a chunk that went before: RFC 3030 2
             [](outcomes const& in) noexcept { return in.x.where == s::chunks || in.refused == in.x; }},
        {rfc5321_4_1_4_RSET_NOOP_VRFY_EXPN_HELP_in_any_order, aside | e::rset,
             [](outcomes const& in) noexcept { return in.in_order == session_rows::commands.has(in.x.where); }},
        {rfc5321_4_1_1_NOOP_VRFY_EXPN_HELP_change_nothing, aside | e::etrn | e::xforward | e::parameter,
             [](outcomes const& in) noexcept { return in.done == in.x && in.refused == in.x; }},
        {rfc5321_4_1_1_4_the_end_of_content_ends_the_transaction, e::content_end | e::last_chunk_end | e::last_burl, [](outcomes const& in) noexcept {
            place const kept{s::ready, in.kept(), transaction::none};
            return !in.in_order || (in.done == kept && in.refused == kept);
        }},
        {rfc5321_4_1_1_4_the_end_of_content_ends_the_transaction, standard, [](outcomes const& in) noexcept {
            constexpr event_set delivering = e::content_end | e::last_chunk_end | e::last_burl;
            return (in.row.does == effect::delivers) == (delivering.has(in.on) && in.has_row);
        }},
        {prdr_353_decides_nothing, e::content_end | e::last_chunk_end,
             [](outcomes const& in) noexcept { return !in.in_order || in.more == in.x; }},
        {rfc5321_4_1_1_10_QUIT_wherever_commands_are_heard, e::quit, [](outcomes const& in) noexcept {
            place const end{s::closed, in.kept(), transaction::none};
            return in.in_order == commands.has(in.x.where) &&
                   (!in.in_order || (in.done == end && in.refused == end));
        }},
        {rfc5321_4_1_1_11_parameters_only_after_EHLO, e::parameter,
             [](outcomes const& in) noexcept { return !in.in_order || in.x.known.has(fact::extended); }},
        {rfc5321_3_1_nothing_but_QUIT_after_a_refused_greeting, all_commands - e::quit,
             [](outcomes const& in) noexcept { return in.x.where != s::refused || (!in.in_order && in.refused == in.x); }},
        {rfc5321_3_8_a_lost_connection_leaves_no_transaction, e::lost | e::shutdown | e::tls_lost, [](outcomes const& in) noexcept {
            place const end{s::closed, in.kept(), transaction::none};
            return !should_be_in_order(in.x, in.on) || (in.done == end && in.more == end && in.refused == end);
        }},
        // A transaction is open in the states that say so, and in no others: a label and a transaction always agree.
        {rfc5321_6_1_only_a_transaction_with_a_recipient_is_delivered, e::noop,
             [](outcomes const& in) noexcept { return open.has(in.x.where) == (in.x.open != transaction::none); }},
        {rfc5321_6_1_only_a_transaction_with_a_recipient_is_delivered, every, [](outcomes const& in) noexcept {
            // (Content that a server takes though it refused every recipient is delivered to nobody: RFC 2920 3.1.)
            bool const delivers = in.row.does == effect::delivers;
            return !delivers || !in.in_order || in.x.open >= transaction::one || in.x.where == s::content;
        }},
        {what_is_no_command_is_not_read_as_one, all_commands, [](outcomes const& in) noexcept { return !no_commands.has(in.x.where) || !in.in_order; }},
        {rfc2920_3_1_a_server_that_says_354_reads_content, e::data, [](outcomes const& in) noexcept {
            transaction const begun = in.x.open == transaction::none ? transaction::empty : in.x.open;
            return (in.x.where != s::mail && in.x.where != s::ready) ||
                   (!in.in_order && in.more == place{s::content, in.x.known, begun});
        }},
        {rfc3030_2_chunks_lead_to_one_another_and_a_refused_one_spoils, e::bdat | e::chunk_end | e::burl, [](outcomes const& in) noexcept {
            place const spoilt{s::spoilt, in.kept(), transaction::none};
            return !in.in_order || (in.done == place{in.on == e::bdat ? s::chunk : s::chunks, in.x.known, in.x.open} && in.refused == spoilt);
        }},
        {rfc3030_2_no_DATA_after_a_chunk, e::data, [](outcomes const& in) noexcept { return in.x.where != s::chunks || !in.in_order; }},
        {rfc3030_2_a_spoilt_transaction_takes_nothing, e::mail | e::rcpt | e::data | e::bdat | e::burl | e::last_burl | e::auth | e::starttls,
             [](outcomes const& in) noexcept { return in.x.where != s::spoilt || (!in.in_order && in.x.open == transaction::none); }},
        {rfc3030_3_no_DATA_for_a_binary_message, e::data, [](outcomes const& in) noexcept { return !in.x.known.has(fact::binary) || !in.in_order; }},
        {rfc3207_4_STARTTLS_once_after_EHLO_and_not_in_a_transaction, e::starttls, [](outcomes const& in) noexcept {
            return !in.in_order || (in.x.open == transaction::none && in.x.known.has(fact::extended) && !in.x.known.has(fact::tls) &&
                                        in.done == place{s::handshake, in.x.known, in.x.open});
        }},
        {rfc3207_4_STARTTLS_once_after_EHLO_and_not_in_a_transaction, e::secured,
             [](outcomes const& in) noexcept { return !in.in_order || in.refused == place{s::closed, in.x.known, transaction::none}; }},
        {rfc3207_4_2_nothing_learnt_before_TLS_survives_it, e::secured, [](outcomes const& in) noexcept {
            return !in.in_order || in.done == place{s::greeted, fact::tls, transaction::none};
        }},
        {rfc3207_TLS_ends_with_the_session, e::tls_lost,
             [](outcomes const& in) noexcept { return !in.x.known.has(fact::tls) || in.x.where == s::closed || in.refused.where == s::closed; }},
        {rfc3207_TLS_ends_with_the_session, every, [](outcomes const& in) noexcept {
            return !in.x.known.has(fact::tls) || (in.done.known.has(fact::tls) && in.refused.known.has(fact::tls));
        }},
        {rfc4954_4_AUTH_once_after_EHLO_and_not_in_a_transaction, e::auth, [](outcomes const& in) noexcept {
            return !in.in_order || (in.x.open == transaction::none && in.x.known.has(fact::extended) && !in.x.known.has(fact::authenticated));
        }},
        {rfc4954_4_only_AUTH_authenticates, every - e::auth - e::response, [](outcomes const& in) noexcept {
            return in.x.known.has(fact::authenticated) || !(in.done.known | in.more.known).has(fact::authenticated);
        }},
        {rfc4954_4_an_exchange_ends_where_it_began, e::auth | e::response, [](outcomes const& in) noexcept {
            return !in.in_order || (in.done == place{s::ready, in.x.known | fact::authenticated, transaction::none} &&
                                    in.more == place{s::exchange, in.x.known, transaction::none} &&
                                    in.refused == place{s::ready, in.x.known, transaction::none});
        }},
        {xclient_begins_anew, e::xclient, [](outcomes const& in) noexcept {
            return !in.in_order || in.done == place{s::greeted, in.x.known - fact::extended - fact::authenticated, transaction::none};
        }},
        {rfc2645_5_accepted_TURN_and_ATRN_change_the_roles, e::turn | e::atrn, [](outcomes const& in) noexcept {
            return !in.in_order || in.done == place{s::turned, in.x.known, transaction::none};
        }},
        // And for what no rule above has a word about: nothing else is in order, nothing else moves, nothing else is learnt.
        {each_event_where_the_RFCs_have_it_and_nowhere_else, standard, [](outcomes const& in) noexcept {
            // Even if the facts that are asked for never hold there: a row says what it means.
            fact_set best = fact::extended | fact::tls;
            best = in.on == e::starttls ? best - fact::tls : in.on == e::auth ? best : best | fact::authenticated;
            bool const has_row = in.has_row && in.row.in_order;
            return in.in_order == should_be_in_order(in.x, in.on) && has_row == should_be_in_order({in.x.where, best, in.x.open}, in.on);
        }},
        {what_is_out_of_order_moves_nothing, standard - cuts, [](outcomes const& in) noexcept {
            // But for what decides over octets that come all the same: RFC 2920 3.1, RFC 3030 2.
            bool const reads = in.on == e::data && (in.x.where == s::mail || in.x.where == s::ready || in.x.where == s::rcpt);
            bool const spoils = (in.on == e::bdat && in.x.where == s::mail) || (in.on == e::data && in.x.where == s::chunks) ||
                                (in.x.where == s::rcpt && (in.on == e::bdat || in.on == e::burl || in.on == e::last_burl));
            place const spoilt{in.on == e::last_burl ? s::ready : s::spoilt, in.kept(), transaction::none};
            if (in.in_order) return true;
            auto const& row = in.row;
            bool const right = row.refused != session_rows::never && in.refused == (spoils ? spoilt : in.x);
            // Where a fact is to blame, one who says yes all the same is followed. By none but him.
            if (row.in_order || !in.has_row) return right;
            return right && (reads || spoils) && row.done == session_rows::never && row.more == (reads ? s::content : session_rows::never);
        }},
        {facts_change_by_what_the_RFCs_say_and_by_nothing_else, standard, [](outcomes const& in) noexcept {
            auto const& row = in.row;
            constexpr event_set ends = e::content_end | e::last_chunk_end;
            bool const only_prdr = row.asked == (ends.has(in.on) ? fact_set(fact::prdr) : fact_set());
            return !in.has_row || (only_prdr && row.sets == learnt(in.on) && row.clears == forgotten(in.on) &&
                                                         row.brings == (in.on == e::mail ? smtp_protocol::of_transaction : fact_set()));
        }},
    };
    static constexpr std::size_t count = sizeof all / sizeof *all;
    // In the order of the enum, so that the first one that is broken is the first one found; and each has a row.
    static consteval bool has_all() noexcept {
        unsigned latest = 0;
        for (rule const& r : all) {
            auto const next = static_cast<unsigned>(r.broken);
            if (next != latest && next != latest + 1) return false;
            latest = next;
        }
        return latest == rule_of_order_count;
    }
};
static_assert(order_rules::has_all(), "a rule has no row, or one out of place");
}  // namespace detail

}  // namespace ehlo
