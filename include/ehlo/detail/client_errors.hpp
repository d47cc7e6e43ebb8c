// The errors of a client that a server or a relay counts, and what of its commands is none.
#pragma once

#include <ehlo/error.hpp>
#include <ehlo/session.hpp>
#include <ehlo/verb.hpp>

#include <cstdint>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

struct client_errors {
    std::uint32_t count : 31 = 0;      // one word: a server has 128 octets
    std::uint32_t pipelined : 1 = 0;   // a command was refused, others may have been sent before its reply was seen (RFC 2920 3.1)

    /// A reply was given that is no refusal by this side.
    constexpr void note_reply(event e, bool accepted) noexcept { pipelined = !accepted && (is_pipelined(e) || (pipelined && e == event::data)); }

    /// A command is refused for `f`, which may become another failure: that there were too many of them. Returns whether the refusal
    /// ends the session. `counted`: it is not one of many for one command.
    constexpr bool note_refusal(event e, verb v, failure& f, std::uint32_t most, bool counted = true) noexcept {
        bool const counts = counted && !is_innocent(e, v, f.code);
        if (counts && ++count >= most) f = fail(errc::too_many_errors, 0);
        // All but these have to be the last of what is sent together.
        if (counts || f.code != errc::bad_sequence)
            pipelined = f.code != errc::bad_sequence && (v == verb::unknown || v == verb::bdat || e == event::mail || e == event::rcpt);
        return f.code == errc::too_many_errors || f.code == errc::http_request;
    }

  private:
    // Whether a refusal is no error of the client's: it asked for what is not granted here (RFC 5321 4.5.3.1.10 of a
    // recipient too many: 452), or it could not know yet, when it sent the command, that one before it would be refused.
    constexpr bool is_innocent(event e, verb v, errc code) const noexcept {
        if (code == errc::too_many_recipients || code == errc::message_too_large || code == errc::unknown_parameter) return true;
        bool const follows = e == event::rcpt || e == event::data || v == verb::bdat;
        return pipelined && follows && (code == errc::bad_sequence || code == errc::not_implemented);
    }
};

}  // namespace ehlo::inline v0::inline EHLO_TARGET::detail
