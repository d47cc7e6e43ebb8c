// Commands and parameters of the user's own through a relay: passed on in their order, or answered here.
#include "own_handler.hpp"
#include "relaying.hpp"

namespace test_relay_own {

namespace {

using namespace machine;
using ehlo::direction;
using ehlo::errc;
using ehlo::extension;
using ehlo::relay_say;
using ehlo::state;
using ints = std::vector<int>;

using Relay = ehlo::relay_with<own::xtake, own::xstat, own::xpiece>;
using Server = ehlo::server_with<own::xtake, own::xstat, own::xpiece>;
using at_server = own::knows<reachable>;
static_assert(std::is_trivially_copyable_v<Relay> && sizeof(Relay) == sizeof(ehlo::relay));

std::string const hello = "EHLO client.example\r\n", login = "AUTH PLAIN AGEAYg==\r\n", rcpt = "RCPT TO:<bob@example.org>\r\n",
                  envelope = "MAIL FROM:<ann@client.example>\r\n" + rcpt, content = "DATA\r\nSubject: x\r\n\r\n..a\r\n.\r\n";
std::string const offers = "250-mx.example\r\n250-XTAKE\r\n250-PIPELINING\r\n250 XPIECE\r\n";

// It names the parameter, and says nothing of the commands: they go on.
struct knows_ticket {
    using own_mail_parameters = ehlo::own_parameters<own::x_ticket>;
};
using session = relayed_session<knows_ticket, at_server, Relay, Server>;

ehlo::policy server_rules() { return upstream_rules(extension::auth); }

void relay_everywhere(std::string const& script) {
    INFO(script);
    auto const direct = without_relay<at_server, Server>(server_rules(), script);
    auto const play = [&](auto&& feed) {
        session s(server_rules(), passing_rules());
        feed(s);
        check_alike(s, direct, true);
        std::erase_if(s.server.handler.log, [](std::string const& line) { return line.starts_with("content "); });
    };
    for (std::size_t cut = 0; cut <= script.size(); ++cut)
        play([&](session& s) {
            s.at_relay = script.substr(0, cut);
            s.settle();
            s.at_relay += script.substr(cut);
            s.settle();
        });
    generate::rng r(7);
    for (int i = 0; i < 20; ++i) play([&](session& s) { s.play(script, r, 1 + r.below(60)); });
}

TEST_CASE("relay: commands of one's own come to what they come to without it") {
    for (std::string const& script : {
             hello + "XTAKE q1\r\n" + rcpt + content + "QUIT\r\n",
             hello + "xTake q1\r\n" + rcpt + "BDAT 2 LAST\r\nhi" + envelope + content,
             hello + "MAIL FROM:<>\r\nXTAKE q1\r\n" + rcpt + "RSET\r\nXTAKE q2\r\n" + rcpt + content,
             hello + "XTAKE none\r\n" + rcpt + content + "XTAKE q\r\nXTAKE q\r\n",
             hello + "XTAKE\r\nXTAKE a-b\r\nXTAKE a\r\nRSET\r\n",
             hello + "XSTAT\r\n" + login + "XSTAT\r\nXSTAT all\r\nXTAKE q\r\nXSTAT\r\n" + rcpt + "XSTAT all\r\n" + content,
             hello + "XPIECE a\r\nNOOP\r\nXPIECE b\r\nXPIECE bad\r\nXPIECE c\r\n" + envelope + content,
             hello + "XTAK q\r\nXTAKES q\r\n" + login + "XSTAT wrong class\r\nNOOP\r\n",
             hello + "RSET\r\nXTAKE q\r\n" + rcpt + "RCPT TO:<refused@a.b>\r\nXPIECE a\r\n" + content,
             hello + "XTAKE q\r\n" + rcpt + hello + rcpt + envelope + content,
             hello + "MAIL FROM:<a@b> X-TICKET=12\r\nRSET\r\nMAIL FROM:<a@b> X-TICKET=1x\r\nMAIL FROM:<a@b> X-OTHER=1\r\n" + rcpt,
             hello + "XTAKE \tBDAT\r\nNOOP\r\n", hello + "XTAKE x\rBDAT 5\r\nNOOP\r\n",
         })
        relay_everywhere(script);
}

TEST_CASE("relay: random dialogues with commands of one's own come to what they come to without it") {
    std::string const lines[] = {hello, rcpt, rcpt, rcpt, envelope, envelope + content, content, "RSET\r\n", "NOOP\r\n", login, "RCPT TO:<refused@a.b>\r\n", "BDAT 3\r\nabc",
                                 "BDAT 4 LAST\r\nNOOP", "XTAKE q\r\n", "XTAKE q\r\n", "XTAKE q\r\n" + rcpt + content, "XTAKE none\r\n", "XTAKE a-b\r\n", "XSTAT\r\n", "XSTAT all\r\n",
                                 "XPIECE a\r\n", "XPIECE bad\r\n", "MAIL FROM:<a@b> X-TICKET=12\r\n", "MAIL FROM:<a@b> X-TICKET=x\r\n", "FOO\r\n"};
    generate::rng r(11);
    for (int i = 0; i < 300; ++i) {
        std::string script = hello;
        for (std::size_t n = r.between(1, 20); n != 0; --n) script += lines[r.below(std::size(lines))];
        INFO(script);
        auto const direct = without_relay<at_server, Server>(server_rules(), script);
        for (int k = 0; k < 3; ++k) {
            session s(server_rules(), passing_rules());
            s.play(script, r, 1 + r.below(80));
            check_alike(s, direct, true);
        }
    }
}

TEST_CASE("relay: a command of one's own is offered if the server offers it") {
    scripted<as_it_is, Relay> s;
    CHECK(s.answer_to_hello("250-mx.example\r\n250-XOTHER\r\n250-xpiece\r\n250 PIPELINING\r\n") == "250-mx.example\r\n250-PIPELINING\r\n250 XPIECE\r\n");
    CHECK((s.relay.offers_own<own::xpiece>() && !s.relay.offers_own<own::xtake>() && s.relay.offers_own<own::xstat>()));
    s.heard.clear();
    s.sent.clear();
    s.from_client("XTAKE q\r\nXTAKE\r\nXPIECE a\r\n");
    CHECK(codes(s.heard) == ints{502, 502});
    CHECK(s.sent == "XPIECE a\r\n");
    // After HELO, and before anything, nothing is.
    scripted<as_it_is, Relay> plain;
    plain.from_client("XPIECE a\r\nHELO c\r\n");
    plain.from_server("250 mx.example\r\n");
    plain.from_client("XPIECE a\r\n");
    CHECK(codes(plain.heard) == ints{220, 502, 250, 502});
    CHECK(plain.sent == "HELO c\r\n");
    // A relay that does not know them lets none pass.
    scripted<as_it_is> unknown;
    CHECK(unknown.answer_to_hello(offers) == "250-mx.example\r\n250 PIPELINING\r\n");
    unknown.heard.clear();
    unknown.from_client("XPIECE a\r\nMAIL FROM:<a@b> X-TICKET=1\r\n");
    CHECK(codes(unknown.heard) == ints{500, 555});
}

TEST_CASE("relay: a reply to a command of one's own is of a class that its row has") {
    struct row {
        char const *command, *reply;
        bool passes;
    };
    for (row const& c : {row{"XTAKE q\r\n", "250 ok\r\n", true}, {"XTAKE q\r\n", "354 go\r\n", false}, {"XPIECE a\r\n", "350 more\r\n", true}, {"XPIECE a\r\n", "258 all\r\n", true},
                         {"XPIECE a\r\n", "550 no\r\n", true}, {"XTAKE q\r\n", "250 ok\r\n250 ok\r\n", false}}) {
        INFO(c.command << c.reply);
        scripted<as_it_is, Relay> s;
        s.answer_to_hello(offers);
        s.heard.clear();
        s.from_client(c.command);
        s.from_server(c.reply);
        CHECK((s.heard == c.reply) == c.passes);
        CHECK((s.wants[1] == ehlo::relay_want::close) != c.passes);
    }
}

TEST_CASE("relay: what follows a command of one's own waits for its reply, RFC 2920 3.1") {
    scripted<as_it_is, Relay> s;
    s.answer_to_hello(offers);
    s.sent.clear();
    s.from_client("RSET\r\nXTAKE q\r\n" + rcpt + "XTAKE r\r\n");
    CHECK(s.sent == "RSET\r\nXTAKE q\r\n");
    CHECK(s.wants[0] == ehlo::relay_want::other);
    CHECK(s.relay.awaits() == ehlo::event::rset);
    s.from_server("250 ok\r\n");
    CHECK(s.relay.awaits() == ehlo::event::own0);
    CHECK(s.sent == "RSET\r\nXTAKE q\r\n");
    s.heard.clear();
    s.from_server("550 no\r\n");
    CHECK(codes(s.heard) == ints{550, 503});   // the RCPT; XTAKE goes on
    CHECK(s.sent == "RSET\r\nXTAKE q\r\nXTAKE r\r\n");
}

// It says something of each.
struct edits {
    std::vector<ehlo::answered> answers{};
    std::vector<std::string> log{};
    relay_say on(own::take_over const& t) {
        log.emplace_back(t.queue);
        if (t.queue == "mine") return "250 2.0.0 Yours";   // the server's to say
        if (t.queue == "closed") return "550 5.7.1 Closed";
        if (t.queue == "bad") return relay_say::instead("XTAKE a-b");
        if (t.queue == "other") return relay_say::instead("XPIECE a");
        if (t.queue == "mail") return relay_say::instead("MAIL FROM:<>");
        return t.queue == "old" ? relay_say::instead("XTAKE new") : relay_say();
    }
    relay_say on(own::piece const& p) {
        if (p.octets == "later") return log.empty() ? log.emplace_back("later"), ehlo::reply::later : ehlo::reply("250 2.0.0 Had it");
        return p.octets == "here" ? relay_say("250 2.0.0 Had it") : p.octets == "more" ? relay_say(ehlo::reply(350, "Another one")) : relay_say();
    }
    void on(ehlo::answered const& a) {
        answers.push_back(a);
        answers.back().line = {};
    }
};
TEST_CASE("relay: a command of one's own is refused, edited or answered by the handler") {
    scripted<edits, Relay> s;
    s.answer_to_hello(offers);
    s.sent.clear();
    s.heard.clear();
    s.from_client("XTAKE closed\r\nXTAKE mine\r\nXTAKE bad\r\nXTAKE other\r\nXTAKE mail\r\nXTAKE old\r\n");
    CHECK(codes(s.heard) == ints{550, 451, 451, 451, 451});
    CHECK(s.sent == "XTAKE new\r\n");
    s.from_server("250 ok\r\n");
    CHECK(s.relay.where() == state::mail);
    s.heard.clear();
    s.sent.clear();
    s.from_client("XPIECE here\r\nXPIECE more\r\nXPIECE on\r\n");
    CHECK(s.heard == "250 Had it\r\n350 Another one\r\n");
    CHECK(s.sent == "XPIECE on\r\n");
    auto const& told = s.say.answers;
    REQUIRE(told.size() == 10);
    CHECK(told.back().event == ehlo::event::own2);
    CHECK(!told.back().fault);
    CHECK((told[3].fault && told[3].fault->code == errc::bad_value));
    CHECK(told[3].event == ehlo::event::own0);
    // In its turn, when what came before has its reply.
    s.from_server("250 ok\r\n");
    s.heard.clear();
    s.from_client(rcpt + "XPIECE here\r\n");
    CHECK(s.heard == "");
    s.from_server("250 first\r\n");
    CHECK(s.heard == "250 first\r\n250 Had it\r\n");
    s.say.log.clear();
    s.from_client("XPIECE later\r\n");
    CHECK(s.wants[0] == ehlo::relay_want::later);
    s.go(direction::from_client);
    CHECK(s.heard == "250 first\r\n250 Had it\r\n250 Had it\r\n");
}

// XSTAT and XPIECE end here.
struct answers_here {
    std::string seen{};
    ehlo::reply on(own::status_query const& q) {
        seen += std::string(q.what) + ";";
        return q.what == "bye" ? ehlo::reply("421 4.3.2 Enough") : ehlo::reply("211 2.0.0 Well");
    }
    ehlo::reply on(own::piece const& p) {
        seen += std::string(p.octets) + ";";
        return p.octets == "odd" ? ehlo::reply(150, "What") : ehlo::reply(350, "Another one");
    }
};
TEST_CASE("relay: it answers a command of one's own, whatever the server offers") {
    scripted<answers_here, Relay> s;
    CHECK(s.answer_to_hello("250-mx.example\r\n250-XTAKE\r\n250 AUTH CRAM-MD5\r\n") == "250-mx.example\r\n250-AUTH CRAM-MD5\r\n250-XTAKE\r\n250 XPIECE\r\n");
    s.sent.clear();
    s.heard.clear();
    s.from_client("XSTAT a\r\nXPIECE a\r\nXPIECE odd\r\nXPIECE\r\nXTAKE q\r\n");
    CHECK(codes(s.heard) == ints{530, 350, 451, 501});
    CHECK(s.sent == "XTAKE q\r\n");
    CHECK(s.say.seen == "a;odd;");
    s.relay.authenticated();
    s.from_client(rcpt + "XSTAT b\r\n");
    s.heard.clear();
    s.from_server("250 ok\r\n");
    CHECK(s.heard == "250 ok\r\n");       // RCPT went on, and XSTAT waits for its reply
    s.from_server("250 ok\r\n");
    CHECK(s.heard == "250 ok\r\n250 ok\r\n211 Well\r\n");
    CHECK(s.relay.where() == state::rcpt);
    s.from_client("XSTAT bye\r\n");
    CHECK(s.wants[0] == ehlo::relay_want::close);
    CHECK(s.heard.ends_with("211 Well\r\n421 Enough\r\n"));
}

TEST_CASE("relay: an answer to EHLO with no room for their keywords offers nothing") {
    ehlo::policy p = ehlo::relay_policy();
    p.reply_space = 1024;
    std::string const full = "250-mx.example\r\n250-BURL " + std::string(490, 'y') + "\r\n250-MT-PRIORITY " + std::string(470, 'z') + "\r\n250";
    scripted<as_it_is, Relay> s(p);
    std::string const without = s.answer_to_hello(full + " PIPELINING\r\n");
    REQUIRE(without.size() > 1000);
    REQUIRE(without.find("PIPELINING\r\n") != without.npos);
    scripted<as_it_is, Relay> t(p);
    CHECK(t.answer_to_hello(full + "-XTAKE\r\n250 PIPELINING\r\n") == "250 relay.example\r\n");
    CHECK(!t.relay.offers_own<own::xtake>());
    // What is answered here need not be named.
    scripted<answers_here, Relay> u(p);
    CHECK(u.answer_to_hello(full + " PIPELINING\r\n") == "250 relay.example\r\n");
    u.heard.clear();
    u.from_client("XPIECE a\r\nXTAKE q\r\n");
    CHECK(codes(u.heard) == ints{350, 502});
}

// Where a server is lost: at each octet of what it says, whatever it has read.
TEST_CASE("relay: of a server that dies nothing is told that it did not say, commands of one's own among it") {
    std::string const script = hello + "XPIECE a\r\nXTAKE q\r\n" + rcpt + content + "XPIECE b\r\n" + envelope + "XPIECE c\r\nBDAT 2 LAST\r\nhiXTAKE none\r\nXTAKE q\r\n" + rcpt + content;
    std::string const all = without_relay<at_server, Server>(server_rules(), script).heard;
    for (std::size_t n = 0; n < all.size(); ++n) {
        generate::rng r(n);
        session s(server_rules(), passing_rules());
        s.lose_server_after(n, script, r);
        REQUIRE(s.closed);
        INFO(s.heard);
        std::size_t const at = s.heard.rfind("421 ");
        REQUIRE((at != s.heard.npos && s.heard.find("\r\n", at) + 2 == s.heard.size()));
        REQUIRE((at <= n && all.substr(0, at) == s.heard.substr(0, at)));
        // So many messages acknowledged, at most, as the server has.
        std::size_t acknowledged = 0;
        for (std::size_t p = s.heard.find(" 2.6.0 "); p != s.heard.npos; p = s.heard.find(" 2.6.0 ", p + 1)) ++acknowledged;
        REQUIRE(acknowledged <= s.server.handler.delivered.size());
    }
}

}  // namespace

}  // namespace test_relay_own
