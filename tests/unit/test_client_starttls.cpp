// The client under TLS: STARTTLS, TLS from the beginning, TLS that is required. RFC 3207, RFC 8314.
#include "client_dialogue.hpp"

namespace test_client_starttls {

using namespace dialogue;
using ehlo::client_settings;
using ehlo::fact;
using ehlo::tls_use;

namespace {

auto const starttls = [](auto& c, auto& w) { return c.starttls(w); };
auto const hello = [](auto& c, auto& w) { return c.hello(w, "me.example"); };

}  // namespace

TEST_CASE("RFC 3207 4: STARTTLS, the handshake, EHLO again, a message") {
    std::string under_tls = everything;
    under_tls.replace(under_tls.find("250-STARTTLS\r\n"), 14, "");
    script<> s;
    s.ready()
        .does(starttls, "STARTTLS\r\n", when_ready)
        .reply("220 2.0.0 Go ahead", "STARTTLS+")
        .secured()
        .does(hello, "EHLO me.example\r\n", when_greeted)   // RFC 3207 4.2: what was offered before is forgotten
        .hears(under_tls, "EHLO+")
        .does([](auto& c, auto& w) { return c.mail(w, "<a@b.example>"); }, "MAIL FROM:<a@b.example>\r\n",
              "EHLO HELO AUTH MAIL SEND" + aside + " ETRN TURN XCLIENT XFORWARD QUIT")
        .reply("250 OK", "MAIL+")
        .rcpt()
        .reply("250 OK", "RCPT+")
        .does([](auto& c, auto& w) { return c.data(w); }, "DATA\r\n", when_rcpt)
        .reply("354 Go", "DATA+")
        .does([](auto& c, auto& w) { return c.content("Hi\r\n", w); }, "Hi\r\n", "content end")
        .does([](auto& c, auto& w) { return c.end_content(w); }, ".\r\n", "content end")
        .ends()
        .reply("250 Stored", "end of content+")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 3207 4: a refused STARTTLS changes nothing") {
    for (std::string_view const refusal : {"454 4.7.0 TLS not available"sv, "501 5.5.4 No"sv, "502 No"sv}) {
        script<> s;
        s.ready().does(starttls, "STARTTLS\r\n").reply(refusal, "STARTTLS-" + std::string(refusal.substr(0, 3)));
        s.does(starttls, "STARTTLS\r\n", when_ready).reply("454 No", "STARTTLS-454").quit().play(state::closed);
    }
}

TEST_CASE("RFC 3207 4.2: nothing may follow the 220 in the clear, in the same read or later") {
    for (std::string_view const more : {"2"sv, "250 OK\r\n"sv, "421 Bye\r\n"sv, "\r"sv, "\x16\x03\x01"sv, "550 No\r\n"sv}) {
        for (bool const same_read : {true, false}) {
            ehlo::client c;
            char buffer[256];
            writer w(buffer);
            REQUIRE(c.receive("220 mx\r\n").ready());
            REQUIRE(c.hello(w, "me.example"));
            REQUIRE(c.receive(everything).ready());
            REQUIRE(c.starttls(w));
            std::string const go = "220 Go\r\n";
            if (same_read) {
                auto const r = c.receive(go + std::string(more));
                CHECK(r.failed());
                CHECK(r.error().code == errc::early_octets);
                CHECK(r.error().at == go.size());
            } else {
                REQUIRE(c.receive(go).ready());
                CHECK(c.where() == state::handshake);
                CHECK(c.receive("").need_more());
                CHECK(c.receive(more).error() == ehlo::fail(errc::early_octets, 0));
            }
            CHECK(c.over());
            CHECK(!c.secured());
        }
    }
}

TEST_CASE("RFC 3207: a client that requires TLS sends no mail and no password without it") {
    for (bool const offered : {true, false}) {
        std::string answer = everything;
        if (!offered) answer.replace(answer.find("250-STARTTLS\r\n"), 14, "");   // by whoever is in the middle
        for (tls_use const use : {tls_use::optional, tls_use::if_offered, tls_use::required}) {
            CAPTURE(offered, static_cast<int>(use));
            ehlo::client c(client_settings{.tls = use});
            char buffer[2048];
            writer w(buffer);
            REQUIRE(c.receive("220 mx\r\n").ready());
            REQUIRE(c.hello(w, "me.example"));
            REQUIRE(c.receive(answer).ready());
            bool const refused = use == tls_use::required || (use == tls_use::if_offered && offered);
            std::size_t const size = w.size();
            auto const tls_required = [&](auto const& r) {
                CHECK(r.has_value() != refused);
                if (!r) CHECK(r.error().code == errc::tls_required);
            };
            for (auto const& call : every_call<ehlo::client>()) {
                ehlo::client copy = c;
                std::string const failed = call.run(copy, w);
                CAPTURE(call.name, failed);
                if (call.name == "STARTTLS") CHECK(failed == (offered ? "" : "not_offered"));
                else if (call.name == "EHLO" || call.name == "NOOP" || call.name == "QUIT") CHECK(failed.empty());
                else if (when_ready.find(call.name) == std::string::npos) CHECK_FALSE(failed.empty());
                else if (refused) CHECK(failed == "tls_required");
            }
            if (!refused) continue;
            w.rewind(size);
            tls_required(c.mail(w, "<a@b.example>"));
            tls_required(c.auth(w, ehlo::mechanism::scram_sha_256));
            CHECK(w.size() == size);
            CHECK(c.where() == state::ready);
            if (!offered) continue;
            ehlo::client refuses = c;
            REQUIRE(refuses.starttls(w));
            REQUIRE(refuses.receive("454 No\r\n").ready());
            CHECK(refuses.mail(w, "<a@b.example>").has_value() == (use == tls_use::if_offered));
            REQUIRE(c.starttls(w));
            REQUIRE(c.receive("220 Go\r\n").ready());
            REQUIRE(c.secured());
            CHECK(c.knows(fact::tls));
            REQUIRE(c.hello(w, "me.example"));
            REQUIRE(c.receive(answer).ready());
            CHECK(c.mail(w, "<a@b.example>"));
        }
    }
}

TEST_CASE("RFC 8314: TLS from the beginning") {
    ehlo::client c(client_settings{.tls = tls_use::required});
    char buffer[512];
    writer w(buffer);
    REQUIRE(c.secured());
    CHECK(c.knows(fact::tls));
    REQUIRE(c.receive("220 mx\r\n").ready());
    CHECK(!c.secured());   // now it would be STARTTLS
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive(everything).ready());
    CHECK(c.starttls(w).error().code == errc::bad_sequence);
    CHECK(c.auth(w, ehlo::sasl::plain{"", "user", "secret"}));
}

TEST_CASE("RFC 3207: STARTTLS where it is not offered, after HELO, in a transaction") {
    ehlo::client c;
    char buffer[1024];
    writer w(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    CHECK(c.starttls(w).error().code == errc::bad_sequence);
    REQUIRE(c.helo(w, "me.example"));
    REQUIRE(c.receive("250-mx\r\n250 STARTTLS\r\n").ready());
    CHECK(c.starttls(w).error().code == errc::bad_sequence);
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive("250 mx\r\n").ready());
    CHECK(c.starttls(w).error().code == errc::not_offered);
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive(everything).ready());
    REQUIRE(c.mail(w, "<a@b.example>"));
    CHECK(c.starttls(w).error().code == errc::bad_sequence);   // nor may it be pipelined
    REQUIRE(c.receive("250 OK\r\n").ready());
    CHECK(c.starttls(w).error().code == errc::bad_sequence);
}

}  // namespace test_client_starttls
