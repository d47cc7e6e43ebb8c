// PRDR (draft-hall-prdr-00): after a MAIL that asked for it the end of a message may be answered 353, once for each recipient, and once
// for the message. Server, client, typestate client and observer.
#include "catch.hpp"
#include "client_dialogue.hpp"
#include "machine.hpp"
#include "watching.hpp"

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace test_prdr {

namespace {

using namespace std::literals;
using namespace ehlo;
using machine::codes;
using ints = std::vector<int>;
using subject = end_of_content::subject;

constexpr policy offers_prdr = [] {
    policy p;
    p.offers = p.offers | extension::prdr | extension::chunking | extension::binary_mime;
    return p;
}();
using prdr_server = basic_server<offers_prdr>;

constexpr std::string_view names_of_subjects[] = {"message", "message or each", "recipient", "message after each"};

// Says 353 where it may, then what the recipient's name says, and for the message `last`.
struct chooser : machine::full_recorder {
    reply first = replies::each_recipient, last = replies::message_accepted;
    std::size_t stored = 0;   // for so many recipients

    using full_recorder::on;
    reply on(end_of_content const& e) {
        note("end " + std::to_string(e.octets) + " " + std::to_string(e.recipients) + " " + std::to_string(e.recipient) + " " +
             std::string(names_of_subjects[static_cast<unsigned>(e.about)]));
        switch (e.about) {
        case subject::message: return replies::message_accepted;
        case subject::message_or_each: return first;
        case subject::message_after_each: return last;
        case subject::recipient: break;
        }
        std::string_view const to = open.to.at(e.recipient);
        if (to.starts_with("<no")) return "550 5.7.1 Not for me";
        if (to.starts_with("<off")) return "450 4.2.1 Not now";
        if (to.starts_with("<bye")) return "421 4.3.2 Enough";
        if (to.starts_with("<odd")) return "353 Again";
        ++stored;
        return "250 2.1.5 For me";
    }
};
// The same, and each answer is put off.
struct slow_chooser : chooser {
    reply verdict;
    using chooser::on;
    reply on(end_of_content const& e) {
        verdict = chooser::on(e);
        return reply::later;
    }
};

struct sent_to {
    std::vector<std::string_view> recipients;
    ints replies;               // to the end, and to the NOOP after it
    std::size_t abandoned = 0;
};
std::string message_to(std::vector<std::string_view> const& recipients, std::string_view parameters, bool chunks) {
    std::string text = "EHLO me\r\nMAIL FROM:<a@b>" + std::string(parameters) + "\r\n";
    for (auto const to : recipients) text += "RCPT TO:<" + std::string(to) + "@b>\r\n";
    return text + (chunks ? "BDAT 3\r\nx\r\nBDAT 3 LAST\r\ny\r\n" : "DATA\r\nx\r\ny\r\n.\r\n") + "NOOP\r\n";
}
template <class Handler>
void check_server(sent_to const& c, std::string_view parameters, reply const& first, reply const& last) {
    for (bool const chunks : {false, true})
        for (machine::pieces const& next : {machine::whole(), machine::octets()})
            for (std::size_t const room : {std::size_t{1024}, std::size_t{4096}}) {
                CAPTURE(chunks, parameters, c.recipients.size(), room);
                machine::loop<prdr_server, Handler> l;
                l.room = room;
                l.handler.first = first;
                l.handler.last = last;
                l.feed(message_to(c.recipients, parameters, chunks), next);
                auto all = codes(l.output);
                REQUIRE(all.size() >= 4 + c.recipients.size());
                all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(4 + c.recipients.size()));
                CHECK(all == c.replies);
                CHECK(l.handler.abandoned == static_cast<int>(c.abandoned));
                CHECK(l.server.where() == (l.closed ? state::closed : state::ready));
                CHECK_FALSE(l.server.knows(fact::prdr));
            }
}
void check_both(sent_to const& c, std::string_view parameters = " PRDR", reply const& first = replies::each_recipient,
                reply const& last = replies::message_accepted) {
    check_server<chooser>(c, parameters, first, last);
    check_server<slow_chooser>(c, parameters, first, last);
}

}  // namespace

TEST_CASE("PRDR, server: 353, each recipient in order, the message; after DATA and after BDAT LAST") {
    check_both({{"yes", "no", "off"}, {353, 250, 550, 450, 250, 250}});
    check_both({{"no", "yes"}, {353, 550, 250, 250, 250}}, " SIZE=5 prdr BODY=8BITMIME");
    // The last one decides over all: nothing was stored.
    check_both({{"yes", "yes"}, {353, 250, 250, 554, 250}, 1}, " PRDR", replies::each_recipient, "554 5.6.0 Not this");
    // Nobody wants it, whatever is said of the message.
    check_both({{"no", "off"}, {353, 550, 450, 250, 250}, 1});
    check_both({{"no", "off"}, {353, 550, 450, 550, 250}, 1}, " PRDR", replies::each_recipient, "550 5.7.1 Nobody");
}

TEST_CASE("PRDR, server: one reply for all, if the handler says so or nobody asked") {
    check_both({{"yes", "no"}, {250, 250}}, " PRDR", replies::message_accepted);
    check_both({{"yes", "no"}, {554, 250}, 1}, " PRDR", "554 5.6.0 Not this");
    check_both({{"yes", "no"}, {250, 250}}, "");
    // 353 is for more recipients than one.
    check_both({{"yes"}, {250, 250}});
}

TEST_CASE("PRDR, server: a 353 that nobody asked for, a second one, and other 3yz are the handler's fault: 451") {
    struct always : chooser {
        using chooser::on;
        reply on(end_of_content const& e) { return e.about == subject::message ? replies::each_recipient : chooser::on(e); }
    };
    check_server<always>({{"yes", "no"}, {451, 250}, 1}, "", replies::each_recipient, replies::message_accepted);
    check_server<always>({{"yes"}, {451, 250}, 1}, " PRDR", replies::each_recipient, replies::message_accepted);
    check_both({{"yes", "odd"}, {353, 250, 451, 250, 250}});
    check_both({{"yes", "no"}, {353, 250, 550, 451, 250}, 1}, " PRDR", replies::each_recipient, replies::each_recipient);
    check_both({{"yes", "no"}, {451, 250}, 1}, " PRDR", replies::start_content);
}

TEST_CASE("PRDR, server: 421 in between ends it, and nothing is delivered") {
    check_both({{"yes", "bye", "yes"}, {353, 250, 421}, 1});
    check_both({{"yes", "yes"}, {353, 250, 250, 421}, 1}, " PRDR", replies::each_recipient, replies::shutting_down);
    check_both({{"yes", "yes"}, {421}, 1}, " PRDR", replies::shutting_down);
}

TEST_CASE("PRDR, server: what is refused without the handler has one reply") {
    machine::loop<prdr_server, chooser> l;
    l.feed("EHLO me\r\nMAIL FROM:<a@b> PRDR\r\nRCPT TO:<yes@b>\r\nRCPT TO:<no@b>\r\nDATA\r\nbare\nLF\r\n.\r\nNOOP\r\n");
    CHECK(codes(l.output) == ints{220, 250, 250, 250, 250, 354, 554, 250});
    CHECK(l.handler.abandoned == 1);
}

TEST_CASE("PRDR, server: shut down, lost, or saved between the replies") {
    machine::loop<prdr_server, slow_chooser> l;
    l.feed("");
    machine::exact out(4096);
    REQUIRE(l.server.advance("EHLO me\r\nMAIL FROM:<a@b> PRDR\r\nRCPT TO:<yes@b>\r\nRCPT TO:<yes2@b>\r\nDATA\r\n.\r\n", l.handler, out.span()).want == want::reply);
    step const began = l.server.answer(l.handler.verdict, l.handler, out.span());
    CHECK((began.consumed == 3 && began.want == want::read));
    CHECK(l.server.where() == state::content);
    REQUIRE(l.server.advance("", l.handler, out.span()).want == want::reply);
    REQUIRE(l.server.answer(l.handler.verdict, l.handler, out.span()).want == want::read);
    auto saved = l.server;
    auto const handler = l.handler;
    step const end = l.server.shut_down(l.handler, out.span());
    CHECK(codes(out.view().substr(0, end.produced)) == ints{421});
    CHECK(l.handler.abandoned == 1);
    slow_chooser other = handler;
    auto lost = saved;
    lost.disconnected(other);
    CHECK(other.abandoned == 1);
    slow_chooser third = handler;
    for (int const code : {250, 250}) {
        REQUIRE(saved.advance("", third, out.span()).want == want::reply);
        step const s = saved.answer(third.verdict, third, out.span());
        CHECK(codes(out.view().substr(0, s.produced)) == ints{code});
    }
    CHECK((saved.where() == state::ready && third.abandoned == 0));
}

TEST_CASE("PRDR, server: MAIL's parameter is taken where it is on offer, and LMTP does not offer it") {
    machine::loop<server, machine::recorder> without;
    without.feed("EHLO me\r\nMAIL FROM:<a@b> PRDR\r\n");
    CHECK(codes(without.output) == ints{220, 250, 555});
    machine::loop<prdr_server, chooser> l;
    l.feed("EHLO me\r\nMAIL FROM:<a@b> PRDR=1\r\nMAIL FROM:<a@b> PRDR PRDR\r\nHELO me\r\nMAIL FROM:<a@b> PRDR\r\n");
    CHECK(codes(l.output) == ints{220, 250, 501, 501, 250, 555});
    CHECK(l.output.find("250 PRDR\r\n") != std::string::npos);
    policy lmtp = offers_prdr;
    lmtp.service = service::lmtp;
    CHECK(ehlo::check(lmtp).has_value());
    lmtp.offers = lmtp.offers - extension::prdr;
    CHECK_FALSE(ehlo::check(lmtp));
}

// ------------------------------------------------------------------------------------------------ client

namespace {

// A client that has ended a message with PRDR for so many recipients.
client after_end(std::size_t recipients, bool prdr = true, bool chunk = false, std::string_view offers = "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 PRDR\r\n") {
    client c;
    char buffer[4096];
    writer w(buffer);
    auto hear = [&c](std::string_view text) { REQUIRE(c.receive(text).ready()); };
    hear("220 mx\r\n");
    REQUIRE(c.hello(w, "me.example"));
    hear(offers);
    REQUIRE(c.mail(w, "<a@b>", {.prdr = prdr}));
    hear("250 OK\r\n");
    for (std::size_t i = 0; i < recipients; ++i) {
        REQUIRE(c.rcpt(w, "<a@b>"));
        hear("250 OK\r\n");
    }
    if (chunk) {
        REQUIRE(c.bdat(w, 1, true));
        REQUIRE(c.content("x", w).done());
    } else {
        REQUIRE(c.data(w));
        hear("354 Go\r\n");
        REQUIRE(c.content("x", w).done());
        REQUIRE(c.end_content(w).done());
    }
    return c;
}
// What it makes of these replies: for each "code recipient more verdict".
std::vector<std::string> hear_all(client& c, std::string_view text) {
    std::vector<std::string> all;
    while (!text.empty()) {
        auto const r = c.receive(text);
        if (!r.ready()) {
            all.push_back(r.failed() ? std::string(name(r.error().code)) : "need more");
            return all;
        }
        text.remove_prefix(r.consumed);
        all.push_back(std::to_string(r->reply.code()) + " " + std::to_string(r->recipient) + (r->more ? " more " : " ") +
                      std::string(name(verdict_of(*r))));
    }
    return all;
}
using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("PRDR, client: each recipient's verdict and the message's; a server that answers once is right, too") {
    for (bool const chunk : {false, true}) {
        CAPTURE(chunk);
        client c = after_end(3, true, chunk);
        CHECK(hear_all(c, "353 wait\r\n250 a\r\n550 b\r\n450 c\r\n250 for one\r\n") ==
              lines{"353 0 more unknown", "250 0 more unknown", "550 1 more refused", "450 2 more later", "250 3 delivered"});
        CHECK((c.where() == state::ready && !c.awaits() && !c.knows(fact::prdr)));
        client none = after_end(2, true, chunk);
        CHECK(hear_all(none, "353 wait\r\n250 a\r\n250 b\r\n554 no\r\n") == lines{"353 0 more unknown", "250 0 more unknown", "250 1 more unknown", "554 2 refused"});
        client once = after_end(2, true, chunk);
        CHECK(hear_all(once, "250 all\r\n") == lines{"250 0 delivered"});
        client refused = after_end(2, true, chunk);
        CHECK(hear_all(refused, "452 all\r\n") == lines{"452 0 later"});
        CHECK((refused.where() == state::ready && !refused.over()));
        // The draft has it for more recipients than one; with one it can be counted all the same.
        client one = after_end(1, true, chunk);
        CHECK(hear_all(one, "353 wait\r\n250 a\r\n250 b\r\n") == lines{"353 0 more unknown", "250 0 more unknown", "250 1 delivered"});
    }
}

TEST_CASE("PRDR, client: 353 that was not asked for, twice, or another 3yz, breaks the session") {
    for (bool const chunk : {false, true}) {
        CAPTURE(chunk);
        auto broken = [&](client c, std::string_view text) {
            lines const all = hear_all(c, text);
            CHECK(c.over());
            CHECK(c.disconnected() == verdict::unknown);   // the end was sent
            return all.back();
        };
        CHECK(broken(after_end(2, false, chunk), "353 wait\r\n") == "bad_reply_class");
        CHECK(broken(after_end(2, true, chunk), "353 wait\r\n353 wait\r\n") == "bad_reply_class");
        CHECK(broken(after_end(2, true, chunk), "353 wait\r\n250 a\r\n353 b\r\n") == "bad_reply_class");
        CHECK(broken(after_end(2, true, chunk), "353 wait\r\n250 a\r\n250 b\r\n353 c\r\n") == "bad_reply_class");
        CHECK(broken(after_end(2, true, chunk), "354 wait\r\n") == "bad_reply_class");
        CHECK(broken(after_end(2, true, chunk), "334 wait\r\n") == "bad_reply_class");
    }
    // Too many replies are replies to nothing.
    client c = after_end(2);
    CHECK(hear_all(c, "353 wait\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n").back() == "unexpected_reply");
    client after_once = after_end(2);
    CHECK(hear_all(after_once, "250 all\r\n250 d\r\n").back() == "unexpected_reply");
}

TEST_CASE("PRDR, client: 421, or the end of the connection, between the replies") {
    client c = after_end(3);
    CHECK(hear_all(c, "353 wait\r\n550 a\r\n421 bye\r\n") == lines{"353 0 more unknown", "550 0 more refused", "421 1 later"});
    CHECK(c.over());
    client lost = after_end(2);
    CHECK(hear_all(lost, "353 wait\r\n250 a\r\n250 b\r\n").size() == 3);
    CHECK(lost.disconnected() == verdict::unknown);
    client early = after_end(2);
    CHECK(early.disconnected() == verdict::unknown);
}

TEST_CASE("PRDR, client: the parameter is not sent in LMTP, nor where it was not offered, by whatever way it is given") {
    client_settings lmtp;
    lmtp.lmtp = true;
    char buffer[512];
    for (bool const typed : {false, true}) {
        mail_options o;
        if (typed) o.prdr = true;
        else o.others = "PRDR";
        client c(lmtp);
        writer w(buffer);
        REQUIRE(c.receive("220 mx\r\n").ready());
        REQUIRE(c.hello(w, "me.example"));
        REQUIRE(c.receive("250-mx\r\n250-PIPELINING\r\n250 PRDR\r\n").ready());
        auto const r = c.mail(w, "<a@b>", o);
        REQUIRE_FALSE(r);
        CHECK(r.error().code == errc::not_offered);
        client smtp;
        REQUIRE(smtp.receive("220 mx\r\n").ready());
        REQUIRE(smtp.hello(w, "me.example"));
        REQUIRE(smtp.receive("250-mx\r\n250 PRDR\r\n").ready());
        REQUIRE(smtp.mail(w, "<a@b>", o));
        REQUIRE(smtp.receive("250 OK\r\n").ready());
        CHECK(smtp.knows(fact::prdr));
    }
}

TEST_CASE("PRDR, client: commands of the next message under way are counted after the last reply") {
    client c = after_end(2);
    char buffer[512];
    writer w(buffer);
    REQUIRE(c.mail(w, "<a@b>"));
    REQUIRE(c.rcpt(w, "<a@b>"));
    CHECK(hear_all(c, "353 wait\r\n250 a\r\n550 b\r\n250 c\r\n").back() == "250 2 delivered");
    CHECK(c.awaits() == event::mail);
    CHECK(hear_all(c, "250 d\r\n550 e\r\n") == lines{"250 0 unknown", "550 0 refused"});
    CHECK(c.where() == state::mail);
    CHECK_FALSE(c.knows(fact::prdr));
}

TEST_CASE("PRDR, client: facts of many MAILs under way are kept apart") {
    detail::event_queue q;
    fact_set const all[] = {{}, fact::prdr, fact::smtputf8, fact::binary | fact::prdr, fact::smtputf8 | fact::binary | fact::prdr, {}};
    for (int round = 0; round < 5; ++round) {
        for (fact_set const f : all) q.push(event::mail, f), q.push(event::rcpt, {});
        for (fact_set const f : all) {
            REQUIRE(q.first() == event::mail);
            CHECK(q.first_brings() == f);
            q.pop();
            REQUIRE(q.first() == event::rcpt);
            CHECK(q.first_brings().empty());
            q.pop();
        }
        CHECK(q.empty());
    }
}

// ------------------------------------------------------------------------------------------------ typestate client

TEST_CASE("PRDR, flow: replies to the end are read one by one") {
    using rcpt = flow::session<client, flow::place<state::rcpt, fact::extended, fact::prdr>>;
    using content = decltype(std::declval<rcpt>().data(std::declval<writer&>()).on(std::declval<progress<client_reply>>()).accepted());
    auto one = []<class A>(A*) { return requires(A a, progress<client_reply> r) { std::move(a).on(r); }; };
    using end = decltype(std::declval<content>().end_content(std::declval<writer&>()));
    static_assert(!one(static_cast<end*>(nullptr)));
    using last = decltype(std::declval<rcpt>().bdat_last(std::declval<writer&>(), 1));
    static_assert(!one(static_cast<last*>(nullptr)));
    static_assert(one(static_cast<decltype(std::declval<rcpt>().bdat(std::declval<writer&>(), 1))*>(nullptr)));

    for (std::string_view const replies : {"353 wait\r\n250 a\r\n550 b\r\n250 c\r\n"sv, "250 all\r\n"sv}) {
        client smtp;
        char buffer[1024];
        writer out(buffer);
        std::string received = "220 mx\r\n250-mx\r\n250-PIPELINING\r\n250 PRDR\r\n250 OK\r\n250 OK\r\n250 OK\r\n354 Go\r\n" + std::string(replies) + "221 Bye\r\n";
        // One reply at a time: octets that lie there before a command answer nothing.
        std::string shown;
        std::size_t used = 0;
        auto reply = [&] {
            shown.erase(0, used);
            for (;;) {
                auto const r = smtp.receive(shown);
                used = r.consumed;
                if (!r.need_more() || received.empty() || !smtp.awaits()) return r;
                std::size_t const line = received.find('\n') + 1;
                shown += received.substr(0, line);
                received.erase(0, line);
            }
        };
        auto ready = flow::connected(smtp).on(reply()).accepted().hello(out, "me.example").on(reply()).accepted();
        REQUIRE(ready);
        // What the type does not say may not be asked for.
        auto unsaid = std::move(ready).mail(out, "<a@b>", {.prdr = true});
        CHECK_FALSE(unsaid);
        auto text = std::move(unsaid).back().mail(out, "<a@b>", {.others = "PRDR"});
        CHECK_FALSE(text);
        auto all = std::move(text).back().mail<fact::prdr>(out, "<a@b>", {.prdr = true}).rcpt(out, "<c@d>").rcpt(out, "<e@f>").data(out);
        while (all.awaits()) REQUIRE(all.on(reply()).ready());
        auto message = std::move(all).as<state::content>();
        REQUIRE(message);
        CHECK(message.content("x\r\n", out).done());
        auto end_of_it = std::move(message).end_content(out).each();
        std::string verdicts;
        while (end_of_it.awaits()) {
            auto const r = end_of_it.on(reply());
            REQUIRE(r.ready());
            verdicts += r->more ? (r->reply.code() == 353 ? '!' : r->accepted ? '+' : '-') : (r->accepted ? 'Y' : 'N');
        }
        CHECK(verdicts == (replies.size() > 12 ? "!+-Y" : "Y"));
        auto again = std::move(end_of_it).as<state::ready>();
        REQUIRE(again);
        CHECK(std::move(again).quit(out).on(reply()));
        CHECK(smtp.over());
    }
}

// ------------------------------------------------------------------------------------------------ observer

namespace {

std::vector<std::string> watch_end(std::string_view parameters, std::string_view replies, bool chunk = false) {
    using watching::turn;
    watching::dialogue const all = {
        {"S", "220 mx\r\n"},
        {"C", "EHLO me\r\n"},
        {"S", "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 PRDR\r\n"},
        {"C", "MAIL FROM:<a@b>" + std::string(parameters) + "\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n" + (chunk ? "" : "DATA\r\n")},
        {"S", "250 OK\r\n250 OK\r\n250 OK\r\n" + std::string(chunk ? "" : "354 Go\r\n")},
        {"C", chunk ? "BDAT 3 LAST\r\nx\r\n" : "x\r\n.\r\n"},
        {"S", std::string(replies)},
        {"C", "NOOP\r\n"},
        {"S", "250 OK\r\n"},
        {"C", "QUIT\r\n"},
        {"S", "221 Bye\r\n"},
    };
    auto told = watching::watch_everywhere(all);
    std::size_t at = 0;
    while (at < told.size() && !told[at].starts_with("end ")) ++at;
    return {told.begin() + static_cast<std::ptrdiff_t>(at + 1), told.end()};
}

}  // namespace

TEST_CASE("PRDR, observer: counts the replies, and tells what became of the message") {
    lines const rest = {"C NOOP", "S 250 to NOOP", "C QUIT", "S 221 to QUIT"};
    auto with = [&rest](lines all) {
        all.insert(all.end(), rest.begin(), rest.end());
        return all;
    };
    CHECK(watch_end(" PRDR", "353 wait\r\n250 a\r\n550 b\r\n250 c\r\n") ==
          with({"S 353 to end of content", "S 250 to end of content", "S 550 to end of content for 1", "S 250 to end of content",
                "transaction delivered 250 2/2 3"}));
    CHECK(watch_end(" PRDR", "353 wait\r\n250 a\r\n250 b\r\n554 c\r\n") ==
          with({"S 353 to end of content", "S 250 to end of content", "S 250 to end of content for 1", "S 554 to end of content",
                "transaction refused 554 2/2 3"}));
    CHECK(watch_end(" PRDR", "353 wait\r\n450 a\r\n550 b\r\n250 c\r\n") ==
          with({"S 353 to end of content", "S 450 to end of content", "S 550 to end of content for 1", "S 250 to end of content",
                "transaction refused 550 2/2 3"}));
    CHECK(watch_end(" PRDR", "250 all\r\n") == with({"S 250 to end of content", "transaction delivered 250 2/2 3"}));
    CHECK(watch_end(" PRDR", "353 wait\r\n250 a\r\n550 b\r\n250 c\r\n", true) ==
          with({"S 353 to end of last chunk", "S 250 to end of last chunk", "S 550 to end of last chunk for 1", "S 250 to end of last chunk",
                "transaction delivered 250 2/2 3"}));
    // Nobody asked for it, or it comes twice.
    auto const unasked = watch_end("", "353 wait\r\n");
    REQUIRE(unasked.size() > 1);
    CHECK(unasked[1].starts_with("! bad_reply_class"));
    auto const twice = watch_end(" PRDR", "353 wait\r\n353 wait\r\n");
    REQUIRE(twice.size() > 2);
    CHECK(twice[2].starts_with("! bad_reply_class"));
    // 421 in between.
    auto const cut = watch_end(" PRDR", "353 wait\r\n250 a\r\n421 bye\r\n");
    REQUIRE(cut.size() > 3);
    CHECK(cut[3].starts_with("transaction "));
    CHECK_FALSE(cut[3].starts_with("transaction delivered"));
}

}  // namespace test_prdr
