// The server machine against an independent model of RFC 5321's order of commands, and its promises to a handler.

#include "catch.hpp"

#include "serving.hpp"

#include <cstring>
#include <optional>
#include <type_traits>

namespace test_server {

namespace {

using namespace serving;

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
    w.down(s, h, model{}, TestType::rules.mail_modes || generate::tries_few ? 4 : 5);
    CAPTURE(w.first_wrong);
    CHECK(w.wrong == 0);
    CHECK(w.nodes > (generate::tries_few ? 5000 : 50000));
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

}  // namespace test_server
