// Reads one reply, and does all else itself.
#include <ehlo/reply_reader.hpp>

#include "device.hpp"

#include <string_view>

bool device_main() noexcept {
    char in[512];
    std::size_t used = 0;
    for (;;) {
        std::size_t const n = device_receive(in + used, sizeof in - used);
        if (n == 0) return false;
        used += n;
        auto const reply = ehlo::parse_reply({in, used});
        if (reply.failed()) return false;
        if (reply.ready()) return reply->code() == 250;
    }
}
