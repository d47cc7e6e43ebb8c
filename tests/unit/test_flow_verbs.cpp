// The commands of the typestate client that lead a session aside: each writes what the client writes, and leads where the table says.
#include "catch.hpp"

#include <ehlo/flow.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test_flow_verbs {

namespace {

namespace flow = ehlo::flow;
using ehlo::errc;
using ehlo::state;

// A server that says its lines one after the other.
struct wire {
    ehlo::client& smtp;
    std::vector<std::string_view> lines;
    char buffer[4096]{};
    ehlo::writer out{buffer};
    std::size_t line = 0;

    ehlo::progress<ehlo::client_reply> reply() { return smtp.receive(line < lines.size() ? lines[line++] : std::string_view()); }
};

constexpr std::string_view hi = "220 mx.example\r\n", ok = "250 OK\r\n";
constexpr std::string_view offers = "250-mx.example\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-BURL\r\n250-ETRN\r\n"
                                    "250-ATRN\r\n250-TURN\r\n"
                                    "250-VERB\r\n250-ONEX\r\n250-EXPN\r\n250-XCLIENT NAME\r\n250-XFORWARD NAME\r\n250 AUTH PLAIN\r\n";

auto begin(wire& io) { return flow::connected(io.smtp).on(io.reply()).accepted().hello(io.out, "me.example").on(io.reply()).accepted(); }

}  // namespace

TEST_CASE("flow: HELO, and no extension after it (RFC 5321 3.2)") {
    ehlo::client smtp;
    wire io{smtp, {hi, "500 EHLO?\r\n", "250 mx.example\r\n", ok, "221 Bye\r\n"}};
    auto refused = flow::connected(io.smtp).on(io.reply()).accepted().hello(io.out, "me.example").on(io.reply());
    REQUIRE(refused.is_refused());
    auto ready = std::move(refused).refused().helo(io.out, "me.example").on(io.reply()).accepted();
    REQUIRE(ready);
    auto mail = std::move(ready).mail(io.out, "<a@me.example>").on(io.reply()).accepted();
    REQUIRE(mail);
    CHECK(std::move(mail).quit(io.out).on(io.reply()));
    CHECK(smtp.where() == state::closed);
    CHECK(io.out.text() == "EHLO me.example\r\nHELO me.example\r\nMAIL FROM:<a@me.example>\r\nQUIT\r\n");
}

TEST_CASE("flow: commands that lead nowhere else") {
    ehlo::client smtp;
    wire io{smtp, {hi, offers, ok, ok, ok, ok, ok, ok, ok, ok}};
    auto ready = begin(io);
    REQUIRE(ready);
    CHECK(ready.noop(io.out).on(io.reply()));
    CHECK(ready.help(io.out, "MAIL").on(io.reply()));
    CHECK(ready.vrfy(io.out, "ann").on(io.reply()));
    CHECK(ready.expn(io.out, "staff").on(io.reply()));
    CHECK(ready.verbose(io.out).on(io.reply()));
    CHECK(ready.onex(io.out).on(io.reply()));
    CHECK(ready.etrn(io.out, ehlo::etrn_option::node, "me.example").on(io.reply()));
    CHECK(ready.xforward(io.out, "NAME=a.example").on(io.reply()));
    CHECK(smtp.where() == state::ready);
    CHECK(io.out.text() == "EHLO me.example\r\nNOOP\r\nHELP MAIL\r\nVRFY ann\r\nEXPN staff\r\nVERB\r\nONEX\r\n"
                           "ETRN me.example\r\nXFORWARD NAME=a.example\r\n");
}

TEST_CASE("flow: XCLIENT begins anew, ATRN and TURN end what a client can say") {
    ehlo::client smtp(ehlo::client_settings{.clear_text_passwords = true});
    wire io{smtp, {hi, offers, "220 mx.example\r\n", offers, "235 In\r\n", "250 Reversing\r\n"}};
    auto anew = begin(io).xclient(io.out, "NAME=a.example").on(io.reply());
    REQUIRE(anew);
    CHECK(smtp.where() == state::greeted);
    auto ready = std::move(anew).accepted().hello(io.out, "me.example").on(io.reply()).accepted();
    auto known = std::move(ready).auth(io.out, ehlo::sasl::plain{"", "ann", "secret"}).on(io.reply()).accepted();
    REQUIRE(known);
    CHECK(std::move(known).atrn(io.out, "a.example").on(io.reply()));
    CHECK(smtp.where() == state::turned);
    CHECK(io.out.text() == "EHLO me.example\r\nXCLIENT NAME=a.example\r\nEHLO me.example\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\nATRN a.example\r\n");

    ehlo::client other;
    wire old{other, {hi, offers, ok}};
    CHECK(begin(old).turn(old.out).on(old.reply()));
    CHECK(other.where() == state::turned);
}

TEST_CASE("flow: BURL, alone and after another (RFC 4468 3)") {
    ehlo::client smtp;
    wire io{smtp, {hi, offers, ok, ok, ok, "250 Stored\r\n"}};
    auto rcpt = begin(io).mail(io.out, "<a@me.example>").on(io.reply()).accepted().rcpt(io.out, "<c@d.example>").on(io.reply()).accepted();
    REQUIRE(rcpt);
    auto part = std::move(rcpt).burl(io.out, "imap://a.example/x").on(io.reply());
    REQUIRE(part);
    CHECK(smtp.where() == state::chunks);
    auto done = std::move(part).accepted().burl_last(io.out, "imap://a.example/y").on(io.reply());
    REQUIRE(done);
    CHECK(smtp.where() == state::ready);
    CHECK(io.out.text().ends_with("BURL imap://a.example/x\r\nBURL imap://a.example/y LAST\r\n"));
}

TEST_CASE("flow: BODY=BINARYMIME as a text is no way around the types (RFC 3030 3)") {
    ehlo::client smtp;
    wire io{smtp, {hi, offers, ok, ok}};
    auto asked = begin(io).mail(io.out, "<a@me.example>", {.others = "BODY=BINARYMIME"});
    CHECK_FALSE(asked);
    CHECK(asked.error() == ehlo::fail(errc::bad_value, 0));
    CHECK(smtp.where() == state::ready);
    CHECK(io.out.text() == "EHLO me.example\r\n");

    ehlo::client other;
    wire binary{other, {hi, offers, ok}};
    CHECK(begin(binary).mail<ehlo::fact::binary>(binary.out, "<a@me.example>", {.others = "BODY=BINARYMIME"}).on(binary.reply()));
    CHECK(binary.out.text().ends_with("MAIL FROM:<a@me.example> BODY=BINARYMIME\r\n"));
}

}  // namespace test_flow_verbs
