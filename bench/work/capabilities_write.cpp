#include "../work.hpp"

#include <ehlo/capabilities.hpp>

namespace bench {

void write_capabilities(std::span<char> room, ehlo::capabilities const& offered) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::write_capabilities(out, "mx.example.org", "at your service", offered).has_value());
    use(out.size());
    use_memory();
}

}  // namespace bench
