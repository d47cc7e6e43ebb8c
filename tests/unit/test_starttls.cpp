// STARTTLS on the server (RFC 3207): what is forgotten, what is not taken in the clear, and TLS from the beginning or required.
#include "everything.hpp"

#include <cstring>

namespace test_starttls {

namespace {

using namespace machine;
using ehlo::extension;
using ehlo::fact;
using ehlo::state;
using ehlo::want;
using ints = std::vector<int>;
using Server = ehlo::server_with<>;

constexpr ehlo::policy settings = offering(extension::starttls | extension::auth | extension::require_tls);
constexpr ehlo::policy required() {
    ehlo::policy p = settings;
    p.require_tls = true;
    return p;
}
std::string const go = "220 2.0.0 Go ahead\r\n";

}  // namespace

TEST_CASE("RFC 3207 4.2: after the handshake nothing is known of what was said before") {
    struct {
        std::string_view id;
        std::vector<std::string> reads;
        ints codes;
        state where;
    } const cases[] = {
        {"a message", {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "hi\r\n.\r\nQUIT\r\n"},
         {250, 220, 250, 250, 250, 354, 250, 221}, state::closed},
        {"EHLO is needed again", {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "MAIL FROM:<a@b>\r\n"}, {250, 220, 503}, state::greeted},
        {"TLS-twice", {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a.example\r\nSTARTTLS\r\n"}, {250, 220, 250, 503}, state::ready},
        {"TLS-twice, without EHLO", {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "STARTTLS\r\n"}, {250, 220, 503}, state::greeted},
        {"TLS-args", {"EHLO a\r\nSTARTTLS foo\r\nNOOP\r\n"}, {250, 501, 250}, state::ready},
        {"TLS-in-transaction", {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nSTARTTLS\r\n"}, {250, 250, 250, 503}, state::rcpt},
        {"TLS-state-reset", {"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\nRSET\r\n", "STARTTLS\r\n", "<TLS>", "RCPT TO:<c@d.example>\r\n"},
         {250, 250, 503, 250, 220, 503}, state::greeted},
        {"before EHLO", {"STARTTLS\r\n"}, {503}, state::greeted},
        {"after HELO", {"HELO a\r\nSTARTTLS\r\n"}, {250, 503}, state::ready},
        {"authentication is forgotten", {"EHLO a\r\nAUTH PLAIN AGEAYg==\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\nAUTH PLAIN AGEAYg==\r\n"},
         {250, 235, 220, 250, 235}, state::ready},
        {"SMTPUTF8 is forgotten", {"EHLO a\r\nMAIL FROM:<a@b> SMTPUTF8\r\nRSET\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\nMAIL FROM:<\xC3\xBC@b>\r\n"},
         {250, 250, 250, 220, 250, 553}, state::ready},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        played const p = play_everywhere(settings, c.reads);
        CHECK(codes_of(p) == c.codes);
        CHECK(p.where == c.where);
    }
}

TEST_CASE("RFC 3207 4: STARTTLS is offered where it can be used, and AUTH and REQUIRETLS too") {
    played const p = play_everywhere(settings, {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\n"});
    std::size_t const tls = p.output.find(go);
    REQUIRE(tls != std::string::npos);
    std::string const before = p.output.substr(0, tls), after = p.output.substr(tls);
    CHECK(before.find("STARTTLS") != std::string::npos);
    CHECK(after.find("STARTTLS") == std::string::npos);
    CHECK(before.find("REQUIRETLS") == std::string::npos);   // RFC 8689 2: under TLS only
    CHECK(after.find("REQUIRETLS") != std::string::npos);
    CHECK(codes_of(play_everywhere(settings, {"EHLO a\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"})) == ints{250, 555});
    CHECK(codes_of(play_everywhere(settings, {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"})) == ints{250, 220, 250, 250});
    constexpr ehlo::policy none = offering(extension::auth);
    CHECK(codes_of(play_everywhere(none, {"EHLO a\r\nSTARTTLS\r\nNOOP\r\n"})) == ints{250, 502, 250});
}

TEST_CASE("RFC 3207 4.2: octets after STARTTLS in the clear end the session without a word, whatever the timing (CVE-2011-0411)") {
    for (std::string_view const injected : {"RSET\r\n", "EHLO commandinjectiontester\r\n", "NOO", "\r\n", "x",
                                            "EHLO x\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<a@a.example>\r\nDATA\r\n",
                                            "MAIL FROM:<a@b.example>\r\n", "\x16\x03\x01"}) {
        INFO(injected);
        std::string const line = "STARTTLS\r\n";
        for (std::size_t cut = 0; cut <= line.size() + injected.size(); ++cut) {
            std::string const all = line + std::string(injected);
            for (bool const slow : {false, true}) {
                auto const run = [&]<class Handler>(std::type_identity<Handler>) {
                    loop<Server, Handler> l{Server(settings, "mx.example.org")};
                    l.feed("EHLO a\r\n");
                    std::size_t const said = l.output.size(), asked = l.handler.log.size();
                    l.feed(all.substr(0, cut));
                    l.feed(all.substr(cut));
                    CHECK(l.closed);
                    CHECK(l.server.where() == state::closed);
                    // In the same read nothing is said at all; the 220 is out if the octets came after it.
                    CHECK(l.output.substr(said) == (cut == line.size() ? go : ""));
                    CHECK_FALSE(l.server.knows(fact::tls));
                    // Told is the first octet too many; the line is gone if it came before.
                    REQUIRE_FALSE(l.handler.answers.empty());
                    CHECK(l.handler.answers.back().fault == ehlo::fail(ehlo::errc::early_octets, cut == line.size() ? 0 : line.size()));
                    CHECK((l.handler.answers.back().event == ehlo::event::lost && l.handler.answers.back().verb == ehlo::verb::starttls));
                    for (std::size_t i = asked; i < l.handler.log.size(); ++i) CHECK((l.handler.log[i] == "STARTTLS" || l.handler.log[i].starts_with("answered ")));
                    // Nothing that comes now helps.
                    l.server.secured();
                    CHECK(l.server.where() == state::closed);
                };
                if (slow) run(std::type_identity<slow_everything>{});
                else run(std::type_identity<everything>{});
            }
        }
    }
    // Octet by octet the 220 is out before the first of them comes.
    loop<Server, everything> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\nSTARTTLS\r\nRSET\r\n", octets());
    CHECK(l.output.ends_with(go));
    CHECK(l.closed);
    // Refused, it is a command like any other: what follows was said in the clear, and is heard so.
    struct no_tls : everything {
        using everything::on;
        ehlo::reply on(ehlo::cmd::starttls const&) { return "454 4.7.0 TLS not available"; }
    };
    loop<Server, no_tls> refused{Server(settings, "mx.example.org")};
    CHECK(codes(refused.say("EHLO a\r\nSTARTTLS\r\nNOOP\r\n")) == ints{250, 454, 250});
}

TEST_CASE("STARTTLS: what the machine wants, and what it does while TLS is not there yet") {
    loop<Server, everything> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\n");
    CHECK(l.feed("STARTTLS\r\n") == want::tls);
    CHECK(l.server.where() == state::handshake);
    CHECK(l.run() == want::tls);
    exact out(2048);
    ehlo::step s = l.server.answer(ehlo::replies::ok, l.handler, out.span());
    CHECK((s.want == want::tls && s.produced == 0));
    l.server.secured();
    CHECK(l.server.where() == state::greeted);
    CHECK(l.server.knows(fact::tls));
    CHECK(l.run() == want::read);
    l.server.secured();   // means nothing
    CHECK(l.server.where() == state::greeted);
    // Errors from before are forgotten, too.
    ehlo::policy strict = settings;
    strict.max_errors = 3;
    loop<Server, everything> counting{Server(strict, "mx.example.org")};
    CHECK(codes(counting.say("EHLO a\r\nX\r\nX\r\nSTARTTLS\r\n")) == ints{250, 500, 500, 220});
    counting.server.secured();
    CHECK(codes(counting.say("X\r\nX\r\nX\r\n")) == ints{500, 500, 421});
    // Shut down in the handshake: nobody would hear it.
    loop<Server, everything> shut{Server(settings, "mx.example.org")};
    shut.feed("EHLO a\r\n");
    shut.feed("STARTTLS\r\n");
    s = shut.server.shut_down(shut.handler, out.span());
    CHECK((s.want == want::close && s.produced == 0));
    CHECK(shut.server.where() == state::closed);
    // The handshake failed.
    loop<Server, everything> failed{Server(settings, "mx.example.org")};
    failed.feed("EHLO a\r\n");
    failed.feed("STARTTLS\r\n");
    failed.server.tls_lost(failed.handler);
    CHECK(failed.server.where() == state::closed);
    CHECK(failed.run() == want::close);
    // A reply of another 2yz is none: clients hear 220 only.
    struct says_ok : everything {
        using everything::on;
        ehlo::reply on(ehlo::cmd::starttls const&) { return ehlo::replies::ok; }
    };
    loop<Server, says_ok> ok{Server(settings, "mx.example.org")};
    ok.feed("EHLO a\r\n");
    CHECK(ok.say("STARTTLS\r\n") == "220 2.0.0 OK\r\n");
    CHECK(ok.handler.answers.back().fault == std::optional(ehlo::fail(ehlo::errc::bad_value, 0)));
}

TEST_CASE("RFC 3207 4: TLS that is required: 530 to all but NOOP, EHLO, STARTTLS and QUIT") {
    struct {
        std::vector<std::string> reads;
        ints codes;
    } const cases[] = {
        {{"EHLO a\r\nNOOP\r\nMAIL FROM:<a@b>\r\nVRFY a\r\nHELP\r\nRSET\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n"}, {250, 250, 530, 530, 530, 530, 530, 221}},
        {{"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\nMAIL FROM:<a@b>\r\n"}, {250, 220, 250, 250}},
        {{"HELO a\r\nMAIL FROM:<a@b>\r\n"}, {530, 503}},
    };
    constexpr ehlo::policy p = required();
    for (auto const& c : cases) CHECK(codes_of(play_everywhere(p, c.reads)) == c.codes);
    CHECK(play_everywhere(p, {"EHLO a\r\nMAIL FROM:<a@b>\r\n"}).output.ends_with("530 5.7.0 STARTTLS is needed first\r\n"));
    // AUTH is not named where it cannot be used.
    CHECK(play_everywhere(p, {"EHLO a\r\n"}).output.find("AUTH") == std::string::npos);
}

TEST_CASE("RFC 8314 3: TLS from the beginning") {
    constexpr ehlo::policy p = required();
    Server s(p, "mx.example.org");
    s.secured();
    CHECK(s.knows(fact::tls));
    CHECK(s.where() == state::connected);
    loop<Server, everything> l{s};
    std::string const said = l.say("EHLO a\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n");
    CHECK(codes(said) == ints{250, 503, 250});
    CHECK(said.find("STARTTLS") == std::string::npos);
    CHECK(said.find("AUTH PLAIN") != std::string::npos);
}

TEST_CASE("TLS that ends before the connection does drops the transaction, in every state") {
    for (std::string_view const before : {"", "EHLO a\r\n", "EHLO a\r\nMAIL FROM:<a@b>\r\n", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
                                          "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nabc", "EHLO a\r\nAUTH LOGIN\r\nabc", "EHLO a\r\nMAI"}) {
        INFO(before);
        Server s(settings, "mx.example.org");
        s.secured();
        loop<Server, everything> l{s};
        l.feed(before);
        bool const open = in_transaction(l.server.where());
        l.server.tls_lost(l.handler);
        l.server.tls_lost(l.handler);
        CHECK(l.server.where() == state::closed);
        CHECK(l.handler.abandoned == (open ? 1 : 0));
        CHECK(l.run() == want::close);
        CHECK(l.handler.delivered.empty());
    }
}

TEST_CASE("a session is its octets before, in and after the handshake") {
    Server s(settings, "mx.example.org");
    loop<Server, everything> l{s};
    l.feed("EHLO a\r\n");
    l.feed("STARTTLS\r\n");
    Server copy = l.server;
    copy.secured();
    CHECK(copy.where() == state::greeted);
    CHECK(l.server.where() == state::handshake);
    loop<Server, everything> other{copy};
    CHECK(codes(other.say("EHLO a\r\n")) == ints{250});
}

}  // namespace test_starttls
