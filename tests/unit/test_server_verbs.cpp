// The server with settings at run time: what is offered, and XCLIENT, XFORWARD, ETRN, ATRN, TURN, BURL, VERB, ONEX.
#include "everything.hpp"

namespace test_server_verbs {

namespace {

using namespace machine;
using namespace std::literals;
using ehlo::errc;
using ehlo::extension;
using ehlo::fact;
using ehlo::policy;
using ehlo::state;
using ehlo::want;
using ints = std::vector<int>;
using Server = ehlo::server_with<>;

constexpr policy settings = offering(extension::xclient | extension::xforward | extension::etrn | extension::atrn | extension::turn | extension::burl |
                                     extension::chunking | extension::verbose | extension::onex | extension::auth | extension::send | extension::limits);
std::string const login = "AUTH PLAIN AGEAYg==\r\n";

}  // namespace

TEST_CASE("the verbs of extensions: asked where they are offered and in order, 502 where they are not") {
    struct {
        std::string_view id;
        std::string octets;
        ints codes;
        state where = state::ready;
        ints not_offered = {};
    } const cases[] = {
        {"ETRN", "EHLO a\r\nETRN example.org\r\nETRN @example.org\r\n", {250, 250, 250}, state::ready, {250, 502, 502}},
        {"ETRN in a transaction", "EHLO a\r\nMAIL FROM:<>\r\nETRN example.org\r\n", {250, 250, 503}, state::mail, {250, 250, 502}},
        {"ETRN after HELO", "HELO a\r\nETRN example.org\r\n", {250, 503}, state::ready, {250, 502}},
        {"XFORWARD", "EHLO a\r\nXFORWARD NAME=spike.example ADDR=192.0.2.1\r\nMAIL FROM:<a@b>\r\n", {250, 250, 250}, state::mail, {250, 502, 250}},
        {"XFORWARD, malformed", "EHLO a\r\nXFORWARD NOTHING\r\n", {250, 501}, state::ready, {250, 502}},
        {"XCLIENT begins anew", "EHLO a\r\nXCLIENT NAME=spike.example ADDR=192.0.2.1\r\nMAIL FROM:<a@b>\r\nEHLO spike.example\r\nMAIL FROM:<a@b>\r\n",
         {250, 220, 503, 250, 250}, state::mail, {250, 502, 250, 250, 250}},
        {"XCLIENT in a transaction", "EHLO a\r\nMAIL FROM:<>\r\nXCLIENT NAME=x\r\n", {250, 250, 503}, state::mail, {250, 250, 502}},
        {"VERB", "EHLO a\r\nVERB\r\nVERB on\r\n", {250, 250, 250}, state::ready, {250, 502, 502}},
        {"ONEX", "EHLO a\r\nONEX\r\nONEX x\r\n", {250, 250, 501}, state::ready, {250, 502, 502}},
        {"SEND", "EHLO a\r\nSEND FROM:<a@b>\r\n", {250, 250}, state::mail, {250, 502}},
        {"SOML is not offered", "EHLO a\r\nSOML FROM:<a@b>\r\n", {250, 502}, state::ready, {250, 502}},
        {"ATRN needs authentication", "EHLO a\r\nATRN a.example\r\n", {250, 530}, state::ready, {250, 502}},
        {"ATRN refused", "EHLO a\r\n" + login + "ATRN no.example\r\nNOOP\r\n", {250, 235, 453, 250}, state::ready, {250, 502, 502, 250}},
        {"BURL", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/1\r\nBURL imap://x/2 LAST\r\n", {250, 250, 250, 250, 250}, state::ready, {250, 250, 250, 502, 502}},
        {"BURL and BDAT", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/1\r\nBDAT 2 LAST\r\nhi", {250, 250, 250, 250, 250}, state::ready, {}},
        {"BURL refused spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/none\r\nBURL imap://x/1 LAST\r\nRSET\r\n", {250, 250, 250, 554, 503, 250}, state::ready, {}},
        {"BURL malformed spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/1\r\nBURL x\r\nBDAT 2 LAST\r\nhiMAIL FROM:<>\r\n",
         {250, 250, 250, 250, 501, 503, 503}, state::spoilt, {}},
        {"BURL too long spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nburl imap://x/" + std::string(5000, 'x') + "\r\nBURL imap://x/1 LAST\r\nRSET\r\n",
         {250, 250, 250, 500, 503, 250}, state::ready, {250, 250, 250, 500, 502, 250}},
        {"BURL with a NUL spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/\0\r\nBDAT 2 LAST\r\nhiMAIL FROM:<>\r\n"s, {250, 250, 250, 500, 503, 503},
         state::spoilt, {}},
        {"BURL with a bare LF spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/\n\r\nBURL imap://x/1 LAST\r\n", {250, 250, 250, 500, 503},
         state::spoilt, {}},
        {"BURL with a tab spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nhiBURL\timap://x/1\r\nBDAT 2 LAST\r\nhi", {250, 250, 250, 250, 500, 503},
         state::spoilt, {}},
        {"BURL after blanks spoils", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n \t burl imap://x/1\r\nBDAT 2 LAST\r\nhi", {250, 250, 250, 500, 503},
         state::spoilt, {}},
        {"BURL-X is none", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nNOOP BURL x\r\nXBURL x\r\nBURLS\tx\r\nBURL imap://x/1 LAST\r\n", {250, 250, 250, 250, 500, 500, 250},
         state::ready, {}},
        {"BURL with a tab without a transaction", "EHLO a\r\nBURL\tx\r\nMAIL FROM:<a@b>\r\nBURL\tx\r\nRCPT TO:<c@d>\r\n", {250, 500, 250, 500, 250}, state::rcpt, {}},
        {"BURLY is none", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURLY \n\r\nBURL imap://x/1 LAST\r\n", {250, 250, 250, 500, 250}, state::ready, {}},
        {"BURL malformed without a transaction", "EHLO a\r\nBURL x\r\nMAIL FROM:<a@b>\r\n", {250, 503, 250}, state::mail, {}},
        {"BURL LAST refused", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBURL imap://x/none LAST\r\nMAIL FROM:<>\r\n", {250, 250, 250, 554, 250}, state::mail, {}},
        {"BURL without a recipient", "EHLO a\r\nMAIL FROM:<a@b>\r\nBURL imap://x/1 LAST\r\n", {250, 250, 503}, state::mail, {}},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        played const p = play_everywhere(settings, {c.octets});
        CHECK(codes_of(p) == c.codes);
        CHECK(p.where == c.where);
        if (!c.not_offered.empty()) CHECK(codes_of(play_everywhere(policy{}, {c.octets})) == c.not_offered);
    }
}

TEST_CASE("XCLIENT: the reply is a new greeting, and only TLS outlives it") {
    loop<Server, everything> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\n" + login);
    REQUIRE(l.server.knows(fact::authenticated));
    CHECK(l.say("XCLIENT NAME=spike.example\r\n") == "220 mx.example.org ready for somebody else\r\n");
    CHECK(l.server.where() == state::greeted);
    CHECK_FALSE(l.server.knows(fact::authenticated));
    CHECK(codes(l.say(login + "EHLO b\r\n" + login)) == ints{503, 250, 235});
    CHECK(l.say("EHLO b\r\n").find("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n") != std::string::npos);
}

TEST_CASE("RFC 2645 5.3, RFC 821 3.8: after ATRN and TURN the roles are changed") {
    for (std::string_view const command : {"ATRN\r\n", "ATRN a.example,b.example\r\n", "TURN\r\n"}) {
        loop<Server, everything> l{Server(settings, "mx.example.org")};
        l.feed("EHLO a\r\n" + login);
        CHECK(l.feed(std::string(command) + "220 now I am the server\r\n") == want::turn);
        CHECK(l.output.substr(l.output.size() - 5).ends_with("\r\n"));
        CHECK(l.server.where() == state::turned);
        CHECK(l.pending == "220 now I am the server\r\n");   // not this session's
        CHECK(l.run() == want::turn);
        std::size_t const said = l.output.size();
        l.pending.clear();   // it has gone to whoever is the client now
        CHECK(l.run() == want::turn);
        CHECK(l.output.size() == said);
        exact out(2048);
        ehlo::step const s = l.server.shut_down(l.handler, out.span());
        CHECK(s.want == want::close);
        CHECK(s.produced == 0);   // the peer would take a reply for a command
        CHECK(l.server.where() == state::closed);
    }
}

TEST_CASE("settings at run time: what the handler has no function for is not offered") {
    Server const s(settings, "mx.example.org");
    loop<Server, recorder> l{s};
    std::string const said = l.say("EHLO a\r\n");
    for (std::string_view const keyword : {"XCLIENT", "XFORWARD", "ETRN", "ATRN", "TURN", "BURL", "ONEX", "AUTH"}) {
        INFO(keyword);
        CHECK(said.find(keyword) == std::string::npos);
    }
    CHECK(said.find("CHUNKING") != std::string::npos);
    CHECK(said.find("LIMITS RCPTMAX=1000\r\n") != std::string::npos);
    CHECK(codes(l.say("ETRN x\r\n" + login + "XCLIENT NAME=x\r\nTURN\r\nONEX\r\nMAIL FROM:<a@b> AUTH=<>\r\n")) == ints{502, 502, 502, 502, 502, 555});
}

TEST_CASE("settings at run time: wrong ones greet with 421, as the compiler says of static ones") {
    auto const changed = [](auto change) {
        policy p;
        change(p);
        return p;
    };
    policy const wrong[] = {
        changed([](policy& p) { p.max_recipients = 99; }),
        changed([](policy& p) { p.max_line = 511; }),
        changed([](policy& p) { p.max_line = 561; }),
        changed([](policy& p) { p.max_message = 65535; }),
        changed([](policy& p) { p.reply_space = 1023; }),
        changed([](policy& p) { p.offers = p.offers | extension::checkpoint; }),
        changed([](policy& p) { p.offers = extension::smtputf8; }),
        changed([](policy& p) { p.offers = p.offers | extension::binary_mime; }),
        changed([](policy& p) { p.service = ehlo::service::lmtp, p.offers = extension::size; }),
        changed([](policy& p) { p.service = ehlo::service::lmtp, p.offers = p.offers | extension::burl; }),
    };
    unsigned n = 0;
    for (policy const& p : wrong) {
        INFO(n);
        auto const fault = check(p);
        REQUIRE(fault.has_value());
        CHECK(*fault == ehlo::fail(errc::bad_value, ++n));
        loop<Server, everything> l{Server(p, "mx.example.org")};
        CHECK(l.run() == want::close);
        CHECK(l.output == "421 The settings of this server are wrong\r\n");
        CHECK(l.handler.answers.back().fault == fault);
    }
    CHECK_FALSE(check(policy{}).has_value());
    CHECK_FALSE(check(settings).has_value());
    CHECK_FALSE(check(offering(ehlo::server_extensions)).has_value());
}

TEST_CASE("the answer to EHLO can differ from session to session, and what it does not name is not taken") {
    struct picky : everything {
        std::size_t tickets = 0;
        using everything::on;
        void on(ehlo::ehlo_answer& a) {
            a.greet = "at your service";
            a.offered = a.offered - (extension::chunking | extension::size | extension::etrn);
            a.offered = a.offered | extension::checkpoint | extension::dsn;   // what cannot be done is not offered
            a.limits.mail_max = 7;
            a.xclient = {};
            a.xclient |= ehlo::client_attribute::addr;
        }
    };
    loop<Server, picky> l{Server(settings, "mx.example.org")};
    std::string const said = l.say("EHLO a\r\n");
    CHECK(said.starts_with("250-mx.example.org at your service\r\n"));
    for (std::string_view const keyword : {"CHUNKING", "SIZE", "ETRN", "CHECKPOINT", "DSN"}) CHECK(said.find(keyword) == std::string::npos);
    CHECK(said.find("LIMITS MAILMAX=7 RCPTMAX=1000\r\n") != std::string::npos);
    CHECK(said.find("XCLIENT ADDR\r\n") != std::string::npos);
    CHECK(codes(l.say("ETRN x\r\nMAIL FROM:<a@b> SIZE=1\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\nhi")) == ints{502, 555, 250, 250, 502});
    // What cannot be written gives way to the answer without the changes, and is told.
    struct broken : everything {
        using everything::on;
        void on(ehlo::ehlo_answer& a) { a.greet = "a\r\nb"; }
    };
    loop<Server, broken> b{Server(settings, "mx.example.org")};
    CHECK(b.say("EHLO a\r\n").starts_with("250-mx.example.org\r\n250-SIZE"));
    REQUIRE(b.handler.answers.back().fault.has_value());
    CHECK(b.handler.answers.back().fault->code == errc::unsafe_octet);
    // One that is longer than reply_space likewise.
    struct verbose : everything {
        std::string many = std::string(900, 'x');
        using everything::on;
        void on(ehlo::ehlo_answer& a) { a.burl = many; }
    };
    loop<Server, verbose> v{Server(settings, "mx.example.org")};
    CHECK(v.say("EHLO a\r\n").find("250-BURL\r\n") != std::string::npos);
    CHECK(v.handler.answers.back().fault.has_value());
}

TEST_CASE("every extension on offer, with the longest name: the answer to EHLO fits, or nothing is offered") {
    policy p = offering(ehlo::server_extensions);
    std::string const name = std::string(61, 'a') + "." + std::string(61, 'b') + "." + std::string(61, 'c') + "." + std::string(61, 'd') + ".example";
    for (std::string const& n : {std::string("mx.example.org"), name}) {
        Server s(p, n);
        s.secured();
        loop<Server, everything> l{s};
        l.room = p.reply_space;
        std::string const said = l.say("EHLO a\r\n");
        CHECK(said.size() <= p.reply_space);
        CHECK(codes(said) == ints{250});
        bool const all = said.find("XFORWARD") != std::string::npos;
        CHECK(all != l.handler.answers.back().fault.has_value());
        CHECK(codes(l.say("MAIL FROM:<a@b> SIZE=1\r\n")) == ints{all ? 250 : 555});
    }
}

}  // namespace test_server_verbs
