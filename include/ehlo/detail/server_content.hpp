// How a server reads content: the lines after DATA, and the octets of a BDAT.
#pragma once

#include <ehlo/detail/server_core.hpp>

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

template <class Server, class H>
constexpr void hand_on(Server& s, H& handler, std::string_view octets) {
    s.message.octets += octets.size();
    if (s.message.octets <= s.settings->max_message && !s.message.spoilt(*s.settings) && !octets.empty()) handler.on(content{octets});
}
// Likewise, put where the handler wants content.
template <class Server, class H>
constexpr void put_on(Server& s, H& handler, std::string_view octets) {
    while (has_content_room<H> && !octets.empty()) {
        std::span<char> room;
        if constexpr (has_content_room<H>) room = handler.content_room();
        if (room.empty()) break;
        std::string_view const part = sub(octets, 0, room.size());
        if (std::is_constant_evaluated()) {
            for (std::size_t i = 0; i < part.size(); ++i) room[i] = part[i];
        } else {
            std::memcpy(room.data(), part.data(), part.size());
        }
        detail::hand_on(s, handler, {room.data(), part.size()});
        octets.remove_prefix(part.size());
    }
    if (!octets.empty()) detail::hand_on(s, handler, octets);
}

// One reply, or several: in LMTP one for each recipient (RFC 2033 4.2). The end of the content is consumed with the first.
template <class Server, class H>
constexpr void end_content(Server& s, server_io& t, H& handler, std::size_t consumed) {
    std::optional<failure> const fault = s.message.find_fault(*s.settings);
    s.tolerated = strict;  // DATA's was told
    s.message.ended = true;
    asked const a{event::content_end, verb::data};
    reply const r = fault ? refusal_of<H>(*fault, verb::data) : handler.on(s.question());
    if (r.is_later()) return s.put_off(consumed, a);
    t.used += consumed;
    s.conclude(t, handler, a, r, fault);
}

/// Decodes content. False: more input (or room) is needed.
template <class Server, class H>
constexpr bool take_content(Server& s, server_io& t, H& handler) {
    if (s.message.ended) [[unlikely]] {
        if (!s.has_room(t)) return false;
        detail::end_content(s, t, handler, 0);
        return true;
    }
    for (;;) {
        std::string_view const rest = t.rest();
        // The end needs a reply: it is left where it is until there is room for one.
        if (!s.has_room(t) && rest.size() >= 3 && sub(rest, 0, 3) == ".\r\n") return false;
        if constexpr (has_content_room<H>) {
            if (rest.empty()) return false;
            // A CRLF that is made of one octet needs room for two.
            if (std::span<char> const room = handler.content_room(); room.size() > 1) {
                decoded_content const part = s.message.content.decode(rest, room, s.settings->bare);
                std::size_t const end = part.end ? std::size_t{3} : std::size_t{0};
                t.used += part.consumed - end;
                detail::hand_on(s, handler, {room.data(), part.produced});
                if (part.consumed == 0 || (part.end && !s.has_room(t))) return false;
                if (!part.end) continue;
                detail::end_content(s, t, handler, end);
                return true;
            }
        }
        content_piece const piece = s.message.content.next(rest, s.settings->bare);
        if (piece.consumed == 0) return false;
        if (piece.end) {
            detail::end_content(s, t, handler, piece.consumed);
            return true;
        }
        t.used += piece.consumed;
        detail::hand_on(s, handler, piece.octets);
    }
}

/// Whoever sends BDAT sends its chunk too, which must never be read as commands: its octets are taken before it is refused (RFC 3030
/// 2). Without its size there is no way to tell where commands begin again, and the session ends. So it does after any line that
/// is refused and that somebody may take for a BDAT, see bdat_finder; and where a bare LF ended the line, the chunk does not
/// begin at the same place for everybody.
template <class Server, class H>
constexpr void take_bdat(Server& s, server_io& t, H& handler, asked const& a, command_line const& split, std::size_t consumed, bool bare_lf) {
    t.used += consumed;
    auto const parsed = parse_bdat(split.arguments);
    if (!parsed || bare_lf) {
        failure const fault = bare_lf ? fail(errc::bare_lf, a.line.size())
                                      : fail(parsed.error().code, parsed.error().at + static_cast<std::size_t>(split.arguments.data() - split.name.data()));
        return s.refuse(t, handler, a, fault, false, true);
    }
    std::optional<errc> fault = s.order.check(event::bdat);
    if (!Server::may_offer.has(extension::chunking) || !s.offered.has(extension::chunking))
        fault = in_transaction(s.order.where()) ? errc::not_implemented : errc::bad_sequence;
    s.chunk = {parsed->size, true, fault ? event::bdat : parsed->last ? event::last_chunk_end : event::chunk_end, parsed->last, fault};
    if (fault) return;
    s.order.settle(event::bdat, answer::done);
    if (s.message.octets > s.settings->max_message || parsed->size > s.settings->max_message - s.message.octets)
        s.chunk.fault = errc::message_too_large;
}

template <class Server, class H>
constexpr void end_chunk(Server& s, server_io& t, H& handler) {
    asked const a{s.chunk.ends, verb::bdat};
    s.tolerated = strict;
    std::optional<failure> fault;
    if (s.chunk.fault) fault = fail(*s.chunk.fault, 0);
    if (!Server::may_offer.has(extension::chunking) || a.on == event::bdat) {
        // RFC 2033 4.3: a last chunk has as many replies as there are recipients, which may be none.
        if (s.answers_each_recipient(a.on) && s.message.recipients == 0) {
            s.settle(handler, a.on, 503);
            s.chunk = open_chunk();
            return s.tell(handler, a, a.on, fault, reply());
        }
        return s.refuse(t, handler, a, *fault, fault->code != errc::not_implemented);
    }
    if (a.on == event::last_chunk_end) detail::put_on(s, handler, s.message.chunks.finish(s.settings->bare));
    if (!fault) fault = s.message.find_fault(*s.settings);
    reply r = replies::chunk_received;
    if (fault) r = refusal_of<H>(*fault, verb::data);
    else if (a.on == event::last_chunk_end) r = handler.on(s.question());
    if (r.is_later()) return s.put_off(0, a);
    s.conclude(t, handler, a, r, fault);
}

/// The octets of a chunk, and the reply when all have come. False: more input (or room) is needed.
template <class Server, class H>
constexpr bool take_chunk(Server& s, server_io& t, H& handler) {
    while (s.chunk.left != 0) {
        std::string_view const rest = sub(t.in, t.used, s.chunk.left < t.in.size() ? static_cast<std::size_t>(s.chunk.left) : t.in.size());
        if (rest.empty()) return false;
        bool const as_it_is = !Server::may_offer.has(extension::chunking) || s.chunk.fault || s.order.knows(fact::binary);
        content_piece const piece = as_it_is ? content_piece{rest, rest.size(), false} : s.message.chunks.next(rest, s.settings->bare);
        t.used += piece.consumed;
        s.chunk.left -= piece.consumed;
        if (Server::may_offer.has(extension::chunking) && !s.chunk.fault) detail::put_on(s, handler, piece.octets);
        else if (s.chunk.ends != event::bdat) s.message.octets += piece.consumed;
    }
    if (!s.has_room(t)) return false;
    detail::end_chunk(s, t, handler);
    return true;
}

}  // namespace detail
}  // namespace ehlo
