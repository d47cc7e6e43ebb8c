// error: (deleted function|use of deleted)
// The views would outlive the text, which ends with the statement.
#include <ehlo/ehlo.hpp>

#include <string>

std::string read_line();

auto run() {
#ifdef EHLO_MUST_COMPILE
    static std::string const line = read_line();
    return ehlo::parse_reply(line).ready();
#else
    return ehlo::parse_reply(read_line()).ready();
#endif
}
