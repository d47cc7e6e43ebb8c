#include "../work.hpp"

#include <ehlo/content.hpp>

namespace bench {

void decode_chunks(std::string_view in, std::size_t chunk) {
    ehlo::content_decoder decoder;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < in.size();) {
        end += chunk < in.size() - end ? chunk : in.size() - end;
        for (;;) {
            ehlo::content_piece const piece = decoder.next(in.substr(begin, end - begin));
            begin += piece.consumed;
            use(piece.octets.data() + piece.octets.size());
            if (piece.end || piece.consumed == 0) break;
        }
    }
}

}  // namespace bench
