// What a server refuses: each fault with its reply and its place, what is too much, what was not negotiated; and what is no error of the client.

#include "catch.hpp"

#include "serving.hpp"

#include <optional>
#include <type_traits>

namespace test_server_refusals {

namespace {

using namespace serving;

constexpr ehlo::policy policy_of(ehlo::service service, ehlo::extensions offers = ehlo::policy{}.offers) {
    ehlo::policy p;
    p.service = service;
    p.offers = offers;
    return p;
}
using lmtp_server = ehlo::basic_server<policy_of(ehlo::service::lmtp)>;

struct refusal {
    std::string_view before;  // what leads there
    std::string_view line;    // without CRLF
    std::string_view reply;   // how it begins: code and enhanced code
    ehlo::errc fault;
    std::uint32_t at;         // the offset in the line
};
using ehlo::errc;
constexpr std::string_view nul_line{"NO\0OP", 5};
constexpr refusal refusals[] = {
    // lines
    {"", "", "500 5.5.2 ", errc::empty_line, 0},
    {"", "   \t", "500 5.5.2 ", errc::empty_line, 0},
    {"", "XYZZY", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "HELLO me.example", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "REST", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "LHLO me.example", "500 ", errc::unknown_verb, 0},
    {"", " NOOP", "500 5.5.2 ", errc::unknown_verb, 0},
    {"", "NOOP\rx", "500 5.5.2 ", errc::bare_cr, 4},
    {"", "NOOP\nx", "500 5.5.2 ", errc::bare_lf, 4},
    {"", "NOOP\r", "500 5.5.2 ", errc::bare_cr, 4},
    {"", nul_line, "500 5.5.2 ", errc::nul_octet, 2},
    // EHLO
    {"", "EHLO", "501 ", errc::missing_argument, 4},
    {"", "EHLO -me", "501 ", errc::bad_domain, 5},
    {"", "EHLO me you", "501 ", errc::bad_domain, 7},
    {"", "EHLO [1.2.3]", "501 ", errc::bad_address_literal, 11},
    {"", "EHLO \xC3\xBC.example", "501 ", errc::non_ascii, 5},
    {"", "HELO", "501 ", errc::missing_argument, 4},
    // order
    {"", "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {"", "RCPT TO:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {"", "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_ready, "RCPT TO:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_ready, "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_mail, "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_mail, "DATA", "503 5.5.1 ", errc::bad_sequence, 0},
    {to_rcpt, "MAIL FROM:<a@b.example>", "503 5.5.1 ", errc::bad_sequence, 0},
    // not implemented
    {to_ready, "SEND FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "SOML FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "SAML FROM:<a@b.example>", "502 5.5.1 ", errc::not_implemented, 0},
    {to_ready, "TURN", "502 5.5.1 ", errc::not_implemented, 0},
    {"", "EXPN list", "502 5.5.1 ", errc::not_implemented, 0},
    // arguments
    {to_rcpt, "DATA now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {to_rcpt, "RSET now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {to_rcpt, "QUIT now", "501 5.5.4 ", errc::unexpected_argument, 5},
    {"", "VRFY", "501 5.5.4 ", errc::missing_argument, 4},
    {"", "VRFY \xC3\xBC@d.example", "553 5.6.7 ", errc::non_ascii, 5},
    {"", "VRFY \xFF SMTPUTF8", "501 5.5.4 ", errc::bad_utf8, 5},
    {"", "NOOP \xC3\xBC", "501 5.5.2 ", errc::non_ascii, 5},
    {"", "HELP \xFF", "501 5.5.2 ", errc::non_ascii, 5},
    // MAIL
    {to_ready, "MAIL", "501 5.5.4 ", errc::missing_argument, 4},
    {to_ready, "MAIL TO:<a@b.example>", "501 5.5.4 ", errc::expected_from, 5},
    {to_ready, "MAIL FROM:a@b.example", "501 5.1.7 ", errc::expected_path, 10},
    {to_ready, "MAIL FROM: <a@b.example>", "501 5.1.7 ", errc::expected_path, 10},
    {to_ready, "MAIL FROM:<a@b.example", "501 5.1.7 ", errc::unclosed_path, 22},
    {to_ready, "MAIL FROM:<@a,b:c@d>", "501 5.1.7 ", errc::bad_route, 14},
    {to_ready, "MAIL FROM:<a..b@c>", "501 5.1.7 ", errc::bad_local_part, 13},
    {to_ready, "MAIL FROM:<drozd>", "501 5.1.7 ", errc::missing_domain, 16},
    {to_ready, "MAIL FROM:<a@b_c>", "501 5.1.7 ", errc::bad_domain, 14},
    {to_ready, "MAIL FROM:<a@[300.1.1.1]>", "501 5.1.7 ", errc::bad_address_literal, 17},
    {to_ready, "MAIL FROM:<\xC3\xBC@b.example>", "553 5.6.7 ", errc::non_ascii, 11},
    {to_ready, "MAIL FROM:<\xFF@b.example> SMTPUTF8", "501 5.1.7 ", errc::bad_utf8, 11},
    {to_ready, "MAIL FROM:<a@b.example>SIZE=1", "501 5.5.4 ", errc::unexpected_argument, 23},
    {to_ready, "MAIL FROM:<a@b.example> =", "501 5.5.4 ", errc::bad_parameter, 24},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4 ", errc::bad_parameter_value, 29},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=1 size=1", "501 5.5.4 ", errc::duplicate_parameter, 31},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=18446744073709551616", "552 5.3.4 ", errc::number_too_large, 48},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=67108865", "552 5.3.4 ", errc::message_too_large, 24},
    {to_ready, "MAIL FROM:<a@b.example> X-NEW=1", "555 5.5.4 ", errc::unknown_parameter, 24},
    {to_ready, "MAIL FROM:<a@b.example> SIZE=1 X-NEW", "555 5.5.4 ", errc::unknown_parameter, 31},
    {to_ready, "MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4 ", errc::unknown_parameter, 24},
    // RCPT
    {to_mail, "RCPT", "501 5.5.4 ", errc::missing_argument, 4},
    {to_mail, "RCPT FROM:<a@b.example>", "501 5.5.4 ", errc::expected_to, 5},
    {to_mail, "RCPT TO:<>", "501 5.1.3 ", errc::null_path, 9},
    {to_mail, "RCPT TO:<a>", "501 5.1.3 ", errc::missing_domain, 10},
    {to_mail, "RCPT TO:<\xC3\xBC@b.example>", "553 5.6.7 ", errc::non_ascii, 9},
    {to_mail, "RCPT TO:<a@b.example> NOTIFY=NEVER", "555 5.5.4 ", errc::unknown_parameter, 22},
};

}  // namespace

TEST_CASE("server: each refusal has its reply and its place, moves nothing, and leaves the session in step") {
    for (refusal const& f : refusals) {
        CAPTURE(f.before, f.line);
        loop<ehlo::server, full_recorder> l;
        l.feed(f.before);
        state const where = l.server.where();
        std::string const said = l.say(std::string(f.line) + "\r\n");
        CHECK(said.substr(0, f.reply.size()) == f.reply);
        CHECK(codes(said).size() == 1);
        CHECK(l.server.where() == where);
        REQUIRE(!l.handler.answers.empty());
        REQUIRE(l.handler.answers.back().fault.has_value());
        CHECK(name(l.handler.answers.back().fault->code) == name(f.fault));
        CHECK(l.handler.answers.back().fault->at == f.at);
        CHECK(l.say("NOOP\r\n") == "250 2.0.0 OK\r\n");
        CHECK(l.handler.abandoned == 0);
        CHECK(l.pending.empty());
    }
}

TEST_CASE("server: a line is refused once, whole, however long, and costs no memory") {
    for (std::size_t const piece : {std::size_t{1000}, std::size_t{4096}, std::size_t{1 << 20}}) {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(1000000, 'a') + "\r\nNOOP\r\n", [piece] { return piece; });
        CHECK(l.output == "220 mx.example.org ESMTP ready\r\n500 5.5.2 the line is too long\r\n250 2.0.0 OK\r\n");
        CHECK(l.most_pending <= ehlo::server::rules.max_line + 2);
        CHECK(l.handler.answers.at(1).fault->code == errc::line_too_long);
    }
    SECTION("at the limit, to the octet") {
        using small = ehlo::basic_server<with_line(512)>;
        for (std::size_t const extra : {0u, 1u}) {
            loop<small, full_recorder> l;
            std::string const line = "NOOP " + std::string(512 - 7 + extra, 'x') + "\r\n";
            CHECK(codes(l.say(line)) == std::vector{extra == 0 ? 250 : 500});
            loop<small, full_recorder> slow;
            slow.feed(line, octets());
            CHECK(slow.output == l.output);
        }
    }
    SECTION("nothing in it is ever a command") {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(5000, ' ') + "\rQUIT\r\r\nNOOP\r\n", octets());
        CHECK(codes(l.output) == std::vector{220, 500, 250});
        loop<ehlo::server, full_recorder> exim;
        CHECK(codes(exim.say("EHLO " + std::string(11000, 'a') + "\r\nNOOP\r\n")) == std::vector{500, 250});
    }
}

TEST_CASE("server: too many recipients are refused one by one with 452, and those before stay") {
    loop<ehlo::basic_server<with_recipients(100)>, full_recorder> l;
    l.feed(to_mail);
    for (int i = 0; i < 100; ++i) REQUIRE(codes(l.say("RCPT TO:<a@b.example>\r\n")) == std::vector{250});
    for (int i = 0; i < 45; ++i) REQUIRE(l.say("RCPT TO:<a@b.example>\r\n") == "452 4.5.3 too many recipients\r\n");
    CHECK(l.server.recipients() == 100);
    CHECK(codes(l.say("DATA\r\n.\r\n")) == std::vector{354, 250});
    CHECK(l.handler.delivered.at(0).to.size() == 100);
    // The next transaction counts anew.
    CHECK(codes(l.say("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n")) == std::vector{250, 250});
}

TEST_CASE("server: recipients over the limit are no errors that end the session") {
    // RFC 5321 4.5.3.1.10: the answer is 452, however many there are.
    loop<ehlo::basic_server<with_recipients(100)>, full_recorder> l;
    l.feed(to_mail);
    std::string many;
    for (int i = 0; i < 300; ++i) many += "RCPT TO:<a@b.example>\r\n";
    std::vector<int> const said = codes(l.say(many));
    CHECK(said.size() == 300);
    CHECK(std::count(said.begin(), said.end(), 250) == 100);
    CHECK(std::count(said.begin(), said.end(), 452) == 200);
    CHECK(codes(l.say("DATA\r\n.\r\n")) == std::vector{354, 250});
}

TEST_CASE("server: a message too large is refused by its SIZE, or read to its end and refused") {
    using small = ehlo::basic_server<with_message(65536)>;
    loop<small, full_recorder> l;
    CHECK(l.say("EHLO me\r\n").find("250-SIZE 65536\r\n") != std::string::npos);
    CHECK(l.say("MAIL FROM:<> SIZE=65537\r\n") == "552 5.3.4 the message is too large\r\n");
    CHECK(l.server.where() == state::ready);
    CHECK(codes(l.say("MAIL FROM:<> SIZE=65536\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")) == std::vector{250, 250, 354});
    std::string body;
    while (body.size() < 65536) body += std::string(62, 'x') + "\r\n";
    SECTION("just fits: stuffed dots and the last dot do not count") {
        CHECK(codes(l.say("." + body + ".\r\nNOOP\r\n")) == std::vector{250, 250});
        CHECK(l.handler.delivered.at(0).content == body);
    }
    SECTION("one octet more") {
        CHECK(l.say("x" + body + ".\r\nNOOP\r\n") == "552 5.3.4 the message is too large\r\n250 2.0.0 OK\r\n");
        CHECK(l.handler.delivered.empty());
        CHECK(l.handler.abandoned == 1);
        CHECK(l.server.where() == state::ready);
    }
    SECTION("a hundred times that, in pieces") {
        for (int i = 0; i < 100; ++i) {
            CHECK(l.say(body).empty());
            CHECK(l.pending.empty());
        }
        CHECK(l.handler.open.content.size() <= 65536);
        CHECK(codes(l.say(".\r\nNOOP\r\n")) == std::vector{552, 250});
        CHECK(codes(l.say("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n.\r\n")) == std::vector{250, 250, 354, 250});
    }
}

TEST_CASE("server: too many errors, and HTTP, end the session with 421") {
    SECTION("errors") {
        loop<ehlo::basic_server<with_errors(10)>, full_recorder> l;
        l.feed(to_mail);
        for (int i = 0; i < 9; ++i) REQUIRE(codes(l.say("XYZZY\r\n")) == std::vector{500});
        CHECK(codes(l.say("NOOP\r\n")) == std::vector{250});
        CHECK(l.say("XYZZY\r\nNOOP\r\n") == "421 4.7.0 too many errors in one session\r\n");
        CHECK(l.closed);
        CHECK(l.pending == "NOOP\r\n");  // nothing after it is heard
        CHECK(l.handler.abandoned == 1);
    }
    SECTION("empty lines") {
        std::string many = "NOOP\r\n";
        for (int i = 0; i < 100; ++i) many += "\r\n";
        loop<ehlo::server, full_recorder> l;
        std::vector<int> const said = codes(l.say(many));
        CHECK(said.size() == 51);
        CHECK((said.front() == 250 && said.at(1) == 500 && said.back() == 421));
    }
    for (std::string_view const http :
         {"GET / HTTP/1.1\r\n"sv, "POST /x y HTTP/1.0\r\n"sv, "Host: mx.example.org\r\n"sv, "get / http/1.1\r\n"sv}) {
        CAPTURE(http);
        loop<ehlo::server, full_recorder> l;
        CHECK(l.say(std::string(http) + "EHLO me\r\n") == "421 4.7.0 this is HTTP, not SMTP\r\n");
        CHECK(l.closed);
        CHECK(l.handler.log == std::vector{"answered 220  greeting"s, "answered 421  shutdown http_request 0"s});
    }
}

TEST_CASE("RFC 5321 4.1.1.2, 4.1.1.3: parameters only after EHLO") {
    struct {
        std::string_view hello;
        bool extended;
    } const cases[] = {
        {"EHLO me\r\n", true},
        {"HELO me\r\n", false},
        {"EHLO refused.example\r\nHELO me\r\n", false},
        {"EHLO -\r\nHELO me\r\n", false},
        {"EHLO me\r\nHELO me\r\n", false},
        {"HELO me\r\nEHLO me\r\n", true},
        {"HELO me\r\nEHLO refused.example\r\n", false},
        {"EHLO me\r\nHELO refused.example\r\n", true},  // a refused one changes nothing, 4.1.4
        {"EHLO me\r\nRSET\r\n", true},
        {"HELO me\r\nRSET\r\n", false},
    };
    using enum ehlo::extension;
    using all = ehlo::basic_server<policy_of(ehlo::service::smtp, enhanced_status_codes | pipelining | size | eight_bit_mime | smtputf8 | dsn | deliver_by | mt_priority | conperm | rrvs | conneg)>;
    for (auto const& c : cases) {
        for (std::string_view const parameter : {"SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=x", "BY=120;R", "MT-PRIORITY=1", "CONPERM"}) {
            CAPTURE(c.hello, parameter);
            loop<all, full_recorder> l;
            l.feed(c.hello);
            std::string const said = l.say("MAIL FROM:<a@b> " + std::string(parameter) + "\r\n");
            CHECK(said.substr(0, 10) == (c.extended ? "250 2.1.0 " : "555 5.5.4 "));
            if (!c.extended) CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(errc::unknown_parameter, 16)));
            CHECK(l.say("RSET\r\nMAIL FROM:<a@b>\r\n").ends_with("250 2.1.0 Sender OK\r\n"));
        }
        for (std::string_view const parameter : {"NOTIFY=NEVER", "ORCPT=rfc822;c@d", "RRVS=2014-04-03T23:01:00Z", "CONNEG"}) {
            CAPTURE(c.hello, parameter);
            for (auto const& pieces : {whole(), octets()}) {
                loop<all, full_recorder> l;
                l.feed(std::string(c.hello) + "MAIL FROM:<a@b>\r\nRCPT TO:<c@d> " + std::string(parameter) + "\r\n", pieces);
                CHECK(codes(l.output).back() == (c.extended ? 250 : 555));
                CHECK(l.server.recipients() == (c.extended ? 1u : 0u));
                if (!c.extended) CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(errc::unknown_parameter, 14)));
            }
        }
    }
    // LHLO is LMTP's EHLO.
    loop<lmtp_server, full_recorder> l;
    CHECK(codes(l.say("LHLO me\r\nMAIL FROM:<a@b> SIZE=1\r\n")) == std::vector{250, 250});
}

TEST_CASE("RFC 6531 3.7.4.2: the tokens of VRFY and EXPN pass the filter that the parameters of MAIL pass") {
    using with = ehlo::basic_server<policy_of(ehlo::service::smtp, ehlo::extension::expn | ehlo::extension::smtputf8 | ehlo::extension::eight_bit_mime)>;
    using without = ehlo::basic_server<policy_of(ehlo::service::smtp, ehlo::extension::expn | ehlo::extension::eight_bit_mime)>;
    auto const run = [&]<class Server>(std::type_identity<Server>, bool offered) {
        for (std::string_view const hello : {"EHLO me\r\n", "HELO me\r\n", ""})
            for (std::string_view const verb : {"VRFY", "EXPN"})
                for (std::string_view const string : {"bob", "\xC3\xBC", "<\xC3\xBC@b.example>"})
                    for (std::string_view const token : {"SMTPUTF8", "UTF8REPLY", "smtputf8"}) {
                        CAPTURE(hello, verb, string, token);
                        loop<Server, full_recorder> l;
                        l.feed(hello);
                        std::size_t const calls = l.handler.log.size();
                        std::string const said = l.say(std::string(verb) + " " + std::string(string) + " " + std::string(token) + "\r\n");
                        bool const good = offered && hello.starts_with("EHLO") && token != "UTF8REPLY";
                        CHECK(codes(said) == std::vector{good ? 250 : 504});
                        if (good) continue;
                        CHECK(l.handler.log.size() == calls + 1);  // nobody was asked
                        CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(errc::unknown_parameter, 6 + string.size())));
                    }
    };
    run(std::type_identity<with>{}, true);
    run(std::type_identity<without>{}, false);
    // Whether a handler looks anything up or not.
    loop<ehlo::basic_server<policy_of(ehlo::service::smtp, ehlo::extension::eight_bit_mime)>, recorder> plain;
    CHECK(codes(plain.say("EHLO me\r\nVRFY bob SMTPUTF8\r\nVRFY bob\r\n")) == std::vector{250, 504, 252});
}

TEST_CASE("server: RFC 2920 3.1: what was sent together with a command that is refused is no error of the client") {
    // 200 groups, each with a refusal that the client cannot foresee, and what it had sent after it.
    struct {
        std::string_view group;
        reply mail = ehlo::replies::ok, rcpt = ehlo::replies::ok;
    } const cases[] = {
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", "550 5.7.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", "450 4.7.1 not now"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", ehlo::replies::ok, "550 5.1.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", ehlo::replies::ok, "451 4.1.1 not now"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=NEVER\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b> X-NEW\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b> SIZE=99999999999\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\nabcRSET\r\n", "550 5.7.1 no"},
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\nabcRSET\r\n", ehlo::replies::ok, "550 5.1.1 no"},
        // Without the RSET, which no RFC asks for.
        {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "550 5.7.1 no"},
    };
    auto const run = [&]<class Server>(std::type_identity<Server>, std::string_view hello) {
        for (auto const& c : cases) {
            CAPTURE(c.group);
            loop<Server, liar> l;
            l.say(hello);
            l.handler.mail = c.mail;
            l.handler.rcpt = c.rcpt;
            std::string all;
            for (int i = 0; i < 200; ++i) all += c.group;
            std::string const said = l.say(all);
            CHECK(said.find("421") == said.npos);
            CHECK_FALSE(l.closed);
        }
    };
    run(std::type_identity<ehlo::server>{}, "EHLO me\r\n");
    run(std::type_identity<ehlo::basic_server<for_lmtp()>>{}, "LHLO me\r\n");
    // Each line that is wrong by itself counts, and only that one.
    struct {
        std::string_view group;
        int counted;
    } const counted[] = {
        {"MAIL FROM:a@b\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", 1},
        {"MAIL FROM:<a@b>\r\nRCPT TO:c@d\r\nDATA\r\nRSET\r\n", 1},
        {"MAILFROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nRSET\r\n", 1},
        {"NOOP\r\nRCPT TO:<c@d>\r\nDATA\r\n", 2},                      // out of the blue
        {"MAIL FROM:<a@b>\r\nDATA\r\nRSET\r\n", 1},                    // nothing was refused
        {"VRFY\r\nDATA\r\n", 2},                                       // VRFY ends a group
        {"RSET\r\nBDAT 1\r\nxBDAT 1\r\nx", 2},
    };
    for (auto const& c : counted) {
        CAPTURE(c.group);
        loop<ehlo::basic_server<with_errors(1000)>, liar> l;
        l.say("EHLO me\r\n");
        int groups = 0;
        while (!l.closed && groups < 2000) {
            l.feed(c.group);
            ++groups;
        }
        CHECK(l.closed);
        CHECK(groups == (1000 + c.counted - 1) / c.counted);
    }
}

}  // namespace test_server_refusals
