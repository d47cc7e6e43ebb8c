#include <ehlo/flow.hpp>

#include <cstdio>
#include <string>

// The other end, canned: what a server would say, one element for each time the client waits.
char const* const server[] = {"220 mx.example.org ESMTP\r\n", "250-mx.example.org\r\n250 8BITMIME\r\n", "250 ok\r\n", "550 who?\r\n",
                              "250 ok\r\n", "354 go on\r\n", "250 stored\r\n", "221 bye\r\n"};

struct connection {
    ehlo::client smtp;
    char buffer[1024];
    ehlo::writer out{buffer};
    std::string in;
    std::size_t used = 0, turn = 0;

    auto reply() {   // the next reply; a real program sends `out` and waits for octets where this one takes the next turn
        in.erase(0, used);
        for (;;) {
            auto const r = smtp.receive(in);
            used = r.consumed;
            if (!r.need_more() || !smtp.awaits() || turn == std::size(server)) return r;
            in += server[turn++];
        }
    }
};

int main() {
    connection io;
    auto mail = ehlo::flow::connected(io.smtp).on(io.reply()).accepted()
                    .hello(io.out, "client.example").on(io.reply()).accepted()
                    .mail(io.out, "<ann@client.example>").on(io.reply());
    if (!mail) return 1;   // any of the three was refused, or could not be written: the rest of the chain did nothing

    auto envelope = std::move(mail).accepted().envelope();
    for (char const* to : {"<bo@example.org>", "<bob@example.org>"}) {
        auto rcpt = envelope.rcpt(io.out, to).on(io.reply());
        if (rcpt.is_refused()) std::printf("%s: %u\n", to, rcpt.reply().code());
    }
    // std::move(envelope).data(io.out);   does not compile: DATA is out of order in state::mail

    auto content = std::move(envelope).as<ehlo::state::rcpt>().data(io.out).on(io.reply()).accepted();
    if (!content || !content.content("Subject: hello\r\n\r\n.a dot\r\n", io.out).done()) return 2;
    auto stored = std::move(content).end_content(io.out).on(io.reply());
    bool const ok = bool(stored) && std::move(stored).accepted().quit(io.out).on(io.reply());
    std::printf("%.*s", static_cast<int>(io.out.size()), io.buffer);
    return ok ? 0 : 3;
}
