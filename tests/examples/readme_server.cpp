#include <ehlo/server.hpp>

#include <cstdio>
#include <string>

// What the server is for. Forget one of these overloads and it does not compile; the message says which.
struct store {
    std::string file;

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { file.clear(); return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {  // a domain has no case
        bool const ours = c.to.is_postmaster() || ehlo::iequals(c.to.domain(), "example.org");
        return ours ? ehlo::replies::recipient_ok : ehlo::replies::no_such_user;
    }
    void on(ehlo::content const& c) { file += c.octets; }  // decoded, a piece at a time
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};

// One turn of somebody else's event loop: octets in, octets out. The first is without input, for the greeting.
// `in` keeps what was not consumed. False: close the connection.
template <class Send>
bool readable(ehlo::server& smtp, store& s, std::string& in, Send send) {
    for (;;) {
        char out[4096];
        ehlo::step const step = smtp.advance(in, s, out);
        in.erase(0, step.consumed);
        send(std::string_view(out, step.produced));
        if (step.want == ehlo::want::close) return false;
        if (step.want != ehlo::want::write) return true;
    }
}

int main() {
    ehlo::server smtp("mx.example.org");
    store s;
    std::string in, sent;
    auto send = [&sent](std::string_view octets) { sent += octets; };
    readable(smtp, s, in, send);  // the greeting
    in = "EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
         "Subject: hello\r\n\r\n..and a dot\r\n.\r\nQUIT\r\n";
    bool const open = readable(smtp, s, in, send);
    std::fputs(sent.c_str(), stdout);
    return !open && s.file == "Subject: hello\r\n\r\n.and a dot\r\n" ? 0 : 1;
}
