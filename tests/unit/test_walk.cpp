// Client and server together: a search over all that the two can do to each other, and a random walk that goes deeper.
//
// Both machines are values, and so is a pair of them with the octets under way: each way out of a pair is tried on a copy. What must
// hold is known from the outside: which commands were written and not answered, and which replies are under way.
#include "catch.hpp"
#include "generate.hpp"
#include "witness.hpp"

#include <ehlo/ehlo.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using ehlo::event;
using ehlo::state;
using ehlo::verdict;
using ehlo::want;

// Thrown where something does not hold; the search adds the way that led there.
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

struct fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};
void must(bool holds, std::string_view what) {
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
std::string_view text_of(few<char, Most> const& f, std::size_t most = static_cast<std::size_t>(-1)) {
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
bool may_challenge(pair const& p) {
    if (p.asked.empty()) return false;
    event const e = p.asked.first().on;
    return e == event::auth || e == event::response || (ends_message(e) && p.server.knows(ehlo::fact::prdr) && p.rcpts > 1 && !p.each);
}

// Whether the table leads from one state to the other by this event. A BDAT has no reply of its own. `each`: other replies to it follow.
bool leads(state from, event e, unsigned code, state to, bool each = false) {
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
void watch_server(pair& p, std::string_view octets) {
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
void watch_client(pair& p, std::string_view octets, bool line, std::optional<event> on) {
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

void take(pair& p, ehlo::step const& s, char const* out) {
    must(s.consumed <= p.to_server.size, "consumed more than there was");
    p.to_server.pop(s.consumed);
    watch_server(p, {out, s.produced});
    for (std::size_t i = 0; i < s.produced; ++i) p.to_client.push(out[i]);
    p.server_was = p.server.where();
    must(s.want != want::write && s.want != want::room, "there was room enough");
    must((s.want == want::close) == p.server_closed(), "closed, and goes on");
    must((s.want == want::reply) == p.waits.has_value(), "waits for an answer, or does not");
    if (p.server_closed()) {
        // In LMTP a message that was stored for one recipient is not abandoned.
        must(p.open == p.stored, "closed, and a transaction was not abandoned");
        p.open = p.stored = p.each = p.taken = false;
        p.to_server.size = p.asked.size = 0;
    }
}
// The server reads all octets under way, or so many. False: the handler was not asked.
bool read(pair& p, way choice, std::size_t most = static_cast<std::size_t>(-1), bool chosen = false) {
    handler h{p, choice, chosen};
    char out[1400];
    ehlo::step const s = p.server.advance(text_of(p.to_server, most), h, out);
    take(p, s, out);
    return h.chosen && !chosen;
}
void answer(pair& p, way choice) {
    event const e = *p.waits;
    handler h{p, choice, true};
    char out[1400];
    p.waits.reset();
    p.tagged = choice != way::challenge;
    p.said_yes = choice == way::yes;
    std::string_view const tag = tags[p.asked.first().serial];
    bool const auth = e == event::auth || e == event::response;
    ehlo::step const s = auth ? p.server.answer(handler::say_auth(choice, e, tag), h, out) : p.server.answer(handler::say(choice, e, tag), h, out);
    take(p, s, out);
}

// The client reads a reply, if there is a whole one in so many octets.
bool hear(pair& p, std::size_t most = static_cast<std::size_t>(-1)) {
    state const from = p.client.where();
    std::optional<event> const awaited = p.client.awaits();
    auto const r = p.client.receive(text_of(p.to_client, most));
    if (r.failed()) wrong("the client does not take a reply: ", name(r.error().code));
    if (r.need_more()) return false;
    must(!p.told.empty(), "a reply that nobody gave");
    said const t = p.told.first();
    p.told.pop();
    must(r->reply.code() == t.code, "another reply than that given");
    // What came, in part, before the command was written is no answer to it, but to all, or to the content that is being written.
    bool const to_content = r->to == event::content_end || r->to == event::chunk_end || r->to == event::last_chunk_end;
    if (t.code == 421) must(r->to == awaited.value_or(r->to) || r->to == event::shutdown || to_content, "421 is no answer to what is awaited");
    else if (r->to != t.on) wrong("the reply to ", name(t.on), " is counted for ", name(r->to));
    if (t.tagged && r->reply.octets().find(tags[t.serial]) == std::string_view::npos) wrong("the reply to another ", name(t.on));
    if (p.lmtp() && ends_message(t.on) && t.code != 421) must(r->recipient == t.recipient, "the reply for another recipient");
    must(r->more == t.more && (!t.more || r->recipient == t.recipient), "PRDR: the reply for another recipient");
    must((verdict_of(*r) == verdict::delivered) == t.delivers, "the client and the handler do not agree over a message");
    // What follows it may be without a reply: the last chunk for nobody.
    if (!leads(from, r->to, t.code, p.client.where(), t.more) && !p.lmtp())
        wrong("the client went from ", name(from), " to ", name(p.client.where()), " by ", name(r->to), ", which is no row");
    must(t.code != 421 || p.client.over(), "421, and the client goes on");
    p.to_client.pop(r.consumed);
    return true;
}

// A command of the client. False, and nothing has happened: it would not write it.
bool call(pair& p, way w, limits const& l) {
    char buffer[128];
    ehlo::writer out(buffer);
    std::uint8_t const serial = static_cast<std::uint8_t>((p.serial + 1) % 8);
    std::string_view const n = tags[serial].substr(4);
    bool const alone = p.asked.empty() && p.told.empty();
    unsigned const under_way = p.asked.size + p.told.size + 0u;
    bool const more = w == way::octets || w == way::end;
    if (!more && under_way >= l.under_way) return false;
    char address[] = "<0@b>";
    address[1] = n[0];
    std::optional<event> on;
    bool wrote = false, foreign = false;
    std::uint8_t other = 0;
    auto const command = [&](ehlo::result<std::size_t> const& r, event e) {
        wrote = r.has_value();
        on = e;
        must(wrote ? out.size() == *r && out.size() != 0 : out.size() == 0, "refused, and written; or nothing written");
    };
    ehlo::client& c = p.client;
    std::uint64_t const left = c.chunk_left();
    switch (w) {
    case way::hello: command(c.hello(out, "me.example"), event::hello); break;
    case way::helo: foreign = p.lmtp(); command(c.helo(out, "me.example"), event::helo); break;
    case way::lhlo: foreign = !p.lmtp(); command(c.lhlo(out, "me.example"), event::hello); break;
    case way::mail: command(c.mail(out, address), event::mail); break;
    case way::mail_binary: {
        if (!l.binary) return false;
        ehlo::mail_options o;
        o.body = ehlo::body::binary_mime;
        other = 1;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::mail_utf8: {
        if (!l.utf8) return false;
        ehlo::mail_options o;
        o.smtputf8 = true;
        other = 2;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::mail_prdr: {
        if (!l.prdr) return false;
        ehlo::mail_options o;
        o.prdr = true;
        other = 3;
        command(c.mail(out, address, o), event::mail);
        break;
    }
    case way::xclient:
        if (!l.xclient) return false;
        command(c.xclient(out, "NAME=x"), event::xclient);
        break;
    case way::rcpt:
        if (p.rcpts_written >= l.recipients) return false;
        // Where SMTPUTF8 was asked for, a domain that needs it (RFC 6531 3.3).
        command(p.utf8 ? c.rcpt(out, std::string(address, 3) + "\xC3\xA9>") : c.rcpt(out, address), event::rcpt);
        break;
    case way::data: command(c.data(out), event::data); break;
    case way::bdat: command(c.bdat(out, chunk_text.size(), false), event::bdat); break;
    case way::last: command(c.bdat(out, chunk_text.size(), true), event::bdat); break;
    case way::empty_last: command(c.bdat(out, 0, true), event::last_chunk_end); break;
    case way::auth: if (l.security) command(c.auth(out, ehlo::mechanism::cram_md5), event::auth); break;
    case way::auth_initial: if (l.security) other = 1, command(c.auth(out, "EXTERNAL", response_octets), event::auth); break;
    case way::response: command(c.auth_response(out, response_octets), event::response); break;
    case way::cancel: other = 1; command(c.auth_cancel(out), event::response); break;
    case way::starttls: if (l.security) command(c.starttls(out), event::starttls); break;
    case way::rset: command(c.rset(out), event::rset); break;
    case way::noop: command(c.noop(out, n), event::noop); break;
    case way::vrfy: command(c.vrfy(out, n), event::vrfy); break;
    case way::quit: command(c.quit(out), event::quit); break;
    case way::octets: {
        if (left == 0 && p.wrote_content) return false;
        // Of a chunk in two halves.
        auto const half = static_cast<std::size_t>(left / 2 + left % 2), gone = chunk_text.size() - static_cast<std::size_t>(left);
        std::string_view const text = left == 0 ? content_text : chunk_text.substr(gone, half);
        auto const r = c.content(text, out);
        wrote = !r.failed();
        must(wrote ? r.consumed == text.size() : out.size() == 0, "content was written in part");
        if (wrote) p.written = hash_of(text, p.written);
        if (wrote && left == 0) p.wrote_content = true;
        if (wrote && left != 0 && c.chunk_left() == 0) on = p.last_chunk ? event::last_chunk_end : event::chunk_end;
        break;
    }
    case way::end: {
        auto const r = c.end_content(out);
        wrote = r.done();
        must(wrote || out.size() == 0, "the end was written in part");
        on = event::content_end;
        break;
    }
    default: return false;
    }
    if (!wrote) return false;
    std::string_view const text = out.text();
    if (p.server_closed()) return true;
    for (char const o : text) p.to_server.push(o);
    watch_client(p, text, w != way::octets && w != way::end, on);
    if (on == event::bdat) {
        p.last_chunk = w == way::last;
        p.chunk_alone = alone;
    }
    if (!on || on == event::bdat) return true;
    p.serial = serial;
    bool const line = w != way::octets && w != way::end;
    p.asked.push({*on, serial, w == way::octets ? p.chunk_alone : alone, other, foreign, line && *on != event::last_chunk_end ? hash_of(text.substr(0, text.size() - 2)) : 0, p.written});
    if (*on == event::mail) {
        p.rcpts_written = 0;
        p.wrote_content = false;
        p.utf8 = other == 2;
        p.written = 2166136261U;
    }
    if (*on == event::rcpt) ++p.rcpts_written;
    return true;
}

// Goes one way. False: there is none.
bool go(pair& p, way w, limits const& l) {
    if (w == way::hear) return !p.told.empty() && hear(p);
    if (is_answer(w)) {
        if (p.server_closed()) return false;
        if (p.waits) {
            if (w == way::challenge && !may_challenge(p)) return false;
            answer(p, w);
            p.again = !p.server_closed();
            return true;
        }
        if (p.to_server.empty() && p.server.where() != state::connected && !p.again) return false;
        p.again = false;
        if (w == way::challenge && !may_challenge(p)) return false;
        // Where the handler is not asked there is one way only.
        return read(p, w) || w == way::yes;
    }
    if (w == way::secure) {
        if (p.client.where() != state::handshake || p.server.where() != state::handshake) return false;
        must(p.told.empty() && p.asked.empty() && p.to_server.empty() && p.to_client.empty(), "a handshake among other octets");
        must(p.client.secured(), "the client does not expect the handshake");
        must(p.middle.o.opaque(), "the observer does not expect the handshake");
        p.middle.o.secured();
        p.server.secured();
        p.server_was = p.server.where();
        return true;
    }
    if (w == way::shut_down) {
        if (p.server_closed()) return false;
        bool const handshake = p.server.where() == state::handshake;
        handler h{p, way::yes};
        char out[1400];
        p.shutting = true;
        p.waits.reset();
        p.again = false;
        take(p, p.server.shut_down(h, out), out);
        p.shutting = false;
        // Nothing can be heard: the connection is closed, and that is all.
        if (handshake) {
            p.told.size = p.to_client.size = 0;
            p.client.disconnected();
        }
        return true;
    }
    return is_call(w) && call(p, w, l);
}

// The connection, or TLS, is lost now: what both make of it.
void lose(pair const& before, bool tls) {
    pair p = before;
    bool end_written = false, taken = false;
    for (std::size_t i = 0; i < p.asked.size; ++i) end_written |= ends_message(p.asked.items[i].on);
    for (std::size_t i = 0; i < p.told.size; ++i) {
        end_written |= ends_message(p.told.items[i].on);
        taken |= p.told.items[i].delivers;
    }
    bool const over = p.client.over();
    bool const awaits = p.client.awaits().has_value();
    verdict const v = tls ? p.client.tls_lost() : p.client.disconnected();
    if (!over) {
        must(!taken || v == verdict::unknown, "a message was taken, and its client does not hold it for possible");
        must(v != verdict::unknown || awaits, "unknown, and nothing was under way");
        // In LMTP the end of a message for nobody has no reply, which its client may not know yet.
        must(v != verdict::unknown || end_written || p.server_closed() || p.lmtp(), "unknown, and no end was written");
    }
    must(p.client.over(), "lost, and the client goes on");
    char buffer[128];
    ehlo::writer out(buffer);
    must(!p.client.noop(out) && !p.client.rset(out) && p.client.content("x", out).failed() && out.size() == 0, "written after the end");
    p.shutting = true;
    handler h{p, way::yes};
    if (tls) p.server.tls_lost(h);
    else p.server.disconnected(h);
    must(p.server_closed() && p.open == p.stored, "lost, and the server goes on, or a transaction was not abandoned");
}

// What must hold in each pair.
void look(pair const& p) {
    bool const quiet = p.asked.empty() && p.told.empty() && p.to_server.empty() && !p.waits && !p.again && p.client.chunk_left() == 0;
    must(p.server_closed() || !p.told.empty() || p.to_client.empty(), "octets of no reply");
    if (p.server_closed()) {
        must(!p.told.empty() || p.client.over(), "the server is gone, and said nothing");
        return;
    }
    must(!p.client.over(), "the client is gone, and said nothing");
    bool const stuck = p.told.empty() && p.to_server.empty() && !p.waits && !p.again && p.client.chunk_left() == 0 && !p.asked.empty() &&
                       p.server.where() != state::connected;
    if (stuck) wrong("both wait: the client for the reply to ", name(p.asked.first().on));
    if (!quiet) return;
    if (p.client.awaits()) wrong("the client waits for the reply to ", name(*p.client.awaits()), ", which has no other");
    if (p.client.where() != p.server.where()) wrong("the client is in ", name(p.client.where()), " and the server in ", name(p.server.where()));
    for (unsigned f = 0; f < ehlo::fact_count; ++f)
        if (p.client.knows(static_cast<ehlo::fact>(f)) != p.server.knows(static_cast<ehlo::fact>(f)))
            wrong("one knows and the other does not: ", name(static_cast<ehlo::fact>(f)));
    must(p.client.recipients() == p.server.recipients(), "they count other recipients");
    bool const has = p.client.where() == state::rcpt || p.client.where() == state::content || p.client.where() == state::chunks;
    must(p.client.recipients() == (has ? p.rcpts : 0u), "they count other recipients than were accepted");
    must(p.open == in_transaction(p.server.where()), "the handler and the session do not agree over the transaction");
    must(!p.open || p.may_send(), "a transaction without what is required");
    must(!p.server.knows(ehlo::fact::smtputf8) || p.open, "SMTPUTF8 outlives its transaction");
}

// What can be seen of a pair; `allowed`: which commands the client would write.
std::uint64_t key_of(pair const& p, std::uint32_t allowed) {
    std::uint64_t a = 0x9E3779B97F4A7C15U;
    auto const add = [&a](std::uint64_t x) {
        a = (a ^ x) * 0xBF58476D1CE4E5B9U;
        a ^= a >> 29;
    };
    ehlo::client const& c = p.client;
    auto const& s = p.server;
    add(static_cast<unsigned>(c.where()) | c.known().bits << 8 | std::uint64_t{c.recipients()} << 16 | (c.over() ? 1U << 24 : 0U) |
        (c.awaits() ? 1 + static_cast<std::uint64_t>(*c.awaits()) : 0) << 32 | c.chunk_left() << 40);
    add(c.offers().offered.bits);
    std::uint64_t known = 0;
    for (unsigned f = 0; f < ehlo::fact_count; ++f) known |= s.knows(static_cast<ehlo::fact>(f)) ? 1U << f : 0U;
    add(static_cast<unsigned>(s.where()) | known << 8 | std::uint64_t{s.recipients()} << 16 |
        (p.waits ? 1 + static_cast<std::uint64_t>(*p.waits) : 0) << 24 | std::uint64_t{p.to_server.size} << 32);
    add(allowed);
    add(p.rcpts_written | unsigned{p.rcpts} << 4 | unsigned{p.confirmed} << 8 | unsigned{p.open} << 12 | unsigned{p.stored} << 13 |
        unsigned{p.wrote_content} << 14 | unsigned{p.last_chunk && c.chunk_left() != 0} << 15 |
        unsigned{p.again} << 16 | unsigned{p.utf8} << 17 | unsigned{p.each} << 18 | unsigned{p.taken} << 19);
    for (std::size_t i = 0; i < p.asked.size; ++i)
        add(static_cast<unsigned>(p.asked.items[i].on) | unsigned{p.asked.items[i].other} << 8 | unsigned{p.asked.items[i].alone} << 9 |
            unsigned{p.asked.items[i].foreign} << 10 | 1U << 16);
    for (std::size_t i = 0; i < p.told.size; ++i)
        add(static_cast<unsigned>(p.told.items[i].on) | unsigned{p.told.items[i].code} << 8 | 1U << 20 | unsigned{p.told.items[i].more} << 21);
    return a;
}

struct walk {
    limits l;
    bool cuts = false;                  // every way of octets, cut at every place, too
    std::size_t most_pairs = 20000000;

    struct place {
        std::uint32_t from;
        way by;
    };
    std::vector<place> places{};
    std::vector<std::uint32_t> leads_to{};   // by the first way there is: what is under way is read, and then the session ended
    std::unordered_map<std::uint64_t, std::uint32_t> known{};
    std::deque<pair> next{};
    std::size_t ways = 0, cut_ways = 0, losses = 0, each = 0;   // `each`: pairs between the replies of PRDR

    std::string way_to(std::uint32_t n) const {
        std::string text;
        for (; n != 0; n = places[n].from) text = " > " + std::string(way_names[static_cast<unsigned>(places[n].by)]) + text;
        return text;
    }
    std::uint32_t allowed(pair const& p) const {
        std::uint32_t all = 0;
        for (unsigned w = 0; w < way_count; ++w) {
            if (!is_call(static_cast<way>(w))) continue;
            pair q = p;
            q.to_server.size = 0;   // room
            q.asked.size = q.told.size = 0;
            limits wide = l;
            wide.recipients = 255;
            if (call(q, static_cast<way>(w), wide)) all |= 1U << w;
            else must(q.client.where() == p.client.where() && q.client.awaits() == p.client.awaits(), "refused, and moved");
        }
        return all;
    }
    std::uint32_t find(pair const& p, std::uint32_t from, way by) {
        auto const [at, is_new] = known.emplace(key_of(p, allowed(p)), static_cast<std::uint32_t>(places.size()));
        if (is_new) {
            places.push_back({from, by});
            leads_to.push_back(0);
            next.push_back(p);
            each += p.each ? 1 : 0;
        }
        return at->second;
    }
    // The same way with the octets cut everywhere must come to the same.
    void cut(pair const& p, way w, std::uint64_t whole) {
        std::size_t const size = w == way::hear ? p.to_client.size : p.to_server.size;
        for (std::size_t n = 1; n < size; ++n) {
            pair q = p;
            if (w == way::hear) {
                if (!hear(q, n)) must(hear(q), "a reply in two pieces is none");
            } else {
                q.again = false;
                bool const chosen = read(q, w, n);
                if (!q.server_closed()) read(q, w, static_cast<std::size_t>(-1), chosen);
            }
            ++cut_ways;
            if (key_of(q, allowed(q)) != whole) wrong("cut after ", std::to_string(n), " octets it comes to something else");
        }
    }
    void run() {
        pair const first(l.settings);
        find(first, 0, way::hear);
        std::uint32_t at = 0, way_now = 0;
        WALK_TRY {
            for (; !next.empty() && places.size() < most_pairs; ++at) {
                pair const p = next.front();
                next.pop_front();
                way_now = way_count;
                look(p);
                if (p.done()) {
                    leads_to[at] = at;
                    continue;
                }
                lose(p, false);
                lose(p, true);
                losses += 2;
                bool some = false;
                for (unsigned w = 0; w < way_count; ++w) {
                    way_now = w;
                    pair q = p;
                    if (!go(q, static_cast<way>(w), l)) continue;
                    ++ways;
                    std::uint32_t const to = find(q, at, static_cast<way>(w));
                    if (!some) leads_to[at] = to;
                    some = true;
                    if (cuts && (w == 0 || (is_answer(static_cast<way>(w)) && !p.waits))) cut(p, static_cast<way>(w), key_of(q, allowed(q)));
                }
                way_now = way_count;
                must(some, "there is nothing to do");
            }
            if (next.empty()) ends(at);
        } WALK_CATCH(f) {
            FAIL(f.what() << ": " << way_to(at) << " > " << (way_now < way_count ? way_names[way_now] : "(there)"));
        }
    }
    // From each pair the first ways lead to the end.
    void ends(std::uint32_t& at) const {
        std::vector<std::uint8_t> good(places.size());
        for (std::uint32_t i = 0; i < places.size(); ++i) {
            std::vector<std::uint32_t> trail;
            for (at = i; good[at] == 0; at = leads_to[at]) {
                good[at] = 1;
                if (leads_to[at] == at) good[at] = 2;
                trail.push_back(at);
            }
            must(good[at] == 2, "it goes round and round");
            for (std::uint32_t const t : trail) good[t] = 2;
        }
    }
};

constexpr ehlo::policy walked(ehlo::service service) {
    ehlo::policy p;
    p.service = service;
    p.offers = p.offers | ehlo::extension::pipelining | ehlo::extension::enhanced_status_codes | ehlo::extension::chunking |
               ehlo::extension::binary_mime | ehlo::extension::starttls | ehlo::extension::auth;
    p.max_errors = 0xFFFFFFFF;
    return p;
}

void take_walk(std::string_view title, walk& w) {
    auto const begin = std::chrono::steady_clock::now();
    w.run();
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - begin;
    std::printf("walk, %s: %zu pairs, %zu ways, %zu cut, %.1f s\n", std::string(title).c_str(), w.places.size(), w.ways, w.cut_ways, seconds.count());
    CHECK(w.next.empty() == (w.most_pairs > w.places.size()));
}

// Goes on until the end, many messages later; octets come in pieces of any size. What follows a way is looked at as in the walk.
struct wanderer {
    generate::rng& r;
    limits l;
    pair p;
    std::size_t shown_server = 0, shown_client = 0;   // octets that were seen and not consumed
    std::string trail{};
    std::size_t steps = 0, messages = 0;   // delivered

    bool step(way w) {
        if (w == way::hear) {
            if (p.to_client.empty() || p.told.empty()) return false;
            std::size_t const n = r.between(shown_client < 1 ? 1 : shown_client, p.to_client.size), size = p.to_client.size;
            bool const delivers = p.told.first().delivers;
            shown_client = hear(p, n) ? n - (size - p.to_client.size) : n;
            if (p.to_client.size < size && delivers) ++messages;
            return true;
        }
        if (is_answer(w) && !p.waits) {
            if (p.server_closed() || (w == way::challenge && !may_challenge(p))) return false;
            if (p.to_server.size < shown_server) wrong("consumed what it was not shown");
            if (p.to_server.size == shown_server && p.server.where() != state::connected && !p.again) return false;
            p.again = false;
            std::size_t const n = r.between(shown_server, p.to_server.size), size = p.to_server.size;
            read(p, w, n);
            shown_server = p.server_closed() ? 0 : n - (size - p.to_server.size);
            return true;
        }
        std::size_t const size = p.to_server.size;
        if (!go(p, w, l)) return false;
        if (is_answer(w)) shown_server = p.server_closed() ? 0 : shown_server - (size - p.to_server.size);
        if (w == way::shut_down || w == way::secure) shown_server = 0;
        return true;
    }
    void run(std::size_t most) {
        WALK_TRY {
            for (std::size_t idle = 0; !p.done() && steps < most;) {
                look(p);
                if (r.one_in(50)) lose(p, r.one_in(2));
                way w = static_cast<way>(r.below(way_count));
                if (w == way::no || w == way::no_for_now) w = r.one_in(3) ? w : way::yes;
                if ((w == way::bye || w == way::quit || w == way::shut_down) && !r.one_in(60)) continue;
                if ((w == way::rset || w == way::hello || w == way::helo || w == way::lhlo) && p.client.where() != state::greeted && !r.one_in(20)) continue;
                pair const before = p;
                if (!step(w)) {
                    p = before;
                    must(++idle < 20000, "there is nothing to do");
                    continue;
                }
                idle = 0;
                ++steps;
                trail += " > " + std::string(way_names[static_cast<unsigned>(w)]);
            }
        } WALK_CATCH(f) {
            FAIL(f.what() << ": " << trail.substr(trail.size() > 3000 ? trail.size() - 3000 : 0));
        }
    }
};

void wander(ehlo::policy const& settings, std::uint64_t seed) {
    generate::rng r(seed);
    std::size_t steps = 0, messages = 0;
    for (int i = 0; i < generate::drawn(4000); ++i) {
        limits const l{.settings = settings, .under_way = 6, .recipients = 3, .utf8 = true, .xclient = true, .prdr = true};
        wanderer w{.r = r, .l = l, .p = pair(settings)};
        w.run(600);
        steps += w.steps;
        messages += w.messages;
    }
    std::printf("random walk: %zu steps, %zu messages\n", steps, messages);
    CHECK(messages > 0);
}

constexpr ehlo::policy smtp_walked = walked(ehlo::service::smtp), lmtp_walked = walked(ehlo::service::lmtp);
constexpr ehlo::policy requiring(bool tls, bool authentication) {
    ehlo::policy p = smtp_walked;
    p.require_tls = tls;
    p.require_authentication = authentication;
    return p;
}
constexpr ehlo::policy requires_tls = requiring(true, false), requires_authentication = requiring(false, true), requires_both = requiring(true, true);
constexpr ehlo::policy with_xclient = [] {
    ehlo::policy p = requires_authentication;
    p.offers = p.offers | ehlo::extension::xclient;
    return p;
}();
constexpr ehlo::policy with_prdr = [] {
    ehlo::policy p = smtp_walked;
    p.offers = p.offers | ehlo::extension::prdr;
    return p;
}();
constexpr ehlo::policy without_pipelining = [] {
    ehlo::policy p = smtp_walked;
    p.offers = p.offers - ehlo::extension::pipelining;
    return p;
}();

}  // namespace

// A part of each walk where nothing is optimised or a sanitizer runs; all of it elsewhere.
constexpr std::size_t most(std::size_t pairs) { return generate::draws_few ? 8000 : pairs; }

TEST_CASE("client and server, all there is, two commands under way: SMTP") {
    walk w{.l = {.settings = smtp_walked, .under_way = 2}, .most_pairs = most(20000000)};
    take_walk("SMTP", w);
}
TEST_CASE("client and server, all there is, two commands under way: LMTP") {
    walk w{.l = {.settings = lmtp_walked, .under_way = 2}, .most_pairs = most(20000000)};
    take_walk("LMTP", w);
}
TEST_CASE("client and server, all there is, without PIPELINING") {
    walk w{.l = {.settings = without_pipelining, .under_way = 2}};
    take_walk("without PIPELINING", w);
}
TEST_CASE("client and server, all there is: TLS, authentication and both of them required (RFC 3207 4, RFC 4954 4)") {
    for (ehlo::policy const* p : {&requires_tls, &requires_authentication, &requires_both}) {
        walk w{.l = {.settings = *p, .under_way = 2, .binary = false}, .most_pairs = most(200000)};
        take_walk("required", w);
    }
}
TEST_CASE("client and server, all there is: SMTPUTF8 (RFC 6531), and XCLIENT where authentication is required") {
    walk utf8{.l = {.settings = smtp_walked, .under_way = 2, .security = false, .utf8 = true}, .most_pairs = most(200000)};
    take_walk("SMTPUTF8", utf8);
    walk again{.l = {.settings = with_xclient, .under_way = 2, .binary = false, .utf8 = true, .xclient = true}, .most_pairs = most(200000)};
    take_walk("XCLIENT", again);
}
TEST_CASE("client and server, all there is: a reply for each recipient (draft-hall-prdr-00)") {
    walk w{.l = {.settings = with_prdr, .under_way = 2, .binary = false, .security = false, .prdr = true}, .most_pairs = most(400000)};
    take_walk("PRDR", w);
    CHECK((w.each > 0 || generate::draws_few));
    walk cut{.l = {.settings = with_prdr, .under_way = 2, .binary = false, .security = false, .prdr = true}, .cuts = true, .most_pairs = generate::draws_few ? 500u : 6000u};
    take_walk("PRDR, cut", cut);
}
TEST_CASE("client and server, four commands under way: SMTP") {
    walk w{.l = {.settings = smtp_walked, .under_way = 4, .security = false}, .most_pairs = most(400000)};
    take_walk("SMTP, 4", w);
}
TEST_CASE("client and server, four commands under way: LMTP") {
    walk w{.l = {.settings = lmtp_walked, .under_way = 4, .security = false}, .most_pairs = most(400000)};
    take_walk("LMTP, 4", w);
}
TEST_CASE("client and server, every way of octets cut at every octet") {
    for (ehlo::policy const* p : {&smtp_walked, &lmtp_walked}) {
        walk w{.l = {.settings = *p, .under_way = 3}, .cuts = true, .most_pairs = generate::draws_few ? 500u : 6000u};
        take_walk("cut", w);
    }
}
TEST_CASE("client and server, a random walk") {
    wander(smtp_walked, 5321);
    wander(lmtp_walked, 2033);
    wander(with_xclient, 4954);
    wander(with_prdr, 353);
}
