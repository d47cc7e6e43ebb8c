// What a server says for its handler: replies that cannot be sent, statuses, greetings, last words.

#include "catch.hpp"

#include "serving.hpp"

#include <optional>

namespace test_server_replies {

namespace {

using namespace serving;

reply replies_long() { return "421 4.3.2 This is a last word that has no room in sixty octets of output"; }
constexpr std::string_view usual_354 = "354 Start mail input; end with <CRLF>.<CRLF>\r\n";

// What goes out in place of a reply that cannot: its code, with a status of its class where there are any, and no text.
std::string bare_reply(unsigned code, bool plain) {
    std::string const text = std::to_string(code);
    if (code == 421) return plain ? "421 Shutting down, closing the channel\r\n" : "421 4.0.0 Shutting down, closing the channel\r\n";
    return plain || code / 100 == 3 ? text + " \r\n" : text + " " + text[0] + ".0.0\r\n";
}

}  // namespace

TEST_CASE("server: RFC 5321 4.2: a reply that cannot be sent keeps its code, and the fault is told") {
    std::string const endless(3000, 'x'), just_too_long(1013, 'y');
    struct unfit {
        std::string_view text;
        ehlo::status enhanced;
        ehlo::errc fault;
        std::uint32_t at;
    };
    unfit const all[] = {
        {"CR\rin it", {}, ehlo::errc::unsafe_octet, 2},
        {"LF\nin it", {}, ehlo::errc::unsafe_octet, 2},
        {"a\r\n250 smuggled", {}, ehlo::errc::unsafe_octet, 1},
        {"NUL\0in it"sv, {}, ehlo::errc::unsafe_octet, 3},
        {endless, {}, ehlo::errc::output_full, 0},
        {just_too_long, {}, ehlo::errc::output_full, 0},
    };
    for (lie const& l : lies) {
        bool const is_data = l.where == &liar::data, is_end = l.where == &liar::end, is_hello = l.where == &liar::hello;
        for (unsigned const code : {200u, 250u, 251u, 354u, 421u, 450u, 451u, 452u, 500u, 521u, 550u, 554u, 559u}) {
            if (code / 100 == (is_data ? 2 : 3)) continue;
            for (unfit const& u : all) {
                CAPTURE(l.line, l.before, code, u.text.substr(0, 20));
                loop<ehlo::server, liar> s;
                s.feed(l.before);
                state const where = s.server.where();
                bool const open = in_transaction(where), yes = code < 400;
                s.handler.*l.where = reply(code, u.enhanced, u.text);
                std::string const said = s.say(l.line);
                ehlo::answered const& told = s.handler.answers.back();
                if (is_hello && yes) {  // whose text is not the handler's
                    CHECK(said.starts_with("250"));
                    CHECK_FALSE(told.fault.has_value());
                    CHECK(told.sent.code == 250);
                    continue;
                }
                CHECK(said == bare_reply(code, is_hello));
                REQUIRE(told.fault.has_value());
                CHECK(name(told.fault->code) == name(u.fault));
                CHECK(blame_of(told.fault->code) == ehlo::blame::misuse);
                CHECK(told.fault->at == u.at);
                CHECK(told.sent.code == code);
                CHECK(s.closed == (code == 421));
                // It counts as what it said.
                CHECK(s.handler.abandoned == (code == 421 ? open : is_end && !yes));
                if (code == 421) CHECK(s.server.where() == state::closed);
                else if (!yes) CHECK(s.server.where() == (is_end ? state::ready : where));
                else if (is_end) CHECK(s.server.where() == state::ready);
            }
        }
        // The longest that goes: 1,024 octets on the wire.
        std::string const longest(is_hello ? 1012 : 1000, 'z');
        loop<ehlo::server, liar> s;
        s.feed(l.before);
        s.room = ehlo::server::reply_space;
        s.handler.*l.where = reply(554, longest);
        std::string const said = s.say(l.line);
        CAPTURE(l.line);
        CHECK(said.size() == 1024);
        CHECK(codes(said) == std::vector{554});
        CHECK_FALSE(s.handler.answers.back().fault.has_value());
    }
}

TEST_CASE("server: RFC 5321 4.2.1: a status of another class gives way to that of the code") {
    struct {
        reply said;
        std::string_view sent;
    } const cases[] = {
        {reply(550, ehlo::status{2, 0, 0}, "class"), "550 5.0.0\r\n"},
        {reply(450, ehlo::status{5, 1, 1}, "class"), "450 4.0.0\r\n"},
        {reply(250, ehlo::status{4, 0, 0}, "class"), "250 2.0.0\r\n"},
        {reply(550, ehlo::status{5, 1000, 0}, "status"), "550 5.0.0\r\n"},
        // A good one stays where only the text is bad.
        {reply(550, ehlo::status{5, 1, 1}, "a\nb"), "550 5.1.1\r\n"},
    };
    for (lie const& l : lies) {
        if (l.where == &liar::hello) continue;  // has none
        for (auto const& c : cases) {
            if (l.where == &liar::data && c.said.code == 250) continue;
            CAPTURE(l.line, c.sent);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = c.said;
            CHECK(s.say(l.line) == c.sent);
            REQUIRE(s.handler.answers.back().fault.has_value());
            CHECK(blame_of(s.handler.answers.back().fault->code) == ehlo::blame::misuse);
            CHECK(codes(s.output).back() == s.handler.answers.back().sent.code);
        }
    }
}

TEST_CASE("server: RFC 5321 4.3.2: a reply of a class that the command cannot have says neither yes nor no, but to DATA") {
    for (lie const& l : lies) {
        bool const is_data = l.where == &liar::data, is_hello = l.where == &liar::hello;
        std::vector<reply> impossible = {reply(199, "code"), reply(600, "code"), reply(1250, "code"), reply(65535, "code"), reply(1, "x")};
        if (!is_data) impossible.insert(impossible.end(), {ehlo::replies::start_content, reply(355, "odd"), reply(354, ehlo::status{3, 0, 0}, "x")});
        for (reply const& r : impossible) {
            CAPTURE(l.line, r.code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            state const where = s.server.where();
            s.handler.*l.where = r;
            CHECK(s.say(l.line) == (is_hello ? "451 Error in processing, try again later\r\n"
                                             : "451 4.3.0 Error in processing, try again later\r\n"));
            CHECK(s.handler.answers.back().fault == std::optional(ehlo::fail(ehlo::errc::bad_value, 0)));
            // The content has been read: that cannot be undone. All else stays as it was.
            CHECK(s.server.where() == (l.where == &liar::end ? state::ready : where));
            CHECK(s.handler.abandoned == (l.where == &liar::end ? 1 : 0));
            s.handler.*l.where = is_data ? ehlo::replies::start_content : ehlo::replies::ok;
            if (l.where != &liar::end) CHECK(codes(s.say(l.line)).front() == (is_data ? 354 : 250));
        }
        if (!is_data) continue;
        for (reply const& yes : {ehlo::replies::ok, reply(299, "odd"), reply(200, "a\nb")}) {
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.data = yes;
            CHECK(s.say("DATA\r\n") == usual_354);
            CHECK(s.server.where() == state::content);
            CHECK(s.handler.answers.back().fault == std::optional(ehlo::fail(ehlo::errc::bad_value, 0)));
            CHECK(s.handler.answers.back().sent.code == 354);
        }
    }
}

TEST_CASE("server: RFC 5321 4.2: a code of whatever digits keeps its first one") {
    for (lie const& l : lies)
        for (unsigned const code : {260u, 298u, 461u, 471u, 499u, 560u, 571u, 599u}) {
            if (code < 300 && l.where == &liar::data) continue;
            CAPTURE(l.line, code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = reply(code, "odd");
            std::string const said = s.say(l.line);
            CHECK(static_cast<unsigned>(said[0] - '0') == code / 100);
            CHECK(s.handler.answers.back().sent.code / 100 == code / 100);
            CHECK(codes(said) == std::vector{static_cast<int>(s.handler.answers.back().sent.code)});
        }
}

TEST_CASE("server: RFC 2034 4: a reply without a status gets X.0.0, but for the greeting, EHLO and 3yz") {
    for (lie const& l : lies) {
        for (unsigned const code : {250u, 421u, 450u, 550u}) {
            if (l.where == &liar::data && code == 250) continue;
            CAPTURE(l.line, code);
            std::string const number = std::to_string(code);
            loop<ehlo::server, liar> s;
            s.feed(l.before);
            s.handler.*l.where = reply(code, "So be it");
            std::string const said = s.say(l.line);
            if (l.where != &liar::hello) CHECK(said == number + " " + number[0] + ".0.0 So be it\r\n");
            else if (code == 250) CHECK(said.starts_with(l.line[0] == 'E' ? "250-mx.example.org\r\n" : "250 mx.example.org\r\n"));
            else CHECK(said == number + " So be it\r\n");
            CHECK_FALSE(s.handler.answers.back().fault.has_value());
            if (l.where != &liar::hello) CHECK(s.handler.answers.back().sent.enhanced == ehlo::status{static_cast<std::uint8_t>(code / 100), 0, 0});
            // One that stands in the text is one.
            if (l.where == &liar::hello) continue;
            loop<ehlo::server, liar> t;
            t.feed(l.before);
            std::string const text = std::string(1, number[0]) + ".7.1 No";
            t.handler.*l.where = reply(code, text);
            CHECK(t.say(l.line) == number + " " + text + "\r\n");
            CHECK(t.handler.answers.back().sent.enhanced == ehlo::status{static_cast<std::uint8_t>(code / 100), 7, 1});
        }
    }
    // Every line of a reply has it.
    loop<ehlo::server, liar> s;
    s.feed(to_mail);
    std::string const two_lines(600, 'x');
    s.handler.rcpt = reply(550, two_lines);
    std::string const said = s.say("RCPT TO:<a@b>\r\n");
    CHECK(said.starts_with("550-5.0.0 x"));
    CHECK(said.find("\r\n550 5.0.0 x") != said.npos);
    s.handler.data = reply(354, "go");
    s.handler.rcpt = ehlo::replies::ok;
    CHECK(s.say("RCPT TO:<a@b>\r\nDATA\r\n").ends_with("354 go\r\n"));
}

TEST_CASE("server: RFC 5321 4.1.1.1: an accepted EHLO is answered 250, whatever 2yz the handler said, and so it is told") {
    for (unsigned const code : {250u, 251u, 252u, 200u, 220u}) {
        for (std::string_view const line : {"EHLO me\r\n"sv, "HELO me\r\n"sv}) {
            loop<ehlo::server, liar> s;
            s.run();
            s.handler.hello = reply(code, ehlo::status{2, 0, 0}, "hello");
            CHECK(codes(s.say(line)) == std::vector{250});
            CHECK(s.handler.answers.back().sent == reply(250, ""));
            CHECK(s.server.where() == state::ready);
        }
    }
}

TEST_CASE("server: without ENHANCEDSTATUSCODES no reply has one") {
    using plain = ehlo::basic_server<with_offers(ehlo::extension::pipelining)>;
    loop<plain, liar> l;
    CHECK(l.say("EHLO me\r\n") == "250-mx.example.org\r\n250 PIPELINING\r\n");
    CHECK(l.say("XYZZY\r\n") == "500 no such command\r\n");
    CHECK(l.say("MAIL FROM:<> SIZE=1\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<> BODY=7BIT\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<> SMTPUTF8\r\n").starts_with("555 the"));
    CHECK(l.say("MAIL FROM:<>\r\n") == "250 OK\r\n");
    std::string const endless(3000, 'x');
    l.handler.rcpt = reply(550, ehlo::status{5, 1, 1}, endless);
    CHECK(l.say("RCPT TO:<a@b>\r\n") == "550 \r\n");
    using bare = ehlo::basic_server<with_offers({})>;
    loop<bare, liar> none;
    CHECK(none.say("EHLO me\r\n") == "250 mx.example.org\r\n");
    CHECK(none.say("HELO me\r\n") == "250 mx.example.org\r\n");
}

TEST_CASE("server: a server whose name is no domain says so in its greeting, and closes") {
    for (std::string_view const name : {"no_domain", "", "a b", "x\r\n250 y"}) {
        ehlo::server server(name);
        full_recorder handler;
        std::string out(ehlo::server::reply_space, ' ');
        ehlo::step const s = server.advance("EHLO me\r\n", handler, std::span<char>(out));
        CHECK(out.substr(0, s.produced) == "421 The name of this server is not a domain\r\n");
        CHECK(s.want == ehlo::want::close);
        CHECK(s.consumed == 0);
    }
}

namespace {
struct greeter : liar {
    using liar::on;
    reply greeting = "220 at your service";
    reply on(ehlo::connected const&) { return greeting; }
};
}  // namespace

TEST_CASE("server: the handler may greet, refuse all mail, or close (RFC 5321 3.1, RFC 7504)") {
    auto greet = [](reply const& r, std::string_view then) {
        ehlo::server server("mx.example.org");
        greeter handler;
        handler.greeting = r;
        std::string out(2 * ehlo::server::reply_space, ' ');
        ehlo::step const s = server.advance(then, handler, std::span<char>(out));
        return out.substr(0, s.produced) + std::string(name(server.where()));
    };
    CHECK(greet("220 at your service", "") == "220 mx.example.org at your service\r\ngreeted");
    CHECK(greet("220", "") == "220 mx.example.org\r\ngreeted");
    CHECK(greet("521 never", "QUIT\r\n") == "521 never\r\n221 2.0.0 Closing the channel\r\nclosed");
    CHECK(greet("421 too busy", "QUIT\r\n") == "421 too busy\r\nclosed");
    // What is no greeting is replaced.
    for (reply const& r : {reply(250, "x"), reply(354, "x"), reply(199, "x"), reply(600, "x"), reply(99, "x"), reply::later})
        CHECK(greet(r, "QUIT\r\n") == "421 Error in processing, try again later\r\nclosed");
    // One whose text cannot be sent keeps its code.
    std::string const endless(3000, 'x'), long_name_and_text(600, 'x');
    for (std::string_view const text : {"a\r\nb"sv, "NUL\0"sv, std::string_view(endless)}) {
        CHECK(greet(reply(220, text), "") == "220 mx.example.org ESMTP ready\r\ngreeted");
        CHECK(greet(reply(554, text), "") == "554 \r\nrefused");
        CHECK(greet(reply(521, text), "") == "521 \r\nrefused");
        CHECK(greet(reply(450, text), "") == "450 \r\nrefused");
        CHECK(greet(reply(421, text), "") == "421 Shutting down, closing the channel\r\nclosed");
    }
    CHECK(greet(reply(220, long_name_and_text), "") == "220 mx.example.org ESMTP ready\r\ngreeted");
    CHECK(greet(reply(554, long_name_and_text), "").ends_with("\r\nrefused"));
}

TEST_CASE("server: RFC 5321 4.2: what is wrong with a greeting is told") {
    struct {
        reply said;
        std::optional<ehlo::failure> fault;
    } const cases[] = {
        {"220 hello", std::nullopt},
        {"554 5.3.2 no", std::nullopt},
        {reply(250, "x"), ehlo::fail(ehlo::errc::bad_value, 0)},
        {reply::later, ehlo::fail(ehlo::errc::bad_value, 0)},
        {reply(220, "a\nb"), ehlo::fail(ehlo::errc::unsafe_octet, 1)},
        {reply(554, "ab\rb"), ehlo::fail(ehlo::errc::unsafe_octet, 2)},
    };
    for (auto const& c : cases) {
        loop<ehlo::server, greeter> l;
        l.handler.greeting = c.said;
        l.run();
        CHECK(l.handler.answers.at(0).fault == c.fault);
        CHECK(codes(l.output) == std::vector{static_cast<int>(l.handler.answers.at(0).sent.code)});
    }
}

TEST_CASE("server: RFC 5321 3.1: when the greeting refused, everything but QUIT is 503") {
    auto refused = [] {
        loop<ehlo::server, greeter> l;
        l.handler.greeting = "554 5.3.2 No SMTP service here";
        l.run();
        return l;
    };
    for (spelled const& command : lines) {
        CAPTURE(command.line);
        auto l = refused();
        std::size_t const calls = l.handler.log.size();
        std::string const said = l.say(command.line);
        if (command.is == move::quit) {
            CHECK(said == "221 2.0.0 Closing the channel\r\n");
            CHECK(l.closed);
            continue;
        }
        CHECK(codes(said) == std::vector{503});
        CHECK(l.server.where() == state::refused);
        CHECK(l.handler.log.size() == calls + 1);  // only `answered`
    }
    for (std::string_view const line : {"LHLO me\r\n"sv, "STARTTLS\r\n"sv, "AUTH PLAIN\r\n"sv, "\r\n"sv, "EHLO\r\n"sv, "XCLIENT NAME=x\r\n"sv})
        CHECK(codes(refused().say(line)) == std::vector{503});
    // A chunk is passed over.
    for (std::string_view const chunk : {"BDAT 6\r\nQUIT\r\n"sv, "BDAT 6 LAST\r\nQUIT\r\n"sv, "BDAT 0 LAST\r\n"sv, "bdat 3\r\nabc"sv}) {
        auto l = refused();
        l.feed(std::string(chunk) + "NOOP\r\n", octets());
        CHECK(codes(l.output) == std::vector{554, 503, 503});
        CHECK(l.server.where() == state::refused);
    }
    CHECK(codes(refused().say("QUIT now\r\nQUIT\r\n")) == std::vector{501, 221});
}

TEST_CASE("server: RFC 5321 3.8: a last word that cannot be said becomes the usual 421") {
    constexpr std::string_view usual = "421 4.3.2 Shutting down, closing the channel\r\n";
    std::string const endless(3000, 'x'), long_line(1000, 'x');
    struct {
        reply said;
        std::size_t room;
        std::string_view sent;
    } const cases[] = {
        {reply(250, "fine"), 1024, usual},
        {reply::later, 1024, usual},
        {reply(354, "go"), 1024, usual},
        {reply(600, "go"), 1024, usual},
        {reply(421, "a\nb"), 1024, usual},
        {reply(554, "a\nb"), 1024, usual},
        {reply(421, ehlo::status{5, 0, 0}, "class"), 1024, usual},
        {reply(421, endless), 1024, "421 4.0.0 Shutting down, closing the channel\r\n"},
        {reply(421, ehlo::status{4, 3, 1}, endless), 8192, "421 4.3.1 Shutting down, closing the channel\r\n"},
        {reply(554, endless), 1024, "554 5.0.0\r\n"},
        // It has no room.
        {reply(421, long_line), 100, "421 4.0.0 Shutting down, closing the channel\r\n"},
        {replies_long(), 60, usual},
        {ehlo::replies::shutting_down, usual.size(), usual},
        {ehlo::replies::shutting_down, usual.size() - 1, ""},
        {ehlo::replies::shutting_down, 0, ""},
    };
    for (auto const& c : cases) {
        CAPTURE(c.said.code, c.room);
        ehlo::server server("mx.example.org");
        liar handler;
        exact out(ehlo::server::reply_space), last(c.room);
        (void)server.advance("", handler, out.span());
        std::size_t const told = handler.answers.size();
        auto const s = server.shut_down(handler, last.span(), c.said);
        CHECK(last.view().substr(0, s.produced) == c.sent);
        CHECK(server.where() == state::closed);
        CHECK(s.want == want::close);
        // What was said is told, and nothing else.
        REQUIRE(handler.answers.size() == told + (c.sent.empty() ? 0 : 1));
        if (!c.sent.empty()) CHECK(codes(c.sent) == std::vector{static_cast<int>(handler.answers.back().sent.code)});
    }
}

TEST_CASE("server: 421 from a handler ends the session, wherever it is said") {
    for (lie const& l : lies) {
        CAPTURE(l.line, l.before);
        loop<ehlo::server, liar> s;
        s.feed(l.before);
        bool const open = in_transaction(s.server.where());
        s.handler.*l.where = "421 4.3.2 Going down";
        std::string const said = s.say(std::string(l.line) + "NOOP\r\n");
        CHECK(said == (l.where == &liar::hello ? "421 Going down\r\n" : "421 4.3.2 Going down\r\n"));
        CHECK(s.closed);
        CHECK(s.server.where() == state::closed);
        CHECK(s.handler.abandoned == (open ? 1 : 0));
        CHECK(s.pending == "NOOP\r\n");
    }
}

}  // namespace test_server_replies
