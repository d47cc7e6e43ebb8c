#include "../work.hpp"

#include <ehlo/command.hpp>

namespace bench {

void write_mails(std::span<std::string_view const> paths, std::span<char> room) {
    for (std::string_view const p : paths) {
        ehlo::writer out(room.data(), room.size());
        use(ehlo::write_mail(out, p, {.size = 4096, .body = ehlo::body::eight_bit_mime}).has_value());
        use(out.size());
        use_memory();
    }
}

void write_rcpts(std::span<std::string_view const> paths, std::span<char> room) {
    for (std::string_view const p : paths) {
        ehlo::writer out(room.data(), room.size());
        use(ehlo::write_rcpt(out, p).has_value());
        use(out.size());
        use_memory();
    }
}

}  // namespace bench
