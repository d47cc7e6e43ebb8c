// What a client hears: a reply with the event that it answers, and what that says of a message.
#pragma once

#include <ehlo/reply_reader.hpp>
#include <ehlo/session.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What became of a message, or of it for a recipient.
enum class verdict : std::uint8_t {
    delivered,   ///< the server has taken responsibility
    refused,     ///< for good
    later,       ///< to be tried again
    unknown,     ///< not decided yet; or its end was sent, and the connection was lost before the reply (RFC 1047)
};
inline constexpr std::string_view verdict_names[] = {"delivered", "refused", "later", "unknown"};
static_assert(detail::names_all<verdict>(verdict_names), "a verdict has no name");
constexpr std::string_view name(verdict v) noexcept { return verdict_names[static_cast<unsigned>(v)]; }

/// A reply and the command that it answers. The reply's views live as long as the octets it was read from.
struct client_reply {
    event to;          ///< event::shutdown for a refusal that no command asked for
    reply_view reply;
    bool accepted;     ///< of the class that moves the session on
    /// End of a message, a reply for each recipient (LMTP, PRDR): which of the accepted recipients it is about, from 0 on; in PRDR's
    /// last one, which is about the message, their number. One that ends the session is about all that are left, too.
    std::uint32_t recipient = 0;
    /// PRDR: 353, or what follows it for a recipient. The last reply is about the message, and until it has come a yes decides nothing.
    bool more = false;
};

/// What a reply says of the message or, in answer to RCPT, in LMTP and in PRDR, of that recipient: `unknown` if it does not decide.
/// What was decided of a recipient before stays so. A refused NOOP, RSET or QUIT decides nothing; a refused STARTTLS or AUTH only if the
/// client cannot go on without; nor does EHLO that the server does not know, 500 or 502: HELO may follow (RFC 5321 3.2). 503 to MAIL, RCPT or DATA says that something before was refused, and that decides (or that the
/// server cannot pipeline).
constexpr verdict verdict_of(client_reply const& r) noexcept {
    constexpr event_set envelope = event::mail | event::rcpt | event::data;
    constexpr event_set on_the_way = event::greeting | event::hello | event::helo | event::starttls | event::auth | event::response;
    constexpr event_set parts = event::content_end | event::chunk_end | event::last_chunk_end | event::burl | event::last_burl;
    constexpr event_set deciding = on_the_way | envelope | parts | event::shutdown;
    if (r.accepted) return detail::ends_message(r.to) && !r.more ? verdict::delivered : verdict::unknown;
    unsigned const code = r.reply.code();
    if (!deciding.has(r.to) || (envelope.has(r.to) && code == 503)) return verdict::unknown;
    if (r.to == event::hello && (code == 500 || code == 502)) return verdict::unknown;
    if (r.reply.kind() == reply_class::transient) return verdict::later;
    // RFC 5321 4.5.3.1.10: too many recipients, said with the code for too much.
    constexpr status too_many{5, 5, 3};
    bool const crowded = r.to == event::rcpt && code == 552 && r.reply.enhanced().value_or(too_many) == too_many;
    return crowded ? verdict::later : verdict::refused;
}

}  // namespace ehlo
