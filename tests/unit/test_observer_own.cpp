// The observer: commands and parameters of the user's own, as in server and client.
#include "own.hpp"
#include "watching.hpp"

namespace test_observer_own {

namespace {

using namespace watching;
using Observer = ehlo::observer_with<own::xtake, own::xstat, own::xpiece>;

struct own_log : watching::log {
    using own_mail_parameters = ehlo::own_parameters<own::x_ticket>;
    using log::on;
    void tell(seen::command const& c, std::string_view verb, std::string_view what) {
        on(c);
        lines.back() += " = " + std::string(verb) + "(" + std::string(what) + ")";
    }
    void on(seen::of<own::take_over> const& c) { tell(c, "take", c.typed.queue); }
    void on(seen::of<own::status_query> const& c) { tell(c, "stat", c.typed.what); }
    void on(seen::of<own::piece> const& c) { tell(c, "piece", c.typed.octets); }
};
struct own_watcher : basic_watcher<Observer, own_log> {};

dialogue offering(dialogue const& more, std::string const& keywords = "250-XTAKE\r\n250-XPIECE\r\n") {
    dialogue all{{"S", "220 mx\r\n"}, {"C", "EHLO me\r\n"}, {"S", "250-mx\r\n" + keywords + "250-PIPELINING\r\n250 AUTH PLAIN\r\n"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
lines told_own(dialogue const& d) {
    lines all = watch_everywhere<own_watcher>(d);
    return {all.begin() + 3, all.end()};
}
// The names of events are those of the protocol.
static_assert(ehlo::protocol_with<own::xtake>::name(ehlo::event::own0) == "XTAKE");
static_assert(std::is_trivially_copyable_v<Observer> && sizeof(Observer) == sizeof(ehlo::observer));

}  // namespace

TEST_CASE("observer: a command of one's own begins a transaction, as its row says") {
    CHECK(told_own(offering({{"C", "XTAKE q1\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<c@d>\r\nDATA\r\n"}, {"S", "250 ok\r\n354 go\r\n"}, {"C", "x\r\n.\r\n"},
                             {"S", "250 ok\r\n"}})) ==
          lines{"C XTAKE q1 = take(q1)", "S 250 to own command 0", "C RCPT TO:<c@d>", "C DATA", "S 250 to RCPT", "S 354 to DATA", "content x\r\n",
                R"(end 3 at C".\r\n")", "S 250 to end of content", "transaction delivered 250 1/1 3"});
    // Refused, it begins none; in a transaction it is out of order, as is another MAIL in its.
    CHECK(told_own(offering({{"C", "xtake q\r\n"}, {"S", "550 no\r\n"}, {"C", "RCPT TO:<c@d>\r\n"}, {"S", "503 no\r\n"}})) ==
          lines{"C xtake q = take(q)", "S 550 to own command 0", "C RCPT TO:<c@d> bad_sequence 0", R"(! out_of_order C"RCPT T" bad_sequence)", "S 503 to RCPT"});
    CHECK(told_own(offering({{"C", "XTAKE q\r\n"}, {"S", "250 ok\r\n"}, {"C", "MAIL FROM:<a@b>\r\n"}, {"S", "503 no\r\n"}, {"C", "XTAKE r\r\n"}, {"S", "503 no\r\n"}, {"C", "RSET\r\n"},
                             {"S", "250 ok\r\n"}})) ==
          lines{"C XTAKE q = take(q)", "S 250 to own command 0", "C MAIL FROM:<a@b> bad_sequence 0 = <a@b>", R"(! out_of_order C"MAIL F" bad_sequence)", "S 503 to MAIL",
                "C XTAKE r bad_sequence 0 = take(r)", R"(! out_of_order C"XTAKE " bad_sequence)", "S 503 to own command 0", "C RSET", "S 250 to RSET",
                "transaction abandoned 250 0/0 ?"});
    // A server that goes its own way is followed.
    CHECK(told_own(offering({{"C", "MAIL FROM:<a@b>\r\n"}, {"S", "451 no\r\n"}, {"C", "XTAKE q\r\n"}, {"S", "250 ok\r\n"}, {"C", "DATA\r\n"}, {"S", "354 go\r\n"}, {"C", "x\r\n.\r\n"},
                             {"S", "250 ok\r\n"}})).back() == "transaction delivered 250 0/0 3");
}
TEST_CASE("observer: arguments, order and replies of commands of one's own") {
    CHECK(told_own(offering({{"C", "XTAKE\r\n"}, {"S", "501 no\r\n"}, {"C", "XTAKE a-b\r\n"}, {"S", "501 no\r\n"}, {"C", "XTAK q\r\n"}, {"S", "500 no\r\n"}})) ==
          lines{"C XTAKE missing_argument 5", R"(! malformed C"\r\nXTAK" missing_argument)", "S 501 to own command 0", "C XTAKE a-b bad_value 7", R"(! malformed C"-b\r\nXT" bad_value)",
                "S 501 to own command 0", "C XTAK q unknown_verb 0", R"(! malformed C"XTAK q" unknown_verb)", "S 500 to no command"});
    CHECK(told_own(offering({{"C", "XSTAT all\r\n"}, {"S", "530 no\r\n"}, {"C", "AUTH PLAIN AGEAYg==\r\n"}, {"S", "235 ok\r\n"}, {"C", "XSTAT all\r\n"}, {"S", "211 well\r\n"}})) ==
          lines{"C XSTAT all not_authenticated 0 = stat(all)", R"(! out_of_order C"XSTAT " not_authenticated)", "S 530 to own command 1", "C AUTH PLAIN...", "S 235 to AUTH",
                "C XSTAT all = stat(all)", "S 211 to own command 1"});
    // 3yz is one command's answer, and no other's.
    CHECK(told_own(offering({{"C", "XPIECE a\r\n"}, {"S", "350 more\r\n"}, {"C", "XPIECE b\r\n"}, {"S", "250 ok\r\n"}, {"C", "NOOP\r\n"}, {"S", "250 ok\r\n"}})) ==
          lines{"C XPIECE a = piece(a)", "S 350 to own command 2", "C XPIECE b = piece(b)", "S 250 to own command 2", "C NOOP", "S 250 to NOOP"});
    CHECK(told_own(offering({{"C", "XTAKE q\r\n"}, {"S", "350 more\r\n"}})).back() == "out of step");
}
TEST_CASE("observer: what of one's own the server offers") {
    CHECK(told_own(offering({{"C", "XTAKE q\r\nXSTAT\r\n"}}, "")) ==
          lines{"C XTAKE q = take(q)", R"(! not_offered C"XTAKE ")", "C XSTAT not_authenticated 0 = stat()", R"(! out_of_order C"XSTAT\r" not_authenticated)",
                R"(! did_not_wait C"XSTAT\r")", "unanswered own command 0", "unanswered own command 1"});
    // Forgotten with all else by HELO.
    lines const all = told_own(offering({{"C", "HELO me\r\n"}, {"S", "250 mx\r\n"}, {"C", "XPIECE a\r\n"}}));
    CHECK(std::count(all.begin(), all.end(), R"(! not_offered C"XPIECE")") == 1);
}
TEST_CASE("observer: parameters of one's own") {
    CHECK(told_own(offering({{"C", "MAIL FROM:<a@b> X-TICKET=12\r\n"}, {"S", "250 ok\r\n"}, {"C", "RCPT TO:<c@d> X-TICKET=12\r\n"}, {"S", "555 no\r\n"}, {"C", "RSET\r\n"}, {"S", "250 ok\r\n"}})) ==
          lines{"C MAIL FROM:<a@b> X-TICKET=12 = <a@b>", "S 250 to MAIL", "C RCPT TO:<c@d> X-TICKET=12", R"(! not_offered C"X-TICK" unknown_parameter)", "S 555 to RCPT", "C RSET",
                "S 250 to RSET", "transaction abandoned 250 0/1 ?"});
    CHECK(told_own(offering({{"C", "MAIL FROM:<a@b> X-TICKET=1x\r\n"}, {"S", "501 no\r\n"}, {"C", "MAIL FROM:<a@b> X-OTHER\r\n"}, {"S", "555 no\r\n"}})) ==
          lines{"C MAIL FROM:<a@b> X-TICKET=1x = <a@b>", R"(! malformed C"x\r\nMAI" bad_number)", "S 501 to MAIL", "C MAIL FROM:<a@b> X-OTHER = <a@b>",
                R"(! not_offered C"X-OTHE" unknown_parameter)", "S 555 to MAIL"});
    // To one who has none of his own each is unknown.
    CHECK(told({{"C", "MAIL FROM:<a@b> X-TICKET=12\r\n"}}) ==
          lines{"C MAIL FROM:<a@b> X-TICKET=12 = <a@b>", R"(! not_offered C"X-TICK" unknown_parameter)", "unanswered MAIL"});
}
TEST_CASE("observer: the session of server_with and its commands, seen by observer_with") {
    struct handler {
        ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
        ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
        ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
        void on(ehlo::content const&) {}
        ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
        ehlo::reply on(own::take_over const& t) { return t.queue == "none" ? ehlo::reply("550 5.5.0 No such queue") : ehlo::replies::sender_ok; }
        ehlo::reply on(own::status_query const&) { return "211 2.0.0 Well"; }
        ehlo::reply on(own::piece const& p) { return p.octets == "last" ? ehlo::replies::ok : ehlo::reply(350, "Another one"); }
    };
    static constexpr ehlo::policy settings{};
    ehlo::server_with<own::xtake, own::xstat, own::xpiece> s(settings, "mx.example.org");
    handler h;
    own_watcher w{Observer()};
    std::size_t turns = 0;
    auto say = [&](std::string text) {
        w.h.said[0] += text;
        std::string answer(4096, '\0');
        auto const step = s.advance(text, h, answer);
        REQUIRE(step.consumed == text.size());
        w.h.said[1] += answer.substr(0, step.produced);
        w.show(client, text);
        w.show(server, std::string_view(answer).substr(0, step.produced));
        CHECK(w.o.where() == s.where());
        ++turns;
    };
    for (char const* const text : {"", "EHLO a\r\n", "XTAKE none\r\n", "XTAKE q\r\n", "XPIECE a\r\n", "XPIECE last\r\n", "XSTAT\r\n", "RCPT TO:<a@b>\r\n", "XTAKE q\r\n", "DATA\r\n",
                                   "XTAKE q\r\n.\r\n", "XTAKE\r\n", "QUIT\r\n"})
        say(text);
    CHECK(turns == 13);
    CHECK(w.o.sure());
    CHECK(std::count_if(w.h.lines.begin(), w.h.lines.end(), [](std::string const& l) { return l.starts_with("transaction delivered 250 1/1"); }) == 1);
}
TEST_CASE("observer: commands of one's own after a loss are guessed as all others are") {
    ehlo::observer_settings s;
    s.guesses = true;
    dialogue const d{{"gC", ""}, {"gS", ""}, {"C", "end\r\nXTAKE q1\r\n"}, {"S", "end\r\n250 ok\r\n"}, {"C", "XTAKE\r\n"}, {"S", "501 no\r\n"}, {"C", "XPIECE 1\r\nXTAK q\r\n"}, {"S", "250 ok\r\n500 no\r\n"}};
    CHECK(watch_everywhere<own_watcher>(d, s) ==
          lines{"out of step", "C XTAKE q1 (unsure) = take(q1)", "S 250 to nothing (unsure)", "C XTAKE (unsure)", "S 501 to nothing (unsure)", "C XPIECE 1 (unsure) = piece(1)",
                "C ... (unsure)", "S 250 to nothing (unsure)", "S 500 to nothing (unsure)"});
    s.guesses = false;
    CHECK(watch_everywhere<own_watcher>(d, s).size() == 5);
}
TEST_CASE("observer: who is told of his own commands alone") {
    struct own_alone {
        std::string text{};
        void on(seen::of<own::take_over> const& c) { text += std::string(c.typed.queue) + ";"; }
    };
    own_alone h;
    Observer o;
    CHECK(o.advance("XTAKE q1\r\nNOOP\r\n", "220 mx\r\n250 ok\r\n250 ok\r\n", h).server == 24);
    o.gap(client, 3, h);
    o.end(h);
    CHECK(h.text == "q1;");
}

}  // namespace test_observer_own
