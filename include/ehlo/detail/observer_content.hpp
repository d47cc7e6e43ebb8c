// Content and chunks, as an observer sees them go by.
#pragma once

#include <ehlo/command_reader.hpp>
#include <ehlo/detail/observer_replies.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

class content_observer : protected reply_observer {
  protected:
    bool in_parts_ = false;       // chunks of the message have come
    bool doubtful_ = false;       // one direction only: whether DATA or AUTH was accepted, its next line tells

    using reply_observer::reply_observer;

    // With the client's octets only, all is supposed to be accepted, until the next line says otherwise.
    constexpr void suppose(event e) noexcept {
        if (e == event::data) {
            begin_content(here(client));
            doubtful_ = true;
        }
        if (e == event::starttls) opaque_ = true, tls_seen_[0] = false;
        if (smtp_protocol::ends.has(now_.where())) end_session();
    }

    template <class H>
    constexpr bool take_content(io& t, H& h) noexcept(quiet<H>) {
        if (doubtful_ && !resolve_doubt(t)) return false;
        if (!in_content_) return true;
        for (;;) {
            std::string_view const rest = t.rest();
            if (rest.empty()) return false;
            auto const p = content_.next(rest, here(client), settings_.ends, departs(h));
            if (p.consumed == 0) return false;
            if (p.end) {
                end_content(t, h, p.consumed);
                return true;
            }
            hand_on(h, rest, p);
            use(client, t, p.consumed);
        }
    }
    template <class H>
    constexpr void hand_on(H& h, std::string_view rest, content_watch::part const& p) const noexcept(quiet<H>) {
        if (p.octets.empty()) return;
        auto const at = here(client) + static_cast<std::size_t>(p.octets.data() - rest.data());
        seen::content c{place(client, at, p.octets.size()), p.octets};
        c.sure = !lost_ && !alone();
        tell(h, c);
    }
    template <class H>
    constexpr void end_content(io& t, H& h, std::size_t size) noexcept(quiet<H>) {
        std::uint64_t const at = here(client);
        content_.finish(departs(h));
        if (content_.octets() != 0 && now_.recipients() == 0 && message_.whole && !message_.refused_early && !alone())
            depart(h, departure::content_for_nobody, client, at);
        in_content_ = false;
        tell(h, seen::end_of_content{place(client, at, size), pushed_, content_.octets()});
        use(client, t, size);
        if (unpaired_ && !alone()) return lose(h);
        if (message_.refused_early) {
            // Whether a reply comes to the end of what was refused before it, nobody knows.
            message_.refused_early = false;
            return unpair(h);
        }
        sizes_.push(content_.all_octets());
        push(h, event::content_end, verb::data, at, {});
    }
    // After DATA: content, unless the line is a command that only a client says whose DATA was refused.
    constexpr bool resolve_doubt(io const& t) noexcept {
        std::string_view const rest = t.rest();
        std::size_t const end = find_first<charset("\n")>(rest);
        if (end == rest.size() && end < 512) return false;
        doubtful_ = false;
        if (end == 0 || end >= 512 || rest[end - 1] != '\r') return true;
        auto const split = split_command(sub(rest, 0, end - 1));
        if (!split || (split->verb != verb::rset && split->verb != verb::quit && split->verb != verb::mail && split->verb != verb::ehlo)) return true;
        if (visit_command(*split, strict_syntax, [](auto const&) noexcept {})) return true;
        in_content_ = false;
        now_.settle(event::content_end, answer::refused);
        go_ahead_from_now();
        return true;
    }

    template <class H>
    constexpr bool take_chunk(io& t, H& h) noexcept(quiet<H>) {
        if (chunk_left_ != 0) {
            std::string_view const rest = sub(t.rest(), 0, chunk_left_ < t.in.size() ? static_cast<std::size_t>(chunk_left_) : t.in.size());
            if (rest.empty()) return false;
            auto const p = content_.next_chunk(rest, here(client), chunk_binary_, departs(h));
            hand_on(h, rest, p);
            use(client, t, p.consumed);
            chunk_left_ -= p.consumed;
            chunk_begun_ = true;
            if (chunk_left_ != 0) return true;
        }
        in_chunk_ = false;
        if (chunk_last_) {
            content_.finish(departs(h));
            tell(h, seen::end_of_content{place(client, here(client), 0), chunk_number_, content_.octets()});
            in_parts_ = false;
            // If its reply came first, nobody asks any more.
            if (queue_.number() <= chunk_number_) sizes_.push(content_.all_octets());
        }
        if (unpaired_ && !alone()) lose(h);
        return true;
    }
};

}  // namespace ehlo::detail
