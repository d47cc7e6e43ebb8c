// LMTP (RFC 2033) and submission (RFC 6409).
#include "catch.hpp"
#include "machine.hpp"

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_lmtp {

using namespace ehlo;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr policy lmtp{.service = service::lmtp};
constexpr policy small_lmtp{.service = service::lmtp, .max_message = 65536};
constexpr policy submission{.service = service::submission};

// Accepts recipients but "refused"; refuses the content for those whose name begins with "no".
struct mailboxes : machine::full_recorder {
    std::vector<std::string> stored;
    using full_recorder::on;
    reply on(end_of_content const& e) {
        note("end " + std::to_string(e.octets) + " " + std::to_string(e.recipient) + "/" + std::to_string(e.recipients));
        std::string const& to = open.to.at(e.recipient);
        if (to.starts_with("<no")) return "550 5.2.2 Mailbox full";
        if (to.starts_with("<off")) return "451 4.3.0 Not now";
        stored.push_back(to + " " + open.content);
        return replies::message_accepted;
    }
};

// The same, and puts off the answer for those whose name begins with "slow".
struct slow_mailboxes : mailboxes {
    reply verdict;
    using mailboxes::on;
    reply on(end_of_content const& e) {
        reply const r = mailboxes::on(e);
        if (!open.to.at(e.recipient).starts_with("<slow")) return r;
        verdict = r;
        return reply::later;
    }
};

template <class Handler = mailboxes, class Server = basic_server<lmtp>>
machine::loop<Server, Handler> dialogue(std::size_t room = 4096) {
    machine::loop<Server, Handler> l("mx.example.org");
    l.room = room;
    return l;
}

std::vector<int> last_codes(std::string_view output, std::size_t n) {
    auto all = machine::codes(output);
    return all.size() < n ? all : std::vector<int>(all.end() - static_cast<std::ptrdiff_t>(n), all.end());
}
using ints = std::vector<int>;

constexpr std::string_view one_message =
    "LHLO a.example\r\nMAIL FROM:<s@a>\r\nRCPT TO:<yes1@b>\r\nRCPT TO:<refused@b>\r\nRCPT TO:<no1@b>\r\nRCPT TO:<slow@b>\r\n"
    "DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\n";
constexpr std::string_view content_of = "Subject: x\r\n\r\n.dot\r\n";

}  // namespace

TEST_CASE("an LMTP server knows LHLO, and neither EHLO nor HELO", "[lmtp]") {
    auto l = dialogue();
    CHECK(machine::codes(l.say("")) == ints{});
    CHECK(machine::codes(l.output) == ints{220});
    CHECK(machine::codes(l.say("EHLO a.example\r\n")) == ints{500});
    CHECK(machine::codes(l.say("HELO a.example\r\n")) == ints{500});
    CHECK(machine::codes(l.say("helo\r\n")) == ints{500});
    CHECK(machine::codes(l.say("MAIL FROM:<>\r\n")) == ints{503});
    CHECK(machine::codes(l.say("LHLO\r\n")) == ints{501});
    CHECK(l.server.where() == state::greeted);
    std::string const offer = l.say("LHLO a.example\r\n");
    CHECK(offer.starts_with("250-mx.example.org\r\n"));
    CHECK(offer.find("PIPELINING\r\n") != std::string::npos);
    CHECK(offer.find("ENHANCEDSTATUSCODES\r\n") != std::string::npos);
    CHECK(l.server.where() == state::ready);
    CHECK(l.say("EHLO a\r\n").starts_with("500 "));
    CHECK(l.server.where() == state::ready);
    // And the other way round.
    machine::loop<server, mailboxes> smtp;
    CHECK(smtp.say("LHLO a.example\r\n").starts_with("500 "));
    CHECK(machine::codes(smtp.say("EHLO a.example\r\nLHLO a.example\r\n")) == ints{250, 500});
}

TEST_CASE("LMTP: DATA without recipients", "[lmtp]") {
    auto l = dialogue();
    CHECK(machine::codes(l.say("LHLO a\r\nDATA\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<refused@b>\r\nDATA\r\n")) == ints{250, 503, 250, 503, 550, 503});
    CHECK(l.say("DATA\r\n").starts_with("503 5.5.1 "));
    CHECK(machine::codes(l.say("RCPT TO:<yes@b>\r\nDATA\r\n")) == ints{250, 354});
    CHECK(machine::codes(l.say(".\r\n")) == ints{250});
    CHECK(l.handler.stored == std::vector<std::string>{"<yes@b> "});
}

TEST_CASE("LMTP: one reply for each recipient, in their order", "[lmtp]") {
    auto l = dialogue();
    l.feed(one_message);
    CHECK(last_codes(l.output, 5) == ints{354, 250, 550, 250, 250});
    CHECK(l.handler.stored == std::vector<std::string>{"<yes1@b> " + std::string(content_of), "<slow@b> " + std::string(content_of)});
    CHECK(l.handler.abandoned == 0);
    CHECK(l.server.where() == state::ready);
    CHECK(l.server.recipients() == 0);
    std::vector<std::string> ends;
    for (std::string const& s : l.handler.log)
        if (s.starts_with("end ")) ends.push_back(s);
    CHECK(ends == std::vector<std::string>{"end 20 0/3", "end 20 1/3", "end 20 2/3"});
    // The second transaction begins at 0 again.
    l.feed("MAIL FROM:<>\r\nRCPT TO:<no@b>\r\nRCPT TO:<off@b>\r\nDATA\r\n.\r\n");
    CHECK(last_codes(l.output, 3) == ints{354, 550, 451});
    CHECK(l.handler.abandoned == 1);  // refused for all of them
    CHECK(l.server.where() == state::ready);
    // The same recipient twice has two replies.
    l.feed("MAIL FROM:<>\r\nRCPT TO:<yes@b>\r\nRCPT TO:<yes@b>\r\nDATA\r\n.\r\nQUIT\r\n");
    CHECK(last_codes(l.output, 4) == ints{354, 250, 250, 221});
}

TEST_CASE("LMTP: the same in any pieces, in any room, with answers put off", "[lmtp]") {
    auto whole = dialogue();
    whole.feed(one_message);
    generate::rng r(2033);
    for (std::size_t const room : {basic_server<lmtp>::reply_space, basic_server<lmtp>::reply_space + 1, std::size_t{1100}, std::size_t{4096}}) {
        for (int i = 0; i < 40; ++i) {
            machine::pieces const next = i == 0 ? machine::whole() : i == 1 ? machine::octets() : machine::random(r, 20);
            auto l = dialogue(room);
            l.feed(one_message, next);
            CHECK(l.output == whole.output);
            CHECK(l.handler.stored == whole.handler.stored);
            auto slow = dialogue<slow_mailboxes>(room);
            slow.feed(one_message, next);
            CHECK(slow.output == whole.output);
            CHECK(slow.handler.stored == whole.handler.stored);
            CHECK(slow.handler.abandoned == 0);
            auto slowest = dialogue<machine::slow_recorder>(room);
            slowest.feed(one_message, next);
            CHECK(machine::codes(slowest.output).size() == machine::codes(whole.output).size());
        }
    }
}

TEST_CASE("LMTP: an answer put off waits at its place", "[lmtp]") {
    basic_server<lmtp> server("mx.example.org");
    slow_mailboxes handler;
    machine::exact out(4096);
    (void)server.advance("", handler, out.span());
    (void)server.advance("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<yes@b>\r\nRCPT TO:<slow@b>\r\nRCPT TO:<no@b>\r\nDATA\r\n", handler, out.span());
    REQUIRE(server.where() == state::content);
    constexpr std::string_view in = "x\r\n.\r\nNOOP\r\n";
    step s = server.advance(in, handler, out.span());
    CHECK(s.want == want::reply);
    CHECK(s.consumed == 6);  // the end is consumed with its first reply
    CHECK(machine::codes(out.view().substr(0, s.produced)) == ints{250});
    // Until the answer has come nothing moves.
    step again = server.advance(in.substr(6), handler, out.span());
    CHECK(again.want == want::reply);
    CHECK(again.consumed == 0);
    CHECK(again.produced == 0);
    step const answer = server.answer("452 4.2.2 Full", handler, out.span());
    CHECK(answer.consumed == 0);
    CHECK(out.view().substr(0, answer.produced) == "452 4.2.2 Full\r\n");
    step const rest = server.advance(in.substr(6), handler, out.span());
    CHECK(rest.consumed == in.size() - 6);
    CHECK(machine::codes(out.view().substr(0, rest.produced)) == ints{550, 250});
    CHECK(server.where() == state::ready);
}

TEST_CASE("LMTP: content that is refused by ehlo itself", "[lmtp]") {
    for (machine::pieces const& next : {machine::whole(), machine::octets()}) {
        auto large = dialogue<mailboxes, basic_server<small_lmtp>>(1024);
        large.feed("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nDATA\r\n");
        std::string const line(998, 'x');
        std::string body;
        for (int i = 0; i < 66; ++i) body += line + "\r\n";
        large.feed(body + ".\r\nNOOP\r\n", next);
        CHECK(last_codes(large.output, 4) == ints{354, 552, 552, 250});
        CHECK(large.handler.stored.empty());
        CHECK(large.handler.abandoned == 1);
        auto bare = dialogue(1024);
        bare.feed("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nDATA\r\na\nb\r\n.\r\nNOOP\r\n", next);
        CHECK(last_codes(bare.output, 4) == ints{354, 554, 554, 250});
        CHECK(bare.handler.stored.empty());
        CHECK(bare.handler.abandoned == 1);
    }
}

TEST_CASE("LMTP: transactions that come to nothing", "[lmtp]") {
    for (std::string_view const end : {"RSET\r\n"sv, "LHLO a\r\n"sv, "QUIT\r\n"sv}) {
        auto l = dialogue();
        l.feed("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
        CHECK(l.handler.abandoned == 0);
        l.feed(end);
        CHECK(l.handler.abandoned == 1);
    }
    auto lost = dialogue();
    lost.feed("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nx");
    lost.server.disconnected(lost.handler);
    CHECK(lost.handler.abandoned == 1);
    CHECK(lost.server.where() == state::closed);
}

TEST_CASE("LMTP: what was stored for one recipient is not abandoned", "[lmtp]") {
    // The session ends when the first recipient's copy is stored, and the second's answer is awaited.
    for (int how = 0; how < 3; ++how) {
        auto l = dialogue<slow_mailboxes>();
        machine::exact out(4096);
        l.feed("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<yes@b>\r\nRCPT TO:<slow@b>\r\nRCPT TO:<yes@b>\r\nDATA\r\n");
        REQUIRE(l.server.where() == state::content);
        step const s = l.server.advance("x\r\n.\r\n", l.handler, out.span());
        REQUIRE(s.want == want::reply);
        REQUIRE(l.handler.stored.size() == 2);  // the second is decided, but not said
        if (how == 0) l.server.disconnected(l.handler);
        if (how == 1) (void)l.server.shut_down(l.handler, out.span());
        if (how == 2) CHECK(l.server.answer("421 4.3.0 Going down", l.handler, out.span()).want == want::close);
        CHECK(l.server.where() == state::closed);
        CHECK(l.handler.abandoned == 0);
    }
}

// ---- the client

namespace {

struct lmtp_client {
    client c;
    std::string sent;
    template <class F>
    auto write(F&& f) {
        char buffer[4096];
        writer w(buffer);
        auto const r = f(w);
        sent += w.text();
        return r;
    }
    client_reply hear(std::string_view text) {
        auto const p = c.receive(text);
        REQUIRE(p.ready());
        CHECK(p.consumed == text.size());
        return *p;
    }
    void begin(std::string_view offer = "250-b\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n") {
        hear("220 b LMTP\r\n");
        REQUIRE(write([&](writer& w) { return c.lhlo(w, "a"); }));
        CHECK(sent == "LHLO a\r\n");
        CHECK(hear(offer).accepted);
    }
};

}  // namespace

TEST_CASE("LMTP: RFC 2033 4.3: each last chunk of a spoilt transaction has a reply for each recipient", "[lmtp]") {
    constexpr policy p{.service = service::lmtp, .offers = policy().offers | extension::chunking};
    machine::loop<basic_server<p>, mailboxes> l("mx.example.org");
    l.say("LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nBDAT 1\r\nxDATA\r\n");
    for (int i = 0; i < 2; ++i) CHECK(machine::codes(l.say("BDAT 1 LAST\r\nx")) == std::vector{503, 503});
    CHECK(machine::codes(l.say("RSET\r\nBDAT 1 LAST\r\nxNOOP\r\n")) == std::vector{250, 250});
}
TEST_CASE("LMTP client: one reply for each recipient that was accepted", "[lmtp]") {
    lmtp_client l;
    l.begin();
    REQUIRE(l.write([&](writer& w) { return l.c.mail(w, "<>"); }));
    for (int i = 0; i < 4; ++i) REQUIRE(l.write([&](writer& w) { return l.c.rcpt(w, "<x@y>"); }));
    REQUIRE(l.write([&](writer& w) { return l.c.data(w); }));
    for (std::string_view const r : {"250 ok\r\n", "250 a\r\n", "550 no\r\n", "250 c\r\n", "451 no\r\n", "354 go\r\n"}) l.hear(r);
    CHECK(l.c.recipients() == 2);
    REQUIRE(l.write([&](writer& w) { return l.c.content("x\r\n", w); }).done());
    auto const ended = l.write([&](writer& w) { return l.c.end_content(w); });
    REQUIRE(ended.done());
    // The next transaction goes out after the content.
    REQUIRE(l.write([&](writer& w) { return l.c.mail(w, "<next@y>"); }));
    REQUIRE(l.write([&](writer& w) { return l.c.rcpt(w, "<x@y>"); }));
    client_reply r = l.hear("550 5.2.2 full\r\n");
    CHECK(r.to == event::content_end);
    CHECK(r.recipient == 0);
    CHECK_FALSE(r.accepted);
    CHECK(l.c.where() == state::content);
    r = l.hear("250 2.0.0 stored\r\n");
    CHECK(r.to == event::content_end);
    CHECK(r.recipient == 1);
    CHECK(r.accepted);
    CHECK(l.c.where() == state::ready);
    CHECK(l.c.recipients() == 0);
    CHECK(l.hear("250 ok\r\n").to == event::mail);
    CHECK(l.hear("250 ok\r\n").to == event::rcpt);
    CHECK(l.c.where() == state::rcpt);
    CHECK(l.c.recipients() == 1);
    // One more would be one that nobody asked for.
    CHECK(l.c.receive("250 ok\r\n").error() == fail(errc::unexpected_reply, 0));
    CHECK(l.c.over());
}

TEST_CASE("LMTP client: 354 without a recipient", "[lmtp]") {
    lmtp_client l;
    l.begin();
    REQUIRE(l.write([&](writer& w) { return l.c.mail(w, "<>"); }));
    REQUIRE(l.write([&](writer& w) { return l.c.rcpt(w, "<x@y>"); }));
    REQUIRE(l.write([&](writer& w) { return l.c.data(w); }));
    for (std::string_view const r : {"250 ok\r\n", "550 no\r\n", "354 go\r\n"}) l.hear(r);
    CHECK(l.write([&](writer& w) { return l.c.content("x", w); }).failed());
    auto const ended = l.write([&](writer& w) { return l.c.end_content(w); });
    REQUIRE(ended.done());
    CHECK(l.sent.ends_with("DATA\r\n.\r\n"));
    // No recipient, no reply (RFC 2033 4.2).
    CHECK_FALSE(l.c.awaits());
    CHECK(l.c.where() == state::ready);
    REQUIRE(l.write([&](writer& w) { return l.c.mail(w, "<>"); }));
}

TEST_CASE("LMTP client: 421 among the replies, and a reply of the wrong class", "[lmtp]") {
    for (bool const down : {true, false}) {
        lmtp_client l;
        l.begin();
        REQUIRE(l.write([&](writer& w) { return l.c.mail(w, "<>"); }));
        for (int i = 0; i < 3; ++i) REQUIRE(l.write([&](writer& w) { return l.c.rcpt(w, "<x@y>"); }));
        REQUIRE(l.write([&](writer& w) { return l.c.data(w); }));
        for (std::string_view const r : {"250 ok\r\n", "250 a\r\n", "250 b\r\n", "250 c\r\n", "354 go\r\n"}) l.hear(r);
        REQUIRE(l.write([&](writer& w) { return l.c.end_content(w); }).done());
        CHECK(l.hear("250 ok\r\n").recipient == 0);
        if (down) {
            client_reply const r = l.hear("421 bye\r\n");
            CHECK(r.recipient == 1);
            CHECK_FALSE(r.accepted);
        } else {
            CHECK(l.c.receive("354 go\r\n").error() == fail(errc::bad_reply_class, 0));
        }
        CHECK(l.c.over());
        CHECK_FALSE(l.write([&](writer& w) { return l.c.mail(w, "<>"); }));
    }
}

TEST_CASE("LMTP: client and server against each other", "[lmtp]") {
    generate::rng r(2920);
    for (int round = 0; round < 300; ++round) {
        auto l = dialogue<slow_mailboxes>(r.between(1024, 1400));
        lmtp_client mine;
        std::string heard;  // what the server said and the client has not read
        std::size_t from = 0;
        std::vector<client_reply> replies;
        machine::pieces const next = machine::random(r, r.between(1, 60));
        auto exchange = [&] {
            std::string out;
            out.swap(mine.sent);
            l.feed(out, next);
            heard += l.output.substr(from);
            from = l.output.size();
            while (mine.c.awaits()) {
                // In pieces, too.
                std::size_t n = r.below(heard.size() + 1);
                progress<client_reply> p = mine.c.receive(std::string_view(heard).substr(0, n));
                while (p.need_more() && n < heard.size()) p = mine.c.receive(std::string_view(heard).substr(0, ++n));
                if (!p.ready()) break;
                replies.push_back(*p);
                heard.erase(0, p.consumed);
            }
            REQUIRE_FALSE(mine.c.over());
        };
        exchange();
        REQUIRE(mine.write([&](writer& w) { return mine.c.lhlo(w, "a.example"); }));
        exchange();
        std::vector<std::string> expected;
        for (std::size_t t = r.between(1, 3); t > 0; --t) {
            std::vector<std::string> accepted;
            std::vector<bool> stored;
            REQUIRE(mine.write([&](writer& w) { return mine.c.mail(w, "<s@a>"); }));
            for (std::size_t n = r.between(1, 6); n > 0; --n) {
                constexpr std::string_view names[] = {"<yes@b>", "<refused@b>", "<no@b>", "<slow@b>", "<off@b>"};
                std::string_view const to = names[r.below(5)];
                REQUIRE(mine.write([&](writer& w) { return mine.c.rcpt(w, to); }));
                if (to == "<refused@b>") continue;
                accepted.emplace_back(to);
                stored.push_back(to == "<yes@b>" || to == "<slow@b>");
            }
            if (r.one_in(2)) exchange();
            if (accepted.empty()) {
                exchange();
                REQUIRE(mine.write([&](writer& w) { return mine.c.rset(w); }));
                continue;
            }
            REQUIRE(mine.write([&](writer& w) { return mine.c.data(w); }));
            exchange();
            REQUIRE(mine.c.where() == state::content);
            REQUIRE(mine.c.recipients() == accepted.size());
            std::string const body = "text " + std::to_string(t) + "\r\n.dot\r\n";
            auto const took = mine.write([&](writer& w) { return mine.c.content(body, w); });
            REQUIRE(took.done());
            auto const ended = mine.write([&](writer& w) { return mine.c.end_content(w); });
            REQUIRE(ended.done());
            replies.clear();
            if (r.one_in(2)) {
                exchange();
                REQUIRE(replies.size() == accepted.size());
                for (std::size_t i = 0; i < replies.size(); ++i) {
                    CHECK(replies[i].to == event::content_end);
                    CHECK(replies[i].recipient == i);
                    CHECK(replies[i].accepted == stored[i]);
                }
            }
            for (std::size_t i = 0; i < accepted.size(); ++i)
                if (stored[i]) expected.push_back(accepted[i] + " " + body);
        }
        exchange();
        CHECK(mine.c.where() == state::ready);
        CHECK_FALSE(mine.c.awaits());
        CHECK(heard.empty());
        CHECK(l.handler.stored == expected);
    }
}

// ---- submission

TEST_CASE("submission: no MAIL before authentication", "[submission]") {
    machine::loop<basic_server<submission>, machine::full_recorder> l;
    CHECK(machine::codes(l.say("MAIL FROM:<a@b>\r\nEHLO a.example\r\n")) == ints{503, 250});
    CHECK(l.say("MAIL FROM:<a@b>\r\n").starts_with("530 5.7.0 "));
    // Even one that is not well formed tells nothing else.
    CHECK(machine::codes(l.say("MAIL FROM:<a@b> SIZE=x\r\nMAIL\r\n")) == ints{530, 530});
    CHECK(machine::codes(l.say("RCPT TO:<a@b>\r\nDATA\r\nNOOP\r\nRSET\r\nVRFY a\r\nHELP\r\n")) == ints{503, 503, 250, 250, 530, 530});
    CHECK(l.server.where() == state::ready);
    l.server.authenticated();
    CHECK(machine::codes(l.say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n")) == ints{250, 250, 354});
    CHECK(machine::codes(l.say("x\r\n.\r\n")) == ints{250});
    // It lasts, beyond EHLO and RSET, until it is taken back.
    CHECK(machine::codes(l.say("EHLO b.example\r\nMAIL FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRSET\r\n")) == ints{250, 250, 250, 250, 250});
    l.server.authenticated(false);
    CHECK(machine::codes(l.say("MAIL FROM:<a@b>\r\n")) == ints{530});
    for (std::string const& s : l.handler.log) CHECK(s.find("530 RCPT") == std::string::npos);
    CHECK(l.handler.delivered.size() == 1);
    // Neither of the others asks for it.
    machine::loop<server, machine::full_recorder> smtp;
    CHECK(machine::codes(smtp.say("EHLO a\r\nMAIL FROM:<a@b>\r\n")) == ints{250, 250});
    auto lm = dialogue();
    CHECK(machine::codes(lm.say("LHLO a\r\nMAIL FROM:<a@b>\r\n")) == ints{250, 250});
}

}  // namespace test_lmtp
