#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <vector>

// Takes everything, delivers nothing, and tells what was tried.
struct honeypot {
    std::vector<std::string> log;

    ehlo::reply on(ehlo::connected const&) { return "220 ESMTP"; }
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::vrfy const&) { return "252 2.1.5 Send some mail, I will try my best"; }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::plain | ehlo::mechanism::login; }
    ehlo::auth_answer on(ehlo::cmd::auth const& a) { return guess(a.initial_response.value_or("")); }
    ehlo::auth_answer on(ehlo::auth_response const& r) { return guess(r.base64); }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { log.push_back("content " + std::to_string(c.octets.size())); }
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }

    // Every reply, with the line it answers as it came: what was wrong with it, what a strict server would have
    // refused, and who did not wait.
    void on(ehlo::answered const& a) {
        std::string said(a.line);   // with its secrets: `secret` says where they begin
        if (a.fault) said += " ! " + std::string(message(a.fault->code)) + " at " + std::to_string(a.fault->at);
        if (!a.tolerated.empty()) said += " ~ tolerated";
        if (a.early) said += " < did not wait";
        log.push_back(std::to_string(a.sent.code) + " " + said);
    }

  private:
    ehlo::auth_answer guess(std::string_view base64) {
        if (base64.empty()) return ehlo::challenge{};
        log.push_back("guessed " + std::string(base64));
        return ehlo::replies::bad_credentials;
    }
};

// It is as lenient as can be. No rule makes anything but CRLF "." CRLF end a message, so a smuggled one is seen as
// the content that it is.
constexpr ehlo::policy open_door{
    .offers = ehlo::policy{}.offers | ehlo::extension::auth | ehlo::extension::chunking | ehlo::extension::expn,
    .max_errors = 1000,
    .bare = ehlo::bare_octets::pass,
    .clear_text_passwords = true,
    .grammar = {.tolerate = ehlo::leniency::all()},
};
static_assert(!check(open_door));

int main() {
    honeypot h;
    ehlo::server_with<> smtp(open_door, "mx.example.org");
    std::string in, out;
    auto received = [&](std::string_view octets) {
        in += octets;
        for (bool more = true; more;) {
            char room[1024];
            auto const s = smtp.advance(in, h, room);
            in.erase(0, s.consumed);
            out.append(room, s.produced);
            more = s.want == ehlo::want::write;
        }
    };
    received("EHLO me\r\n");   // before the greeting
    received("AUTH PLAIN AGFubgBzZWNyZXQ=\r\n");
    received("mail from: <ann@me.example>\r\n");
    received("rcpt to:<root>\n");
    received("EXPN all\r\nGET / HTTP/1.1\r\n");
    for (std::string const& line : h.log) std::printf("%s\n", line.c_str());
    return h.log == std::vector<std::string>{"220  < did not wait", "250 EHLO me", "guessed AGFubgBzZWNyZXQ=", "535 AUTH PLAIN AGFubgBzZWNyZXQ=",
                                              "250 mail from: <ann@me.example> ~ tolerated", "250 rcpt to:<root> ~ tolerated",
                                              "252 EXPN all < did not wait", "421 GET / HTTP/1.1 ! this is HTTP, not SMTP at 0"} ? 0 : 1;
}
