// A type for each kind of value that a parameter has; those in xtext are in parameter_xtext.hpp.
#pragma once

#include <ehlo/date_time.hpp>
#include <ehlo/detail/split.hpp>
#include <ehlo/detail/parameter_xtext.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
// The digits at `at`, at most nine, so that they fit.
constexpr std::uint32_t take_seconds(std::string_view text, std::size_t& at) noexcept {
    std::string_view const digits = sub(text, at, 9);
    std::uint64_t value = 0;
    at += take_digits(digits.data(), digits.size(), value);
    return static_cast<std::uint32_t>(value);
}
template <class E, std::size_t Count>
constexpr result<E> parse_name(std::string_view text, std::string_view const (&names)[Count]) noexcept {
    EHLO_UNROLL for (unsigned i = 0; i < Count; ++i)
        if (spells_here(names[i], text)) return static_cast<E>(i);
    return fail(errc::bad_parameter_value, 0);
}
}  // namespace detail

/// size-value = 1*20DIGIT. RFC 1870 3. Errors also: number_too_large.
constexpr result<std::uint64_t> parse_size(std::string_view value) noexcept {
    auto const size = parse_decimal(value);
    if (!size) return fail(size.error().code == errc::number_too_large ? errc::number_too_large : errc::bad_parameter_value, size.error().at);
    std::size_t const most = detail::max_length(parameter_id::size);
    if (value.size() > most) return fail(errc::bad_parameter_value, most);
    return *size;
}
constexpr result<std::size_t> write_size(writer& out, std::uint64_t size) noexcept {
    return out.atomically([size](writer& w) { w.number(size); });
}

/// The value of BODY: RFC 6152 (7BIT, 8BITMIME), RFC 3030 (BINARYMIME).
enum class body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };
inline constexpr std::string_view body_names[] = {"7BIT", "8BITMIME", "BINARYMIME"};
static_assert(detail::names_all<body>(body_names), "a value of BODY has no name");
constexpr std::string_view name(body b) noexcept { return body_names[static_cast<unsigned>(b)]; }
/// body-value = "7BIT" / "8BITMIME" / "BINARYMIME". RFC 6152 2, RFC 3030 3.
constexpr result<body> parse_body(std::string_view value) noexcept { return detail::parse_name<body>(value, body_names); }
constexpr result<std::size_t> write_body(writer& out, body b) noexcept {
    return out.atomically([&](writer& w) { w.raw(name(b)); });
}

/// What a DSN of failure returns: the whole message or its header. RFC 3461 4.3.
enum class ret : std::uint8_t { full, hdrs };
inline constexpr std::string_view ret_names[] = {"FULL", "HDRS"};
static_assert(detail::names_all<ret>(ret_names), "a value of RET has no name");
constexpr std::string_view name(ret r) noexcept { return ret_names[static_cast<unsigned>(r)]; }
/// ret-value = "FULL" / "HDRS". RFC 3461 4.3.
constexpr result<ret> parse_ret(std::string_view value) noexcept { return detail::parse_name<ret>(value, ret_names); }
constexpr result<std::size_t> write_ret(writer& out, ret r) noexcept {
    return out.atomically([&](writer& w) { w.raw(name(r)); });
}

/// When a DSN is wanted. None of them: NEVER. RFC 3461 4.1.
struct notify {
    bool success = false, failure = false, delay = false;
    constexpr bool never() const noexcept { return !success && !failure && !delay; }
    constexpr bool operator==(notify const&) const = default;
};
namespace detail {
/// The elements of a notify-esmtp-value that `text` begins with; `at` is where the first octet stands that is of none.
constexpr void scan_notify(std::string_view text, std::size_t& at, notify& n) noexcept {
    auto take = [text, &at](std::string_view word) noexcept {
        if (text.size() - at < word.size() || !spells_here(word, {text.data() + at, word.size()})) return false;
        at += word.size();
        return true;
    };
    if (take("NEVER")) return;
    for (;; ++at) {
        if (take("SUCCESS")) n.success = true;
        else if (take("FAILURE")) n.failure = true;
        else if (take("DELAY")) n.delay = true;
        else return;
        if (at == text.size() || text[at] != ',') return;
    }
}
}  // namespace detail
/// notify-esmtp-value = "NEVER" / notify-el *( "," notify-el );  notify-el = "SUCCESS" / "FAILURE" / "DELAY". RFC 3461 4.1. The
/// RFC lets an element stand twice. Up to 28 octets.
constexpr result<notify> parse_notify(std::string_view value) noexcept {
    notify n;
    std::size_t at = 0;
    detail::scan_notify(value, at, n);
    if (value.empty() || at != value.size() || value.back() == ',') {
        // The element that is none begins there; a NEVER should have been alone.
        while (at != 0 && value[at - 1] != ',') --at;
        std::size_t const end = detail::find_first<charset(",")>(value, at);
        at = at == 0 && detail::spells("NEVER", detail::sub(value, 0, end)) ? end : at;
        return detail::within<notify>(parameter_id::notify, value, fail(errc::bad_parameter_value, at));
    }
    if (value.size() > detail::max_length(parameter_id::notify)) return fail(errc::parameter_too_long, detail::max_length(parameter_id::notify));
    return n;
}
constexpr result<std::size_t> write_notify(writer& out, notify n) noexcept {
    return out.atomically([&](writer& w) {
        if (n.never()) w.raw("NEVER");
        if (n.success) w.raw("SUCCESS");
        if (n.failure) w.raw(n.success ? ",FAILURE" : "FAILURE");
        if (n.delay) w.raw(n.success || n.failure ? ",DELAY" : "DELAY");
    });
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
    auto read = [&]() EHLO_INLINE_LAMBDA -> result<deliver_by> {
        std::size_t at = value.starts_with('-') || value.starts_with('+') ? 1 : 0;
        std::size_t const digits = at;
        deliver_by by;
        by.seconds = static_cast<std::int32_t>(detail::take_seconds(value, at));
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
        std::uint32_t const seconds = detail::take_seconds(value, at);
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
        t.timeout = detail::take_seconds(value, at);
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
/// `if (auto const list = mail.solicit()) for (std::string_view keyword : *list) ...` Made of a text of your own, nothing is checked:
/// parse_solicit does, and write_solicit does.
using solicitations = detail::split_range<charset(",")>;

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
