#include "../crowd.hpp"
#include "../sink.hpp"
#include "accepting.hpp"

#include <cstddef>
#include <iterator>

namespace bench {

void crowd::visit(std::size_t count) {
    accepting handler;
    for (std::size_t i = 0; i < count; ++i) use(advance(next(), "NOOP\r\n", handler).produced);
}

void crowd::visit_in_batches(std::size_t count) {
    accepting handler;
    ehlo::server* ready[64];
    for (std::size_t i = 0; i < count; i += std::size(ready)) {
        for (ehlo::server*& session : ready) session = &next();
        for (ehlo::server const* session : ready) {
            char const* const octets = reinterpret_cast<char const*>(session);
            for (std::size_t at = 0; at < sizeof *session; at += 64) __builtin_prefetch(octets + at);
        }
        for (ehlo::server* session : ready) use(advance(*session, "NOOP\r\n", handler).produced);
    }
}

}  // namespace bench
