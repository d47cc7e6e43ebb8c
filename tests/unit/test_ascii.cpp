// Sets of octets.
#include "catch.hpp"

#include <ehlo/ascii.hpp>

#include <string>

namespace {

using ehlo::charset;

TEST_CASE("charset: every range of octets") {
    std::size_t wrong = 0;
    std::string all;
    for (unsigned c = 0; c < 256; ++c) all += static_cast<char>(c);
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned last = first; last < 256; ++last) {
            charset const range(first, last);
            wrong += range != charset(std::string_view(all).substr(first, last - first + 1));
            for (unsigned c : {first - 1, first, last, last + 1}) {  // beyond 255 it is another octet, and as good a case
                c &= 255;
                wrong += range.contains(static_cast<char>(c)) != (first <= c && c <= last);
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("charset: what is in it is in its table, in no complement and in no difference") {
    for (charset const& set : {ehlo::chars::atext, ehlo::chars::non_ascii, ehlo::chars::unsafe, charset(63, 64), charset()}) {
        ehlo::octet_table const table(set);
        charset const rest = ~set, both = set + rest, none = set - set;
        for (unsigned i = 0; i < 256; ++i) {
            auto const c = static_cast<char>(i);
            CHECK(table.contains(c) == set.contains(c));
            CHECK(rest.contains(c) != set.contains(c));
            CHECK((both.contains(c) && !none.contains(c)));
        }
        CHECK((both == charset(0, 255) && none == charset()));
    }
}

}  // namespace
