// The order of commands: one automaton, which server, client, typestate client and observer read. It knows no octets.
// RFC 5321 4.1.4, 3.1 to 3.3, 3.8; RFC 2033, 2645, 2920, 3030, 3207, 4468, 4954; XCLIENT and XFORWARD of Postfix.
#pragma once

#include <ehlo/detail/names.hpp>
#include <ehlo/detail/table.hpp>
#include <ehlo/verb.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

enum class state : std::uint8_t {
    connected,  ///< the connection is there, the greeting is not
    greeted,    ///< 220 sent, no EHLO yet; also after TLS has begun, and after XCLIENT
    ready,      ///< EHLO or HELO accepted, no transaction
    mail,       ///< MAIL accepted, no recipient yet
    rcpt,       ///< at least one recipient accepted
    content,    ///< 354 sent: octets are content until it ends
    chunk,      ///< the octets of a BDAT are under way
    chunks,     ///< a chunk was accepted that was not the last one (RFC 3030 2)
    spoilt,     ///< a chunk was refused: the transaction is over, and nothing but RSET, EHLO and QUIT leads on (RFC 3030 2)
    exchange,   ///< 334 sent: lines are responses until AUTH is done (RFC 4954 4)
    handshake,  ///< 220 sent to STARTTLS: nothing is heard until TLS is there (RFC 3207 4)
    refused,    ///< the greeting was 554 or another refusal: nothing but QUIT is heard (RFC 5321 3.1)
    turned,     ///< TURN or ATRN accepted: the roles are changed, and this session is over (RFC 2645 5.3)
    closed,     ///< the end
};
inline constexpr std::size_t state_count = 14;
inline constexpr std::string_view state_names[state_count] = {"connected", "greeted", "ready",    "mail",      "rcpt",    "content", "chunk",
                                                              "chunks",    "spoilt",  "exchange", "handshake", "refused", "turned",  "closed"};
static_assert(detail::names_all<state>(state_names), "a state has no name");
constexpr std::string_view name(state s) noexcept { return state_names[static_cast<unsigned>(s)]; }
using state_set = set_of<state>;
constexpr state_set operator|(state a, state b) noexcept { return state_set(a) | state_set(b); }

/// What happens in a session. Each is answered by a reply, but for those that have none (see event_table).
enum class event : std::uint8_t {
    greeting,     ///< the server's first reply
    hello,        ///< EHLO, LHLO
    helo,
    mail,         ///< MAIL, SEND, SOML, SAML
    rcpt,
    data,
    content_end,  ///< CRLF "." CRLF
    rset, noop, vrfy, expn, help, verbose, onex,
    quit,
    starttls,
    secured,      ///< the TLS handshake is over
    auth,
    response,     ///< a line of the client in an AUTH exchange
    bdat,         ///< the line; its octets follow
    chunk_end,    ///< the last octet of a chunk that is not the last one
    last_chunk_end,
    burl,
    last_burl,
    etrn, xforward,
    xclient,
    turn, atrn,
    parameter,    ///< a parameter of MAIL, RCPT, VRFY or EXPN
    shutdown,     ///< 421 that answers no command
    lost,         ///< the connection was lost
    tls_lost,     ///< TLS ended and the connection did not
    own0, own1, own2, own3, own4, own5, own6, own7,   ///< commands of the user's own
};
inline constexpr std::size_t event_count = 41, own_event_count = 8;
using event_set = set_of<event>;
constexpr event_set operator|(event a, event b) noexcept { return event_set(a) | event_set(b); }

static_assert(detail::counts_all<event, event_count>(), "an event is not counted");

/// What is known besides the state.
enum class fact : std::uint8_t {
    extended,       ///< EHLO or LHLO was accepted, not HELO: extensions may be used
    tls,            ///< TLS is there
    authenticated,
    smtputf8,       ///< this transaction asked for it
    binary,         ///< this transaction is BODY=BINARYMIME
    prdr,           ///< this transaction asked for a reply for each recipient (draft-hall-prdr-00)
};
inline constexpr std::size_t fact_count = 6;
inline constexpr std::string_view fact_names[fact_count] = {"extended", "tls", "authenticated", "smtputf8", "binary", "prdr"};
static_assert(detail::names_all<fact>(fact_names), "a fact has no name");
constexpr std::string_view name(fact f) noexcept { return fact_names[static_cast<unsigned>(f)]; }
using fact_set = set_of<fact>;
constexpr fact_set operator|(fact a, fact b) noexcept { return fact_set(a) | fact_set(b); }

/// How many replies an event has.
enum class replies_due : std::uint8_t {
    none,
    one,
    one_per_recipient,   ///< in LMTP (RFC 2033 4.2); one in SMTP
    /// Likewise. But in SMTP, if MAIL had PRDR, the one may be 353; then one for each recipient follows, and one for the message.
    or_prdr,
};

struct event_facts {
    event code;
    std::string_view name;
    bool pipelined;         ///< other commands may follow it before its reply (RFC 2920 3.1, RFC 3030 4.2)
    replies_due replies;
    std::uint16_t client_timeout;   ///< seconds a client waits for the reply, at least (RFC 5321 4.5.3.2)
    fact_set exempt;           ///< what the event goes without even where the service requires it (RFC 3207 4, RFC 4954 4)
};
namespace detail {
inline constexpr fact_set anyway = fact::tls | fact::authenticated;
}
/// One row for each event, in the order of the enum. Where RFC 5321 has no time, it is that of MAIL.
inline constexpr event_facts event_table[event_count] = {
    {event::greeting, "greeting", false, replies_due::one, 300, detail::anyway},
    {event::hello, "EHLO", false, replies_due::one, 300, detail::anyway},
    {event::helo, "HELO", false, replies_due::one, 300, fact::authenticated},
    {event::mail, "MAIL", true, replies_due::one, 300, {}},
    {event::rcpt, "RCPT", true, replies_due::one, 300, {}},
    {event::data, "DATA", false, replies_due::one, 120, {}},
    {event::content_end, "end of content", true, replies_due::or_prdr, 600, detail::anyway},
    {event::rset, "RSET", true, replies_due::one, 300, fact::authenticated},
    {event::noop, "NOOP", false, replies_due::one, 300, detail::anyway},
    {event::vrfy, "VRFY", false, replies_due::one, 300, {}},
    {event::expn, "EXPN", false, replies_due::one, 300, {}},
    {event::help, "HELP", false, replies_due::one, 300, {}},
    {event::verbose, "VERB", false, replies_due::one, 300, {}},
    {event::onex, "ONEX", false, replies_due::one, 300, {}},
    {event::quit, "QUIT", false, replies_due::one, 300, detail::anyway},
    {event::starttls, "STARTTLS", false, replies_due::one, 300, detail::anyway},
    {event::secured, "TLS handshake", false, replies_due::none, 300, detail::anyway},
    {event::auth, "AUTH", false, replies_due::one, 300, fact::authenticated},
    {event::response, "AUTH response", false, replies_due::one, 300, fact::authenticated},
    {event::bdat, "BDAT", true, replies_due::none, 180, {}},
    {event::chunk_end, "end of chunk", true, replies_due::one, 180, detail::anyway},
    {event::last_chunk_end, "end of last chunk", true, replies_due::or_prdr, 600, detail::anyway},
    {event::burl, "BURL", true, replies_due::one, 600, {}},
    {event::last_burl, "BURL LAST", true, replies_due::one_per_recipient, 600, {}},
    {event::etrn, "ETRN", false, replies_due::one, 300, {}},
    {event::xforward, "XFORWARD", false, replies_due::one, 300, {}},
    {event::xclient, "XCLIENT", false, replies_due::one, 300, {}},
    {event::turn, "TURN", false, replies_due::one, 300, {}},
    {event::atrn, "ATRN", false, replies_due::one, 300, {}},
    {event::parameter, "parameter", false, replies_due::none, 0, detail::anyway},
    {event::shutdown, "shutdown", false, replies_due::none, 0, detail::anyway},
    {event::lost, "connection lost", false, replies_due::none, 0, detail::anyway},
    {event::tls_lost, "TLS lost", false, replies_due::none, 0, detail::anyway},
    {event::own0, "own command 0", false, replies_due::one, 300, {}},
    {event::own1, "own command 1", false, replies_due::one, 300, {}},
    {event::own2, "own command 2", false, replies_due::one, 300, {}},
    {event::own3, "own command 3", false, replies_due::one, 300, {}},
    {event::own4, "own command 4", false, replies_due::one, 300, {}},
    {event::own5, "own command 5", false, replies_due::one, 300, {}},
    {event::own6, "own command 6", false, replies_due::one, 300, {}},
    {event::own7, "own command 7", false, replies_due::one, 300, {}},
};
static_assert(detail::rows_for_all<event>(event_table, &event_facts::code), "event_table lacks a row, or a row is out of place");
constexpr event_facts const& facts_of(event e) noexcept { return event_table[static_cast<unsigned>(e)]; }
constexpr std::string_view name(event e) noexcept { return facts_of(e).name; }

namespace detail {
// What a session looks up of an event, in one octet: the table with its names is not linked in where nobody asks for these.
struct event_bits {
    static constexpr unsigned pipelined = 1, replies = 1, exempt = 3;   // a bit, and where the others begin
    std::uint8_t of[event_count] = {};
    bool whole = true;
    consteval event_bits() {
        for (unsigned i = 0; i < event_count; ++i) {
            event_facts const& row = event_table[i];
            of[i] = static_cast<std::uint8_t>((row.pipelined ? pipelined : 0u) | static_cast<unsigned>(row.replies) << replies | static_cast<unsigned>(row.exempt.bits) << exempt);
            whole = whole && of[i] >> exempt == row.exempt.bits;
        }
    }
};
inline constexpr event_bits bits_of_events{};
static_assert(bits_of_events.whole, "an octet has no bit for a fact that an event is exempt from");
}  // namespace detail
/// Whether other commands may follow it before its reply (RFC 2920 3.1).
constexpr bool is_pipelined(event e) noexcept { return (detail::bits_of_events.of[static_cast<unsigned>(e)] & detail::event_bits::pipelined) != 0; }
constexpr replies_due replies_of(event e) noexcept {
    return static_cast<replies_due>(detail::bits_of_events.of[static_cast<unsigned>(e)] >> detail::event_bits::replies & 3);
}
constexpr fact_set exempt_of(event e) noexcept {
    return fact_set::with_bits(std::uint64_t{detail::bits_of_events.of[static_cast<unsigned>(e)]} >> detail::event_bits::exempt);
}

namespace detail {

/// Whether the replies to this event decide over a message.
constexpr bool ends_message(event e) noexcept { return replies_of(e) >= replies_due::one_per_recipient; }

using session_row = transition<state, event, fact>;

// What one who decides by this table always refuses. The answer of one who decides otherwise leads on all the same.
constexpr session_row misplaced(state_set from, event_set on, state done, state more, state refused, effect does) noexcept {
    session_row r{from, on, done, more, refused, does};
    r.in_order = false;
    return r;
}

/// The rows. `on` is a set of events, `from` one of states: "in any order" is one row.
struct session_rows {
    using s = state;
    using e = event;
    using f = fact;
    static constexpr state stay = stay_in<state>, never = never_to<state>;
    static constexpr state_set open = s::mail | s::rcpt | s::chunks | s::spoilt;   // a transaction that reads commands
    static constexpr state_set in_order = open | s::ready;                         // EHLO was accepted, and commands are read
    static constexpr state_set commands = in_order | s::greeted;
    static constexpr state_set alive = state_set::first(state_count) - s::closed;

    static constexpr session_row rows[] = {
        // from              on                       done        more         refused
        {s::connected,       e::greeting,             s::greeted, never,       s::refused},
        // RFC 5321 4.1.4: accepted, they drop the transaction; refused, they change nothing.
        {commands,           e::hello,                s::ready,   never,       stay,        effect::drops,    {}, {}, f::extended},
        {commands,           e::helo,                 s::ready,   never,       stay,        effect::drops,    {}, {}, {}, f::extended},
        {s::ready,           e::mail,                 s::mail,    never,       stay,        effect::begins,   {}, {}, {}, {}, f::smtputf8 | f::binary | f::prdr},
        {s::mail | s::rcpt,  e::rcpt,                 s::rcpt,    never,       stay,        effect::adds},
        // RFC 3030 3: a binary message has no lines, and so no line ".".
        {s::rcpt,            e::data,                 never,      s::content,  stay,        effect::none,     {}, f::binary},
        // RFC 2920 3.1: a server may say 354 though it refused each recipient of the pipeline. Then it reads content.
        misplaced(s::mail,   e::data,                 never,      s::content,  stay,        effect::none),
        // Or though it refused MAIL.
        misplaced(s::ready,  e::data,                 never,      s::content,  stay,        effect::begins),
        // RFC 5321 4.1.1.4: the buffers are cleared either way. draft-hall-prdr-00: 353 leads nowhere, and the last of the replies
        // that follow it decides.
        {s::content,         e::content_end,          s::ready,   stay,        s::ready,    effect::delivers, {}, {}, {}, {}, {}, f::prdr},
        {in_order,           e::rset,                 s::ready,   never,       stay,        effect::drops},
        {s::greeted,         e::rset,                 stay,       never,       stay},
        {commands,           e::noop | e::vrfy | e::expn | e::help | e::verbose | e::onex, stay, never, stay},
        {commands | s::refused, e::quit,              s::closed,  never,       s::closed,   effect::ends},
        {alive,              e::shutdown | e::lost,   s::closed,  s::closed,   s::closed,   effect::ends},
        // RFC 5321 4.1.1.11: only if service extensions were negotiated.
        {commands,           e::parameter,            stay,       never,       stay,        effect::none,     f::extended, {}, {}, {}, {}, {}, errc::unknown_parameter},

        // RFC 3030 2. The octets of a chunk come whatever its BDAT is answered.
        {s::rcpt | s::chunks, e::bdat,                s::chunk,   never,       s::spoilt,   effect::part,     f::extended},
        {s::chunk,           e::chunk_end,            s::chunks,  never,       s::spoilt,   effect::part},
        {s::chunk,           e::last_chunk_end,       s::ready,   stay,        s::ready,    effect::delivers, {}, {}, {}, {}, {}, f::prdr},
        misplaced(s::mail,   e::bdat,                 never,      never,       s::spoilt,   effect::part),
        misplaced(s::chunks, e::data,                 never,      never,       s::spoilt,   effect::part),
        // RFC 4468 3: a chunk that the server fetches.
        {s::rcpt | s::chunks, e::burl,                s::chunks,  never,       s::spoilt,   effect::part,     f::extended},
        {s::rcpt | s::chunks, e::last_burl,           s::ready,   never,       s::ready,    effect::delivers, f::extended},

        // RFC 3207 4.2: under TLS nothing is known of what was said before.
        {s::ready,           e::starttls,             s::handshake, never,     stay,        effect::none,     f::extended, f::tls},
        {s::handshake,       e::secured,              s::greeted, never,       s::closed,   effect::none,     {}, {}, f::tls, f::extended | f::authenticated},
        {alive,              e::tls_lost,             s::closed,  s::closed,   s::closed,   effect::ends,     f::tls},

        // RFC 4954 4: once, and not in a transaction.
        {s::ready,           e::auth,                 s::ready,   s::exchange, stay,        effect::none,     f::extended, f::authenticated, f::authenticated},
        {s::exchange,        e::response,             s::ready,   stay,        s::ready,    effect::none,     {}, {}, f::authenticated},

        // RFC 1985 5; Postfix's XFORWARD_README and XCLIENT_README: after XCLIENT the session begins anew, but for TLS.
        {s::ready,           e::etrn | e::xforward,   stay,       never,       stay,        effect::none,     f::extended},
        {s::ready,           e::xclient,              s::greeted, never,       stay,        effect::none,     f::extended, {}, {}, f::extended | f::authenticated},
        // RFC 821 3.8; RFC 2645 5: for a client that is known.
        {s::ready,           e::turn,                 s::turned,  never,       stay},
        {s::ready,           e::atrn,                 s::turned,  never,       stay,        effect::none,     f::authenticated, {}, {}, {}, {}, {}, errc::not_authenticated},
    };
};

inline constexpr std::size_t session_row_count = sizeof(session_rows::rows) / sizeof(session_row);

}  // namespace detail

/// The protocol as it stands in the RFCs. One with commands of the user's own has the same members.
struct smtp_protocol {
    static constexpr transition_table<state, event, fact, state_count, event_count, detail::session_row_count> rules{detail::session_rows::rows};
    static constexpr fact_set of_transaction = fact::smtputf8 | fact::binary | fact::prdr;               ///< they end with it
    static constexpr fact_set from_outside = fact::tls | fact::authenticated;                            ///< may hold from the beginning
    static constexpr event brings_by = event::parameter;                                              ///< in order where a command may bring facts
    static constexpr state_set ends = state::turned | state::closed;
    static constexpr event_set cuts = event::shutdown | event::lost | event::tls_lost;                   ///< they come from outside
    static constexpr event_set spoken = event_set::first(event_count - own_event_count);                    ///< those that can happen
    static constexpr std::size_t proved_rows = 0;                                                          ///< see proof.hpp
};

/// Whether a transaction is open: something that RSET would drop.
constexpr bool in_transaction(state s) noexcept {
    constexpr state_set open = state::mail | state::rcpt | state::content | state::chunk | state::chunks;
    return open.has(s);
}

constexpr answer answer_of(unsigned code) noexcept {
    return code / 100 == 2 ? answer::done : code / 100 == 3 ? answer::more : answer::refused;
}

/// The automaton as a value: the state, what is known, the open transaction.
template <class Protocol = smtp_protocol>
class basic_session {
    std::uint32_t recipients_ = 0;
    state where_ = state::connected;
    std::uint8_t known_ = 0, required_ = 0;   // sets of facts
    static_assert(fact_count < 8);
    static constexpr auto const& order = detail::order_of<Protocol>;
    template <class>
    friend class basic_session;

    // What the service requires for an event, and is not there.
    constexpr fact_set missing_for(event e) const noexcept {
        fact_set const missing = fact_set::with_bits(required_) - known();
        return missing.empty() ? missing : missing - exempt_of(e);
    }

  public:
    constexpr basic_session() noexcept = default;
    /// The same under other rows: with commands of the user's own, or without.
    template <class Other>
    constexpr explicit basic_session(basic_session<Other> const& s) noexcept
        : recipients_(s.recipients_), where_(s.where_), known_(s.known_), required_(s.required_) {}
    /// A service that requires TLS or authentication answers 530 to all but what leads there (RFC 3207 4, RFC 4954 4).
    constexpr explicit basic_session(fact_set required) noexcept : required_(static_cast<std::uint8_t>(required.bits)) {}

    constexpr state where() const noexcept { return where_; }
    constexpr bool over() const noexcept { return where_ == state::closed; }
    constexpr fact_set known() const noexcept { return fact_set::with_bits(known_); }
    constexpr bool knows(fact f) const noexcept { return known().has(f); }
    /// Recipients accepted in the open transaction; 2^32 - 1 if there are more.
    constexpr std::uint32_t recipients() const noexcept { return where_ != state::spoilt ? recipients_ : 0; }
    /// Those that a last chunk has a reply for in LMTP, if it comes now: in a spoilt transaction, too (RFC 2033 4.3).
    constexpr std::uint32_t recipients_owed() const noexcept { return recipients_; }
    /// Says of a fact that it holds by other means: a client that its address or its certificate authenticates, TLS from the
    /// beginning (RFC 8314).
    constexpr void know(fact f, bool yes = true) noexcept {
        known_ = static_cast<std::uint8_t>((yes ? known() | f : known() - f).bits);
    }

    /// Why an event is out of order here; nothing if it is in order. Errors: bad_sequence, unknown_parameter (event::parameter),
    /// tls_required, not_authenticated.
    constexpr std::optional<errc> check(event e) const noexcept {
        if (is_in_order(e)) [[likely]] return std::nullopt;
        if (auto const why = detail::find_disorder(order.guard_at(where_, e), known_)) return why;
        return missing_for(e).has(fact::tls) ? errc::tls_required : errc::not_authenticated;
    }
    /// Whether check() has nothing against it.
    constexpr bool is_in_order(event e) const noexcept {
        return detail::allows(order.guard_at(where_, e), known_) && missing_for(e).empty();
    }
    /// What the service, or a client that will not do without, requires from now on.
    constexpr void require(fact_set facts) noexcept { required_ = static_cast<std::uint8_t>(facts.bits); }

    /// Whether a reply of this class is an answer to the event here.
    constexpr bool fits(event e, answer a) const noexcept { return fits(e, a, move_by(e, a)); }
    /// Whether the table has a word about the event here: it is in order, or its answer leads on all the same.
    constexpr bool has_row(event e) const noexcept { return order.has_row(where_, e); }
    /// The event was answered: the only way anything moves. `brought`: facts that the command itself brings. 421 is the end of
    /// the session, whatever it answers (RFC 5321 3.8).
    constexpr change settle(event e, unsigned code, fact_set brought = {}) noexcept {
        return settle(code == 421 ? event::shutdown : e, answer_of(code), brought);
    }
    constexpr change settle(event e, answer a, fact_set brought = {}) noexcept { return settle(move_by(e, a), brought); }

    // For a machine that asks whether an answer fits, and then settles by it: what it does is looked up once.
    constexpr detail::move<state> const& move_by(event e, answer a) const noexcept { return order.move_at(where_, e, a); }
    constexpr bool fits(event e, answer a, detail::move<state> const& m) const noexcept { return order.has_answer(e, a) && fits(m); }
    /// Likewise of an event that is in order.
    constexpr bool fits(detail::move<state> const& m) const noexcept { return detail::is_answer(m, known()); }
    EHLO_INLINE constexpr change settle(detail::move<state> const& m, fact_set brought) noexcept {
        if (!detail::is_answer(m, known())) return change::none;
        bool const open = in_transaction(where_);
        auto const now = detail::settle(m, situation<state, fact>{where_, known(), transaction::one}, brought);
        where_ = now.where;
        known_ = static_cast<std::uint8_t>(now.known.bits);
        if (m.what == change::added && recipients_ != 0xFFFFFFFF) ++recipients_;
        if (!detail::ends_transaction(m.what)) [[likely]] return m.what;
        if (where_ != state::spoilt) recipients_ = 0;
        return open ? m.what : change::none;
    }
    constexpr bool operator==(basic_session const&) const = default;
};
using session = basic_session<>;

/// Seconds that a client should wait for the reply to an event, at least (RFC 5321 4.5.3.2).
constexpr unsigned client_timeout(event e) noexcept { return facts_of(e).client_timeout; }
inline constexpr unsigned content_block_timeout = 180;  ///< seconds for a block of content to be sent, 4.5.3.2.5
inline constexpr unsigned server_timeout = 300;         ///< seconds to wait for the next command, 4.5.3.2.7

}  // namespace ehlo
