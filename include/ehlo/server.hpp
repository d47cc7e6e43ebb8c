// The server machine: octets in, calls to a handler, octets out. No I/O: the caller's event loop drives it.
//
// Calls, and their order:
//   advance        first with no input (it writes the greeting), then whenever octets have come; until it wants something else
//   answer         what the handler put off, when want::reply
//   secured        the TLS handshake is over, when want::tls; or before the greeting, if TLS was there from the beginning
//   tls_lost, disconnected, shut_down     at any time; then the session is over
// The order of commands is not decided here: session.hpp's table is asked (check, fits), and moves the session (settle).
// Where a state is looked at, it is to say which reader gets the octets (readers_of_states), or whether there is something to be
// abandoned. detail/server_core.hpp is what a session consists of, and answers; detail/server_commands.hpp and
// detail/server_content.hpp read.
#pragma once

#include <ehlo/handler.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/detail/server_commands.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a server wants next.
enum class want : std::uint8_t {
    read,   ///< more input
    write,  ///< send what was produced, and call again with the rest of the input
    room,   ///< an output of reply_space octets: this one was smaller, and sending would not help; then as `write`
    reply,  ///< the answer that a handler put off with reply::later
    tls,    ///< send what was produced, do the TLS handshake, call `secured` (RFC 3207 4); no octet may be left over
    turn,   ///< send what was produced; from now on the peer is the server (RFC 2645 5.3), and this session is over
    close,  ///< send what was produced, and close the connection
};

inline constexpr std::size_t want_count = 7;
inline constexpr std::string_view want_names[want_count] = {"read", "write", "room", "reply", "tls", "turn", "close"};
constexpr std::string_view name(want w) noexcept { return want_names[static_cast<unsigned>(w)]; }
static_assert(detail::names_all<want>(want_names), "a want has no name");

/// What a call did: discard `consumed` octets of the input, send `produced` octets of the output, then do what it wants.
struct [[nodiscard]] step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    v0::want want = want::read;
};

namespace detail {
// The octets of an output whose size is part of its type; all others are dynamic_extent.
template <class Out>
constexpr std::size_t known_size() noexcept {
    if constexpr (requires(Out& out) { std::span(out); }) return decltype(std::span(std::declval<Out&>()))::extent;
    else return std::dynamic_extent;
}

/// Who is given the octets.
enum class reader : std::uint8_t { nobody, commands, content, chunk, responses };
inline constexpr reader readers_of_states[state_count] = {
    reader::nobody,    // connected: it is the server's turn
    reader::commands,  // greeted
    reader::commands,  // ready
    reader::commands,  // mail
    reader::commands,  // rcpt
    reader::content,
    reader::chunk,
    reader::commands,  // chunks
    reader::commands,  // spoilt
    reader::responses, // exchange
    reader::nobody,    // handshake: until TLS is there
    reader::commands,  // refused
    reader::nobody,    // turned
    reader::nobody,    // closed
};
}  // namespace detail

namespace detail {
/// What server_with and basic_server are. Of what `Offers` has not, no parser is linked in.
template <extensions Offers, class... Own>
class server_of {
    static_assert(detail::proved<Own...>());
    using reader = detail::reader;
    using io = detail::server_io;

    detail::server_core<Offers, Own...> core_;

  protected:
    constexpr server_of(policy const& settings, std::string_view name) noexcept : core_(settings, name) {}
    // Before those who ask: GCC 11 looks no further.
    template <class H>
    static constexpr bool never_throws() noexcept {
        return detail::never_throws<H, Own...>;
    }

  public:
    constexpr state where() const noexcept { return core_.order.where(); }
    constexpr bool knows(fact f) const noexcept { return core_.order.knows(f); }
    constexpr std::uint32_t recipients() const noexcept { return core_.order.recipients(); }
    constexpr policy const& settings() const noexcept { return *core_.settings; }
    constexpr std::string_view server_name() const noexcept { return core_.server_name(); }
    /// Says that the client is authenticated by other means than AUTH: its certificate, its address.
    constexpr void authenticated(bool yes = true) noexcept { core_.order.know(fact::authenticated, yes); }
    /// Tolerates other departures from RFC 5321 than the policy's, from the next command on.
    constexpr void tolerate(leniency departures) noexcept { core_.tolerate = departures; }

    /// The TLS handshake is over: what was said before it is forgotten (RFC 3207 4.2). Before the greeting: TLS was there from the
    /// beginning (RFC 8314 3). Anywhere else it means nothing.
    constexpr void secured() noexcept {
        if (!core_.order.check(event::greeting)) core_.order.know(fact::tls);
        else if (!core_.order.check(event::secured)) core_.order.settle(event::secured, answer::done);
        else return;
        core_.errors = {};
    }

    /// Takes all octets received and not yet consumed, and room for replies (policy::reply_space or more; in the middle of content
    /// none is needed); goes on as far as it can.
    /// When it wants a reply, leave the octets that were not consumed where they are: the views of the command that
    /// waits point into them until answer() has been called.
    template <class Handler>
    [[nodiscard]] EHLO_INLINE constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        detail::require_handler<Handler, Own...>();
        return guarded<Handler>([&] { return run(in, handler, out); });
    }

    /// Answers the command that was put off. Call `advance` again with the same input, less what this consumed.
    template <class Handler>
    [[nodiscard]] constexpr step answer(reply const& r, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        return answer_with(r, handler, out);
    }
    /// Likewise AUTH, or a response of the client.
    template <class Handler, class Answer>
        requires(std::is_same_v<Answer, auth_answer> || std::is_same_v<Answer, challenge>)
    [[nodiscard]] constexpr step answer(Answer const& a, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        return answer_with(auth_answer(a), handler, out);
    }

    /// Says 421 (or another 4yz or 5yz) and closes (RFC 5321 3.8): idle too long, shutting down, short of something. What
    /// cannot be said, or has no room, becomes the usual 421; if that has none, nothing is said.
    template <class Handler>
    [[nodiscard]] constexpr step shut_down(Handler& handler, std::span<char> out,
                                           reply const& r = replies::shutting_down) noexcept(never_throws<Handler>()) {
        detail::require_handler<Handler, Own...>();
        io t{{}, writer(out.data(), out.size())};
        core_.awaited.waiting = false;
        if (core_.order.over() && core_.threw == detail::thrown::nothing) return done(t, want::close);
        return guarded<Handler>([&] {
            if (core_.threw == detail::thrown::outside) core_.threw = detail::thrown::nothing;
            core_.tolerated = strict;
            bool const usable = r.code / 100 >= 4 && r.code < 600 && !check(r);
            // In a handshake nothing can be heard, and after TURN it is not this end that replies.
            bool const heard = core_.order.check(event::secured) && core_.order.where() != state::turned;
            if (heard) core_.conclude(t, handler, {event::shutdown}, usable ? r : replies::shutting_down, std::nullopt);
            else core_.settle(handler, event::lost, 0);
            return done(t, want::close);
        });
    }

    /// The connection was lost: an open transaction is dropped (RFC 5321 4.1.1.5).
    template <class Handler>
    constexpr void disconnected(Handler& handler) noexcept(never_throws<Handler>()) {
        lose(handler, event::lost);
    }
    /// TLS has ended and the connection has not, or its handshake failed: what comes now comes from anybody. The session is over,
    /// an open transaction is dropped, and no more octets are taken. Close the connection.
    template <class Handler>
    constexpr void tls_lost(Handler& handler) noexcept(never_throws<Handler>()) {
        lose(handler, core_.order.knows(fact::tls) ? event::tls_lost : event::lost);
    }

  private:
    // Runs what calls the handler. If it throws, the session is over, and nothing of the call may be sent.
    template <class H, class F>
    EHLO_INLINE constexpr step guarded(F&& call) noexcept(never_throws<H>()) {
#ifdef __cpp_exceptions
        if constexpr (!never_throws<H>()) {
            try {
                return call();
            } catch (...) {
                bool const open = core_.order.settle(event::lost, answer::refused) == change::dropped;
                if (open && !core_.message.stored()) core_.threw = detail::thrown::in_transaction;
                else if (core_.threw == detail::thrown::nothing) core_.threw = detail::thrown::outside;
                core_.awaited.waiting = false;
                core_.chunk = detail::open_chunk();
                throw;
            }
        } else
#endif
            return call();
    }

    template <class H>
    constexpr step run(std::string_view in, H& handler, std::span<char> out) {
        io t{in, writer(out.data(), out.size())};
        if (in.size() < core_.left || core_.awaited.waiting || core_.too_early) [[unlikely]] {
            // Whatever was given, it is looked at when the answer has come: but what came is known then.
            if (core_.awaited.waiting) return in.size() < core_.left ? done(t, want::reply) : leave(t, want::reply);
            if (core_.order.over()) return leave(t, want::close);
            if (!core_.too_early && smtp_protocol::ends.has(core_.order.where())) return leave(t, want::turn);
            if (!core_.too_early) core_.misused(t, handler);
            else if (core_.has_room(t)) core_.refuse_early(t, handler);
            else return leave(t, more_room(t));
        }
        do {
            reader const r = core_.chunk.under_way ? reader::chunk : detail::readers_of_states[static_cast<unsigned>(core_.order.where())];
            // Content needs no room until its end; a whole reply must fit before anybody is asked for one.
            bool const room = core_.has_room(t);
            if (r == reader::commands) [[likely]] {
                if (!room) return leave(t, more_room(t));
                if (t.used == t.in.size() || !detail::take_command(core_, t, handler)) return leave(t, want::read);
            } else if (r == reader::content) {
                if (!detail::take_content(core_, t, handler)) return leave(t, !room && (core_.message.ended || more_content(t)) ? more_room(t) : want::read);
            } else if (r == reader::chunk) {
                if (!detail::take_chunk(core_, t, handler)) return leave(t, core_.chunk.left == 0 ? more_room(t) : want::read);
            } else if (core_.order.over()) {
                return leave(t, want::close);
            } else if (!core_.order.check(event::secured)) {
                // What comes in the clear after STARTTLS could be anybody's (RFC 3207 4.2).
                if (t.in.empty() || t.used != 0) return leave(t, want::tls);
                core_.hang_up(t, handler, {event::starttls, verb::starttls}, fail(errc::early_octets, 0));
            } else if (smtp_protocol::ends.has(core_.order.where())) {
                return leave(t, want::turn);
            } else if (!room) {
                return leave(t, more_room(t));
            } else if (r == reader::nobody) {
                core_.greet(t, handler);
            } else if (!Offers.has(extension::auth) || !detail::take_response(core_, t, handler)) {
                return leave(t, want::read);
            }
        } while (!core_.awaited.waiting);
        return leave(t, want::reply);
    }
    constexpr step leave(io const& t, want w) noexcept {
        std::size_t const left = t.in.size() - t.used;
        core_.left = left < 0xFFFFFFFF ? static_cast<std::uint32_t>(left) : 0xFFFFFFFF;
        if (core_.too_early && (w == want::read || w == want::turn)) [[unlikely]] w = want::write;   // it goes on with a refusal
        return done(t, w);
    }
    // If nothing was produced, to send it makes no room.
    static constexpr want more_room(io const& t) noexcept { return t.out.size() == 0 ? want::room : want::write; }
    static constexpr step done(io const& t, want w) noexcept { return {t.used, t.out.size(), w}; }
    // Whether the content could go on if only there were room for the reply at its end.
    static constexpr bool more_content(io const& t) noexcept { return t.in.size() - t.used >= 3; }
    constexpr want wanted() const noexcept {
        if (core_.order.over()) return want::close;
        if (core_.too_early) return want::write;
        if (!core_.order.check(event::secured)) return want::tls;
        return smtp_protocol::ends.has(core_.order.where()) ? want::turn : want::read;
    }

    template <class H, class Answer>
    constexpr step answer_with(Answer const& a, H& handler, std::span<char> out) noexcept(never_throws<H>()) {
        detail::require_handler<H, Own...>();
        io t{{}, writer(out.data(), out.size())};
        if (!core_.awaited.waiting) return done(t, wanted());
        if (!core_.has_room(t)) return done(t, want::room);
        return guarded<H>([&] {
            auto const was = core_.awaited;
            core_.awaited = {};
            t.used = was.octets;
            core_.left -= was.octets < core_.left ? was.octets : core_.left;
            t.more = core_.left != 0;
            core_.conclude_with(t, handler, {was.on, was.verb, {}, 0, was.brings}, a);
            return done(t, wanted());
        });
    }
    template <class H>
    constexpr void lose(H& handler, event e) noexcept(never_throws<H>()) {
        detail::require_handler<H, Own...>();
        core_.awaited.waiting = false;
        if (core_.threw == detail::thrown::outside) core_.threw = detail::thrown::nothing;
        core_.chunk = detail::open_chunk();
        core_.settle(handler, e, 0);
    }
};
}  // namespace detail

/// An SMTP server session (RFC 5321), with commands of the user's own, if any (own_commands.hpp). Trivially copyable: it may be
/// stored in bulk, moved between threads, and saved, in the middle of content, of a chunk or of an AUTH exchange, too.
///
/// What a handler must be, and may be, stands at the head of handler.hpp.
///
/// What a handler throws goes through to the caller of the session and ends it: what was written in that call is not to be
/// sent, and the handler is not called again but by shut_down, which says 421, or disconnected. Both tell it `abandoned` if
/// it was in a transaction. A call is noexcept if all functions of the handler are.
///
/// Fewer octets than a call left are a misuse, and end the session with 421. A handler may ask the session that is calling it what it
/// knows (where(), knows() ...), but not make it go on: that is not detected. What it has to say is what it returns; 421 ends the
/// session, reply::later puts the answer off.
template <class... Own>
class server_with : public detail::server_of<server_extensions, Own...> {
    using base = detail::server_of<server_extensions, Own...>;

  public:
    /// Settings and name (the server's domain or address literal) are borrowed as long as the session lives. With a name that is
    /// neither, or settings that are wrong (see check(policy)), the greeting is a 421 that says so, and the session is over: a
    /// constructor cannot refuse.
    constexpr server_with(policy const& settings EHLO_LIFETIMEBOUND, std::string_view name EHLO_LIFETIMEBOUND) noexcept
        : base(settings, name) {}
    /// They would be gone before they are used.
    template <detail::temporary S>
    server_with(policy const&, S&&) = delete;
    template <class S>
    server_with(policy&&, S&&) = delete;
};

/// A server session whose policy is part of its type: what is wrong with it, and what the handler lacks for it, does not compile.
template <policy Policy = policy{}, class... Own>
class basic_server : public detail::server_of<Policy.offers, Own...> {
    static_assert(detail::policy_is_right<detail::find_policy_fault(Policy)>());
    using base = detail::server_of<Policy.offers, Own...>;

  public:
    /// The policy as an object: Clang 14 dies of references into template arguments, and Clang 19 miscompiles them.
    static constexpr policy rules = Policy;
    /// Free octets of output that `advance` needs before it goes on to another command. A handler's reply may take as
    /// much; one that needs more loses its text.
    static constexpr std::size_t reply_space = rules.reply_space;

    constexpr explicit basic_server(std::string_view name EHLO_LIFETIMEBOUND) noexcept : base(rules, name) {}
    /// The name would be gone before it is used.
    template <detail::temporary S>
    explicit basic_server(S&& name) = delete;

    template <class Handler>
    [[nodiscard]] EHLO_INLINE constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept(base::template never_throws<Handler>()) {
        detail::require_handler_of<Handler, rules.offers>();
        return base::advance(in, handler, out);
    }
    using base::answer;

    /// Outputs of a size that is known, and too small.
    template <class Handler, class Out>
        requires(detail::known_size<Out>() < reply_space)
    [[nodiscard]] constexpr step advance(std::string_view, Handler&, Out&&) noexcept {
        static_assert(detail::known_size<Out>() >= reply_space, "the output of advance needs reply_space octets (1,024 or more)");
        return {};
    }
    template <class Handler, class Out>
        requires(detail::known_size<Out>() < reply_space)
    [[nodiscard]] constexpr step answer(reply const&, Handler&, Out&&) noexcept {
        static_assert(detail::known_size<Out>() >= reply_space, "the output of answer needs reply_space octets (1,024 or more)");
        return {};
    }
};

/// A server session with the default policy.
using server = basic_server<>;
static_assert(std::is_trivially_copyable_v<server> && sizeof(server) <= 128);

}  // namespace ehlo
