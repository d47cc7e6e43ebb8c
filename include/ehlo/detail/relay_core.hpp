// What a relay is: where the session is as the replies have it and as it will be, what is under way, and how the client is answered
// by the relay itself. Reading is done in detail/relay_replies.hpp, detail/relay_content.hpp and detail/relay_commands.hpp.
#pragma once

#include <ehlo/chunk.hpp>
#include <ehlo/detail/client_errors.hpp>
#include <ehlo/detail/event_queue.hpp>
#include <ehlo/line.hpp>
#include <ehlo/detail/observed_content.hpp>
#include <ehlo/detail/relay_say.hpp>
#include <ehlo/detail/server_replies.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// The octets of one call: it passes some on, and then it may drop others and produce what goes in their place. Then it ends.
struct relay_io {
    std::string_view in;
    writer out;
    std::size_t used = 0, passed = 0;
    bool ends = false, to_server = false;
    relay_want want = relay_want::octets;

    constexpr relay_io(std::string_view octets, std::span<char> room) noexcept : in(octets), out(room.data(), room.size()) {}
    constexpr std::string_view rest() const noexcept { return sub(in, used); }
    constexpr bool empty() const noexcept { return used == in.size(); }
    constexpr void pass(std::size_t n) noexcept { passed = used += n; }
    constexpr void drop(std::size_t n) noexcept {
        used += n;
        ends = true;
    }
    constexpr void drop_all() noexcept { drop(in.size() - used); }
    /// Ends the call. False, for those who return it.
    constexpr bool stop(relay_want w) noexcept {
        want = w;
        return false;
    }
    constexpr relayed done() const noexcept { return {used, passed, out.size(), to_server, want}; }
};

/// What is being answered.
struct relayed_command {
    event on = event::noop;
    v0::verb verb = verb::unknown;
    std::string_view line{};
    std::uint32_t secret = 0;
    fact_set brings{};
    std::optional<cmd::bdat> chunk{};
};

struct relay_chunk {
    std::uint64_t left = 0;
    std::uint32_t before = 0;       // replies that are due before its own
    bool under_way = false, last = false, binary = false;
    bool looked_at = false;         // its last octets, which wait for the handler
    bool answered = false;          // its reply came before its last octet
    std::optional<errc> fault{};    // none of it goes on
};

template <class... Own>
struct relay_core {
    using own = own_list<Own...>;
    using protocol = protocol_with<Own...>;
    using session = basic_session<protocol>;
    template <class H>
    static constexpr bool never_throws = relays_quietly<H, Own...>;

    policy const* settings;
    char const* name;
    std::uint64_t limit;            // octets of a message
    extensions offered{};           // to the client, by the latest EHLO
    session now, order;             // as the replies have it; if all that is under way is accepted
    event_queue under_way{};
    reply_reader replies{};
    line_reader lines{};
    content_watch body{};
    relay_chunk chunk{};
    std::uint64_t octets = 0;       // of decoded content
    client_errors errors{};
    std::uint32_t heard = 0;        // LMTP: recipients whose reply to the message has come
    std::uint16_t name_size;
    mechanisms usable{};
    std::uint8_t own_offered = 0;   // one bit for each command of the user's own that the client was offered
    bdat_finder finder{};           // in a line that is being thrown away
    std::optional<errc> spoilt{};   // why the content that is under way goes no further
    bool reads_content = false;
    bool after_made_line = false;   // CR or LF alone was made CRLF, and no octet has come since
    bool after_cr = false;          // the chunks so far end with a CR
    bool gone = false;              // there is no server any more
    bool own_auth = false;          // the exchange is the relay's own
    bool lmtp = false;
    bool stored = false;            // LMTP: for one recipient at least
    bool stale = false;             // a part of a reply lay there when nothing was under way
    bool auth_failed = false;       // an unknown command may be a password that was sent all the same

    constexpr relay_core(policy const& p, std::string_view relay_name) noexcept
        : settings(&p),
          name(relay_name.data()),
          limit(p.max_message),
          now(required_by(p)),
          order(now),
          name_size(static_cast<std::uint16_t>(relay_name.size() < 0xFFFF ? relay_name.size() : 0xFFFF)) {
        push(event::greeting, {});
    }
    /// HELP and EXPN may be said to any server: it answers them.
    constexpr extensions taken() const noexcept { return offered | extension::help | extension::expn; }
    /// Likewise what a handler answers: it need not be named.
    template <class H>
    constexpr bool takes_own(event e) const noexcept {
        return !own::lacks(e, static_cast<std::uint8_t>(own_offered | own_ends<H, Own...>()));
    }
    constexpr std::string_view relay_name() const noexcept { return {name, name_size}; }
    constexpr bool has_room(relay_io const& t) const noexcept { return t.out.room() >= settings->reply_space; }

    // --- what is under way ---

    // RFC 2033 4.2, 4.3.
    constexpr std::uint32_t replies_due_now(event e) const noexcept { return lmtp && ends_message(e) ? now.recipients_owed() : 1; }

    constexpr void push(event e, fact_set brings) noexcept {
        under_way.push(e, brings);
        accept(order, e, brings);
        skip_unanswered();
    }
    // What has no reply is over as soon as it is the first under way.
    constexpr void skip_unanswered() noexcept {
        while (!under_way.empty() && replies_due_now(under_way.first()) == 0) [[unlikely]] {
            now.settle(event_answered(now, under_way.first()), answer::refused);
            pop();
        }
        if (under_way.empty()) order = now;
    }
    constexpr void pop() noexcept {
        under_way.pop();
        if (chunk.before != 0) --chunk.before;
        else if (chunk.under_way && !chunk.fault) chunk.answered = true;
    }
    constexpr std::uint32_t replies_due_in_all() const noexcept {
        std::uint32_t all = 0;
        under_way.each([&all](event, fact_set, unsigned count) noexcept { all += count; });
        return all;
    }
    // The session is answered: both of what it is, where nothing else is under way.
    constexpr change settle(event e, unsigned code, fact_set brings = {}) noexcept {
        change const what = now.settle(e, code, brings);
        if (!now.knows(fact::extended)) offered = {}, own_offered = 0;
        if (now.over()) {
            under_way.clear();
            reads_content = false;
            chunk = relay_chunk();
        }
        if (under_way.empty()) order = now;
        return what;
    }

    template <class H>
    constexpr void tell(H& h, relayed_command const& a, std::optional<failure> const& fault, reply const& r) const {
        if constexpr (handles<H, answered>) h.on(answered{a.verb, a.on, fault, r, strict, a.line, a.secret, false});
        else static_cast<void>(h), static_cast<void>(a), static_cast<void>(fault), static_cast<void>(r);
    }

    // --- the relay's own replies: nothing else is under way ---

    // Whether the client is told a yes that is not the server's.
    static constexpr bool may_say_yes(event e) noexcept {
        constexpr event_set harmless = event::noop | event::help | event::vrfy | event::expn | event::quit, ends = event::starttls | event::auth | event::response;
        return harmless.has(e) || ends.has(e) || own::moves_nothing(e);
    }
    template <class H>
    constexpr void conclude(relay_io& t, H& h, relayed_command const& a, reply r, std::optional<failure> fault, bool moves = true) {
        t.ends = true;
        unsigned const first = r.code / 100;
        bool const fits = first >= 2 && first <= 5 && now.fits(a.on, answer_of(r.code));
        if (!fault && (!fits || (first < 4 && !may_say_yes(a.on)))) {
            fault = fail(errc::bad_value, 0);
            r = replies::try_later;
        }
        if (a.on == event::starttls && r.accepted()) r.code = 220;
        bool const hello = a.on == event::hello || a.on == event::helo;
        bool const plain = hello || !offered.has(extension::enhanced_status_codes);   // RFC 2034 4
        if (plain) r.enhanced = {};
        else if (!r.enhanced && first != 3) add_status(r);
        if (!write_within(t.out, r, settings->reply_space)) fault = write_without_text(t.out, plain, r);
        if (!fault) errors.note_reply(a.on, r.accepted());
        if (a.verb == verb::auth) auth_failed = !r.accepted();
        event const e = r.code == 421 ? event::shutdown : a.on;
        if (moves || e == event::shutdown) settle(e, r.code, a.brings);
        tell(h, a, fault, r);
    }
    // `may_be_chunk`: what follows may be a chunk of unknown size, so the next command cannot be found.
    template <class H>
    constexpr void refuse(relay_io& t, H& h, relayed_command a, failure f, bool moves, bool may_be_chunk = false) {
        bool const fatal = errors.note_refusal(a.on, a.verb, f, settings->max_errors) || may_be_chunk;
        if (fatal) a.on = event::shutdown;
        conclude(t, h, a, reply_for(f, a.verb), f, moves || fatal);
    }
    // 421, whatever is under way, if there is room for it and a client that can hear it.
    template <class H>
    constexpr void shut_down(relay_io& t, H& h, reply r) {
        if (!now.over() && now.check(event::secured)) {
            if (!offered.has(extension::enhanced_status_codes)) r.enhanced = {};
            if (!write_reply(t.out, r)) r = reply();
            tell(h, {event::shutdown}, fail(errc::session_over, 0), r);
        }
        settle(event::shutdown, 421);
    }
    // Another message, of which nothing has come.
    constexpr void begin_content() noexcept {
        body = content_watch();
        octets = 0;
        after_made_line = after_cr = false;
    }
};

inline constexpr reply server_is_gone = "421 4.4.2 Lost the connection to the server, closing the channel";

}  // namespace ehlo::detail
