// Sets of the values of an enum.
#include "catch.hpp"

#include <ehlo/detail/set.hpp>

#include <cstddef>
#include <cstdint>

namespace test_set {

namespace {

enum class any : std::uint8_t {};
using set = ehlo::set_of<any>;

constexpr any nth(std::size_t n) noexcept { return static_cast<any>(n); }   // any value will do

}  // namespace

TEST_CASE("set_of: the first values, none to all 64") {
    for (std::size_t count = 0; count <= 64; ++count) {
        set const first = set::first(static_cast<unsigned>(count));
        for (std::size_t n = 0; n < 64; ++n) CHECK(first.has(nth(n)) == (n < count));
        CHECK(first.empty() == (count == 0));
    }
    static_assert(set::first(64) == set::with_bits(~std::uint64_t{0}) && set::first(3) == set::with_bits(7));
}

TEST_CASE("set_of: all of an enum, in a word that is as wide as it takes") {
    using ehlo::set_of;
    static_assert(set_of<any, 1>::all().bits == 1 && set_of<any, 31>::all().bits == 0x7FFFFFFF && set_of<any, 32>::all().bits == 0xFFFFFFFF);
    static_assert(set_of<any, 33>::all().bits == 0x1FFFFFFFF && set_of<any, 64>::all().bits == ~std::uint64_t{0});
    static_assert(sizeof(set_of<any, 32>) == 4 && sizeof(set_of<any, 33>) == 8);
    set_of<any, 23> s;
    for (std::size_t n = 0; n < 23; ++n) {
        CHECK_FALSE(s.has(nth(n)));
        s |= nth(n);
        CHECK(s.has(nth(n)));
    }
    CHECK(s == set_of<any, 23>::all());
}

TEST_CASE("set_of: union, cut, difference and parts") {
    set const a = set(nth(0)) | nth(5), b = set(nth(5)) | nth(63);
    CHECK((a | b) == (set(nth(0)) | nth(5) | nth(63)));
    CHECK((a & b) == set(nth(5)));
    CHECK((a - b) == set(nth(0)));
    CHECK((a.has_any(b) && !(a - b).has_any(b) && !a.has_any(set())));
    CHECK((a.has_all(set(nth(5))) && !a.has_all(b) && a.has_all(set())));
    set c;
    CHECK(c.empty());
    c |= b;
    CHECK(c == b);
}

}  // namespace test_set
