// Values of parameters in xtext: ENVID, the mailboxes of AUTH, SUBMITTER and ALT-ADDRESS, and ORCPT. RFC 3461 4 and others.
#pragma once

#include <ehlo/mailbox.hpp>
#include <ehlo/detail/parameter_table.hpp>
#include <ehlo/xtext.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

// Values. Each parse_x takes the whole value, without keyword and "="; its errors are bad_parameter_value (with bad_xtext or
// bad_date_time where such a thing is wrong) at the first octet that cannot be right, and parameter_too_long at the first
// octet too many. Each write_x writes such a value, which parse_x reads back before it counts as written: its errors are
// parse_x's, output_full, unsafe_octet and bad_value.

namespace detail {
/// A value may not be longer than this, unless something before that is wrong already.
template <class T>
constexpr result<T> within(parameter_id id, std::string_view text, result<T> const& r) noexcept {
    std::size_t const most = max_length(id);
    if (text.size() <= most || (!r && r.error().at < most)) return r;
    return fail(errc::parameter_too_long, most);
}

template <class Parse, class Write>
constexpr result<std::size_t> write_and_read(writer& out, Parse&& parse, Write&& write) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        write(w);
        if (!w.ok()) return;
        if (auto const parsed = parse(detail::sub(w.text(), before)); !parsed) w.refuse(parsed.error());
    });
}
// With the octets that only a value under SMTPUTF8 holds: whether they may stand there was asked before.
inline constexpr syntax wide_syntax{.tolerate = rule::lower_case_hexchar | rule::wide_orcpt, .smtputf8 = true};
constexpr hexchar_case hexchars(syntax const& rules) noexcept {
    return rules.tolerate.has(rule::lower_case_hexchar) ? hexchar_case::any : hexchar_case::upper;
}
}  // namespace detail

/// envid-parameter = "ENVID=" xtext, of printable ASCII and SP. RFC 3461 4.4. Up to 100 octets. Borrows from `value`.
constexpr result<xtext> parse_envid(std::string_view value EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    return detail::within(parameter_id::envid, value, parse_xtext(value, false, detail::hexchars(rules)));
}
template <detail::temporary Text>
result<xtext> parse_envid(Text&&, syntax const& = strict_syntax) = delete;
constexpr result<std::size_t> write_envid(writer& out, xtext const& x) noexcept {
    auto const read = [](std::string_view value) noexcept { return parse_envid(value); };
    return detail::write_and_read(out, read, [&](writer& w) {
        if (auto const n = write_xtext(w, x); !n) w.refuse(n.error());
    });
}

/// The recipient as the sender wrote it. The address is not bound to the syntax of its type (RFC 3461 4.2). Borrows.
struct original_recipient {
    std::string_view addr_type;  ///< "rfc822", "utf-8", ...; case does not matter
    std::string_view address;
    bool encoded = false;        ///< `address` is xtext, or, with type utf-8, has its "\x{...}"
    constexpr bool is_utf8() const noexcept { return iequals(addr_type, "utf-8"); }
};

namespace detail {
inline constexpr charset qchar = chars::xchar - "\\";

// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}": a code point beyond ASCII in its shortest form, or one of SP \ + =. The ABNF
// of RFC 6533 lets most controls through as well: they cannot stand in a Mailbox, and are refused like xtext's.
constexpr bool scan_hexpoint(std::string_view text, std::size_t& at, std::uint32_t& point) noexcept {
    for (char const c : std::string_view("\\x{")) {
        if (at == text.size() || text[at] != c) return false;
        ++at;
    }
    point = 0;
    unsigned n = 0;
    for (; at < text.size() && hex_digit(text[at]) < 16; ++at, ++n) {
        unsigned const digit = hex_digit(text[at]);
        if (n == 6 || (n == 0 && digit == 0) || (n == 5 && point >> 12 != 0x10)) return false;
        point = point * 16 + digit;
    }
    bool const special = point == 0x20 || point == 0x2B || point == 0x3D || point == 0x5C;
    bool const surrogate = point >= 0xD800 && point < 0xE000;
    if (at == text.size() || text[at] != '}' || n < 2 || (point < 0x80 && !special) || surrogate) return false;
    ++at;
    return true;
}

// utf-8-enc-addr = 1*( QCHAR / UTF8-2 / UTF8-3 / UTF8-4 / EmbeddedUnicodeChar )
// Calls each(plain octets, code point): octets as they stand, or none and the point in their place.
template <class Each>
constexpr bool scan_unitext(std::string_view text, std::size_t& at, syntax const& rules, failure& f, Each&& each) noexcept {
    f = fail(errc::bad_xtext, at);
    while (at < text.size()) {
        std::size_t const start = at;
        std::uint32_t point = 0;
        if (text[at] == '\\') {
            if (!scan_hexpoint(text, at, point)) return f.at = static_cast<std::uint32_t>(at), false;
            each(std::string_view(), point);
            continue;
        }
        if (!qchar.contains(text[at])) {
            cursor c{text, rules, at};
            if (is_ascii(text[at])) return f.at = static_cast<std::uint32_t>(at), false;
            if (!c.skip_wide()) return f = c.error, false;
            at = c.at;
        } else {
            ++at;
        }
        each(detail::sub(text, start, at - start), point);
    }
    return !text.empty();
}

constexpr void write_utf8(writer& w, std::uint32_t point) noexcept {
    auto raw = [&w](std::uint32_t octet) noexcept { w.raw(static_cast<char>(octet)); };
    if (point < 0x80) raw(point);
    else if (point < 0x800) raw(0xC0 | point >> 6), raw(0x80 | (point & 63));
    else if (point < 0x10000) raw(0xE0 | point >> 12), raw(0x80 | (point >> 6 & 63)), raw(0x80 | (point & 63));
    else raw(0xF0 | point >> 18), raw(0x80 | (point >> 12 & 63)), raw(0x80 | (point >> 6 & 63)), raw(0x80 | (point & 63));
}
}  // namespace detail

/// orcpt-parameter = "ORCPT=" addr-type ";" ( xtext / utf-8-enc-addr );  addr-type = atom. RFC 3461 4.2, RFC 6533 3: the second
/// form if the type is utf-8. What is meant holds no controls, and without type utf-8 nothing but ASCII (but see rule::wide_orcpt).
/// Octets over 127 need `rules.smtputf8`. Up to 500 octets. Borrows from `value`. Errors also: non_ascii, bad_utf8.
constexpr result<original_recipient> parse_orcpt(std::string_view value EHLO_LIFETIMEBOUND,
                                                 syntax const& rules = strict_syntax) noexcept {
    constexpr charset type = chars::atext - "=";  // an esmtp-value holds no "="
    auto read = [&]() noexcept -> result<original_recipient> {
        std::size_t const semicolon = detail::find_first<~type>(value);
        if (semicolon == 0 || semicolon == value.size() || value[semicolon] != ';') return fail(errc::bad_parameter_value, semicolon);
        original_recipient const o{detail::sub(value, 0, semicolon), detail::sub(value, semicolon + 1), true};
        failure f{};
        if (o.is_utf8()) {
            std::size_t at = 0;
            if (detail::scan_unitext(o.address, at, rules, f, [](std::string_view, std::uint32_t) {})) return o;
        } else {
            auto const x = parse_xtext(o.address, rules.tolerate.has(rule::wide_orcpt), detail::hexchars(rules));
            if (x) return o;
            f = x.error();
        }
        return fail(f.code, semicolon + 1 + f.at);
    };
    return detail::within(parameter_id::orcpt, value, read());
}
template <detail::temporary Text>
result<original_recipient> parse_orcpt(Text&&, syntax const& = strict_syntax) = delete;
/// A plain address of type utf-8 goes out as it is under `rules.smtputf8`, but for what an esmtp-value cannot hold, and
/// otherwise in ASCII with "\x{...}" (RFC 6533 3).
constexpr result<std::size_t> write_orcpt(writer& out, original_recipient const& o, syntax const& rules = strict_syntax) noexcept {
    auto encode = [&](writer& w) noexcept {
        detail::cursor c{o.address, detail::wide_syntax};
        while (!c.end()) {
            std::size_t const start = c.at;
            if (c.next_in(detail::qchar)) {
                w.raw(o.address[c.at++]);
                continue;
            }
            if (c.next_in(chars::unsafe)) w.refuse(fail(errc::unsafe_octet, start));
            else if (detail::is_control(c.peek())) w.refuse(fail(errc::bad_value, start));
            if (is_ascii(c.peek())) ++c.at;
            else if (std::size_t const n = utf8_length(detail::sub(o.address, start)); n != 0) c.at += n;
            else w.refuse(fail(errc::bad_utf8, start));
            if (!w.ok()) return;
            std::string_view const octets = detail::sub(o.address, start, c.at - start);
            if (octets.size() > 1 && rules.smtputf8) {
                w.raw(octets);
                continue;
            }
            std::uint32_t point = static_cast<unsigned char>(octets[0]);
            if (octets.size() > 1) point &= 0x7Fu >> octets.size();
            for (char const tail : detail::sub(octets, 1)) point = point << 6 | (static_cast<unsigned char>(tail) & 63u);
            w.raw("\\x{");
            unsigned digits = 2;
            while (digits < 6 && point >> (4 * digits) != 0) ++digits;
            while (digits-- > 0) w.raw("0123456789ABCDEF"[point >> (4 * digits) & 15]);
            w.raw('}');
        }
    };
    auto const read = [&](std::string_view value) noexcept { return parse_orcpt(value, rules); };
    return detail::write_and_read(out, read, [&](writer& w) {
        w.text(o.addr_type).raw(';');
        if (o.is_utf8()) {
            if (o.encoded) w.text(o.address);
            else encode(w);
        } else {
            xtext const x = o.encoded ? xtext::encoded(o.address) : xtext(o.address);
            if (auto const n = write_xtext(w, x, rules.tolerate.has(rule::wide_orcpt)); !n) w.refuse(n.error());
        }
    });
}
/// Writes the address that is meant, in UTF-8. No control is ever written.
constexpr result<std::size_t> write_decoded(writer& out, original_recipient const& o) noexcept {
    // rule::wide_orcpt may have let octets over 127 in.
    if (!o.is_utf8() || !o.encoded) return write_decoded(out, o.encoded ? xtext::encoded(o.address) : xtext(o.address), o.is_utf8() || o.encoded);
    return out.atomically([&](writer& w) {
        std::size_t at = 0;
        failure f{};
        auto const write = [&w](std::string_view octets, std::uint32_t point) noexcept {
            if (octets.empty()) detail::write_utf8(w, point);
            else w.raw(octets);
        };
        if (!detail::scan_unitext(o.address, at, detail::wide_syntax, f, write)) w.refuse(f);
    });
}

namespace detail {
// A Mailbox in xtext. It is parsed where it stands unless something in it is encoded.
constexpr result<xtext> parse_mailbox_xtext(std::string_view value, syntax const& rules, hexchar_case digits) noexcept {
    auto const x = parse_xtext(value, true, digits);
    if (!x) return x;
    syntax strictly = rules;
    strictly.tolerate = strict;
    char room[512];  // local part, "@", domain: 320 octets by RFC 5321 4.5.3.1
    std::string_view plain = value;
    if (find_first<charset("+")>(value) != value.size()) {
        std::size_t n = 0;
        for (xtext::iterator i = x->begin(); i != x->end(); ++i) {
            if (n == sizeof room) return fail(errc::bad_parameter_value, value.size() - i.left());
            room[n++] = *i;
        }
        plain = {room, n};
    }
    auto const box = parse_mailbox(plain, strictly);
    if (box) return x;
    xtext::iterator i = x->begin();
    for (std::size_t n = 0; n < box.error().at; ++n) ++i;
    // Not the codes of a path's faults: they would be answered as such.
    bool const wide = box.error().code == errc::non_ascii;
    return fail(wide ? errc::non_ascii : errc::bad_parameter_value, value.size() - i.left());
}
constexpr result<std::size_t> write_mailbox_xtext(writer& out, xtext const& x, result<xtext> (*parse)(std::string_view, syntax const&) noexcept,
                                                  syntax const& rules) noexcept {
    auto const read = [&](std::string_view value) noexcept { return parse(value, rules); };
    return write_and_read(out, read, [&](writer& w) {
        if (auto const n = write_xtext(w, x, true); !n) w.refuse(n.error());
    });
}
}  // namespace detail

/// auth-param = "AUTH=" xtext, decoded a Mailbox or "<>": nobody is known to have submitted it. RFC 4954 5, 8. Compare it:
/// `*mail.auth() == "<>"`. With `rules.smtputf8` a mailbox of RFC 6531; under rule::auth_not_a_mailbox any xtext. Up to 500
/// octets. Borrows from `value`. Errors also: non_ascii.
constexpr result<xtext> parse_auth_identity(std::string_view value EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    if (value == "<>") return xtext::encoded(value);
    constexpr std::size_t longest_null = 6;  // "+3C+3E"
    if (value.size() <= longest_null)
        if (auto const x = parse_xtext(value, false, hexchar_case::any); x && *x == "<>") return x;
    auto box = detail::parse_mailbox_xtext(value, rules, hexchar_case::any);
    if (!box && rules.tolerate.has(rule::auth_not_a_mailbox))
        if (auto const x = parse_xtext(value, false, hexchar_case::any)) box = x;
    return detail::within(parameter_id::auth, value, box);
}
template <detail::temporary Text>
result<xtext> parse_auth_identity(Text&&, syntax const& = strict_syntax) = delete;
constexpr result<std::size_t> write_auth_identity(writer& out, xtext const& x, syntax const& rules = strict_syntax) noexcept {
    return detail::write_mailbox_xtext(out, x, parse_auth_identity, rules);
}
/// "SUBMITTER=" Mailbox, in xtext. RFC 4405 4. Borrows from `value`. Errors also: non_ascii.
constexpr result<xtext> parse_submitter(std::string_view value EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    return detail::within(parameter_id::submitter, value, detail::parse_mailbox_xtext(value, rules, detail::hexchars(rules)));
}
template <detail::temporary Text>
result<xtext> parse_submitter(Text&&, syntax const& = strict_syntax) = delete;
constexpr result<std::size_t> write_submitter(writer& out, xtext const& x, syntax const& rules = strict_syntax) noexcept {
    return detail::write_mailbox_xtext(out, x, parse_submitter, rules);
}
/// ALT-ADDRESS-parameter = "ALT-ADDRESS=" xtext, decoded a Mailbox in ASCII. RFC 5336 3.4 (obsolete). Borrows from `value`.
constexpr result<xtext> parse_alt_address(std::string_view value EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    syntax ascii = rules;
    ascii.smtputf8 = false;
    auto const x = detail::within(parameter_id::alt_address, value, detail::parse_mailbox_xtext(value, ascii, detail::hexchars(rules)));
    // No SMTPUTF8 makes it right: an error that asks for it would mislead.
    return x || x.error().code != errc::non_ascii ? x : fail(errc::bad_parameter_value, x.error().at);
}
template <detail::temporary Text>
result<xtext> parse_alt_address(Text&&, syntax const& = strict_syntax) = delete;
constexpr result<std::size_t> write_alt_address(writer& out, xtext const& x, syntax const& rules = strict_syntax) noexcept {
    return detail::write_mailbox_xtext(out, x, parse_alt_address, rules);
}

}  // namespace ehlo
