// The states of an SMTP session and the one table that knows the order of commands. RFC 5321 4.1.4, 3.1 to 3.3, 3.8.
#pragma once

#include <ehlo/table.hpp>
#include <ehlo/verb.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

enum class state : std::uint8_t {
    connected,  ///< the connection is there, the greeting is not
    greeted,    ///< 220 sent, no EHLO yet
    ready,      ///< EHLO or HELO accepted, no transaction
    mail,       ///< MAIL accepted, no recipient yet
    rcpt,       ///< at least one recipient accepted
    data,       ///< 354 sent: octets are content until it ends
    refused,    ///< the greeting was 554 or another refusal: nothing but QUIT is heard (RFC 5321 3.1)
    closed,     ///< the end
};
inline constexpr std::size_t state_count = 8;
inline constexpr std::string_view state_names[state_count] = {"connected", "greeted", "ready",   "mail",
                                                              "rcpt",      "data",    "refused", "closed"};
constexpr std::string_view name(state s) noexcept { return state_names[static_cast<unsigned>(s)]; }

enum class event : std::uint8_t {
    greeting,     ///< the server's first reply
    hello,        ///< EHLO, HELO, LHLO
    mail,         ///< MAIL, SEND, SOML, SAML
    rcpt,
    data,
    content_end,  ///< CRLF "." CRLF
    rset,
    noop,
    vrfy,
    expn,
    help,
    turn,
    quit,
    shutdown,     ///< 421, or the connection was lost
};
inline constexpr std::size_t event_count = 14;
inline constexpr std::string_view event_names[event_count] = {"greeting", "EHLO/HELO", "MAIL", "RCPT", "DATA", "end of content",
                                                              "RSET", "NOOP", "VRFY", "EXPN", "HELP", "TURN", "QUIT", "shutdown"};
constexpr std::string_view name(event e) noexcept { return event_names[static_cast<unsigned>(e)]; }

namespace detail {
// Every one has a name, and each its own.
template <std::size_t N>
consteval bool are_names(std::string_view const (&names)[N]) {
    for (std::size_t i = 0; i < N; ++i) {
        if (names[i].empty()) return false;
        for (std::size_t j = 0; j < i; ++j)
            if (names[i] == names[j]) return false;
    }
    return true;
}
static_assert(are_names(state_names) && static_cast<std::size_t>(state::closed) + 1 == state_count, "a state lacks its name");
static_assert(are_names(event_names) && static_cast<std::size_t>(event::shutdown) + 1 == event_count, "an event lacks its name");
}  // namespace detail

/// The event that a verb stands for; nothing for a verb that the session does not know (yet: STARTTLS, AUTH, BDAT ...).
constexpr std::optional<event> event_of(verb v) noexcept {
    switch (v) {
    case verb::helo:
    case verb::ehlo:
    case verb::lhlo: return event::hello;
    case verb::mail:
    case verb::send:
    case verb::soml:
    case verb::saml: return event::mail;
    case verb::rcpt: return event::rcpt;
    case verb::data: return event::data;
    case verb::rset: return event::rset;
    case verb::vrfy: return event::vrfy;
    case verb::expn: return event::expn;
    case verb::help: return event::help;
    case verb::turn: return event::turn;
    case verb::quit: return event::quit;
    case verb::noop: return event::noop;
    default: return std::nullopt;
    }
}

using session_transition = transition<state, event>;

/// RFC 5321 as rows. Whatever is not here is answered 503 and moves nothing.
inline constexpr session_transition smtp_transitions[] = {
    // state          event                accepted          refused
    {state::connected, event::greeting,    state::greeted,   state::refused},
    {state::connected, event::shutdown,    state::closed,    state::closed},

    {state::greeted,   event::hello,       state::ready,     state::greeted},
    {state::greeted,   event::rset,        state::greeted,   state::greeted},
    {state::greeted,   event::noop,        state::greeted,   state::greeted},
    {state::greeted,   event::vrfy,        state::greeted,   state::greeted},
    {state::greeted,   event::expn,        state::greeted,   state::greeted},
    {state::greeted,   event::help,        state::greeted,   state::greeted},
    {state::greeted,   event::quit,        state::closed,    state::closed},
    {state::greeted,   event::shutdown,    state::closed,    state::closed},

    {state::ready,     event::hello,       state::ready,     state::ready},
    {state::ready,     event::mail,        state::mail,      state::ready},
    {state::ready,     event::rset,        state::ready,     state::ready},
    {state::ready,     event::noop,        state::ready,     state::ready},
    {state::ready,     event::vrfy,        state::ready,     state::ready},
    {state::ready,     event::expn,        state::ready,     state::ready},
    {state::ready,     event::help,        state::ready,     state::ready},
    {state::ready,     event::turn,        state::closed,    state::ready},  // the roles change: this session is over
    {state::ready,     event::quit,        state::closed,    state::closed},
    {state::ready,     event::shutdown,    state::closed,    state::closed},

    {state::mail,      event::hello,       state::ready,     state::mail},
    {state::mail,      event::rcpt,        state::rcpt,      state::mail},
    {state::mail,      event::rset,        state::ready,     state::mail},
    {state::mail,      event::noop,        state::mail,      state::mail},
    {state::mail,      event::vrfy,        state::mail,      state::mail},
    {state::mail,      event::expn,        state::mail,      state::mail},
    {state::mail,      event::help,        state::mail,      state::mail},
    {state::mail,      event::quit,        state::closed,    state::closed},
    {state::mail,      event::shutdown,    state::closed,    state::closed},

    {state::rcpt,      event::hello,       state::ready,     state::rcpt},
    {state::rcpt,      event::rcpt,        state::rcpt,      state::rcpt},
    {state::rcpt,      event::data,        state::data,      state::rcpt},
    {state::rcpt,      event::rset,        state::ready,     state::rcpt},
    {state::rcpt,      event::noop,        state::rcpt,      state::rcpt},
    {state::rcpt,      event::vrfy,        state::rcpt,      state::rcpt},
    {state::rcpt,      event::expn,        state::rcpt,      state::rcpt},
    {state::rcpt,      event::help,        state::rcpt,      state::rcpt},
    {state::rcpt,      event::quit,        state::closed,    state::closed},
    {state::rcpt,      event::shutdown,    state::closed,    state::closed},

    {state::data,      event::content_end, state::ready,     state::ready},  // the buffers are cleared either way, 4.1.1.4
    {state::data,      event::shutdown,    state::closed,    state::closed},

    {state::refused,   event::quit,        state::closed,    state::closed},
    {state::refused,   event::shutdown,    state::closed,    state::closed},
};

using session_table = transition_table<state, event, state_count, event_count>;
inline constexpr session_table smtp_table{smtp_transitions};
static_assert(prove<smtp_table>());

/// Whether a transaction is open: something that RSET would drop.
constexpr bool in_transaction(state s) noexcept { return s == state::mail || s == state::rcpt || s == state::data; }
/// Whether the state reads commands (and not content, or nothing).
constexpr bool reads_commands(state s) noexcept {
    return s != state::connected && s != state::data && s != state::closed;
}

// What RFC 5321 says of the order of commands, asserted of the table.
namespace detail {
/// True if `fact(state)` is true in every state.
template <class Fact>
consteval bool in_every_state(Fact fact) {
    for (std::size_t i = 0; i < state_count; ++i)
        if (!fact(static_cast<state>(i))) return false;
    return true;
}
consteval bool moves_nothing(event e) {
    return in_every_state([e](state s) { return smtp_table.next(s, e, true) == s && smtp_table.next(s, e, false) == s; });
}
static_assert(moves_nothing(event::noop), "NOOP moves nothing (4.1.1.9)");
static_assert(moves_nothing(event::vrfy), "VRFY moves nothing (4.1.1.6)");
static_assert(moves_nothing(event::expn), "EXPN moves nothing (4.1.1.7)");
static_assert(moves_nothing(event::help), "HELP moves nothing (4.1.1.8)");
static_assert(in_every_state([](state s) { return !smtp_table.allows(s, event::data) || s == state::rcpt; }),
              "DATA only behind an accepted recipient (3.3)");
static_assert(in_every_state([](state s) { return !smtp_table.allows(s, event::rcpt) || s == state::mail || s == state::rcpt; }),
              "RCPT only in a transaction (3.3)");
static_assert(in_every_state([](state s) { return !smtp_table.allows(s, event::mail) || s == state::ready; }),
              "MAIL only behind EHLO or HELO, and not inside a transaction (4.1.4)");
static_assert(in_every_state([](state s) { return !in_transaction(smtp_table.next(s, event::rset, true)) || s == state::data; }),
              "RSET drops the transaction (4.1.1.5)");
static_assert(in_every_state([](state s) { return !in_transaction(smtp_table.next(s, event::hello, true)) || s == state::data; }),
              "an accepted EHLO drops the transaction (4.1.4)");
static_assert(in_every_state([](state s) { return smtp_table.next(s, event::hello, false) == s; }),
              "a refused EHLO leaves everything as it was (4.1.4)");
static_assert(in_every_state([](state s) { return smtp_table.next(s, event::rset, true) != state::closed || s == state::closed; }),
              "RSET never closes (4.1.1.5)");
static_assert([] {
    for (std::size_t e = 0; e < event_count; ++e)
        if (smtp_table.allows(state::data, static_cast<event>(e)) && static_cast<event>(e) != event::content_end &&
            static_cast<event>(e) != event::shutdown)
            return false;
    return true;
}(), "nothing but the end of the content leaves the content (4.1.1.4)");
static_assert(in_every_state([](state s) { return !reads_commands(s) || smtp_table.next(s, event::quit, true) == state::closed; }),
              "QUIT is heard wherever commands are (4.1.1.10)");
static_assert(in_every_state([](state s) { return s == state::closed || smtp_table.next(s, event::shutdown, true) == state::closed; }),
              "421 may come at any time (3.8)");
static_assert(in_every_state([](state s) {
                  return !reads_commands(s) || s == state::refused ||
                         (smtp_table.allows(s, event::rset) && smtp_table.allows(s, event::noop) &&
                          smtp_table.allows(s, event::vrfy) && smtp_table.allows(s, event::expn) &&
                          smtp_table.allows(s, event::help));
              }),
              "RSET, NOOP, VRFY, EXPN and HELP are answered in any order, even before EHLO (4.1.4)");
}  // namespace detail

/// Seconds that a client should wait for the reply to an event, at least (RFC 5321 4.5.3.2). Where the RFC has no number
/// (EHLO, RSET, NOOP, VRFY, QUIT ...) it is 300, as for MAIL.
constexpr unsigned client_timeout(event e) noexcept {
    return e == event::data ? 120 : e == event::content_end ? 600 : 300;
}
inline constexpr unsigned content_block_timeout = 180;  ///< seconds for a block of content to be sent, 4.5.3.2.5
inline constexpr unsigned server_timeout = 300;         ///< seconds to wait for the next command, 4.5.3.2.7

}  // namespace ehlo
