// What the clients of this folder say: one letter, delivered by coroutines of any kind.
//
//   dialogue<Task, Io>    Task<T> is the coroutine type: task<T> of awaitables.hpp, asio::awaitable<T> ...
//                         Io is the connection:
//       Task<bool> send(std::string_view octets)             all of them; false: it is lost
//       Task<bool> receive(std::string& in, seconds limit)   appends what comes next; false: it is lost, or nothing came in time
//       Task<bool> handshake()                               TLS
//       static constexpr bool has_tls
#pragma once

#include <ehlo/ehlo.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct letter {
    std::string host, port, from;
    std::vector<std::string> to;
    std::string content;

    // argv: HOST PORT FROM TO...; the content comes from standard input.
    static letter read(int argc, char** argv) {
        letter l;
        if (argc < 5) {
            std::fprintf(stderr, "usage: %s HOST PORT FROM TO... < MESSAGE\n", argv[0]);
            return l;
        }
        l.host = argv[1];
        l.port = argv[2];
        l.from = "<" + std::string(argv[3]) + ">";
        for (int i = 4; i < argc; ++i) l.to.push_back("<" + std::string(argv[i]) + ">");
        char block[16384];
        for (std::size_t n; (n = std::fread(block, 1, sizeof block, stdin)) != 0;) l.content.append(block, n);
        return l;
    }
};

inline bool has_8bit(std::string_view s) {
    return std::any_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) > 127; });
}

template <template <class> class Task, class Io>
class dialogue {
    Io& io_;
    letter const& letter_;
    ehlo::client smtp_{{.tls = Io::has_tls ? ehlo::tls_use::if_offered : ehlo::tls_use::optional, .bare = ehlo::bare_octets::normalize}};
    char buffer_[4096];
    ehlo::writer out_{buffer_};
    std::string in_;
    std::size_t used_ = 0;                                 // of in_: the latest reply, which is a view
    std::vector<std::optional<ehlo::verdict>> verdicts_;   // one for each recipient; nothing: undecided
    std::size_t answered_ = 0;                             // of them, by the reply to their RCPT
    ehlo::verdict otherwise_ = ehlo::verdict::later;       // if nothing decides

    void decide(ehlo::verdict v) {
        for (auto& each : verdicts_)
            if (!each) each = v;
    }
    void note(ehlo::client_reply const& r) {
        if (!r.accepted) {
            std::string_view const what = name(r.to), said = r.reply.octets();
            std::fprintf(stderr, "%.*s: %.*s", int(what.size()), what.data(), int(said.size()), said.data());
        }
        std::size_t const recipient = r.to == ehlo::event::rcpt ? answered_++ : 0;
        ehlo::verdict const v = verdict_of(r);
        if (v == ehlo::verdict::unknown) return;
        if (r.to == ehlo::event::hello || r.to == ehlo::event::starttls) otherwise_ = v;   // HELO, or no TLS, may do
        else if (r.to != ehlo::event::rcpt) decide(v);
        else if (!verdicts_[recipient]) verdicts_[recipient] = v;
    }
    void cannot_send(ehlo::failure const& why) {
        std::fprintf(stderr, "cannot be sent: %s\n", message(why.code).data());
        decide(ehlo::verdict::refused);
    }
    void lost(char const* why) {
        std::fprintf(stderr, "the connection is lost: %s\n", why);
        decide(smtp_.disconnected());
    }

    Task<bool> send() {
        bool const sent = out_.size() == 0 || co_await io_.send(out_.text());
        out_ = ehlo::writer(buffer_);
        co_return sent;
    }
    // Sends what was written, and hears all replies to it. A server that refuses may have closed while it was sent, so what it
    // said is read in any case.
    Task<bool> hear() {
        co_await send();
        while (auto const next = smtp_.awaits()) {
            in_.erase(0, std::exchange(used_, 0));
            auto const r = smtp_.receive(in_);
            used_ = r.consumed;
            if (r.ready()) {
                note(*r);
            } else if (r.failed()) {
                lost(message(r.error().code).data());
            } else if (!co_await io_.receive(in_, std::chrono::seconds(client_timeout(*next)))) {
                lost("closed, or no reply in time");
            }
        }
        co_return !smtp_.over();
    }
    // Writes a command as early as may be: with PIPELINING while others are under way, but never more than the buffer holds, or
    // both sides could wait for each other (RFC 2920 3.1).
    template <class Write>
    Task<bool> say(Write write) {
        for (;;) {
            auto const written = write();
            if (written) co_return true;
            if (out_.size() == 0 && !smtp_.awaits()) {
                if (!smtp_.over()) cannot_send(written.error());
                co_return false;
            }
            co_await hear();
        }
    }
    Task<bool> hello() {
        if (!co_await hear()) co_return false;   // the greeting, after TLS nothing
        if (!co_await say([this] { return smtp_.hello(out_, "client.example"); }) || !co_await hear()) co_return false;
        if (smtp_.where() == ehlo::state::greeted) {
            if (!co_await say([this] { return smtp_.helo(out_, "client.example"); })) co_return false;
            co_await hear();
        }
        co_return smtp_.where() == ehlo::state::ready;
    }
    Task<bool> start_tls() {
        if constexpr (Io::has_tls) {
            if (!smtp_.offers().has(ehlo::extension::starttls)) co_return true;
            if (!co_await say([this] { return smtp_.starttls(out_); }) || !co_await hear()) co_return false;
            if (smtp_.where() != ehlo::state::handshake) co_return true;   // refused: go on without
            if (co_await io_.handshake() && smtp_.secured()) co_return co_await hello();
            lost("the TLS handshake failed");
            co_return false;
        }
        co_return true;
    }
    Task<bool> envelope() {
        ehlo::mail_options options;
        if (smtp_.offers().has(ehlo::extension::size)) options.size = letter_.content.size();
        if (has_8bit(letter_.content)) options.body = ehlo::body::eight_bit_mime;
        options.smtputf8 = has_8bit(letter_.from) || std::any_of(letter_.to.begin(), letter_.to.end(), has_8bit);
        if (!co_await say([&] { return smtp_.mail(out_, letter_.from, options); })) co_return false;
        for (std::string const& to : letter_.to)
            if (!co_await say([&] { return smtp_.rcpt(out_, to); })) co_return false;
        if (!co_await say([this] { return smtp_.data(out_); })) co_return false;
        co_await hear();
        co_return smtp_.where() == ehlo::state::content;
    }
    Task<bool> content() {
        std::string_view rest = smtp_.recipients() != 0 ? std::string_view(letter_.content) : std::string_view();
        while (!rest.empty()) {
            auto const piece = smtp_.content(rest, out_);
            if (piece.failed()) co_return cannot_send(piece.error()), false;   // nothing can follow but to close
            rest.remove_prefix(piece.consumed);
            if (!co_await send()) break;
        }
        while (!smtp_.end_content(out_).done()) co_await send();   // a buffer is more than it needs
        co_return co_await hear();
    }

  public:
    dialogue(Io& io, letter const& l) : io_(io), letter_(l), verdicts_(l.to.size()) {}

    // Delivers it, and gives the exit code: 0, 1 if it was refused for good, for a recipient at least, 75 if it is to be tried again.
    Task<int> run() {
        if (co_await hello() && co_await start_tls() && co_await envelope()) co_await content();
        if (smtp_.quit(out_)) co_await hear();
        decide(otherwise_);

        constexpr char const* names[] = {"delivered", "refused", "to be tried again", "unknown"};
        int code = 0;
        for (std::size_t i = 0; i < verdicts_.size(); ++i) {
            std::printf("%s: %s\n", letter_.to[i].c_str(), names[static_cast<unsigned>(*verdicts_[i])]);
            if (verdicts_[i] == ehlo::verdict::refused) code = 1;
            else if (verdicts_[i] != ehlo::verdict::delivered && code == 0) code = 75;
        }
        co_return code;
    }
};
