// A session that goes on with another handler, of another type: what was offered by the one and the other has no function for.
#include "everything.hpp"

#include <string>

namespace test_server_changed {

namespace {

using namespace machine;
using ehlo::state;
using server = ehlo::server_with<>;

ehlo::policy const settings = [] {
    ehlo::policy p;
    p.offers = ehlo::server_extensions - ehlo::extension::burl;
    p.max_line = 4096;
    p.clear_text_passwords = true;
    return p;
}();

// A session after these lines, in the hands of a handler that has the least.
loop<server, recorder> handed_over(std::string const& lines) {
    loop<server, everything> l{server(settings, "mx.example.org")};
    l.feed("EHLO me.example\r\n" + lines);
    return loop<server, recorder>{l.server};
}

}  // namespace

TEST_CASE("server: an AUTH exchange that goes on with a handler without AUTH is refused, and the session goes on") {
    auto l = handed_over("AUTH LOGIN\r\n");
    CHECK(l.server.where() == state::exchange);
    CHECK(l.say("YW5u\r\n").starts_with("502 5.5.1 "));
    CHECK(l.server.where() == state::ready);
    CHECK_FALSE(l.server.knows(ehlo::fact::authenticated));
    CHECK(l.say("NOOP\r\n") == "250 2.0.0 OK\r\n");
}

TEST_CASE("server: commands that the handler before had functions for are refused, and change nothing") {
    for (std::string_view const line : {"AUTH PLAIN AGEAYg==\r\n", "AUTH LOGIN\r\n"}) {
        auto l = handed_over("");
        CHECK(l.say(line).starts_with("502 5.5.1 "));
        CHECK(l.server.where() == state::ready);
    }
    for (std::string_view const line : {"ETRN a.example\r\n", "XCLIENT NAME=a.example\r\n", "XFORWARD NAME=a.example\r\n", "STARTTLS\r\n",
                                        "TURN\r\n"}) {
        auto l = handed_over("");
        INFO(line);
        std::string const said = l.say(line);
        CHECK((said[0] == '4' || said[0] == '5'));
        CHECK(l.server.where() == state::ready);
        CHECK(l.say("MAIL FROM:<a@b.example>\r\n") == "250 2.1.0 Sender OK\r\n");
    }
}

}  // namespace test_server_changed
