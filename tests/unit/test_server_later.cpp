// Answers that a handler puts off.

#include "catch.hpp"

#include "serving.hpp"

namespace test_server_later {

namespace {

using namespace serving;

// Puts off one kind of command and looks at what it was given as late as possible.
struct waiting_handler : full_recorder {
    int kind = 0;
    std::string_view view;
    using full_recorder::on;
    template <class C>
    reply put_off(int k, C const& c, std::string_view v) {
        reply const r = full_recorder::on(c);
        if (kind != k) return r;
        view = v;
        return reply::later;
    }
    reply on(ehlo::cmd::hello const& c) { return put_off(0, c, c.name.text); }
    reply on(ehlo::cmd::mail const& c) { return put_off(1, c, c.from.address()); }
    reply on(ehlo::cmd::rcpt const& c) { return put_off(2, c, c.to.address()); }
    reply on(ehlo::cmd::vrfy const& c) { return put_off(c.verb == ehlo::verb::vrfy ? 3 : 4, c, c.string); }
    reply on(ehlo::cmd::noop const& c) { return put_off(c.verb == ehlo::verb::help ? 5 : 6, c, c.argument); }
    reply on(ehlo::cmd::data const& c) { return put_off(7, c, {}); }
    reply on(ehlo::end_of_content const& e) { return put_off(8, e, {}); }
};

}  // namespace

TEST_CASE("server: a handler may put off any answer") {
    std::string const session = "EHLO me.example\r\nMAIL FROM:<a@b.example> SIZE=10\r\nRCPT TO:<c@d.example>\r\n"
                                "VRFY postmaster\r\nEXPN staff\r\nHELP me\r\nNOOP x\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    // The octets of each command, in order of `kind`, and what its views hold.
    struct {
        std::string_view octets, view, refusal;
    } const commands[] = {
        {"EHLO me.example\r\n", "me.example", "550 5.7.1 No"},
        {"MAIL FROM:<a@b.example> SIZE=10\r\n", "a@b.example", "451 4.7.1 Later"},
        {"RCPT TO:<c@d.example>\r\n", "c@d.example", "450 4.2.0 Busy"},
        {"VRFY postmaster\r\n", "postmaster", "550 5.1.1 Nobody"},
        {"EXPN staff\r\n", "staff", "550 5.1.1 Nobody"},
        {"HELP me\r\n", "me", "504 5.5.4 No help"},
        {"NOOP x\r\n", "x", "421 4.3.0 Enough"},
        {"DATA\r\n", "", "554 5.7.1 No"},
        {".\r\n", "", "554 5.6.0 No"},
    };
    loop<with_expn, full_recorder> plain;
    plain.feed(session);
    REQUIRE(codes(plain.output) == std::vector{220, 250, 250, 250, 250, 250, 214, 250, 354, 250, 221});

    for (int kind = 0; kind < 9; ++kind) {
        for (std::size_t const piece : {std::size_t{1}, std::size_t{3}, session.size()}) {
            CAPTURE(kind, piece);
            auto const& command = commands[static_cast<unsigned>(kind)];
            with_expn s("mx.example.org");
            waiting_handler h;
            h.kind = kind;
            // The input stands still in memory, as a ring buffer or a large array would hold it.
            std::string const input = session;
            std::string output;
            std::size_t used = 0, received = 0;
            int waits = 0;
            want w = want::read;
            for (int round = 0; round < 10000 && w != want::close; ++round) {
                exact out(2000);
                auto const take = [&](ehlo::step const& did) {
                    used += did.consumed;
                    output += out.view().substr(0, did.produced);
                    w = did.want;
                };
                std::string_view const in = std::string_view(input).substr(used, received - used);
                take(s.advance(in, h, out.span()));
                if (w == want::reply) {
                    ++waits;
                    state const where = s.where();
                    std::size_t const calls = h.log.size();
                    received = input.size();  // everything else comes meanwhile
                    std::string_view const more = std::string_view(input).substr(used, received - used);
                    // Waiting, it neither consumes nor writes nor asks, whatever comes.
                    for (std::string_view const text : {more, more.substr(0, 1), ""sv}) {
                        ehlo::step const idle = s.advance(text, h, out.span());
                        CHECK((idle.consumed == 0 && idle.produced == 0 && idle.want == want::reply));
                    }
                    CHECK(h.log.size() == calls);
                    CHECK(s.where() == where);
                    CHECK(more.starts_with(command.octets));
                    CHECK(h.view == command.view);
                    if (!h.view.empty()) {
                        CHECK(h.view.data() >= more.data());
                        CHECK(h.view.data() + h.view.size() <= more.data() + command.octets.size());
                    }
                    // Too little room changes nothing.
                    ehlo::step did = s.answer(ehlo::replies::ok, h, out.span().first(1023));
                    CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::room));
                    reply const yes = kind == 5 ? ehlo::replies::help
                                      : kind == 7 ? ehlo::replies::start_content
                                      : kind == 1 ? ehlo::replies::sender_ok
                                      : kind == 2 ? ehlo::replies::recipient_ok
                                      : kind == 8 ? ehlo::replies::message_accepted
                                      : kind == 3 || kind == 4 ? reply("250 2.1.5 Somebody")
                                                               : ehlo::replies::ok;
                    // A copy of the session refuses; the session itself accepts.
                    with_expn other = s;
                    waiting_handler h2 = h;
                    exact out2(2000);
                    auto const no = [&] {
                        reply r(static_cast<unsigned>(std::stoi(std::string(command.refusal.substr(0, 3)))),
                                command.refusal.substr(10));
                        return r;
                    }();
                    did = other.answer(no, h2, out2.span());
                    CHECK(did.consumed == command.octets.size());
                    CHECK(code_of_last(out2.view().substr(0, did.produced)) == static_cast<int>(no.code));
                    CHECK(did.want == (no.code == 421 ? want::close : want::read));
                    CHECK(other.where() == (no.code == 421 ? state::closed : kind == 8 ? state::ready : where));

                    did = s.answer(yes, h, out.span());
                    CHECK(did.consumed == command.octets.size());
                    take(did);
                    // Nothing waits any more.
                    did = s.answer(yes, h, out.span());
                    CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::read));
                } else if (w == want::read) {
                    received = (std::min)(received + piece, input.size());
                }
            }
            CHECK(waits == 1);
            CHECK(used == session.size());
            CHECK(output == plain.output);
            CHECK(h.log == plain.handler.log);
        }
    }
}

TEST_CASE("server: answering when nothing waits does nothing, in every state") {
    for (std::string_view const before : {""sv, to_ready, to_mail, to_rcpt, to_data}) {
        loop<ehlo::server, full_recorder> l;
        exact out(2000);
        if (!before.empty()) l.feed(before);
        std::size_t const calls = l.handler.log.size();
        state const where = l.server.where();
        ehlo::step const did = l.server.answer(ehlo::replies::ok, l.handler, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::read));
        CHECK(l.handler.log.size() == calls);
        CHECK(l.server.where() == where);
    }
    loop<ehlo::server, full_recorder> l;
    l.feed("QUIT\r\n");
    exact out(2000);
    ehlo::step const did = l.server.answer(ehlo::replies::ok, l.handler, out.span());
    CHECK((did.produced == 0 && did.want == want::close));
}

TEST_CASE("server: what waits is forgotten when the session ends") {
    waiting_handler h;
    h.kind = 2;
    exact out(4000);
    auto const wait = [&] {
        ehlo::server s("mx.example.org");
        h.log.clear();
        h.abandoned = 0;
        REQUIRE(s.advance(to_rcpt, h, out.span()).want == want::reply);
        return s;
    };
    SECTION("lost") {
        ehlo::server s = wait();
        s.disconnected(h);
        CHECK(s.where() == state::closed);
        CHECK(h.abandoned == 1);
        ehlo::step const did = s.answer(ehlo::replies::ok, h, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::close));
        CHECK(s.advance("RCPT TO:<c@d.example>\r\n", h, out.span()).want == want::close);
    }
    SECTION("shut down") {
        ehlo::server s = wait();
        ehlo::step did = s.shut_down(h, out.span());
        CHECK(out.view().substr(0, did.produced) == "421 4.3.2 Shutting down, closing the channel\r\n");
        CHECK(h.abandoned == 1);
        std::size_t const calls = h.log.size();
        // The late answer must not be sent after the 421.
        did = s.answer(ehlo::replies::ok, h, out.span());
        CHECK((did.consumed == 0 && did.produced == 0 && did.want == want::close));
        CHECK(h.log.size() == calls);
        CHECK(h.abandoned == 1);
    }
    SECTION("later again") {
        ehlo::server s = wait();
        ehlo::step const did = s.answer(reply::later, h, out.span());
        CHECK(out.view().substr(0, did.produced) == "451 4.3.0 Error in processing, try again later\r\n");
        CHECK(s.where() == state::mail);
    }
}

TEST_CASE("server: SMTPUTF8 of a MAIL that was put off counts when it is accepted, and only then") {
    for (bool const accepted : {true, false}) {
        waiting_handler h;
        h.kind = 1;
        exact out(4000);
        ehlo::server s("mx.example.org");
        std::string const first = "EHLO me\r\nMAIL FROM:<\xC3\xBC@b.example> SMTPUTF8\r\n";
        REQUIRE(s.advance(first, h, out.span()).want == want::reply);
        (void)s.answer(accepted ? ehlo::replies::ok : ehlo::replies::try_later, h, out.span());
        h.kind = -1;
        if (!accepted) (void)s.advance("MAIL FROM:<a@b.example>\r\n", h, out.span());
        ehlo::step const did = s.advance("RCPT TO:<\xC3\xBC@d.example>\r\n", h, out.span());
        CHECK(code_of_last(out.view().substr(0, did.produced)) == (accepted ? 250 : 553));
    }
}

}  // namespace test_server_later
