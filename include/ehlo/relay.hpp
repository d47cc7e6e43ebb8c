// The relay machine: a client's octets in and on to a server, the server's replies in and on to the client, with the caller's say in
// between. No I/O, and no octet kept: what passes, passes as it stands in the caller's buffer.
//
// Calls, and their order:
//   advance        with all octets of one direction that are there and were not consumed: first the server's greeting. It says what of
//                  them to pass on, and what it wants. When the one side waits for the other, give it the other's, then these again
//   secured        the TLS handshake with the client is over, when relay_want::tls; or before the greeting, if TLS was there already
//   lost           one side's connection was lost, or its TLS
//   shut_down      at any time: 421 for the client
//
// Both halves read the one table in session.hpp. A command goes on if it is well formed, in order (supposing that what is under way is
// accepted) and on offer; all else is answered by the relay, when what came before it has been. Groups of commands stay groups.
// A reply goes on if a command waits for it and can have it. So nothing is acknowledged that the server did not acknowledge, and nothing
// reaches it that a strict server would not take.
//
// The connection to the server is the caller's: what comes before the session there (a PROXY header, STARTTLS, AUTH, XCLIENT) is a `client`'s
// business. When that is done, the greeting that the client is to hear is given to `advance` as the server's first reply.
#pragma once

#include <ehlo/detail/relay_commands.hpp>
#include <ehlo/detail/relay_replies.hpp>
#include <ehlo/detail/temporary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A relay of one SMTP or LMTP session, with commands of the user's own, if any (own_commands.hpp). Trivially copyable. What a handler
/// may be stands at the head of detail/relay_say.hpp.
template <class... Own>
class relay_with {
    static_assert(detail::proved<Own...>());
    static constexpr direction client = direction::from_client, server = direction::from_server;
    template <class H>
    static constexpr bool quiet = detail::relays_quietly<H, Own...>;

    detail::relay_core<Own...> core_;

  public:
    /// Settings and name (what the relay calls itself where the server's name is none) are borrowed. `offers` of the settings is what
    /// may pass.
    constexpr relay_with(policy const& settings EHLO_LIFETIMEBOUND, std::string_view name EHLO_LIFETIMEBOUND) noexcept : core_(settings, name) {}
    template <detail::temporary S>
    relay_with(policy const&, S&&) = delete;
    template <class S>
    relay_with(policy&&, S&&) = delete;

    constexpr state where() const noexcept { return core_.now.where(); }
    constexpr bool knows(fact f) const noexcept { return core_.now.knows(f); }
    constexpr std::uint32_t recipients() const noexcept { return core_.now.recipients(); }
    /// What the client was offered by the latest answer to EHLO.
    constexpr extensions offers() const noexcept { return core_.offered; }
    /// Likewise whether it may send a command of the user's own: one that has no keyword is offered always.
    template <class One>
        requires(std::is_same_v<One, Own> || ...)
    constexpr bool offers_own() const noexcept {
        return !detail::own_list<Own...>::lacks(protocol_with<Own...>::template event_of<One>, core_.own_offered);
    }
    /// Says that the client is authenticated by other means than AUTH.
    constexpr void authenticated(bool yes = true) noexcept {
        core_.now.know(fact::authenticated, yes);
        core_.order.know(fact::authenticated, yes);
    }
    /// The event whose reply the server owes; nothing if none is under way.
    constexpr std::optional<event> awaits() const noexcept {
        return core_.under_way.empty() ? std::nullopt : std::optional(core_.under_way.first());
    }
    /// Whether the latest content, so far, had CR or LF alone; with bare_octets::normalize they were made CRLF.
    constexpr bool bare_cr() const noexcept { return core_.body.bare_cr(); }
    constexpr bool bare_lf() const noexcept { return core_.body.bare_lf(); }
    /// Whether octets of content, or of a chunk, are under way.
    constexpr bool takes_content() const noexcept { return core_.reads_content || core_.chunk.under_way; }
    /// Whether there is a server that is still to be talked to.
    constexpr bool has_server() const noexcept { return !core_.gone && !core_.now.over(); }

    constexpr void secured() noexcept {
        if (!core_.now.check(event::greeting)) {
            core_.now.know(fact::tls);
            core_.order.know(fact::tls);
            return;
        }
        if (core_.now.check(event::secured)) return;
        core_.settle(event::secured, 220);
        core_.errors = {};
    }

    template <class Handler>
    [[nodiscard]] constexpr relayed advance(direction d, std::string_view in, Handler& h, std::span<char> out,
                                            reply_limits const& limits = {}) noexcept(quiet<Handler>) {
        detail::require_relay_handler<Handler, Own...>();
        detail::relay_io t(in, out);
        if (d == server)
            while (!t.ends && detail::take_reply(core_, t, h, limits)) {}
        else
            while (!t.ends && take(t, h)) {}
        if (t.ends && t.want == relay_want::octets) t.want = core_.now.over() ? relay_want::close : after(d, t);
        return t.done();
    }

    /// The server's connection was lost: 421 for the client, if it can hear. The client's: it wants `abort` if content was under way, so that
    /// nobody takes what there is of it for the whole, or `close`.
    template <class Handler>
    [[nodiscard]] constexpr relayed lost(direction d, Handler& h, std::span<char> out) noexcept(quiet<Handler>) {
        if (d == server && core_.gone) return {0, 0, 0, false, core_.now.over() ? relay_want::close : relay_want::octets};
        if (d == server) return shut_down(h, out, detail::server_is_gone);
        bool const in_content = takes_content() && has_server();
        core_.settle(event::lost, 0);
        return {0, 0, 0, false, in_content ? relay_want::abort : relay_want::close};
    }
    /// Says 421 (or another refusal), and it is over: idle too long, shutting down, no server to be had.
    template <class Handler>
    [[nodiscard]] constexpr relayed shut_down(Handler& h, std::span<char> out, reply const& why = replies::shutting_down) noexcept(quiet<Handler>) {
        detail::require_relay_handler<Handler, Own...>();
        detail::relay_io t({}, out);
        core_.shut_down(t, h, why);
        t.stop(relay_want::close);
        return t.done();
    }

  private:
    constexpr relay_want after(direction d, detail::relay_io const& t) const noexcept {
        if (d == client && !core_.now.check(event::secured)) return relay_want::tls;
        // A chunk whose octets have all been thrown away has its answer to come; a message that goes no further has its server to lose.
        bool const owes = (core_.chunk.under_way && core_.chunk.left == 0) || (core_.spoilt && !core_.gone);
        return t.empty() && !(d == client && owes) ? relay_want::octets : relay_want::again;
    }
    template <class H>
    constexpr bool take(detail::relay_io& t, H& h) noexcept(quiet<H>) {
        if (core_.now.over()) {
            t.drop_all();
            return t.stop(relay_want::close);
        }
        if (core_.chunk.under_way) return detail::take_chunk(core_, t, h);
        if (!core_.now.check(event::secured)) {
            if (t.empty()) return t.stop(relay_want::tls);
            core_.settle(event::lost, 0);   // what comes in the clear could be anybody's
            core_.tell(h, {event::starttls, verb::starttls}, fail(errc::early_octets, 0), reply());
            t.drop_all();
            return t.stop(relay_want::close);
        }
        if (core_.reads_content) return detail::take_content(core_, t, h);
        if (t.empty()) return t.stop(relay_want::octets);
        if (core_.under_way.empty() && core_.now.where() == state::exchange) return detail::take_response(core_, t, h);
        return detail::take_line(core_, t, h);
    }
};
using relay = relay_with<>;
static_assert(std::is_trivially_copyable_v<relay> && sizeof(relay) <= 512);

}  // namespace ehlo
