#include "../crowd.hpp"
#include "../sink.hpp"
#include "accepting.hpp"

#include <utility>

namespace bench {

void crowd::visit(std::size_t count) {
    accepting handler;
    for (std::size_t i = 0; i < count; ++i) use(advance(next(), "NOOP\r\n", handler).produced);
}

void crowd::visit_fetched_ahead(std::size_t count) {
    accepting handler;
    constexpr std::size_t ahead = 8;
    ehlo::server* soon[ahead];
    for (ehlo::server*& s : soon) s = &next();
    for (std::size_t i = 0; i < count; ++i) {
        ehlo::server& now = *std::exchange(soon[i % ahead], &next());
        char const* const octets = reinterpret_cast<char const*>(soon[i % ahead]);
        for (std::size_t at = 0; at < sizeof now; at += 64) __builtin_prefetch(octets + at);
        __builtin_prefetch(octets + sizeof now - 1);
        use(advance(now, "NOOP\r\n", handler).produced);
    }
}

}  // namespace bench
