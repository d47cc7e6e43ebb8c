#include "../work.hpp"

#include <ehlo/xtext.hpp>

namespace bench {

void decode_xtext(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    auto const x = ehlo::parse_xtext(in);
    use(x && ehlo::write_decoded(out, *x).has_value());
    use_memory();
}

}  // namespace bench
