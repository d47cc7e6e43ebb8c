#include "../sink.hpp"
#include "../steps.hpp"

#include <cstdlib>

namespace bench {

client_step::client_step(std::span<std::string_view const> replies) {
    char room[2048];
    ehlo::writer out(room);
    auto receive = [&](std::string_view in) {
        auto const r = session_.receive(in);
        if (!r.ready() || !r->accepted) std::abort();
    };
    receive(replies[0]);
    if (!session_.hello(out, "client.example.net")) std::abort();
    receive(replies[1]);
    if (replies.size() < 3) return;
    if (!session_.mail(out, "<ann.smith@example.net>")) std::abort();
    receive(replies[2]);
}

void client_step::copy() const {
    ehlo::client session = session_;
    use(&session);
    use_memory();
}

void client_step::mail(std::span<char> room) const {
    ehlo::client session = session_;
    use(&session);
    use_memory();
    ehlo::writer out(room.data(), room.size());
    use(session.mail(out, fresh("<ann.smith@example.net>"), {.size = 4096, .body = ehlo::body::eight_bit_mime}).has_value());
    use(out.size());
    use_memory();
}

void client_step::rcpt(std::span<char> room) const {
    ehlo::client session = session_;
    use(&session);
    use_memory();
    ehlo::writer out(room.data(), room.size());
    use(session.rcpt(out, fresh("<bob@mail.example.org>")).has_value());
    use(out.size());
    use_memory();
}

}  // namespace bench
