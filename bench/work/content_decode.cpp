#include "../work.hpp"

#include <ehlo/content.hpp>

#include <cstring>

namespace bench {

void decode_content(std::string_view in, char* out) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        std::memcpy(out, piece.octets.data(), piece.octets.size());
        out += piece.octets.size();
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    use(out);
    use(decoder.bare_cr() || decoder.bare_lf());
    use_memory();
}

}  // namespace bench
