// What a relay refuses by its own policy, refusals of its server that nobody asked for, and what may be asked of it.
#include "relaying.hpp"

#include <string>
#include <vector>

namespace test_relay_refusals {

namespace {

using namespace machine;

// A relay that lets little pass.
ehlo::policy narrow() {
    ehlo::policy p = passing_rules();
    p.max_message = 100;
    p.max_recipients = 1;
    return p;
}

// Answers AUTH at the relay, with a challenge that no line holds.
struct long_winded {
    std::string text = std::string(6000, 'x');
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::cram_md5; }
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::challenge{text}; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::reply("535 5.7.8 No"); }
};

}  // namespace

TEST_CASE("relay: its own limits of messages and recipients are told, and the server is not asked", "[relay]") {
    ehlo::policy const p = narrow();
    relayed_session<> s(upstream_rules(), p);
    s.hear("EHLO client.example\r\n");
    s.all_sent.clear();
    CHECK(s.hear("MAIL FROM:<a@b.example> BODY=7BIT SIZE=101\r\n").starts_with("552 5.3.4 "));
    CHECK(s.all_sent.empty());
    CHECK(s.hear("MAIL FROM:<a@b.example> SIZE=100\r\n").starts_with("250 "));
    CHECK(s.hear("RCPT TO:<bob@example.org>\r\n").starts_with("250 "));
    s.all_sent.clear();
    CHECK(s.hear("RCPT TO:<bert@example.org>\r\n").starts_with("452 4.5.3 "));
    CHECK(s.all_sent.empty());
    CHECK(s.relay.recipients() == 1);
}

TEST_CASE("relay: VRFY with a parameter that nobody offered is refused, RFC 5321 4.3.2", "[relay]") {
    ehlo::policy const p = narrow();
    relayed_session<> s(upstream_rules(), p);
    s.hear("HELO client.example\r\n");
    s.all_sent.clear();
    CHECK(s.hear("VRFY ann SMTPUTF8\r\n").starts_with("504 "));
    CHECK(s.all_sent.empty());
    CHECK(s.hear("VRFY ann\r\n").starts_with("25"));
    CHECK(s.all_sent == "VRFY ann\r\n");
}

TEST_CASE("relay: VRFY with a parameter that the server does not offer is refused, RFC 6531 3.7.4.2", "[relay]") {
    ehlo::policy server = upstream_rules();
    server.offers = server.offers - ehlo::extension::smtputf8;
    relayed_session<> s(server, passing_rules());
    s.hear("EHLO client.example\r\n");
    s.all_sent.clear();
    CHECK(s.hear("VRFY ann SMTPUTF8\r\n").starts_with("504 "));
    CHECK(s.all_sent.empty());
}

TEST_CASE("relay: what is no command at all is refused, and the server does not see it", "[relay]") {
    relayed_session<> s(upstream_rules(), passing_rules());
    s.hear("EHLO client.example\r\n");
    s.all_sent.clear();
    std::string const heard = s.hear(" NOOP\r\n\r\nNOOP\r\n");
    CHECK((heard.starts_with("500 ") && heard.find("\r\n500 ") != heard.npos && heard.find("\r\n250 ") != heard.npos));
    CHECK(s.all_sent == "NOOP\r\n");
    CHECK(s.hear("GET / HTTP/1.1\r\n").starts_with("421 "));
    CHECK(s.closed);
    CHECK(s.all_sent == "NOOP\r\n");
}

// Keeps what was wrong.
struct faults {
    std::vector<ehlo::failure> all{};
    void on(ehlo::answered const& a) {
        if (a.fault) all.push_back(*a.fault);
    }
};
TEST_CASE("relay: after a 554 in the place of a greeting it is the order that is wrong, RFC 5321 3.1", "[relay]") {
    ehlo::policy const p = passing_rules();
    ehlo::relay relay(p, "relay.example");
    faults told;
    exact out(8192);
    REQUIRE(relay.advance(ehlo::direction::from_server, "554 no\r\n", told, out.span()).passed == 8);
    REQUIRE(relay.where() == ehlo::state::refused);
    for (std::string const line : {" NOOP\r\n", "\r\n", "NOOP\r\n", "GET / HTTP/1.1\r\n"}) {
        auto const r = relay.advance(ehlo::direction::from_client, line, told, out.span());
        CHECK((r.consumed == line.size() && r.passed == 0));
    }
    CHECK(told.all == std::vector{ehlo::fail(ehlo::errc::bad_sequence, 0), ehlo::fail(ehlo::errc::bad_sequence, 0), ehlo::fail(ehlo::errc::bad_sequence, 0), ehlo::fail(ehlo::errc::http_request, 0)});
}

// Puts a line in the place of NOOP.
struct replacing {
    std::string line;
    ehlo::relay_say on(ehlo::cmd::noop const&) const { return ehlo::relay_say::instead(line); }
};
TEST_CASE("relay: a line of the handler's is no longer than the server takes, and one line", "[relay]") {
    relayed_session<replacing> s(upstream_rules(), passing_rules());
    s.hear("EHLO client.example\r\n");
    s.all_sent.clear();
    std::size_t const most = s.rules.max_line - 2;
    for (std::string const& wrong : {"NOOP " + std::string(most - 4, 'x'), std::string("NOOP a\nb"), std::string("NOOP a\0b", 8)}) {
        s.say.line = wrong;
        CHECK(s.hear("NOOP\r\n").starts_with("451 "));
        CHECK(s.all_sent.empty());
    }
    s.say.line = "NOOP " + std::string(most - 5, 'x');
    CHECK(s.hear("NOOP\r\n").starts_with("250 "));
    CHECK(s.all_sent == s.say.line + "\r\n");
}

TEST_CASE("relay: RFC 5321 3.8, a refusal that nobody asked for goes on to the client, and is the end", "[relay]") {
    ehlo::policy const p = passing_rules();
    for (std::string const refusal : {"421 4.3.2 going down\r\n", "554-no\r\n554 5.3.0 more\r\n"}) {
        for (std::string const content : {"", "DATA\r\n", "BDAT 100\r\n"}) {
            if (content.starts_with("BDAT") && !refusal.starts_with("421")) continue;   // it is the reply to the chunk, which came early
            relayed_session<> s(upstream_rules(), p);
            s.hear("EHLO client.example\r\n");
            if (!content.empty()) {
                s.hear("MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\n" + content);
                CHECK(s.hear("the first line\r\n").empty());
                CHECK(s.relay.takes_content());
            }
            s.answers += refusal;
            CHECK(s.hear_more() == refusal);
            CHECK(s.closed);
            CHECK_FALSE(s.relay.has_server());
            CHECK_FALSE(s.relay.takes_content());
        }
    }
}

struct impatient {
    ehlo::relay_say on(ehlo::cmd::noop const&) const { return "421 4.3.2 enough"; }
};
TEST_CASE("relay: a handler that says 421 ends the session", "[relay]") {
    relayed_session<impatient> s(upstream_rules(), passing_rules());
    s.hear("EHLO client.example\r\n");
    CHECK(s.hear("NOOP\r\nRSET\r\n") == "421 4.3.2 enough\r\n");
    CHECK((s.closed && s.relay.where() == ehlo::state::closed));
}

TEST_CASE("relay: a challenge of its own that does not fit is 454, and the exchange is over", "[relay]") {
    ehlo::policy const p = passing_rules();
    relayed_session<long_winded> s(upstream_rules(), p);
    s.hear("EHLO client.example\r\n");
    CHECK(s.hear("AUTH CRAM-MD5\r\n").starts_with("454 4.7.0 "));
    CHECK(s.hear("NOOP\r\n").starts_with("250 "));
    CHECK_FALSE(s.relay.knows(ehlo::fact::authenticated));
}

TEST_CASE("relay: the reply that is owed, and the names of what it wants", "[relay]") {
    ehlo::policy const p = narrow();
    relayed_session<> s(upstream_rules(), p);
    s.hear("EHLO client.example\r\n");
    CHECK_FALSE(s.relay.awaits());
    s.at_relay = "NOOP\r\n";
    s.turn(ehlo::direction::from_client);
    CHECK(s.relay.awaits() == ehlo::event::noop);
    CHECK(name(ehlo::relay_want::tls) == "tls");
}

}  // namespace test_relay_refusals
