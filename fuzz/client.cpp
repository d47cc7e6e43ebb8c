// The client machine against a server that says anything. An input is a line of letters, what the client does, and after
// its LF what the server says: "<h<mrrd<<<<.<q<" LF "220 mx.example" CRLF "250 ...". See `act` for the letters, and settings_of
// for those that may stand in front of them. What was offered and what is due is found out here once more, from the text alone.
#include "fuzz.hpp"

#include <algorithm>
#include <deque>

using namespace ehlo;
using fuzz::check;

namespace {

client_settings settings_of(std::string_view program) {
    client_settings s;
    for (char const letter : program.substr(0, program.find_first_not_of("!~*&"))) {
        if (letter == '!') s.tls = tls_use::required;
        if (letter == '~') s.tls = tls_use::if_offered;
        if (letter == '*') s.clear_text_passwords = true;
        if (letter == '&') s.lmtp = true;
    }
    return s;
}

// The lines of an answer to EHLO but the first, in capitals, each between two LF.
std::string offers_of(std::string_view answer) {
    std::string all = "\n";
    while (!answer.empty()) {
        std::size_t const end = answer.find('\n');
        std::string_view line = answer.substr(0, end);
        answer.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        for (char const c : line.substr(line.size() < 4 ? line.size() : 4)) all += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        all += '\n';
    }
    return all.substr(all.find('\n', 1));
}
// Which of what is offered a command needs (RFC 3207, 4954, 3030, 4468; XCLIENT_README ...).
std::string_view needed_by(event e) {
    switch (e) {
    case event::starttls: return "STARTTLS";
    case event::auth: return "AUTH";
    case event::bdat: return "CHUNKING";
    case event::burl: case event::last_burl: return "BURL";
    case event::xclient: return "XCLIENT";
    case event::xforward: return "XFORWARD";
    case event::etrn: return "ETRN";
    case event::atrn: return "ATRN";
    case event::turn: return "TURN";
    default: return {};
    }
}
// RFC 2920 3.1, RFC 3030 4.2: commands that need not be the last of a group.
bool may_be_followed(event e) {
    switch (e) {
    case event::mail: case event::rcpt: case event::rset: case event::content_end: case event::chunk_end: case event::last_chunk_end:
    case event::burl: case event::last_burl: return true;
    default: return false;
    }
}
bool ends(event e) { return e == event::content_end || e == event::last_chunk_end || e == event::last_burl; }

class run {
    client client_;
    std::string_view server_;  // what the server says
    fuzz::arrival how_;
    fuzz::sizes draw_;
    std::size_t consumed_ = 0, arrived_ = 0;
    std::deque<event> expected_{event::greeting};
    client_settings settings_;
    std::uint32_t recipients_ = 0;     // that were accepted in the open transaction
    std::uint32_t owed_ = 0;           // replies to the end of a message in LMTP: recipients of an open or a spoilt transaction
    std::uint32_t heard_ = 0;          // of them those that have come
    bool lmtp_ = false;                // LHLO was accepted
    bool greets_lmtp_ = false;         // and was sent
    std::string offers_;
    std::string mechanism_;            // of the exchange
    bool tls_ = false, tls_refused_ = false;
    std::deque<bool> asks_;        // of each MAIL under way, whether it asks for PRDR
    bool prdr_ = false;            // the open transaction does
    bool each_ = false;            // 353 has come
    bool stale_ = false;           // octets lay there when nothing was under way
    bool handshake_ = false;       // 220 to STARTTLS has come
    std::uint64_t chunk_left_ = 0;
    bool chunk_last_ = false;

  public:
    std::string log;

    run(std::string_view program, std::string_view server, fuzz::arrival how)
        : client_(settings_of(program)), server_(server), how_(how), draw_(server), settings_(settings_of(program)) {
        for (char letter : program) act(letter);
        bool const sent_all = std::any_of(expected_.begin(), expected_.end(), ends);
        bool const was_over = client_.over();
        verdict const lost = client_.disconnected();
        if (!was_over) check(lost == (sent_all ? verdict::unknown : verdict::later), "a message whose end was sent may have been delivered");
        check(client_.over() && !client_.awaits(), "a lost connection is the end");
    }

  private:
    void act(char letter) {
        switch (letter) {
        case '<': receive(); break;
        case '+': receive(2); break;
        case '-': lose(); break;
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
        case 'P': {
            mail_options options;
            options.prdr = true;
            write(event::mail, [&](writer& w) { return client_.mail(w, "<ann@example.org>", options); });
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
        case 'T': write(event::starttls, [&](writer& w) { return client_.starttls(w); }); break;
        case 'S': secured(); break;
        case 'l': {
            client_.tls_lost();
            log += "TLS lost\n";
            if (client_.where() == state::closed) expected_.clear();
            break;
        }
        case 'a': write(event::auth, [&](writer& w) { return client_.auth(w, sasl::plain{"", "ann", "secret"}); }); break;
        case 'A': write(event::auth, [&](writer& w) { return client_.auth(w, mechanism::login); }); break;
        case 'C': write(event::auth, [&](writer& w) { return client_.auth(w, "SCRAM-SHA-256"); }); break;
        case 'p': write(event::response, [&](writer& w) { return client_.auth_response(w, std::string_view("octets\xFF")); }); break;
        case 'k': write(event::response, [&](writer& w) { return client_.auth_cancel(w); }); break;
        case 'b': bdat(7, false); break;
        case 'B': bdat(30, true); break;
        case '0': bdat(0, true); break;
        case 'g': write(event::burl, [&](writer& w) { return client_.burl(w, "imap://a.example/b", false); }); break;
        case 'f': write(event::xforward, [&](writer& w) { return client_.xforward(w, "NAME=a"); }); break;
        case 'X': write(event::xclient, [&](writer& w) { return client_.xclient(w, "NAME=a"); }); break;
        case 'E': write(event::etrn, [&](writer& w) { return client_.etrn(w, etrn_option::node, "a.example"); }); break;
        case 'D': write(event::atrn, [&](writer& w) { return client_.atrn(w); }); break;
        case 'c': content(); break;
        case '.': end(); break;
        default: break;
        }
        check_books();
    }

    // The machine's account of what is under way is ours.
    void check_books() {
        if (client_.over()) {
            check(!client_.awaits(), "nothing is awaited of a session that is over");
            return;
        }
        check(client_.chunk_left() == chunk_left_, "the octets of a chunk are counted");
        check((client_.where() == state::handshake) == handshake_, "a handshake follows 220 to STARTTLS");
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
        check(!over, "after the end nothing is written");
        check(*written == out.size() && out.text().ends_with("\r\n"), "a command is a line", out.text());
        check_sent(e, out.text());
        check(chunk_left_ == 0, "within a chunk there are no commands");
        check(!handshake_, "within a handshake there are no commands");
        if (e == event::response) {
            check(client_.where() == state::exchange && out.text().find('\n') == out.size() - 1, "a response is a line of an exchange");
        } else {
            auto const split = split_command(out.text().substr(0, out.size() - 2));
            check(split && event_of(split->verb) == e, "a command is what it is", out.text());
            auto const fault = visit_command(*split, strict_syntax, [](auto const&) {});
            check(!fault, "a command can be read", out.text());
        }
        // A chunk has one reply, to its octets.
        if (e == event::bdat) return;
        expected_.push_back(e);
        skip_unanswered();
    }

    bool offers(std::string_view keyword) const {
        for (char const after : {'\n', ' '})
            if (offers_.find('\n' + std::string(keyword) + after) != offers_.npos) return true;
        return false;
    }
    // What a server that is not trusted may make the client say.
    void check_sent(event e, std::string_view line) {
        bool const wants_tls = settings_.tls == tls_use::required || (settings_.tls == tls_use::if_offered && offers("STARTTLS") && !tls_refused_);
        bool const harmless = e == event::hello || e == event::starttls || e == event::noop || e == event::quit;   // RFC 3207 4
        check(!wants_tls || tls_ || harmless, "nothing but STARTTLS before TLS, where it must be", line);
        check(needed_by(e).empty() || offers(needed_by(e)), "what is not offered is not asked for", line);
        check(line.find(" SIZE=") == line.npos || offers("SIZE"), "nor is a parameter", line);
        check(line.find(" SMTPUTF8") == line.npos || offers("SMTPUTF8"), "nor is a parameter", line);
        bool const prdr = e == event::mail && line.find(" PRDR") != line.npos;
        check(!prdr || (offers("PRDR") && !lmtp_), "nor is a parameter", line);
        if (e == event::mail) {
            asks_.push_back(prdr);
            for (event const before : expected_)
                check(before != event::last_chunk_end && before != event::last_burl, "a transaction waits for the end of the last chunk (RFC 4468 3.2)");
        }
        check(e != event::starttls || !tls_, "STARTTLS is not sent twice");
        check(expected_.empty() || (offers("PIPELINING") && may_be_followed(expected_.back())), "commands go together only where they may", line);
        if (e == event::auth) mechanism_ = line.substr(5, line.find_first_of(" \r", 5) - 5);
        if (e == event::auth || e == event::response)
            check(tls_ || settings_.clear_text_passwords || (mechanism_ != "PLAIN" && mechanism_ != "LOGIN"), "no password in the clear", line);
        if (e == event::hello) greets_lmtp_ = line.starts_with("LHLO");
        if (e == event::helo) greets_lmtp_ = false;
    }
    // RFC 2033 4.2, 4.3: a message for nobody has no reply.
    std::uint32_t due(event e) const { return !lmtp_ || !ends(e) ? 1 : owed_; }
    void skip_unanswered() {
        while (!expected_.empty() && due(expected_.front()) == 0) expected_.pop_front();
    }

    void secured() {
        bool const in_time = !client_.over() && (handshake_ || client_.where() == state::connected);
        bool const done = client_.secured();
        log += done ? "secured\n" : "not secured\n";
        check(done == in_time, "TLS comes after 220 to STARTTLS, or before all");
        if (!done) return;
        check(client_.knows(fact::tls) && client_.offers().offered == extensions(), "under TLS nothing is known of what was before");
        handshake_ = false;
        tls_ = true;
        offers_.clear();
    }

    void bdat(std::uint64_t size, bool last) {
        bool written = false;
        write(event::bdat, [&](writer& w) {
            auto const r = client_.bdat(w, size, last);
            written = static_cast<bool>(r);
            return r;
        });
        if (!written) return;
        chunk_left_ = size;
        chunk_last_ = last;
        end_chunk();
    }
    void end_chunk() {
        if (chunk_left_ == 0) expected_.push_back(chunk_last_ ? event::last_chunk_end : event::chunk_end);
        skip_unanswered();
    }

    void content() {
        std::string_view octets = "Subject: x\r\n\r\n.dot\r\nlast";
        std::uint64_t const left = chunk_left_;
        if (left != 0 && left < octets.size()) octets = octets.substr(0, static_cast<std::size_t>(left));
        fuzz::block buffer(100);
        writer out(buffer.data(), buffer.size());
        auto const taken = client_.content(octets, out);
        log += taken.failed() ? "content refused\n" : "content written\n";
        if (taken.failed()) {
            check(out.size() == 0, "what is refused writes nothing");
            check(left == 0 || client_.over(), "a chunk that has begun can be written");
            return;
        }
        check(taken.done(), "what has room is written");
        if (left == 0) return check(client_.where() == state::content, "content goes after DATA only");
        check(out.text() == octets, "a chunk is its octets");
        chunk_left_ -= octets.size();
        end_chunk();
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
              "content ends after DATA only");
        check(expected_.empty(), "content ends when all before it was answered");
        expected_.push_back(event::content_end);
        skip_unanswered();
    }

    std::size_t end_of_line(std::size_t from) const {
        std::size_t const end = server_.find('\n', from);
        return end == server_.npos ? server_.size() : end + 1;
    }

    // A server does not say more than a line at once, unless lines are to come together: what is there when a command is
    // written does not answer it.
    // The caller shows fewer octets than before: he is told, or none of them was looked at yet, and nothing changes.
    void lose() {
        std::string_view const all = server_.substr(consumed_, arrived_ - consumed_);
        if (client_.over() || all.empty()) return;
        client before = client_;
        for (std::size_t const less : {std::size_t{0}, all.size() / 2, all.size() - 1}) {
            client some = client_;
            fuzz::block const pending(all.substr(0, less));
            auto const r = some.receive(pending.view());
            if (r.failed() && r.error().code == errc::missing_octets)
                check(std::memcmp(static_cast<void*>(&some), static_cast<void*>(&before), sizeof some) == 0, "missing octets change nothing");
            else if (stale_ && less == 0)
                check(false, "octets that were left are missing");
        }
    }

    void receive(int together = 0) {
        bool const over = client_.over();
        for (; together > 0; --together) arrived_ = end_of_line(arrived_);
        for (;;) {
            fuzz::block const pending(server_.substr(consumed_, arrived_ - consumed_));
            if (expected_.empty() && pending.size() != 0) stale_ = true;
            auto const r = client_.receive(pending.view());
            consumed_ += r.consumed;
            if (r.ready()) {
                check(!over, "after the end nothing is received");
                note(*r);
                if (expected_.empty() && arrived_ != consumed_) stale_ = true;
                return;
            }
            check(r.consumed == 0, "what is no reply is not consumed");
            if (r.failed()) {
                (log += name(r.error().code)) += '\n';
                check(client_.over(), "a failure is the end");
                if (over) check(r.error().code == errc::session_over, "what is over is over");
                return;
            }
            check(!handshake_ || pending.size() == 0, "nothing is waited for in the clear before TLS");
            if (arrived_ == server_.size()) {
                log += "nothing came\n";
                return;
            }
            std::size_t const rest = end_of_line(arrived_) - arrived_;
            arrived_ += how_ == fuzz::arrival::whole    ? rest
                        : how_ == fuzz::arrival::octets ? 1
                                                        : draw_.next(1, rest < 30 ? rest : 30);
        }
    }

    void note(client_reply const& r) {
        (((log += name(r.to)) += ' ') += std::to_string(r.reply.code())) += r.accepted ? " yes\n" : " no\n";
        check(r.accepted == r.reply.accepted(), "accepted is what the code says");
        if (stale_ || expected_.empty()) {
            // Nobody asked, or not yet: it answers nothing, whatever was written since.
            check(!r.accepted && r.reply.code() >= 400 && client_.over() && !client_.awaits(), "a refusal that nobody asked for is the end");
            check(r.to == event::shutdown || ends(r.to) || r.to == event::chunk_end, "it is about no command", name(r.to));
            check(verdict_of(r) == (r.reply.code() < 500 ? verdict::later : verdict::refused), "it says whether to try again");
            expected_.clear();
            return;
        }
        check(r.to == expected_.front(), "a reply is to the oldest command under way");
        unsigned const code = r.reply.code(), digit = code / 100;
        bool const yes = r.accepted, exchange = r.to == event::auth || r.to == event::response;
        bool const begins = code == 353 && prdr_ && !each_ && recipients_ != 0 && (r.to == event::content_end || r.to == event::last_chunk_end);
        if (yes) check(r.to == event::data ? digit == 3 : digit == 2 || begins || (exchange && digit == 3), "an accepting reply is of the command's class");
        if (r.to == event::greeting || r.to == event::starttls) check(!yes || code == 220, "the greeting is 220, and so is the go-ahead to TLS");
        bool const more = begins || (each_ && heard_ < recipients_ && code != 421);
        check(r.more == more, "with PRDR the last reply is that to the message");
        check((verdict_of(r) == verdict::delivered) == (ends(r.to) && digit == 2 && !more), "nothing is delivered without its 2yz");
        if (more) {
            check(begins || r.recipient == heard_, "a reply to a message is about the next recipient");
            heard_ += begins ? 0 : 1;
            each_ = true;
            return;
        }
        each_ = false;
        if (lmtp_ && ends(r.to)) {
            check(r.recipient == heard_, "a reply to a message is about the next recipient");
            if (++heard_ < owed_ && code != 421) return;
        }
        heard_ = 0;
        expected_.pop_front();
        if (code == 421) {
            check(client_.over(), "421 is the end");
            expected_.clear();
            return;
        }
        settle(r.to, yes, r.reply);
        skip_unanswered();
    }
    void settle(event e, bool yes, reply_view const& said) {
        switch (e) {
        case event::hello:
        case event::helo:
            if (!yes) return;
            offers_ = e == event::hello ? offers_of(said.octets()) : "";
            lmtp_ = greets_lmtp_;
            tls_refused_ = false;
            recipients_ = owed_ = 0;
            prdr_ = false;
            break;
        case event::xclient:
            if (yes) offers_.clear();
            break;
        case event::starttls:
            check(!yes || arrived_ == consumed_, "nothing comes with the 220 before TLS");
            handshake_ = yes;
            tls_refused_ = !yes;
            break;
        default:
            // What the server accepted that was out of order by then is not looked at.
            if (e == event::rcpt && yes && in_transaction(client_.where())) recipients_ = ++owed_;
            if (ends(e) || (yes && (e == event::mail || e == event::rset))) recipients_ = owed_ = 0, prdr_ = false;
            if (e == event::mail) {
                prdr_ = asks_.front() && yes && client_.where() == state::mail;
                asks_.pop_front();
            }
            if (!in_transaction(client_.where())) recipients_ = 0, prdr_ = false;
            break;
        }
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
