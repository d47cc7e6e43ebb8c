// The registered ESMTP parameters: one table of them, and a type for each kind of value. RFC 1870 and others, see the table.
#pragma once

#include <ehlo/date_time.hpp>
#include <ehlo/detail/keywords.hpp>
#include <ehlo/mailbox.hpp>
#include <ehlo/xtext.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The parameters that an RFC gives to MAIL, RCPT, VRFY or EXPN, and PRDR, in the order of the table.
enum class parameter_id : std::uint8_t {
    size, body, smtputf8, ret, envid, auth, by, holdfor, holduntil, mt_priority, mtrk, solicit, submitter, requiretls, conperm,
    prdr, transid, notify, orcpt, rrvs, conneg, alt_address, utf8reply,
};

struct parameter_facts {
    parameter_id id;
    std::string_view keyword;
    bool mail, rcpt, lookup;         ///< the commands that take it; lookup: VRFY and EXPN
    bool has_value;                  ///< "=" and a value are required; otherwise they are forbidden
    std::uint16_t max_length;        ///< octets of the value; more are parameter_too_long
    std::uint16_t increment;         ///< octets that the parameter adds to the longest line of its command, SP included
    std::string_view extension;      ///< the EHLO keyword that offers it ...
    std::string_view also;           ///< ... or this one
    std::string_view rfc;
};

/// One row for each parameter_id, in their order. Lengths and increments are those of the RFCs, except where they give none:
/// BODY by BINARYMIME's; SUBMITTER by the longest mailbox, 320 octets, all encoded; CONPERM, PRDR, CONNEG and UTF8REPLY by their
/// letters. ENVID, ORCPT: RFC 3885 2 counts 100 and 500 for the values, RFC 3461 5.4 for the whole; the greater is allowed.
/// NOTIFY, RET: RFC 3461 5.4, with the SP. HOLDFOR and HOLDUNTIL share one increment: only one of them may be given.
inline constexpr parameter_facts registered_parameters[] = {
    {parameter_id::size, "SIZE", true, false, false, true, 20, 26, "SIZE", {}, "RFC 1870 3"},
    {parameter_id::body, "BODY", true, false, false, true, 10, 16, "8BITMIME", "BINARYMIME", "RFC 6152 2, RFC 3030 3"},
    {parameter_id::smtputf8, "SMTPUTF8", true, false, true, false, 0, 10, "SMTPUTF8", {}, "RFC 6531 3.1, 3.4"},
    {parameter_id::ret, "RET", true, false, false, true, 4, 9, "DSN", {}, "RFC 3461 4.3"},
    {parameter_id::envid, "ENVID", true, false, false, true, 100, 107, "DSN", "MTRK", "RFC 3461 4.4, RFC 3885 3.2"},
    {parameter_id::auth, "AUTH", true, false, false, true, 500, 500, "AUTH", {}, "RFC 4954 5"},
    {parameter_id::by, "BY", true, false, false, true, 13, 17, "DELIVERBY", {}, "RFC 2852 4"},
    {parameter_id::holdfor, "HOLDFOR", true, false, false, true, 9, 0, "FUTURERELEASE", {}, "RFC 4865 3"},
    {parameter_id::holduntil, "HOLDUNTIL", true, false, false, true, 23, 34, "FUTURERELEASE", {}, "RFC 4865 3"},
    {parameter_id::mt_priority, "MT-PRIORITY", true, false, false, true, 2, 15, "MT-PRIORITY", {}, "RFC 6710 3"},
    {parameter_id::mtrk, "MTRK", true, false, false, true, 37, 40, "MTRK", {}, "RFC 3885 3.1"},
    {parameter_id::solicit, "SOLICIT", true, false, false, true, 1000, 1007, "NO-SOLICITING", {}, "RFC 3865 2.3"},
    {parameter_id::submitter, "SUBMITTER", true, false, false, true, 960, 971, "SUBMITTER", {}, "RFC 4405 4"},
    {parameter_id::requiretls, "REQUIRETLS", true, false, false, false, 0, 11, "REQUIRETLS", {}, "RFC 8689 2"},
    {parameter_id::conperm, "CONPERM", true, false, false, false, 0, 8, "CONPERM", {}, "RFC 4141 4.2"},
    {parameter_id::prdr, "PRDR", true, false, false, false, 0, 5, "PRDR", {}, "draft-hall-prdr-00"},
    {parameter_id::transid, "TRANSID", true, false, false, true, 80, 88, "CHECKPOINT", {}, "RFC 1845 2"},
    {parameter_id::notify, "NOTIFY", false, true, false, true, 28, 29, "DSN", {}, "RFC 3461 4.1"},
    {parameter_id::orcpt, "ORCPT", false, true, false, true, 500, 507, "DSN", "MTRK", "RFC 3461 4.2, RFC 6533 3"},
    {parameter_id::rrvs, "RRVS", false, true, false, true, 27, 33, "RRVS", {}, "RFC 7293 3.1"},
    {parameter_id::conneg, "CONNEG", false, true, false, false, 0, 7, "CONNEG", {}, "RFC 4141 5.2"},
    {parameter_id::alt_address, "ALT-ADDRESS", true, true, false, true, 447, 460, "UTF8SMTP", {}, "RFC 5336 3.4"},
    {parameter_id::utf8reply, "UTF8REPLY", false, false, true, false, 0, 10, "UTF8SMTP", {}, "RFC 5336 3.7.4.2"},
};
static_assert(detail::rows_for_all(registered_parameters, &parameter_facts::id), "a parameter has no row, or a row is out of place");
inline constexpr unsigned parameter_count = sizeof registered_parameters / sizeof *registered_parameters;
constexpr parameter_facts const& facts(parameter_id id) noexcept { return registered_parameters[static_cast<unsigned>(id)]; }
constexpr std::string_view name(parameter_id id) noexcept { return facts(id).keyword; }

/// The registered parameter with this keyword, in whatever case (RFC 5321 2.4).
[[nodiscard]] constexpr std::optional<parameter_id> find_parameter(std::string_view keyword) noexcept {
    unsigned const i = detail::find_row<registered_parameters>(keyword);
    return i == parameter_count ? std::nullopt : std::optional(static_cast<parameter_id>(i));
}

namespace detail {
/// A value may not be longer than this, unless something before that is wrong already.
template <class T>
constexpr result<T> within(parameter_id id, std::string_view text, result<T> const& r) noexcept {
    std::size_t const most = facts(id).max_length;
    if (text.size() <= most || (!r && r.error().at < most)) return r;
    return fail(errc::parameter_too_long, most);
}
}  // namespace detail

/// A set of registered parameters. Structural.
using parameter_ids = set_of<parameter_id, parameter_count>;

/// The octets by which parameters lengthen the command line of 512 octets (RFC 5321 4.5.3.1.4; RFC 1869 4.1.2: the sum).
[[nodiscard]] constexpr std::size_t line_increment(parameter_ids ids) noexcept {
    std::size_t sum = 0;
    for (auto const& row : registered_parameters)
        if (ids.has(row.id)) sum += row.increment;
    // HOLDFOR alone counts as much as the two.
    return ids.has(parameter_id::holdfor) && !ids.has(parameter_id::holduntil) ? sum + facts(parameter_id::holduntil).increment : sum;
}

// Values. Each parse_x takes the whole value, without keyword and "="; its errors are bad_parameter_value (with bad_xtext or
// bad_date_time where such a thing is wrong) at the first octet that cannot be right, and parameter_too_long at the first
// octet too many. Each write_x writes such a value, which parse_x reads back before it counts as written: its errors are
// parse_x's, output_full, unsafe_octet and bad_value.

namespace detail {
template <class Parse, class Write>
constexpr result<std::size_t> write_and_read(writer& out, Parse&& parse, Write&& write) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        write(w);
        if (!w.ok()) return;
        if (auto const parsed = parse(detail::sub(w.text(), before)); !parsed) w.refuse(parsed.error());
    });
}
// The digits at `at`, at most nine, so that they fit.
constexpr std::uint32_t take_digits(std::string_view text, std::size_t& at) noexcept {
    std::uint32_t value = 0;
    for (std::size_t const start = at; at < text.size() && at - start < 9 && is_digit(text[at]); ++at)
        value = value * 10 + static_cast<std::uint32_t>(text[at] - '0');
    return value;
}
// With the octets that only a value under SMTPUTF8 holds: whether they may stand there was asked before.
inline constexpr syntax wide_syntax{.tolerate = rule::lower_case_hexchar | rule::wide_orcpt, .smtputf8 = true};
constexpr hexchar_case hexchars(syntax const& rules) noexcept {
    return rules.tolerate.has(rule::lower_case_hexchar) ? hexchar_case::any : hexchar_case::upper;
}
}  // namespace detail

/// The value of BODY: RFC 6152 (7BIT, 8BITMIME), RFC 3030 (BINARYMIME).
enum class body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };
inline constexpr std::string_view body_names[] = {"7BIT", "8BITMIME", "BINARYMIME"};
static_assert(detail::names_all<body>(body_names), "a value of BODY has no name");
constexpr std::string_view name(body b) noexcept { return body_names[static_cast<unsigned>(b)]; }
/// body-value = "7BIT" / "8BITMIME" / "BINARYMIME". RFC 6152 2, RFC 3030 3.
constexpr result<body> parse_body(std::string_view value) noexcept {
    unsigned i = 0;
    for (std::string_view const name : body_names) {
        if (iequals(value, name)) return static_cast<body>(i);
        ++i;
    }
    return fail(errc::bad_parameter_value, 0);
}
constexpr result<std::size_t> write_body(writer& out, body b) noexcept {
    return out.atomically([&](writer& w) { w.raw(name(b)); });
}

/// What a DSN of failure returns: the whole message or its header. RFC 3461 4.3.
enum class ret : std::uint8_t { full, hdrs };
inline constexpr std::string_view ret_names[] = {"FULL", "HDRS"};
static_assert(detail::names_all<ret>(ret_names), "a value of RET has no name");
constexpr std::string_view name(ret r) noexcept { return ret_names[static_cast<unsigned>(r)]; }
/// ret-value = "FULL" / "HDRS". RFC 3461 4.3.
constexpr result<ret> parse_ret(std::string_view value) noexcept {
    unsigned i = 0;
    for (std::string_view const name : ret_names) {
        if (iequals(value, name)) return static_cast<ret>(i);
        ++i;
    }
    return fail(errc::bad_parameter_value, 0);
}
constexpr result<std::size_t> write_ret(writer& out, ret r) noexcept {
    return out.atomically([&](writer& w) { w.raw(name(r)); });
}

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

/// When a DSN is wanted. None of them: NEVER. RFC 3461 4.1.
struct notify {
    bool success = false, failure = false, delay = false;
    constexpr bool never() const noexcept { return !success && !failure && !delay; }
    constexpr bool operator==(notify const&) const = default;
};
/// notify-esmtp-value = "NEVER" / notify-el *( "," notify-el );  notify-el = "SUCCESS" / "FAILURE" / "DELAY". RFC 3461 4.1. The
/// RFC lets an element stand twice. Up to 28 octets.
constexpr result<notify> parse_notify(std::string_view value) noexcept {
    constexpr std::string_view never = "NEVER";
    auto read = [&]() noexcept -> result<notify> {
        notify n;
        for (std::size_t at = 0; !iequals(value, never);) {
            std::size_t const end = detail::find_first<charset(",")>(value, at);
            std::string_view const word = detail::sub(value, at, end - at);
            if (iequals(word, "SUCCESS")) n.success = true;
            else if (iequals(word, "FAILURE")) n.failure = true;
            else if (iequals(word, "DELAY")) n.delay = true;
            else return fail(errc::bad_parameter_value, at == 0 && iequals(word, never) ? end : at);
            if (end == value.size()) break;
            at = end + 1;
        }
        return n;
    };
    return detail::within(parameter_id::notify, value, read());
}
constexpr result<std::size_t> write_notify(writer& out, notify n) noexcept {
    return out.atomically([&](writer& w) {
        if (n.never()) w.raw("NEVER");
        if (n.success) w.raw("SUCCESS");
        if (n.failure) w.raw(n.success ? ",FAILURE" : "FAILURE");
        if (n.delay) w.raw(n.success || n.failure ? ",DELAY" : "DELAY");
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
            else if (!c.skip_wide()) w.refuse(c.error);
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
    auto const x = parse_xtext(value, false, hexchar_case::any);
    if (x && *x == "<>") return x;
    auto const box = detail::parse_mailbox_xtext(value, rules, hexchar_case::any);
    return detail::within(parameter_id::auth, value, !box && rules.tolerate.has(rule::auth_not_a_mailbox) && x ? x : box);
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

/// What to do when the time is over: say so, or return the mail. RFC 2852 4.
enum class by_mode : std::uint8_t { notify, give_back };
/// The time to deliver in, from the MAIL command on; negative if it is over (then only with by_mode::notify).
struct deliver_by {
    std::int32_t seconds = 0;  ///< -999,999,999 to 999,999,999
    by_mode mode = by_mode::notify;
    bool trace = false;        ///< tell the sender of relays
    constexpr bool operator==(deliver_by const&) const = default;
};
/// by-value = [ "-" / "+" ] 1*9DIGIT ";" ( "N" / "R" ) [ "T" ]. RFC 2852 4: "R" needs a time over 0.
constexpr result<deliver_by> parse_by(std::string_view value) noexcept {
    auto read = [&]() noexcept -> result<deliver_by> {
        std::size_t at = value.starts_with('-') || value.starts_with('+') ? 1 : 0;
        std::size_t const digits = at;
        deliver_by by;
        by.seconds = static_cast<std::int32_t>(detail::take_digits(value, at));
        if (value.starts_with('-')) by.seconds = -by.seconds;
        char const semicolon = at < value.size() ? value[at] : '\0';
        if (at == digits || semicolon != ';') return fail(errc::bad_parameter_value, at);
        char const mode = ++at < value.size() ? to_upper(value[at]) : '\0';
        if (mode != 'N' && (mode != 'R' || by.seconds <= 0)) return fail(errc::bad_parameter_value, at);
        by.mode = mode == 'N' ? by_mode::notify : by_mode::give_back;
        by.trace = ++at < value.size() && to_upper(value[at]) == 'T';
        if (by.trace) ++at;
        if (at != value.size()) return fail(errc::bad_parameter_value, at);
        return by;
    };
    return detail::within(parameter_id::by, value, read());
}
constexpr result<std::size_t> write_by(writer& out, deliver_by const& by) noexcept {
    return detail::write_and_read(out, parse_by, [&](writer& w) {
        if (by.seconds < 0) w.raw('-');
        std::int64_t const seconds = by.seconds;
        w.number(static_cast<std::uint64_t>(seconds < 0 ? -seconds : seconds));
        w.raw(by.mode == by_mode::notify ? ";N" : ";R");
        if (by.trace) w.raw('T');
    });
}

/// future-release-interval = %x31-39 *8DIGIT: seconds, 1 to 999,999,999. RFC 4865 3.
constexpr result<std::uint32_t> parse_holdfor(std::string_view value) noexcept {
    auto read = [&]() noexcept -> result<std::uint32_t> {
        if (value.empty() || value.front() == '0') return fail(errc::bad_parameter_value, 0);
        std::size_t at = 0;
        std::uint32_t const seconds = detail::take_digits(value, at);
        if (at != value.size()) return fail(errc::bad_parameter_value, at);
        return seconds;
    };
    return detail::within(parameter_id::holdfor, value, read());
}
constexpr result<std::size_t> write_holdfor(writer& out, std::uint32_t seconds) noexcept {
    return detail::write_and_read(out, parse_holdfor, [&](writer& w) { w.number(seconds); });
}

/// future-release-date-time: date-time of RFC 3339 with "Z". RFC 4865 3. Up to 23 octets, so with a fraction of up to two
/// digits: the RFC does not speak of fractions, but its increment of 34 octets has room for these.
constexpr result<date_time> parse_holduntil(std::string_view value) noexcept {
    return detail::within(parameter_id::holduntil, value, parse_date_time(value, {.fraction = true, .utc_only = true}));
}
constexpr result<std::size_t> write_holduntil(writer& out, date_time const& t) noexcept {
    return detail::write_and_read(out, parse_holduntil, [&](writer& w) {
        if (auto const n = write_date_time(w, t); !n) w.refuse(n.error());
    });
}

/// priority-value = ( [ "-" ] %x31-39 ) / "0": -9 to 9. RFC 6710 7.
constexpr result<int> parse_mt_priority(std::string_view value) noexcept {
    std::size_t const digit = value.starts_with('-') ? 1 : 0;
    if (digit == value.size() || !is_digit(value[digit]) || (digit == 1 && value[1] == '0'))
        return fail(errc::bad_parameter_value, digit);
    if (digit + 1 != value.size()) return fail(errc::bad_parameter_value, digit + 1);
    int const n = value[digit] - '0';
    return digit == 1 ? -n : n;
}
constexpr result<std::size_t> write_mt_priority(writer& out, int priority) noexcept {
    if (priority < -9 || priority > 9) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        if (priority < 0) w.raw('-');
        w.number(static_cast<std::uint64_t>(priority < 0 ? -priority : priority));
    });
}

/// The certifier by which a tracking request is known, and how long to keep it. Borrows.
struct tracking {
    std::string_view certifier;                ///< 27 characters: SHA-1 in base64, without its "=" (RFC 3885 3.1, 3.2)
    std::optional<std::uint32_t> timeout{};    ///< seconds, up to 999,999,999
};
/// mtrk-parameter = "MTRK=" mtrk-certifier [ ":" 1*9DIGIT ]. RFC 3885 3.1. An esmtp-value holds no "=", so the certifier goes
/// without its padding: 27 characters, the last of which leaves two bits 0. Borrows from `value`.
constexpr result<tracking> parse_mtrk(std::string_view value EHLO_LIFETIMEBOUND) noexcept {
    constexpr charset base64 = chars::let_dig + "+/";
    constexpr charset last = "AEIMQUYcgkosw048";
    auto read = [&]() noexcept -> result<tracking> {
        std::size_t at = detail::find_first<~base64>(detail::sub(value, 0, 27));
        if (at == 27 && !last.contains(value[26])) return fail(errc::bad_parameter_value, 26);
        tracking t{detail::sub(value, 0, at), std::nullopt};
        if (at == value.size() && at == 27) return t;
        if (at < 27 || value[at] != ':') return fail(errc::bad_parameter_value, at);
        std::size_t const digits = ++at;
        t.timeout = detail::take_digits(value, at);
        if (at == digits || at != value.size()) return fail(errc::bad_parameter_value, at);
        return t;
    };
    return detail::within(parameter_id::mtrk, value, read());
}
template <detail::temporary Text>
result<tracking> parse_mtrk(Text&&) = delete;
constexpr result<std::size_t> write_mtrk(writer& out, tracking const& t) noexcept {
    auto const read = [](std::string_view value) noexcept { return parse_mtrk(value); };
    return detail::write_and_read(out, read, [&](writer& w) {
        w.text(t.certifier);
        if (t.timeout) w.raw(':').number(*t.timeout);
    });
}

/// The solicitation class keywords of a message, as they stand:
/// `if (auto const list = mail.solicit()) for (std::string_view keyword : *list) ...`
class solicitations {
    std::string_view text_;

  public:
    class iterator {
        std::string_view rest_;

      public:
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {}
        constexpr std::string_view operator*() const noexcept {
            return detail::sub(rest_, 0, detail::find_first<charset(",")>(rest_));
        }
        constexpr iterator& operator++() noexcept {
            std::size_t const end = detail::find_first<charset(",")>(rest_);
            rest_ = detail::sub(rest_, end == rest_.size() ? end : end + 1);
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return rest_.size() != other.rest_.size(); }
    };

    /// Keywords separated by commas. Nothing is checked here: parse_solicit does, and write_solicit does.
    constexpr explicit solicitations(std::string_view text EHLO_LIFETIMEBOUND) noexcept : text_(text) {}
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr iterator begin() const noexcept { return iterator(text_); }
    constexpr iterator end() const noexcept { return iterator(detail::sub(text_, text_.size())); }
};
/// Solicitation-keywords = word *( "," word );  word = ALPHA *( "." / "-" / "_" / ":" / ALPHA / DIGIT ). RFC 3865 2.2, 2.3. Up
/// to 1,000 octets. Borrows from `value`.
constexpr result<solicitations> parse_solicit(std::string_view value EHLO_LIFETIMEBOUND) noexcept {
    constexpr charset word = chars::let_dig + ".-_:";
    auto read = [&]() noexcept -> result<solicitations> {
        for (std::size_t at = 0;;) {
            if (at == value.size() || !chars::alpha.contains(value[at])) return fail(errc::bad_parameter_value, at);
            at = detail::find_first<~word>(value, at);
            if (at == value.size()) return solicitations(value);
            if (value[at] != ',') return fail(errc::bad_parameter_value, at);
            ++at;
        }
    };
    return detail::within(parameter_id::solicit, value, read());
}
template <detail::temporary Text>
result<solicitations> parse_solicit(Text&&) = delete;
constexpr result<std::size_t> write_solicit(writer& out, solicitations const& s) noexcept {
    auto const read = [](std::string_view value) noexcept { return parse_solicit(value); };
    return detail::write_and_read(out, read, [&](writer& w) { w.text(s.text()); });
}

/// Names a transaction that may be taken up again. Case matters. Borrows.
struct transaction_id {
    std::string_view local, domain;
    constexpr bool operator==(transaction_id const&) const = default;
};
/// transid-value = "<" token "@" token ">";  token = atom *( "." atom );  atom = 1*( CHAR without SPACE, CTLs, tspecials of MIME
/// and "." ). RFC 1845 2. Up to 80 octets. Borrows from `value`.
constexpr result<transaction_id> parse_transid(std::string_view value EHLO_LIFETIMEBOUND) noexcept {
    constexpr charset atom = charset(33, 126) - "()<>@,;:\\\"/[]?=.";
    std::size_t at = 0;
    auto token = [&]() noexcept -> std::string_view {
        std::size_t const start = at;
        for (;; ++at) {
            std::size_t const end = detail::find_first<~atom>(value, at);
            bool const empty = end == at;
            at = end;
            if (empty) return {};
            if (at == value.size() || value[at] != '.') return detail::sub(value, start, at - start);
        }
    };
    auto skip = [&](char c) noexcept { return at < value.size() && value[at] == c ? (++at, true) : false; };
    auto read = [&]() noexcept -> result<transaction_id> {
        transaction_id t;
        if (!skip('<') || (t.local = token()).empty() || !skip('@') || (t.domain = token()).empty() || !skip('>') || at != value.size())
            return fail(errc::bad_parameter_value, at);
        return t;
    };
    return detail::within(parameter_id::transid, value, read());
}
template <detail::temporary Text>
result<transaction_id> parse_transid(Text&&) = delete;
constexpr result<std::size_t> write_transid(writer& out, transaction_id const& t) noexcept {
    auto const read = [](std::string_view value) noexcept { return parse_transid(value); };
    return detail::write_and_read(out, read, [&](writer& w) { w.raw('<').text(t.local).raw('@').text(t.domain).raw('>'); });
}

/// What a server does that has to relay to one without RRVS. RFC 7293 3.1, 5.2.
enum class no_support_action : std::uint8_t { reject, proceed };
/// The mailbox must have had one owner since then. RFC 7293 3.1.
struct valid_since {
    date_time when;
    no_support_action action = no_support_action::reject;
    constexpr bool operator==(valid_since const&) const = default;
};
/// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ], the date of RFC 3339 without a fraction. RFC 7293 3.1.
constexpr result<valid_since> parse_rrvs(std::string_view value) noexcept {
    auto read = [&]() noexcept -> result<valid_since> {
        std::size_t const semicolon = detail::find_first<charset(";")>(value);
        auto const when = parse_date_time(detail::sub(value, 0, semicolon), {.fraction = false, .utc_only = false});
        if (!when) return when.error();
        valid_since v{*when};
        if (semicolon == value.size()) return v;
        char const letter = semicolon + 1 < value.size() ? to_upper(value[semicolon + 1]) : '\0';
        if (letter != 'C' && letter != 'R') return fail(errc::bad_parameter_value, semicolon + 1);
        if (semicolon + 2 != value.size()) return fail(errc::bad_parameter_value, semicolon + 2);
        if (letter == 'C') v.action = no_support_action::proceed;
        return v;
    };
    return detail::within(parameter_id::rrvs, value, read());
}
constexpr result<std::size_t> write_rrvs(writer& out, valid_since const& v) noexcept {
    return detail::write_and_read(out, parse_rrvs, [&](writer& w) {
        if (auto const n = write_date_time(w, v.when); !n) w.refuse(n.error());
        if (v.action == no_support_action::proceed) w.raw(";C");
    });
}

}  // namespace ehlo
