// The client's AUTH: initial responses, exchanges, cancelling, what must not be sent. RFC 4954.
#include "client_dialogue.hpp"

namespace test_client_auth {

using namespace dialogue;
using ehlo::client_settings;
using ehlo::fact;
using ehlo::mechanism;

namespace {

constexpr ehlo::sasl::plain plain{"", "tim", "tanstaaftanstaaf"};
constexpr client_settings in_the_clear{.clear_text_passwords = true};

auto const auth_plain = [](auto& c, auto& w) { return c.auth(w, plain); };
auto const auth_scram = [](auto& c, auto& w) { return c.auth(w, mechanism::scram_sha_256); };
auto const respond = [](auto& c, auto& w) { return c.auth_response(w, "tim"sv); };
auto const cancel = [](auto& c, auto& w) { return c.auth_cancel(w); };

std::string const plain_line = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n";
std::string const when_authenticated = "EHLO HELO STARTTLS MAIL SEND" + aside + " ETRN TURN ATRN XCLIENT XFORWARD QUIT";
std::string const in_exchange = "response cancel";

// A client that has heard the EHLO answer.
struct ready_client {
    ehlo::client c;
    char buffer[16384] = {};
    writer w{buffer};
    explicit ready_client(client_settings const& s = {}, std::string_view answer = everything) : c(s) {
        REQUIRE(c.receive("220 mx\r\n").ready());
        REQUIRE(c.hello(w, "me.example"));
        REQUIRE(c.receive(answer).ready());
        w.rewind(0);
    }
};

}  // namespace

TEST_CASE("RFC 4954 4: AUTH with an initial response, and a message after it without a second EHLO") {
    script<> s(in_the_clear);
    s.ready()
        .does(auth_plain, plain_line, when_ready)
        .reply("235 2.7.0 Welcome", "AUTH+")
        .does([](auto& c, auto& w) { return c.mail(w, "<a@b.example>"); }, "MAIL FROM:<a@b.example>\r\n", when_authenticated)
        .reply("250 OK", "MAIL+")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 4954 4: an exchange of challenges and responses, an empty one too") {
    script<> s;
    s.ready()
        .does(auth_scram, "AUTH SCRAM-SHA-256\r\n", when_ready)
        .reply("334 ", "AUTH+")
        .does(respond, "dGlt\r\n", in_exchange)
        .reply("334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==", "AUTH response+")
        .does([](auto& c, auto& w) { return c.auth_response(w, ""sv); }, "\r\n", in_exchange)
        .reply("334", "AUTH response+")
        .does(respond, "dGlt\r\n", in_exchange)
        .reply("235 2.7.0 Welcome", "AUTH response+")
        .does([](auto& c, auto& w) { return c.quit(w); }, "QUIT\r\n", when_authenticated)
        .reply("221 Bye", "QUIT+")
        .play(state::closed);
}

TEST_CASE("RFC 4954 4: an exchange that is cancelled or fails can be begun again") {
    script<> s;
    s.ready()
        .does(auth_scram, "AUTH SCRAM-SHA-256\r\n")
        .reply("334 ", "AUTH+")
        .does(cancel, "*\r\n", in_exchange)
        .reply("501 5.7.0 Cancelled", "AUTH response-501")
        .does(auth_scram, "AUTH SCRAM-SHA-256\r\n", when_ready)
        .reply("334 ", "AUTH+")
        .does(respond, "dGlt\r\n", in_exchange)
        .reply("535 5.7.8 Wrong", "AUTH response-535")
        .does(auth_scram, "AUTH SCRAM-SHA-256\r\n", when_ready)
        .reply("454 4.7.0 Later", "AUTH-454")
        .does(auth_scram, "AUTH SCRAM-SHA-256\r\n", when_ready)
        .reply("235 2.7.0 Welcome", "AUTH+")
        .does(auth_scram, "!bad_sequence", when_authenticated)   // once
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 4954 4: no password in the clear without TLS") {
    struct {
        mechanism m;
        bool clear;
    } const cases[] = {{mechanism::plain, true},          {mechanism::login, true},    {mechanism::xoauth2, true},
                       {mechanism::external, false},      {mechanism::cram_md5, false}, {mechanism::scram_sha_256, false}};
    for (auto const& k : cases) {
        CAPTURE(ehlo::name(k.m));
        for (bool const allowed : {false, true}) {
            ready_client r({.clear_text_passwords = allowed});
            auto const written = r.c.auth(r.w, k.m);
            CHECK(written.has_value() == (!k.clear || allowed));
            if (!written) CHECK(written.error().code == errc::mechanism_needs_tls);
            if (!written) CHECK(r.w.size() == 0);
        }
        // The name in other letters is the same mechanism.
        ready_client r;
        CHECK(r.c.auth(r.w, k.clear && k.m == mechanism::plain ? "pLaIn"sv : ehlo::name(k.m)).has_value() == !k.clear);
        // Under TLS.
        ready_client t;
        REQUIRE(t.c.starttls(t.w));
        REQUIRE(t.c.receive("220 Go\r\n").ready());
        REQUIRE(t.c.secured());
        REQUIRE(t.c.hello(t.w, "me.example"));
        REQUIRE(t.c.receive(everything).ready());
        CHECK(t.c.auth(t.w, k.m));
    }
    ready_client r;
    CHECK(r.c.auth(r.w, plain).error().code == errc::mechanism_needs_tls);
    CHECK(r.c.auth(r.w, "PLAIN", plain).error().code == errc::mechanism_needs_tls);
    CHECK(r.w.size() == 0);
    CHECK(!r.c.awaits());
}

TEST_CASE("RFC 5321 4.1.1.1: what a client hears of AUTH is what parse_ehlo_answer reads") {
    for (std::string_view const line : {"AUTH PLAIN LOGIN", "AUTH  PLAIN", "AUTH PLAIN ", "AUTH", "AUTH ", "AUTH=PLAIN LOGIN", "AUTH= PLAIN", "AUTH="}) {
        for (ehlo::leniency const tolerate : {ehlo::strict, ehlo::leniency(ehlo::rule::blanks_in_ehlo_answer)}) {
            CAPTURE(line);
            std::string const text = "250-mx.example\r\n250 " + std::string(line) + "\r\n";
            char buffer[256];
            ehlo::writer w(buffer);
            ehlo::client c;
            REQUIRE(c.receive("220 mx.example\r\n").ready());
            REQUIRE(c.hello(w, "me.example"));
            REQUIRE(c.receive(text, {.tolerate = tolerate}).ready());
            auto const a = ehlo::parse_ehlo_answer(*ehlo::parse_reply(text), tolerate);
            CHECK(c.offers().offered == a->offered);
            CHECK(c.offered_mechanisms() == a->auth);
        }
    }
}

TEST_CASE("RFC 4954 3: only a mechanism that the latest EHLO offered") {
    ready_client r(in_the_clear);
    CHECK(r.c.offered_mechanisms() == (mechanism::plain | mechanism::login | mechanism::external | mechanism::scram_sha_256 |
                                       mechanism::cram_md5 | mechanism::xoauth2));
    CHECK(r.c.auth(r.w, mechanism::oauthbearer).error().code == errc::not_offered);
    CHECK(r.c.auth(r.w, "SCRAM-SHA-1").error().code == errc::not_offered);
    CHECK(r.c.auth(r.w, "x other").error().code == errc::bad_mechanism);
    CHECK(r.c.auth(r.w, "CRAM-MD5", "x"sv).error().code == errc::unexpected_initial_response);
    CHECK(r.w.size() == 0);
    CHECK(r.c.auth(r.w, "X-OTHER", "x"sv));   // whether there is such a one is for the server to say
    // AUTH that was not offered at all, though one knows the mechanism.
    ready_client none(in_the_clear, "250-mx\r\n250 PIPELINING\r\n");
    CHECK(none.c.auth(none.w, mechanism::plain).error().code == errc::not_offered);
    CHECK(none.c.auth(none.w, "X-OTHER").error().code == errc::not_offered);
    // Each EHLO replaces what was offered.
    ready_client again(in_the_clear);
    REQUIRE(again.c.hello(again.w, "me.example"));
    REQUIRE(again.c.receive("250-mx\r\n250 AUTH LOGIN\r\n").ready());
    CHECK(again.c.auth(again.w, plain).error().code == errc::not_offered);
    REQUIRE(again.c.helo(again.w, "me.example"));
    REQUIRE(again.c.receive("250-mx\r\n250 AUTH LOGIN\r\n").ready());
    CHECK(again.c.auth(again.w, mechanism::login).error().code == errc::bad_sequence);   // after HELO there is none
}

TEST_CASE("RFC 4954 4: what does not fit on the line of AUTH is sent as a response") {
    ready_client r(in_the_clear);
    std::string const secret(600, 's');
    CHECK(r.c.auth(r.w, ehlo::sasl::plain{"", "tim", secret}).error().code == errc::line_too_long);
    CHECK(r.w.size() == 0);
    REQUIRE(r.c.auth(r.w, mechanism::plain));
    CHECK(r.w.text() == "AUTH PLAIN\r\n");
    r.w.rewind(0);
    REQUIRE(r.c.receive("334 \r\n").ready());
    CHECK(r.c.auth_response(r.w, ehlo::sasl::plain{"", "tim", secret}));
    CHECK(r.w.size() == (3 + 1 + secret.size() + 1 + 2) / 3 * 4 + 2);
    REQUIRE(r.c.receive("334 \r\n").ready());
    r.w.rewind(0);
    CHECK(r.c.auth_response(r.w, std::string_view(std::string(9300, 'x'))).error().code == errc::auth_line_too_long);
    CHECK(r.w.size() == 0);
    CHECK(r.c.where() == state::exchange);
}

TEST_CASE("RFC 4954: a client that is known by other means") {
    ready_client r;
    r.c.know(fact::authenticated);
    CHECK(r.c.auth(r.w, mechanism::scram_sha_256).error().code == errc::bad_sequence);
    CHECK(r.c.atrn(r.w, "a.example,b.example"));
    CHECK(r.w.text() == "ATRN a.example,b.example\r\n");
}

}  // namespace test_client_auth
