// What the caller of a relay says in between: the answer to EHLO, TLS and AUTH that end here, commands and replies edited or refused.
#include "relaying.hpp"

namespace test_relay_say {

namespace {

using namespace machine;
using ehlo::extension;
using ehlo::state;

std::string const hello = "EHLO client.example\r\n", mail = "MAIL FROM:<ann@client.example>\r\n", rcpt = "RCPT TO:<bob@example.org>\r\n",
                  envelope = mail + rcpt, accepted = "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n", go_ahead = "354 Start mail input; end with <CRLF>.<CRLF>\r\n";

TEST_CASE("relay: what it does not understand is not offered") {
    scripted<as_it_is> s;
    CHECK(s.answer_to_hello("250-mx.example at your service\r\n250-X-EVIL 5\r\n250-STARTTLS\r\n250-XCLIENT NAME ADDR\r\n250-XFORWARD NAME\r\n250-SIZE 1000\r\n"
                            "250-TURN\r\n250-ATRN\r\n250-PIPELINING\r\n250-REQUIRETLS\r\n250-PRDR\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-AUTH=LOGIN\r\n250-FUTURERELEASE 1 "
                            "2030-01-01T00:00:00Z\r\n250-CHECKPOINT\r\n250 ENHANCEDSTATUSCODES\r\n") ==
          "250-mx.example at your service\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n");
    for (std::string const line : {"XCLIENT NAME=a", "XFORWARD NAME=a", "ATRN a.example", "TURN", "STARTTLS", "AUTH PLAIN AGEAYg==", "BDAT 0 LAST", "X-EVIL"}) {
        s.heard.clear();
        s.sent.clear();
        s.from_client(line + "\r\n");
        CHECK(s.sent == "");
        CHECK(codes(s.heard).size() == 1);
        CHECK(s.heard.starts_with("5"));
    }
    s.heard.clear();
    s.from_client("MAIL FROM:<a@b> BODY=8BITMIME\r\nMAIL FROM:<a@b> SMTPUTF8\r\nMAIL FROM:<a@b> HOLDFOR=5\r\n");
    CHECK(codes(s.heard) == std::vector{555, 555, 555});
}
TEST_CASE("relay: a name that is none becomes the relay's") {
    for (std::string const answer : {"250 foo_bar", "250 a b", "250", "250 \xC3\xBC.example"}) {
        scripted<as_it_is> s;
        std::string const heard = s.answer_to_hello(answer + "\r\n");
        CHECK(heard == (answer == "250 a b" ? "250 a b\r\n" : "250 relay.example\r\n"));
    }
}
TEST_CASE("relay: an answer to EHLO that cannot be written offers nothing") {
    ehlo::policy p = ehlo::relay_policy();
    p.reply_space = 1024;
    std::string const long_one = "250-mx.example " + std::string(480, 'x') + "\r\n250-BURL " + std::string(490, 'y') + "\r\n250-MT-PRIORITY " + std::string(400, 'z') + "\r\n250 PIPELINING\r\n";
    scripted<as_it_is> small(p), large;
    CHECK(small.answer_to_hello(long_one) == "250 relay.example\r\n");
    CHECK(!small.relay.offers().has(extension::pipelining));
    CHECK(codes(large.answer_to_hello(long_one)) == std::vector{250});
    CHECK(large.relay.offers().has(extension::pipelining));
}
TEST_CASE("relay: SIZE and LIMITS are the lower of two") {
    ehlo::policy p = ehlo::relay_policy();
    p.max_message = 100000;
    p.max_recipients = 100;
    struct row {
        char const *said, *told;
    };
    for (row const& r : {row{"SIZE 1000", "SIZE 1000"}, {"SIZE 2000000", "SIZE 100000"}, {"SIZE", "SIZE 100000"}, {"SIZE 0", "SIZE 100000"}, {"LIMITS RCPTMAX=1000", "LIMITS RCPTMAX=100"},
                         {"LIMITS RCPTMAX=10 MAILMAX=5", "LIMITS MAILMAX=5 RCPTMAX=10"}}) {
        scripted<as_it_is> s(p);
        CHECK(s.answer_to_hello("250-mx.example\r\n250 " + std::string(r.said) + "\r\n") == "250-mx.example\r\n250 " + std::string(r.told) + "\r\n");
    }
    // With no limit of its own it adds none.
    for (std::string const said : {"SIZE", "SIZE 0", "SIZE 1000", "LIMITS RCPTMAX=100"}) {
        scripted<as_it_is> s;
        CHECK(s.answer_to_hello("250-mx.example\r\n250 " + said + "\r\n") == "250-mx.example\r\n250 " + said + "\r\n");
    }
}
TEST_CASE("relay: passwords in the clear are not asked for, and no mechanism that TLS ends with") {
    std::string const answer = "250-mx.example\r\n250 AUTH PLAIN LOGIN CRAM-MD5 EXTERNAL GSSAPI SCRAM-SHA-256 SCRAM-SHA-256-PLUS DIGEST-MD5\r\n";
    scripted<as_it_is> clear;
    CHECK(clear.answer_to_hello(answer) == "250-mx.example\r\n250 AUTH CRAM-MD5 SCRAM-SHA-256\r\n");
    clear.heard.clear();
    clear.from_client("AUTH PLAIN AGEAYg==\r\nAUTH GSSAPI\r\nAUTH EXTERNAL\r\n");
    CHECK(codes(clear.heard) == std::vector{538, 504, 504});
    scripted<as_it_is> tls;
    tls.relay.secured();
    CHECK(tls.relay.knows(ehlo::fact::tls) == false);   // after the greeting it means nothing
    ehlo::policy const p = ehlo::relay_policy();
    ehlo::relay secured(p, "relay.example");
    secured.secured();
    CHECK(secured.knows(ehlo::fact::tls));
}

TEST_CASE("relay: REQUIRETLS is offered over TLS alone, RFC 8689 2") {
    ehlo::policy p = ehlo::relay_policy();
    p.offers = p.offers | extension::require_tls;
    for (bool const tls : {false, true}) {
        ehlo::relay relay(p, "relay.example");
        if (tls) relay.secured();
        as_it_is say;
        char out[8192];
        static_cast<void>(relay.advance(direction::from_server, "220 mx\r\n", say, out));
        static_cast<void>(relay.advance(direction::from_client, hello, say, out));
        auto const r = relay.advance(direction::from_server, "250-mx\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n", say, out);
        CHECK(std::string_view(out, r.produced) == (tls ? "250-mx\r\n250 REQUIRETLS\r\n" : "250 mx\r\n"));
        CHECK_FALSE(relay.offers().has(extension::starttls));   // nobody ends it here
    }
}
TEST_CASE("relay: a server that is busy says so in its greeting") {
    ehlo::policy const p = ehlo::relay_policy();
    ehlo::relay relay(p, "relay.example");
    as_it_is say;
    char out[8192];
    auto const r = relay.advance(direction::from_server, "400 busy\r\n", say, out);
    CHECK((r.passed == 10 && r.want != ehlo::relay_want::close));
    CHECK(relay.where() == state::refused);
}
struct generous {
    std::uint64_t size;
    void on(ehlo::ehlo_answer& a) const {
        a.offered = a.offered | extension::chunking;
        a.size = size;
    }
};
TEST_CASE("relay: an edited answer to EHLO offers no more, and SIZE 0 is no limit") {
    for (std::uint64_t const size : {0u, 1000u, 5000u, 999u}) {
        scripted<generous> s;
        s.say.size = size;
        CHECK(s.answer_to_hello("250-mx\r\n250 SIZE 1000\r\n") == "250-mx\r\n250 SIZE " + std::to_string(size) + "\r\n");
        CHECK_FALSE(s.relay.offers().has(extension::chunking));
        s.from_client(mail);
        s.from_server("250 a\r\n");
        s.from_client(rcpt);
        s.from_server("250 b\r\n");
        s.from_client("DATA\r\n");
        s.from_server("354 c\r\n");
        s.heard.clear();
        // Only a limit that was lowered is the relay's: else the server says what is too large.
        s.from_client(std::string(1100, 'x') + "\r\n.\r\n");
        CHECK(s.sent.ends_with("x\r\n.\r\n") == (size != 999));
        CHECK((s.wants[0] == ehlo::relay_want::abort) == (size == 999));
    }
}
struct told {
    std::vector<std::string> all{};
    void on(ehlo::answered const& a) {
        all.push_back(std::string(name(a.verb)) + " " + std::string(name(a.event)) + " " + std::to_string(a.sent.code) + (a.fault ? " of its own" : ""));
    }
};
TEST_CASE("relay: it tells each reply, and to what it was said") {
    ehlo::policy p = upstream_rules(extension::auth);
    p.clear_text_passwords = true;
    relayed_session<told> s(p, passing_rules());
    s.hear(hello + "AUTH LOGIN\r\nYQ==\r\nYg==\r\n" + envelope + "DATA\r\nx\r\n.\r\n" + envelope + "BDAT 2\r\nabBDAT 2 LAST\r\ncd" + envelope +
           "BURL imap://a/b\r\nBURL imap://a/b LAST\r\nNOOP\r\nRSET\r\nVRFY ann\r\nNONE\r\nQUIT\r\n");
    std::vector<std::string> const transaction{"MAIL MAIL 250", "RCPT RCPT 250"};
    std::vector<std::string> expected{" greeting 220", "EHLO EHLO 250", "AUTH AUTH 334", "AUTH AUTH response 334", "AUTH AUTH response 235"};
    auto const add = [&](std::vector<std::string> const& more) { expected.insert(expected.end(), more.begin(), more.end()); };
    add(transaction);
    add({"DATA DATA 354", "DATA end of content 250"});
    add(transaction);
    add({"BDAT end of chunk 250", "BDAT end of last chunk 250"});
    add(transaction);
    add({"BURL BURL 250", "BURL BURL LAST 250", "NOOP NOOP 250", "RSET RSET 250", "VRFY VRFY 250", " NOOP 500 of its own", "QUIT QUIT 221"});
    CHECK(s.say.all == expected);
    // What nobody asked for.
    for (bool const in_content : {false, true}) {
        relayed_session<told> other(upstream_rules(), passing_rules());
        other.hear(hello);
        if (in_content) other.hear(envelope + "DATA\r\nx\r\n");
        other.say.all.clear();
        other.answers += "421 4.3.2 going down\r\n";
        other.settle();
        CHECK(other.say.all == std::vector<std::string>{in_content ? "DATA end of content 421" : " shutdown 421"});
    }
}
struct hiding {
    unsigned from, to;
    ehlo::relay_say on(ehlo::relayed_reply const& r) const {
        if (r.said.code() == from) return ehlo::reply(to, "edited");
        return {};
    }
};
TEST_CASE("relay: who closes stays, whatever a handler makes of a reply") {
    struct row {
        unsigned said, made, heard;
    };
    for (row const& r : {row{421, 451, 421}, {451, 421, 451}, {422, 451, 451}, {451, 422, 422}, {451, 551, 451}}) {
        scripted<hiding> s;
        s.say = {r.said, r.made};
        s.from_client(hello);
        s.heard.clear();
        s.from_server(std::to_string(r.said) + " as it was\r\n");
        CHECK(s.heard == std::to_string(r.heard) + (r.heard == r.made ? " edited\r\n" : " as it was\r\n"));
        CHECK((s.relay.where() == state::closed) == (r.said == 421));
    }
}
TEST_CASE("relay: its policy leaves to the server what it can, and has room for what others write") {
    constexpr ehlo::policy p = ehlo::relay_policy();
    CHECK((p.max_message == ~std::uint64_t{0} && p.max_recipients == 0xFFFFFFFF));
    CHECK((p.max_line == 4096 && p.reply_space == 4096));
}

// STARTTLS and AUTH end here.
struct ending_only {
    everything of;
    ehlo::reply tls = "220 2.0.0 Go ahead";
    ehlo::reply on(ehlo::cmd::starttls const&) const { return tls; }
    ehlo::mechanisms mechanisms() const { return of.can; }
    ehlo::auth_answer on(ehlo::cmd::auth const& c) { return of.on(c); }
    ehlo::auth_answer on(ehlo::auth_response const& c) { return of.on(c); }
};
TEST_CASE("relay: TLS ends at the relay") {
    relayed_session<ending_only> s(upstream_rules(), ehlo::relay_policy());
    std::string const before = s.hear(hello);
    CHECK(before.find("STARTTLS") != before.npos);
    CHECK(before.find("AUTH EXTERNAL CRAM-MD5\r\n") != before.npos);
    CHECK(s.hear("STARTTLS\r\n") == "220 2.0.0 Go ahead\r\n");
    CHECK(s.wants_tls);
    CHECK(s.relay.where() == state::handshake);
    CHECK(s.all_sent == hello);
    s.relay.secured();
    CHECK(s.relay.where() == state::greeted);
    // RFC 3207 4.2: all is forgotten.
    CHECK(codes(s.hear(mail)) == std::vector{503});
    std::string const after = s.hear(hello);
    CHECK(after.find("STARTTLS") == after.npos);
    CHECK(after.find("AUTH PLAIN LOGIN EXTERNAL CRAM-MD5\r\n") != after.npos);
    CHECK(codes(s.hear("STARTTLS\r\n")) == std::vector{503});
    CHECK(s.hear("AUTH LOGIN\r\nYQ==\r\nYg==\r\n") == "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 Authentication succeeded\r\n");
    CHECK(s.relay.knows(ehlo::fact::authenticated));
    CHECK(codes(s.hear("AUTH LOGIN\r\n")) == std::vector{503});
    CHECK(codes(s.hear(envelope + "DATA\r\nx\r\n.\r\nQUIT\r\n")) == std::vector{250, 250, 354, 250, 221});
    CHECK(s.server.handler.delivered.size() == 1);
    CHECK(s.all_sent == hello + hello + envelope + "DATA\r\nx\r\n.\r\nQUIT\r\n");
    // Errors from before are forgotten, too.
    ehlo::policy p = ehlo::relay_policy();
    p.max_errors = 3;
    relayed_session<ending_only> counting(upstream_rules(), p);
    CHECK(codes(counting.hear(hello + "MAIL\r\nMAIL\r\nSTARTTLS\r\n")) == std::vector{250, 501, 501, 220});
    counting.relay.secured();
    CHECK(codes(counting.hear(hello + "MAIL\r\nMAIL\r\nMAIL\r\n")) == std::vector{250, 501, 501, 421});
}
struct ending_and_log : ending_only {
    using ending_only::on;
    std::vector<ehlo::answered> answers{};
    void on(ehlo::answered const& a) { answers.push_back(a); }
};
// Each line that is told, up to what is secret in it, where a "|" stands.
struct keeper {
    std::vector<std::string> shown{};
    void on(ehlo::answered const& a) {
        if (!a.line.empty()) shown.push_back(std::string(a.line.substr(0, a.secret)) + (a.secret < a.line.size() ? "|" : ""));
    }
};
struct ending_keeper : ending_only, keeper {
    using ending_only::on;
    using keeper::on;
};
TEST_CASE("relay: a password that comes after an AUTH that failed is marked, wherever AUTH ends") {
    ehlo::policy p = upstream_rules(extension::auth);
    p.clear_text_passwords = true;
    std::string const user = "YW5u", password = "c2VjcmV0", wrong = "d3Jvbmc=";
    auto const shown = [&]<class Say>(std::type_identity<Say>, std::string const& octets) {
        relayed_session<Say> whole(p, passing_rules()), cut(p, passing_rules());
        whole.hear(hello + octets);
        cut.hear(hello);
        for (char const c : octets) cut.hear({&c, 1});
        CHECK(whole.say.shown == cut.say.shown);
        return whole.say.shown;
    };
    using lines = std::vector<std::string>;
    std::type_identity<keeper> const there;
    std::type_identity<ending_keeper> const here;
    CHECK(shown(there, "AUTH XX-1\r\n" + user + "\r\n" + password + "\r\nNOOP a\r\nFOO bar\r\n") == lines{"AUTH XX-1", "|", "|", "FOO bar"});
    CHECK(shown(here, "AUTH XX-1\r\n" + user + "\r\n" + password + "\r\nNOOP a\r\nFOO bar\r\n") == lines{"AUTH XX-1", "|", "|", "FOO bar"});
    CHECK(shown(there, "AUTH LOGIN\r\n" + user + "\r\n" + wrong + "\r\n" + password + "\r\nRSET\r\nFOO\r\n") == lines{"|", "FOO"});
    CHECK(shown(here, "AUTH LOGIN\r\n" + user + "\r\n" + wrong + "\r\n" + password + "\r\nRSET\r\nFOO\r\n") == lines{"AUTH LOGIN", "|", "|", "|", "FOO"});
    // After one that succeeded there is none.
    CHECK(shown(there, "AUTH PLAIN AGEAYg==\r\nFOO bar\r\n") == lines{"FOO bar"});
    CHECK(shown(here, "AUTH PLAIN AGEAYg==\r\nFOO bar\r\n") == lines{"AUTH PLAIN|", "FOO bar"});
}
TEST_CASE("relay: octets in the clear after STARTTLS are heard by nobody") {
    for (std::string const cut : {"", "M", "MAIL FROM:<smuggled@a>\r\n"}) {
        relayed_session<ending_and_log> s(upstream_rules(), ehlo::relay_policy());
        s.hear(hello);
        s.at_relay = "STARTTLS\r\n" + cut;
        s.settle();
        if (cut.empty()) {
            s.at_relay = "X";
            s.settle();
        }
        CHECK(s.closed);
        CHECK(s.all_sent == hello);
        REQUIRE(!s.say.answers.empty());
        CHECK(s.say.answers.back().fault == ehlo::fail(ehlo::errc::early_octets, cut.empty() ? 0 : 10));
        CHECK((s.say.answers.back().verb == ehlo::verb::starttls && s.say.answers.back().sent.code == 0));
    }
}
TEST_CASE("relay: TLS and authentication can be required") {
    ehlo::policy p = ehlo::relay_policy();
    p.require_tls = p.require_authentication = true;
    relayed_session<ending_only> s(upstream_rules(), p);
    CHECK(codes(s.hear(hello + mail + "NOOP\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n"))[1] == 530);
    s.relay.secured();
    CHECK(codes(s.hear(hello + mail + "AUTH PLAIN AGEAd3Jvbmc=\r\n" + mail + "AUTH PLAIN AGEAYg==\r\n" + mail)) == std::vector{250, 530, 535, 530, 235, 250});
}
TEST_CASE("relay: an AUTH exchange of its own is cancelled, or broken off") {
    relayed_session<ending_only> s(upstream_rules(), passing_rules());
    s.hear(hello);
    CHECK(codes(s.hear("AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\n!\r\nAUTH LOGIN\r\n" + std::string(13000, 'x') + "\r\nNOOP\r\n")) ==
          std::vector{334, 501, 334, 501, 334, 500, 250});
    CHECK(s.all_sent == hello + "NOOP\r\n");
}
TEST_CASE("relay: what ends there is answered after what came before it") {
    relayed_session<ending_only> s(upstream_rules(), passing_rules());
    s.hear(hello);
    CHECK(codes(s.hear("RSET\r\nAUTH LOGIN\r\n*\r\n")) == std::vector{250, 334, 501});
    CHECK(codes(s.hear("RSET\r\nSTARTTLS\r\n")) == std::vector{250, 220});
}
TEST_CASE("relay: a response without end is not kept") {
    auto const feed = [](auto& s) {
        std::string const before = s.all_sent;
        for (int i = 0; i < 13; ++i) CHECK(s.hear(std::string(1000, 'x')).empty());
        CHECK(s.at_relay.size() <= 1);
        CHECK(s.all_sent == before);
    };
    relayed_session<ending_only> here(upstream_rules(), passing_rules());
    CHECK(codes(here.hear(hello + "AUTH LOGIN\r\n")).back() == 334);
    feed(here);
    CHECK(codes(here.hear("\r\nNOOP\r\n")) == std::vector{500, 250});
    relayed_session<> there(upstream_rules(extension::auth), passing_rules());
    CHECK(codes(there.hear(hello + "AUTH LOGIN\r\n")).back() == 334);
    feed(there);
    CHECK(codes(there.hear("\r\nNOOP\r\n")) == std::vector{501, 250});
}
TEST_CASE("relay: a response that ends with LF goes on with CRLF, where that is tolerated") {
    ehlo::policy p = passing_rules();
    p.grammar.tolerate = ehlo::rule::bare_lf_line;
    relayed_session<> s(upstream_rules(extension::auth), p);
    s.hear(hello);
    CHECK(codes(s.hear("AUTH LOGIN\r\nYQ==\nYg==\n")) == std::vector{334, 334, 235});
    CHECK(s.all_sent == hello + "AUTH LOGIN\r\nYQ==\r\nYg==\r\n");
}
TEST_CASE("relay: an exchange that began with another handler is over") {
    relayed_session<ending_only> s(upstream_rules(), passing_rules());
    s.hear(hello + "AUTH LOGIN\r\n");
    as_it_is other;
    std::string const response = "YQ==\r\n";
    exact out(s.room);
    auto const r = s.relay.advance(ehlo::direction::from_client, response, other, out.span());
    CHECK((r.consumed == response.size() && r.passed == 0 && !r.to_server));
    CHECK(out.view().substr(0, r.produced).starts_with("502 "));
    CHECK_FALSE(s.relay.knows(ehlo::fact::authenticated));
    CHECK(s.hear("NOOP\r\n").starts_with("250 "));
}
TEST_CASE("relay: a response that is none cancels the exchange with the server") {
    relayed_session<> s(upstream_rules(extension::auth), passing_rules());
    s.hear(hello);
    CHECK(codes(s.hear("AUTH LOGIN\r\n!\r\nAUTH LOGIN\r\nYQ==\r\nQUIT \r\nAUTH LOGIN\r\n" + std::string(13000, 'x') + "\r\nNOOP\r\n")) ==
          std::vector{334, 501, 334, 334, 501, 334, 501, 250});
    CHECK(s.all_sent == hello + "AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\nYQ==\r\n*\r\nAUTH LOGIN\r\n*\r\nNOOP\r\n");
}

// Says no, or something else.
struct picky {
    std::vector<std::string> asked;
    bool knows = false;
    ehlo::relay_say on(ehlo::cmd::mail const& c) {
        std::string const who(c.from.local_part());
        asked.push_back("MAIL " + who);
        if (who == "no") return "550 5.7.1 Not here";
        if (who == "yes") return ehlo::reply(250, "I say so");
        if (who == "edit") return ehlo::relay_say::instead("MAIL FROM:<edited@client.example> SIZE=5");
        if (who == "inject") return ehlo::relay_say::instead("MAIL FROM:<a@b>\r\nRCPT TO:<smuggled@example.org>");
        if (who == "verb") return ehlo::relay_say::instead("RSET");
        if (who == "broken") return ehlo::relay_say::instead("MAIL FROM: a@b");
        if (who == "later" && !knows) return ehlo::reply::later;
        return {};
    }
    ehlo::relay_say on(ehlo::cmd::rcpt const& c) { return c.to.local_part() == "no" ? ehlo::relay_say("550 5.1.1 Not to him") : ehlo::relay_say(); }
    ehlo::relay_say on(ehlo::cmd::burl const& c) { return c.url.ends_with("no") ? ehlo::relay_say("554 5.7.1 Not that one") : ehlo::relay_say(); }
    ehlo::relay_say on(ehlo::cmd::noop const&) { return ehlo::relay_say("250 2.0.0 So it is"); }
    ehlo::relay_say on(ehlo::end_of_content const& e) {
        asked.push_back("end " + std::to_string(e.octets));
        if (content.find("later") != content.npos && !knows) return ehlo::reply::later;
        if (content.find("virus") != content.npos) return "554 5.7.1 I do not like it";
        return {};
    }
    std::string content;
    void on(ehlo::content const& c) { content += c.octets; }
    ehlo::relay_say on(ehlo::relayed_reply const& r) {
        if (r.to == ehlo::event::greeting) return ehlo::reply(299, "relay.example at your service");
        if (r.to == ehlo::event::rcpt) return ehlo::reply(r.said.accepted() ? 250 : 450, "of mine");
        if (r.to == ehlo::event::rset) return ehlo::reply(550, "never");
        return {};
    }
};
TEST_CASE("relay: commands are refused in their turn") {
    relayed_session<picky> s(upstream_rules(), passing_rules());
    CHECK(s.hear("") == "");
    CHECK(s.heard == "220 relay.example at your service\r\n");
    s.hear(hello);
    s.all_sent.clear();
    // Where a 550 becomes a 450, the class is another, and it stays what it is.
    CHECK(codes(s.hear(mail + "RCPT TO:<no@example.org>\r\n" + rcpt + "RCPT TO:<refused@example.org>\r\nRCPT TO:<no@example.org>\r\nNOOP\r\nRSET\r\n")) ==
          std::vector{250, 550, 250, 550, 550, 250, 250});
    CHECK(s.all_sent == mail + rcpt + "RCPT TO:<refused@example.org>\r\nRSET\r\n");
    s.all_sent.clear();
    CHECK(codes(s.hear("MAIL FROM:<no@a>\r\n" + rcpt + "DATA\r\nMAIL FROM:<yes@a>\r\nMAIL FROM:<inject@a>\r\nMAIL FROM:<verb@a>\r\nMAIL FROM:<broken@a>\r\n")) ==
          std::vector{550, 503, 503, 451, 451, 451, 451});
    CHECK(s.all_sent == "");
    CHECK(s.hear("MAIL FROM:<edit@a> BODY=8BITMIME\r\n" + rcpt) == "250 2.1.0 Sender OK\r\n250 of mine\r\n");
    CHECK(s.all_sent == "MAIL FROM:<edited@client.example> SIZE=5\r\n" + rcpt);
}
TEST_CASE("relay: a message that lacks a part is spoilt") {
    // RFC 4468 3.2: what is refused of it here, the server does not know of.
    relayed_session<picky> s(upstream_rules(), passing_rules());
    s.hear(hello);
    CHECK(codes(s.hear(envelope + "BURL imap://a/no\r\nBURL imap://a/b LAST\r\nBDAT 2 LAST\r\nabDATA\r\nRSET\r\n" + envelope + "BURL imap://a/b LAST\r\n")) ==
          std::vector{250, 250, 554, 503, 503, 503, 250, 250, 250, 250});
}
TEST_CASE("relay: what is not known yet is asked again") {
    relayed_session<picky> s(upstream_rules(), passing_rules());
    s.hear(hello);
    CHECK(s.hear("MAIL FROM:<later@a>\r\n" + rcpt) == "");
    s.say.knows = true;
    CHECK(codes(s.hear_more()) == std::vector{250, 250});
    s.say.knows = false;
    s.say.content.clear();
    for (std::string const end : {"DATA\r\nlater\r\n.\r\n", "BDAT 5\r\nlaterBDAT 2 LAST\r\n\r\n", "BDAT 5\r\nlaterBDAT 0 LAST\r\n"}) {
        s.say.knows = false;
        s.hear("RSET\r\n" + envelope);
        std::size_t const before = s.server.handler.delivered.size();
        s.hear(end);
        CHECK(s.server.handler.delivered.size() == before);
        s.say.knows = true;
        CHECK(codes(s.hear_more()) == std::vector{250});
        CHECK(s.server.handler.delivered.size() == before + 1);
    }
}
TEST_CASE("relay: a message that the handler refuses never has its end there") {
    for (std::string const content : {"DATA\r\na virus\r\n.\r\n", "BDAT 7\r\na virusBDAT 0 LAST\r\n", "BDAT 3\r\na vBDAT 6 LAST\r\nirus\r\n", "BDAT 7 LAST\r\na virus"}) {
        for (std::uint64_t seed = 0; seed < 30; ++seed) {
            relayed_session<picky> s(upstream_rules(), passing_rules());
            generate::rng r(seed);
            s.play(hello + envelope + content + "NOOP\r\n", r, 1 + r.below(60));
            INFO(content << " " << seed << s.heard);
            auto const said = codes(s.heard);
            REQUIRE(said.size() >= 6);
            CHECK(said.back() == 421);
            CHECK(said[said.size() - 2] == 554);
            CHECK(s.aborted);
            CHECK(s.server.handler.delivered.empty());
        }
    }
}

}  // namespace

}  // namespace test_relay_say
