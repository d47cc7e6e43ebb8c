#include "../work.hpp"

#include <ehlo/base64.hpp>

namespace bench {

void encode_base64(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::encode_base64(out, in).has_value());
    use_memory();
}

}  // namespace bench
