// Octets that come in chunks of some size, into a buffer that grows: as a socket fills it.
#pragma once

#include "../sink.hpp"

namespace bench {

/// `Reader` is a line_reader or a reply_reader; `more` are the arguments of its next() after the buffer.
template <class Reader, class... More>
void read_chunks(std::string_view in, std::size_t chunk, More... more) {
    Reader reader;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < in.size();) {
        end += chunk < in.size() - end ? chunk : in.size() - end;
        for (;;) {
            auto const r = reader.next(in.substr(begin, end - begin), more...);
            begin += r.consumed;
            use(begin);
            if (r.need_more() || r.consumed == 0) break;
        }
    }
}

}  // namespace bench
