#include "../work.hpp"

#include <ehlo/content.hpp>

namespace bench {

void encode_content(std::string_view in, std::span<char> room) {
    ehlo::content_encoder encoder;
    ehlo::writer out(room.data(), room.size());
    use(encoder.encode(in, out).done() && encoder.finish(out).done());
    use(out.size());
    use_memory();
}

}  // namespace bench
