// What the RFCs demand and no other test shows by itself: see tests/register/.
#include "catch.hpp"

#include "everything.hpp"

#include <ehlo/ehlo.hpp>

#include <string>
#include <string_view>

namespace test_register {

namespace {

using namespace machine;
using ehlo::errc;
using ehlo::extension;
using ehlo::writer;

// A server that offers all its handler can do, with a handler that has all functions or the least.
ehlo::policy all_of(ehlo::extensions offers = ehlo::server_extensions, ehlo::service service = ehlo::service::smtp) {
    ehlo::policy p;
    p.service = service;
    p.max_line = 4096;
    for (unsigned n = 0; n < ehlo::extension_count; ++n) {   // what such a service may not offer is left out
        ehlo::policy q = p;
        q.offers = q.offers | extension::chunking | static_cast<extension>(n);
        if (ehlo::check(q)) offers = offers - static_cast<extension>(n);
    }
    p.offers = offers;
    p.clear_text_passwords = true;
    return p;
}
using server = ehlo::server_with<>;
// A server, and the policy that it borrows.
template <class Handler>
struct talk {
    ehlo::policy settings;
    loop<server, Handler> session;
    explicit talk(ehlo::policy const& p, std::string_view name = "mx.example.org") : settings(p), session(server(settings, name)) { session.run(); }
    std::string say(std::string_view input) { return session.say(input); }
};

int code_of(std::string_view said) {
    auto const all = codes(said);
    return all.size() == 1 ? all[0] : 0;
}

// A client that has heard this answer to its EHLO.
struct talker {
    ehlo::client client{};
    char buffer[4096];
    writer out{buffer};

    explicit talker(std::string_view ehlo_answer) {
        hear("220 mx.example.org\r\n");
        REQUIRE(client.hello(out, "me.example"));
        hear(ehlo_answer);
    }
    ehlo::client_reply hear(std::string_view reply) {
        auto const r = client.receive(reply);
        REQUIRE(r.ready());
        return *r;
    }
};

}  // namespace

TEST_CASE("RFC 5321 2.4: the case of a local part counts and is kept, that of a domain does not") {
    auto const upper = ehlo::parse_mailbox("Ann@Example.ORG"), lower = ehlo::parse_mailbox("ann@example.org"),
               other = ehlo::parse_mailbox("Ann@example.org");
    REQUIRE((upper && lower && other));
    CHECK_FALSE(same_mailbox(*upper, *lower));
    CHECK(same_mailbox(*upper, *other));
    auto const path = ehlo::parse_forward_path("<@Relay.Example:aNN@Example.ORG>");
    REQUIRE(path);
    char buffer[64];
    writer out(buffer);
    REQUIRE(write_path(out, *path));
    CHECK(out.text() == "<@Relay.Example:aNN@Example.ORG>");
    CHECK(path->local_part() == "aNN");
}

TEST_CASE("RFC 5321 2.4: 8BITMIME allows no octet over 127 in the envelope") {
    for (std::string_view const line : {"MAIL FROM:<j\xC3\xB6rg@b.example> BODY=8BITMIME", "MAIL FROM:<a@b.example> BODY=8BITMIME ENVID=\xC3\xB6"}) {
        auto const split = ehlo::split_command(line);
        REQUIRE(split);
        CHECK_FALSE(ehlo::parse_mail(split->arguments));
    }
    talk<full_recorder> l(all_of());
    l.say("EHLO me\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\n");
    CHECK(code_of(l.say("RCPT TO:<j\xC3\xB6rg@d.example>\r\n")) == 553);
    talker t("250-mx.example.org\r\n250 8BITMIME\r\n");
    CHECK(t.client.mail(t.out, "<j\xC3\xB6rg@b.example>", {.body = ehlo::body::eight_bit_mime}).error().code == errc::non_ascii);
}

TEST_CASE("RFC 5321 3.2: the answer to HELO is one line, and names no extension") {
    talk<everything> l(all_of());
    CHECK(l.say("HELO me.example\r\n") == "250 mx.example.org\r\n");
    CHECK(l.say("EHLO me.example\r\n").starts_with("250-mx.example.org\r\n250-"));
    CHECK(l.say("HELO me.example\r\n") == "250 mx.example.org\r\n");
}

// Each verb of an extension: not taken exactly where the answer to EHLO does not name it.
TEST_CASE("RFC 5321 3.5.2, 4.1.1.1, 4.2.3: what is offered is taken, and what is not offered is 502") {
    for (auto const service : {ehlo::service::smtp, ehlo::service::lmtp})
        for (unsigned n = 1; n < ehlo::verb_count; ++n) {
            auto const verb = static_cast<ehlo::verb>(n);
            auto of = ehlo::extension_of(verb);
            // What a client may say to any server, and a server need not do, is named, too; VRFY must be done (4.5.1).
            if (verb == ehlo::verb::help) of = extension::help;
            if (verb == ehlo::verb::expn) of = extension::expn;
            if (!of) continue;
            for (bool const offered : {true, false}) {
                ehlo::extensions const without = *of == extension::chunking ? *of | extension::binary_mime : ehlo::extensions(*of);
                auto const p = all_of(offered ? ehlo::server_extensions : ehlo::server_extensions - without, service);
                talk<everything> l(p);
                std::string const answer = l.say(service == ehlo::service::lmtp ? "LHLO me\r\n" : "EHLO me\r\n");
                CAPTURE(name(verb), offered, answer);
                auto const reply = ehlo::parse_reply(std::string_view(answer));
                REQUIRE(reply.ready());
                auto const heard = ehlo::parse_capabilities(*reply);
                REQUIRE(heard);
                bool const named = heard->offered.has(*of);
                CHECK(named == p.offers.has(*of));
                int const code = code_of(l.say(std::string(name(verb)) + (verb == ehlo::verb::bdat ? " 0 LAST" : "") + "\r\n"));
                if (named) CHECK((code != 500 && code != 502));
                else CHECK(code == (verb == ehlo::verb::bdat ? 503 : 502));   // BDAT: there is no transaction either
            }
        }
}

TEST_CASE("RFC 5321 3.5.3, 7.3: VRFY that nobody answers is 252, never 250") {
    talk<recorder> l(all_of(ehlo::policy().offers));
    l.say("EHLO me\r\n");
    CHECK(code_of(l.say("VRFY ann\r\n")) == 252);
    CHECK(code_of(l.say("VRFY ann@example.org\r\n")) == 252);
    CHECK(code_of(l.say("VRFY \"no such\"\r\n")) == 252);
    CHECK(code_of(l.say("EXPN staff\r\n")) == 502);
}

TEST_CASE("RFC 5321 4.1.1.1, 4.1.1.8: HELP is offered unless the policy has it otherwise, and taken where it is") {
    talk<recorder> l(ehlo::policy{});
    CHECK(l.say("EHLO me\r\n").find(" HELP\r\n") != std::string::npos);
    CHECK(code_of(l.say("HELP\r\n")) == 214);
    l.say("HELO me\r\n");
    CHECK(code_of(l.say("HELP\r\n")) == 214);
    talk<recorder> without(all_of(ehlo::policy().offers - extension::help));
    CHECK(code_of(without.say("HELP\r\n")) == 502);
    CHECK(without.say("EHLO me\r\n").find("HELP") == std::string::npos);
    CHECK(code_of(without.say("HELP\r\n")) == 502);
}

TEST_CASE("RFC 5321 4.5.1: the least that must be supported is") {
    talk<recorder> l(all_of(ehlo::extensions()));
    struct {
        std::string_view line;
        int code;
    } const all[] = {{"HELO me", 250}, {"EHLO me", 250}, {"NOOP", 250}, {"VRFY a", 252}, {"MAIL FROM:<a@b.example>", 250},
                     {"RCPT TO:<c@d.example>", 250},
                     {"RSET", 250}, {"MAIL FROM:<>", 250}, {"RCPT TO:<Postmaster>", 250}, {"DATA", 354}, {"\r\n.", 250}, {"QUIT", 221}};
    for (auto const& c : all) {
        INFO(c.line);
        CHECK(code_of(l.say(std::string(c.line) + "\r\n")) == c.code);
    }
    CHECK(l.session.handler.delivered == std::vector<recorder::message>{{"<>", {"<Postmaster>"}, "\r\n"}});
}

TEST_CASE("RFC 5321 4.5.1: Postmaster has no case, with a domain and without") {
    for (std::string_view const text : {"<Postmaster>", "<postmaster>", "<POSTMASTER>", "<pOsTmAsTeR>"}) {
        auto const path = ehlo::parse_forward_path(text);
        REQUIRE(path);
        CHECK(path->is_postmaster());
    }
    for (std::string_view const text : {"<Postmaster@example.org>", "<POSTMASTER@[192.0.2.1]>"}) {
        auto const path = ehlo::parse_forward_path(text);
        REQUIRE(path);
        CHECK(ehlo::iequals(path->local_part(), "postmaster"));
    }
    CHECK_FALSE(ehlo::parse_reverse_path("<Postmaster>"));
}

TEST_CASE("RFC 5321 4.5.3.1: objects of the least sizes are taken") {
    ehlo::policy p;   // the least that a policy can be
    p.offers = {};
    p.max_recipients = 100;
    p.max_message = 65536;
    p.max_line = 512;
    REQUIRE_FALSE(ehlo::check(p));
    talk<recorder> l(p);
    l.say("EHLO me\r\n");
    std::string const local(64, 'l'), domain = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(61, 'c');   // the path: 256
    std::string const path = "<" + local + "@" + domain + ">";
    REQUIRE(path.size() == 256);
    CHECK(code_of(l.say("MAIL FROM:" + path + "\r\n")) == 250);
    for (int n = 0; n < 100; ++n) CHECK(code_of(l.say("RCPT TO:" + path + "\r\n")) == 250);
    CHECK(code_of(l.say("RCPT TO:" + path + "\r\n")) == 452);
    CHECK(code_of(l.say("NOOP " + std::string(512 - 7, 'x') + "\r\n")) == 250);
    CHECK(code_of(l.say("NOOP " + std::string(512 - 6, 'x') + "\r\n")) == 500);
    CHECK(code_of(l.say("DATA\r\n")) == 354);
    std::string content;
    while (content.size() < 65536) content += std::string(1000 - 2, 'x') + "\r\n";   // text lines of 1,000 octets
    content.resize(65534);
    CHECK(code_of(l.say(content + "\r\n.\r\n")) == 250);
    REQUIRE(l.session.handler.delivered.size() == 1);
    CHECK(l.session.handler.delivered[0].content.size() == 65536);
    CHECK(l.session.handler.delivered[0].to.size() == 100);
}

TEST_CASE("RFC 5321 4.5.3.1.10: 452 and 552 to a later recipient say that there are too many") {
    struct {
        std::string_view reply;
        ehlo::verdict verdict;
    } const all[] = {{"452 4.5.3 Too many recipients\r\n", ehlo::verdict::later}, {"552 Too many recipients\r\n", ehlo::verdict::later},
                     {"552 5.5.3 Too many recipients\r\n", ehlo::verdict::later}, {"552 5.2.2 Mailbox full\r\n", ehlo::verdict::refused},
                     {"550 5.1.1 No such user\r\n", ehlo::verdict::refused}};
    for (auto const& c : all) {
        INFO(c.reply);
        talker t("250 mx.example.org\r\n");
        REQUIRE(t.client.mail(t.out, "<a@b.example>"));
        CHECK(t.hear("250 OK\r\n").recipient == 0);
        REQUIRE(t.client.rcpt(t.out, "<c@d.example>"));
        t.hear("250 OK\r\n");
        REQUIRE(t.client.rcpt(t.out, "<e@f.example>"));
        CHECK(verdict_of(t.hear(c.reply)) == c.verdict);
        CHECK(t.client.data(t.out));   // for those before
    }
}

TEST_CASE("RFC 5321 F.4: a domain is no number after a hash sign") {
    for (std::string_view const text : {"<a@#123>", "<a@#16909060>", "<a@#b.example>"})
        CHECK(ehlo::parse_path(text).error() == ehlo::fail(errc::bad_domain, 3));
    CHECK_FALSE(ehlo::parse_host("#123"));
}

TEST_CASE("RFC 5321 F.6: SEND, SOML and SAML begin a transaction as MAIL does, where they are offered") {
    for (std::string_view const verb : {"SEND", "SOML", "SAML"}) {
        INFO(verb);
        std::string const line = std::string(verb) + " FROM:<a@b.example>\r\n";
        talk<everything> l(all_of());
        CHECK(l.say("EHLO me\r\n").find(std::string("250-") + std::string(verb) + "\r\n") != std::string::npos);
        CHECK(code_of(l.say(line)) == 250);
        CHECK(code_of(l.say(line)) == 503);
        CHECK(code_of(l.say("RCPT TO:<c@d.example>\r\n")) == 250);
        CHECK(code_of(l.say("DATA\r\n")) == 354);
        CHECK(code_of(l.say("x\r\n.\r\n")) == 250);
        talk<everything> without(all_of(ehlo::policy().offers));
        CHECK(without.say("EHLO me\r\n").find(verb) == std::string::npos);
        CHECK(code_of(without.say(line)) == 502);
        talker t("250 mx.example.org\r\n"), with("250-mx.example.org\r\n250 " + std::string(verb) + "\r\n");
        auto const of = *ehlo::find_extension(verb);
        auto const which = of == extension::send ? ehlo::verb::send : of == extension::soml ? ehlo::verb::soml : ehlo::verb::saml;
        CHECK(t.client.mail(t.out, "<a@b.example>", {}, which).error().code == errc::not_offered);
        CHECK(with.client.mail(with.out, "<a@b.example>", {}, which));
    }
}

TEST_CASE("RFC 5321 4.3.1: one reply to each command, in the order of the commands, whatever their number") {
    talk<recorder> l(all_of(ehlo::policy().offers));
    CHECK(codes(l.say("EHLO me\r\nNOOP\r\nFOO\r\nMAIL FROM:<a@b.example>\r\nDATA\r\nRCPT TO:<refused@d.example>\r\n"
                      "RCPT TO:<c@d.example>\r\nVRFY x\r\nDATA\r\n")) ==
          std::vector<int>{250, 250, 500, 250, 503, 550, 250, 252, 354});
}

TEST_CASE("RFC 3207 4: 220 to STARTTLS, and nothing but the handshake after it") {
    talk<everything> l(all_of());
    l.say("EHLO me\r\n");
    CHECK(code_of(l.say("STARTTLS\r\n")) == 220);
    CHECK(l.session.server.where() == ehlo::state::handshake);
    talker t("250-mx.example.org\r\n250-STARTTLS\r\n250 PIPELINING\r\n");
    REQUIRE(t.client.starttls(t.out));
    t.hear("220 Go ahead\r\n");
    CHECK(t.client.hello(t.out, "me.example").error().code == errc::bad_sequence);
    CHECK(t.client.mail(t.out, "<a@b.example>").error().code == errc::bad_sequence);
    CHECK(t.client.quit(t.out).error().code == errc::bad_sequence);
}

TEST_CASE("RFC 4954 4: an empty initial response is written as =, and none is read for it") {
    char buffer[64];
    writer out(buffer);
    REQUIRE(write_auth(out, "EXTERNAL", std::string_view()));
    CHECK(out.text() == "AUTH EXTERNAL =\r\n");
    auto const empty = ehlo::parse_auth("EXTERNAL ="), none = ehlo::parse_auth("EXTERNAL");
    REQUIRE((empty && none));
    char decoded[4];
    CHECK((empty->initial_response && empty->decode(decoded) && empty->decode(decoded)->empty()));
    CHECK_FALSE(none->initial_response);
}

TEST_CASE("RFC 1870 6: the content ends where it ends, whatever SIZE said") {
    for (std::string_view const size : {"1", "3", "5", "100"}) {
        talk<recorder> l(all_of(ehlo::policy().offers));
        l.say("EHLO me\r\nMAIL FROM:<a@b.example> SIZE=" + std::string(size) + "\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
        CHECK(code_of(l.say("abc\r\n.\r\n")) == 250);
        REQUIRE(l.session.handler.delivered.size() == 1);
        CHECK(l.session.handler.delivered[0].content == "abc\r\n");
    }
}

TEST_CASE("RFC 6531 3.1: parameters of SMTPUTF8 in an answer to EHLO are passed over, and none is written") {
    talker t("250-mx.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8 something else\r\n");
    CHECK(t.client.offers().has(extension::smtputf8));
    CHECK(t.client.mail(t.out, "<j\xC3\xB6rg@b.example>", {.smtputf8 = true}));
    talk<recorder> l(all_of(ehlo::policy().offers));
    std::string const answer = l.say("EHLO me\r\n");
    CHECK((answer.find("-SMTPUTF8\r\n") != std::string::npos || answer.find(" SMTPUTF8\r\n") != std::string::npos));
}

TEST_CASE("RFC 6531 3.4: the parameter SMTPUTF8 takes no value") {
    CHECK(ehlo::parse_mail("FROM:<a@b.example> SMTPUTF8"));
    CHECK_FALSE(ehlo::parse_mail("FROM:<a@b.example> SMTPUTF8=1"));
    CHECK_FALSE(ehlo::parse_mail("FROM:<a@b.example> SMTPUTF8="));
}

TEST_CASE("RFC 6531 3.7.1: names in EHLO, and in its answer, are ASCII") {
    CHECK(ehlo::parse_hello(ehlo::verb::ehlo, "b\xC3\xBC" "cher.example").error().code == errc::non_ascii);
    CHECK(ehlo::parse_hello(ehlo::verb::ehlo, "xn--bcher-kva.example"));
    ehlo::client c;
    char buffer[256];
    writer out(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    CHECK_FALSE(c.hello(out, "b\xC3\xBC" "cher.example"));
    CHECK(out.text().empty());
    talk<recorder> l(all_of(ehlo::policy().offers), "b\xC3\xBC" "cher.example");
    CHECK(l.session.output.starts_with("421 "));
}

TEST_CASE("RFC 6531 3.7.4.1: a client takes UTF-8 in replies") {
    talker t("250-mx.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n");
    REQUIRE(t.client.vrfy(t.out, "j\xC3\xB6rg SMTPUTF8"));
    auto const r = t.hear("250 J\xC3\xB6rg <j\xC3\xB6rg@b.example>\r\n");
    CHECK(r.accepted);
    CHECK(r.reply.text() == "J\xC3\xB6rg <j\xC3\xB6rg@b.example>");
    REQUIRE(t.client.mail(t.out, "<a@b.example>", {.smtputf8 = true}));
    t.hear("250 OK\r\n");
    REQUIRE(t.client.rcpt(t.out, "<c@d.example>"));
    CHECK(t.hear("251 will go to <j\xC3\xB6rg@d.example>\r\n").accepted);
}

namespace {

// Says UTF-8 in all that it says.
struct umlauts : recorder {
    unsigned rcpt_code = 551;
    std::vector<ehlo::errc> faults{};
    using recorder::on;
    ehlo::reply on(ehlo::connected const&) { return {220, "Gr\xC3\xBC\xC3\x9F Gott"}; }
    ehlo::reply on(ehlo::cmd::mail const&) { return {250, ehlo::status{2, 1, 0}, "j\xC3\xB6rg"}; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return {rcpt_code, ehlo::status{static_cast<std::uint8_t>(rcpt_code / 100), 1, 6}, "try <j\xC3\xB6rg@b.example>"}; }
    ehlo::reply on(ehlo::cmd::vrfy const&) { return {250, "J\xC3\xB6rg <j\xC3\xB6rg@b.example>"}; }
    void on(ehlo::answered const& a) {
        if (a.fault) faults.push_back(a.fault->code);
    }
};

}  // namespace

TEST_CASE("RFC 6531 3.7.4: UTF-8 is said in 251 and 551, and to VRFY and EXPN, where SMTPUTF8 was asked for, and nowhere else") {
    ehlo::policy const p = all_of(ehlo::policy().offers | extension::expn);
    std::string const utf8 = " SMTPUTF8\r\n", plain = "\r\n", mailbox = "try <j\xC3\xB6rg@b.example>\r\n";
    talk<umlauts> l(p);
    CHECK(l.session.output == "220 mx.example.org ESMTP ready\r\n");
    l.say("EHLO me\r\n");
    for (std::string const verb : {"VRFY", "EXPN"}) {
        CHECK(l.say(verb + " joe" + utf8) == "250 2.0.0 J\xC3\xB6rg <j\xC3\xB6rg@b.example>\r\n");
        CHECK(l.say(verb + " joe" + plain) == "252 2.6.8\r\n");   // each asks for itself
    }
    // The reply to MAIL holds no mailbox.
    CHECK(l.say("MAIL FROM:<a@b.example>" + utf8) == "250 2.1.0\r\n");
    CHECK(l.say("RCPT TO:<c@d.example>\r\n") == "551 5.1.6 " + mailbox);
    CHECK(l.say("VRFY joe" + plain) == "252 2.6.8\r\n");
    l.session.handler.rcpt_code = 251;
    CHECK(l.say("RCPT TO:<c@d.example>\r\n") == "251 2.1.6 " + mailbox);
    l.session.handler.rcpt_code = 450;
    CHECK(l.say("RCPT TO:<c@d.example>\r\n") == "450 4.1.6\r\n");
    l.say("RSET\r\n");
    l.session.handler.faults.clear();
    CHECK(l.say("MAIL FROM:<a@b.example>" + plain) == "250 2.1.0\r\n");
    l.session.handler.rcpt_code = 551;
    CHECK(l.say("RCPT TO:<c@d.example>\r\n") == "550 5.6.8\r\n");
    l.session.handler.rcpt_code = 251;
    CHECK(l.say("RCPT TO:<c@d.example>\r\n") == "250 2.6.8\r\n");
    CHECK(l.session.handler.faults == std::vector<ehlo::errc>(3, errc::non_ascii));
    // It was a yes all the same.
    CHECK(l.say("DATA\r\n").starts_with("354 "));
}

TEST_CASE("RFC 2033 5: an LMTP server without PIPELINING or ENHANCEDSTATUSCODES is none") {
    for (extension const lacking : {extension::pipelining, extension::enhanced_status_codes}) {
        ehlo::policy p;
        p.service = ehlo::service::lmtp;
        CHECK_FALSE(ehlo::check(p));
        p.offers = p.offers - lacking;
        CHECK(ehlo::check(p));
        talk<recorder> l(p);
        CHECK(l.session.output.starts_with("421 "));
    }
}

TEST_CASE("RFC 2033 5: what was replied before the connection was lost counts") {
    ehlo::client c(ehlo::client_settings{.lmtp = true});
    char buffer[1024];
    writer out(buffer);
    auto hear = [&](std::string_view reply) {
        auto const r = c.receive(reply);
        REQUIRE(r.ready());
        return *r;
    };
    hear("220 mx.example.org\r\n");
    REQUIRE(c.hello(out, "me.example"));
    hear("250-mx.example.org\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n");
    REQUIRE((c.mail(out, "<a@b.example>") && c.rcpt(out, "<c@d.example>") && c.rcpt(out, "<e@f.example>") && c.rcpt(out, "<g@h.example>") &&
             c.data(out)));
    for (std::string_view const reply : {"250 OK\r\n", "250 OK\r\n", "250 OK\r\n", "250 OK\r\n", "354 Go on\r\n"}) hear(reply);
    REQUIRE((c.content("x\r\n", out).done() && c.end_content(out).done()));
    auto const first = hear("250 2.0.0 OK\r\n"), second = hear("550 5.2.2 Full\r\n");
    CHECK((first.recipient == 0 && verdict_of(first) == ehlo::verdict::delivered));
    CHECK((second.recipient == 1 && verdict_of(second) == ehlo::verdict::refused));
    CHECK(c.disconnected() == ehlo::verdict::unknown);   // for the third: perhaps delivered, to be tried again
}

TEST_CASE("RFC 2034 4: a status after HELO, and before it") {
    talk<recorder> l(all_of(ehlo::policy().offers));
    CHECK(l.say("NOOP\r\n") == "250 2.0.0 OK\r\n");
    CHECK(l.say("MAIL FROM:<a@b.example>\r\n").starts_with("503 5.5.1 "));
    CHECK(l.say("HELO me.example\r\n") == "250 mx.example.org\r\n");
    CHECK(l.say("MAIL FROM:<a@b.example>\r\n").starts_with("250 2.1.0 "));
    CHECK(l.say("RCPT TO:<refused@d.example>\r\n").starts_with("550 5.1.1 "));
    CHECK(l.say("QUIT\r\n").starts_with("221 2.0.0 "));
}

TEST_CASE("RFC 5321 3.8: a refusal that nobody asked for is handed over, and is about no recipient") {
    for (std::string_view const reply : {"421 4.3.2 Closing\r\n", "451 4.4.2 Timeout\r\n", "554 5.0.0 No more\r\n"}) {
        talker t("250 mx.example.org\r\n");
        auto const r = t.hear(reply);
        CHECK((r.to == ehlo::event::shutdown && !r.accepted && r.recipient == 0));
        CHECK(t.client.over());
    }
}

TEST_CASE("RFC 3030 2: a BDAT after any octet that some reader passes over may be one") {
    for (unsigned octet = 0; octet < 256; ++octet) {
        bool const printable = octet > ' ' && octet < 127;
        ehlo::detail::bdat_finder finder;
        finder.look(std::string(1, static_cast<char>(octet)) + "BDAT 5");
        CAPTURE(octet);
        CHECK(finder.found() == !printable);
    }
    // In a line that begins otherwise, after a control alone; whether the octets come at once or one by one.
    for (std::size_t before = 0; before < 40; ++before) {
        for (unsigned octet = 0; octet < 256; ++octet) {
            std::string const line = "RCPT" + std::string(before, 'x') + static_cast<char>(octet) + "BDAT";
            ehlo::detail::bdat_finder at_once, one_by_one;
            at_once.look(line);
            for (char const& c : line) one_by_one.look({&c, 1});
            CAPTURE(before, octet);
            CHECK(at_once.found() == ((octet < ' ' && octet != '\t') || octet == 127));
            CHECK(one_by_one.found() == at_once.found());
        }
    }
}

}  // namespace test_register
