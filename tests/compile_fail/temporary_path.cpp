// error: (deleted function|use of deleted)
// The views would outlive the text, which ends with the statement.
#include <ehlo/ehlo.hpp>

#include <string>

std::string read_line();

auto run() {
#ifdef EHLO_MUST_COMPILE
    static std::string const line = read_line();
    return ehlo::parse_path(line).has_value();
#else
    return ehlo::parse_path(read_line()).has_value();
#endif
}
