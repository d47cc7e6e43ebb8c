#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

struct letter {
    std::string user, password, from, to, content;   // from and to with their <>
};

// Delivers a letter: TLS or nothing, then AUTH. Of Io it wants send(octets), receive(in): false if the connection is lost, and handshake().
template <class Io>
ehlo::verdict submit(Io& io, letter const& l) {
    ehlo::client smtp({.tls = ehlo::tls_use::required, .bare = ehlo::bare_octets::normalize});
    ehlo::verdict became = ehlo::verdict::unknown;
    std::string in;
    char buffer[4096];
    ehlo::writer out(buffer);
    auto send = [&] {
        io.send(out.text());
        out = ehlo::writer(buffer);
    };
    // Sends what was written, and hears all replies to it. The first that decides, decides.
    auto hear = [&] {
        send();
        while (smtp.awaits()) {
            auto const r = smtp.receive(in);
            if (r.ready() && became == ehlo::verdict::unknown) became = verdict_of(*r);   // before its octets go: it is a view of them
            in.erase(0, r.consumed);
            if (r.failed() || (r.need_more() && !io.receive(in))) return false;
        }
        return !smtp.over();
    };
    // Writes a command as early as may be: while others are under way with PIPELINING, after their replies without it.
    auto say = [&](auto write) { return write() || (hear() && write()); };

    bool ok = hear() && smtp.hello(out, "client.example") && hear();
    ok = ok && smtp.starttls(out) && hear() && smtp.where() == ehlo::state::handshake && io.handshake() && smtp.secured();
    ok = ok && smtp.hello(out, "client.example") && hear();   // what was offered in the clear is forgotten
    ok = ok && smtp.auth(out, ehlo::sasl::plain{.authcid = l.user, .password = l.password}) && hear() && smtp.knows(ehlo::fact::authenticated);
    ok = ok && say([&] { return smtp.mail(out, l.from); }) && say([&] { return smtp.rcpt(out, l.to); }) && say([&] { return smtp.data(out); });
    ok = ok && hear() && smtp.where() == ehlo::state::content;
    // No recipient was accepted: then nothing but the end may be sent.
    std::string_view rest = smtp.recipients() != 0 ? std::string_view(l.content) : std::string_view();
    for (bool done = false; ok && !done; send()) {
        auto const put = rest.empty() ? smtp.end_content(out) : smtp.content(rest, out);
        if (put.failed()) return ehlo::verdict::refused;   // it cannot be sent. Close, and the server drops what it has
        done = rest.empty() && put.done();                 // neither done nor failed: there was too little room
        rest.remove_prefix(put.consumed);
    }
    ok = ok && hear() && smtp.quit(out) && hear();
    return became != ehlo::verdict::unknown ? became : smtp.disconnected();   // lost after the end: unknown, and a second try may be a second copy
}

// The other end: a server that takes mail from ann, and a connection that brings so many octets at a time.
class submission {
    ehlo::server_with<> smtp_;
    std::string in_, out_, message_;
    std::size_t at_once_;

  public:
    static constexpr ehlo::policy rules{.service = ehlo::service::submission,
                                        .offers = ehlo::extension::starttls | ehlo::extension::auth | ehlo::extension::enhanced_status_codes,
                                        .require_tls = true,
                                        .require_authentication = true};
    std::vector<std::string> stored;
    bool breaks = false;   // the connection, before the reply to the message

    submission(ehlo::policy const& p, std::size_t at_once) : smtp_(p, "mx.example.org"), at_once_(at_once) { send({}); }

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::starttls const&) { return "220 2.0.0 Go ahead"; }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::plain; }
    ehlo::auth_answer on(ehlo::cmd::auth const& a) {
        char room[100];
        return a.decode(room).value_or("") == std::string_view("\0ann\0secret", 11) ? ehlo::replies::authenticated : ehlo::replies::bad_credentials;
    }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::bad_credentials; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) { return c.to.local_part() == "bob" ? ehlo::replies::recipient_ok : ehlo::replies::no_such_user; }
    void on(ehlo::content const& c) { message_ += c.octets; }
    ehlo::reply on(ehlo::end_of_content const&) {
        stored.push_back(message_);
        return ehlo::replies::message_accepted;
    }

    void send(std::string_view octets) {
        in_ += octets;
        for (bool more = true; more;) {
            char room[1024];
            auto const s = smtp_.advance(in_, *this, room);
            in_.erase(0, s.consumed);
            out_.append(room, s.produced);
            more = s.want == ehlo::want::write;
        }
    }
    bool receive(std::string& in) {
        if (out_.empty() || (breaks && !stored.empty())) return false;
        in += out_.substr(0, at_once_);
        out_.erase(0, at_once_);
        return true;
    }
    bool handshake() {
        smtp_.secured();
        send({});
        return true;
    }
};

int main() {
    letter const good{"ann", "secret", "<ann@example.org>", "<bob@example.org>", "Subject: hello\r\n\r\n.a dot\nand " + std::string(9000, 'x')};
    std::string const arrives = "Subject: hello\r\n\r\n.a dot\r\nand " + std::string(9000, 'x') + "\r\n";
    ehlo::policy pipelining = submission::rules;
    pipelining.offers = pipelining.offers | ehlo::extension::pipelining;
    for (ehlo::policy const& p : {submission::rules, pipelining}) {
        for (std::size_t const at_once : {1u, 5u, 1000u}) {
            submission io(p, at_once);
            if (submit(io, good) != ehlo::verdict::delivered || io.stored != std::vector{arrives}) return 1;
            submission breaking(p, at_once);
            breaking.breaks = true;
            if (submit(breaking, good) != ehlo::verdict::unknown) return 2;
            letter wrong = good;
            wrong.to = "<nobody@example.org>";
            submission refusing(p, at_once);
            if (submit(refusing, wrong) != ehlo::verdict::refused || !refusing.stored.empty()) return 3;
            wrong = good;
            wrong.password = "guess";
            submission guarded(p, at_once);
            if (submit(guarded, wrong) != ehlo::verdict::refused || !guarded.stored.empty()) return 4;
        }
    }
    ehlo::policy const without_tls;
    submission plain(without_tls, 1000);
    bool const waits = submit(plain, good) == ehlo::verdict::later && plain.stored.empty();
    std::printf("delivered, refused, unknown, later\n");
    return waits ? 0 : 5;
}
