#include "../usual_replies.hpp"
#include "../work.hpp"

namespace bench {

void write_replies(std::span<char> room) {
    for (ehlo::reply const& r : usual_replies) {
        ehlo::writer out(room.data(), room.size());
        use(ehlo::write_reply(out, r).has_value());
        use(out.size());
        use_memory();
    }
}

}  // namespace bench
