// The client machine against a server that says anything. An input is a line of letters, what the client does, and behind
// its LF what the server says: "<h<mrrd<<<<.<q<" LF "220 mx.example" CRLF "250 ...". See `act` for the letters.
#include "fuzz.hpp"

#include <deque>

using namespace ehlo;
using fuzz::check;

namespace {

class run {
    client client_;
    std::string_view server_;  // what the server says
    fuzz::arrival how_;
    fuzz::sizes draw_;
    std::size_t consumed_ = 0, arrived_ = 0;
    std::deque<event> expected_{event::greeting};
    std::uint32_t recipients_ = 0;

  public:
    std::string log;

    run(std::string_view program, std::string_view server, fuzz::arrival how)
        : server_(server), how_(how), draw_(server) {
        for (char letter : program) act(letter);
        client_.disconnected();
        check(client_.over() && !client_.awaits(), "a lost connection is the end");
    }

  private:
    void act(char letter) {
        switch (letter) {
        case '<': receive(); break;
        case 'h': write(event::hello, [&](writer& w) { return client_.hello(w, "me.example"); }); break;
        case 'H':
            write(event::helo, [&](writer& w) { return client_.helo(w, "[192.0.2.1]"); });
            break;
        case 'm': write(event::mail, [&](writer& w) { return client_.mail(w, "<ann@example.org>"); }); break;
        case 'M': {
            mail_options options;
            options.size = 1000;
            options.body = body::eight_bit_mime;
            write(event::mail, [&](writer& w) { return client_.mail(w, "<>", options); });
            break;
        }
        case 'u': {
            mail_options options;
            options.smtputf8 = true;
            write(event::mail,
                  [&](writer& w) { return client_.mail(w, "<j\xC3\xB6rg@example.org>", options); });
            break;
        }
        case 'r': write(event::rcpt, [&](writer& w) { return client_.rcpt(w, "<bob@example.net>"); }); break;
        case 'R':
            for (int i = 0; i < 300; ++i) act('r');
            break;
        case 'x': write(event::rcpt, [&](writer& w) { return client_.rcpt(w, "<a@b>\r\nRSET"); }); break;
        case 'd': write(event::data, [&](writer& w) { return client_.data(w); }); break;
        case 's': write(event::rset, [&](writer& w) { return client_.rset(w); }); break;
        case 'n': write(event::noop, [&](writer& w) { return client_.noop(w); }); break;
        case 'v':
            write(event::vrfy, [&](writer& w) { return client_.vrfy(w, "bob"); });
            break;
        case 'e':
            write(event::expn, [&](writer& w) { return client_.expn(w, "list"); });
            break;
        case '?': write(event::help, [&](writer& w) { return client_.help(w); }); break;
        case 't': write(event::turn, [&](writer& w) { return client_.turn(w); }); break;
        case 'q': write(event::quit, [&](writer& w) { return client_.quit(w); }); break;
        case 'c': content(); break;
        case '.': end(); break;
        default: break;
        }
        check_books();
    }

    // The machine's account of what is under way is ours.
    void check_books() {
        if (client_.over()) return;
        check(client_.awaits().has_value() == !expected_.empty(), "what is under way is known");
        if (!expected_.empty())
            check(*client_.awaits() == expected_.front(), "replies are due in the order of the commands");
        check(client_.recipients() == recipients_, "recipients are counted");
    }

    template <class Write>
    void write(event e, Write&& call) {
        state const before = client_.where();
        bool const over = client_.over();
        fuzz::block buffer(400);
        writer out(buffer.data(), buffer.size());
        auto const written = call(out);
        ((log += name(e)) += written ? " written\n" : " refused ") +=
            written ? "" : std::string(name(written.error().code)) + '\n';
        check(client_.where() == before, "only replies move the state");
        if (!written) {
            check(out.size() == 0 && out.ok(), "what is refused writes nothing");
            if (over) check(written.error().code == errc::session_over, "what is over is over");
            return;
        }
        check(!over, "behind the end nothing is written");
        check(*written == out.size() && out.text().ends_with("\r\n"), "a command is a line", out.text());
        auto const split = split_command(out.text().substr(0, out.size() - 2));
        check(split && event_of(split->verb) == e, "a command is what it is", out.text());
        auto const fault = visit_command(*split, strict_syntax, [](auto const&) {});
        check(!fault, "a command can be read", out.text());
        expected_.push_back(e);
    }

    void content() {
        std::string_view const octets = "Subject: x\r\n\r\n.dot\r\nlast";
        fuzz::block buffer(100);
        writer out(buffer.data(), buffer.size());
        auto const taken = client_.content(octets, out);
        log += taken.failed() ? "content refused\n" : "content written\n";
        if (taken.failed())
            check(out.size() == 0, "what is refused writes nothing");
        else
            check(client_.where() == state::content && taken.done(), "content goes behind DATA only");
    }

    void end() {
        fuzz::block buffer(8);
        writer out(buffer.data(), buffer.size());
        auto const finished = client_.end_content(out);
        log += finished.failed() ? "end refused\n" : "end written\n";
        if (finished.failed()) {
            check(out.size() == 0, "what is refused writes nothing");
            return;
        }
        check(finished.done() && out.text().ends_with(".\r\n") && client_.where() == state::content,
              "content ends behind DATA only");
        expected_.push_back(event::content_end);
    }

    void receive() {
        bool const over = client_.over();
        for (;;) {
            fuzz::block const pending(server_.substr(consumed_, arrived_ - consumed_));
            auto const r = client_.receive(pending.view());
            consumed_ += r.consumed;
            if (r.ready()) {
                check(!over, "behind the end nothing is received");
                note(*r);
                return;
            }
            check(r.consumed == 0, "what is no reply is not consumed");
            if (r.failed()) {
                (log += name(r.error().code)) += '\n';
                check(client_.over(), "a failure is the end");
                if (over) check(r.error().code == errc::session_over, "what is over is over");
                return;
            }
            if (arrived_ == server_.size()) {
                log += "nothing came\n";
                return;
            }
            std::size_t const rest = server_.size() - arrived_;
            arrived_ += how_ == fuzz::arrival::whole    ? rest
                        : how_ == fuzz::arrival::octets ? 1
                                                        : draw_.next(1, rest < 30 ? rest : 30);
        }
    }

    void note(client_reply const& r) {
        (((log += name(r.to)) += ' ') += std::to_string(r.reply.code())) += r.accepted ? " yes\n" : " no\n";
        check(r.accepted == r.reply.accepted(), "accepted is what the code says");
        if (r.to == event::shutdown) {
            check(r.reply.code() == 421 && expected_.empty() && client_.over(), "421 may come at any time");
            return;
        }
        check(!expected_.empty() && r.to == expected_.front(), "a reply is to the oldest command under way");
        bool const yes = r.accepted;
        if (yes && (r.to == event::mail || r.to == event::hello || r.to == event::rset)) recipients_ = 0;
        if (yes && r.to == event::rcpt && in_transaction(client_.where())) ++recipients_;
        if (r.to == event::content_end) recipients_ = 0;
        if (yes)
            check(r.reply.code() / 100 == (r.to == event::data ? 3u : 2u),
                  "an accepting reply is of the command's class");
        if (r.reply.code() == 421) check(client_.over(), "421 is the end");
        expected_.pop_front();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 8192) return 0;
    fuzz::current = fuzz::as_text(data, size);
    std::size_t const end = fuzz::current.substr(0, 100).find('\n');
    if (end == fuzz::current.npos) return 0;
    std::string_view const program = fuzz::current.substr(0, end), server = fuzz::current.substr(end + 1);
    run const whole(program, server, fuzz::arrival::whole);
    for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces})
        if (fuzz::worth(how, server))
            check(run(program, server, how).log == whole.log, "pieces do not change what is understood");
    return 0;
}
