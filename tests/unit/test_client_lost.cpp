// The client machine where a session goes wrong: 421, replies that nobody asked for, connections and octets that are lost, servers without end.

#include "client_session.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace test_client_lost {

namespace {

using namespace client_session;

}  // namespace

TEST_CASE("client: 421 may come at any time") {
    for (state const where : all_states) {
        if (where == state::closed) continue;
        CAPTURE(name(where));
        session s = session::at(where);
        CHECK(s.hear("421 4.3.2 Shutting down\r\n", octets()) == (where == state::connected ? "greeting-421"
                                                                           : where == state::content ? "end of content-421" : "shutdown-421"));
        CHECK(s.c.over());
        CHECK(s.c.where() == state::closed);
        CHECK(s.bare(verb::quit) == "session_over");
        CHECK(s.content("x") == "session_over");
        CHECK(s.end() == "session_over");
    }
    SECTION("in answer to a command, with more under way") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n421 4.3.2 Down\r\n") == "MAIL+ RCPT-421");
        CHECK(s.c.over());
        CHECK(s.rcpt() == "session_over");
        CHECK(s.hear("250 OK\r\n") == "!session_over");
    }
    SECTION("to the end of content") {
        session s = session::at(state::content);
        s.end();
        CHECK(s.hear("421 Down\r\n") == "end of content-421");
        CHECK(s.c.over());
    }
}

TEST_CASE("client: a reply that nobody asked for, or of the wrong class, breaks the session") {
    for (state const where : {state::greeted, state::ready, state::mail, state::rcpt, state::content, state::refused}) {
        for (std::string_view const reply : {"250 OK\r\n"sv, "354 Go\r\n"sv, "550 No\r\n"sv, "220 mx\r\n"sv, "420 x\r\n"sv}) {
            session s = session::at(where);
            std::string const refused = (where == state::content ? "end of content-" : "shutdown-") + std::string(reply.substr(0, 3));
            CHECK(s.hear(reply) == (reply[0] < '4' ? "!unexpected_reply" : refused));
            CHECK(s.c.over());
            CHECK(s.bare(verb::quit) == "session_over");
            CHECK(s.hear("250 OK\r\n") == "!session_over");
        }
    }
    struct {
        state where;
        std::string (*command)(session&);
        bool three;  // 3yz is right
    } const commands[] = {
        {state::greeted, [](session& s) { return s.hello(); }, false},
        {state::ready, [](session& s) { return s.mail(); }, false},
        {state::mail, [](session& s) { return s.rcpt(); }, false},
        {state::rcpt, [](session& s) { return s.data(); }, true},
        {state::content, [](session& s) { return s.end(); }, false},
        {state::rcpt, [](session& s) { return s.bare(verb::rset); }, false},
        {state::ready, [](session& s) { return s.bare(verb::noop); }, false},
        {state::ready, [](session& s) { return s.argument(verb::vrfy, "x"); }, false},
        {state::ready, [](session& s) { return s.bare(verb::quit); }, false},
    };
    for (auto const& c : commands) {
        for (std::string_view const reply : {"250 x\r\n"sv, "259 x\r\n"sv, "334 x\r\n"sv, "354 x\r\n"sv, "450 x\r\n"sv, "559 x\r\n"sv}) {
            session s = session::at(c.where);
            CAPTURE(name(c.where), c.command(s), reply);
            bool const right = reply[0] > '3' || (reply[0] == '3') == c.three;
            std::string const heard = s.hear(reply);
            CHECK((heard != "!bad_reply_class") == right);
            CHECK((s.c.over() && s.c.where() != state::closed) == !right);
        }
    }
    SECTION("one reply too many") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt();
        CHECK(s.hear("250 OK\r\n250 OK\r\n250 OK\r\n") == "MAIL+ RCPT+ !unexpected_reply");
        CHECK(s.data() == "session_over");
    }
}

TEST_CASE("client: the connection is lost") {
    for (state const where : all_states) {
        session s = session::at(where);
        s.c.disconnected();
        CHECK(s.c.over());
        CHECK(s.c.where() == state::closed);
        CHECK(!s.c.awaits());
        CHECK(s.c.receive("").need_more());
        CHECK(s.bare(verb::quit) == "session_over");
        CHECK(s.content("x") == "session_over");
        CHECK(s.end() == "session_over");
        CHECK(s.hear("250 OK\r\n") == "!session_over");
    }
    SECTION("with replies under way, and half of one received") {
        session s = session::at(state::ready);
        s.mail(), s.rcpt(), s.data();
        CHECK(s.hear("250 OK\r\n25") == "MAIL+");
        CHECK(s.c.awaits() == event::rcpt);
        s.c.disconnected();
        CHECK(!s.c.awaits());
        CHECK(s.c.over());
        // The same value starts anew when it is assigned.
        s.c = ehlo::client();
        s.pending.clear();
        CHECK(s.hear("220 mx\r\n") == "greeting+");
    }
}

TEST_CASE("client: the connection is lost after any octet of the replies") {
    session s = session::at(state::ready);
    s.mail(), s.rcpt(), s.rcpt(), s.data();
    std::string_view const replies = "250 OK\r\n550 No\r\n250-a\r\n250 OK\r\n354 Go\r\n";
    constexpr std::size_t ends[] = {8, 16, 31, 39};  // of the replies
    for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
        session a = s;
        std::string const heard = a.hear(replies.substr(0, cut), octets());
        std::size_t whole = 0;
        for (std::size_t const end : ends) whole += cut >= end;
        CHECK(static_cast<std::size_t>(std::count(heard.begin(), heard.end(), ' ')) + (heard.empty() ? 0 : 1) == whole);
        CHECK(a.c.recipients() == (whole >= 3 ? 1 : 0));
        a.c.disconnected();
        CHECK(a.c.over());
        CHECK(!a.c.awaits());
        CHECK(a.content("x") == "session_over");
        CHECK(a.end() == "session_over");
    }
}

TEST_CASE("client: a session is its octets: copied at any octet, it goes on the same") {
    static_assert(std::is_trivially_copyable_v<ehlo::client>);
    session s = session::at(state::ready);
    s.mail(), s.rcpt(), s.rcpt(), s.data();
    std::string_view const replies = "250-2.1.0 fine\r\n250 2.1.0 OK\r\n550 5.1.1 No\r\n251 2.1.5 OK\r\n354 Go\r\n";
    for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
        session a = s;
        std::string heard = a.hear(replies.substr(0, cut), octets());
        session b = s;
        b.hear("421 x\r\n");  // storage that held something else
        std::memcpy(&b.c, &a.c, sizeof(ehlo::client));
        b.pending = a.pending;
        std::string const rest = b.hear(replies.substr(cut));
        heard += (heard.empty() || rest.empty() ? "" : " ") + rest;
        CHECK(heard == "MAIL+ RCPT-550 RCPT+ DATA+");
        CHECK(b.c.recipients() == 1);
        CHECK(b.content("x\r\n") == "x\r\n");
        CHECK(b.end() == ".\r\n");
    }
}

TEST_CASE("client: a server without end") {
    // attacks.json, REP-infinite-multiline and REP-endless-line
    session s;
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "220-a\r\n";
    CHECK(s.hear(many) == "!reply_too_long");
    session t;
    CHECK(t.hear("220 " + std::string(100000, 'a'), [] { return std::size_t{1000}; }) == "!reply_too_long");
    CHECK(t.c.over());
    CHECK(t.pending.size() <= 4000);
}

TEST_CASE("client: octets that were there before and are missing are told, and the session goes on when they are back") {
    std::string const answer = "250-mx.example\r\n250 SIZE 1000\r\n";
    for (std::size_t seen = 1; seen < answer.size(); ++seen) {
        ehlo::client c;
        char buffer[256];
        ehlo::writer w(buffer);
        REQUIRE(c.receive("220 mx.example\r\n").ready());
        REQUIRE(c.hello(w, "me.example"));
        exact const part(std::string_view(answer).substr(0, seen));
        REQUIRE(c.receive(part.view()).need_more());
        for (std::size_t size = 0; size < seen; ++size) {
            exact const less(std::string_view(answer).substr(0, size));
            ehlo::client copy = c;
            auto const r = copy.receive(less.view());
            CAPTURE(seen, size);
            CHECK((r.need_more() || (r.failed() && r.error() == ehlo::fail(errc::missing_octets, size))));
            CHECK(r.consumed == 0);
            CHECK_FALSE(copy.over());
            CHECK(copy.receive(std::string_view(answer)).ready());
            CHECK(copy.offers().has(ehlo::extension::size));
        }
    }
}

TEST_CASE("client: an empty line between replies, where the rule tolerates it, answers nothing and breaks nothing") {
    ehlo::reply_limits lenient;
    lenient.tolerate = ehlo::rule::empty_line_between_replies;
    for (bool const tolerated : {true, false})
        for (std::string_view const more : {"", "\r", "\r\n", "\r\n\r\n"}) {
            ehlo::reply_limits const limits = tolerated ? lenient : ehlo::reply_limits{};
            CAPTURE(tolerated, more.size());
            ehlo::client c;
            char buffer[256];
            ehlo::writer w(buffer);
            std::string in = "220 mx.example\r\n" + std::string(more);
            auto const greeting = c.receive(std::string_view(in), limits);
            REQUIRE(greeting.ready());
            in.erase(0, greeting.consumed);
            REQUIRE(c.hello(w, "me.example"));
            in += std::string_view("\r\n").substr(more.size() % 2, more.size() % 2);   // the LF of a CR
            auto const answer = c.receive(std::string_view(in += "250 mx.example\r\n"), limits);
            if (tolerated || more.empty()) {
                REQUIRE(answer.ready());
                CHECK(answer->reply.code() == 250);
                CHECK(answer->to == event::hello);
            } else {
                CHECK(answer.failed());
            }
        }
}

}  // namespace test_client_lost
