#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>

// The other end, canned: what a server would say, one element for each time the client waits.
char const* const server[] = {"220 mx.example.org ESMTP\r\n", "250-mx.example.org\r\n250 PIPELINING\r\n",
                              "250 ok\r\n250 ok\r\n354 go on\r\n", "250 stored\r\n", "221 bye\r\n"};

int main() {
    ehlo::client smtp;
    char buffer[1024];
    ehlo::writer out(buffer);
    std::string in = server[0];
    auto reply = [&] {  // reads one reply; a real program waits for more octets while it says need_more
        auto const r = smtp.receive(in);
        in.erase(0, r.consumed);
        return r.ready() && r->accepted;
    };

    bool ok = reply();  // the greeting
    ok = ok && smtp.hello(out, "client.example");
    in = server[1];
    ok = ok && reply();
    // The server offers PIPELINING, so these may go out together; replies are matched by counting.
    ok = ok && smtp.mail(out, "<ann@client.example>") && smtp.rcpt(out, "<bob@example.org>") && smtp.data(out);
    in = server[2];
    ok = ok && reply() && reply() && reply();
    ok = ok && smtp.content("Subject: hello\r\n\r\n.a dot\r\n", out).done() && smtp.end_content(out).done();  // there is room
    in = server[3];
    ok = ok && reply();
    ok = ok && !smtp.rcpt(out, "<bob@example.org>");  // out of order: an error, and nothing is written
    ok = ok && smtp.quit(out);
    in = server[4];
    ok = ok && reply() && smtp.where() == ehlo::state::closed;
    std::printf("%.*s", static_cast<int>(out.size()), buffer);
    return ok ? 0 : 1;
}
