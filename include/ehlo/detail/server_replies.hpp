// Replies as a server writes them. What cannot be sent as a handler gave it keeps its code and loses the rest; what was wrong is
// returned, to be told.
#pragma once

#include <ehlo/ehlo_answer.hpp>
#include <ehlo/reply.hpp>
#include <ehlo/session.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

/// X.0.0, or the status that the text begins with.
constexpr void add_status(reply& r) noexcept {
    status s;
    std::size_t const size = scan_status(r.text, s);
    if (size != 0 && s.class_digit == r.code / 100) {
        r.text = sub(r.text, size < r.text.size() ? size + 1 : size);
        r.enhanced = s;
    } else {
        r.enhanced = status{static_cast<std::uint8_t>(r.code / 100), 0, 0};
    }
}

/// RFC 6531 3.7.4: UTF-8 is said in 251 and 551 of a transaction that asked for SMTPUTF8, and to VRFY and EXPN that did; nowhere else.
/// `command`: this command did; `before`: the MAIL before it.
constexpr bool may_be_utf8(event e, unsigned code, bool command, bool before) noexcept {
    return e == event::vrfy || e == event::expn ? command : (command || before) && (code == 251 || code == 551);
}
/// What is left of a reply that may not: no mailbox, and so no code that tells of one. Returns what was wrong.
EHLO_NOINLINE constexpr failure take_utf8_away(event e, reply& r) noexcept {
    failure const fault = fail(errc::non_ascii, find_first<chars::non_ascii>(r.text));
    bool const lookup = e == event::vrfy || e == event::expn;
    if (lookup && r.accepted()) r.code = 252;
    else if (r.code == 251) r.code = 250;
    else if (lookup || r.code == 551) r.code = 550;
    else return r.text = {}, fault;
    r.enhanced = status{static_cast<std::uint8_t>(r.code / 100), 6, 8};
    r.text = {};
    return fault;
}
/// Whether a text is spaces and visible ASCII, as nearly all are that are said: nothing more has to be asked of it.
EHLO_INLINE constexpr bool is_plain(std::string_view text) noexcept {
    char const* const p = text.data();
    std::size_t const size = text.size();
    // What is less than 32 borrows, and gets its high bit; what has it already is over 127.
    auto const odd = [](auto octets) noexcept { return octets | (octets - static_cast<decltype(octets)>(0x2020202020202020)); };
    if (size < 8) {
        // By hand: a loop over so few would be made vectors of.
        if (size >= 4) return ((odd(load4(p)) | odd(load4(p + size - 4))) & 0x80808080u) == 0;
        auto const good = [](char c) noexcept { return static_cast<signed char>(c) >= 32; };
        return size == 0 || (good(p[0]) && good(p[size / 2]) && good(p[size - 1]));
    }
    std::uint64_t octets = odd(load8(p)) | odd(load8(p + size - 8));
    for (std::size_t i = 8; i + 8 < size; i += 8) octets |= odd(load8(p + i));
    return (octets & 0x8080808080808080) == 0;
}
/// Claims the octets of a reply of one line that nothing is wrong with, as nearly all are: no policy has less space than that takes.
/// nullptr: it is another, for write_within and those who look for what is wrong. `plain`: without a status.
EHLO_INLINE constexpr char* claim_line(writer& out, reply& r, bool plain) noexcept {
    unsigned const code = r.code, first = code / 100;
    if (plain) r.enhanced = {};
    bool const none = plain || first == 3;
    if (first - 2 > 3 || r.enhanced.class_digit != (none ? 0 : first) || !is_short(r.enhanced) || !is_plain(r.text)) [[unlikely]] return nullptr;
    std::size_t const size = 4 + (none ? 0u : r.text.empty() ? 5u : 6u) + r.text.size() + 2;
    if (size > max_reply_line || size > out.room() || !out.ok()) [[unlikely]] return nullptr;
    return out.claim(size);
}
/// Fills them.
EHLO_INLINE constexpr void put_line(char* to, reply const& r) noexcept {
    to = put_code(to, r.code);
    if (r.enhanced) to = put_short_status(to, r.enhanced) + (r.text.empty() ? 0 : 1);
    store_word(put_octets(to, r.text), load2("\r\n"));
}
/// Both at once. False: nothing was written.
EHLO_INLINE constexpr bool write_at_once(writer& out, reply& r, bool plain) noexcept {
    char* const to = claim_line(out, r, plain);
    if (to != nullptr) put_line(to, r);
    return to != nullptr;
}
/// What was wrong with a reply that may not be UTF-8 and is; then it is made one that is not.
EHLO_NOINLINE constexpr std::optional<failure> keep_to_ascii(event e, reply& r, bool command, bool before) noexcept {
    if (may_be_utf8(e, r.code, command, before)) return std::nullopt;
    return take_utf8_away(e, r);
}

/// Writes a reply of `space` octets at most, whatever room there is: what is refused must not depend on the buffer.
constexpr bool write_within(writer& out, reply const& r, std::size_t space) noexcept {
    std::size_t const before = out.size();
    auto const written = write_reply(out, r);
    if (written && *written <= space) [[likely]] return true;
    out.rewind(before);
    return false;
}

/// A reply that cannot be sent, of a code that can: what is left of it. Returns what was wrong. If there is no room for
/// that either, as a shut_down may have it, nothing is written, and the code is 0. `plain`: without a status.
EHLO_NOINLINE constexpr failure write_without_text(writer& out, bool plain, reply& r) noexcept {
    std::optional<failure> const bad = check(r);
    failure const fault = !bad ? fail(errc::output_full, 0) : bad->code == errc::unsafe_octet ? *bad : fail(errc::bad_value, 0);
    unsigned const first = r.code / 100;
    bool const right_status = r.enhanced && r.enhanced.valid() && r.enhanced.class_digit == first;
    status const s = plain || first == 3 ? status{} : right_status ? r.enhanced : status{static_cast<std::uint8_t>(first), 0, 0};
    r = reply(r.code, s, {});
    if (r.code == 421) r.text = replies::shutting_down.text;
    if (write_reply(out, r)) return fault;
    r = replies::shutting_down;
    if (plain) r.enhanced = {};
    if (!write_reply(out, r)) r = reply();
    return fault;
}

/// "220 SP name SP text": the greeting, and what XCLIENT is answered. A text that cannot be sent gives way to the usual one.
constexpr std::optional<failure> write_greeting(writer& out, std::string_view server_name, reply& r, std::string_view usual) noexcept {
    std::optional<failure> fault = check(r);
    std::size_t const odd = find_first<chars::non_ascii>(r.text);
    if (!fault && odd != r.text.size()) fault = fail(errc::non_ascii, odd);
    if (!fault && server_name.size() + r.text.size() + 7 > max_reply_line) fault = fail(errc::output_full, 0);
    if (fault) r.text = usual;
    out.raw("220 ").raw(server_name).raw(r.text.empty() ? "" : " ").raw(r.text).crlf();
    return fault;
}

/// What ehlo itself refuses.
template <class H>
constexpr reply refusal_of(failure const& f, verb v) noexcept {
    if constexpr (requires { requires H::terse; }) return code_for(f, v);
    else return reply_for(f, v);
}

/// One line more, after the last one of a reply that begins at `before`.
constexpr void write_own_keyword(writer& w, std::size_t before, std::string_view keyword) noexcept {
    if (keyword.empty() || !w.ok()) return;
    std::string_view const lines = sub(w.text(), before, w.size() - before - 2);
    std::size_t const end = find_last<charset("\n")>(lines, 0, lines.size());
    std::size_t const last = before + (end == lines.size() ? 0 : end + 1);
    w.overwrite(last + 3, '-').raw("250 ").raw(keyword).crlf();
}
/// The answer to EHLO, of `space` octets at most, and the keywords of one's own commands: those of which `named` has the bit. Its domain was
/// looked at before.
template <extensions Known, class... Own>
constexpr std::optional<failure> write_ehlo_answer_within(writer& out, ehlo_answer const& a, std::size_t space, [[maybe_unused]] unsigned named = ~0u) noexcept {
    std::size_t const before = out.size();
    auto written = write_own_answer<Known>(out, a);
    if constexpr (sizeof...(Own) != 0) {
        unsigned bit = 1;
        if (written) written = out.atomically([&](writer& w) { ((named & bit ? write_own_keyword(w, before, Own::keyword) : void(), bit <<= 1), ...); });
    }
    if (written && out.size() - before > space) written = fail(errc::output_full, 0);
    if (!written) out.rewind(before);
    return written ? std::nullopt : std::optional(written.error());
}

}  // namespace detail
}  // namespace ehlo
