#include "../crowd.hpp"
#include "../sink.hpp"
#include "accepting.hpp"

namespace bench {

void crowd::visit(std::size_t count) {
    accepting handler;
    for (std::size_t i = 0; i < count; ++i) use(advance(next(), "NOOP\r\n", handler).produced);
}

void crowd::visit_fetched_ahead(std::size_t count) {
    accepting handler;
    ehlo::server* now = &next();
    for (std::size_t i = 0; i < count; ++i) {
        ehlo::server* const then = &next();
        char const* const octets = reinterpret_cast<char const*>(then);
        for (std::size_t at = 0; at < sizeof *then; at += 64) __builtin_prefetch(octets + at);
        __builtin_prefetch(octets + sizeof *then - 1);
        use(advance(*now, "NOOP\r\n", handler).produced);
        now = then;
    }
}

}  // namespace bench
