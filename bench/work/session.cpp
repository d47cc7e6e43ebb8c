#include "../work.hpp"
#include "accepting.hpp"

namespace bench {

void serve(std::span<std::string_view const> reads) {
    ehlo::server server("mx.example.org");
    accepting handler;
    use(advance(server, {}, handler).produced);
    for (std::string_view const in : reads) use(advance(server, in, handler).produced);
    use(handler.octets);
}

}  // namespace bench
