#include "accepting.hpp"

#include "../sink.hpp"

namespace bench {

ehlo::step advance(ehlo::server& session, std::string_view in, accepting& handler) {
    char room[2048];
    for (;;) {
        ehlo::step const step = session.advance(in, handler, room);
        use(step.produced);
        use_memory();
        in.remove_prefix(step.consumed);
        if (step.want != ehlo::want::write) return step;
    }
}

}  // namespace bench
