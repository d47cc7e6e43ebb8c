#include "../sink.hpp"
#include "../steps.hpp"
#include "accepting.hpp"

namespace bench {

namespace {
// Has room for content of its own, as one that writes it to a file.
struct storing : accepting {
    std::span<char> room;
    std::span<char> content_room() { return room; }
};
}  // namespace

void server_step::pass_stored(std::span<char> room) const {
    ehlo::server session = session_;
    storing handler;
    handler.room = room;
    use(advance_with(session, fresh(read_), handler).produced);
    use(handler.octets);
}

}  // namespace bench
