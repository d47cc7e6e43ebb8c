#include "../work.hpp"
#include "accepting.hpp"

namespace bench {

void serve(std::span<std::string_view const> reads) {
    ehlo::server server("mx.example.org");
    accepting handler;
    char room[2048];
    use(server.advance({}, handler, room).produced);
    for (std::string_view const in : reads) {
        use(server.advance(in, handler, room).produced);
        use_memory();
    }
    use(handler.octets);
}

}  // namespace bench
