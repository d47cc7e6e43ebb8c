// Lines out of a buffer that holds them all.
#pragma once

#include "../sink.hpp"

#include <ehlo/line.hpp>

namespace bench {

/// Calls `with` for every line, which makes a number of it.
template <class With>
void each_line(std::string_view in, With with) {
    ehlo::line_reader reader;
    while (!in.empty()) {
        auto const line = reader.next(in, 2048);
        use(with(*line));
        in.remove_prefix(line.consumed);
    }
}

}  // namespace bench
