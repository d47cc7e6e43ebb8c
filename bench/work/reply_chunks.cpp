#include "../work.hpp"
#include "chunks.hpp"

#include <ehlo/reply_reader.hpp>

namespace bench {

void read_reply_chunks(std::string_view in, std::size_t chunk, ehlo::reply_limits const& limits) {
    read_chunks<ehlo::reply_reader>(in, chunk, limits);
}

}  // namespace bench
