// A tap at a server or a client: what it says and hears is told, for a log, as an observer between the two would tell it.
//
// The machines know nothing of it, so who has no tap pays nothing: no instruction, and no octet of a session. A tap holds an observer
// and shows it the octets that go in and out. A hook in the machines was the other way: it would know no offsets and no numbers
// of commands without more state in each session, and have to find each departure a second time.
//
// Calls, and their order:
//   run        around each call of a server that takes octets or writes some: advance, answer, shut_down
//   receive    in place of a client's
//   said       what a client has written, in order, before it is sent
//   secured    with the machine's
//   end        when the connection is over
// Secrets are marked in what is told (seen::command::loggable, seen::response), and belong in no log.
#pragma once

#include <ehlo/detail/client_reply.hpp>
#include <ehlo/observer.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/detail/temporary.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What an observer has to know of a server with such a policy.
constexpr observer_settings observing(policy const& p) noexcept {
    std::uint32_t const longest = p.max_line < max_auth_line ? std::uint32_t{max_auth_line} : p.max_line;
    return {.grammar = p.grammar, .lmtp = p.service == service::lmtp, .max_line = longest};
}

/// Trivially copyable: it can be saved with its session. A log is an observer's handler (detail/observed.hpp); it is told before the handler
/// of a server is asked.
///
/// Octets are consumed when both, machine and observer, have read them: discard what a call says, as without a tap. Where a line is
/// too long for the server, the observer may wait for its end: the buffer holds observer_settings::max_line octets, then, or more.
class tap {
    static constexpr std::size_t most_kept = 16;

    observer watch_;
    std::size_t machine_ = 0, watcher_ = 0;   // octets at the front of what is heard that were read by one and not by the other
    direction heard_;
    std::uint8_t kept_size_ = 0;
    char kept_[most_kept] = {};               // the last octets that were said and are not yet read: of content, a CR or a dot

    template <class Log>
    static constexpr bool quiet = detail::observes_quietly<Log>;

    constexpr direction own() const noexcept { return heard_ == direction::from_client ? direction::from_server : direction::from_client; }
    static constexpr std::size_t least(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }
    template <class Log>
    constexpr void hear(std::string_view in, Log& log) noexcept(quiet<Log>) {
        std::size_t const skip = least(watcher_, in.size());
        observed r = watch_.advance(heard_, detail::sub(in, skip), log);
        watcher_ = skip + r.consumed;
        if (r.awaits != awaits::client_octets) return;
        lose(log);   // a client that says no more: what is kept was not all
        watcher_ += watch_.advance(heard_, detail::sub(in, watcher_), log).consumed;
    }
    // Shows what was said; leaves what of it is not yet read.
    template <class Log>
    constexpr awaits show(std::string_view& octets, Log& log) noexcept(quiet<Log>) {
        if (octets.empty()) return awaits::octets;
        if (kept_size_ != 0) {
            char joined[2 * most_kept] = {};
            std::size_t const size = least(kept_size_ + octets.size(), sizeof joined);
            for (std::size_t i = 0; i < size; ++i) joined[i] = i < kept_size_ ? kept_[i] : octets[i - kept_size_];
            observed const r = watch_.advance(own(), {joined, size}, log);
            if (r.consumed < kept_size_) {
                for (std::size_t i = r.consumed; i < kept_size_; ++i) kept_[i - r.consumed] = kept_[i];
                kept_size_ = static_cast<std::uint8_t>(kept_size_ - r.consumed);
                return r.awaits;
            }
            octets = detail::sub(octets, r.consumed - kept_size_);
            kept_size_ = 0;
        }
        observed const r = watch_.advance(own(), octets, log);
        octets = detail::sub(octets, r.consumed);
        return r.awaits;
    }
    template <class Log>
    constexpr void keep(std::string_view octets, Log& log) noexcept(quiet<Log>) {
        if (kept_size_ + octets.size() > most_kept) return lose(log);
        for (char const c : octets) kept_[kept_size_++] = c;
    }
    // A machine says nothing that an observer cannot read, but nothing rests on it.
    template <class Log>
    constexpr void lose(Log& log) noexcept(quiet<Log>) {
        kept_size_ = 0;
        watch_.gap(own(), 0, log);
    }
    // What both have read.
    constexpr std::size_t discard(std::size_t machine) noexcept {
        std::size_t const both = least(machine, watcher_);
        machine_ = machine - both;
        watcher_ -= both;
        return both;
    }

  public:
    /// At a server `heard` is direction::from_client, at a client from_server.
    constexpr explicit tap(direction heard, observer_settings const& settings = {}) noexcept : watch_(settings), heard_(heard) {}

    constexpr observer const& watching() const noexcept { return watch_; }

    /// `call(rest)` calls the server with all of `in` that it has not consumed, and with `out`:
    ///     step const s = t.run(in, out, log, [&](std::string_view rest) { return smtp.advance(rest, handler, out); });
    template <class Log, class Call>
    [[nodiscard]] constexpr auto run(std::string_view in, std::span<char const> out, Log& log, Call&& call) noexcept(quiet<Log> && noexcept(call(in))) {
        hear(in, log);
        std::size_t const skip = least(machine_, in.size());
        auto s = call(detail::sub(in, skip));
        if (s.produced != 0) {
            // A reply may tell what the client's octets are, and the next one answers those.
            std::string_view unread{out.data(), s.produced};
            while (show(unread, log) == awaits::client_octets) hear(in, log);
            hear(in, log);
            keep(unread, log);
        }
        s.consumed = discard(skip + s.consumed);
        return s;
    }
    template <class Client, class Log>
    constexpr progress<client_reply> receive(Client& smtp, std::string_view in EHLO_LIFETIMEBOUND, Log& log, reply_limits const& limits = {}) noexcept(quiet<Log>) {
        hear(in, log);
        std::size_t const skip = least(machine_, in.size());
        progress<client_reply> r = smtp.receive(detail::sub(in, skip), limits);
        r.consumed = discard(skip + r.consumed);
        return r;
    }
    template <class Client, detail::temporary Text, class Log>
    progress<client_reply> receive(Client&, Text&&, Log&, reply_limits const& = {}) = delete;
    /// Lines whole, as the machine writes them; content in pieces of any size.
    template <class Log>
    constexpr void said(std::string_view octets, Log& log) noexcept(quiet<Log>) {
        show(octets, log);
        keep(octets, log);
    }
    /// The TLS handshake is over; or TLS was there from the beginning, see observer::secured.
    constexpr void secured() noexcept {
        watch_.secured();
        machine_ = watcher_ = 0;
        kept_size_ = 0;
    }
    template <class Log>
    constexpr void end(Log& log) noexcept(quiet<Log>) {
        watch_.end(log);
    }
};
static_assert(std::is_trivially_copyable_v<tap> && sizeof(tap) <= sizeof(observer) + 40);

}  // namespace ehlo
