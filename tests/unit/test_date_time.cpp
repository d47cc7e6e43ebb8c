// date_time.hpp
#include "generate.hpp"
#include "support.hpp"

#include <ehlo/date_time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace test_date_time {

using namespace ehlo;
using support::bad_case;
using support::escaped;
using support::everywhere;
using support::say;
using support::written;
using namespace std::string_view_literals;

namespace {

constexpr auto parse = [](std::string_view t) { return parse_date_time(t); };

std::string write(date_time const& t) {
    return written([&](writer& w) { return write_date_time(w, t); });
}
std::int64_t seconds(std::string_view text) {
    auto const t = parse_date_time(text);
    return t ? unix_seconds(*t) : -1;
}

constexpr bad_case bad[] = {
    {"", errc::bad_date_time, 0},
    {"2026", errc::bad_date_time, 4},
    {"x026-01-31T10:00:00Z", errc::bad_date_time, 0},
    {"-026-01-31T10:00:00Z", errc::bad_date_time, 0},
    {"2026/01-31T10:00:00Z", errc::bad_date_time, 4},
    {"20260131T100000Z", errc::bad_date_time, 4},
    {"2026-00-31T10:00:00Z", errc::bad_date_time, 6},
    {"2026-13-31T10:00:00Z", errc::bad_date_time, 6},
    {"2026-20-31T10:00:00Z", errc::bad_date_time, 5},
    {"2026-1-31T10:00:00Z", errc::bad_date_time, 6},
    {"2026-01-00T10:00:00Z", errc::bad_date_time, 9},
    {"2026-01-32T10:00:00Z", errc::bad_date_time, 9},
    {"2026-01-40T10:00:00Z", errc::bad_date_time, 8},
    {"2026-04-31T10:00:00Z", errc::bad_date_time, 9},
    {"2026-06-31T10:00:00Z", errc::bad_date_time, 9},
    {"2026-09-31T10:00:00Z", errc::bad_date_time, 9},
    {"2026-11-31T10:00:00Z", errc::bad_date_time, 9},
    {"2026-02-29T10:00:00Z", errc::bad_date_time, 9},
    {"2024-02-30T10:00:00Z", errc::bad_date_time, 8},
    {"1900-02-29T10:00:00Z", errc::bad_date_time, 9},
    {"2100-02-29T10:00:00Z", errc::bad_date_time, 9},
    {"2026-01-31 10:00:00Z", errc::bad_date_time, 10},
    {"2026-01-31T24:00:00Z", errc::bad_date_time, 12},
    {"2026-01-31T30:00:00Z", errc::bad_date_time, 11},
    {"2026-01-31T1:00:00Z", errc::bad_date_time, 12},
    {"2026-01-31T10-00:00Z", errc::bad_date_time, 13},
    {"2026-01-31T10:60:00Z", errc::bad_date_time, 14},
    {"2026-01-31T10:00Z", errc::bad_date_time, 16},
    {"2026-01-31T10:00:61Z", errc::bad_date_time, 18},
    {"2026-01-31T10:00:70Z", errc::bad_date_time, 17},
    {"2026-01-31T10:00:00", errc::bad_date_time, 19},
    {"2026-01-31T10:00:00.", errc::bad_date_time, 20},
    {"2026-01-31T10:00:00.Z", errc::bad_date_time, 20},
    {"2026-01-31T10:00:00,5Z", errc::bad_date_time, 19},
    {"2026-01-31T10:00:00.5", errc::bad_date_time, 21},
    {"2026-01-31T10:00:00.1234567890Z", errc::bad_date_time, 29},
    {"2026-01-31T10:00:00Y", errc::bad_date_time, 19},
    {"2026-01-31T10:00:00ZZ", errc::bad_date_time, 20},
    {"2026-01-31T10:00:00Z ", errc::bad_date_time, 20},
    {" 2026-01-31T10:00:00Z", errc::bad_date_time, 0},
    {"2026-01-31T10:00:00+", errc::bad_date_time, 20},
    {"2026-01-31T10:00:00+0", errc::bad_date_time, 21},
    {"2026-01-31T10:00:00+01", errc::bad_date_time, 22},
    {"2026-01-31T10:00:00+0100", errc::bad_date_time, 22},
    {"2026-01-31T10:00:00+24:00", errc::bad_date_time, 21},
    {"2026-01-31T10:00:00+30:00", errc::bad_date_time, 20},
    {"2026-01-31T10:00:00+01:60", errc::bad_date_time, 23},
    {"2026-01-31T10:00:00+01:0", errc::bad_date_time, 24},
    {"2026-01-31T10:00:00+01:00Z", errc::bad_date_time, 25},
    // Second 60 where no leap second can be.
    {"2026-01-31T10:00:60Z", errc::bad_date_time, 17},
    {"2026-01-31T23:59:60Z", errc::bad_date_time, 17},
    {"2026-06-29T23:59:60Z", errc::bad_date_time, 17},
    {"2026-06-30T23:58:60Z", errc::bad_date_time, 17},
    {"2026-12-31T22:59:60Z", errc::bad_date_time, 17},
    {"1990-12-31T23:59:60+01:00", errc::bad_date_time, 17},
    {"1990-12-31T15:59:60-07:00", errc::bad_date_time, 17},
    {"9999-12-31T23:59:61Z", errc::bad_date_time, 18},
};
static_assert(support::first_wrong(bad, parse) == std::size(bad));

// RFC 3339 5.6 and 5.7 once more, with the place of every octet counted by hand: whether the text is a date-time.
bool naive(std::string_view t, bool fraction, bool utc_only) {
    auto digit = [&](std::size_t i) { return i < t.size() && t[i] >= '0' && t[i] <= '9'; };
    auto value = [&](std::size_t i, std::size_t n) {
        int v = 0;
        for (std::size_t k = i; k < i + n; ++k) v = v * 10 + (t[k] - '0');
        return v;
    };
    for (std::size_t const i : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 9u, 11u, 12u, 14u, 15u, 17u, 18u})
        if (!digit(i)) return false;
    if (t.size() < 20 || t[4] != '-' || t[7] != '-' || (t[10] != 'T' && t[10] != 't') || t[13] != ':' || t[16] != ':') return false;
    int const year = value(0, 4), month = value(5, 2), day = value(8, 2), hour = value(11, 2), minute = value(14, 2), second = value(17, 2);
    std::size_t i = 19;
    if (t[i] == '.') {
        if (!fraction || !digit(++i)) return false;
        std::size_t const start = i;
        while (digit(i)) ++i;
        if (i - start > 9) return false;
    }
    int offset = 0;
    if (i < t.size() && (t[i] == 'Z' || t[i] == 'z')) {
        ++i;
    } else {
        if (utc_only || t.size() - i != 6 || (t[i] != '+' && t[i] != '-') || t[i + 3] != ':') return false;
        if (!digit(i + 1) || !digit(i + 2) || !digit(i + 4) || !digit(i + 5)) return false;
        if (value(i + 1, 2) > 23 || value(i + 4, 2) > 59) return false;
        offset = (value(i + 1, 2) * 60 + value(i + 4, 2)) * (t[i] == '-' ? -1 : 1);
        i += 6;
    }
    if (i != t.size()) return false;
    bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int const days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1] || hour > 23 || minute > 59 || second > 60) return false;
    if (second < 60) return true;
    // The minute in UTC, counted from the beginning of the local day: the last one of this day, of the one before or of the next.
    int const utc = hour * 60 + minute - offset;
    int m = month, d = day;
    if (utc == -1) {
        if (--d == 0) m = m == 1 ? 12 : m - 1, d = days[m - 1];
    } else if (utc == 1440 + 1439) {
        if (++d > days[m - 1]) d = 1, m = m % 12 + 1;
    } else if (utc != 1439) {
        return false;
    }
    return (m == 6 && d == 30) || (m == 12 && d == 31);
}

}  // namespace

TEST_CASE("a date-time is read", "[date_time]") {
    static_assert(std::is_trivially_copyable_v<date_time> && sizeof(date_time) <= 20);
    support::everywhere("2026-01-31T10:00:00Z", [](std::string_view t) { return std::to_string(seconds(t)); });
    for (bad_case const& c : bad) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [](std::string_view t) {
            auto const r = parse_date_time(t);
            return r ? "good" : say(r.error());
        }) == say(fail(c.code, c.at)));
        CHECK_FALSE(naive(c.text, true, false));
    }
    constexpr auto t = parse_date_time("1985-04-12T23:20:50.52Z");  // RFC 3339 5.8
    static_assert(t && t->year == 1985 && t->month == 4 && t->day == 12 && t->hour == 23 && t->minute == 20 && t->second == 50 &&
                  t->nanosecond == 520000000 && t->fraction_digits == 2 && t->offset == 0 && !t->offset_unknown);
    constexpr auto offset = parse_date_time("1996-12-19T16:39:57-08:00");
    static_assert(offset && offset->offset == -480 && unix_seconds(*offset) == unix_seconds(*parse_date_time("1996-12-20T00:39:57Z")));
    CHECK(parse_date_time("1990-12-31T23:59:60Z"));
    CHECK(parse_date_time("1990-12-31T15:59:60-08:00"));
    CHECK(parse_date_time("1991-01-01T00:59:60+01:00"));
    CHECK(parse_date_time("2015-07-01T02:29:60+02:30"));
    CHECK(parse_date_time("1990-12-31T00:00:60-23:59"));
    CHECK(parse_date_time("9999-12-31T23:59:60Z"));
    CHECK(parse_date_time("1937-01-01T12:00:27.87+00:20")->offset == 20);
    CHECK(parse_date_time("0000-02-29T00:00:00Z"));
    CHECK(parse_date_time("2000-02-29t00:00:00z"));
    CHECK(parse_date_time("2026-01-31T10:00:00-00:00")->offset_unknown);
    CHECK_FALSE(parse_date_time("2026-01-31T10:00:00+00:00")->offset_unknown);
}

TEST_CASE("what a protocol may forbid in a date-time", "[date_time]") {
    constexpr date_time_rules whole{.fraction = false}, utc{.utc_only = true};
    CHECK(parse_date_time("2026-01-31T10:00:00.5Z", whole).error() == fail(errc::bad_date_time, 19));
    CHECK(parse_date_time("2026-01-31T10:00:00+01:00", whole));
    CHECK(parse_date_time("2026-01-31T10:00:00+00:00", utc).error() == fail(errc::bad_date_time, 19));
    CHECK(parse_date_time("2026-01-31T10:00:00.5Z", utc));
    CHECK(parse_date_time("2026-01-31T10:00:00.5-01:00", utc).error() == fail(errc::bad_date_time, 21));
}

TEST_CASE("a date-time as seconds", "[date_time]") {
    static_assert(unix_seconds({}) == 0);
    CHECK(seconds("1970-01-01T00:00:01Z") == 1);
    CHECK(seconds("1969-12-31T23:59:58Z") == -2);
    CHECK(seconds("2001-09-09T01:46:40Z") == 1000000000);
    CHECK(seconds("2038-01-19T03:14:08Z") == 2147483648);
    CHECK(seconds("0000-01-01T00:00:00Z") == -62167219200);
    CHECK(seconds("9999-12-31T23:59:59Z") == 253402300799);
    CHECK(seconds("1990-12-31T23:59:60Z") == seconds("1991-01-01T00:00:00Z"));
    CHECK(seconds("1996-12-19T16:39:57-08:00") == 851042397);
    CHECK(to_date_time(253402300800).error() == fail(errc::bad_value, 0));
    CHECK(to_date_time(-62167219201).error() == fail(errc::bad_value, 0));
    static_assert(*to_date_time(0) == date_time{});
    // Every day from 0000 to 9999, one after the other.
    std::int64_t at = -62167219200;
    bool right = true;
    for (unsigned year = 0; year < 10000; ++year)
        for (unsigned month = 1; month <= 12; ++month)
            for (unsigned day = 1; day <= days_of_month(year, month); ++day, at += 86400) {
                auto const t = to_date_time(at + 86399);
                right = right && t && t->year == year && t->month == month && t->day == day && t->hour == 23 && t->minute == 59 &&
                        t->second == 59 && unix_seconds(*t) == at + 86399;
            }
    CHECK(right);
    CHECK(at == 253402300800);
}

TEST_CASE("a date-time is written", "[date_time]") {
    for (std::string_view const text : {"2026-01-31T10:00:00Z"sv, "0000-01-01T00:00:00Z"sv, "9999-12-31T23:59:60Z"sv, "1985-04-12T23:20:50.52Z"sv,
                                        "1985-04-12T23:20:50.000000001Z"sv, "1985-04-12T23:20:50.100Z"sv, "1985-04-12T23:20:50.0Z"sv,
                                        "1990-12-31T15:59:60-08:00"sv, "2026-01-31T10:00:00-00:00"sv, "2026-01-31T10:00:00+23:59"sv})
        CHECK(write(*parse_date_time(text)) == text);
    CHECK(write(*parse_date_time("2026-01-31t10:00:00z")) == "2026-01-31T10:00:00Z");
    CHECK(write(*parse_date_time("2026-01-31T10:00:00+00:00")) == "2026-01-31T10:00:00Z");
    date_time const good = *parse_date_time("2026-01-31T10:00:00Z");
    auto refused = [&](auto change) {
        date_time t = good;
        change(t);
        return write(t) == "bad_value@0";
    };
    CHECK(refused([](date_time& t) { t.year = 10000; }));
    CHECK(refused([](date_time& t) { t.month = 0; }));
    CHECK(refused([](date_time& t) { t.month = 13; }));
    CHECK(refused([](date_time& t) { t.day = 0; }));
    CHECK(refused([](date_time& t) { t.day = 32; }));
    CHECK(refused([](date_time& t) { t.hour = 24; }));
    CHECK(refused([](date_time& t) { t.minute = 60; }));
    CHECK(refused([](date_time& t) { t.second = 60; }));
    CHECK(refused([](date_time& t) { t.second = 61; }));
    CHECK(refused([](date_time& t) { t.offset = 1440; }));
    CHECK(refused([](date_time& t) { t.offset = -1440; }));
    CHECK(refused([](date_time& t) { t.offset = 60, t.offset_unknown = true; }));
    CHECK(refused([](date_time& t) { t.fraction_digits = 10; }));
    CHECK(refused([](date_time& t) { t.nanosecond = 1; }));
    CHECK(refused([](date_time& t) { t.nanosecond = 1000000000, t.fraction_digits = 9; }));
    CHECK(refused([](date_time& t) { t.nanosecond = 120000000, t.fraction_digits = 1; }));
}

TEST_CASE("dates against the grammar as printed", "[date_time]") {
    generate::rng r(3339);
    auto two = [&](std::size_t below) {
        std::size_t const n = r.below(below);
        return std::string{static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
    };
    int good = 0, leap_seconds = 0;
    for (int i = 0; i < generate::drawn(300000); ++i) {
        std::string text;
        if (r.one_in(3)) {
            // Near a leap second.
            text = r.one_in(2) ? "2016-12-31T" : r.one_in(2) ? "2015-06-30T" : r.one_in(2) ? "2017-01-01T" : "2015-07-01T";
            std::size_t const hour = r.below(24), minute = r.one_in(2) ? 59 : r.one_in(2) ? 29 : r.below(60);
            auto put = [&](std::size_t n) { text += {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)}; };
            put(hour), text += ':', put(minute), text += ":60";
            std::size_t const away = r.one_in(2) ? (hour + 1) % 24 : 23 - hour;
            text += r.one_in(2) ? '+' : '-', put(away), text += ':', put(r.one_in(2) ? 0 : (minute + 1) % 60);
        } else {
            text = two(100) + two(100) + "-" + two(14) + "-" + two(33) + "T" + two(25) + ":" + two(61) + ":" + two(62);
            if (r.one_in(4)) text += '.' + std::string(r.below(11), '7');
            if (r.one_in(2)) text += 'Z';
            else text += (r.one_in(2) ? '+' : '-') + two(25) + ":" + two(61);
        }
        if (r.one_in(4) && !text.empty()) {
            std::size_t const at = r.below(text.size());
            switch (r.below(3)) {
            case 0: text.erase(at, 1); break;
            case 1: text.insert(at, 1, "0123456789-:.+TZtz "[r.below(19)]); break;
            default: text[at] = "0123456789-:.+TZtz \x80"[r.below(20)];
            }
        }
        bool const fraction = !r.one_in(4), utc_only = r.one_in(4);
        auto const parsed = parse_date_time(text, {fraction, utc_only});
        if (parsed.has_value() != naive(text, fraction, utc_only)) FAIL_CHECK(text);
        if (!parsed) continue;
        ++good;
        leap_seconds += parsed->second == 60;
        char room[40];
        writer out(room);
        if (!write_date_time(out, *parsed)) FAIL_CHECK(text);
        auto const again = parse_date_time(out.text());
        if (!again || *again != *parsed) FAIL_CHECK(text << " became " << out.text());
    }
    CHECK(good > generate::drawn(30000));
    CHECK(leap_seconds > generate::drawn(300));
}

}  // namespace test_date_time
