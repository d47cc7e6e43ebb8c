#include "../sink.hpp"
#include "../steps.hpp"
#include "accepting.hpp"

namespace bench {

server_step::server_step(std::span<std::string_view const> before, std::string_view read) : read_(read) {
    accepting handler;
    use(advance(session_, {}, handler).produced);
    for (std::string_view const in : before) use(advance(session_, in, handler).produced);
}

void server_step::copy() const {
    ehlo::server session = session_;
    use(&session);
    use_memory();
}

void server_step::pass() const {
    ehlo::server session = session_;
    accepting handler;
    use(advance(session, fresh(read_), handler).produced);
    use(handler.octets);
}

}  // namespace bench
