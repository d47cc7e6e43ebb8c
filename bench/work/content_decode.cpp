#include "../work.hpp"

#include <ehlo/content.hpp>

namespace bench {

void decode_content(std::string_view in, std::span<char> out) {
    ehlo::content_decoder decoder;
    ehlo::decoded_content const done = decoder.decode(in, out);
    use(out.data() + done.produced);
    use(done.end);
    use(decoder.bare_cr() || decoder.bare_lf());
    use_memory();
}

}  // namespace bench
