// A text as a range of its pieces, for range-for and for algorithms.
#include "catch.hpp"

#include <ehlo/detail/split.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/turn.hpp>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace test_split {

namespace {

using list = ehlo::detail::split_range<ehlo::charset(",")>;
using words = ehlo::detail::split_range<ehlo::charset(" "), true>;
static_assert(std::forward_iterator<list::iterator> && std::ranges::forward_range<words>);
static_assert(std::ranges::forward_range<ehlo::parameter_range> && std::ranges::forward_range<ehlo::solicitations>);
static_assert(std::ranges::forward_range<ehlo::domain_list>);

template <class Range>
std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> all;
    for (std::string_view const piece : Range(text)) all.emplace_back(piece);
    return all;
}
using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("split_range: pieces, empty ones but for the last, and runs as one") {
    CHECK(pieces<list>("").empty());
    CHECK(pieces<list>("a") == texts{"a"});
    CHECK(pieces<list>("a,bc,d") == texts{"a", "bc", "d"});
    CHECK(pieces<list>(",a,,b,") == texts{"", "a", "", "b"});
    CHECK(pieces<words>("  a   b ") == texts{"a", "b"});
    CHECK(pieces<words>("   ").empty());
    CHECK(list("a").text() == "a");
    CHECK((list("").empty() && !list(",").empty()));
}

TEST_CASE("split_range: algorithms take it") {
    constexpr std::string_view text = "SIZE=1  X-FLAG BODY=7BIT";
    ehlo::parameter_range const all(text);
    auto const body = std::ranges::find_if(all, [](ehlo::parameter const& p) { return p.keyword == "BODY"; });
    REQUIRE(body != all.end());
    CHECK((*body).value == "7BIT");
    CHECK(std::ranges::distance(all) == 3);
    CHECK(std::ranges::count_if(all, [](ehlo::parameter const& p) { return p.value.has_value(); }) == 2);
    list const some("b,a,c");
    CHECK(std::find(some.begin(), some.end(), "c") != some.end());
    auto it = some.begin();
    CHECK(*it++ == "b");
    CHECK(*it == "a");
}

}  // namespace test_split
