// The client machine: commands out, replies in, matched by counting. No I/O: the caller's event loop drives it.
#pragma once

#include <ehlo/command.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/content.hpp>
#include <ehlo/reply.hpp>
#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A reply and the command that it answers. The reply's views live as long as the octets it was read from.
struct client_reply {
    event to;          ///< event::shutdown for a 421 that no command asked for
    reply_view reply;
    bool accepted;     ///< of the class that moves the session on
    std::uint32_t recipient = 0;  ///< LMTP, end of content: which of the accepted recipients it is about, from 0 on
};

/// An SMTP client session (RFC 5321, RFC 2920). Trivially copyable.
///
/// Writing a command checks that it is in order, supposing that the server accepts what is under way, and notes the reply
/// it is to have; with PIPELINING several may be under way. Nothing is written if an error is returned.
///
///     receive (greeting) -> hello -> receive -> { mail, rcpt+, data -> receive... -> content..., end_content -> receive }* -> quit
///
/// Replies are matched by counting, never by their text. A reply that nobody asked for, one of a class that the command
/// cannot have, or one that cannot be read, breaks the session: every later call fails with session_over.
class client {
    static constexpr std::size_t queue_size = 16;

    reply_reader reader_;
    content_encoder content_;
    std::uint32_t recipients_ = 0;            // accepted in this transaction
    capabilities offers_{};
    std::uint16_t count_[queue_size] = {1};   // events under way, as runs: RCPT comes by the hundred
    event kind_[queue_size] = {event::greeting};
    std::uint8_t first_ = 0, runs_ = 1;
    state where_ = state::connected;          // as the replies have it
    state ahead_ = state::greeted;            // if all that is under way is accepted
    verb hello_ = verb::ehlo;                 // the one under way
    bool broken_ = false;
    bool lmtp_ = false;
    std::uint32_t heard_ = 0;                 // LMTP: recipients whose reply to the content has come

    // Stands in front of its callers: Clang 14 would not have it in a constant expression otherwise.
    template <class Write>
    constexpr result<std::size_t> send(std::optional<event> of, Write&& write) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (!of) return fail(errc::bad_sequence, 0);  // no session goes on behind this verb
        event const e = *of;
        if (!smtp_table.allows(ahead_, e)) return fail(errc::bad_sequence, 0);
        if (runs_ != 0) {
            event const last = kind_[(first_ + runs_ - 1u) % queue_size];
            if (!may_be_followed(last)) return fail(errc::bad_sequence, 0);
            if (!offers_.has(extension::pipelining)) return fail(errc::not_offered, 0);
            bool const same_run = last == e && count_[(first_ + runs_ - 1u) % queue_size] < 0xFFFF;
            if (runs_ == queue_size && !same_run) return fail(errc::too_many_outstanding, 0);
        }
        result<std::size_t> const written = write();
        if (written) push(e);
        return written;
    }

  public:
    /// A session on a new connection: the greeting is under way.
    constexpr client() noexcept = default;

    constexpr state where() const noexcept { return where_; }
    /// What the latest accepted EHLO offered; nothing after HELO.
    constexpr capabilities const& offers() const noexcept { return offers_; }
    /// Recipients accepted in the open transaction, as far as replies have come.
    constexpr std::uint32_t recipients() const noexcept { return recipients_; }
    /// The event whose reply comes next; nothing if none is under way.
    constexpr std::optional<event> awaits() const noexcept {
        return runs_ == 0 ? std::nullopt : std::optional(kind_[first_]);
    }
    /// Whether the session is over: closed, or broken by the server.
    constexpr bool over() const noexcept { return broken_ || where_ == state::closed; }

    /// Reads the first reply in `in`, which holds all octets received and not yet consumed.
    /// Errors: those of parse_reply; unexpected_reply, bad_reply_class (`at` 0): the session is broken then.
    constexpr progress<client_reply> receive(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = {}) noexcept {
        if (over()) {
            if (in.empty() && !broken_) return {std::size_t{0}};
            broken_ = true;
            return {fail(errc::session_over, 0), 0};
        }
        auto const parsed = reader_.next(in, limits);
        if (parsed.need_more()) {
            // RFC 2920 3.1: nothing may come that was not asked for. 421 is the exception, and takes 3 octets to tell.
            return {std::size_t{0}};
        }
        if (parsed.failed()) return broken(parsed.error());
        reply_view const& r = *parsed;
        if (runs_ == 0) {
            if (r.code() != 421) return broken(fail(errc::unexpected_reply, 0));
            where_ = state::closed;
            return {client_reply{event::shutdown, r, false}, parsed.consumed};
        }
        event const e = kind_[first_];
        if (!right_class(e, r)) return broken(fail(errc::bad_reply_class, 0));
        pop();
        bool const accepted = r.accepted();
        std::uint32_t const recipient = e == event::content_end ? heard_ : 0;
        if (e == event::content_end && lmtp_ && runs_ != 0 && kind_[first_] == event::content_end) ++heard_;
        else settle(e, r, accepted, limits.tolerate);
        if (r.code() == 421) where_ = state::closed;
        if (runs_ == 0) ahead_ = where_;
        return {client_reply{e, r, accepted, recipient}, parsed.consumed};
    }

    // Commands. Errors of all: session_over; bad_sequence if the command is out of order; not_offered for a second command
    // under way without PIPELINING, or for a parameter whose extension the server lacks; too_many_outstanding; and those of
    // the write_* function that spells the command.

    constexpr result<std::size_t> hello(writer& out, std::string_view name, verb v = verb::ehlo) noexcept {
        auto const written = send(event::hello, [&] { return write_hello(out, v, name); });
        if (written) hello_ = v;
        return written;
    }
    /// `from` with its brackets. A SIZE over what the server takes is refused here: message_too_large.
    constexpr result<std::size_t> mail(writer& out, std::string_view from, mail_options const& options = {}) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (!(given(options) - parameters_of(offers_.offered)).empty() || options.body == body::binary_mime)
            return fail(errc::not_offered, 0);
        if (options.size && offers_.max_size && *options.size > *offers_.max_size) return fail(errc::message_too_large, 0);
        return send(event::mail, [&] { return write_mail(out, from, options); });
    }
    /// `to` with its brackets.
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to, std::string_view parameters = {},
                                       syntax const& rules = strict_syntax) noexcept {
        return send(event::rcpt, [&] { return write_rcpt(out, to, parameters, rules); });
    }
    /// Likewise, with typed parameters.
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to, rcpt_options const& options,
                                       syntax const& rules = strict_syntax) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (!(given(options) - parameters_of(offers_.offered)).empty()) return fail(errc::not_offered, 0);
        return send(event::rcpt, [&] { return write_rcpt(out, to, options, rules); });
    }
    constexpr result<std::size_t> data(writer& out) noexcept {
        return send(event::data, [&] { return write_bare(out, verb::data); });
    }
    /// RSET, QUIT, NOOP, HELP, TURN.
    constexpr result<std::size_t> bare(writer& out, verb v) noexcept {
        return send(event_of(v), [&] { return write_bare(out, v); });
    }
    /// VRFY, EXPN, HELP, NOOP with their argument.
    constexpr result<std::size_t> argument(writer& out, verb v, std::string_view text) noexcept {
        return send(event_of(v), [&] { return write_argument(out, v, text); });
    }

    /// Content behind an accepted DATA, as content_encoder::encode: call until it is done. If the server accepted
    /// DATA but no recipient, nothing may be sent but the end (RFC 2920 3.1): bad_sequence.
    constexpr encoded_content content(std::string_view octets, writer& out) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (where_ != state::data || runs_ != 0 || recipients_ == 0) return fail(errc::bad_sequence, 0);
        return content_.encode(octets, out);
    }
    /// Ends the content, as content_encoder::finish: call until it is done. bare_cr if the content ended with a CR: nothing
    /// can follow then but to close the connection, and the server drops the message.
    constexpr encoded_content end_content(writer& out) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (where_ != state::data || runs_ != 0) return fail(errc::bad_sequence, 0);
        auto const finished = content_.finish(out);
        if (!finished.done()) return finished;
        // RFC 2033 4.2: one reply for each recipient that was accepted.
        std::uint32_t const replies = lmtp_ ? recipients_ : 1;
        if (replies == 0) where_ = ahead_ = smtp_table.next(where_, event::content_end, false);
        for (std::uint32_t i = 0; i < replies; ++i) push(event::content_end);
        return finished;
    }

    /// The connection was lost: what is under way will not be answered. Without the reply to its end a message must be
    /// taken as not delivered (RFC 5321 3.8: as if it were 451).
    constexpr void disconnected() noexcept {
        where_ = state::closed;
        runs_ = 0;
    }

  private:
    constexpr progress<client_reply> broken(failure f) noexcept {
        broken_ = true;
        runs_ = 0;
        return {f, 0};
    }

    // RFC 2920 3.1: these may be followed by other commands of their group; all other commands end it.
    static constexpr bool may_be_followed(event e) noexcept {
        return e == event::mail || e == event::rcpt || e == event::rset || e == event::content_end;
    }
    // RFC 5321 4.3.2 and 3.1, by class: what else comes is no answer to the command.
    static constexpr bool right_class(event e, reply_view const& r) noexcept {
        unsigned const digit = r.code() / 100;
        if (digit == 4 || digit == 5) return true;
        if (e == event::greeting) return r.code() == 220;
        return digit == (e == event::data ? 3u : 2u);
    }

    constexpr void push(event e) noexcept {
        std::size_t const last = (first_ + runs_ - 1u) % queue_size;
        if (runs_ != 0 && kind_[last] == e && count_[last] < 0xFFFF) {
            ++count_[last];
        } else {
            std::size_t const next = (first_ + runs_) % queue_size;
            kind_[next] = e;
            count_[next] = 1;
            ++runs_;
        }
        // While DATA is under way nothing may be written: its state is entered when 354 comes.
        ahead_ = smtp_table.next(ahead_, e, true);
    }
    constexpr void pop() noexcept {
        if (--count_[first_] != 0) return;
        first_ = static_cast<std::uint8_t>((first_ + 1u) % queue_size);
        --runs_;
    }

    constexpr void settle(event e, reply_view const& r, bool accepted, leniency tolerate) noexcept {
        if (e == event::hello && accepted) {
            lmtp_ = hello_ == verb::lhlo;
            auto const offered = hello_ != verb::helo ? parse_capabilities(r, tolerate) : result<capabilities>(capabilities{});
            offers_ = offered ? *offered : capabilities{};
        }
        if (accepted && (e == event::mail || e == event::hello || e == event::rset)) recipients_ = 0;
        if (accepted && e == event::rcpt && in_transaction(where_)) ++recipients_;
        if (e == event::content_end) recipients_ = heard_ = 0;
        // A server may say 354 where the table has no DATA (RFC 2920 3.1: all recipients refused). Then it reads content,
        // whatever we think, and must be given its end.
        where_ = e == event::data && accepted ? state::data : smtp_table.next(where_, e, accepted);
    }
};
static_assert(std::is_trivially_copyable_v<client> && sizeof(client) <= 256);

}  // namespace ehlo
