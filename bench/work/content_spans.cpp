#include "../work.hpp"

#include <ehlo/content.hpp>

namespace bench {

void decode_spans(std::string_view in) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        use(piece.octets.data() + piece.octets.size());
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    use(decoder.bare_cr() || decoder.bare_lf());
}

}  // namespace bench
