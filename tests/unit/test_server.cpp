// The server machine against an independent model of RFC 5321's order of commands, and each promise of server.hpp.
#include "catch.hpp"

#include "generate.hpp"
#include "machine.hpp"

#include <cstring>
#include <optional>
#include <type_traits>

namespace {

using namespace machine;
using ehlo::reply;
using ehlo::state;
using ehlo::want;

constexpr ehlo::policy with_recipients(std::uint32_t n) {
    ehlo::policy p;
    p.max_recipients = n;
    return p;
}
constexpr ehlo::policy with_message(std::uint64_t n) {
    ehlo::policy p;
    p.max_message = n;
    return p;
}
constexpr ehlo::policy with_errors(std::uint32_t n) {
    ehlo::policy p;
    p.max_errors = n;
    return p;
}
constexpr ehlo::policy with_line(std::uint32_t n) {
    ehlo::policy p;
    p.max_line = n;
    if (n < 562) p.offers = ehlo::extension::pipelining | ehlo::extension::enhanced_status_codes;  // whose parameters need no more
    return p;
}
constexpr ehlo::policy with_bare(ehlo::bare_octets b) {
    ehlo::policy p;
    p.bare = b;
    return p;
}
constexpr ehlo::policy with_offers(ehlo::extensions e) {
    ehlo::policy p;
    p.offers = e;
    return p;
}
constexpr ehlo::policy for_lmtp() {
    ehlo::policy p;
    p.service = ehlo::service::lmtp;
    return p;
}
reply replies_long() { return "421 4.3.2 This is a last word that has no room in sixty octets of output"; }
constexpr ehlo::policy with_modes() {
    ehlo::policy p;
    p.mail_modes = true;
    p.max_errors = 1000000;
    return p;
}
using with_expn = ehlo::basic_server<with_offers(ehlo::policy().offers | ehlo::extension::expn)>;
using patient = ehlo::basic_server<with_errors(1000000)>;

constexpr std::string_view to_ready = "EHLO me.example\r\n";
constexpr std::string_view to_mail = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n";
constexpr std::string_view to_rcpt = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
constexpr std::string_view to_data = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";

// --- a session in a constant expression ---

struct constant_handler {
    int hellos = 0, mails = 0, rcpts = 0, ends = 0;
    std::size_t octets = 0;
    constexpr reply on(ehlo::cmd::hello const&) noexcept { return ++hellos, ehlo::replies::ok; }
    constexpr reply on(ehlo::cmd::mail const&) noexcept { return ++mails, ehlo::replies::sender_ok; }
    constexpr reply on(ehlo::cmd::rcpt const& c) noexcept {
        ++rcpts;
        return c.to.local_part() == "green" ? ehlo::replies::no_such_user : ehlo::replies::recipient_ok;
    }
    constexpr void on(ehlo::content const& c) noexcept { octets += c.octets.size(); }
    constexpr reply on(ehlo::end_of_content const& e) noexcept {
        return ++ends, e.recipients == 1 && e.octets == octets ? ehlo::replies::message_accepted : reply("554 5.0.0 No");
    }
};
constexpr bool constant_session() {
    constexpr std::string_view input =
        "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<green@d.example>\r\nRCPT TO:<c@d.example>\r\n"
        "DATA\r\n..a\r\n.\r\nQUIT\r\n";
    constexpr std::string_view expected =
        "220 mx.example.org ESMTP ready\r\n"
        "250-mx.example.org\r\n250-SIZE 67108864\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250 HELP\r\n"
        "250 2.1.0 Sender OK\r\n550 5.1.1 No such user here\r\n250 2.1.5 Recipient OK\r\n"
        "354 Start mail input; end with <CRLF>.<CRLF>\r\n250 2.6.0 Message accepted\r\n221 2.0.0 Closing the channel\r\n";
    char out[4096] = {};
    ehlo::server s("mx.example.org");
    constant_handler h;
    ehlo::step const step = s.advance(input, h, out);
    return step.consumed == input.size() && step.want == want::close && std::string_view(out, step.produced) == expected &&
           h.hellos == 1 && h.mails == 1 && h.rcpts == 2 && h.ends == 1 && h.octets == 4 && s.where() == state::closed;
}
static_assert(constant_session());

}  // namespace

TEST_CASE("a server session runs in a constant expression, and the same at run time") { CHECK(constant_session()); }

// --- the model ---

namespace {

// RFC 5321 3.1 to 3.3, 4.1.1, 4.1.4, as a person reads it: three facts are all the memory there is.
struct model {
    bool greeted = false;      // EHLO or HELO was accepted
    bool sender = false;       // MAIL was accepted
    unsigned recipients = 0;   // RCPTs accepted since
    bool over = false;
    int messages = 0, dropped = 0;

    void reset() {
        if (sender) ++dropped;
        sender = false;
        recipients = 0;
    }
    state where() const {
        if (over) return state::closed;
        if (!greeted) return state::greeted;
        if (!sender) return state::ready;
        return recipients == 0 ? state::mail : state::rcpt;
    }
};

enum class move {
    ehlo, ehlo_bad, ehlo_refused, helo, mail, mail_bad, rcpt, rcpt_refused, data, rset, noop, vrfy, expn, help, turn, send,
    unknown, quit,
};
constexpr int moves = 18;
struct spelled {
    move is;
    std::string_view line;
};
constexpr spelled lines[moves] = {
    {move::ehlo, "EHLO me.example\r\n"},
    {move::ehlo_bad, "EHLO -me-.example\r\n"},
    {move::ehlo_refused, "EHLO refused.example\r\n"},
    {move::helo, "HELO me.example\r\n"},
    {move::mail, "MAIL FROM:<a@b.example>\r\n"},
    {move::mail_bad, "MAIL FROM:a@b.example\r\n"},
    {move::rcpt, "RCPT TO:<c@d.example>\r\n"},
    {move::rcpt_refused, "RCPT TO:<refused@d.example>\r\n"},
    {move::data, "DATA\r\n"},
    {move::rset, "RSET\r\n"},
    {move::noop, "NOOP\r\n"},
    {move::vrfy, "VRFY somebody\r\n"},
    {move::expn, "EXPN list\r\n"},
    {move::help, "HELP\r\n"},
    {move::turn, "TURN\r\n"},
    {move::send, "SEND FROM:<a@b.example>\r\n"},
    {move::unknown, "XYZZY\r\n"},
    {move::quit, "QUIT\r\n"},
};
constexpr std::string_view message_text = "Subject: x\r\n\r\n..x\r\n.\r\n";

// The code of the reply. `modes`: SEND is implemented (RFC 821), and then it is like MAIL.
int reply_of(model& m, move is, bool modes) {
    switch (is) {
    case move::ehlo:
    case move::helo:
        m.greeted = true;
        m.reset();
        return 250;
    case move::ehlo_bad: return 501;
    case move::ehlo_refused: return 550;
    case move::send:
        if (!modes) return 502;
        [[fallthrough]];
    case move::mail:
    case move::mail_bad:
        if (!m.greeted || m.sender) return 503;
        if (is == move::mail_bad) return 501;
        m.sender = true;
        return 250;
    case move::rcpt:
    case move::rcpt_refused:
        if (!m.sender) return 503;
        if (is == move::rcpt_refused) return 550;
        ++m.recipients;
        return 250;
    case move::data: return m.recipients == 0 ? 503 : 354;
    case move::rset: m.reset(); return 250;
    case move::noop: return 250;
    case move::vrfy: return 252;
    case move::expn: return 502;
    case move::help: return 214;
    case move::turn: return 502;
    case move::unknown: return 500;
    case move::quit:
        m.reset();
        m.over = true;
        return 221;
    }
    return 0;
}

// Says little and allocates nothing: it is called a few million times.
struct counter {
    int messages = 0, dropped = 0;
    std::size_t octets = 0;
    reply on(ehlo::cmd::hello const& c) { return c.name.text == "refused.example" ? reply("550 5.7.1 No") : ehlo::replies::ok; }
    reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    reply on(ehlo::cmd::rcpt const& c) { return c.to.local_part() == "refused" ? ehlo::replies::no_such_user : ehlo::replies::ok; }
    void on(ehlo::content const& c) { octets += c.octets.size(); }
    reply on(ehlo::end_of_content const&) { return ++messages, ehlo::replies::ok; }
    void on(ehlo::abandoned const&) { ++dropped; }
};

int code_of_last(std::string_view reply) {
    std::size_t const last = reply.size() < 2 ? std::string_view::npos : reply.rfind("\r\n", reply.size() - 3);
    std::size_t const at = last == std::string_view::npos ? 0 : last + 2;
    return reply.size() < at + 5 || reply[at + 3] != ' '
               ? 0
               : (reply[at] - '0') * 100 + (reply[at + 1] - '0') * 10 + (reply[at + 2] - '0');
}

template <class Server>
struct walk {
    bool modes;
    std::uint64_t nodes = 0, wrong = 0;
    std::string first_wrong{}, path{};
    char out[1200] = {};

    // One command in a session that is known to be like the model.
    bool step(Server& s, counter& h, model& m, spelled const& command) {
        ++nodes;
        bool right = true;
        auto const exchange = [&](std::string_view in, int expected) {
            ehlo::step const did = s.advance(in, h, out);
            right = right && did.consumed == in.size() && code_of_last({out, did.produced}) == expected;
            return did;
        };
        int const code = reply_of(m, command.is, modes);
        ehlo::step did = exchange(command.line, code);
        if (code == 354) {
            right = right && s.where() == state::content;
            did = exchange(message_text, 250);
            ++m.messages;
            m.sender = false;
            m.recipients = 0;
        }
        right = right && did.want == (m.over ? want::close : want::read) && s.where() == m.where() &&
                s.recipients() == m.recipients && h.messages == m.messages && h.dropped == m.dropped;
        if (!right && wrong++ == 0) first_wrong = path + std::string(command.line);
        return right;
    }
    void down(Server const& s, counter const& h, model const& m, int depth) {
        if (depth == 0) return;
        for (spelled const& command : lines) {
            Server s2 = s;
            counter h2 = h;
            model m2 = m;
            if (!step(s2, h2, m2, command) || m2.over) continue;
            std::size_t const size = path.size();
            path += command.line;
            down(s2, h2, m2, depth - 1);
            path.resize(size);
        }
    }
};

}  // namespace

TEMPLATE_TEST_CASE("server: every sequence of up to five commands is answered as RFC 5321 says", "", patient,
                   ehlo::basic_server<with_modes()>) {
    walk<TestType> w{TestType::rules.mail_modes};
    TestType s("mx.example.org");
    counter h;
    REQUIRE(code_of_last({w.out, s.advance({}, h, w.out).produced}) == 220);
    w.down(s, h, model{}, TestType::rules.mail_modes ? 4 : 5);
    CAPTURE(w.first_wrong);
    CHECK(w.wrong == 0);
    CHECK(w.nodes > 50000);
}

TEST_CASE("server: long random sequences are answered as RFC 5321 says") {
    generate::rng r(1);
    for (int round = 0; round < generate::drawn(300); ++round) {
        walk<patient> w{false};
        patient s("mx.example.org");
        counter h;
        model m;
        (void)s.advance({}, h, w.out);
        // QUIT is rare, and half of the steps lead on, so that whole transactions happen.
        constexpr move forward[] = {move::ehlo, move::mail, move::rcpt, move::data};
        for (int n = 0; n < 300 && !m.over; ++n) {
            std::size_t const k = r.one_in(2) ? static_cast<std::size_t>(forward[static_cast<unsigned>(m.where()) - 1])
                                              : r.below(r.one_in(20) ? moves : moves - 1);
            if (!w.step(s, h, m, lines[k])) break;
            w.path += lines[k].line;
        }
        CAPTURE(w.first_wrong);
        REQUIRE(w.wrong == 0);
    }
}

// --- one session, cut in any way ---

namespace {

std::string random_session(generate::rng& r) {
    std::string s;
    for (std::size_t n = r.between(5, 40); n > 0; --n) {
        switch (r.below(9)) {
        case 0: s += generate::command(r, r.one_in(2)); s += "\r\n"; break;
        case 1: s += generate::rest_of_line(r); s += "\r\n"; break;
        case 2:
            s += to_rcpt;
            s += "DATA\r\n";
            s += generate::content(r);
            s += "\r\n.\r\n";
            break;
        case 3: s += "MAIL FROM:<a@b.example> SIZE=99999999999\r\n"; break;
        case 4: s += std::string(r.between(2040, 2060), 'x'); s += "\r\n"; break;
        case 5: s += "NOOP\rNOOP\nNOOP\0\r\n"s; break;
        default: s += lines[r.below(moves - 1)].line; break;
        }
    }
    return s + (r.one_in(2) ? "QUIT\r\n" : "");
}

}  // namespace

TEMPLATE_TEST_CASE("server: neither the cuts of the input nor the room for output change anything", "", full_recorder,
                   slow_recorder) {
    generate::rng r(2);
    for (int round = 0; round < generate::drawn(120); ++round) {
        std::string const session = random_session(r);
        CAPTURE(session);
        loop<patient, TestType> first;
        first.feed(session);
        for (std::size_t const room : {std::size_t{1024}, std::size_t{1025}, std::size_t{8192}}) {
            for (int how = 0; how < 4; ++how) {
                loop<patient, TestType> other;
                other.room = room;
                other.feed(session, how == 0 ? whole() : how == 1 ? octets() : random(r, how == 2 ? 5 : 100));
                REQUIRE(other.output == first.output);
                REQUIRE(other.handler.delivered == first.handler.delivered);
                REQUIRE(other.handler.abandoned == first.handler.abandoned);
                REQUIRE(other.server.where() == first.server.where());
                REQUIRE(other.closed == first.closed);
                if (!other.closed) REQUIRE(other.pending == first.pending);
                // The log too, but for content that is refused in the end: how much of it a handler sees before the
                // fault is found is not promised.
                auto const strip = [](std::vector<std::string> log) {
                    std::erase_if(log, [](std::string const& l) { return l.starts_with("content "); });
                    return log;
                };
                REQUIRE(strip(other.handler.log) == strip(first.handler.log));
            }
        }
    }
}

TEST_CASE("server: the small room is enough: no step produces more, and none is needed for content") {
    loop<ehlo::server, full_recorder> l;
    l.room = ehlo::server::reply_space;
    l.feed(std::string(to_data) + "a\r\n.\r\nQUIT\r\n");
    CHECK(codes(l.output) == std::vector{220, 250, 250, 250, 354, 250, 221});

    ehlo::server s("mx.example.org");
    recorder h;
    exact out(ehlo::server::reply_space - 1);
    ehlo::step step = s.advance({}, h, out.span());
    CHECK((step.want == want::room && step.produced == 0 && step.consumed == 0));  // nothing at all with one octet less
    exact room(65536);
    (void)s.advance(to_data, h, room.span());
    REQUIRE(s.where() == state::content);
    step = s.advance("abc\r\nx", h, {});
    CHECK((step.consumed == 6 && step.want == want::read));
    step = s.advance("\r\n.\r\n", h, {});
    CHECK((step.consumed == 2 && step.want == want::room));
    CHECK(h.open.content == "abc\r\nx\r\n");
    CHECK(h.delivered.empty());  // nobody is asked before there is room for the reply
    step = s.advance(".\r\n", h, out.span());
    CHECK((step.consumed == 0 && step.want == want::room));
    step = s.advance(".\r\n", h, room.span());
    CHECK((step.consumed == 3 && step.want == want::read));
    CHECK(h.delivered.size() == 1);
}

TEST_CASE("server: a session is its octets: copied at any octet, it goes on the same") {
    using small = ehlo::basic_server<with_line(512)>;
    static_assert(std::is_trivially_copyable_v<small>);
    std::string const session = std::string(to_ready) + "RSET\rx\r\n" + std::string(600, 'y') + "\r\n" + std::string(to_data) +
                                "..a\r\nb.\r\r\n\r\n.\r\n" + std::string(to_data) + ".\r\nNOOP\r\nQUIT\r\n";
    loop<small, full_recorder> plain;
    plain.feed(session);
    REQUIRE(plain.closed);
    // A new copy for every octet, in storage that held another session before.
    loop<small, full_recorder> moving;
    alignas(small) unsigned char storage[2][sizeof(small)];
    unsigned which = 0;
    for (char const c : session) {
        moving.feed({&c, 1});
        std::memcpy(storage[which], &moving.server, sizeof(small));
        small other("another.example");
        (void)other.advance({}, moving.handler, exact(2000).span());
        moving.handler.log.pop_back();  // what the other session said
        moving.handler.answers.pop_back();
        std::memcpy(&other, storage[which], sizeof(small));
        moving.server = other;
        which ^= 1;
        if (moving.closed) break;
    }
    CHECK(moving.output == plain.output);
    CHECK(moving.handler.answers.size() == plain.handler.answers.size());
    CHECK(moving.handler.delivered == plain.handler.delivered);
    // And a fork at every octet: the second half runs on the copy alone.
    for (std::size_t cut = 0; cut <= session.size(); cut += 7) {
        loop<small, full_recorder> half;
        half.feed(std::string_view(session).substr(0, cut), octets());
        loop<small, full_recorder> copy = half;
        copy.feed(std::string_view(session).substr(cut));
        REQUIRE(copy.output == plain.output);
    }
}

// --- refusals ---

namespace {

struct refusal {
    std::string_view before;  // what leads there
    std::string_view line;    // without CRLF
    std::string_view reply;   // how it begins: code and enhanced code
    ehlo::errc fault;
    std::uint32_t at;         // the offset in the line
};
using ehlo::errc;
constexpr std::string_view nul_line{"NO\0OP", 5};
constexpr refusal refusals[] = {
    // lines
    {"", "", "500 5.5.2 ", errc::empty_line, 0},
    {"", "   \t", "500 5.5.2 ", errc::empty_line, 0},
    {"", "XYZZY", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "HELLO me.example", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "REST", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "LHLO me.example", "500 ", errc::unknown_verb, 0},
    {"", " NOOP", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "NOOP\rx", "500 5.5.2 ", errc::bare_cr, 4},
    {"", "NOOP\nx", "500 5.5.2 ", errc::bare_lf, 4},
    {"", "NOOP\r", "500 5.5.2 ", errc::bare_cr, 4},
    {"", nul_line, "500 5.5.2 ", errc::nul_octet, 2},
    // EHLO
    {"", "EHLO", "501 ", errc::missing_argument, 4},
    {"", "EHLO -me", "501 ", errc::bad_domain, 5},
    {"", "EHLO me you", "501 ", errc::bad_domain, 7},
    {"", "EHLO [1.2.3]", "501 ", errc::bad_address_literal, 11},
    {"", "EHLO \xC3\xBC.example", "501 ", errc::non_ascii, 5},
    {"", "HELO", "501 ", errc::missing_argument, 4},
    // order
    {"", "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {"", "RCPT TO:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {"", "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_ready, "RCPT TO:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_ready, "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_mail, "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_mail, "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_rcpt, "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    // not implemented
    {to_ready, "SEND FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "SOML FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "SAML FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "TURN", "502 5.5.1 ", errc::not_implemented, 0},
    {"", "EXPN list", "502 5.5.1 ", errc::not_implemented, 0},
    // arguments
    {to_rcpt, "DATA now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {to_rcpt, "RSET now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {to_rcpt, "QUIT now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {"", "VRFY", "501 5.5.4 ", errc::missing_argument, 4},
    {"", "VRFY \xC3\xBC@d.example", "553 5.6.7 ", errc::non_ascii, 5},
    {"", "VRFY \xFF SMTPUTF8", "501 5.5.4 ", errc::bad_utf8, 5},
    {"", "NOOP \xC3\xBC", "501 5.5.2 ", errc::non_ascii, 5},
    {"", "HELP \xFF", "501 5.5.2 ", errc::non_ascii, 5},
    // MAIL
    {to_ready, "MAIL", "501 5.5.4 ", errc::missing_argument, 4},
    {to_ready, "MAIL TO:<a@b.example>", "501 5.5.4 ", errc::expected_from, 5},
    {to_ready, "MAIL FROM:a@b.example", "501 5.1.7 ", errc::expected_path, 10},
    {to_ready, "MAIL FROM: <a@b.example>", "501 5.1.7 ", errc::expected_path, 10},
    {to_ready, "MAIL FROM:<a@b.example", "501 5.1.7 ", errc::unclosed_path, 22},
    {to_ready, "MAIL FROM:<@a,b:c@d>", "501 5.1.7 ", errc::bad_route, 14},
    {to_ready, "MAIL FROM:<a..b@c>", "501 5.1.7 ", errc::bad_local_part, 13},
    {to_ready, "MAIL FROM:<drozd>", "501 5.1.7 ", errc::missing_domain, 16},
    {to_ready, "MAIL FROM:<a@b_c>", "501 5.1.7 ", errc::bad_domain, 14},
    {to_ready, "MAIL FROM:<a@[300.1.1.1]>", "501 5.1.7 ", errc::bad_address_literal, 17},
    {to_ready, "MAIL FROM:<\xC3\xBC@b.example>", "553 5.6.7 ", errc::non_ascii, 11},
    {to_ready, "MAIL FROM:<\xFF@b.example> SMTPUTF8", "501 5.1.7 ", errc::bad_utf8, 11},
    {to_ready, "MAIL FROM:<a@b.example>SIZE=1", "501 5.5.4 ", errc::unexpected_argument, 23},
    {to_ready, "MAIL FROM:<a@b.example> =", "501 5.5.4 ", errc::bad_parameter, 24},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4 ", errc::bad_parameter_value, 29},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=1 size=1", "501 5.5.4 ", errc::duplicate_parameter, 31},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=18446744073709551616", "552 5.3.4 ", errc::number_too_large, 48},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=67108865", "552 5.3.4 ", errc::message_too_large, 24},
    {to_ready, "MAIL FROM:<a@b.example> X-NEW=1", "555 5.5.4 ", errc::unknown_parameter, 24},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=1 X-NEW", "555 5.5.4 ", errc::unknown_parameter, 31},
    {to_ready, "MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4 ", errc::unknown_parameter, 24},
    // RCPT
    {to_mail, "RCPT", "501 5.5.4 ", errc::missing_argument, 4},
    {to_mail, "RCPT FROM:<a@b.example>", "501 5.5.4 ", errc::expected_to, 5},
    {to_mail, "RCPT TO:<>", "501 5.1.3 ", errc::null_path, 9},
    {to_mail, "RCPT TO:<a>", "501 5.1.3 ", errc::missing_domain, 10},
    {to_mail, "RCPT TO:<\xC3\xBC@b.example>", "553 5.6.7 ", errc::non_ascii, 9},
    {to_mail, "RCPT TO:<a@b.example> NOTIFY=NEVER", "555 5.5.4 ", errc::unknown_parameter, 22},
};

}  // namespace

TEST_CASE("server: each refusal has its reply and its place, moves nothing, and leaves the session in step") {
    for (refusal const& f : refusals) {
        CAPTURE(f.before, f.line);
        loop<ehlo::server, full_recorder> l;
        l.feed(f.before);
        state const where = l.server.where();
        std::string const said = l.say(std::string(f.line) + "\r\n");
        CHECK(said.substr(0, f.reply.size()) == f.reply);
        CHECK(codes(said).size() == 1);
        CHECK(l.server.where() == where);
        REQUIRE(!l.handler.answers.empty());
        REQUIRE(l.handler.answers.back().fault.has_value());
        CHECK(name(l.handler.answers.back().fault->code) == name(f.fault));
        CHECK(l.handler.answers.back().fault->at == f.at);
        CHECK(l.say("NOOP\r\n") == "250 2.0.0 OK\r\n");
        CHECK(l.handler.abandoned == 0);
        CHECK(l.pending.empty());
    }
}

TEST_CASE("server: a line is refused once, whole, however long, and costs no memory") {
    for (std::size_t const piece : {std::size_t{1000}, std::size_t{4096}, std::size_t{1 << 20}}) {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(1000000, 'a') + "\r\nNOOP\r\n", [piece] { return piece; });
        CHECK(l.output == "220 mx.example.org ESMTP ready\r\n500 5.5.2 the line is too long\r\n250 2.0.0 OK\r\n");
        CHECK(l.most_pending <= ehlo::server::rules.max_line + 2);
        CHECK(l.handler.answers.at(1).fault->code == errc::line_too_long);
    }
    SECTION("at the limit, to the octet") {
        using small = ehlo::basic_server<with_line(512)>;
        for (std::size_t const extra : {0u, 1u}) {
            loop<small, full_recorder> l;
            std::string const line = "NOOP " + std::string(512 - 7 + extra, 'x') + "\r\n";
            CHECK(codes(l.say(line)) == std::vector{extra == 0 ? 250 : 500});
            loop<small, full_recorder> slow;
            slow.feed(line, octets());
            CHECK(slow.output == l.output);
        }
    }
    SECTION("nothing in it is ever a command") {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(5000, ' ') + "\rQUIT\r\r\nNOOP\r\n", octets());
        CHECK(codes(l.output) == std::vector{220, 500, 250});
        loop<ehlo::server, full_recorder> exim;
        CHECK(codes(exim.say("EHLO " + std::string(11000, 'a') + "\r\nNOOP\r\n")) == std::vector{500, 250});
    }
}

TEST_CASE("server: too many recipients are refused one by one with 452, and those before stay") {
    loop<ehlo::basic_server<with_recipients(100)>, full_recorder> l;
    l.feed(to_mail);
    for (int i = 0; i < 100; ++i) REQUIRE(codes(l.say("RCPT TO:<a@b.example>\r\n")) == std::vector{250});
    for (int i = 0; i < 45; ++i) REQUIRE(l.say("RCPT TO:<a@b.example>\r\n") == "452 4.5.3 too many recipients\r\n");
    CHECK(l.server.recipients() == 100);
    CHECK(codes(l.say("DATA\r\n.\r\n")) == std::vector{354, 250});
    CHECK(l.handler.delivered.at(0).to.size() == 100);
    // The next transaction counts anew.
    CHECK(codes(l.say("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n")) == std::vector{250, 250});
}

TEST_CASE("server: recipients over the limit are no errors that end the session") {
    // RFC 5321 4.5.3.1.10: the answer is 452, however many there are.
    loop<ehlo::basic_server<with_recipients(100)>, full_recorder> l;
    l.feed(to_mail);
    std::string many;
    for (int i = 0; i < 300; ++i) many += "RCPT TO:<a@b.example>\r\n";
    std::vector<int> const said = codes(l.say(many));
    CHECK(said.size() == 300);
    CHECK(std::count(said.begin(), said.end(), 250) == 100);
    CHECK(std::count(said.begin(), said.end(), 452) == 200);
    CHECK(codes(l.say("DATA\r\n.\r\n")) == std::vector{354, 250});
}

TEST_CASE("server: a message too large is refused by its SIZE, or read to its end and refused") {
    using small = ehlo::basic_server<with_message(65536)>;
    loop<small, full_recorder> l;
    CHECK(l.say("EHLO me\r\n").find("250-SIZE 65536\r\n") != std::string::npos);
    CHECK(l.say("MAIL FROM:<> SIZE=65537\r\n") == "552 5.3.4 the message is too large\r\n");
    CHECK(l.server.where() == state::ready);
    CHECK(codes(l.say("MAIL FROM:<> SIZE=65536\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")) == std::vector{250, 250, 354});
    std::string body;
    while (body.size() < 65536) body += std::string(62, 'x') + "\r\n";
    SECTION("just fits: stuffed dots and the last dot do not count") {
        CHECK(codes(l.say("." + body + ".\r\nNOOP\r\n")) == std::vector{250, 250});
        CHECK(l.handler.delivered.at(0).content == body);
    }
    SECTION("one octet more") {
        CHECK(l.say("x" + body + ".\r\nNOOP\r\n") == "552 5.3.4 the message is too large\r\n250 2.0.0 OK\r\n");
        CHECK(l.handler.delivered.empty());
        CHECK(l.handler.abandoned == 1);
        CHECK(l.server.where() == state::ready);
    }
    SECTION("a hundred times that, in pieces") {
        for (int i = 0; i < 100; ++i) {
            CHECK(l.say(body).empty());
            CHECK(l.pending.empty());
        }
        CHECK(l.handler.open.content.size() <= 65536);
        CHECK(codes(l.say(".\r\nNOOP\r\n")) == std::vector{552, 250});
        CHECK(codes(l.say("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n.\r\n")) == std::vector{250, 250, 354, 250});
    }
}

TEST_CASE("server: too many errors, and HTTP, end the session with 421") {
    SECTION("errors") {
        loop<ehlo::basic_server<with_errors(10)>, full_recorder> l;
        l.feed(to_mail);
        for (int i = 0; i < 9; ++i) REQUIRE(codes(l.say("XYZZY\r\n")) == std::vector{500});
        CHECK(codes(l.say("NOOP\r\n")) == std::vector{250});
        CHECK(l.say("XYZZY\r\nNOOP\r\n") == "421 4.7.0 too many errors in one session\r\n");
        CHECK(l.closed);
        CHECK(l.pending == "NOOP\r\n");  // nothing after it is heard
        CHECK(l.handler.abandoned == 1);
    }
    SECTION("empty lines") {
        std::string many = "NOOP\r\n";
        for (int i = 0; i < 100; ++i) many += "\r\n";
        loop<ehlo::server, full_recorder> l;
        std::vector<int> const said = codes(l.say(many));
        CHECK(said.size() == 51);
        CHECK((said.front() == 250 && said.at(1) == 500 && said.back() == 421));
    }
    for (std::string_view const http :
         {"GET / HTTP/1.1\r\n"sv, "POST /x y HTTP/1.0\r\n"sv, "Host: mx.example.org\r\n"sv, "get / http/1.1\r\n"sv}) {
        CAPTURE(http);
        loop<ehlo::server, full_recorder> l;
        CHECK(l.say(std::string(http) + "EHLO me\r\n") == "421 4.7.0 this is HTTP, not SMTP\r\n");
        CHECK(l.closed);
        CHECK(l.handler.log == std::vector{"answered 220  greeting"s, "answered 421  shutdown http_request 0"s});
    }
}

// --- content ---

namespace {

template <class Server>
struct content_case {
    loop<Server, full_recorder> l;
    explicit content_case(std::string_view content, pieces const& how = whole()) {
        l.feed(to_data);
        l.output.clear();
        l.feed(content, how);
    }
    std::string body() const { return l.handler.delivered.empty() ? "(none)" : l.handler.delivered[0].content; }
};
using rejecting = ehlo::basic_server<with_bare(ehlo::bare_octets::reject)>;
using normalizing = ehlo::basic_server<with_bare(ehlo::bare_octets::normalize)>;
using passing = ehlo::basic_server<with_bare(ehlo::bare_octets::pass)>;

}  // namespace

TEST_CASE("server: content, dots and bare octets") {
    struct {
        std::string_view wire;  // with its end
        std::string_view clean; // as delivered; "refused" where bare octets are rejected
        std::string_view normalized, passed;
    } const cases[] = {
        {".\r\n", "", "", ""},
        {"\r\n.\r\n", "\r\n", "\r\n", "\r\n"},
        {"..\r\n.\r\n", ".\r\n", ".\r\n", ".\r\n"},
        {".a\r\n.\r\n", "a\r\n", "a\r\n", "a\r\n"},
        {"...\r\n..\r\n.\r\n", "..\r\n.\r\n", "..\r\n.\r\n", "..\r\n.\r\n"},
        {"a.\r\n.\r\n", "a.\r\n", "a.\r\n", "a.\r\n"},
        {"QUIT\r\nRSET\r\n.\r\n", "QUIT\r\nRSET\r\n", "QUIT\r\nRSET\r\n", "QUIT\r\nRSET\r\n"},
        {"a\nb\r\n.\r\n", "refused", "a\r\nb\r\n", "a\nb\r\n"},
        {"a\rb\r\n.\r\n", "refused", "a\r\nb\r\n", "a\rb\r\n"},
        {"a\n.\nb\r\n.\r\n", "refused", "a\r\n.\r\nb\r\n", "a\n.\nb\r\n"},
        {"a\r.\rb\r\n.\r\n", "refused", "a\r\n.\r\nb\r\n", "a\r.\rb\r\n"},
        {"a\n.\r\n.\r\n", "refused", "a\r\n.\r\n", "a\n.\r\n"},
        {"a\r\n.\nb\r\n.\r\n", "refused", "a\r\n\r\nb\r\n", "a\r\n\nb\r\n"},
        {"a\r\r\n.\r\n", "refused", "a\r\n\r\n", "a\r\r\n"},
        {"\n.\r\n.\r\n", "refused", "\r\n.\r\n", "\n.\r\n"},
    };
    generate::rng r(3);
    for (auto const& c : cases) {
        std::string const input = std::string(c.wire) + "NOOP\r\n";
        CAPTURE(input);
        for (int how = 0; how < 12; ++how) {
            pieces const cut = how == 0 ? whole() : how == 1 ? octets() : random(r, 4);
            content_case<rejecting> a(input, cut);
            if (c.clean == "refused") {
                CHECK(codes(a.l.output) == std::vector{554, 250});
                CHECK(a.l.output.starts_with("554 5.6.0 "));
                CHECK(a.l.handler.abandoned == 1);
                CHECK(a.l.handler.delivered.empty());
            } else {
                CHECK(codes(a.l.output) == std::vector{250, 250});
                CHECK(a.body() == c.clean);
            }
            CHECK(content_case<normalizing>(input, cut).body() == c.normalized);
            CHECK(content_case<passing>(input, cut).body() == c.passed);
        }
    }
}

TEST_CASE("server: no smuggled command is ever executed") {
    // attacks.json, SMUG-*: what stands between the two mails; whether it really ends the first one.
    struct {
        std::string_view id, sequence;
        bool ends;
    } const cases[] = {
        {"lf-dot-lf", "\n.\n"sv, false},
        {"lf-dot-crlf", "\n.\r\n"sv, false},
        {"crlf-dot-lf", "\r\n.\n"sv, false},
        {"cr-dot-cr", "\r.\r"sv, false},
        {"cr-dot-crlf", "\r.\r\n"sv, false},
        {"crlf-dot-cr", "\r\n.\r"sv, false},
        {"crlf-nul-dot-crlf", "\r\n\0.\r\n"sv, false},
        {"crlf-dot-nul-crlf", "\r\n.\0\r\n"sv, false},
        {"crlf-dot-cr-nul-lf", "\r\n.\r\0\n"sv, false},
        {"cr-nul-lf-dot-crlf", "\r\0\n.\r\n"sv, false},
        {"nul-crlf-dot-crlf", "\0\r\n.\r\n"sv, true},
        {"crlf-dot-crlf-nul", "\r\n.\r\n\0"sv, true},
        {"crlf-dot-crcrlf", "\r\n.\r\r\n"sv, false},
        {"crcrlf-dot-crlf", "\r\r\n.\r\n"sv, true},
    };
    generate::rng r(4);
    auto const run = [&]<class Server>(Server, auto const& c, pieces const& cut) {
        std::string const input = "Subject: a\r\n\r\nbody" + std::string(c.sequence) +
                                  "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\n"
                                  "Subject: b\r\n\r\nx\r\n.\r\nNOOP\r\n";
        content_case<Server> a(input, cut);
        bool executed = false;
        for (std::string const& line : a.l.handler.log) executed |= line.starts_with("MAIL <smuggled");
        // After a NUL the command line is "\0MAIL": refused. After the true end it is a command like any other.
        bool const by_right = c.ends && c.sequence.back() == '\n';
        CHECK(executed == by_right);
        if (!c.ends) CHECK(codes(a.l.output).size() == 2);  // the end of the content, and NOOP
        CHECK(codes(a.l.output).back() == 250);
        bool const bare = c.sequence.find("\r\r") != std::string_view::npos || !c.ends;
        bool const only_nul = c.sequence == "\r\n\0.\r\n"sv || c.sequence == "\r\n.\0\r\n"sv;
        if (Server::rules.bare == ehlo::bare_octets::reject && bare && !only_nul)
            CHECK(codes(a.l.output).front() == 554);
    };
    for (auto const& c : cases) {
        CAPTURE(c.id);
        for (int how = 0; how < 8; ++how) {
            pieces const cut = how == 0 ? whole() : how == 1 ? octets() : random(r, 6);
            run(rejecting("mx.example.org"), c, cut);
            run(normalizing("mx.example.org"), c, cut);
            run(passing("mx.example.org"), c, cut);
        }
    }
}

TEST_CASE("server: side commands never touch half of a transaction") {
    // attacks.json, STA-*
    loop<ehlo::server, recorder> l;
    l.feed(to_rcpt);
    CHECK(l.say("VRFY \xC3\xBC@d.example\r\n").starts_with("553 5.6.7 "));
    CHECK(codes(l.say("DATA\r\nx\r\n.\r\n")) == std::vector{354, 250});
    CHECK(l.handler.delivered == std::vector<recorder::message>{{"<a@b.example>", {"<c@d.example>"}, "x\r\n"}});
    // All recipients refused: DATA gets no 354, so what follows is commands.
    CHECK(codes(l.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<refused@b.example>\r\nDATA\r\nNOOP\r\n")) ==
          std::vector{250, 550, 503, 250});
    // MAIL after EHLO in one packet is against RFC 2920, but answered in order.
    loop<ehlo::server, recorder> p;
    p.feed("EHLO abcd\r\nMAIL FROM:<userx@test.ex>\r\n");
    CHECK(codes(p.output) == std::vector{220, 250, 250});
    // SMTPUTF8 lasts for its transaction; VRFY needs a token of its own (RFC 6531 3.7.4.2).
    CHECK(codes(p.say("RSET\r\nMAIL FROM:<\xC3\xBC@b.example> SMTPUTF8\r\nRCPT TO:<\xC3\xBC@b.example>\r\nVRFY \xC3\xBC\r\n"
                      "RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<\xC3\xBC@b.example>\r\n")) ==
          std::vector{250, 250, 250, 553, 250, 250, 553});
}

// --- put off ---

namespace {

// Puts off one kind of command and looks at what it was given as late as possible.
struct waiting_handler : full_recorder {
    int kind = 0;
    std::string_view view;
    using full_recorder::on;
    template <class C>
    reply put_off(int k, C const& c, std::string_view v) {
        reply const r = full_recorder::on(c);
        if (kind != k) return r;
        view = v;
        return reply::later;
    }
    reply on(ehlo::cmd::hello const& c) { return put_off(0, c, c.name.text); }
    reply on(ehlo::cmd::mail const& c) { return put_off(1, c, c.from.address()); }
    reply on(ehlo::cmd::rcpt const& c) { return put_off(2, c, c.to.address()); }
    reply on(ehlo::cmd::vrfy const& c) { return put_off(c.verb == ehlo::verb::vrfy ? 3 : 4, c, c.string); }
    reply on(ehlo::cmd::noop const& c) { return put_off(c.verb == ehlo::verb::help ? 5 : 6, c, c.argument); }
    reply on(ehlo::cmd::data const& c) { return put_off(7, c, {}); }
    reply on(ehlo::end_of_content const& e) { return put_off(8, e, {}); }
};

}  // namespace

TEST_CASE("server: a handler may put off any answer") {
    std::string const session = "EHLO me.example\r\nMAIL FROM:<a@b.example> SIZE=10\r\nRCPT TO:<c@d.example>\r\n"
                                "VRFY postmaster\r\nEXPN staff\r\nHELP me\r\nNOOP x\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    // The octets of each command, in order of `kind`, and what its views hold.
    struct {
        std::string_view octets, view, refusal;
    } const commands[] = {
        {"EHLO me.example\r\n", "me.example", "550 5.7.1 No"},
        {"MAIL FROM:<a@b.example> SIZE=10\r\n", "a@b.example", "451 4.7.1 Later"},
        {"RCPT TO:<c@d.example>\r\n", "c@d.example", "450 4.2.0 Busy"},
        {"VRFY postmaster\r\n", "postmaster", "550 5.1.1 Nobody"},
        {"EXPN staff\r\n", "staff", "550 5.1.1 Nobody"},
        {"HELP me\r\n", "me", "504 5.5.4 No help"},
        {"NOOP x\r\n", "x", "421 4.3.0 Enough"},
        {"DATA\r\n", "", "554 5.7.1 No"},
        {".\r\n", "", "554 5.6.0 No"},
    };
    loop<with_expn, full_recorder> plain;
    plain.feed(session);
    REQUIRE(codes(plain.output) == std::vector{220, 250, 250, 250, 250, 250, 214, 250, 354, 250, 221});

    for (int kind = 0; kind < 9; ++kind) {
        for (std::size_t const piece : {std::size_t{1}, std::size_t{3}, session.size()}) {
            CAPTURE(kind, piece);
            auto const& command = commands[static_cast<unsigned>(kind)];
            with_expn s("mx.example.org");
            waiting_handler h;
            h.kind = kind;
            // The input stands still in memory, as a ring buffer or a large array would hold it.
            std::string const input = session;
            std::string output;
            std::size_t used = 0, received = 0;
            int waits = 0;
            want w = want::read;
            for (int round = 0; round < 10000 && w != want::close; ++round) {
                exact out(2000);
                auto const take = [&](ehlo::step const& did) {
                    used += did.consumed;
                    output += out.view().substr(0, did.produced);
                    w = did.want;
                };
                std::string_view const in = std::string_view(input).substr(used, received - used);
                take(s.advance(in, h, out.span()));
                if (w == want::reply) {
                    ++waits;
                    state const where = s.where();
                    std::size_t const calls = h.log.size();
                    received = input.size();  // everything else comes meanwhile
                    std::string_view const more = std::string_view(input).substr(used, received - used);
                    // Waiting, it neither consumes nor writes nor asks, whatever comes.
                    for (std::string_view const text : {more, more.substr(0, 1), ""sv}) {
                        ehlo::step const idle = s.advance(text, h, out.span());
                        CHECK((idle.consumed == 0 && idle.produced == 0 && idle.want == want::reply));
                    }
                    CHECK(h.log.size() == calls);
                    CHECK(s.where() == where);
                    CHECK(more.starts_with(command.octets));
                    CHECK(h.view == command.view);
                    if (!h.view.empty()) {
                        CHECK(h.view.data() >= more.data());
                        CHECK(h.view.data() + h.view.size() <= more.data() + command.octets.size());
                    }
                    // Too little room changes nothing.
                    ehlo::step did = s.answer(ehlo::replies::ok, h, out.span().first(1023));
                    CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::room));
                    reply const yes = kind == 5 ? ehlo::replies::help
                                      : kind == 7 ? ehlo::replies::start_content
                                      : kind == 1 ? ehlo::replies::sender_ok
                                      : kind == 2 ? ehlo::replies::recipient_ok
                                      : kind == 8 ? ehlo::replies::message_accepted
                                      : kind == 3 || kind == 4 ? reply("250 2.1.5 Somebody")
                                                               : ehlo::replies::ok;
                    // A copy of the session refuses; the session itself accepts.
                    with_expn other = s;
                    waiting_handler h2 = h;
                    exact out2(2000);
                    auto const no = [&] {
                        reply r(static_cast<unsigned>(std::stoi(std::string(command.refusal.substr(0, 3)))),
                                command.refusal.substr(10));
                        return r;
                    }();
                    did = other.answer(no, h2, out2.span());
                    CHECK(did.consumed == command.octets.size());
                    CHECK(code_of_last(out2.view().substr(0, did.produced)) == static_cast<int>(no.code));
                    CHECK(did.want == (no.code == 421 ? want::close : want::read));
                    CHECK(other.where() == (no.code == 421 ? state::closed : kind == 8 ? state::ready : where));

                    did = s.answer(yes, h, out.span());
                    CHECK(did.consumed == command.octets.size());
                    take(did);
                    // Nothing waits any more.
                    did = s.answer(yes, h, out.span());
                    CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::read));
                } else if (w == want::read) {
                    received = (std::min)(received + piece, input.size());
                }
            }
            CHECK(waits == 1);
            CHECK(used == session.size());
            CHECK(output == plain.output);
            CHECK(h.log == plain.handler.log);
        }
    }
}

TEST_CASE("server: answering when nothing waits does nothing, in every state") {
    for (std::string_view const before : {""sv, to_ready, to_mail, to_rcpt, to_data}) {
        loop<ehlo::server, full_recorder> l;
        exact out(2000);
        if (!before.empty()) l.feed(before);
        std::size_t const calls = l.handler.log.size();
        state const where = l.server.where();
        ehlo::step const did = l.server.answer(ehlo::replies::ok, l.handler, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::read));
        CHECK(l.handler.log.size() == calls);
        CHECK(l.server.where() == where);
    }
    loop<ehlo::server, full_recorder> l;
    l.feed("QUIT\r\n");
    exact out(2000);
    ehlo::step const did = l.server.answer(ehlo::replies::ok, l.handler, out.span());
    CHECK((did.produced == 0 && did.want == want::close));
}

TEST_CASE("server: what waits is forgotten when the session ends") {
    waiting_handler h;
    h.kind = 2;
    exact out(4000);
    auto const wait = [&] {
        ehlo::server s("mx.example.org");
        h.log.clear();
        h.abandoned = 0;
        REQUIRE(s.advance(to_rcpt, h, out.span()).want == want::reply);
        return s;
    };
    SECTION("lost") {
        ehlo::server s = wait();
        s.disconnected(h);
        CHECK(s.where() == state::closed);
        CHECK(h.abandoned == 1);
        ehlo::step const did = s.answer(ehlo::replies::ok, h, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::close));
        CHECK(s.advance("RCPT TO:<c@d.example>\r\n", h, out.span()).want == want::close);
    }
    SECTION("shut down") {
        ehlo::server s = wait();
        ehlo::step did = s.shut_down(h, out.span());
        CHECK(out.view().substr(0, did.produced) == "421 4.3.2 Shutting down, closing the channel\r\n");
        CHECK(h.abandoned == 1);
        std::size_t const calls = h.log.size();
        // The late answer must not be sent after the 421.
        did = s.answer(ehlo::replies::ok, h, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::close));
        CHECK(h.log.size() == calls);
        CHECK(h.abandoned == 1);
    }
    SECTION("later again") {
        ehlo::server s = wait();
        ehlo::step const did = s.answer(reply::later, h, out.span());
        CHECK(out.view().substr(0, did.produced) == "451 4.3.0 Error in processing, try again later\r\n");
        CHECK(s.where() == state::mail);
    }
}

TEST_CASE("server: SMTPUTF8 of a MAIL that was put off counts when it is accepted, and only then") {
    for (bool const accepted : {true, false}) {
        waiting_handler h;
        h.kind = 1;
        exact out(4000);
        ehlo::server s("mx.example.org");
        std::string const first = "EHLO me\r\nMAIL FROM:<\xC3\xBC@b.example> SMTPUTF8\r\n";
        REQUIRE(s.advance(first, h, out.span()).want == want::reply);
        (void)s.answer(accepted ? ehlo::replies::ok : ehlo::replies::try_later, h, out.span());
        h.kind = -1;
        if (!accepted) (void)s.advance("MAIL FROM:<a@b.example>\r\n", h, out.span());
        ehlo::step const did = s.advance("RCPT TO:<\xC3\xBC@d.example>\r\n", h, out.span());
        CHECK(code_of_last(out.view().substr(0, did.produced)) == (accepted ? 250 : 553));
    }
}

// --- what handlers must not say ---

namespace {

struct liar : full_recorder {
    reply hello = ehlo::replies::ok, mail = ehlo::replies::ok, rcpt = ehlo::replies::ok, vrfy = ehlo::replies::ok,
          noop = ehlo::replies::ok, data = ehlo::replies::start_content, end = ehlo::replies::ok;
    using full_recorder::on;
    reply on(ehlo::cmd::hello const&) { return hello; }
    reply on(ehlo::cmd::mail const&) { return mail; }
    reply on(ehlo::cmd::rcpt const&) { return rcpt; }
    reply on(ehlo::cmd::vrfy const&) { return vrfy; }
    reply on(ehlo::cmd::noop const&) { return noop; }
    reply on(ehlo::cmd::data const&) { return data; }
    reply on(ehlo::end_of_content const&) { return end; }
};
struct lie {
    reply liar::*where;
    std::string_view before, line;
};
constexpr lie lies[] = {
    {&liar::hello, "", "EHLO me\r\n"},        {&liar::hello, to_mail, "EHLO me\r\n"}, {&liar::hello, to_mail, "HELO me\r\n"},
    {&liar::mail, to_ready, "MAIL FROM:<>\r\n"}, {&liar::rcpt, to_mail, "RCPT TO:<a@b>\r\n"},
    {&liar::rcpt, to_rcpt, "RCPT TO:<a@b>\r\n"}, {&liar::vrfy, to_mail, "VRFY a\r\n"}, {&liar::noop, to_mail, "NOOP\r\n"},
    {&liar::data, to_rcpt, "DATA\r\n"},       {&liar::end, to_data, ".\r\n"},
};

}  // namespace

namespace {

constexpr std::string_view usual_354 = "354 Start mail input; end with <CRLF>.<CRLF>\r\n";

// What goes out in place of a reply that cannot: its code, with a status of its class where there are any, and no text.
std::string bare_reply(unsigned code, bool plain) {
    std::string const text = std::to_string(code);
    if (code == 421) return plain ? "421 Shutting down, closing the channel\r\n" : "421 4.0.0 Shutting down, closing the channel\r\n";
    return plain || code / 100 == 3 ? text + " \r\n" : text + " " + text[0] + ".0.0\r\n";
}

}  // namespace

TEST_CASE("server: RFC 5321 4.2: a reply that cannot be sent keeps its code, and the fault is told") {
    std::string const endless(3000, 'x'), just_too_long(1013, 'y');
    struct unfit {
        std::string_view text;
        ehlo::status enhanced;
        ehlo::errc fault;
        std::uint32_t at;
    };
    unfit const all[] = {
        {"CR\rin it", {}, ehlo::errc::unsafe_octet, 2},
        {"LF\nin it", {}, ehlo::errc::unsafe_octet, 2},
        {"a\r\n250 smuggled", {}, ehlo::errc::unsafe_octet, 1},
        {"NUL\0in it"sv, {}, ehlo::errc::unsafe_octet, 3},
        {endless, {}, ehlo::errc::output_full, 0},
        {just_too_long, {}, ehlo::errc::output_full, 0},
    };
    for (lie const& l : lies) {
        bool const is_data = l.where == &liar::data, is_end = l.where == &liar::end, is_hello = l.where == &liar::hello;
        for (unsigned const code : {200u, 250u, 251u, 354u, 421u, 450u, 451u, 452u, 500u, 521u, 550u, 554u, 559u}) {
            if (code / 100 == (is_data ? 2 : 3)) continue;
            for (unfit const& u : all) {
                CAPTURE(l.line, l.before, code, u.text.substr(0, 20));
                loop<ehlo::server, liar> s;
                s.feed(l.before);
                state const where = s.server.where();
                bool const open = in_transaction(where), yes = code < 400;
                s.handler.*l.where = reply(code, u.enhanced, u.text);
                std::string const said = s.say(l.line);
                ehlo::answered const& told = s.handler.answers.back();
                if (is_hello && yes) {  // whose text is not the handler's
                    CHECK(said.starts_with("250"));
                    CHECK_FALSE(told.fault.has_value());
                    CHECK(told.sent.code == 250);
                    continue;
                }
                CHECK(said == bare_reply(code, is_hello));
                REQUIRE(told.fault.has_value());
                CHECK(name(told.fault->code) == name(u.fault));
                CHECK(blame_of(told.fault->code) == ehlo::blame::misuse);
                CHECK(told.fault->at == u.at);
                CHECK(told.sent.code == code);
                CHECK(s.closed == (code == 421));
                // It counts as what it said.
                CHECK(s.handler.abandoned == (code == 421 ? open : is_end && !yes));
                if (code == 421) CHECK(s.server.where() == state::closed);
                else if (!yes) CHECK(s.server.where() == (is_end ? state::ready : where));
                else if (is_end) CHECK(s.server.where() == state::ready);
            }
        }
        // The longest that goes: 1,024 octets on the wire.
        std::string const longest(is_hello ? 1012 : 1000, 'z');
        loop<ehlo::server, liar> s;
        s.feed(l.before);
        s.room = ehlo::server::reply_space;
        s.handler.*l.where = reply(554, longest);
        std::string const said = s.say(l.line);
        CAPTURE(l.line);
        CHECK(said.size() == 1024);
        CHECK(codes(said) == std::vector{554});
        CHECK_FALSE(s.handler.answers.back().fault.has_value());
    }
}

TEST_CASE("server: RFC 5321 4.2.1: a status of another class gives way to that of the code") {
    struct {
        reply said;
        std::string_view sent;
    } const cases[] = {
        {reply(550, ehlo::status{2, 0, 0}, "class"), "550 5.0.0\r\n"},
        {reply(450, ehlo::status{5, 1, 1}, "class"), "450 4.0.0\r\n"},
        {reply(250, ehlo::status{4, 0, 0}, "class"), "250 2.0.0\r\n"},
        {reply(550, ehlo::status{5, 1000, 0}, "status"), "550 5.0.0\r\n"},
        // A good one stays where only the text is bad.
        {reply(550, ehlo::status{5, 1, 1}, "a\nb"), "550 5.1.1\r\n"},
    };
    for (lie const& l : lies) {
        if (l.where == &liar::hello) continue;  // has none
        for (auto const& c : cases) {
            if (l.where == &liar::data && c.said.code == 250) continue;
            CAPTURE(l.line, c.sent);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = c.said;
            CHECK(s.say(l.line) == c.sent);
            REQUIRE(s.handler.answers.back().fault.has_value());
            CHECK(blame_of(s.handler.answers.back().fault->code) == ehlo::blame::misuse);
            CHECK(codes(s.output).back() == s.handler.answers.back().sent.code);
        }
    }
}

TEST_CASE("server: RFC 5321 4.3.2: a reply of a class that the command cannot have says neither yes nor no, but to DATA") {
    for (lie const& l : lies) {
        bool const is_data = l.where == &liar::data, is_hello = l.where == &liar::hello;
        std::vector<reply> impossible = {reply(199, "code"), reply(600, "code"), reply(1250, "code"), reply(65535, "code"), reply(1, "x")};
        if (!is_data) impossible.insert(impossible.end(), {ehlo::replies::start_content, reply(355, "odd"), reply(354, ehlo::status{3, 0, 0}, "x")});
        for (reply const& r : impossible) {
            CAPTURE(l.line, r.code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            state const where = s.server.where();
            s.handler.*l.where = r;
            CHECK(s.say(l.line) == (is_hello ? "451 Error in processing, try again later\r\n"
                                             : "451 4.3.0 Error in processing, try again later\r\n"));
            CHECK(s.handler.answers.back().fault == std::optional(ehlo::fail(ehlo::errc::bad_value, 0)));
            // The content has been read: that cannot be undone. All else stays as it was.
            CHECK(s.server.where() == (l.where == &liar::end ? state::ready : where));
            CHECK(s.handler.abandoned == (l.where == &liar::end ? 1 : 0));
            s.handler.*l.where = is_data ? ehlo::replies::start_content : ehlo::replies::ok;
            if (l.where != &liar::end) CHECK(codes(s.say(l.line)).front() == (is_data ? 354 : 250));
        }
        if (!is_data) continue;
        for (reply const& yes : {ehlo::replies::ok, reply(299, "odd"), reply(200, "a\nb")}) {
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.data = yes;
            CHECK(s.say("DATA\r\n") == usual_354);
            CHECK(s.server.where() == state::content);
            CHECK(s.handler.answers.back().fault == std::optional(ehlo::fail(ehlo::errc::bad_value, 0)));
            CHECK(s.handler.answers.back().sent.code == 354);
        }
    }
}

TEST_CASE("server: RFC 5321 4.2: a code of whatever digits keeps its first one") {
    for (lie const& l : lies)
        for (unsigned const code : {260u, 298u, 461u, 471u, 499u, 560u, 571u, 599u}) {
            if (code < 300 && l.where == &liar::data) continue;
            CAPTURE(l.line, code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = reply(code, "odd");
            std::string const said = s.say(l.line);
            CHECK(static_cast<unsigned>(said[0] - '0') == code / 100);
            CHECK(s.handler.answers.back().sent.code / 100 == code / 100);
            CHECK(codes(said) == std::vector{static_cast<int>(s.handler.answers.back().sent.code)});
        }
}

TEST_CASE("server: RFC 2034 4: a reply without a status gets X.0.0, but for the greeting, EHLO and 3yz") {
    for (lie const& l : lies) {
        for (unsigned const code : {250u, 421u, 450u, 550u}) {
            if (l.where == &liar::data && code == 250) continue;
            CAPTURE(l.line, code);
            std::string const number = std::to_string(code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = reply(code, "So be it");
            std::string const said = s.say(l.line);
            if (l.where != &liar::hello) CHECK(said == number + " " + number[0] + ".0.0 So be it\r\n");
            else if (code == 250) CHECK(said.starts_with(l.line[0] == 'E' ? "250-mx.example.org\r\n" : "250 mx.example.org\r\n"));
            else CHECK(said == number + " So be it\r\n");
            CHECK_FALSE(s.handler.answers.back().fault.has_value());
            if (l.where != &liar::hello) CHECK(s.handler.answers.back().sent.enhanced == ehlo::status{static_cast<std::uint8_t>(code / 100), 0, 0});
            // One that stands in the text is one.
            if (l.where == &liar::hello) continue;
            loop<ehlo::server, liar> t;
            t.feed(l.before);
            std::string const text = std::string(1, number[0]) + ".7.1 No";
            t.handler.*l.where = reply(code, text);
            CHECK(t.say(l.line) == number + " " + text + "\r\n");
            CHECK(t.handler.answers.back().sent.enhanced == ehlo::status{static_cast<std::uint8_t>(code / 100), 7, 1});
        }
    }
    // Every line of a reply has it.
    loop<ehlo::server, liar> s;
    s.feed(to_mail);
    std::string const two_lines(600, 'x');
    s.handler.rcpt = reply(550, two_lines);
    std::string const said = s.say("RCPT TO:<a@b>\r\n");
    CHECK(said.starts_with("550-5.0.0 x"));
    CHECK(said.find("\r\n550 5.0.0 x") != said.npos);
    s.handler.data = reply(354, "go");
    s.handler.rcpt = ehlo::replies::ok;
    CHECK(s.say("RCPT TO:<a@b>\r\nDATA\r\n").ends_with("354 go\r\n"));
}

TEST_CASE("server: RFC 5321 4.1.1.1: an accepted EHLO is answered 250, whatever 2yz the handler said, and so it is told") {
    for (unsigned const code : {250u, 251u, 252u, 200u, 220u}) {
        for (std::string_view const line : {"EHLO me\r\n"sv, "HELO me\r\n"sv}) {
            loop<ehlo::server, liar> s;
            s.run();
            s.handler.hello = reply(code, ehlo::status{2, 0, 0}, "hello");
            CHECK(codes(s.say(line)) == std::vector{250});
            CHECK(s.handler.answers.back().sent == reply(250, ""));
            CHECK(s.server.where() == state::ready);
        }
    }
}

TEST_CASE("server: without ENHANCEDSTATUSCODES no reply has one") {
    using plain = ehlo::basic_server<with_offers(ehlo::extension::pipelining)>;
    loop<plain, liar> l;
    CHECK(l.say("EHLO me\r\n") == "250-mx.example.org\r\n250 PIPELINING\r\n");
    CHECK(l.say("XYZZY\r\n") == "500 no such command\r\n");
    CHECK(l.say("MAIL FROM:<> SIZE=1\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<> BODY=7BIT\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<> SMTPUTF8\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<>\r\n") == "250 OK\r\n");
    std::string const endless(3000, 'x');
    l.handler.rcpt = reply(550, ehlo::status{5, 1, 1}, endless);
    CHECK(l.say("RCPT TO:<a@b>\r\n") == "550 \r\n");
    using bare = ehlo::basic_server<with_offers({})>;
    loop<bare, liar> none;
    CHECK(none.say("EHLO me\r\n") == "250 mx.example.org\r\n");
    CHECK(none.say("HELO me\r\n") == "250 mx.example.org\r\n");
}

TEST_CASE("server: a server whose name is no domain says so in its greeting, and closes") {
    for (std::string_view const name : {"no_domain", "", "a b", "x\r\n250 y"}) {
        ehlo::server server(name);
        full_recorder handler;
        std::string out(ehlo::server::reply_space, ' ');
        ehlo::step const s = server.advance("EHLO me\r\n", handler, std::span<char>(out));
        CHECK(out.substr(0, s.produced) == "421 The name of this server is not a domain\r\n");
        CHECK(s.want == ehlo::want::close);
        CHECK(s.consumed == 0);
    }
}

namespace {
struct greeter : liar {
    using liar::on;
    reply greeting = "220 at your service";
    reply on(ehlo::connected const&) { return greeting; }
};
}  // namespace

TEST_CASE("server: the handler may greet, refuse all mail, or close (RFC 5321 3.1, RFC 7504)") {
    auto greet = [](reply const& r, std::string_view then) {
        ehlo::server server("mx.example.org");
        greeter handler;
        handler.greeting = r;
        std::string out(2 * ehlo::server::reply_space, ' ');
        ehlo::step const s = server.advance(then, handler, std::span<char>(out));
        return out.substr(0, s.produced) + std::string(name(server.where()));
    };
    CHECK(greet("220 at your service", "") == "220 mx.example.org at your service\r\ngreeted");
    CHECK(greet("220", "") == "220 mx.example.org\r\ngreeted");
    CHECK(greet("521 never", "QUIT\r\n") == "521 never\r\n221 2.0.0 Closing the channel\r\nclosed");
    CHECK(greet("421 too busy", "QUIT\r\n") == "421 too busy\r\nclosed");
    // What is no greeting is replaced.
    for (reply const& r : {reply(250, "x"), reply(354, "x"), reply(199, "x"), reply(600, "x"), reply(99, "x"), reply::later})
        CHECK(greet(r, "QUIT\r\n") == "421 Error in processing, try again later\r\nclosed");
    // One whose text cannot be sent keeps its code.
    std::string const endless(3000, 'x'), long_name_and_text(600, 'x');
    for (std::string_view const text : {"a\r\nb"sv, "NUL\0"sv, std::string_view(endless)}) {
        CHECK(greet(reply(220, text), "") == "220 mx.example.org ESMTP ready\r\ngreeted");
        CHECK(greet(reply(554, text), "") == "554 \r\nrefused");
        CHECK(greet(reply(521, text), "") == "521 \r\nrefused");
        CHECK(greet(reply(450, text), "") == "450 \r\nrefused");
        CHECK(greet(reply(421, text), "") == "421 Shutting down, closing the channel\r\nclosed");
    }
    CHECK(greet(reply(220, long_name_and_text), "") == "220 mx.example.org ESMTP ready\r\ngreeted");
    CHECK(greet(reply(554, long_name_and_text), "").ends_with("\r\nrefused"));
}

TEST_CASE("server: RFC 5321 4.2: what is wrong with a greeting is told") {
    struct {
        reply said;
        std::optional<ehlo::failure> fault;
    } const cases[] = {
        {"220 hello", std::nullopt},
        {"554 5.3.2 no", std::nullopt},
        {reply(250, "x"), ehlo::fail(ehlo::errc::bad_value, 0)},
        {reply::later, ehlo::fail(ehlo::errc::bad_value, 0)},
        {reply(220, "a\nb"), ehlo::fail(ehlo::errc::unsafe_octet, 1)},
        {reply(554, "ab\rb"), ehlo::fail(ehlo::errc::unsafe_octet, 2)},
    };
    for (auto const& c : cases) {
        loop<ehlo::server, greeter> l;
        l.handler.greeting = c.said;
        l.run();
        CHECK(l.handler.answers.at(0).fault == c.fault);
        CHECK(codes(l.output) == std::vector{static_cast<int>(l.handler.answers.at(0).sent.code)});
    }
}

TEST_CASE("server: RFC 5321 3.1: when the greeting refused, everything but QUIT is 503") {
    auto refused = [] {
        loop<ehlo::server, greeter> l;
        l.handler.greeting = "554 5.3.2 No SMTP service here";
        l.run();
        return l;
    };
    for (spelled const& command : lines) {
        CAPTURE(command.line);
        auto l = refused();
        std::size_t const calls = l.handler.log.size();
        std::string const said = l.say(command.line);
        if (command.is == move::quit) {
            CHECK(said == "221 2.0.0 Closing the channel\r\n");
            CHECK(l.closed);
            continue;
        }
        CHECK(codes(said) == std::vector{503});
        CHECK(l.server.where() == state::refused);
        CHECK(l.handler.log.size() == calls + 1);  // only `answered`
    }
    for (std::string_view const line : {"LHLO me\r\n"sv, "STARTTLS\r\n"sv, "AUTH PLAIN\r\n"sv, "\r\n"sv, "EHLO\r\n"sv, "XCLIENT NAME=x\r\n"sv})
        CHECK(codes(refused().say(line)) == std::vector{503});
    // A chunk is passed over.
    for (std::string_view const chunk : {"BDAT 6\r\nQUIT\r\n"sv, "BDAT 6 LAST\r\nQUIT\r\n"sv, "BDAT 0 LAST\r\n"sv, "bdat 3\r\nabc"sv}) {
        auto l = refused();
        l.feed(std::string(chunk) + "NOOP\r\n", octets());
        CHECK(codes(l.output) == std::vector{554, 503, 503});
        CHECK(l.server.where() == state::refused);
    }
    CHECK(codes(refused().say("QUIT now\r\nQUIT\r\n")) == std::vector{501, 221});
}

TEST_CASE("server: RFC 2920 3.1: what was sent together with a command that is refused is no error of the client") {
    // 200 groups, each with a refusal that the client cannot foresee, and what it had sent after it.
    struct {
        std::string_view group;
        reply mail = ehlo::replies::ok, rcpt = ehlo::replies::ok;
    } const cases[] = {
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", "550 5.7.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", "450 4.7.1 not now"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", ehlo::replies::ok, "550 5.1.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", ehlo::replies::ok, "451 4.1.1 not now"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=NEVER\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b> X-NEW\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b> SIZE=99999999999\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\nabcRSET\r\n", "550 5.7.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\nabcRSET\r\n", ehlo::replies::ok, "550 5.1.1 no"},
        // Without the RSET, which no RFC asks for.
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "550 5.7.1 no"},
    };
    auto const run = [&]<class Server>(std::type_identity<Server>, std::string_view hello) {
        for (auto const& c : cases) {
            CAPTURE(c.group);
            loop<Server, liar> l;
            l.say(hello);
            l.handler.mail = c.mail;
            l.handler.rcpt = c.rcpt;
            std::string all;
            for (int i = 0; i < 200; ++i) all += c.group;
            std::string const said = l.say(all);
            CHECK(said.find("421") == said.npos);
            CHECK_FALSE(l.closed);
        }
    };
    run(std::type_identity<ehlo::server>{}, "EHLO me\r\n");
    run(std::type_identity<ehlo::basic_server<for_lmtp()>>{}, "LHLO me\r\n");
    // Each line that is wrong by itself counts, and only that one.
    struct {
        std::string_view group;
        int counted;
    } const counted[] = {
        {"MAIL FROM:a@b\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", 1},
        {"MAIL FROM:<a@b>\r\nRCPT TO:c@d\r\nDATA\r\nRSET\r\n", 1},
        {"MAILFROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", 1},
        {"NOOP\r\nRCPT TO:<c@d>\r\nDATA\r\n", 2},                      // out of the blue
        {"MAIL FROM:<a@b>\r\nDATA\r\nRSET\r\n", 1},                    // nothing was refused
        {"VRFY\r\nDATA\r\n", 2},                                       // VRFY ends a group
        {"RSET\r\nBDAT 1\r\nxBDAT 1\r\nx", 2},
    };
    for (auto const& c : counted) {
        CAPTURE(c.group);
        loop<ehlo::basic_server<with_errors(1000)>, liar> l;
        l.say("EHLO me\r\n");
        int groups = 0;
        while (!l.closed && groups < 2000) {
            l.feed(c.group);
            ++groups;
        }
        CHECK(l.closed);
        CHECK(groups == (1000 + c.counted - 1) / c.counted);
    }
}

TEST_CASE("server: RFC 5321 3.8: a last word that cannot be said becomes the usual 421") {
    constexpr std::string_view usual = "421 4.3.2 Shutting down, closing the channel\r\n";
    std::string const endless(3000, 'x'), long_line(1000, 'x');
    struct {
        reply said;
        std::size_t room;
        std::string_view sent;
    } const cases[] = {
        {reply(250, "fine"), 1024, usual},
        {reply::later, 1024, usual},
        {reply(354, "go"), 1024, usual},
        {reply(600, "go"), 1024, usual},
        {reply(421, "a\nb"), 1024, usual},
        {reply(554, "a\nb"), 1024, usual},
        {reply(421, ehlo::status{5, 0, 0}, "class"), 1024, usual},
        {reply(421, endless), 1024, "421 4.0.0 Shutting down, closing the channel\r\n"},
        {reply(421, ehlo::status{4, 3, 1}, endless), 8192, "421 4.3.1 Shutting down, closing the channel\r\n"},
        {reply(554, endless), 1024, "554 5.0.0\r\n"},
        // It has no room.
        {reply(421, long_line), 100, "421 4.0.0 Shutting down, closing the channel\r\n"},
        {replies_long(), 60, usual},
        {ehlo::replies::shutting_down, usual.size(), usual},
        {ehlo::replies::shutting_down, usual.size() - 1, ""},
        {ehlo::replies::shutting_down, 0, ""},
    };
    for (auto const& c : cases) {
        CAPTURE(c.said.code, c.room);
        ehlo::server server("mx.example.org");
        liar handler;
        exact out(ehlo::server::reply_space), last(c.room);
        (void)server.advance("", handler, out.span());
        std::size_t const told = handler.answers.size();
        auto const s = server.shut_down(handler, last.span(), c.said);
        CHECK(last.view().substr(0, s.produced) == c.sent);
        CHECK(server.where() == state::closed);
        CHECK(s.want == want::close);
        // What was said is told, and nothing else.
        REQUIRE(handler.answers.size() == told + (c.sent.empty() ? 0 : 1));
        if (!c.sent.empty()) CHECK(codes(c.sent) == std::vector{static_cast<int>(handler.answers.back().sent.code)});
    }
}

TEST_CASE("server: 421 from a handler ends the session, wherever it is said") {
    for (lie const& l : lies) {
        CAPTURE(l.line, l.before);
        loop<ehlo::server, liar> s;
        s.feed(l.before);
        bool const open = in_transaction(s.server.where());
        s.handler.*l.where = "421 4.3.2 Going down";
        std::string const said = s.say(std::string(l.line) + "NOOP\r\n");
        CHECK(said == (l.where == &liar::hello ? "421 Going down\r\n" : "421 4.3.2 Going down\r\n"));
        CHECK(s.closed);
        CHECK(s.server.where() == state::closed);
        CHECK(s.handler.abandoned == (open ? 1 : 0));
        CHECK(s.pending == "NOOP\r\n");
    }
}

// --- the optional hooks ---

TEST_CASE("server: each dropped transaction is abandoned once, each reply is told once") {
    struct {
        std::string_view input;
        int abandoned;
    } const cases[] = {
        {"RSET\r\n", 0},
        {to_ready, 0},
        {to_mail, 0},
    };
    for (auto const& c : cases) {
        loop<ehlo::server, full_recorder> l;
        l.feed(c.input);
        CHECK(l.handler.abandoned == c.abandoned);
    }
    for (std::string_view const before : {to_mail, to_rcpt}) {
        for (std::string_view const line : {"RSET\r\n"sv, "EHLO me\r\n"sv, "HELO me\r\n"sv, "QUIT\r\n"sv}) {
            loop<ehlo::server, full_recorder> l;
            l.feed(before);
            l.say(line);
            CHECK(l.handler.abandoned == 1);
            CHECK(l.handler.log.back().starts_with("answered "));
            l.say(line);
            CHECK(l.handler.abandoned == 1);
        }
        for (std::string_view const line :
             {"NOOP\r\n"sv, "EHLO -me\r\n"sv, "EHLO refused.example\r\n"sv, "RSET x\r\n"sv, "QUIT x\r\n"sv,
              "RCPT TO:<refused@x>\r\n"sv, "MAIL FROM:<>\r\n"sv, "VRFY x\r\n"sv, "XYZZY\r\n"sv}) {
            loop<ehlo::server, full_recorder> l;
            l.feed(before);
            state const where = l.server.where();
            l.say(line);
            CHECK(l.handler.abandoned == 0);
            CHECK(l.server.where() == where);
        }
    }
    SECTION("content that is refused") {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(to_data) + "refused\r\n.\r\n");
        CHECK(codes(l.output).back() == 550);
        CHECK(l.handler.abandoned == 1);
        CHECK(l.server.where() == state::ready);
        l.feed("RSET\r\n");
        CHECK(l.handler.abandoned == 1);
        CHECK(codes(l.say("MAIL FROM:<>\r\n")) == std::vector{250});
    }
    SECTION("every reply is told, in order, as it was sent") {
        generate::rng r(5);
        for (int round = 0; round < 100; ++round) {
            loop<patient, full_recorder> l;
            l.feed(random_session(r));
            std::vector<int> told;
            for (ehlo::answered const& a : l.handler.answers) told.push_back(a.sent.code);
            REQUIRE(told == codes(l.output));
        }
    }
}

TEST_CASE("server: shut down or cut off, in every state") {
    struct {
        std::string_view before;
        state where;
        bool open;
    } const cases[] = {
        {"", state::greeted, false},     {to_ready, state::ready, false}, {to_mail, state::mail, true},
        {to_rcpt, state::rcpt, true},    {to_data, state::content, true},    {"QUIT\r\n", state::closed, false},
    };
    for (auto const& c : cases) {
        CAPTURE(c.before);
        loop<ehlo::server, full_recorder> l;
        l.run();
        l.feed(c.before);
        REQUIRE(l.server.where() == c.where);
        loop<ehlo::server, full_recorder> lost = l;
        exact out(2000);
        ehlo::step const did = l.server.shut_down(l.handler, out.span());
        CHECK(did.want == want::close);
        CHECK(did.consumed == 0);
        CHECK(out.view().substr(0, did.produced) ==
              (c.where == state::closed ? "" : "421 4.3.2 Shutting down, closing the channel\r\n"));
        CHECK(l.server.where() == state::closed);
        CHECK(l.handler.abandoned == (c.open ? 1 : 0));
        CHECK(l.server.shut_down(l.handler, out.span()).produced == 0);
        l.server.disconnected(l.handler);
        CHECK(l.handler.abandoned == (c.open ? 1 : 0));
        ehlo::step const after = l.server.advance("EHLO me\r\n", l.handler, out.span());
        CHECK((after.consumed == 0 && after.produced == 0 && after.want == want::close));

        lost.server.disconnected(lost.handler);
        lost.server.disconnected(lost.handler);
        CHECK(lost.server.where() == state::closed);
        CHECK(lost.handler.abandoned == (c.open ? 1 : 0));
    }
    SECTION("before the greeting") {
        ehlo::server s("mx.example.org");
        full_recorder h;
        exact out(2000);
        ehlo::step const did = s.shut_down(h, out.span(), "421 4.3.2 Too busy");
        CHECK(out.view().substr(0, did.produced) == "421 4.3.2 Too busy\r\n");
        CHECK(did.want == want::close);
        ehlo::server other("mx.example.org");
        other.disconnected(h);
        CHECK(other.advance({}, h, out.span()).want == want::close);
    }
    SECTION("no room") {
        ehlo::server s("mx.example.org");
        full_recorder h;
        ehlo::step const did = s.shut_down(h, {});
        CHECK((did.produced == 0 && did.want == want::close));
    }
}

TEST_CASE("server: the least that a handler can be is enough") {
    loop<ehlo::server, recorder> l;
    l.feed(std::string(to_data) + "x\r\n.\r\nVRFY a\r\nEXPN a\r\nHELP\r\nNOOP\r\nRSET\r\nQUIT\r\n");
    CHECK(codes(l.output) == std::vector{220, 250, 250, 250, 354, 250, 252, 502, 214, 250, 250, 221});
}

TEST_CASE("server: what was tolerated in a command is told, however its octets come") {
    auto told = [](machine::pieces const& pieces) {
        loop<patient, full_recorder> l;
        l.server.tolerate(ehlo::leniency::all());
        l.feed("EHLO a_b.example\r\nMAIL FROM: <a@b.example>\r\nRCPT TO:c@d.example\r\nRCPT TO:<a@b.example>\r\nRSET\nQUIT\r\n", pieces);
        std::vector<ehlo::leniency> list;
        for (ehlo::answered const& a : l.handler.answers)
            if (a.event != ehlo::event::greeting) list.push_back(a.tolerated);
        return list;
    };
    using ehlo::rule;
    std::vector<ehlo::leniency> const expected{rule::underscore_in_domain, rule::space_after_colon, rule::missing_brackets, ehlo::strict,
                                               rule::bare_lf_line,         ehlo::strict};
    CHECK(told(machine::whole()) == expected);
    CHECK(told(machine::octets()) == expected);
}
