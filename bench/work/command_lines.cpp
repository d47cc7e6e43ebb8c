#include "../work.hpp"
#include "lines.hpp"

namespace bench {

void read_lines(std::string_view in) {
    each_line(in, [](std::string_view line) { return line.size(); });
}

}  // namespace bench
