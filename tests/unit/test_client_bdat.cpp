// The client's chunks: BDAT and BURL. RFC 3030, RFC 4468, RFC 2033 4.3.
#include "client_dialogue.hpp"

namespace test_client_bdat {

using namespace dialogue;
using ehlo::client_settings;
using ehlo::fact;

namespace {

auto chunk(std::uint64_t size, bool last) {
    return [size, last](auto& c, auto& w) { return c.bdat(w, size, last); };
}
auto octets(std::string_view text) {
    return [text](auto& c, auto& w) { return c.content(text, w); };
}
auto const rset = [](auto& c, auto& w) { return c.rset(w); };

script<>& envelope(script<>& s, ehlo::mail_options const& o = {}, std::string more = "") {
    return s.ready().mail(o, std::move(more)).rcpt().reply("250 OK", "MAIL+").reply("250 OK", "RCPT+");
}

}  // namespace

TEST_CASE("RFC 3030 2: chunks one after the other, with octets of any kind") {
    script<> s;
    envelope(s, {.body = ehlo::body::binary_mime, .smtputf8 = true}, " BODY=BINARYMIME SMTPUTF8")
        .does(chunk(5, false), "BDAT 5\r\n", "EHLO HELO RCPT BDAT LAST BURL" + aside + " QUIT")   // RFC 3030 3: no DATA
        .does(octets(".\r\n\rx"), ".\r\n\rx", "content")
        .reply("250 2.0.0 5 octets", "end of chunk+")
        .does(chunk(3, false), "BDAT 3\r\n", when_chunks)
        .does(octets(".\r"), ".\r", "content")
        .does(octets("\n"), "\n", "content")
        .reply("250 2.0.0 3 octets", "end of chunk+")
        .does(chunk(0, true), "BDAT 0 LAST\r\n", when_chunks)
        .ends()
        .reply("250 2.6.0 Stored", "end of last chunk+")
        .does([](auto& c, auto& w) { return c.mail(w, "<>"); }, "MAIL FROM:<>\r\n", when_ready)
        .reply("250 OK", "MAIL+")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 3030 2: one chunk that is the last; RFC 4468 3.2: the next message waits for its reply, whatever is in between") {
    script<> s;
    envelope(s)
        .does(chunk(2, true), "BDAT 2 LAST\r\n", when_rcpt)
        .does(octets("hi"), "hi", "content")
        .ends()
        .does([](auto& c, auto& w) { return c.mail(w, "<a@b.example>"); }, "!bad_sequence")
        .does(rset, "RSET\r\n")
        .does([](auto& c, auto& w) { return c.mail(w, "<a@b.example>"); }, "!bad_sequence")
        .reply("250 Stored", "end of last chunk+")
        .reply("250 OK", "RSET+")
        .mail()
        .rcpt()
        .reply("250 OK", "MAIL+")
        .reply("250 OK", "RCPT+")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 3030 4.2: the whole transaction in one packet") {
    script<> s;
    s.ready().mail().rcpt().rcpt().does(chunk(1, false), "BDAT 1\r\n").does(octets("a"), "a").does(chunk(1, true), "BDAT 1 LAST\r\n", "EHLO HELO BDAT LAST BURL" + aside + " QUIT").does(octets("b"), "b", "content").ends();
    s.reply("250 OK", "MAIL+").reply("550 No", "RCPT-550").reply("250 OK", "RCPT+").reply("250 1", "end of chunk+").reply("250 Stored", "end of last chunk+");
    s.quit().play(state::closed);
}

TEST_CASE("RFC 3030 2: a refused chunk spoils the transaction: no more chunks, RSET first") {
    for (std::string_view const refusal : {"452 4.3.1 Full"sv, "552 5.3.4 Too big"sv, "503 5.5.1 No"sv}) {
        std::string const code(refusal.substr(0, 3));
        script<> s;
        envelope(s)
            .does(chunk(1, false), "BDAT 1\r\n")
            .does(octets("x"), "x")
            .reply(refusal, "end of chunk-" + code)
            .does(chunk(1, true), "!bad_sequence", when_spoilt)
            .does(rset, "RSET\r\n", when_spoilt)
            .reply("250 OK", "RSET+")
            .does([](auto& c, auto& w) { return c.mail(w, "<>"); }, "MAIL FROM:<>\r\n", when_ready)
            .reply("250 OK", "MAIL+")
            .quit()
            .play(state::closed);
    }
    // What was sent after it is drained, and refused.
    script<> s;
    envelope(s)
        .does(chunk(1, false), "BDAT 1\r\n")
        .does(octets("x"), "x")
        .does(chunk(2, false), "BDAT 2\r\n")
        .does(octets("y"), "y", "content")
        .reply("452 Full", "end of chunk-452")
        .does(octets("z"), "z", "content")             // the chunk that was begun is owed its octets
        .does(chunk(1, true), "!bad_sequence", when_spoilt)
        .does(rset, "RSET\r\n")
        .reply("503 Spoilt", "end of chunk-503")
        .reply("250 OK", "RSET+")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 3030 2: chunks under way when all recipients, or MAIL itself, are refused") {
    script<> s;
    s.ready().mail().rcpt().does(chunk(1, true), "BDAT 1 LAST\r\n").does(octets("x"), "x").ends();
    s.reply("250 OK", "MAIL+").reply("550 No", "RCPT-550").reply("554 No recipients", "end of last chunk-554");
    s.does(rset, "RSET\r\n", when_spoilt).reply("250 OK", "RSET+").quit().play(state::closed);
    script<> t;
    t.ready().mail().rcpt().does(chunk(1, false), "BDAT 1\r\n").does(octets("x"), "x");
    t.reply("550 No", "MAIL-550").reply("503 No", "RCPT-503").reply("503 No", "end of chunk-503");
    t.does(rset, "RSET\r\n", when_ready).reply("250 OK", "RSET+").quit().play(state::closed);
}

TEST_CASE("RFC 3030 2: the octets of a chunk are counted") {
    ehlo::client c;
    char buffer[1024];
    writer w(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive(everything).ready());
    CHECK((c.mail(w, "<a@b.example>") && c.rcpt(w, "<c@d.example>")));
    REQUIRE(c.bdat(w, 10, false));
    CHECK(c.chunk_left() == 10);
    std::size_t const size = w.size();
    CHECK(c.content("more than ten", w).error() == ehlo::fail(errc::bad_value, 10));
    CHECK(c.end_content(w).error().code == errc::bad_sequence);
    CHECK(w.size() == size);
    char small[4];
    writer tight(small);
    CHECK(c.content("0123456789", tight).consumed == 4);   // as much as there is room for
    CHECK(c.content("456789", tight).consumed == 0);
    CHECK(c.chunk_left() == 6);
    CHECK(c.content("4567890", w).failed());
    CHECK(c.content("456789", w).consumed == 6);
    CHECK(c.chunk_left() == 0);
    CHECK(c.content("", w).error().code == errc::bad_sequence);
    // An early refusal in the middle of a chunk is its answer, and the end.
    REQUIRE(c.receive("250 OK\r\n").ready());
    REQUIRE(c.receive("250 OK\r\n").ready());
    REQUIRE(c.receive("250 10\r\n").ready());
    REQUIRE(c.bdat(w, 10, true));
    auto const r = c.receive("552 5.3.4 too big\r\n");
    REQUIRE(r.ready());
    CHECK(r->to == event::last_chunk_end);
    CHECK(verdict_of(*r) == verdict::refused);
    CHECK(c.over());
    CHECK(c.content("x", w).error().code == errc::session_over);
}

TEST_CASE("RFC 3030 2: what is not offered is not written") {
    ehlo::client c;
    char buffer[1024];
    writer w(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive("250-mx\r\n250-BINARYMIME\r\n250 8BITMIME\r\n").ready());
    CHECK(c.mail(w, "<>", {.body = ehlo::body::binary_mime}).error().code == errc::not_offered);   // needs CHUNKING
    CHECK(c.mail(w, "<>", {.others = "BODY=BINARYMIME"}).error().code == errc::not_offered);
    REQUIRE(c.mail(w, "<>", {.body = ehlo::body::eight_bit_mime}));
    REQUIRE(c.receive("250 OK\r\n").ready());
    REQUIRE(c.rcpt(w, "<c@d>"));
    REQUIRE(c.receive("250 OK\r\n").ready());
    CHECK(c.bdat(w, 1, true).error().code == errc::not_offered);
    CHECK(c.burl(w, "imap://x/y", true).error().code == errc::not_offered);
    CHECK(c.data(w));
}

TEST_CASE("RFC 3030 3: BODY=BINARYMIME by whatever way it is given bars DATA") {
    for (bool const typed : {true, false}) {
        ehlo::client c;
        char buffer[1024];
        writer w(buffer);
        REQUIRE(c.receive("220 mx\r\n").ready());
        REQUIRE(c.hello(w, "me.example"));
        REQUIRE(c.receive(everything).ready());
        ehlo::mail_options o;
        if (typed) o.body = ehlo::body::binary_mime;
        else o.others = "BODY=BINARYMIME";
        REQUIRE(c.mail(w, "<>", o));
        REQUIRE(c.rcpt(w, "<c@d>"));
        CHECK(c.data(w).error().code == errc::bad_sequence);   // ahead of the replies
        REQUIRE(c.receive("250 OK\r\n").ready());
        REQUIRE(c.receive("250 OK\r\n").ready());
        CHECK(c.knows(fact::binary));
        CHECK(c.data(w).error().code == errc::bad_sequence);
        CHECK(c.rset(w));
        REQUIRE(c.receive("250 OK\r\n").ready());
        CHECK(!c.knows(fact::binary));
    }
}

TEST_CASE("RFC 2033 4.3: a reply for each recipient after BDAT LAST") {
    script<> s(client_settings{.lmtp = true});
    s.greeted()
        .does([](auto& c, auto& w) { return c.hello(w, "me.example"); }, "LHLO me.example\r\n")
        .hears(everything, "EHLO+")
        .mail()
        .rcpt()
        .rcpt()
        .rcpt()
        .reply("250 OK", "MAIL+")
        .reply("250 OK", "RCPT+")
        .reply("550 No", "RCPT-550")
        .reply("250 OK", "RCPT+")
        .does(chunk(1, false), "BDAT 1\r\n")
        .does(octets("x"), "x")
        .reply("250 1", "end of chunk+")
        .does(chunk(1, true), "BDAT 1 LAST\r\n")
        .does(octets("y"), "y")
        .ends(2)
        .reply("250 One", "end of last chunk+")
        .reply("452 Two", "end of last chunk-452")
        .quit()
        .play(state::closed);
}

TEST_CASE("RFC 2033 4.3: BDAT LAST without a recipient has no reply") {
    ehlo::client c(client_settings{.lmtp = true});
    char buffer[1024];
    writer w(buffer);
    REQUIRE(c.receive("220 mx\r\n").ready());
    REQUIRE(c.hello(w, "me.example"));
    REQUIRE(c.receive(everything).ready());
    CHECK((c.mail(w, "<a@b.example>") && c.rcpt(w, "<c@d.example>") && c.bdat(w, 0, true)));
    REQUIRE(c.receive("250 OK\r\n").ready());
    REQUIRE(c.receive("550 No\r\n").ready());
    CHECK(!c.awaits());
    CHECK(c.where() == state::spoilt);
    CHECK(c.rset(w));
}

TEST_CASE("RFC 4468 3: BURL, alone and among chunks") {
    script<> s;
    auto const burl = [](bool last) {
        return [last](auto& c, auto& w) { return c.burl(w, "imap://x.example/y;urlauth=z", last); };
    };
    envelope(s)
        .does(burl(false), "BURL imap://x.example/y;urlauth=z\r\n", when_rcpt)
        .reply("250 OK", "BURL+")
        .does(chunk(1, false), "BDAT 1\r\n", when_chunks)
        .does(octets("x"), "x")
        .reply("250 OK", "end of chunk+")
        .does(burl(true), "BURL imap://x.example/y;urlauth=z LAST\r\n", when_chunks)
        .ends()
        .does([](auto& c, auto& w) { return c.mail(w, "<a@b.example>"); }, "!bad_sequence")
        .reply("250 Stored", "BURL LAST+")
        .quit()
        .play(state::closed);
    script<> t;
    envelope(t)
        .does(burl(false), "BURL imap://x.example/y;urlauth=z\r\n")
        .reply("554 5.6.6 No", "BURL-554")
        .does(burl(true), "!bad_sequence", when_spoilt)
        .does(rset, "RSET\r\n")
        .reply("250 OK", "RSET+")
        .quit()
        .play(state::closed);
}

}  // namespace test_client_bdat
