// LMTP (RFC 2033): the server machine as in session.cpp, with a reply for each recipient; and the server and the client
// machine with one another. An input is octets for the server, and also a line of letters, what the client does, with what
// steers the answers and the content behind its LF: "<h<mrrd<c.<q<" LF octets. See `act` for the letters.
#include "server_oracle.hpp"

#include <ehlo/client.hpp>

using namespace ehlo;
using fuzz::check;

namespace {

class pair {
    fuzz::server_settings settings_ = fuzz::settings_of("oL");
    server_with<> server_{settings_.rules, "mx.example"};
    client client_;
    fuzz::handler handler_;
    std::string_view octets_;
    fuzz::arrival how_;
    fuzz::sizes draw_, sizes_;
    std::string to_server_, to_client_;
    std::size_t heard_ = 0;        // replies that the client has taken
    std::uint32_t accepted_ = 0;   // recipients
    std::uint32_t due_ = 0;        // replies to the content that are still to come

  public:
    pair(std::string_view program, std::string_view octets, fuzz::arrival how)
        : octets_(octets), how_(how), draw_(octets), sizes_(octets) {
        handler_.lmtp = true;
        for (char const c : octets) handler_.stir = handler_.stir * 31 + static_cast<unsigned char>(c);
        for (char const letter : program) act(letter);
        exchange();
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
        case 'h': write([&](writer& w) { return client_.lhlo(w, "me.example"); }); break;
        case 'm': write([&](writer& w) { return client_.mail(w, "<ann@example.org>"); }); break;
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
        case 'q': write([&](writer& w) { return client_.quit(w); }); break;
        case 'c': {
            std::string_view const piece = octets_.substr(0, 60);
            write([&](writer& w) { return client_.content(piece, w); });
            break;
        }
        case '.': {
            bool const could = client_.where() == state::content && !client_.awaits() && !client_.over();
            bool ended = false;
            write([&](writer& w) {
                auto const r = client_.end_content(w);
                ended = r.done();
                // A content that has ended with a CR cannot be ended.
                check(ended == could || (could && r.error().code == errc::bare_cr), "content ends behind DATA only");
                return r;
            });
            if (!ended) break;
            check(client_.recipients() == accepted_ && client_.awaits() == event::content_end,
                  "the end of a content awaits its replies");
            due_ = accepted_;
            break;
        }
        default: break;
        }
    }

    std::size_t piece(std::size_t size) {
        return how_ == fuzz::arrival::whole ? size : how_ == fuzz::arrival::octets ? 1 : sizes_.next(1, size);
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
                if (s.want == want::read || s.want == want::close) break;
                if (s.want == want::write) continue;
                reply const r = handler_.choose(replies::ok);
                s = server_.answer(r, handler_, std::span(out.data(), out.size()));
                to_client_ += out.view().substr(0, s.produced);
                used += s.consumed;
            }
            to_server_.erase(0, used);
            arrived -= used;
            if (server_.where() == state::closed) to_server_.clear();
            if (arrived >= to_server_.size()) break;
            arrived += piece(to_server_.size() - arrived);
        }
        receive();
        check(to_client_.empty(), "the client has understood all", to_client_);
        check(!client_.awaits() || client_.over(), "all that was asked was answered", handler_.log);
        check(client_.where() == server_.where(), "both know where they are", handler_.log);
        if (client_.over()) return;
        check(client_.recipients() == server_.recipients() && accepted_ == server_.recipients(),
              "both count the same recipients", handler_.log);
        check(due_ == 0, "each recipient has had its reply", handler_.log);
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
        check(r.to == said.of || r.reply.code() == 421, "and knows to what", name(r.to));
        if (r.to == event::rcpt && r.accepted) ++accepted_;
        if (r.to == event::mail && r.accepted) accepted_ = 0;
        if ((r.to == event::rset || r.to == event::hello) && r.accepted) accepted_ = 0;
        if (r.to != event::content_end) return;
        check(due_ != 0 && r.recipient == accepted_ - due_, "a reply to the content is about the next recipient");
        if (--due_ == 0) accepted_ = 0;
    }
};

void check_pair(std::string_view in) {
    std::size_t const end = in.substr(0, 100).find('\n');
    if (end == in.npos) return;
    pair const whole(in.substr(0, end), in.substr(end + 1), fuzz::arrival::whole);
    for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces})
        if (fuzz::worth(how, in))
            check(pair(in.substr(0, end), in.substr(end + 1), how).log() == whole.log(),
                  "pieces do not change what happens", whole.log());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 2048) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::check_servers(fuzz::current, "L", {"", "yc", "opl"});
    check_pair(fuzz::current);
    return 0;
}
