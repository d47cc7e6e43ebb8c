// error.hpp, result.hpp, leniency.hpp
#include "support.hpp"

#include <ehlo/error.hpp>
#include <ehlo/leniency.hpp>
#include <ehlo/result.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

using namespace ehlo;

namespace {
constexpr unsigned errc_count = static_cast<unsigned>(errc::too_many_outstanding) + 1;
}

TEST_CASE("every errc has a name, a message and somebody to blame", "[error]") {
    static_assert(std::size(errc_table) == errc_count);
    std::set<std::string_view> names, messages;
    for (unsigned i = 0; i < errc_count; ++i) {
        auto const code = static_cast<errc>(i);
        CAPTURE(i, name(code));
        CHECK(errc_table[i].code == code);
        CHECK(name(code).find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos);
        CHECK(message(code).size() > 5);
        CHECK(message(code).find_first_of("\r\n") == std::string_view::npos);
        CHECK(message(code).find('\0') == std::string_view::npos);
        CHECK(message(code).back() != '.');
        CHECK(name(blame(code)).size() >= 5);
        CHECK(names.insert(name(code)).second);
        CHECK(messages.insert(message(code)).second);
    }
}

TEST_CASE("the groups of errc are those of blame", "[error]") {
    // The blame never goes back: the four groups stand one behind the other.
    for (unsigned i = 1; i < errc_count; ++i)
        CHECK(blame(static_cast<errc>(i)) >= blame(static_cast<errc>(i - 1)));
    static_assert(blame(errc::empty_line) == blame_t::malformed && blame(errc::bad_xtext) == blame_t::malformed);
    static_assert(blame(errc::line_too_long) == blame_t::limit && blame(errc::reply_too_long) == blame_t::limit);
    static_assert(blame(errc::bad_sequence) == blame_t::sequence && blame(errc::session_over) == blame_t::sequence);
    static_assert(blame(errc::output_full) == blame_t::misuse &&
                  blame(errc::too_many_outstanding) == blame_t::misuse);
    CHECK(name(blame_t::malformed) == "malformed");
    CHECK(name(blame_t::limit) == "limit");
    CHECK(name(blame_t::sequence) == "sequence");
    CHECK(name(blame_t::misuse) == "misuse");
}

TEST_CASE("result is a value or a failure", "[result]") {
    constexpr result<int> value = 7;
    static_assert(value && value.has_value() && *value == 7 && value.value() == 7 && value.value_or(1) == 7);
    constexpr result<int> none = fail(errc::bad_number, 3);
    static_assert(!none && !none.has_value() && none.error() == failure{errc::bad_number, 3} && none.value_or(1) == 1);
    static_assert(std::is_trivially_copyable_v<result<int>>);
    static_assert(!std::is_convertible_v<result<int>, bool>, "only where a condition is asked for");
    struct pair {
        int a, b;
    };
    result<pair> both = pair{1, 2};
    both->b = 3;
    (*both).a = 4;
    CHECK(both->a == 4);
    CHECK(both->b == 3);
    both = fail(errc::bad_value, 0);
    CHECK_FALSE(both.has_value());
    CHECK(both.error() == fail(errc::bad_value, 0));
    CHECK(fail(errc::bad_value, 0) != fail(errc::bad_value, 1));
    CHECK(fail(errc::bad_value, 0) != fail(errc::output_full, 0));
}

TEST_CASE("progress is a value, a failure or not yet", "[result]") {
    constexpr progress<int> more{std::size_t{2}};
    static_assert(more.need_more() && !more.ready() && !more.failed() && more.consumed == 2);
    constexpr progress<int> ready{9, 4};
    static_assert(ready.ready() && !ready.need_more() && !ready.failed() && *ready == 9 && ready.consumed == 4);
    constexpr progress<int> failed{fail(errc::bare_cr, 5), 6};
    static_assert(failed.failed() && !failed.ready() && !failed.need_more() && failed.consumed == 6);
    static_assert(failed.error() == fail(errc::bare_cr, 5));
    CHECK(std::is_trivially_copyable_v<progress<int>>);
}

TEST_CASE("leniency is a set of rules", "[leniency]") {
    static_assert(strict.empty() && strict == leniency{});
    std::set<std::string_view> names;
    leniency all;
    for (unsigned i = 0; i < rule_count; ++i) {
        auto const r = static_cast<rule>(i);
        leniency const one = r;
        CHECK_FALSE(one.empty());
        for (unsigned j = 0; j < rule_count; ++j) CHECK(one.has(static_cast<rule>(j)) == (i == j));
        CHECK(names.insert(name(r)).second);
        CHECK((all | one) != all);
        all |= one;
        CHECK(leniency::all().has(r));
    }
    CHECK(all == leniency::all());
    static_assert((rule::loose_dots | rule::trailing_dot).has(rule::loose_dots));
    static_assert((rule::loose_dots | rule::trailing_dot).has(rule::trailing_dot));
    static_assert(!(rule::loose_dots | rule::trailing_dot).has(rule::missing_domain));
    static_assert((strict | rule::bare_lf_line) == leniency(rule::bare_lf_line));
}
