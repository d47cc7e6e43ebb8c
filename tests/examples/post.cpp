// post: delivers a file to an SMTP server, or puts load on one with it; see `usage` in post_options.hpp.
//
// What a client around ehlo looks like: a poll loop, and one `ehlo::client` for each connection. Commands go out together
// when the server offers PIPELINING.
#include "logging.hpp"
#include "net.hpp"
#include "post_options.hpp"
#include "tls.hpp"

#include <ehlo/ehlo.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace posting;
using posting::as_text;

bool lock_step = false;     // the server offers PIPELINING, and does not do it
long unsent = 0;            // times that it is still to be sent
long connected = 0;         // connections so far

std::string as_text(ehlo::reply_view const& r) {
    std::string text = std::to_string(r.code());
    for (std::string_view line : r.lines()) text.append(" ").append(line);
    return text;
}

// What was to be written, or the end: nothing that post writes depends on the server alone.
template <class T>
T must(ehlo::result<T> const& written) {
    if (!written) end(misuse, as_text(written.error()));
    return *written;
}

std::size_t must(ehlo::encoded_content const& written) {
    if (written.failed()) end(misuse, as_text(written.error()));
    return written.consumed;
}

std::time_t seconds() {
    using namespace std::chrono;
    return static_cast<std::time_t>(duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch()).count());
}

// Connects to the first address that answers, and then always to that one.
int connect() {
    static std::vector<address> addresses;
    std::string why = "it has no address";
    if (addresses.empty()) addresses = resolve(opt.host, opt.port, why);
    for (address& a : addresses) {
        int const fd = ::socket(a.octets.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && ::connect(fd, a.get(), a.size) == 0) {
            int const on = 1;  // the end of the content need not wait until all before it has been acknowledged
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            ::fcntl(fd, F_SETFL, O_NONBLOCK);
            if (connected++ == 0) addresses = {a};
            return fd;
        }
        why = std::strerror(errno);
        if (fd >= 0) ::close(fd);
    }
    end(later, opt.host + ", port " + std::to_string(opt.port) + ": " + why);
}

// One connection, and the messages that go over it one after the other. It never waits: the loop in main does that.
class session {
    enum class stage { hello, starttls, auth, envelope, content, chunks, quit, listen };  // what is to be written next

    stream peer_;
    ehlo::client smtp_{opt.client};
    std::unique_ptr<session_log> log_;
    logins::client_login login_;
    stage next_ = stage::listen;
    ehlo::verb hello_ = ehlo::verb::ehlo;
    bool used_ = false;          // for a message
    bool mail_refused_ = false;  // in the transaction whose replies are coming; so was everybody:
    bool nobody_ = false;
    bool group_ = false;         // the commands of this envelope go out together
    bool ahead_ = false;         // and after the end of the content before
    bool again_ = false;         // they were refused for that reason alone
    bool moved_on_ = false;      // to the next message, though the answer to the content is still to come
    std::size_t written_ = 0;    // commands of the envelope: MAIL, a RCPT for each recipient, DATA
    std::size_t answered_ = 0;   // RCPTs
    std::vector<std::size_t> taken_;  // recipients who were accepted, where each has a reply to the content (LMTP)
    bool last_chunk_ = false, spoilt_ = false;  // written; refused
    std::string_view content_;   // what is still to be written of it
    std::string in_, out_;       // octets that wait for more, or for room
    std::string lost_;           // why nothing can be sent any more; what was received may tell more
    bool tls_refused_ = false;
    bool heard_ = false;         // something since the deadline was last put off
    std::time_t deadline_ = 0;

    bool together() const { return !lock_step && smtp_.offers().has(ehlo::extension::pipelining); }
    bool has_done_all() const {
        auto const awaited = smtp_.awaits();
        return awaited ? *awaited == ehlo::event::quit : next_ == stage::quit;
    }

    void next_message() {
        bool const again = std::exchange(again_, false);
        bool const another = worst == delivered && (!used_ || again || (unsent > 0 && !opt.reconnect));
        next_ = another ? stage::envelope : stage::quit;
        if (another && used_ && !again) --unsent;
        used_ = true;
        written_ = 0;
        last_chunk_ = spoilt_ = false;
    }
    // After EHLO, and after each thing that comes before mail.
    void prepare() {
        bool const tls = smtp_.knows(ehlo::fact::tls);
        bool const offered = smtp_.offers().has(ehlo::extension::starttls);
        if (!tls && opt.client.tls == ehlo::tls_use::required && !offered) end(refused, "the server does not offer STARTTLS");
        if (!tls && !tls_refused_ && offered && opt.client.tls != ehlo::tls_use::optional) next_ = stage::starttls;
        else if (!opt.users.empty() && !smtp_.knows(ehlo::fact::authenticated)) next_ = stage::auth;
        else next_message();
    }
    void write_auth(ehlo::writer& out) {
        auto const offered = smtp_.offered_mechanisms();
        auto const how = opt.mechanism != ehlo::mechanism::unknown ? opt.mechanism : logins::client_login::choose(offered);
        if (!offered.has(how)) end(refused, "the server does not offer AUTH with a mechanism that is wanted");
        auto const& [user, account] = opt.users.first();
        auto const written = login_.begin(smtp_, how, user, account.password, out);
        if (!written && written.error().code == ehlo::errc::mechanism_needs_tls)
            end(misuse, "a password is not sent without TLS (--clear-passwords sends it)");
        must(written);
    }
    // One chunk's BDAT, or some of its octets. False: not now.
    bool write_chunk(ehlo::writer& out) {
        if (smtp_.chunk_left() == 0) {
            if (spoilt_) {
                next_ = stage::listen;  // to what is said of the chunks that are under way
                if (!smtp_.awaits()) next_message();
                return true;
            }
            if (smtp_.awaits() && !together()) return false;
            std::size_t const size = std::min(opt.chunk, content_.size());
            last_chunk_ = size == content_.size();
            must(smtp_.bdat(out, size, last_chunk_));
        } else {
            content_.remove_prefix(must(smtp_.content(content_.substr(0, smtp_.chunk_left()), out)));
        }
        if (smtp_.chunk_left() == 0 && last_chunk_) next_ = stage::listen;
        return true;
    }

    // Writes one command, or a piece of the content, if it is time for it and there is room.
    bool write_next(ehlo::writer& out) {
        // RFC 2920 3.1: the commands of an envelope may go out together, and after the end of the content before.
        bool const begun = next_ == stage::envelope && written_ != 0;
        bool const ahead = begun ? group_ : together() && (next_ == stage::envelope || next_ == stage::quit);
        if (next_ == stage::listen || out.room() < 1024) return false;
        if (next_ == stage::chunks) return write_chunk(out);
        if (smtp_.awaits() && !ahead) return false;
        if (next_ == stage::content && !content_.empty()) {
            content_.remove_prefix(must(smtp_.content(content_, out)));
            return true;
        }
        if (next_ == stage::content) {
            must(smtp_.end_content(out));  // there is room for it
            next_ = stage::listen;
            moved_on_ = together();
            if (moved_on_) next_message();
            return true;
        }
        if (next_ == stage::envelope && written_ <= opt.to.size()) {
            if (written_ == 0) write_mail(out);
            else write_rcpt(out, opt.to[written_ - 1]);
            ++written_;
            if (written_ > opt.to.size() && opt.chunk != 0) next_ = stage::listen;  // a chunk for nobody would go in vain
            return true;
        }
        if (next_ == stage::hello) must(hello_ == ehlo::verb::helo ? smtp_.helo(out, opt.name) : smtp_.hello(out, opt.name));
        else if (next_ == stage::auth) write_auth(out);
        else must(next_ == stage::quit ? smtp_.quit(out) : next_ == stage::starttls ? smtp_.starttls(out) : smtp_.data(out));
        next_ = stage::listen;
        return true;
    }
    void write_mail(ehlo::writer& out) {
        auto const& offers = smtp_.offers();
        bool const takes_8bit = offers.has(ehlo::extension::eight_bit_mime);
        if (utf8 && !offers.has(ehlo::extension::smtputf8))
            end(refused, "an address is in UTF-8, and the server does not offer SMTPUTF8");
        if (eight_bit && !takes_8bit && !opt.send_8bit)  // RFC 6152 3: it must not be sent then
            end(refused, "the content has octets over 127, and the server does not offer 8BITMIME (--send-8bit sends it)");
        if (opt.wants_dsn() && !offers.has(ehlo::extension::dsn)) end(refused, "the server does not offer DSN");
        if (opt.chunk != 0 && !offers.has(ehlo::extension::chunking)) end(refused, "the server does not offer CHUNKING");
        if (opt.binary && !offers.has(ehlo::extension::binary_mime)) end(refused, "the server does not offer BINARYMIME");
        ehlo::mail_options options;
        if (offers.has(ehlo::extension::size)) options.size = message.size();
        if (eight_bit && takes_8bit) options.body = ehlo::body::eight_bit_mime;
        if (opt.binary) options.body = ehlo::body::binary_mime;
        options.smtputf8 = utf8;
        options.ret = opt.ret;
        if (!opt.envid.empty()) options.envid = ehlo::xtext(opt.envid);
        group_ = together();
        ahead_ = smtp_.awaits() == ehlo::event::content_end;
        auto const written = smtp_.mail(out, opt.from, options);
        if (!written && written.error().code == ehlo::errc::message_too_large)
            end(refused, "the server does not take so large a message");
        must(written);
    }
    void write_rcpt(ehlo::writer& out, std::string const& to) {
        ehlo::rcpt_options options;
        options.notify = opt.notify;
        must(smtp_.rcpt(out, to, options));
    }

    void note(ehlo::client_reply const& r, std::string const& what) {
        if (r.accepted) return;
        if (worst != refused) worst = r.reply.kind() == ehlo::reply_class::transient ? later : refused;
        std::cerr << "post: " << what << ": " << as_text(r.reply) << '\n';
    }

    static bool is_chunk(ehlo::event e) { return e == ehlo::event::chunk_end || e == ehlo::event::last_chunk_end; }
    bool awaits_end() const { return smtp_.awaits() && (*smtp_.awaits() == ehlo::event::content_end || *smtp_.awaits() == ehlo::event::last_chunk_end); }

    void hear(ehlo::client_reply const& r) {
        if (r.to == ehlo::event::quit) return close();
        bool const in_content = (next_ == stage::content && r.to == ehlo::event::content_end) || (smtp_.over() && is_chunk(r.to));
        if (r.to == ehlo::event::shutdown && has_done_all()) return close();
        if (r.to == ehlo::event::shutdown || in_content) {
            note(r, in_content ? "the content" : "the server closes the session");
            return close();
        }
        if (r.reply.code() == 421) end(later, "the server closes the session: " + as_text(r.reply));
        bool const again_with_helo = r.reply.kind() == ehlo::reply_class::permanent && hello_ == ehlo::verb::ehlo;
        switch (r.to) {
        case ehlo::event::greeting:
            next_ = r.accepted ? stage::hello : stage::quit;
            return note(r, "the server refuses");
        case ehlo::event::hello:
            if (r.accepted) return prepare();
            next_ = again_with_helo ? stage::hello : stage::quit;
            if (again_with_helo) hello_ = ehlo::verb::helo;
            else note(r, "the server refuses");
            return;
        case ehlo::event::starttls:
            tls_refused_ = !r.accepted;
            if (r.accepted) return peer_.begin(opt.tls, false, opt.insecure ? "" : opt.host);
            if (opt.client.tls == ehlo::tls_use::if_offered) return prepare();
            next_ = stage::quit;
            return note(r, "STARTTLS");
        case ehlo::event::auth:
        case ehlo::event::response:
            if (r.reply.code() == 334) {
                char line[ehlo::max_auth_line];
                ehlo::writer out(line);
                must(login_.answer(smtp_, r.reply, out));
                note_said(out.text());
                return send(out.text());
            }
            if (r.accepted && !login_.trusted()) end(refused, "the server has not shown that it knows the password");
            if (r.accepted) return prepare();
            next_ = stage::quit;
            return note(r, "AUTH");
        case ehlo::event::mail:
            answered_ = 0;
            taken_.clear();
            mail_refused_ = !r.accepted;
            // Haraka 3 offers PIPELINING and refuses what comes after the end of content before it has been answered.
            again_ = ahead_ && r.reply.code() == 503;
            lock_step |= again_;
            if (!again_) note(r, "MAIL");
            if (mail_refused_ && !group_) next_message();
            return;
        case ehlo::event::rcpt:
            if (!mail_refused_) note(r, opt.to[answered_]);  // otherwise it is refused for that reason alone
            if (r.accepted && opt.client.lmtp) taken_.push_back(answered_);
            if (++answered_ != opt.to.size()) return;
            nobody_ = smtp_.recipients() == 0;
            if (nobody_ && (!group_ || opt.chunk != 0)) return next_message();
            if (opt.chunk == 0) return;
            content_ = message;
            next_ = stage::chunks;
            return;
        case ehlo::event::data:
            nobody_ = smtp_.recipients() == 0;
            if (!nobody_) note(r, "DATA");
            if (!r.accepted) return next_message();
            // A server may say 354 though it refused everybody: it gets an empty message for nobody (RFC 2920 3.1).
            content_ = nobody_ ? std::string_view() : message;
            next_ = stage::content;
            return;
        case ehlo::event::chunk_end:
            if (!r.accepted && !spoilt_) note(r, "a chunk");
            spoilt_ |= !r.accepted;
            if (spoilt_ && next_ == stage::listen && !smtp_.awaits()) next_message();
            return;
        default:  // the end of the content; LMTP: for one recipient
            if (!nobody_ && !spoilt_) note(r, opt.client.lmtp && r.recipient < taken_.size() ? opt.to[taken_[r.recipient]] : "the content");
            if (!moved_on_ && !awaits_end()) next_message();
        }
    }
    void tell() const { std::cerr << log_->take(); }
    void note_said(std::string_view octets) {
        if (!log_) return;
        log_->said(octets);
        tell();
    }
    ehlo::progress<ehlo::client_reply> receive(std::string_view in) {
        if (!log_) return smtp_.receive(in);
        auto const r = log_->receive(smtp_, in);
        tell();
        return r;
    }
    void send(std::string_view octets) {
        ssize_t const n = peer_.send(octets);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            // Who refuses a content and closes makes us fail here before the refusal is read.
            lost_ = std::strerror(errno);
            out_.clear();
            return;
        }
        octets.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        out_ = octets;
    }
    void lost(std::string const& why) {
        // Once all is delivered, trouble is of no account: a message reported as lost would be sent twice.
        if (!has_done_all()) end(later, lost_.empty() ? why : lost_);
        close();
    }
    void close() {
        if (peer_.is_encrypted()) peer_.end();
        peer_.close();
        if (!log_) return;
        log_->end();
        tell();
        log_.reset();
    }
    void shake_hands() {
        switch (peer_.handshake()) {
        case stream::handshake_is::under_way: return;
        case stream::handshake_is::failed: end(later, "TLS: " + peer_.why);
        case stream::handshake_is::over: break;
        }
        heard_ = true;
        if (!smtp_.secured()) end(later, "TLS, when nobody asked for it");
        if (log_) log_->secured();
        if (!opt.implicit_tls) next_ = stage::hello;
        go_on();
    }

  public:
    bool is_open() const { return peer_.is_open(); }
    void open() {
        *this = session();
        --unsent;  // the first message is for this one
        heard_ = true;
        peer_ = stream(connect());
        if (opt.verbose) {
            std::string const head = opt.connections > 1 ? std::to_string(connected) + " " : std::string();
            log_ = std::make_unique<session_log>(static_cast<unsigned long long>(connected), false, head, ehlo::direction::from_server,
                                                 ehlo::observer_settings{.lmtp = opt.client.lmtp});
            log_->begin(opt.name, opt.host);
            tell();
        }
        if (opt.implicit_tls) peer_.begin(opt.tls, false, opt.insecure ? "" : opt.host);
        go_on();
        if (peer_.is_handshaking()) shake_hands();
    }
    bool late() const { return seconds() > deadline_; }
    void give_up() { lost("the server took too long"); }
    pollfd waits_for() const {
        if (peer_.is_handshaking()) return {peer_.fd(), peer_.waits_for(), 0};
        bool const has_content = next_ == stage::content || (next_ == stage::chunks && (!smtp_.awaits() || smtp_.chunk_left() != 0 || together()));
        bool const writes = !out_.empty() || (has_content && in_.empty() && lost_.empty());
        return {peer_.fd(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
    }

    // Writes and sends as much as may be sent now.
    void go_on() {
        static char buffer[128 * 1024];  // 1 MiB took 15 % less time than with 64 KiB; 256 KiB were no better
        bool moved = false;
        // What lies there now answers nothing that is written later.
        while (is_open() && out_.empty() && lost_.empty() && (in_.empty() || smtp_.awaits())) {
            ehlo::writer out(buffer);
            while (write_next(out)) {}
            if (out.size() == 0) break;
            note_said(out.text());
            send(out.text());
            moved = true;
            if (next_ == stage::content || next_ == stage::chunks) break;  // a refusal that comes before the end is to be heard at once
        }
        // As long as RFC 5321 asks for; but nobody needs to wait for the answer to QUIT.
        if (!moved && !heard_) return;
        heard_ = false;
        auto const awaited = smtp_.awaits();
        bool const leaves = awaited == ehlo::event::quit;
        deadline_ = seconds() + (leaves ? 2 : awaited ? ehlo::client_timeout(*awaited) : ehlo::content_block_timeout);
    }
    void writable() {
        if (peer_.is_handshaking()) return shake_hands();
        heard_ = true;  // it goes on
        if (!out_.empty()) send(std::string(std::move(out_)));
        go_on();
    }
    void readable() {
        if (peer_.is_handshaking()) return shake_hands();
        do read_some();
        while (is_open() && peer_.has_more());
        if (is_open() && peer_.is_handshaking()) shake_hands();
    }

  private:
    void read_some() {
        static char buffer[128 * 1024];  // more than the 64 KiB that a reply may have
        std::memcpy(buffer, in_.data(), in_.size());
        ssize_t const n = peer_.receive(buffer + in_.size(), sizeof buffer - in_.size());
        if (n == 0) return lost("the server closed the connection");
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        if (n < 0) return lost(std::strerror(errno));
        std::string_view rest(buffer, in_.size() + static_cast<std::size_t>(n));
        while (is_open() && !rest.empty()) {
            auto const got = receive(rest);
            if (got.failed()) return lost("not an SMTP reply: " + as_text(got.error()));
            if (!got.ready()) break;
            rest.remove_prefix(got.consumed);
            heard_ = true;
            hear(*got);
        }
        in_ = rest;
        go_on();
    }
};

}  // namespace

int main(int argc, char** argv) {
    read_options(argc, argv);
    read_message();
    std::signal(SIGPIPE, SIG_IGN);  // of stderr
    unsent = opt.repeat;
    auto const begin = std::chrono::steady_clock::now();
    std::vector<session> sessions(static_cast<std::size_t>(std::min(opt.connections, opt.repeat)));
    std::vector<pollfd> polled(sessions.size());
    for (session& s : sessions) s.open();
    for (;;) {
        bool open = false;
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            if (!sessions[i].is_open() && worst == delivered && unsent > 0) sessions[i].open();
            polled[i] = sessions[i].waits_for();
            open |= sessions[i].is_open();
        }
        if (!open) break;
        if (::poll(polled.data(), polled.size(), 1000) < 0 && errno != EINTR) end(later, std::strerror(errno));
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            session& s = sessions[i];
            if ((polled[i].revents & ~POLLOUT) != 0) s.readable();
            if ((polled[i].revents & POLLOUT) != 0 && s.is_open()) s.writable();
            if (polled[i].revents == 0 && s.is_open() && s.late()) s.give_up();
        }
    }
    if (opt.repeat > 1 && worst == delivered)
        std::printf("%ld messages, %ld connections, %.3f s\n", opt.repeat, connected,
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    return worst;
}
