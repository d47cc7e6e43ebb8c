// The server and the client machine with one another, in SMTP and in LMTP. An input is a line of letters, what the client does, and
// after its LF what steers the answers and is content: "<h<mrrd<c.<q<" LF octets. See `act` for the letters. A line "%" letters LF
// in front of it chooses what the server is (settings_of).
#include "server.hpp"

#include <ehlo/client.hpp>

using namespace ehlo;
using fuzz::check;

namespace {

client_settings client_of(fuzz::server_settings const& s) {
    client_settings c;
    c.lmtp = s.rules.service == service::lmtp;
    c.clear_text_passwords = true;
    c.tls = s.rules.require_tls ? tls_use::required : tls_use::optional;
    return c;
}
bool ends(event e) { return e == event::content_end || e == event::last_chunk_end || e == event::last_burl; }

class pair {
    fuzz::server_settings settings_;
    server_with<> server_;
    client client_;
    fuzz::handler handler_;
    std::string_view octets_;
    fuzz::arrival how_;
    fuzz::sizes draw_, sizes_;
    std::string to_server_, to_client_;
    std::size_t heard_ = 0;        // replies that the client has taken
    std::size_t delivered_ = 0;    // as the client was told
    std::uint32_t accepted_ = 0;   // recipients
    bool shut_down_ = false;
    std::uint32_t replied_ = 0;    // to the end of a message in LMTP, so far

  public:
    pair(std::string_view letters, std::string_view program, std::string_view octets, fuzz::arrival how)
        : settings_(fuzz::settings_of(letters)), server_(settings_.rules, "mx.example"), client_(client_of(settings_)),
          octets_(octets), how_(how), draw_(octets), sizes_(octets) {
        handler_.lmtp = settings_.rules.service == service::lmtp;
        handler_.agrees = settings_.agrees;
        handler_.greets = settings_.greets;
        handler_.edits = settings_.edits;
        for (char const c : octets) handler_.stir = handler_.stir * 31 + static_cast<unsigned char>(c);
        for (char const letter : program) {
            act(letter);
            if (shut_down_) break;
        }
        if (!shut_down_) exchange();
        bool const open = in_transaction(server_.where());
        server_.disconnected(handler_);
        check(!open || !handler_.open, "a lost connection drops the transaction");
        check(delivered_ == handler_.delivered.size(), "both agree on what was delivered", handler_.log);
    }
    std::string const& log() const { return handler_.log; }

  private:
    template <class Write>
    void write(Write&& call) {
        fuzz::block buffer(400);
        writer out(buffer.data(), buffer.size());
        auto const n = call(out);
        bool refused = false;
        if constexpr (requires { n.failed(); }) refused = n.failed();
        else refused = !n;
        if (refused) check(out.size() == 0, "what is refused writes nothing");
        to_server_ += out.text();
    }
    void act(char letter) {
        switch (letter) {
        case '<': exchange(); break;
        case 'h': write([&](writer& w) { return client_.hello(w, "me.example"); }); break;
        case 'H': write([&](writer& w) { return client_.helo(w, "me.example"); }); break;
        case 'm': write([&](writer& w) { return client_.mail(w, "<ann@example.org>"); }); break;
        case 'M': {
            mail_options options;
            options.size = octets_.size();
            options.body = body::binary_mime;
            write([&](writer& w) { return client_.mail(w, "<>", options); });
            break;
        }
        case 'R':
            for (int i = 0; i < 40; ++i) act('r');
            break;
        case 'r':
            write([&](writer& w) {
                std::string const to = "<bob" + std::to_string(draw_.next(0, 99)) + "@example.net>";
                return client_.rcpt(w, to);
            });
            break;
        case 'd': write([&](writer& w) { return client_.data(w); }); break;
        case 's': write([&](writer& w) { return client_.rset(w); }); break;
        case 'n': write([&](writer& w) { return client_.noop(w); }); break;
        case 'v': write([&](writer& w) { return client_.vrfy(w, "bob"); }); break;
        case 'q': write([&](writer& w) { return client_.quit(w); }); break;
        case 'T': write([&](writer& w) { return client_.starttls(w); }); break;
        case 'S': secured(); break;
        case 'a': write([&](writer& w) { return client_.auth(w, sasl::plain{"", "ann", "secret"}); }); break;
        case 'A': write([&](writer& w) { return client_.auth(w, mechanism::login); }); break;
        case 'C': write([&](writer& w) { return client_.auth(w, mechanism::cram_md5); }); break;
        case 'p': write([&](writer& w) { return client_.auth_response(w, octets_.substr(0, 20)); }); break;
        case 'k': write([&](writer& w) { return client_.auth_cancel(w); }); break;
        case 'b': write([&](writer& w) { return client_.bdat(w, draw_.next(0, 9), false); }); break;
        case 'B': write([&](writer& w) { return client_.bdat(w, draw_.next(0, 9), true); }); break;
        case 'g': write([&](writer& w) { return client_.burl(w, "imap://a.example/b", false); }); break;
        case 'G': write([&](writer& w) { return client_.burl(w, "imap://a.example/b", true); }); break;
        case 'f': write([&](writer& w) { return client_.xforward(w, "NAME=a"); }); break;
        case 'X': write([&](writer& w) { return client_.xclient(w, "NAME=a"); }); break;
        case 'E': write([&](writer& w) { return client_.etrn(w, etrn_option::node, "a.example"); }); break;
        case 'D': write([&](writer& w) { return client_.atrn(w); }); break;
        case 't': write([&](writer& w) { return client_.turn(w); }); break;
        case 'c': content(); break;
        case '.': end(); break;
        case '!': shut_down(); break;
        default: break;
        }
    }
    void content() {
        std::uint64_t const left = client_.chunk_left();
        std::string_view const piece = octets_.substr(0, left == 0 || left > 60 ? 60 : static_cast<std::size_t>(left));
        write([&](writer& w) { return client_.content(piece, w); });
    }
    void end() {
        bool const could = client_.where() == state::content && !client_.awaits() && !client_.over();
        write([&](writer& w) {
            auto const r = client_.end_content(w);
            // A content that has ended with a CR cannot be ended.
            check(r.done() == could || (could && r.error().code == errc::bare_cr), "content ends after DATA only");
            return r;
        });
    }
    void secured() {
        exchange();
        bool const wanted = server_.where() == state::handshake;
        server_.secured();
        bool const begun = client_.secured();
        check(begun == wanted && (client_.chunk_left() != 0 || client_.where() == server_.where()), "TLS begins on both sides");
    }
    void shut_down() {
        exchange();
        fuzz::block out(2048);
        step const s = server_.shut_down(handler_, std::span(out.data(), out.size()));
        to_client_ += out.view().substr(0, s.produced);
        receive();
        check(to_client_.empty() && (client_.over() || s.produced == 0), "the client understands that all is over", to_client_);
        shut_down_ = true;
    }

    std::size_t piece(std::size_t size) {
        return how_ == fuzz::arrival::whole ? size : how_ == fuzz::arrival::octets ? 1 : sizes_.next(1, size);
    }
    step answer(std::span<char> out) {
        if (!handler_.auth_waits) return server_.answer(handler_.choose(replies::ok), handler_, out);
        auth_answer a = handler_.choose_auth();
        if (a.said.is_later()) a = replies::bad_credentials;
        return server_.answer(a, handler_, out);
    }

    // Until both have nothing more to say.
    void exchange() {
        for (std::size_t arrived = 0;;) {
            fuzz::block const in(std::string_view(to_server_).substr(0, arrived));
            std::size_t used = 0;
            for (;;) {
                fuzz::block out(1024 + sizes_.next(0, 2000));
                step s = server_.advance(in.view().substr(used), handler_, std::span(out.data(), out.size()));
                to_client_ += out.view().substr(0, s.produced);
                used += s.consumed;
                if (s.want == want::write) continue;
                if (s.want != want::reply) break;
                s = answer(std::span(out.data(), out.size()));
                to_client_ += out.view().substr(0, s.produced);
                used += s.consumed;
            }
            to_server_.erase(0, used);
            arrived -= used;
            if (server_.where() == state::closed || server_.where() == state::turned) to_server_.clear();
            if (arrived >= to_server_.size()) break;
            arrived += piece(to_server_.size() - arrived);
        }
        receive();
        check(to_client_.empty(), "the client has understood all", to_client_);
        if (client_.chunk_left() != 0) return;
        check(!client_.awaits() || client_.over(), "all that was asked was answered", handler_.log);
        check(client_.where() == server_.where(), "both know where they are", handler_.log);
        check(delivered_ == handler_.delivered.size(), "both agree on what was delivered", handler_.log);
        if (client_.over()) return;
        check(client_.recipients() == server_.recipients(), "both count the same recipients", handler_.log);
        for (fact const f : {fact::extended, fact::tls, fact::authenticated, fact::binary})
            check(client_.knows(f) == server_.knows(f), "both know the same", name(f));
    }

    void receive() {
        std::size_t arrived = 0;
        while (!to_client_.empty()) {
            if (arrived < to_client_.size()) arrived += piece(to_client_.size() - arrived);
            for (;;) {
                fuzz::block const in(std::string_view(to_client_).substr(0, arrived));
                auto const r = client_.receive(in.view());
                check(!r.failed(), "the client understands the server", r.failed() ? name(r.error().code) : "");
                if (!r.ready()) break;
                note(*r);
                to_client_.erase(0, r.consumed);
                arrived -= r.consumed;
                if (arrived == 0) break;
            }
            if (arrived == to_client_.size()) return;
        }
    }

    void note(client_reply const& r) {
        check(heard_ < handler_.answers.size(), "no more is heard than was said");
        fuzz::told const& said = handler_.answers[heard_++];
        check(r.reply.code() == said.code, "the client hears what the server says");
        // What is out of order is refused by its verb alone: a chunk is told as a BDAT, a BURL LAST as a BURL.
        bool const chunk = said.of == event::bdat && (r.to == event::chunk_end || r.to == event::last_chunk_end);
        bool const by_verb = !r.accepted && (chunk || (said.of == event::burl && r.to == event::last_burl));
        check(r.to == said.of || by_verb || r.reply.code() == 421, "and knows to what", name(r.to));
        if (verdict_of(r) == verdict::delivered) ++delivered_;
        if (r.to == event::rcpt && r.accepted) ++accepted_;
        if ((r.to == event::mail || r.to == event::rset || r.to == event::hello) && r.accepted) accepted_ = 0;
        if (!handler_.lmtp || !ends(r.to)) return;
        check(r.recipient == replied_, "a reply to a message is about the next recipient");
        if (++replied_ >= accepted_) accepted_ = replied_ = 0;
    }
};

void check_pair(std::string_view letters, std::string_view in) {
    std::size_t const end = in.substr(0, 100).find('\n');
    if (end == in.npos) return;
    pair const whole(letters, in.substr(0, end), in.substr(end + 1), fuzz::arrival::whole);
    for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces})
        check(pair(letters, in.substr(0, end), in.substr(end + 1), how).log() == whole.log(), "pieces do not change what happens",
              whole.log());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 2048) return 0;
    fuzz::current = fuzz::as_text(data, size);
    std::size_t const end = fuzz::current.substr(0, 20).find('\n');
    if (fuzz::current.starts_with('%') && end != std::string_view::npos) {
        check_pair(fuzz::current.substr(1, end - 1), fuzz::current.substr(end + 1));
    } else {
        check_pair("y", fuzz::current);
        check_pair("Lc", fuzz::current);
    }
    return 0;
}
