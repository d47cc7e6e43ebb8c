// What an observer tells: events with their places, departures by name; and what it is told of the two that it watches.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/detail/dot_lines.hpp>
#include <ehlo/handler.hpp>
#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Whose octets: each direction is a stream with offsets of its own.
enum class direction : std::uint8_t { from_client, from_server };
inline constexpr std::string_view direction_names[] = {"client", "server"};
static_assert(detail::names_all<direction>(direction_names), "a direction has no name");
constexpr std::string_view name(direction d) noexcept { return direction_names[static_cast<unsigned>(d)]; }

/// What somebody did that is not as the RFCs have it, or that two readers may take in two ways.
enum class departure : std::uint8_t {
    malformed,               ///< a command, an AUTH response or a reply: `why`
    tolerated,               ///< a command or a reply under the rules of leniency that were asked for: `rules`
    out_of_order,            ///< a command: `why`
    not_offered,             ///< a command, or one with a parameter, that the latest EHLO did not offer
    pipelining_not_offered,  ///< a command before the reply to the one before it
    did_not_wait,            ///< octets after a command that must be the last of a group (RFC 2920 3.1)
    early_talker,            ///< a command before the greeting
    after_starttls,          ///< octets in the clear after STARTTLS, or its 220 (RFC 3207 4.2)
    after_the_end,           ///< octets after QUIT, or after a 421
    bare_cr, bare_lf, nul,   ///< the first in a command, in content, or in a reply
    long_line,               ///< a command or a line of a reply over 512 octets, a line of content over 998
    smuggled_end,            ///< content has a line that others take for its end: `line`
    other_end,               ///< content ended at such a line, as the endpoint is said to read: `line`
    may_be_chunk,            ///< a refused line that a laxer reader may take for BDAT, and the next octets for its chunk
    content_for_nobody,      ///< after 354, though no recipient was accepted (RFC 2920 3.1)
    unexpected_reply,        ///< nobody asked for it
    early_reply,             ///< to content, or a chunk, that has not ended
    bad_reply_class,         ///< the command cannot have such a reply
    too_many_under_way,      ///< more commands without a reply than an observer keeps: it must find its step again
};
inline constexpr std::string_view departure_names[] = {
    "malformed",      "tolerated",     "out_of_order", "not_offered",  "pipelining_not_offered", "did_not_wait",       "early_talker",
    "after_starttls", "after_the_end", "bare_cr",      "bare_lf",      "nul",                    "long_line",          "smuggled_end",
    "other_end",      "may_be_chunk",  "content_for_nobody", "unexpected_reply", "early_reply",  "bad_reply_class",    "too_many_under_way"};
static_assert(detail::names_all<departure>(departure_names), "a departure has no name");
constexpr std::string_view name(departure d) noexcept { return departure_names[static_cast<unsigned>(d)]; }

/// What became of a transaction.
enum class outcome : std::uint8_t {
    delivered,   ///< the server said yes to the message; in LMTP for one recipient at least
    refused,
    abandoned,   ///< by RSET, EHLO, QUIT, or because the connection was lost before its end was sent
    unknown,     ///< its end was sent and the reply not seen; or octets were lost
};
inline constexpr std::string_view outcome_names[] = {"delivered", "refused", "abandoned", "unknown"};
static_assert(detail::names_all<outcome>(outcome_names), "an outcome has no name");
constexpr std::string_view name(outcome o) noexcept { return outcome_names[static_cast<unsigned>(o)]; }

/// Which directions an observer is shown.
enum class sight : std::uint8_t { both, client_only, server_only };

/// What is known of the two endpoints. An observer that reads otherwise than they do is blind: what they take for a command, or for
/// the end of content, is said here by name. Wherever that is not as the RFCs have it, the departure is told all the same.
struct observer_settings {
    syntax grammar{};            ///< how the server reads commands; `tolerate` has rule::bare_lf_line, and others
    dot_lines ends{};            ///< lines that the server takes for the end of content, besides CRLF "." CRLF
    bool knows_bdat = true;      ///< false: to the server BDAT is no command, and it reads the chunk as commands
    bool drains_chunks = true;   ///< false: of a BDAT that was refused before its first octet came no chunk is read
    bool lmtp = false;           ///< replies after the content are for each recipient; LHLO says so, too
    /// How the client reads replies: as most clients do, which take LF for the end of a line and any three digits for a code. A reply
    /// that is longer is told without its text.
    reply_limits replies{.line = 64 * 1024, .lines = 0xFFFF, .tolerate = of_replies};
    sight sees = sight::both;
    bool guesses = false;        ///< while out of step, tell lines that look like commands, with `sure` false
    /// Octets of a line of the client's, with its CRLF, that are kept; 512 at least (RFC 5321 4.5.3.1.4). One that is longer is told
    /// without its text. RFC 4954 4 has lines of 12,288 octets in an AUTH exchange; no other RFC has longer ones.
    std::uint32_t max_line = max_auth_line;
    std::uint32_t max_waiting = 64 * 1024;   ///< octets of a client that did not wait for 354 are left to wait, up to so many
};

/// What an observer tells its handler. Views live until the call returns.
namespace seen {

/// Where it stands in its stream: `at` is the offset of its first octet. `sure`: it is as told. Otherwise octets were lost, or one
/// side is not shown.
struct place {
    direction from = direction::from_client;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    bool sure = true;
};

/// A line of the client that is a command, or was meant to be. A handler that has on(seen::of<cmd::mail> const&) is told of each MAIL
/// by that one, and likewise for all of cmd::*. What is malformed is told as this: with its verb, if it begins with one.
struct command : place {
    std::optional<v0::event> event{};        ///< nothing: the line begins with no verb that is known
    v0::verb verb = verb::unknown;
    std::optional<std::uint64_t> number{};   ///< that of its reply; nothing while out of step. BDAT: that of the reply to its chunk
    std::string_view line{};                 ///< without its line end; empty if it was cut off because it is too long
    std::uint32_t secret = 0;                ///< from this octet on the line may hold a secret, and belongs in no log; its size if none
    std::optional<failure> fault{};          ///< why it is no well-formed command, or out of order
    constexpr std::string_view loggable() const noexcept { return detail::sub(line, 0, secret); }
};
/// The same with the command, typed. A command of the user's own is told as seen::of<One::type>.
template <class Command>
struct of : command {
    Command typed;
};

/// A line of the client in an AUTH exchange: all of it is secret.
struct response : place {
    std::uint64_t number = 0;
    std::string_view line{};
    std::optional<failure> fault{};   ///< bad_base64; auth_cancelled if the line is "*"
};

/// A reply, and what it answers. `said` is not all of it if it is longer than the client hears: its code alone. The reply to AUTH and to responses may be a challenge.
struct reply : place {
    reply_view said{};
    std::optional<v0::event> to{};              ///< nothing: it answers nothing that was seen, or what was no command
    v0::verb verb = verb::unknown;
    std::uint64_t number = 0;                   ///< of the command
    std::optional<std::uint64_t> command_at{};  ///< its offset in the client's stream
    std::uint32_t recipient = 0;                ///< LMTP, PRDR, end of a message: which of the accepted recipients it is about
    bool more = false;                          ///< PRDR: 353, or for a recipient; the one to the message is the last
    /// Whether it answers a line that begins with no verb that is known.
    constexpr bool to_no_command() const noexcept { return !to && command_at; }
};
/// A command whose reply was not seen.
struct unanswered : place {
    std::optional<v0::event> event{};   ///< nothing: it was a line that begins with no verb that is known
    v0::verb verb = verb::unknown;
    std::uint64_t number = 0;
    std::uint32_t count = 1;   ///< of so many in a row
};

/// A piece of content, decoded. `at` is where its first octet stands; `size` is that of `octets`.
struct content : place {
    std::string_view octets{};
};
/// The content has ended: `at` is the line that ended it, or the end of the last chunk.
struct end_of_content : place {
    std::uint64_t number = 0;
    std::uint64_t octets = 0;   ///< decoded
};

/// The end of a transaction.
struct transaction {
    std::uint64_t number = 0;                  ///< of its MAIL
    v0::outcome outcome = outcome::unknown;
    unsigned code = 0;                         ///< of the reply that decided; 0: none
    std::uint32_t recipients = 0;              ///< RCPTs that were answered
    std::uint32_t accepted = 0;
    std::optional<std::uint64_t> octets{};     ///< of content, decoded; nothing if they were not all seen
    bool whole = true;                         ///< it was seen from its MAIL on
    bool sure = true;
};

/// STARTTLS was accepted: what comes is opaque, until `secured` says that it was decrypted. The offsets where it begins.
struct tls {
    std::uint64_t client_at = 0, server_at = 0;
};
/// From these offsets on the observer is sure of what it tells, or no longer is.
struct in_step {
    bool sure = false;
    std::uint64_t client_at = 0, server_at = 0;
};

struct departed : place {
    v0::departure what{};
    std::optional<errc> why{};
    leniency rules{};
    dot_line line{};
};

}  // namespace seen

namespace detail {

template <class H, class... E>
constexpr void check_told() noexcept {
    (check_on<H, E>(), ...);
    auto is_void = []<class T>() {
        if constexpr (handles<H, T>) return std::is_void_v<decltype(std::declval<H&>().on(std::declval<T const&>()))>;
        return true;
    };
    static_assert((is_void.template operator()<E>() && ...), "what an observer tells has no answer: void on(E const&)");
    static_assert((handles<H, E> || ...), "the handler is told nothing: it has no `on` for any of ehlo::seen");
}
template <class H, class... E>
constexpr bool tells_quietly() noexcept {
    return (... && never_throws_at<H, E>());
}

// Every event.
#define EHLO_EVENTS_SEEN \
    seen::command, seen::of<cmd::hello>, seen::of<cmd::mail>, seen::of<cmd::rcpt>, seen::of<cmd::vrfy>, seen::of<cmd::noop>, \
        seen::of<cmd::data>, seen::of<cmd::rset>, seen::of<cmd::quit>, seen::of<cmd::turn>, seen::of<cmd::starttls>, seen::of<cmd::onex>, \
        seen::of<cmd::auth>, seen::of<cmd::bdat>, seen::of<cmd::burl>, seen::of<cmd::etrn>, seen::of<cmd::atrn>, \
        seen::of<cmd::xclient>, seen::response, seen::reply, seen::unanswered, seen::content, seen::end_of_content, \
        seen::transaction, seen::tls, seen::in_step, seen::departed
template <class H, class... Own>
constexpr void check_observing() noexcept {
    check_told<H, EHLO_EVENTS_SEEN, seen::of<typename Own::type>...>();
}
template <class H>
inline constexpr bool observes_quietly = tells_quietly<H, EHLO_EVENTS_SEEN>();
#undef EHLO_EVENTS_SEEN

}  // namespace detail
}  // namespace ehlo
