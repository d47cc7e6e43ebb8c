#include "../crowd.hpp"
#include "../sink.hpp"
#include "accepting.hpp"

namespace bench {

void crowd::visit(std::size_t count) {
    accepting handler;
    char room[2048];
    for (std::size_t i = 0; i < count; ++i) {
        // Comes to every session before it comes to one again, as the size is a power of two.
        at_ = (at_ * 1664525 + 1013904223) % sessions_.size();
        use(sessions_[at_].advance("NOOP\r\n", handler, room).produced);
    }
}

}  // namespace bench
