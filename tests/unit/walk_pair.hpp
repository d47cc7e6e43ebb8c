// A client and a server with all that is between them, as one value: what each side knows, what is under way, and what must hold of it.
// What must hold is known from the outside: which commands were written and not answered, and which replies are under way.
#pragma once

#include "catch.hpp"
#include "witness.hpp"

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace walking {

using ehlo::event;
using ehlo::state;
using ehlo::verdict;
using ehlo::want;

// What does not hold ends the walk, and the way there is told. A build without exceptions ends there and then.
#ifdef __cpp_exceptions
#define WALK_TRY try
#define WALK_CATCH(f) catch (fault const& f)
#define WALK_THROW(what) throw fault(what)
#else
#define WALK_TRY
#define WALK_CATCH(f) for (fault const& f : std::initializer_list<fault>{})
#define WALK_THROW(what) \
    do { \
        FAIL(what); \
        std::abort(); \
    } while (false)
#endif

// Thrown where something does not hold; the search adds the way that led there.
struct fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};
inline void must(bool holds, std::string_view what) {
    if (!holds) WALK_THROW(std::string(what));
}
template <class... Text>
[[noreturn]] void wrong(Text const&... text) {
    WALK_THROW((... + std::string(text)));
}

template <class T, std::size_t Most>
struct few {
    T items[Most];
    std::uint16_t size = 0;
    bool empty() const { return size == 0; }
    void push(T const& t) {
        must(size < Most, "the test's own room is too small");
        items[size++] = t;
    }
    void pop(std::size_t n = 1) {
        std::memmove(static_cast<void*>(items), static_cast<void const*>(items + n), (size - n) * sizeof(T));
        size = static_cast<std::uint16_t>(size - n);
    }
    T const& first() const { return items[0]; }
};
template <std::size_t Most>
inline std::string_view text_of(few<char, Most> const& f, std::size_t most = static_cast<std::size_t>(-1)) {
    return {f.items, f.size < most ? f.size : most};
}

constexpr std::uint32_t hash_of(std::string_view text, std::uint32_t h = 2166136261U) {
    for (char const c : text) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
    return h;
}

// A command that was written and has not been answered; also the greeting, the end of content and that of a chunk.
struct sent {
    event on;
    std::uint8_t serial;
    bool alone;              // nothing else was under way: no refusal can have spoilt its order
    std::uint8_t other;      // of commands with the same event a rarer one
    bool foreign;            // the other service's greeting: unknown here
    std::uint32_t line;      // what it was, or 0
    std::uint32_t content;   // of the message that it ends
};
// A reply under way.
struct said {
    event on;
    std::uint8_t serial, recipient;
    bool tagged;             // the handler gave it: its text has the serial
    bool delivers;           // the handler said yes to a message
    std::uint16_t code;
    bool more = false;       // PRDR: the reply to the message is still to come
};

// What the walk does with a pair.
enum class way : std::uint8_t {
    hear,                                         // the client reads a reply
    yes, no_for_now, no, bye, challenge,          // the server reads, or gets the answer put off: this is what the handler says first
    octets, end, cancel, secure, quit,            // (in this order they lead to the end)
    hello, helo, lhlo, mail, mail_binary, rcpt, data, bdat, last, empty_last, auth, auth_initial, response, starttls, rset, noop, vrfy,
    mail_utf8, mail_prdr, xclient,
    shut_down,
};
constexpr unsigned way_count = 32;
constexpr std::string_view way_names[way_count] = {
    "hear", "yes", "no for now", "no", "421", "challenge", "octets", "end", "cancel", "secured", "QUIT", "hello", "HELO", "LHLO", "MAIL",
    "MAIL binary", "RCPT", "DATA", "BDAT", "BDAT LAST", "BDAT 0 LAST", "AUTH", "AUTH initial", "response", "STARTTLS", "RSET", "NOOP",
    "VRFY", "MAIL SMTPUTF8", "MAIL PRDR", "XCLIENT", "shut down"};
constexpr bool is_answer(way w) { return w >= way::yes && w <= way::challenge; }
constexpr bool is_call(way w) { return (w >= way::octets && w <= way::cancel) || (w >= way::quit && w <= way::xclient); }

struct limits {
    ehlo::policy settings;
    std::uint8_t under_way = 4, recipients = 2;
    bool binary = true, security = true;   // BODY=BINARYMIME; STARTTLS and AUTH
    bool utf8 = false, xclient = false;    // SMTPUTF8; XCLIENT
    bool prdr = false;
};

// The client and the server, and all that is between them.
struct pair {
    ehlo::client client;
    ehlo::server_with<> server;
    few<char, 256> to_server{};
    few<char, 1024> to_client{};
    few<sent, 8> asked{};
    few<said, 16> told{};
    std::uint8_t serial = 0;
    // The client's caller.
    std::uint8_t rcpts_written = 0;
    bool wrote_content = false, last_chunk = false, chunk_alone = false, utf8 = false;
    std::uint32_t written = 0;          // the content of this message
    // The server's handler and who watches it.
    std::optional<event> waits{};       // the question put off
    bool open = false;                  // it was told of a transaction, and not of its end
    bool stored = false;                // LMTP: for one of its recipients
    bool each = false, taken = false;   // PRDR: 353 was said; the handler said yes for one of them
    bool again = false;                 // after an answer the server is to be given its input again, be it nothing
    bool shutting = false, tagged = false, said_yes = false;
    std::uint8_t rcpts = 0;             // accepted since MAIL was
    std::uint8_t confirmed = 0;         // replies to the end of this message
    std::uint32_t received = 0;
    state server_was = state::connected;
    // Who sees the octets alone.
    witness::between middle{};
    few<said, 16> expected{};           // the replies that the server has written, for it

    explicit pair(ehlo::policy const& p) : client(settings_of(p)), server(p, "mx.example") {
        asked.push({event::greeting, 0, true, 0, false, 0, 0});
    }
    static ehlo::client_settings settings_of(ehlo::policy const& p) {
        ehlo::client_settings s;
        s.lmtp = p.service == ehlo::service::lmtp;
        return s;
    }
    bool lmtp() const { return server.settings().service == ehlo::service::lmtp; }
    bool server_closed() const { return server.where() == state::closed; }
    // Whether what the service requires is there (RFC 3207 4, RFC 4954 4).
    bool may_send() const {
        ehlo::policy const& s = server.settings();
        return (!s.require_tls || server.knows(ehlo::fact::tls)) && (!s.require_authentication || server.knows(ehlo::fact::authenticated));
    }
    bool done() const { return server_closed() && client.over() && told.empty(); }
};
static_assert(std::is_trivially_copyable_v<ehlo::client> && std::is_trivially_copyable_v<ehlo::server_with<>>);

constexpr bool ends_message(event e) { return ehlo::facts_of(e).replies >= ehlo::replies_due::one_per_recipient; }
// Whether the handler may answer 334, or 353.
inline bool may_challenge(pair const& p) {
    if (p.asked.empty()) return false;
    event const e = p.asked.first().on;
    return e == event::auth || e == event::response || (ends_message(e) && p.server.knows(ehlo::fact::prdr) && p.rcpts > 1 && !p.each);
}

// Whether the table leads from one state to the other by this event. A BDAT has no reply of its own. `each`: other replies to it follow.
inline bool leads(state from, event e, unsigned code, state to, bool each = false) {
    using rows = ehlo::detail::session_rows;
    auto const target = [](state s, event on, ehlo::answer a) {
        state const t = ehlo::detail::target_of(ehlo::smtp_protocol::rules.at(s, on), a, ehlo::fact_set());
        return t == rows::stay || t == rows::never ? s : t;
    };
    if (code == 421) e = event::shutdown;
    ehlo::answer const a = ehlo::answer_of(code);
    if (target(from, e, a) == to) return true;
    if ((each || a == ehlo::answer::refused) && from == to) return true;
    if (e != event::chunk_end && e != event::last_chunk_end && e != event::bdat) return false;
    if (each && target(from, event::bdat, ehlo::answer::done) == to) return true;
    return target(from, event::bdat, a) == to || target(target(from, event::bdat, ehlo::answer::done), e, a) == to;
}

constexpr std::string_view tags[] = {"tag 0", "tag 1", "tag 2", "tag 3", "tag 4", "tag 5", "tag 6", "tag 7"};
constexpr std::string_view content_text = "RSET\r\n", chunk_text = "QUIT\r\n";
constexpr std::string_view response_octets = "\x41\x42\x13";   // in base64: QUIT
constexpr char const challenge_octets[] = "\x41\x42\x13";

// Says to the first question what the walk has chosen, and puts off all others.
struct handler {
    pair& p;
    way choice;
    bool chosen = false;

    static ehlo::reply say(way w, event e, std::string_view text) {
        bool const auth = e == event::auth || e == event::response;
        switch (w) {
        case way::yes:
            return {static_cast<std::uint16_t>(e == event::greeting || e == event::starttls || e == event::xclient ? 220 : e == event::data ? 354 : auth ? 235 : 250), text};
        case way::no_for_now: return {static_cast<std::uint16_t>(auth || e == event::starttls ? 454 : 451), text};
        case way::no: return {static_cast<std::uint16_t>(auth ? 535 : 554), text};
        case way::challenge: return {353, text};
        default: return {421, text};
        }
    }
    static ehlo::auth_answer say_auth(way w, event e, std::string_view text) {
        if (w == way::challenge) return ehlo::challenge{challenge_octets};
        return say(w, e, text);
    }
    void look(event e, std::string_view argument = {}) {
        must(!p.asked.empty(), "the handler is asked, though nothing was written");
        sent const& s = p.asked.first();
        if (s.on != e) wrong("the handler is asked for ", name(e), " and the command was ", name(s.on));
        if (!argument.empty() && argument != tags[s.serial].substr(4)) wrong("the command asked for is another than that written: ", argument);
    }
    ehlo::reply ask(event e, std::string_view argument = {}) {
        look(e, argument);
        if (chosen) {
            p.waits = e;
            return ehlo::reply::later;
        }
        chosen = true;
        p.tagged = true;
        p.said_yes = choice == way::yes;
        return say(choice, e, tags[p.asked.first().serial]);
    }
    ehlo::auth_answer ask_auth(event e) {
        if (!chosen && choice == way::challenge) {
            look(e);
            chosen = true;
            return ehlo::challenge{challenge_octets};
        }
        return ask(e);
    }

    ehlo::reply on(ehlo::connected const&) {
        look(event::greeting);
        chosen = true;
        p.tagged = true;
        return say(choice, event::greeting, tags[0]);
    }
    ehlo::reply on(ehlo::cmd::hello const& c) { return ask(c.verb == ehlo::verb::helo ? event::helo : event::hello); }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        must(!p.open, "MAIL in an open transaction");
        must(p.may_send(), "MAIL without what is required");
        return ask(event::mail, c.from.local_part());
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        must(p.open, "RCPT without a transaction");
        return ask(event::rcpt, c.to.local_part());
    }
    ehlo::reply on(ehlo::cmd::data const&) { return ask(event::data); }
    ehlo::reply on(ehlo::cmd::noop const& c) { return ask(event::noop, c.argument); }
    ehlo::reply on(ehlo::cmd::vrfy const& c) {
        must(p.may_send(), "VRFY without what is required");
        return ask(event::vrfy, c.string);
    }
    ehlo::reply on(ehlo::cmd::xclient const& c) {
        must(p.may_send() && c.verb == ehlo::verb::xclient, "XCLIENT without what is required");
        return ask(event::xclient);
    }
    ehlo::reply on(ehlo::cmd::starttls const&) { return ask(event::starttls); }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::external | ehlo::mechanism::cram_md5; }
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ask_auth(event::auth); }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ask_auth(event::response); }
    void on(ehlo::content const& c) {
        must(p.open && p.rcpts != 0, "content for nobody");
        p.received = hash_of(c.octets, p.received);
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        must(p.open, "a message ends that was not begun");
        must(ends_message(p.asked.first().on), "a message ends whose end was not written");
        must(p.received == p.asked.first().content, "the content is another than that written");
        must(e.recipients == p.rcpts, "the recipients of a message are not those accepted");
        must(e.recipient == p.confirmed, "a recipient has two replies, or none");
        using subject = ehlo::end_of_content::subject;
        subject const about = p.lmtp() ? subject::recipient : !p.each ? (may_challenge(p) ? subject::message_or_each : subject::message)
                              : p.confirmed < p.rcpts ? subject::recipient : subject::message_after_each;
        must(e.about == about, "the handler is asked about something else");
        return ask(p.asked.first().on);
    }
    void on(ehlo::abandoned const& a) {
        must(p.open, "abandoned, and there was nothing");
        must(a.recipients == p.rcpts, "abandoned with other recipients");
        p.open = false;
    }
    void on(ehlo::answered const& a) {
        state const from = p.server_was, to = p.server_was = p.server.where();
        bool const tagged = p.tagged, yes = p.said_yes;
        p.tagged = p.said_yes = false;
        if (p.shutting) {
            must(to == state::closed && a.sent.code == 421, "shut down, and not closed");
            if (!p.asked.empty()) p.asked.size = 0;
            p.told.push({event::shutdown, 0, 0, false, false, 421});
            p.expected.push({event::shutdown, 0, 0, false, false, 421});
            return;
        }
        must(!p.asked.empty(), "a reply to nothing");
        sent const s = p.asked.first();
        if (!a.line.empty() && s.line != 0 && hash_of(a.line) != s.line) wrong("answered another line than that written: ", a.line);
        if (a.early) wrong("the client did not wait for the reply to ", name(s.on));
        bool const each = p.lmtp() && ends_message(s.on);
        unsigned const due = each ? p.rcpts : p.each ? p.rcpts + 1u : 1;
        bool const begins = ends_message(s.on) && a.sent.code == 353, more = begins || (p.each && p.confirmed + 1u < due && a.sent.code != 421);
        if (!leads(from, a.event, a.sent.code, to, more || (each && p.confirmed + 1u < due)))
            wrong("the server went from ", name(from), " to ", name(to), " by ", name(a.event), " ", std::to_string(a.sent.code), ", which is no row");
        bool const required = a.fault && ((a.fault->code == ehlo::errc::tls_required && p.server.settings().require_tls) ||
                                          (a.fault->code == ehlo::errc::not_authenticated && p.server.settings().require_authentication));
        if (required) must(a.sent.code == 530 && !p.may_send(), "530, and nothing is lacking");
        if (a.fault && s.alone && !s.foreign && a.fault->code != ehlo::errc::auth_cancelled && !required)
            wrong("the server refused what the client thought to be in order: ", name(s.on), " ", name(a.fault->code));
        if (a.sent.code == 0) {
            must(due == 0, "a reply is missing");
            p.asked.pop();
            return;
        }
        must(p.confirmed < due, "a reply too many");
        bool const accepted = a.sent.code < 300, delivers = ends_message(s.on) && yes && accepted && !more;
        p.told.push({s.on, s.serial, p.confirmed, tagged && a.sent.code != 334 && !(accepted && (s.on == event::hello || s.on == event::helo)),
                     delivers, a.sent.code, more});
        p.expected.push({s.on, s.serial, p.confirmed, false, delivers && (!p.each || p.taken), a.sent.code, more});
        if (more) {
            must(p.server.knows(ehlo::fact::prdr), "353, and nobody asked");
            p.taken = p.taken || accepted;
            if (!begins) ++p.confirmed;
            p.each = true;
            return;
        }
        if (p.each) must(p.open == (accepted && p.taken), "PRDR: delivered and abandoned, or neither");
        p.each = p.taken = false;
        if (each && a.sent.code != 421) {
            p.stored = p.stored || accepted;
            if (++p.confirmed < due) return;
        }
        p.asked.pop();
        p.confirmed = 0;
        settle(s, accepted);
    }
    // What the reply to a command means for the handler.
    void settle(sent const& s, bool accepted) {
        if (ends_message(s.on)) {
            if (accepted || p.stored) p.open = false;
            if (p.open) wrong("a message was refused and not abandoned");
            p.rcpts = 0;
            p.stored = false;
        } else if (accepted && s.on == event::mail) {
            p.open = true;
            p.received = 2166136261U;
            p.rcpts = 0;
        } else if (accepted && s.on == event::rcpt) {
            ++p.rcpts;
        } else if (accepted && (s.on == event::rset || s.on == event::hello || s.on == event::helo)) {
            p.rcpts = 0;
        }
    }
};

// What the server says, for the observer: the replies that the server knows to have given, and what became of the messages.
inline void watch_server(pair& p, std::string_view octets) {
    if (octets.empty()) {
        must(p.expected.empty(), "a reply without octets");
        return;
    }
    witness::story const told = p.middle.show(ehlo::direction::from_server, octets, must);
    must(told.answered == p.expected.size, "the observer counts other replies");
    unsigned delivered = 0;
    for (std::size_t i = 0; i < told.answered; ++i) {
        auto const& seen = told.answers[i];
        said const& t = p.expected.items[i];
        must(seen.code == t.code, "the observer reads another code");
        delivered += t.delivers ? 1 : 0;
        if (p.middle.over || t.code == 421) continue;
        must(seen.sure && seen.to.has_value(), "the observer is not sure of a reply");
        if (*seen.to != t.on) wrong("the observer takes the reply to ", name(t.on), " for one to ", name(*seen.to));
    }
    if (told.odd) wrong("the observer calls it ", name(*told.odd));
    // In LMTP a message has more than one reply: it is delivered if one of them says so.
    p.middle.yes += delivered;
    must(p.lmtp() || p.middle.over || told.delivered == delivered, "the observer counts other messages");
    if (told.transactions != 0) {
        must(p.middle.over || (told.delivered != 0) == (p.middle.yes != 0), "the observer takes a message for delivered that was not, or was");
        p.middle.yes = 0;
    }
    for (std::size_t i = 0; i < told.answered; ++i) {
        event const e = p.expected.items[i].on;
        p.middle.over = p.middle.over || told.answers[i].code == 421 || (e == event::quit && told.answers[i].code < 400);
    }
    must(p.middle.over || p.middle.o.sure(), "the observer is out of step");
    p.expected.size = 0;
}
// What the client says: `on` is the command, `line` its octets without CRLF.
inline void watch_client(pair& p, std::string_view octets, bool line, std::optional<event> on) {
    witness::story const told = p.middle.show(ehlo::direction::from_client, octets, must);
    if (p.middle.over) return;
    must(told.commands == (line ? 1u : 0u), "the observer counts other commands");
    must(!told.unsure && p.middle.o.sure(), "the observer is not sure of a command");
    if (told.odd) wrong("the observer calls it ", name(*told.odd));
    if (line) must(told.line == hash_of(octets.substr(0, octets.size() - 2)), "the observer reads another line");
    if (line && on && told.event != *on && told.event != event::bdat) wrong("the observer takes ", name(*on), " for ", told.event ? name(*told.event) : "no command");
    bool const ends = on && ends_message(*on);
    must(told.ends == (ends ? 1u : 0u), "the observer finds another end of content");
    if (ends) must(p.middle.content == p.written, "the observer reads other content");
}

}  // namespace walking
