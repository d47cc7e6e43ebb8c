#include "../work.hpp"
#include "chunks.hpp"

#include <ehlo/line.hpp>

namespace bench {

void read_line_chunks(std::string_view in, std::size_t chunk, std::size_t limit) {
    read_chunks<ehlo::line_reader>(in, chunk, limit);
}

}  // namespace bench
