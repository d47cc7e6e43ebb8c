// AUTH on the server (RFC 4954): exchanges, what is refused, what is required, and that secrets are marked.
#include "everything.hpp"

namespace test_server_auth {

namespace {

using namespace machine;
using ehlo::errc;
using ehlo::extension;
using ehlo::fact;
using ehlo::mechanism;
using ehlo::state;
using ehlo::want;
using ints = std::vector<int>;
using Server = ehlo::server_with<>;

constexpr ehlo::policy settings = offering(extension::auth);
constexpr ehlo::policy no_passwords() {
    ehlo::policy p = offering(extension::auth | extension::starttls);
    p.clear_text_passwords = false;
    return p;
}
constexpr ehlo::policy submission = offering(extension::auth | extension::expn, ehlo::service::submission);

std::string base64(std::string_view text) {
    std::string s(ehlo::base64_size(text.size()), '\0');
    ehlo::writer w(s.data(), s.size());
    (void)encode_base64(w, text);
    return s;
}
std::string const good = base64(std::string_view("\0ann\0secret", 11)), bad = base64(std::string_view("\0ann\0wrong", 10)),
                  busy = base64(std::string_view("\0ann\0busy", 9));

}  // namespace

TEST_CASE("RFC 4954 4: exchanges, whole and cut anywhere") {
    struct {
        std::string_view id;
        std::vector<std::string> reads;
        ints codes;
        std::string ends;
        state where = state::ready;
    } const cases[] = {
        {"initial response", {"AUTH PLAIN " + good + "\r\n"}, {235}, "235 2.7.0 Authentication succeeded\r\n"},
        {"lower case", {"auth plain " + good + "\r\n"}, {235}, ""},
        {"wrong", {"AUTH PLAIN " + bad + "\r\n"}, {535}, "535 5.7.8 Authentication credentials invalid\r\n"},
        {"not now", {"AUTH PLAIN " + busy + "\r\n"}, {454}, ""},
        {"wrong, then right", {"AUTH PLAIN " + bad + "\r\n", "AUTH PLAIN " + good + "\r\n"}, {535, 235}, ""},
        {"empty challenge", {"AUTH PLAIN\r\n"}, {334}, "334 \r\n", state::exchange},
        {"its response", {"AUTH PLAIN\r\n", good + "\r\n"}, {334, 235}, ""},
        {"challenges", {"AUTH LOGIN\r\n", base64("ann") + "\r\n", base64("secret") + "\r\n"}, {334, 334, 235}, ""},
        {"texts of challenges", {"AUTH LOGIN\r\n", base64("ann") + "\r\n"}, {334, 334}, "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n", state::exchange},
        {"a challenge first", {"AUTH CRAM-MD5\r\n"}, {334}, "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UuZXhhbXBsZT4=\r\n", state::exchange},
        {"an empty initial response", {"AUTH EXTERNAL =\r\n"}, {235}, ""},
        {"an empty response", {"AUTH CRAM-MD5\r\n", "\r\n"}, {334, 235}, ""},
        {"AUTH-cancel", {"AUTH PLAIN\r\n", "*\r\n"}, {334, 501}, "501 5.7.0 the client cancelled the AUTH exchange\r\n"},
        {"AUTH-cancel-then-other", {"AUTH CRAM-MD5\r\n", "*\r\n", "AUTH LOGIN\r\n", base64("a") + "\r\n", "*\r\n", "NOOP\r\n"}, {334, 501, 334, 334, 501, 250}, ""},
        {"AUTH-b64-len3", {"AUTH PLAIN AAA\r\n"}, {501}, "501 5.5.2 not base64\r\n"},
        {"bad base64 in a response", {"AUTH PLAIN\r\n", "A A=\r\n", "NOOP\r\n"}, {334, 501, 250}, "501 5.5.2 not base64\r\n250 2.0.0 OK\r\n"},
        {"pad bits", {"AUTH PLAIN\r\n", "AB==\r\n"}, {334, 501}, ""},
        {"unknown mechanism", {"AUTH XX-42\r\n"}, {504}, "504 5.5.4 the mechanism is not offered here\r\n"},
        {"a mechanism that is not offered", {"AUTH SCRAM-SHA-256\r\n"}, {504}, ""},
        {"no mechanism", {"AUTH\r\n"}, {501}, ""},
        {"no name of one", {"AUTH a/b\r\n"}, {501}, ""},
        {"initial response where none may be", {"AUTH CRAM-MD5 AAAA\r\n"}, {501}, ""},
        {"twice", {"AUTH PLAIN " + good + "\r\n", "AUTH PLAIN " + good + "\r\n"}, {235, 503}, ""},
        {"twice, after EHLO", {"AUTH PLAIN " + good + "\r\n", "EHLO a\r\nAUTH PLAIN " + good + "\r\n"}, {235, 250, 503}, ""},
        {"in a transaction", {"MAIL FROM:<a@b>\r\nAUTH PLAIN " + good + "\r\n"}, {250, 503}, "", state::mail},
        {"a line end alone", {"AUTH PLAIN\r\n", "AA\nAA\r\n", "NOOP\r\n"}, {334, 500, 250}, ""},
        {"NUL", {"AUTH PLAIN\r\n", std::string("AA\0AA\r\n", 7), "NOOP\r\n"}, {334, 500, 250}, ""},
        {"commands in an exchange are responses", {"AUTH PLAIN\r\n", "QUIT\r\n", "NOOP\r\n"}, {334, 501, 250}, ""},
        {"lost in an exchange", {"AUTH PLAIN\r\n", "AAA"}, {334}, "", state::exchange},
        {"mail after it", {"AUTH PLAIN " + good + "\r\n", "MAIL FROM:<a@b> AUTH=<>\r\n"}, {235, 250}, "", state::mail},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        std::vector<std::string> reads{"EHLO a\r\n"};
        reads.insert(reads.end(), c.reads.begin(), c.reads.end());
        played const p = play_everywhere(settings, reads);
        ints expected{250};
        expected.insert(expected.end(), c.codes.begin(), c.codes.end());
        CHECK(codes_of(p) == expected);
        CHECK(p.output.ends_with(c.ends));
        CHECK(p.where == c.where);
    }
    CHECK(codes_of(play_everywhere(settings, {"AUTH PLAIN " + good + "\r\n"})) == ints{503});
    CHECK(codes_of(play_everywhere(settings, {"HELO a\r\nAUTH PLAIN " + good + "\r\n"})) == ints{250, 503});
    CHECK(codes_of(play_everywhere(offering({}), {"EHLO a\r\nAUTH PLAIN " + good + "\r\n"})) == ints{250, 502});
}

TEST_CASE("RFC 4954 4: a response of 12,288 octets with its CRLF, and one more") {
    std::string const most(12288 - 4, 'A'), over(12288, 'A');   // multiples of 4
    CHECK(codes_of(play_everywhere(settings, {"EHLO a\r\n", "AUTH CRAM-MD5\r\n", most + "\r\n"})) == ints{250, 334, 235});
    played const p = play_everywhere(settings, {"EHLO a\r\n", "AUTH CRAM-MD5\r\n", over + "\r\n", "NOOP\r\n"});
    CHECK(codes_of(p) == ints{250, 334, 500, 250});
    CHECK(p.output.find("500 5.5.6 ") != std::string::npos);
    // What is known to be too long is not kept.
    loop<Server, everything> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\nAUTH CRAM-MD5\r\n");
    for (int i = 0; i < 200; ++i) l.feed(std::string(1000, 'A'));
    CHECK(l.pending.size() <= 12288);
}

TEST_CASE("RFC 4954 4: mechanisms with passwords in the clear are neither offered nor taken without TLS") {
    constexpr ehlo::policy p = no_passwords();
    played const clear = play_everywhere(p, {"EHLO a\r\n", "AUTH PLAIN " + good + "\r\n", "AUTH LOGIN\r\n", "AUTH XOAUTH2\r\n", "AUTH CRAM-MD5\r\n"});
    CHECK(codes_of(clear) == ints{250, 538, 538, 504, 334});
    CHECK(clear.output.find("AUTH EXTERNAL CRAM-MD5\r\n") != std::string::npos);
    CHECK(clear.output.find("538 5.7.11 ") != std::string::npos);
    for (auto const& l : clear.log) CHECK(l.find("password secret") == std::string::npos);
    played const tls = play_everywhere(p, {"EHLO a\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a\r\n", "AUTH PLAIN " + good + "\r\n"});
    CHECK(codes_of(tls) == ints{250, 220, 250, 235});
    CHECK(tls.output.find("AUTH PLAIN LOGIN EXTERNAL CRAM-MD5\r\n") != std::string::npos);
    // With none left AUTH is not named.
    struct passwords_only : everything {
        passwords_only() { can = mechanism::plain | mechanism::login; }
    };
    loop<Server, passwords_only> l{Server(p, "mx.example.org")};
    CHECK(l.say("EHLO a\r\n").find("AUTH") == std::string::npos);
    CHECK(codes(l.say("AUTH PLAIN " + good + "\r\n")) == ints{538});
}

TEST_CASE("RFC 4954 4: after success AUTH is not named, and its parameter still is taken") {
    played const p = play_everywhere(settings, {"EHLO a\r\n", "AUTH PLAIN " + good + "\r\n", "EHLO a\r\nMAIL FROM:<a@b> AUTH=a@b\r\n"});
    CHECK(codes_of(p) == ints{250, 235, 250, 250});
    std::size_t const done = p.output.find("235 ");
    CHECK(p.output.substr(0, done).find("AUTH ") != std::string::npos);
    CHECK(p.output.substr(done + 40).find("AUTH ") == std::string::npos);
}

TEST_CASE("RFC 6409 4.3, RFC 4954 4: submission wants authentication: 530 to all but AUTH, EHLO, HELO, NOOP, RSET, QUIT") {
    CHECK(codes_of(play_everywhere(submission, {"EHLO a\r\nMAIL FROM:<a@b>\r\nVRFY a\r\nEXPN a\r\nHELP\r\nNOOP\r\nRSET\r\nHELO b\r\nMAIL FROM:<>\r\nQUIT\r\n"})) ==
          ints{250, 530, 530, 530, 530, 250, 250, 250, 530, 221});
    CHECK(codes_of(play_everywhere(submission, {"EHLO a\r\n", "AUTH PLAIN " + good + "\r\n", "MAIL FROM:<a@b>\r\n"})) == ints{250, 235, 250});
    ehlo::policy p = settings;
    p.require_authentication = true;
    CHECK(codes_of(play_everywhere(p, {"EHLO a\r\nMAIL FROM:<a@b>\r\n"})) == ints{250, 530});
    // By other means.
    Server s(p, "mx.example.org");
    s.authenticated();
    loop<Server, everything> l{s};
    CHECK(codes(l.say("EHLO a\r\nMAIL FROM:<a@b>\r\n")) == ints{250, 250});
}

TEST_CASE("AUTH: replies and challenges that cannot be") {
    struct odd : everything {
        ehlo::auth_answer says{ehlo::reply()};
        using everything::on;
        ehlo::auth_answer on(ehlo::cmd::auth const&) { return says; }
        ehlo::auth_answer on(ehlo::auth_response const&) { return says; }
    };
    std::string const long_text(600, 'x'), fits(700, 'x'), longer(800, 'x');
    struct {
        ehlo::auth_answer says;
        std::string_view begins;
        state where;
        bool told;
    } const cases[] = {
        {ehlo::replies::ok, "235 2.0.0 OK\r\n", state::ready, true},
        {ehlo::reply(454, "a\r\nb"), "454 4.0.0\r\n", state::ready, true},
        {ehlo::reply(999, "x"), "451 ", state::ready, true},
        {ehlo::challenge{fits}, "334 eHh4", state::exchange, false},
        {ehlo::challenge{longer}, "454 4.7.0 ", state::ready, true},   // beyond reply_space
        {ehlo::reply(421, "x"), "421 4.0.0 x\r\n", state::closed, false},
        {ehlo::reply(334, "AAAA"), "334 AAAA\r\n", state::exchange, false},
        {ehlo::reply(334, "AAA"), "451 4.3.0 ", state::ready, true},    // no base64
        {ehlo::reply(354, "AAAA"), "451 4.3.0 ", state::ready, true},   // no code of AUTH
    };
    for (auto const& c : cases)
        for (bool const first : {true, false}) {
            INFO(c.begins);
            loop<Server, odd> l{Server(settings, "mx.example.org")};
            l.handler.says = first ? c.says : ehlo::auth_answer(ehlo::challenge{""});
            l.feed("EHLO a\r\n");
            std::string said = l.say("AUTH PLAIN\r\n");
            if (!first) {
                CHECK(said == "334 \r\n");
                l.handler.says = c.says;
                said = l.say("AAAA\r\n");
            }
            CHECK(said.starts_with(c.begins));
            CHECK(codes(said).size() == 1);
            CHECK(l.server.where() == c.where);
            CHECK(l.handler.answers.back().fault.has_value() == c.told);
        }
    // A challenge as the answer to something else is none.
    loop<Server, slow_everything> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\n");
    exact const in(std::string_view("MAIL FROM:<a@b>\r\n"));
    exact out(2048);
    REQUIRE(l.server.advance(in.view(), l.handler, out.span()).want == want::reply);
    ehlo::step const s = l.server.answer(ehlo::challenge{"x"}, l.handler, out.span());
    CHECK(out.view().substr(0, s.produced) == "451 4.3.0 Error in processing, try again later\r\n");
    CHECK(l.server.where() == state::ready);
}

TEST_CASE("answered: the line, and from where on it holds a secret") {
    struct keeper : everything {
        std::vector<std::string> shown{};
        using everything::on;
        void on(ehlo::answered const& a) { shown.push_back(std::string(a.line.substr(0, a.secret)) + (a.secret < a.line.size() ? "|" : "")); }
    };
    loop<Server, keeper> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a.example\r\nNOOP hello\r\nFOO bar\r\nMAIL FROM:<a@b> X=1\r\nAUTH PLAIN " + good + "\r\nRSET\r\n");
    CHECK(l.handler.shown == std::vector<std::string>{"", "EHLO a.example", "NOOP hello", "FOO bar", "MAIL FROM:<a@b> X=1", "AUTH PLAIN|", "RSET"});
    loop<Server, keeper> m{Server(settings, "mx.example.org")};
    m.feed("EHLO a\r\nAUTH LOGIN\r\n" + base64("ann") + "\r\n" + base64("wrong") + "\r\n");
    CHECK(m.handler.shown == std::vector<std::string>{"", "EHLO a", "AUTH LOGIN", "|", "|"});
    // What is not AUTH, and yet looks like it.
    for (std::string_view const line : {"AUTHPLAIN abc", "AUTH\tPLAIN abc", " AUTH PLAIN abc", "AUTH PLAIN a b c", "auth: abc", "AUTH PLAIN abcd=", "AUTHENTICATE PLAIN abc"}) {
        INFO(line);
        loop<Server, keeper> n{Server(settings, "mx.example.org")};
        n.feed("EHLO a\r\n" + std::string(line) + "\r\n");
        CHECK(n.handler.shown.back().find("abc") == std::string::npos);
        CHECK(n.handler.shown.back().ends_with("|"));
    }
}

TEST_CASE("answered: a password that comes after an AUTH that failed, and the URL of a BURL, are marked") {
    struct keeper : everything {
        std::vector<std::string> shown{};
        using everything::on;
        void on(ehlo::answered const& a) { shown.push_back(std::string(a.line.substr(0, a.secret)) + (a.secret < a.line.size() ? "|" : "")); }
    };
    using strings = std::vector<std::string>;
    std::string const user = base64("ann"), password = base64("secret");
    auto const shown = [](std::string const& octets) {
        loop<Server, keeper> whole{Server(settings, "mx.example.org")}, cut{Server(settings, "mx.example.org")};
        whole.feed("EHLO a\r\n" + octets);
        cut.feed("EHLO a\r\n" + octets, machine::octets());
        CHECK(whole.handler.shown == cut.handler.shown);
        return strings(whole.handler.shown.begin() + 2, whole.handler.shown.end());
    };
    // A client that does not wait says them all the same. They are unknown commands, or what is no line of a command at all.
    CHECK(shown("AUTH XX-1\r\n" + user + "\r\n" + password + "\r\nNOOP a\r\nFOO bar\r\n") ==
          strings{"AUTH XX-1", "|", "|", "NOOP a", "FOO bar"});
    CHECK(shown("AUTH LOGIN\r\n*\r\n" + password + "\r\n=\r\n") == strings{"AUTH LOGIN", "|", "|", "|"});
    CHECK(shown("AUTH LOGIN\r\n!\r\n" + password + "\r\n") == strings{"AUTH LOGIN", "|", "|"});
    CHECK(shown("AUTH LOGIN\r\n" + user + "\r\n" + base64("wrong") + "\r\n" + password + "\r\nRSET\r\nFOO\r\n") ==
          strings{"AUTH LOGIN", "|", "|", "|", "RSET", "FOO"});
    // After one that succeeded there is none.
    CHECK(shown("AUTH PLAIN " + good + "\r\nFOO bar\r\n") == strings{"AUTH PLAIN|", "FOO bar"});
    CHECK(shown("BURL imap://a/b;urlauth=anonymous:internal:91354a LAST\r\nBURL\r\nburl x\r\n") == strings{"BURL|", "BURL", "burl|"});
    // A name is none: XCLIENT has a LOGIN, and no password.
    CHECK(shown("XCLIENT LOGIN=ann\r\nMAIL FROM:<a@b> AUTH=ann\r\n") == strings{"XCLIENT LOGIN=ann", "MAIL FROM:<a@b> AUTH=ann"});
}

TEST_CASE("RFC 4954 6: 538 for a mechanism that needs TLS, 530 where all needs it") {
    ehlo::policy p = settings;
    p.clear_text_passwords = false;
    struct keeper : everything {
        std::vector<std::optional<ehlo::failure>> faults{};
        using everything::on;
        void on(ehlo::answered const& a) { faults.push_back(a.fault); }
    };
    loop<Server, keeper> l{Server(p, "mx.example.org")};
    l.feed("EHLO a\r\n");
    CHECK(l.say("AUTH PLAIN " + good + "\r\n") == "538 5.7.11 encryption required for requested authentication mechanism\r\n");
    CHECK(l.handler.faults.back() == ehlo::fail(ehlo::errc::mechanism_needs_tls, 5));
    CHECK(codes(l.say("AUTH XX-1\r\n")) == ints{504});
    CHECK(l.handler.faults.back() == ehlo::fail(ehlo::errc::unknown_mechanism, 5));
    p.require_tls = true;
    loop<Server, keeper> m{Server(p, "mx.example.org")};
    m.feed("EHLO a\r\n");
    CHECK(codes(m.say("AUTH PLAIN " + good + "\r\n")) == ints{530});
    CHECK(m.handler.faults.back() == ehlo::fail(ehlo::errc::tls_required, 0));
}

TEST_CASE("a session is its octets in the middle of an exchange, too") {
    std::string const all = "EHLO a\r\nAUTH LOGIN\r\n" + base64("ann") + "\r\n" + base64("wrong") + "\r\nAUTH PLAIN\r\n" + good + "\r\nMAIL FROM:<a@b>\r\n";
    loop<Server, everything> plain{Server(settings, "mx.example.org")};
    plain.feed(all);
    loop<Server, everything> moving{Server(settings, "mx.example.org")};
    feed_moving(moving, all, Server(settings, "another.example"));
    CHECK(moving.output == plain.output);
    CHECK(codes(plain.output) == ints{220, 250, 334, 334, 535, 334, 235, 250});
}

TEST_CASE("AUTH: errors of an exchange are counted, and end it in the end") {
    ehlo::policy p = settings;
    p.max_errors = 4;
    loop<Server, everything> l{Server(p, "mx.example.org")};
    l.feed("EHLO a\r\n");
    CHECK(codes(l.say("AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n*\r\nNOOP\r\n")) == ints{334, 501, 334, 501, 334, 501, 334, 421});
    CHECK(l.closed);
}

}  // namespace test_server_auth
