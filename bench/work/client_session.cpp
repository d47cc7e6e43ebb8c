#include "../work.hpp"

#include <ehlo/client.hpp>

namespace bench {

bool send(std::span<std::string_view const> replies, std::string_view content, std::span<char> room) {
    ehlo::client client;
    ehlo::writer out(room.data(), room.size());
    bool ok = true;
    auto receive = [&](std::string_view in) {
        while (!in.empty()) {
            auto const r = client.receive(in);
            ok = ok && r.ready() && r->accepted;
            if (!r.ready()) break;
            in.remove_prefix(r.consumed);
        }
    };
    receive(replies[0]);
    ok = ok && client.hello(out, "client.example.net");
    receive(replies[1]);
    ok = ok && client.mail(out, "<ann.smith@example.net>", {.size = 4096, .body = ehlo::body::eight_bit_mime}) &&
         client.rcpt(out, "<bob@mail.example.org>") && client.data(out);
    receive(replies[2]);
    ok = ok && client.content(content, out).done() && client.end_content(out).done();
    receive(replies[3]);
    ok = ok && client.quit(out);
    receive(replies[4]);
    use(out.size());
    use_memory();
    return ok && client.where() == ehlo::state::closed;
}

}  // namespace bench
