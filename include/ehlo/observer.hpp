// The observer machine: both directions of a connection between two others in, what happens there out. No I/O, no octet kept.
//
// Calls, and their order:
//   advance        whenever octets of a direction were seen, in the order in which they were: all of that direction that were not
//                  consumed. It says what it waits for. Or with both directions' octets, and it waits by itself
//   gap            octets of a direction were lost, or not seen: on both, too, at the beginning of a session that is under way
//   secured        what follows STARTTLS was decrypted, and is given from now on; its offsets begin at 0. Before the greeting: TLS
//                  was there from the beginning
//   end            the connection is over: what was not answered is told
// Borrowed: nothing. The views of an event live until the handler returns.
//
// Order is not decided here: session.hpp's table moves the session. But what the server says counts, even where the table has it
// out of order: a server that takes MAIL before EHLO has taken it.
//
// After a loss nothing is told of the client's commands until it is certain again where they begin: at a reply that only one command
// can have (354, 334, 235, 220, 221, the answer to EHLO), to a line after which the client waited. Until then `sure` is false.
// This rests on a client that waits where RFC 2920 3.1 says that it must.
#pragma once

#include <ehlo/detail/observer_commands.hpp>
#include <ehlo/detail/temporary.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a call did: discard `consumed` octets of that direction.
struct [[nodiscard]] observed {
    std::size_t consumed = 0;
    v0::awaits awaits = awaits::octets;
};
/// Likewise of both.
struct [[nodiscard]] observed_both {
    std::size_t client = 0, server = 0;
};

/// An observer of an SMTP or LMTP session between two others; its settings and what it tells are in detail/observed.hpp. Trivially
/// copyable: it can be saved at any octet. The handler has `void on(E const&)` for each E of ehlo::seen that it wants to be told; one
/// that is nearly right does not compile. What it throws goes through, and the observer is of no more use. `Own`: commands of the
/// user's own (own_commands.hpp), told as seen::of<One::type>; parameters of his own are those that the handler names, as a server's.
template <class... Own>
class observer_with : detail::command_observer {
    static_assert(detail::proved<Own...>());
    // The handler, and with it the commands of the user's own.
    template <class H>
    static constexpr decltype(auto) with_own(H& h) noexcept {
        detail::check_observing<H, Own...>();
        if constexpr (sizeof...(Own) == 0) return (h);
        else return detail::handler_with_own<H, Own...>{h};
    }
    template <class H>
    static constexpr bool never_throws = quiet<std::remove_reference_t<decltype(with_own(std::declval<H&>()))>>;

  public:
    constexpr explicit observer_with(observer_settings const& settings = {}) noexcept : command_observer(settings) { begin(); }

    constexpr state where() const noexcept { return now_.where(); }
    constexpr bool knows(fact f) const noexcept { return now_.knows(f); }
    /// Whether it is in step: what it tells is certain.
    constexpr bool sure() const noexcept { return is_sure(); }
    /// The offset of a direction's first octet that was neither consumed nor lost.
    constexpr std::uint64_t offset(direction d) const noexcept { return at_[index(d)]; }
    /// How often more commands were under way than it keeps (departure::too_many_under_way).
    constexpr std::uint32_t overflows() const noexcept { return overflows_; }
    /// TLS has begun, and nothing can be read.
    constexpr bool opaque() const noexcept { return opaque_; }

    /// Fewer octets than were left are a loss of those.
    template <class Handler>
    constexpr observed advance(direction d, std::string_view in, Handler& handler) noexcept(never_throws<Handler>) {
        auto&& h = with_own(handler);
        if (in.size() < left_[index(d)]) gap(d, 0, handler);   // they are gone
        io t{in};
        awaits const what = d == client ? watch_client(t, h) : watch_server(t, h);
        std::size_t const left = in.size() - t.used;
        left_[index(d)] = left < 0xFFFFFFFF ? static_cast<std::uint32_t>(left) : 0xFFFFFFFF;
        return {t.used, what};
    }
    /// Where both are new, the client's are taken to have come first.
    template <class Handler>
    constexpr observed_both advance(std::string_view from_client, std::string_view from_server, Handler& handler) noexcept(never_throws<Handler>) {
        observed_both done;
        for (;;) {
            done.client += advance(client, detail::sub(from_client, done.client), handler).consumed;
            observed const s = advance(server, detail::sub(from_server, done.server), handler);
            done.server += s.consumed;
            if (s.awaits != awaits::client_octets) return done;
        }
    }

    /// So many octets of a direction are missing (0: nobody knows how many). What was left unconsumed before them is lost, too: drop it.
    template <class Handler>
    constexpr void gap(direction d, std::uint64_t octets, Handler& handler) noexcept(never_throws<Handler>) {
        auto&& h = with_own(handler);
        std::size_t const i = index(d);
        bool const clean = left_[i] == 0;
        at_[i] += left_[i] + octets;
        left_[i] = 0;
        if (d == client) forget_line();
        else replies_ = reply_reader(), long_ = place_in_long::none;
        if (opaque_ || over_) return;
        if (d == server) {
            skip_[i] = partial_ = true;
            unpair(h);
        } else if (in_chunk_ && clean && octets != 0 && octets <= chunk_left_) {
            chunk_left_ -= octets;
            content_.spoil();
            return;
        } else {
            miss_client(h);
        }
        if (lost_) give_up_message(h);
    }

    /// See above. Anywhere else it means nothing.
    constexpr void secured() noexcept {
        if (!session_begun()) now_.know(fact::tls);
        else if (opaque_) now_.settle(event::secured, answer::done);
        else return;
        go_ahead_from_now();
        opaque_ = false;
        at_[0] = at_[1] = 0;
        left_[0] = left_[1] = 0;
        replies_ = reply_reader();
        long_ = place_in_long::none;
        forget_line();
        forget_offers();
    }

    template <class Handler>
    constexpr void end(Handler& handler) noexcept(never_throws<Handler>) {
        auto&& h = with_own(handler);
        bool doubt = lost_ || unpaired_;
        queue_.each([&doubt](queue::command const& c) noexcept { doubt = doubt || detail::ends_message(c.on); });
        clear_queue(h);
        if (message_.open) conclude(h, doubt ? outcome::unknown : outcome::abandoned, 0, std::nullopt);
        over_ = true;
        in_content_ = in_chunk_ = false;
    }

  private:
    constexpr bool session_begun() const noexcept { return pushed_ > 1 || queue_.empty(); }
    constexpr void begin() noexcept {
        struct nobody {
            constexpr void on(seen::tls const&) const noexcept {}
        } h;
        if (!one_sided_) return push(h, event::greeting, verb::unknown, 0, {});
        told_sure_ = false;
        unpaired_ = true;
        if (!alone()) lost_ = true;
        else push(h, event::greeting, verb::unknown, 0, {});
    }
    template <class H>
    constexpr void miss_client(H& h) noexcept(quiet<H>) {
        skip_[index(client)] = true;
        client_first_ = false;
        bool const content = in_content_, responses = queue_.empty() && now_.where() == state::exchange;
        if (alone()) {
            // Nothing says where a command begins: all that is left is to go on at the next line.
            skip_[index(client)] = !content;
            content_.spoil();
            return;
        }
        bool const was_lost = lost_;
        bool const early = message_.refused_early;
        lose(h);
        if (was_lost || unpaired_) return;
        // Whatever was lost, the next reply is that to the end of the content, or to the response.
        if (content && !early) {
            sizes_.push(std::nullopt);
            push(h, event::content_end, verb::data, here(client), {});
        } else if (content) {
            unpair(h);
        } else if (responses) {
            push(h, event::response, verb::auth, here(client), {});
        }
    }
};
using observer = observer_with<>;
static_assert(std::is_trivially_copyable_v<observer> && sizeof(observer) <= 640);

}  // namespace ehlo
