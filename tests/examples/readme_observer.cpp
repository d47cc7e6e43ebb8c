#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>

// Who is told. Each function is optional; one that is nearly right does not compile.
struct journal {
    std::string text;

    void on(ehlo::seen::of<ehlo::cmd::mail> const& c) { text += "from " + std::string(c.typed.from.text()) + "\n"; }
    void on(ehlo::seen::of<ehlo::cmd::rcpt> const& c) { text += "to " + std::string(c.typed.to.text()) + "\n"; }
    void on(ehlo::seen::transaction const& t) { text += std::string(name(t.outcome)) + ", " + std::to_string(t.octets.value_or(0)) + " octets\n"; }
    void on(ehlo::seen::departed const& d) { text += "! " + std::string(name(d.what)) + " at " + std::to_string(d.at) + "\n"; }
};

int main() {
    std::string client_said, server_said = "220 mx\r\n";
    ehlo::observer o;
    journal j;
    auto show = [&] {
        // All octets that were seen and not yet consumed, of both.
        ehlo::observed_both const done = o.advance(client_said, server_said, j);
        client_said.erase(0, done.client);
        server_said.erase(0, done.server);
    };
    show();
    client_said += "EHLO me.example\r\n";
    show();
    server_said += "250-mx\r\n250 PIPELINING\r\n";
    show();
    client_said += "MAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n";
    show();
    server_said += "250 ok\r\n250 ok\r\n354 go\r\n";
    show();
    std::string const message = "Subject: hello\r\n\r\na line\n.\r\nRSET\r\n";
    client_said += message + ".\r\n";
    show();
    server_said += "250 taken\r\n";
    show();
    o.end(j);
    std::fputs(j.text.c_str(), stdout);
    bool const told = j.text.find("\n! smuggled_end at ") != j.text.npos && 
                      j.text.ends_with("\ndelivered, " + std::to_string(message.size()) + " octets\n") && o.sure();
    return told ? 0 : 1;
}
