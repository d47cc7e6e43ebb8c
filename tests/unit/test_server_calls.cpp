// Calls of a server at any time, in any order, with too few octets or too little room; and the end of a session.

#include "catch.hpp"

#include "serving.hpp"

#include <optional>
#include <type_traits>

namespace test_server_calls {

namespace {

using namespace serving;

using ehlo::errc;
constexpr ehlo::policy policy_of(ehlo::service service, ehlo::extensions offers = ehlo::policy{}.offers) {
    ehlo::policy p;
    p.service = service;
    p.offers = offers;
    return p;
}
using lmtp_server = ehlo::basic_server<policy_of(ehlo::service::lmtp)>;

}  // namespace

TEST_CASE("server: fewer octets than it left are told, and end the session") {
    // After each cut of a session, all shorter inputs in buffers of exactly their size: nothing is read outside.
    std::string const session = std::string(to_rcpt) + "NOOP \rx\r\nDATA\r\nab\r\n.c\r\n\r\n.\r\nNOOP\r\n";
    int wrong = 0;
    for (std::size_t cut = 0; cut <= session.size(); ++cut) {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string_view(session).substr(0, cut));
        for (std::size_t less = 1; less <= l.pending.size(); ++less) {
            CAPTURE(cut, less);
            loop<ehlo::server, full_recorder> other = l;
            bool const open = in_transaction(l.server.where());
            exact const in(std::string_view(l.pending).substr(less));
            exact out(2000);
            ehlo::step const s = other.server.advance(in.view(), other.handler, out.span());
            CHECK(out.view().substr(0, s.produced) == "421 4.3.0 Error in processing, try again later\r\n");
            CHECK((s.want == want::close && s.consumed == 0));
            CHECK(other.server.where() == state::closed);
            REQUIRE(other.handler.answers.back().fault.has_value());
            CHECK(blame_of(other.handler.answers.back().fault->code) == ehlo::blame::misuse);
            CHECK(other.handler.abandoned == (open ? 1 : 0));
            ++wrong;
        }
        // The same octets again, and no new ones, are no misuse.
        if (l.closed) continue;
        exact const same(l.pending);
        exact out(2000);
        ehlo::step const s = l.server.advance(same.view(), l.handler, out.span());
        CHECK((s.consumed == 0 && s.produced == 0 && s.want == want::read));
    }
    CHECK(wrong > 300);
    // While it waits nothing is looked at; then what was there must be there again, but for what was answered.
    for (std::size_t const kept : {6u, 5u, 0u}) {
        loop<ehlo::server, slow_recorder> l;
        exact out(4000);
        std::string const two = "EHLO me\r\nNOOP\r\n";
        REQUIRE(l.server.advance(two, l.handler, out.span()).want == want::reply);
        REQUIRE(l.server.advance("", l.handler, out.span()).want == want::reply);
        REQUIRE(l.server.advance("EHLO", l.handler, out.span()).want == want::reply);
        REQUIRE(l.server.answer(ehlo::replies::ok, l.handler, out.span()).consumed == 9);
        exact const rest(std::string_view(two).substr(9, kept));
        CHECK(l.server.advance(rest.view(), l.handler, out.span()).want == (kept == 6 ? want::reply : want::close));
    }
}

TEST_CASE("LMTP: RFC 2033 4.2: the end of content is consumed with its first reply, and what comes waits for the last") {
    struct slow : full_recorder {
        using full_recorder::on;
        reply on(ehlo::end_of_content const& e) {
            note("end for " + std::to_string(e.recipient));
            return reply::later;
        }
    };
    for (std::string_view const next : {""sv, "."sv, ".\r"sv, "NOOP\r\n"sv, ".x\r\n"sv}) {
        loop<lmtp_server, slow> l;
        exact out(2000);
        (void)l.server.advance("", l.handler, out.span());
        REQUIRE(l.server.advance("LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n", l.handler, out.span()).want == want::reply);
        ehlo::step const first = l.server.answer("250 2.6.0 stored", l.handler, out.span());
        CHECK((first.consumed == 3 && first.want == want::read));
        ehlo::step const asked = l.server.advance(next, l.handler, out.span());
        CHECK((asked.consumed == 0 && asked.produced == 0 && asked.want == want::reply));
        CHECK(l.handler.log.back() == "end for 1");
        ehlo::step const second = l.server.answer("550 5.2.1 no", l.handler, out.span());
        CHECK((second.consumed == 0 && out.view().substr(0, second.produced) == "550 5.2.1 no\r\n"));
        CHECK((l.server.where() == state::ready && l.handler.abandoned == 0));
        ehlo::step const then = l.server.advance(next, l.handler, out.span());
        CHECK(then.consumed == (next.ends_with('\n') ? next.size() : 0));
    }
}

TEST_CASE("server: an output that can never hold a reply is told as such, and loses nothing") {
    for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{512}, ehlo::server::reply_space - 1}) {
        ehlo::server s("mx.example.org");
        full_recorder h;
        exact small(size), large(ehlo::server::reply_space);
        std::string const session = std::string(to_rcpt) + "DATA\r\nabc\r\n.\r\nQUIT\r\n";
        std::string in = session, output;
        for (int round = 0; round < 1000; ++round) {
            std::size_t const calls = h.log.size();
            bool const content = s.where() == state::content;
            ehlo::step const none = s.advance(in, h, small.span());
            CHECK(none.produced == 0);
            CHECK((none.want == want::room || none.want == want::close || content));
            if (!content) CHECK((none.consumed == 0 && h.log.size() == calls));
            in.erase(0, none.consumed);
            ehlo::step const some = s.advance(in, h, large.span());
            in.erase(0, some.consumed);
            output += large.view().substr(0, some.produced);
            if (some.want == want::close) break;
            CHECK(some.want == want::write);
        }
        CHECK(codes(output) == std::vector{220, 250, 250, 250, 354, 250, 221});
    }
}

// Any call, with anything, at any time: the promises that hold whatever the caller does.
TEST_CASE("server: called in any order, a session neither crashes nor says more than one reply to a command") {
    constexpr std::string_view words[] = {"EHLO me\r\n", "LHLO me\r\n", "HELO me\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "RCPT TO:<refused@d>\r\n",
                                          "DATA\r\n", "x\r\n", ".\r\n", "RSET\r\n", "NOOP", "\r\n", "BDAT 3\r\nabc", "VRFY a\r\n", "QUIT\r\n", "\r", "\n", "BDAT"};
    generate::rng r(11);
    auto const drive = [&]<class Server, class Handler>(std::type_identity<Server>, std::type_identity<Handler>) {
        for (int round = 0; round < generate::drawn(3000); ++round) {
            Server s("mx.example.org");
            Handler h;
            std::string in;
            std::size_t replies = 0;
            bool lost = false, closed = false, waits = false;
            for (int n = 0; n < 60; ++n) {
                exact out(r.one_in(4) ? r.below(1400) : 1024 + r.below(3000));
                ehlo::step t;
                std::size_t given = 0;
                switch (r.below(r.one_in(10) ? 8 : 5)) {
                case 0: in += words[r.below(std::size(words))]; [[fallthrough]];
                case 1:
                case 2: {
                    exact const octets(in);
                    t = s.advance(octets.view(), h, out.span());
                    given = in.size();
                    break;
                }
                case 3: in += words[r.below(std::size(words))]; continue;
                case 4: {
                    constexpr std::string_view texts[] = {"OK", "a\r\nb", ""};
                    constexpr unsigned all[] = {250, 354, 550, 451, 421, 0, 999};
                    t = s.answer(reply(all[r.below(std::size(all))], texts[r.below(3)]), h, out.span());
                    given = in.size();
                    break;
                }
                case 5: t = s.shut_down(h, out.span(), r.one_in(2) ? reply(static_cast<unsigned>(r.between(100, 700)), "x") : ehlo::replies::shutting_down); break;
                case 6: {  // octets are lost; those of a command that waits for its answer are the caller's to keep
                    if (waits) continue;
                    exact const octets(std::string_view(in).substr(in.size() - r.below(in.size() + 1)));
                    t = s.advance(octets.view(), h, out.span());
                    in.assign(octets.view());
                    given = in.size();
                    break;
                }
                default: s.disconnected(h), lost = true; continue;
                }
                if (s.where() != state::content || t.consumed != 0) REQUIRE(t.consumed <= given);
                REQUIRE(t.produced <= out.view().size());
                in.erase(0, (std::min)(t.consumed, in.size()));
                replies += codes(out.view().substr(0, t.produced)).size();
                REQUIRE(!(closed && (t.produced != 0 || t.consumed != 0)));
                REQUIRE(!(lost && t.produced != 0));
                closed |= t.want == want::close;
                waits = t.want == want::reply || (waits && t.want == want::room);
                REQUIRE((t.want == want::close) == (s.where() == state::closed));
            }
            REQUIRE(h.answers.size() == replies);
        }
    };
    drive(std::type_identity<ehlo::server>{}, std::type_identity<full_recorder>{});
    drive(std::type_identity<ehlo::server>{}, std::type_identity<slow_recorder>{});
    drive(std::type_identity<lmtp_server>{}, std::type_identity<full_recorder>{});
    drive(std::type_identity<lmtp_server>{}, std::type_identity<slow_recorder>{});
}

TEST_CASE("server: shut down or cut off, in every state") {
    struct {
        std::string_view before;
        state where;
        bool open;
    } const cases[] = {
        {"", state::greeted, false},     {to_ready, state::ready, false}, {to_mail, state::mail, true},
        {to_rcpt, state::rcpt, true},    {to_data, state::content, true},    {"QUIT\r\n", state::closed, false},
    };
    for (auto const& c : cases) {
        CAPTURE(c.before);
        loop<ehlo::server, full_recorder> l;
        l.run();
        l.feed(c.before);
        REQUIRE(l.server.where() == c.where);
        loop<ehlo::server, full_recorder> lost = l;
        exact out(2000);
        ehlo::step const did = l.server.shut_down(l.handler, out.span());
        CHECK(did.want == want::close);
        CHECK(did.consumed == 0);
        CHECK(out.view().substr(0, did.produced) ==
              (c.where == state::closed ? "" : "421 4.3.2 Shutting down, closing the channel\r\n"));
        CHECK(l.server.where() == state::closed);
        CHECK(l.handler.abandoned == (c.open ? 1 : 0));
        CHECK(l.server.shut_down(l.handler, out.span()).produced == 0);
        l.server.disconnected(l.handler);
        CHECK(l.handler.abandoned == (c.open ? 1 : 0));
        ehlo::step const after = l.server.advance("EHLO me\r\n", l.handler, out.span());
        CHECK((after.consumed == 0 && after.produced == 0 && after.want == want::close));

        lost.server.disconnected(lost.handler);
        lost.server.disconnected(lost.handler);
        CHECK(lost.server.where() == state::closed);
        CHECK(lost.handler.abandoned == (c.open ? 1 : 0));
    }
    SECTION("before the greeting") {
        ehlo::server s("mx.example.org");
        full_recorder h;
        exact out(2000);
        ehlo::step const did = s.shut_down(h, out.span(), "421 4.3.2 Too busy");
        CHECK(out.view().substr(0, did.produced) == "421 4.3.2 Too busy\r\n");
        CHECK(did.want == want::close);
        ehlo::server other("mx.example.org");
        other.disconnected(h);
        CHECK(other.advance({}, h, out.span()).want == want::close);
    }
    SECTION("no room") {
        ehlo::server s("mx.example.org");
        full_recorder h;
        ehlo::step const did = s.shut_down(h, {});
        CHECK((did.produced == 0 && did.want == want::close));
    }
}

}  // namespace test_server_calls
