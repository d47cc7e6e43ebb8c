// post: delivers a file to an SMTP server.
//
//     post --from=ADDRESS --to=ADDRESS [--to=...] [--host=127.0.0.1] [--port=25] [--name=ME] [--lf] [--repeat=N] FILE
//
// What a client around ehlo looks like: a blocking socket and one `ehlo::client`. Commands go out together when the server
// offers PIPELINING. FILE ("-": standard input) holds the content with CRLF line ends, or with LF and --lf.
// Exit: 0 delivered to all; 1 refused for good; 2 called wrongly; 3 try again later.
#include <ehlo/ehlo.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

struct options {
    std::string host = "127.0.0.1", port = "25", name = "localhost.localdomain", from, file;
    std::vector<std::string> to;
    bool lf = false;
    long repeat = 1;
} opt;

enum outcome { delivered = 0, refused = 1, misuse = 2, later = 3 };

// Ends the program: there is one way out for everything that cannot be gone on from.
[[noreturn]] void end(outcome code, std::string const& why) {
    std::cerr << "post: " << why << '\n';
    std::exit(code);
}

std::string as_text(ehlo::reply_view const& r) {
    std::string text = std::to_string(r.code());
    for (std::string_view line : r.lines()) text.append(" ").append(line);
    return text;
}

class session {
    int fd_ = -1;
    ehlo::client smtp_;
    std::string in_;      // octets received
    std::size_t used_ = 0;  // of them

    // Waits for the socket as long as RFC 5321 asks for. Both ways: a server that waits for us to read must not wait for ever.
    short wait(short events, unsigned seconds) {
        pollfd p{fd_, events, 0};
        int const n = ::poll(&p, 1, static_cast<int>(seconds * 1000));
        if (n == 0) end(later, "the server took too long");
        if (n < 0 && errno != EINTR) end(later, std::strerror(errno));
        return n > 0 ? p.revents : short{0};
    }
    void read_some() {
        char buffer[16 * 1024];
        ssize_t const n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n == 0) end(later, "the server closed the connection");
        if (n < 0 && errno != EINTR) end(later, std::strerror(errno));
        if (n > 0) in_.append(buffer, static_cast<std::size_t>(n));
    }
    void send(std::string_view octets) {
        while (!octets.empty()) {
            short const ready = wait(POLLIN | POLLOUT, ehlo::content_block_timeout);
            if ((ready & POLLOUT) == 0 && (ready & POLLIN) != 0) {
                read_some();
                continue;
            }
            ssize_t const n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n > 0) octets.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) end(later, std::strerror(errno));
        }
    }

  public:
    ehlo::client const& smtp() const { return smtp_; }

    void connect() {
        addrinfo hints{}, *list = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (int const e = ::getaddrinfo(opt.host.c_str(), opt.port.c_str(), &hints, &list); e != 0)
            end(e == EAI_SERVICE ? misuse : later, opt.host + ":" + opt.port + ": " + ::gai_strerror(e));
        int why = 0;
        for (addrinfo* a = list; a != nullptr && fd_ < 0; a = a->ai_next) {
            fd_ = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
            if (fd_ >= 0 && ::connect(fd_, a->ai_addr, a->ai_addrlen) == 0) break;
            why = errno;
            if (fd_ >= 0) ::close(std::exchange(fd_, -1));
        }
        ::freeaddrinfo(list);
        if (fd_ < 0) end(later, opt.host + ":" + opt.port + ": " + std::strerror(why));
    }

    // The next reply. Its views live until the next call.
    ehlo::client_reply receive() {
        in_.erase(0, std::exchange(used_, 0));
        for (;;) {
            auto const got = smtp_.receive(in_);
            if (got.ready()) {
                used_ = got.consumed;
                if (got->reply.code() == 421) end(later, "the server closes the session: " + as_text(got->reply));
                return *got;
            }
            if (got.failed())
                end(later, "not an SMTP reply, at octet " + std::to_string(got.error().at) + ": " + std::string(message(got.error().code)));
            wait(POLLIN, ehlo::client_timeout(*smtp_.awaits()));
            read_some();
        }
    }

    // Writes commands into one buffer and sends them together.
    template <class Write>
    void command(Write&& write) {
        char buffer[4096];
        ehlo::writer out(buffer);
        auto const written = write(smtp_, out);
        if (!written) end(misuse, std::string(message(written.error().code)) + ", at octet " + std::to_string(written.error().at));
        send(out.text());
    }

    void content(std::string_view octets) {
        char buffer[64 * 1024];
        while (!octets.empty()) {
            ehlo::writer out(buffer);
            auto const used = smtp_.content(octets, out);
            if (!used) end(misuse, std::string(message(used.error().code)));
            octets.remove_prefix(*used);
            send(out.text());
        }
    }
    void end_content() {
        command([](ehlo::client& c, ehlo::writer& out) { return c.end_content(out); });
    }
    void quit() {
        // The message is in good hands already: what goes wrong from here on is of no account.
        char buffer[16];
        ehlo::writer out(buffer);
        if (smtp_.bare(out, ehlo::verb::quit)) (void)!::send(fd_, buffer, out.size(), MSG_NOSIGNAL);
        pollfd p{fd_, POLLIN, 0};
        if (::poll(&p, 1, 1000) > 0) (void)!::recv(fd_, buffer, sizeof buffer, 0);
        ::close(fd_);
    }
};

// The content as it is on the wire before dot stuffing. Refused here, before anybody is connected to, if it cannot be sent.
std::string read_message() {
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
        if (!used)
            end(misuse, std::string(message(used.error().code)) + " at octet " +
                            std::to_string(text.size() - rest.size() + used.error().at) + (opt.lf ? "" : " (is it a file for --lf?)"));
        rest.remove_prefix(*used);
    }
    ehlo::writer out(buffer);
    if (!encoder.finish(out)) end(misuse, "the content ends with a bare CR");
    if (!opt.lf) return text;
    std::string crlf;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) crlf += '\r';
        crlf += text[i];
    }
    return crlf;
}

// One transaction. The worst that happened to a recipient is the outcome.
outcome deliver(session& s, std::string const& message, bool eight_bit) {
    ehlo::capabilities const& offers = s.smtp().offers();
    ehlo::mail_options options;
    if (offers.has(ehlo::extension::size)) options.size = message.size();
    if (eight_bit && offers.has(ehlo::extension::eight_bit_mime)) options.body = ehlo::body::eight_bit_mime;
    auto mail = [&](ehlo::client& c, ehlo::writer& out) {
        auto const written = c.mail(out, opt.from, options);
        if (!written && written.error().code == ehlo::errc::message_too_large) end(refused, "the server does not take so large a message");
        return written;
    };
    outcome worst = delivered;
    std::size_t next_reply = 0;
    bool mail_refused = false;
    auto heard = [&](ehlo::client_reply const& r) {
        if (r.accepted || mail_refused) return;  // what follows a refused MAIL is refused for that reason alone
        mail_refused = r.to == ehlo::event::mail;
        outcome const o = r.reply.klass() == ehlo::reply_class::transient ? later : refused;
        if (worst != refused) worst = o;
        std::cerr << "post: " << (r.to == ehlo::event::rcpt ? opt.to[next_reply] : std::string(name(r.to))) << ": " << as_text(r.reply) << '\n';
    };
    auto hear = [&] {
        ehlo::client_reply const r = s.receive();
        heard(r);
        if (r.to == ehlo::event::rcpt) ++next_reply;
        return r;
    };
    bool const together = offers.has(ehlo::extension::pipelining);
    s.command(mail);
    if (!together && !hear().accepted) return worst;
    for (std::string const& to : opt.to) {
        s.command([&](ehlo::client& c, ehlo::writer& out) { return c.rcpt(out, to); });
        if (!together) hear();
    }
    if (!together && s.smtp().recipients() == 0) return worst;
    s.command([](ehlo::client& c, ehlo::writer& out) { return c.data(out); });
    while (*s.smtp().awaits() != ehlo::event::data) hear();
    bool const nobody = s.smtp().recipients() == 0;
    ehlo::client_reply const go = s.receive();
    if (!nobody) heard(go);
    if (!go.accepted) return worst;
    // A server may say 354 though it refused everybody: it gets an empty message for nobody (RFC 2920 3.1).
    if (!nobody) s.content(message);
    s.end_content();
    ehlo::client_reply const done = s.receive();
    if (nobody) return worst;
    heard(done);
    return worst;
}

[[noreturn]] void usage() {
    std::cerr << "usage: post --from=ADDRESS --to=ADDRESS [--to=...] [--host=127.0.0.1] [--port=25] [--name=ME] [--lf]\n"
                 "            [--repeat=N] FILE\n";
    std::exit(misuse);
}

void read_options(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::string const arg = argv[i];
        auto is = [&arg](char const* key) { return arg.rfind(key, 0) == 0; };
        std::string const value = arg.substr(arg.find('=') == std::string::npos ? arg.size() : arg.find('=') + 1);
        if (is("--host=")) opt.host = value;
        else if (is("--port=")) opt.port = value;
        else if (is("--name=")) opt.name = value;
        else if (is("--from=")) opt.from = "<" + value + ">";
        else if (is("--to=")) opt.to.push_back("<" + value + ">");
        else if (is("--repeat=")) opt.repeat = std::atol(value.c_str());
        else if (arg == "--lf") opt.lf = true;
        else if (is("--") || !opt.file.empty()) usage();
        else opt.file = arg;
    }
    if (opt.from.empty() || opt.to.empty() || opt.file.empty() || opt.repeat < 1) usage();
    auto check = [](auto const& parsed, std::string const& what) {
        if (!parsed) end(misuse, what + ": " + std::string(message(parsed.error().code)) + ", at octet " + std::to_string(parsed.error().at));
    };
    check(ehlo::parse_reverse_path(opt.from), opt.from);
    for (std::string const& to : opt.to) check(ehlo::parse_forward_path(to), to);
    check(ehlo::parse_host(opt.name), opt.name);
}

}  // namespace

int main(int argc, char** argv) {
    read_options(argc, argv);
    std::string const message = read_message();
    bool eight_bit = false;
    for (char c : message) eight_bit |= !ehlo::is_ascii(c);

    session s;
    s.connect();
    auto greeting = s.receive();
    if (!greeting.accepted) {
        outcome const o = greeting.reply.klass() == ehlo::reply_class::transient ? later : refused;
        std::cerr << "post: the server refuses: " << as_text(greeting.reply) << '\n';
        s.quit();
        return o;
    }
    s.command([](ehlo::client& c, ehlo::writer& out) { return c.hello(out, opt.name); });
    auto hello = s.receive();
    if (!hello.accepted && hello.reply.klass() == ehlo::reply_class::permanent) {
        s.command([](ehlo::client& c, ehlo::writer& out) { return c.hello(out, opt.name, ehlo::verb::helo); });
        hello = s.receive();
    }
    if (!hello.accepted) {
        outcome const o = hello.reply.klass() == ehlo::reply_class::transient ? later : refused;
        std::cerr << "post: the server refuses: " << as_text(hello.reply) << '\n';
        s.quit();
        return o;
    }
    outcome worst = delivered;
    for (long i = 0; i < opt.repeat && worst == delivered; ++i) worst = deliver(s, message, eight_bit);
    s.quit();
    return worst;
}
