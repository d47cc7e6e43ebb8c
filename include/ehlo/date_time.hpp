// Dates with their time: the Internet format of ISO 8601. RFC 3339 5.6, 5.7.
#pragma once

#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A moment as it was written down, in local time with its distance from UTC.
struct date_time {
    std::uint16_t year = 1970;           ///< 0 to 9999
    std::uint8_t month = 1, day = 1;
    std::uint8_t hour = 0, minute = 0;
    std::uint8_t second = 0;             ///< 60 in a leap second
    std::uint8_t fraction_digits = 0;    ///< how many digits of `nanosecond` were given, 0 to 9
    std::uint32_t nanosecond = 0;
    std::int16_t offset = 0;             ///< local time less UTC, in minutes
    bool offset_unknown = false;         ///< "-00:00": the time is UTC, the local offset is not known (RFC 3339 4.3)
    constexpr bool operator==(date_time const&) const = default;
};

/// What may not stand in a date-time. Structural.
struct date_time_rules {
    bool fraction = true;   ///< time-secfrac is allowed
    bool utc_only = false;  ///< the offset is "Z"
};

constexpr bool is_leap_year(unsigned year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
constexpr unsigned days_of_month(unsigned year, unsigned month) noexcept {
    constexpr std::uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds: one counts as the first second of the next day. The fraction is
/// dropped.
constexpr std::int64_t unix_seconds(date_time const& t) noexcept {
    // Years that begin in March, in cycles of 400, so that the leap day is the last one of its year.
    std::int64_t const year = std::int64_t{t.year} + 400 - (t.month <= 2 ? 1 : 0);
    std::int64_t const month = (t.month + 9) % 12;
    std::int64_t const days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + t.day - 1 - 719468 - 146097;
    return days * 86400 + t.hour * 3600 + (t.minute - t.offset) * 60 + t.second;
}

/// The moment in UTC. Errors: bad_value outside the years 0 to 9999.
constexpr result<date_time> to_date_time(std::int64_t seconds) noexcept {
    constexpr std::int64_t first = -62167219200, last = 253402300799;
    if (seconds < first || seconds > last) return fail(errc::bad_value, 0);
    std::int64_t const from_zero = seconds - first;  // since 0000-01-01
    date_time t;
    auto const of_day = static_cast<unsigned>(from_zero % 86400);
    auto days = static_cast<unsigned>(from_zero / 86400);
    unsigned year = days / 146097 * 400;
    days %= 146097;
    for (unsigned length = 0; days >= (length = is_leap_year(year) ? 366 : 365); ++year) days -= length;
    unsigned month = 1;
    for (unsigned length = 0; days >= (length = days_of_month(year, month)); ++month) days -= length;
    t.year = static_cast<std::uint16_t>(year);
    t.month = static_cast<std::uint8_t>(month);
    t.day = static_cast<std::uint8_t>(days + 1);
    t.hour = static_cast<std::uint8_t>(of_day / 3600);
    t.minute = static_cast<std::uint8_t>(of_day / 60 % 60);
    t.second = static_cast<std::uint8_t>(of_day % 60);
    return t;
}

namespace detail {

// The place of a leap second: 23:59:60 UTC on 30 June or 31 December, "to date" the only ones (RFC 3339 5.7).
constexpr bool in_leap_second(date_time t) noexcept {
    t.second = 59;
    std::int64_t const before = unix_seconds(t);
    if ((before + 1) % 86400 != 0) return false;
    result<date_time> const next = to_date_time(before + 1);
    return !next ? t.year >= 9999 : next->day == 1 && (next->month == 1 || next->month == 7);
}

constexpr bool is_date_time(date_time const& t) noexcept {
    if (t.year > 9999 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > days_of_month(t.year, t.month)) return false;
    if (t.hour > 23 || t.minute > 59 || t.second > 60 || t.fraction_digits > 9 || t.nanosecond > 999999999) return false;
    if (t.offset <= -1440 || t.offset >= 1440 || (t.offset_unknown && t.offset != 0)) return false;
    std::uint32_t unit = 1;
    for (unsigned i = t.fraction_digits; i < 9; ++i) unit *= 10;
    return t.nanosecond % unit == 0 && (t.second < 60 || in_leap_second(t));
}

// Reads a date-time; each step returns false where the first octet stands that cannot be right.
struct date_time_reader {
    std::string_view text;
    std::size_t at = 0;

    constexpr bool skip(char c) noexcept {
        if (at == text.size() || to_upper(text[at]) != c) return false;
        ++at;
        return true;
    }
    constexpr bool digit(unsigned& d) noexcept {
        if (at == text.size() || !is_digit(text[at])) return false;
        d = static_cast<unsigned>(text[at++] - '0');
        return true;
    }
    // 2DIGIT from `least` to `most`. A first digit that no second one can make right is itself at fault.
    template <class T>
    constexpr bool two(T& value, unsigned least, unsigned most) noexcept {
        unsigned tens = 0, ones = 0;
        if (!digit(tens)) return false;
        if (tens * 10 > most) return --at, false;
        if (!digit(ones)) return false;
        if (tens * 10 + ones < least || tens * 10 + ones > most) return --at, false;
        value = static_cast<T>(tens * 10 + ones);
        return true;
    }
    constexpr bool offset(date_time& t, bool utc_only) noexcept {
        if (skip('Z')) return true;
        bool const minus = at < text.size() && text[at] == '-';
        if (utc_only || (!minus && (at == text.size() || text[at] != '+'))) return false;
        ++at;
        int hours = 0, minutes = 0;
        if (!two(hours, 0, 23) || !skip(':') || !two(minutes, 0, 59)) return false;
        int const distance = hours * 60 + minutes;
        t.offset = static_cast<std::int16_t>(minus ? -distance : distance);
        t.offset_unknown = minus && distance == 0;
        return true;
    }
    constexpr bool read(date_time& t, date_time_rules rules) noexcept {
        unsigned year = 0, d = 0;
        for (int i = 0; i < 4; ++i) {
            if (!digit(d)) return false;
            year = year * 10 + d;
        }
        t.year = static_cast<std::uint16_t>(year);
        if (!skip('-') || !two(t.month, 1, 12) || !skip('-') || !two(t.day, 1, days_of_month(year, t.month))) return false;
        if (!skip('T') || !two(t.hour, 0, 23) || !skip(':') || !two(t.minute, 0, 59) || !skip(':')) return false;
        std::size_t const second_at = at;
        if (!two(t.second, 0, 60)) return false;
        if (rules.fraction && skip('.')) {
            std::uint32_t unit = 100000000;
            if (!digit(d)) return false;
            do {
                t.nanosecond += d * unit;
                unit /= 10;
                ++t.fraction_digits;
            } while (unit != 0 && digit(d));
        }
        if (!offset(t, rules.utc_only)) return false;
        if (t.second < 60 || in_leap_second(t)) return true;
        at = second_at;
        return false;
    }
};

}  // namespace detail

/// date-time = full-date "T" full-time, the whole of `text`; "t" and "z" too. RFC 3339 5.6 with the restrictions of 5.7: real
/// months, and second 60 only at 23:59:60 UTC on 30 June or 31 December. Fractions of up to 9 digits.
/// Errors: bad_date_time.
constexpr result<date_time> parse_date_time(std::string_view text, date_time_rules rules = {}) noexcept {
    detail::date_time_reader r{text};
    date_time t;
    if (!r.read(t, rules) || r.at != text.size()) return fail(errc::bad_date_time, r.at);
    return t;
}

/// "2026-01-31T10:00:00Z", with the fraction's digits as they were given, and the offset unless it is 0. Errors: bad_value
/// for a date that parse_date_time would not give; output_full.
constexpr result<std::size_t> write_date_time(writer& out, date_time const& t) noexcept {
    if (!detail::is_date_time(t)) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        auto digits = [&w](std::uint32_t value, unsigned count) noexcept {
            for (std::uint32_t unit = 1; count-- > 0; unit = 1) {
                for (unsigned i = 0; i < count; ++i) unit *= 10;
                w.raw(static_cast<char>('0' + value / unit % 10));
            }
        };
        digits(t.year, 4);
        w.raw('-'), digits(t.month, 2);
        w.raw('-'), digits(t.day, 2);
        w.raw('T'), digits(t.hour, 2);
        w.raw(':'), digits(t.minute, 2);
        w.raw(':'), digits(t.second, 2);
        if (t.fraction_digits != 0) {
            std::uint32_t fraction = t.nanosecond;
            for (unsigned i = t.fraction_digits; i < 9; ++i) fraction /= 10;
            w.raw('.'), digits(fraction, t.fraction_digits);
        }
        if (t.offset == 0 && !t.offset_unknown) {
            w.raw('Z');
            return;
        }
        auto const distance = static_cast<unsigned>(t.offset < 0 ? -t.offset : t.offset);
        w.raw(t.offset > 0 ? '+' : '-'), digits(distance / 60, 2);
        w.raw(':'), digits(distance % 60, 2);
    });
}

}  // namespace ehlo
