// post: delivers a file to an SMTP server, or puts load on one with it; see `usage`.
//
// What a client around ehlo looks like: a poll loop, and one `ehlo::client` for each connection. Commands go out together
// when the server offers PIPELINING.
#include "command_line.hpp"
#include "net.hpp"

#include <ehlo/ehlo.hpp>

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
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr char usage[] =
    R"(usage: post --from=ADDRESS --to=ADDRESS [--to=ADDRESS]... [OPTION]... FILE
  FILE               the content, with CRLF line ends; "-" is standard input
  --lf               FILE has LF line ends
  --host=HOST        a name, an IPv4 or an IPv6 address (127.0.0.1)
  --port=N           (25)
  --name=HOST        what the client calls itself (localhost.localdomain)
  --send-8bit        send octets over 127 even to a server that does not offer 8BITMIME
  --repeat=N         send it N times
  --connections=N    over so many connections at once
  --reconnect        a connection for each message
Addresses in UTF-8 need a server that offers SMTPUTF8; octets over 127 in the content one that offers 8BITMIME.
exit: 0 delivered to all; 1 refused for good; 2 called wrongly; 3 try again later
)";

struct options {
    std::string host = "127.0.0.1", name = "localhost.localdomain", from, file;
    std::vector<std::string> to;
    unsigned port = 25;
    bool lf = false, reconnect = false, send_8bit = false;
    long repeat = 1, connections = 1;
} opt;

enum outcome { delivered = 0, refused = 1, misuse = 2, later = 3 };

outcome worst = delivered;  // that happened to a recipient
std::string message;        // the content as it is on the wire before dot stuffing
bool eight_bit = false;      // it has octets over 127
bool utf8 = false;          // an address has
bool lock_step = false;     // the server offers PIPELINING, and does not do it
long unsent = 0;            // times that it is still to be sent
long connected = 0;         // connections so far

// Ends the program: there is one way out for everything that cannot be gone on from.
[[noreturn]] void end(outcome code, std::string const& why) {
    if (code == later && worst == refused) code = refused;
    std::cerr << "post: " << why << '\n';
    std::exit(code);
}

std::string as_text(ehlo::failure const& f) {
    return std::string(ehlo::message(f.code)) + ", at octet " + std::to_string(f.at);
}
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
    enum class stage { hello, envelope, content, quit, listen };  // what is to be written next

    int fd_ = -1;
    ehlo::client smtp_;
    stage next_ = stage::listen;
    ehlo::verb hello_ = ehlo::verb::ehlo;
    bool used_ = false;          // for a message
    bool mail_refused_ = false;  // in the transaction whose replies are coming; so was everybody:
    bool nobody_ = false;
    bool group_ = false;         // the commands of this envelope go out together
    bool ahead_ = false;         // and behind the end of the content before
    bool again_ = false;         // they were refused for that reason alone
    bool moved_on_ = false;      // to the next message, though the answer to the content is still to come
    std::size_t written_ = 0;    // commands of the envelope: MAIL, a RCPT for each recipient, DATA
    std::size_t answered_ = 0;   // RCPTs
    std::string_view content_;   // what is still to be written of it
    std::string in_, out_;       // octets that wait for more, or for room
    std::string lost_;           // why nothing can be sent any more; what was received may tell more
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
    }

    // Writes one command, or a piece of the content, if it is time for it and there is room.
    bool write_next(ehlo::writer& out) {
        // RFC 2920 3.1: the commands of an envelope may go out together, and behind the end of the content before.
        bool const begun = next_ == stage::envelope && written_ != 0;
        bool const ahead = begun ? group_ : together() && (next_ == stage::envelope || next_ == stage::quit);
        if (next_ == stage::listen || (smtp_.awaits() && !ahead) || out.room() < 1024) return false;
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
            return true;
        }
        if (next_ == stage::hello) must(hello_ == ehlo::verb::helo ? smtp_.helo(out, opt.name) : smtp_.hello(out, opt.name));
        else must(next_ == stage::quit ? smtp_.quit(out) : smtp_.data(out));
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
        ehlo::mail_options options;
        if (offers.has(ehlo::extension::size)) options.size = message.size();
        if (eight_bit && takes_8bit) options.body = ehlo::body::eight_bit_mime;
        options.smtputf8 = utf8;
        group_ = together();
        ahead_ = smtp_.awaits() == ehlo::event::content_end;
        auto const written = smtp_.mail(out, opt.from, options);
        if (!written && written.error().code == ehlo::errc::message_too_large)
            end(refused, "the server does not take so large a message");
        must(written);
    }
    void write_rcpt(ehlo::writer& out, std::string const& to) { must(smtp_.rcpt(out, to)); }

    void note(ehlo::client_reply const& r, std::string const& what) {
        if (r.accepted) return;
        if (worst != refused) worst = r.reply.klass() == ehlo::reply_class::transient ? later : refused;
        std::cerr << "post: " << what << ": " << as_text(r.reply) << '\n';
    }

    void hear(ehlo::client_reply const& r) {
        if (r.to == ehlo::event::quit) return close();
        bool const in_content = next_ == stage::content && r.to == ehlo::event::content_end;
        if (r.to == ehlo::event::shutdown && has_done_all()) return close();
        if (r.to == ehlo::event::shutdown || in_content) {
            note(r, in_content ? "the content" : "the server closes the session");
            return close();
        }
        if (r.reply.code() == 421) end(later, "the server closes the session: " + as_text(r.reply));
        bool const again_with_helo = r.reply.klass() == ehlo::reply_class::permanent && hello_ == ehlo::verb::ehlo;
        switch (r.to) {
        case ehlo::event::greeting:
            next_ = r.accepted ? stage::hello : stage::quit;
            return note(r, "the server refuses");
        case ehlo::event::hello:
            if (r.accepted) return next_message();
            next_ = again_with_helo ? stage::hello : stage::quit;
            if (again_with_helo) hello_ = ehlo::verb::helo;
            else note(r, "the server refuses");
            return;
        case ehlo::event::mail:
            answered_ = 0;
            mail_refused_ = !r.accepted;
            // Haraka 3 offers PIPELINING and refuses what comes behind the end of content before it has been answered.
            again_ = ahead_ && r.reply.code() == 503;
            lock_step |= again_;
            if (!again_) note(r, "MAIL");
            if (mail_refused_ && !group_) next_message();
            return;
        case ehlo::event::rcpt:
            if (!mail_refused_) note(r, opt.to[answered_]);  // otherwise it is refused for that reason alone
            if (++answered_ == opt.to.size() && smtp_.recipients() == 0 && !group_) next_message();
            return;
        case ehlo::event::data:
            nobody_ = smtp_.recipients() == 0;
            if (!nobody_) note(r, "DATA");
            if (!r.accepted) return next_message();
            // A server may say 354 though it refused everybody: it gets an empty message for nobody (RFC 2920 3.1).
            content_ = nobody_ ? std::string_view() : message;
            next_ = stage::content;
            return;
        default:  // the end of the content
            if (!nobody_) note(r, "the content");
            if (!moved_on_) next_message();
        }
    }
    void send(std::string_view octets) {
        ssize_t const n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
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
        ::close(fd_);
        fd_ = -1;
    }

  public:
    bool is_open() const { return fd_ >= 0; }
    void open() {
        *this = session();
        --unsent;  // the first message is for this one
        heard_ = true;
        fd_ = connect();
        go_on();
    }
    bool late() const { return seconds() > deadline_; }
    void give_up() { lost("the server took too long"); }
    pollfd waits_for() const {
        bool const writes = !out_.empty() || (next_ == stage::content && in_.empty() && lost_.empty());
        return {fd_, static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
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
            send(out.text());
            moved = true;
            if (next_ == stage::content) break;  // a refusal that comes before the end is to be heard at once
        }
        // As long as RFC 5321 asks for; but nobody needs to wait for the answer to QUIT.
        if (!moved && !heard_) return;
        heard_ = false;
        auto const awaited = smtp_.awaits();
        bool const leaves = awaited == ehlo::event::quit;
        deadline_ = seconds() + (leaves ? 2 : awaited ? ehlo::client_timeout(*awaited) : ehlo::content_block_timeout);
    }
    void writable() {
        heard_ = true;  // it goes on
        if (!out_.empty()) send(std::string(std::move(out_)));
        go_on();
    }
    void readable() {
        static char buffer[128 * 1024];  // more than the 64 KiB that a reply may have
        std::memcpy(buffer, in_.data(), in_.size());
        ssize_t const n = ::recv(fd_, buffer + in_.size(), sizeof buffer - in_.size(), MSG_DONTWAIT);
        if (n == 0) return lost("the server closed the connection");
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        if (n < 0) return lost(std::strerror(errno));
        std::string_view rest(buffer, in_.size() + static_cast<std::size_t>(n));
        while (is_open() && !rest.empty()) {
            auto const got = smtp_.receive(rest);
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

// The content as it is on the wire before dot stuffing. Refused here, before anybody is connected to, if it cannot be sent.
void read_message() {
    std::ifstream file;
    if (opt.file != "-") file.open(opt.file, std::ios::binary);
    if (opt.file != "-" && !file) end(misuse, opt.file + ": " + std::strerror(errno));
    std::istream& from = opt.file == "-" ? std::cin : file;
    std::string text(std::istreambuf_iterator<char>(from), {});
    ehlo::content_encoder encoder(opt.lf ? ehlo::bare_octets::normalize : ehlo::bare_octets::reject);
    char buffer[64 * 1024];
    for (std::string_view rest = text; !rest.empty();) {
        ehlo::writer out(buffer);
        auto const used = encoder.encode(rest, out);
        if (used.failed())
            end(misuse, std::string(ehlo::message(used.error().code)) + " at octet " +
                            std::to_string(text.size() - rest.size() + used.error().at) + (opt.lf ? "" : " (is it a file for --lf?)"));
        rest.remove_prefix(used.consumed);
    }
    ehlo::writer out(buffer);
    if (encoder.finish(out).failed()) end(misuse, "the content ends with a bare CR");
    message = text;
    eight_bit = !std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (!opt.lf) return;
    message.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) message += '\r';
        message += text[i];
    }
}

void read_options(int argc, char** argv) {
    auto check = [](argument const& a, auto const& parsed) {
        if (!parsed) a.wrong(as_text(parsed.error()));
    };
    auto path = [&check](argument const& a, auto const& parse) {
        std::string const text = "<" + std::string(a.text) + ">";
        ehlo::syntax rules;
        rules.smtputf8 = true;
        check(a, parse(text, rules));
        utf8 |= !parse(text, ehlo::strict_syntax);
        return text;
    };
    auto take = [&](argument const& a) {
        if (a.is("--host")) opt.host = a.text;
        else if (a.is("--port")) opt.port = a.number(1u, 65535u);
        else if (a.is("--name")) opt.name = a.text;
        else if (a.key == "--from" && a.has_text) opt.from = path(a, [](auto&&... p) { return ehlo::parse_reverse_path(p...); });
        else if (a.is("--to")) opt.to.push_back(path(a, [](auto&&... p) { return ehlo::parse_forward_path(p...); }));
        else if (a.is("--repeat")) opt.repeat = a.number(1l, 1000000000l);
        else if (a.is("--connections")) opt.connections = a.number(1l, 100000l);
        else if (a.is_flag("--reconnect")) opt.reconnect = true;
        else if (a.is_flag("--send-8bit")) opt.send_8bit = true;
        else if (a.is_flag("--lf")) opt.lf = true;
        else return false;
        if (a.key == "--name") check(a, ehlo::parse_host(opt.name));
        return true;
    };
    auto name = [](std::string_view word) {
        bool const first = opt.file.empty();
        if (first) opt.file = word;
        return first;
    };
    read_command_line(argc, argv, "post", usage, take, name);
    if (opt.from.empty() || opt.to.empty() || opt.file.empty())
        end(misuse, "--from, --to and a file are needed; --help lists the options");
}

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
