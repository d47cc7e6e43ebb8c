#include "../work.hpp"

#include <ehlo/client.hpp>

namespace bench {

namespace {
// With a server that says yes.
struct conversation {
    ehlo::client client;
    ehlo::writer out;
    bool ok = true;

    explicit conversation(std::span<char> room, ehlo::client_settings const& settings = {}) : client(settings), out(room.data(), room.size()) {}
    /// All that is there, a reply at a time.
    void receive(std::string_view in) {
        while (!in.empty()) {
            auto const r = client.receive(in);
            ok = ok && r.ready() && r->accepted;
            if (!r.ready()) break;
            in.remove_prefix(r.consumed);
        }
    }
    bool ended() {
        use(out.size());
        use_memory();
        return ok && client.where() == ehlo::state::closed;
    }
};
}  // namespace

bool send(std::span<std::string_view const> replies, std::string_view content, std::span<char> room) {
    conversation with(room);
    with.receive(replies[0]);
    with.ok = with.ok && with.client.hello(with.out, "client.example.net");
    with.receive(replies[1]);
    with.ok = with.ok && with.client.mail(with.out, "<ann.smith@example.net>", {.size = 4096, .body = ehlo::body::eight_bit_mime}) &&
              with.client.rcpt(with.out, "<bob@mail.example.org>") && with.client.data(with.out);
    with.receive(replies[2]);
    with.ok = with.ok && with.client.content(content, with.out).done() && with.client.end_content(with.out).done();
    with.receive(replies[3]);
    with.ok = with.ok && with.client.quit(with.out);
    with.receive(replies[4]);
    return with.ended();
}

bool log_in(std::span<std::string_view const> replies, std::span<char> room) {
    conversation with(room, {.clear_text_passwords = true});
    with.receive(replies[0]);
    with.ok = with.ok && with.client.hello(with.out, "client.example.net");
    with.receive(replies[1]);
    with.ok = with.ok && with.client.auth(with.out, ehlo::mechanism::login);
    with.receive(replies[2]);
    with.ok = with.ok && with.client.auth_response(with.out, ehlo::sasl::login{"ann.smith@example.net"});
    with.receive(replies[3]);
    with.ok = with.ok && with.client.auth_response(with.out, ehlo::sasl::login{"correct horse battery staple"});
    with.receive(replies[4]);
    with.ok = with.ok && with.client.quit(with.out);
    with.receive(replies[5]);
    return with.ended();
}

bool send_chunks(std::span<std::string_view const> replies, std::span<std::string_view const> chunks, std::span<char> room) {
    conversation with(room);
    with.receive(replies[0]);
    with.ok = with.ok && with.client.hello(with.out, "client.example.net");
    with.receive(replies[1]);
    with.ok = with.ok && with.client.mail(with.out, "<ann.smith@example.net>", {.size = 4096, .body = ehlo::body::eight_bit_mime}) &&
              with.client.rcpt(with.out, "<bob@mail.example.org>");
    for (std::string_view const& chunk : chunks) {
        with.ok = with.ok && with.client.bdat(with.out, chunk.size(), &chunk == &chunks.back()) &&
                  with.client.content(chunk, with.out).done();
    }
    with.receive(replies[2]);
    with.ok = with.ok && with.client.quit(with.out);
    with.receive(replies[3]);
    return with.ended();
}

}  // namespace bench
