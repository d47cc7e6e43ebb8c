// The opt-in headers: std::error_code, std::ostream, std::format.
#include "catch.hpp"

#include <ehlo/format.hpp>
#include <ehlo/std_error.hpp>

#include <sstream>

TEST_CASE("errors as std::error_code") {
    std::error_code const none;
    std::error_code const first = ehlo::errc::empty_line;  // errc's own value 0 must not look like success
    std::error_code const misuse = ehlo::errc::output_full;
    CHECK_FALSE(none);
    CHECK(first);
    CHECK(first.category().name() == std::string("ehlo"));
    CHECK(first.message() == message(ehlo::errc::empty_line));
    CHECK(first == std::errc::protocol_error);
    CHECK(misuse == std::errc::invalid_argument);
    CHECK(ehlo::error_category().message(0) == "no error of ehlo");
    CHECK(ehlo::error_category().message(999) == "no error of ehlo");
}

TEST_CASE("names and errors on a stream") {
    std::ostringstream out;
    out << ehlo::errc::bad_domain << ' ' << ehlo::verb::mail << ' ' << ehlo::state::ready << ' '
        << ehlo::failure{ehlo::errc::bare_lf, 7} << ' ' << ehlo::status{5, 1, 1};
    CHECK(out.str() == "bad_domain MAIL ready bare_lf at 7 5.1.1");
}

#if defined(__cpp_lib_format)
TEST_CASE("names and errors in std::format") {
    CHECK(std::format("{} {} {}", ehlo::rule::loose_dots, ehlo::failure{ehlo::errc::bare_lf, 7}, ehlo::status{2, 0, 0}) ==
          "loose_dots bare_lf at 7 2.0.0");
}
#endif
