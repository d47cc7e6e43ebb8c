#include "../work.hpp"

#include <ehlo/xtext.hpp>

namespace bench {

void encode_xtext(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::write_xtext(out, ehlo::xtext(in)).has_value());
    use_memory();
}

}  // namespace bench
