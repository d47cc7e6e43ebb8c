#include "../work.hpp"
#include "lines.hpp"

#include <ehlo/command.hpp>

namespace bench {

void split_commands(std::string_view in) {
    each_line(in, [](std::string_view line) {
        auto const split = ehlo::split_command(line);
        return static_cast<std::size_t>(split->verb) + split->arguments.size();
    });
}

}  // namespace bench
