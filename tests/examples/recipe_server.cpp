#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The handler. What a command points at lives until the call returns: what is needed later is copied.
class mailbox {
    std::string to_, content_;

    template <class Said>
    static ehlo::auth_answer log_in(Said const& said) {
        char room[256];
        auto const octets = said.decode(room);
        auto const plain = octets ? ehlo::parse_plain(*octets) : octets.error();
        bool const good = plain && plain->authcid == "ann" && ehlo::same_secret(plain->password, "secret");
        return good ? ehlo::replies::authenticated : ehlo::replies::bad_credentials;
    }

  public:
    std::vector<std::string> stored;

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::starttls const&) { return "220 2.0.0 Go ahead"; }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::plain; }
    ehlo::auth_answer on(ehlo::cmd::auth const& a) { return a.initial_response ? log_in(a) : ehlo::challenge{}; }
    ehlo::auth_answer on(ehlo::auth_response const& r) { return log_in(r); }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        to_ = c.to.local_part();
        return ehlo::reply::later;   // it takes a while to look it up: see looked_up
    }
    ehlo::reply looked_up() const { return to_ == "nobody" ? ehlo::replies::no_such_user : ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { content_ += c.octets; }
    void on(ehlo::abandoned const&) { content_.clear(); }   // RSET, EHLO, a lost connection, content that is refused in the end
    ehlo::reply on(ehlo::end_of_content const&) {
        stored.push_back(std::exchange(content_, {}));
        return ehlo::replies::message_accepted;   // only now, when it is stored: with this the message is the server's
    }
};

// One client. The event loop calls these; then it sends `out`, and does what is wanted.
class connection {
    ehlo::server_with<> smtp_;
    mailbox& mail_;
    std::string in_;   // what was not consumed: while a reply is wanted, a command waits in it

    void turn() {
        do {
            char room[4096];   // policy::reply_space octets or more; with less, want::room
            take(smtp_.advance(in_, mail_, room), room);
        } while (want == ehlo::want::write);
    }
    void take(ehlo::step const& s, char const* room) {
        in_.erase(0, s.consumed);
        out.append(room, s.produced);
        want = s.want;
    }

  public:
    std::string out;
    ehlo::want want;

    // Policy and name are borrowed. The first call writes the greeting.
    connection(ehlo::policy const& rules, mailbox& m) : smtp_(rules, "mx.example.org"), mail_(m) { turn(); }

    // want::read: octets have come. Only then: while another want is open, leave them in the socket.
    void received(std::string_view octets) {
        in_ += octets;
        turn();
    }
    // want::tls: `out` was sent, and the handshake is over. Nothing of before is left: octets in the clear after STARTTLS end the session.
    void secured() {
        smtp_.secured();
        turn();
    }
    // want::reply: the answer that was put off is there.
    void answered(ehlo::reply const& r) {
        char room[1024];
        take(smtp_.answer(r, mail_, room), room);
        turn();
    }
    // Nothing came for ehlo::server_timeout seconds: 421, and then want::close.
    void timed_out() {
        char room[1024];
        take(smtp_.shut_down(mail_, room, "421 4.4.2 Timeout, closing the channel"), room);
    }
    void lost() { smtp_.disconnected(mail_); }   // tells the handler `abandoned`, if a transaction was open
};

// The loop: a client that says this, so many octets at a time.
static std::string serve(mailbox& m, std::vector<std::string> const& said, std::size_t at_once) {
    static constexpr ehlo::policy rules{.service = ehlo::service::submission,
                                        .offers = ehlo::policy{}.offers | ehlo::extension::starttls | ehlo::extension::auth,
                                        .require_tls = true,
                                        .require_authentication = true};
    static_assert(!check(rules));
    connection c(rules, m);
    for (std::string const& turn : said) {
        for (std::size_t i = 0; i < turn.size(); i += at_once) {
            while (c.want == ehlo::want::reply) c.answered(m.looked_up());
            if (c.want != ehlo::want::read) return c.out + "!";
            c.received(std::string_view(turn).substr(i, at_once));
        }
        while (c.want == ehlo::want::reply) c.answered(m.looked_up());
        if (c.want == ehlo::want::tls) c.secured();
    }
    if (c.want != ehlo::want::close) c.timed_out();
    c.lost();
    return c.out;
}

int main() {
    std::vector<std::string> const said = {
        "EHLO me.example\r\n", "STARTTLS\r\n", "EHLO me.example\r\n", "AUTH PLAIN\r\n", "AGFubgBzZWNyZXQ=\r\n",
        "MAIL FROM:<ann@example.org>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n", "..hello\r\n.\r\n"};
    std::string first;
    for (std::size_t const at_once : {1u, 7u, 1000u}) {
        mailbox m;
        std::string const out = serve(m, said, at_once);
        if (first.empty()) std::fputs((first = out).c_str(), stdout);
        if (out != first || m.stored != std::vector<std::string>{".hello\r\n"}) return 1;
    }
    mailbox m;
    std::string const early = serve(m, {"EHLO me.example\r\n", "STARTTLS\r\nEHLO you.example\r\n"}, 1000);
    bool const cut = early.find("220 2.0.0 Go ahead\r\n") == early.npos && m.stored.empty();
    return first.find("550 ") != first.npos && first.ends_with("250 2.6.0 Message accepted\r\n421 4.4.2 Timeout, closing the channel\r\n") && cut ? 0 : 2;
}
