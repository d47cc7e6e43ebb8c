// Content as a server takes it: dots, bare octets, what somebody smuggles; and where a handler wants it to be put.

#include "catch.hpp"

#include "coding.hpp"
#include "serving.hpp"

namespace test_server_content {

namespace {

using namespace serving;

template <class Server>
struct content_case {
    loop<Server, full_recorder> l;
    explicit content_case(std::string_view content, pieces const& how = whole()) {
        l.feed(to_data);
        l.output.clear();
        l.feed(content, how);
    }
    std::string body() const { return l.handler.delivered.empty() ? "(none)" : l.handler.delivered[0].content; }
};
using rejecting_server = ehlo::basic_server<with_bare(ehlo::bare_octets::reject)>;
using normalizing_server = ehlo::basic_server<with_bare(ehlo::bare_octets::normalize)>;
using passing_server = ehlo::basic_server<with_bare(ehlo::bare_octets::pass)>;

}  // namespace

TEST_CASE("server: content, dots and bare octets") {
    struct {
        std::string_view wire;  // with its end
        std::string_view clean; // as delivered; "refused" where bare octets are rejected
        std::string_view normalized, passed;
    } const cases[] = {
        {".\r\n", "", "", ""},
        {"\r\n.\r\n", "\r\n", "\r\n", "\r\n"},
        {"..\r\n.\r\n", ".\r\n", ".\r\n", ".\r\n"},
        {".a\r\n.\r\n", "a\r\n", "a\r\n", "a\r\n"},
        {"...\r\n..\r\n.\r\n", "..\r\n.\r\n", "..\r\n.\r\n", "..\r\n.\r\n"},
        {"a.\r\n.\r\n", "a.\r\n", "a.\r\n", "a.\r\n"},
        {"QUIT\r\nRSET\r\n.\r\n", "QUIT\r\nRSET\r\n", "QUIT\r\nRSET\r\n", "QUIT\r\nRSET\r\n"},
        {"a\nb\r\n.\r\n", "refused", "a\r\nb\r\n", "a\nb\r\n"},
        {"a\rb\r\n.\r\n", "refused", "a\r\nb\r\n", "a\rb\r\n"},
        {"a\n.\nb\r\n.\r\n", "refused", "a\r\n.\r\nb\r\n", "a\n.\nb\r\n"},
        {"a\r.\rb\r\n.\r\n", "refused", "a\r\n.\r\nb\r\n", "a\r.\rb\r\n"},
        {"a\n.\r\n.\r\n", "refused", "a\r\n.\r\n", "a\n.\r\n"},
        {"a\r\n.\nb\r\n.\r\n", "refused", "a\r\n\r\nb\r\n", "a\r\n\nb\r\n"},
        {"a\r\r\n.\r\n", "refused", "a\r\n\r\n", "a\r\r\n"},
        {"\n.\r\n.\r\n", "refused", "\r\n.\r\n", "\n.\r\n"},
    };
    generate::rng r(3);
    for (auto const& c : cases) {
        std::string const input = std::string(c.wire) + "NOOP\r\n";
        CAPTURE(input);
        for (int how = 0; how < 12; ++how) {
            pieces const cut = how == 0 ? whole() : how == 1 ? octets() : random(r, 4);
            content_case<rejecting_server> a(input, cut);
            if (c.clean == "refused") {
                CHECK(codes(a.l.output) == std::vector{554, 250});
                CHECK(a.l.output.starts_with("554 5.6.0 "));
                CHECK(a.l.handler.abandoned == 1);
                CHECK(a.l.handler.delivered.empty());
            } else {
                CHECK(codes(a.l.output) == std::vector{250, 250});
                CHECK(a.body() == c.clean);
            }
            CHECK(content_case<normalizing_server>(input, cut).body() == c.normalized);
            CHECK(content_case<passing_server>(input, cut).body() == c.passed);
        }
    }
}

TEST_CASE("server: no smuggled command is ever executed") {
    generate::rng r(4);
    auto const run = [&]<class Server>(Server, coding::attack const& c, pieces const& cut) {
        std::string const input = "Subject: a\r\n\r\nbody" + std::string(c.sequence) +
                                  "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\n"
                                  "Subject: b\r\n\r\nx\r\n.\r\nNOOP\r\n";
        content_case<Server> a(input, cut);
        bool executed = false;
        for (std::string const& line : a.l.handler.log) executed |= line.starts_with("MAIL <smuggled");
        // After a NUL the command line is "\0MAIL": refused. After the true end it is a command like any other.
        bool const by_right = c.end != 0 && c.sequence.back() == '\n';
        CHECK(executed == by_right);
        if (c.end == 0) CHECK(codes(a.l.output).size() == 2);  // the end of the content, and NOOP
        CHECK(codes(a.l.output).back() == 250);
        if (Server::rules.bare == ehlo::bare_octets::reject && (c.cr || c.lf)) CHECK(codes(a.l.output).front() == 554);
    };
    for (coding::attack const& c : coding::attacks) {
        CAPTURE(c.id);
        for (int how = 0; how < 8; ++how) {
            pieces const cut = how == 0 ? whole() : how == 1 ? octets() : random(r, 6);
            run(rejecting_server("mx.example.org"), c, cut);
            run(normalizing_server("mx.example.org"), c, cut);
            run(passing_server("mx.example.org"), c, cut);
        }
    }
}

TEST_CASE("server: side commands never touch half of a transaction") {
    // attacks.json, STA-*
    loop<ehlo::server, recorder> l;
    l.feed(to_rcpt);
    CHECK(l.say("VRFY \xC3\xBC@d.example\r\n").starts_with("553 5.6.7 "));
    CHECK(codes(l.say("DATA\r\nx\r\n.\r\n")) == std::vector{354, 250});
    CHECK(l.handler.delivered == std::vector<recorder::message>{{"<a@b.example>", {"<c@d.example>"}, "x\r\n"}});
    // All recipients refused: DATA gets no 354, so what follows is commands.
    CHECK(codes(l.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<refused@b.example>\r\nDATA\r\nNOOP\r\n")) ==
          std::vector{250, 550, 503, 250});
    // MAIL after EHLO in one packet is against RFC 2920, but answered in order.
    loop<ehlo::server, recorder> p;
    p.feed("EHLO abcd\r\nMAIL FROM:<userx@test.ex>\r\n");
    CHECK(codes(p.output) == std::vector{220, 250, 250});
    // SMTPUTF8 lasts for its transaction; VRFY needs a token of its own (RFC 6531 3.7.4.2).
    CHECK(codes(p.say("RSET\r\nMAIL FROM:<\xC3\xBC@b.example> SMTPUTF8\r\nRCPT TO:<\xC3\xBC@b.example>\r\nVRFY \xC3\xBC\r\n"
                      "RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<\xC3\xBC@b.example>\r\n")) ==
          std::vector{250, 250, 250, 553, 250, 250, 553});
}

// --- content that is put where the handler says: it gets what a handler gets that does not say ---

namespace {

constexpr auto chunking = [] {
    ehlo::policy p;
    p.offers = p.offers | ehlo::extension::chunking | ehlo::extension::binary_mime;
    return p;
};
constexpr ehlo::policy rejecting = chunking();
constexpr ehlo::policy normalizing = [] {
    ehlo::policy p = chunking();
    p.bare = ehlo::bare_octets::normalize;
    return p;
}();

// A buffer of its own, of which a part is free: content comes there and nowhere else, or, if nothing is free, where it was.
struct putter : full_recorder {
    std::size_t size = 64;
    exact buffer{64};
    bool asked = false;
    std::size_t calls = 0;

    void use(std::size_t n) {
        size = n;
        buffer = exact(n);
    }
    std::span<char> content_room() {
        asked = true;
        return buffer.span();
    }
    using full_recorder::on;
    void on(ehlo::content const& c) {
        CHECK(asked);
        CHECK_FALSE(c.octets.empty());
        if (size > 1) CHECK(static_cast<void const*>(c.octets.data()) == buffer.data());
        CHECK((size <= 1 || c.octets.size() <= size));
        asked = false;
        ++calls;
        recorder::on(c);
    }
};

template <ehlo::policy const& Policy>
void compare(std::string_view session) {
    loop<ehlo::basic_server<Policy>, full_recorder> plain;
    plain.feed(session);
    for (std::size_t const size : {0u, 1u, 2u, 3u, 7u, 64u, 512u, 4096u})
        for (std::size_t const piece : {1u, 2u, 3u, 50u, 1000u, 100000u}) {
            loop<ehlo::basic_server<Policy>, putter> put;
            put.handler.use(size);
            put.feed(session, [piece] { return piece; });
            INFO("room of " << size << ", pieces of " << piece);
            CHECK(put.output == plain.output);
            CHECK(put.handler.delivered == plain.handler.delivered);
            CHECK(put.pending == plain.pending);
        }
}

std::string const envelope = "EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n";
std::string many_dots() {
    std::string text;
    for (int i = 0; i < 300; ++i) text += i % 7 == 0 ? "a line that begins with none\r\n" : i % 3 == 0 ? "..\r\n" : "..dot\r\n";
    return text;
}

}  // namespace

TEST_CASE("RFC 5321 4.5.2: content put where the handler wants it is the same content") {
    for (std::string const& text : {std::string(), std::string("..\r\n"), many_dots(), std::string(3000, 'x') + "\r\n", std::string("a\rb\nc\r\n.\rd\r\n\n.\r\n")}) {
        std::string const session = envelope + "DATA\r\n" + text + ".\r\nNOOP\r\nQUIT\r\n";
        compare<rejecting>(session);
        compare<normalizing>(session);
    }
}

TEST_CASE("RFC 3030 2: so it is in chunks") {
    for (std::string const& text : {std::string(), many_dots(), std::string("a\rb\nc\r\n.\r\n"), std::string("a line\r\nand a CR\r")}) {
        std::string const half = text.substr(0, text.size() / 2), rest = text.substr(half.size());
        std::string const session = envelope + "BDAT " + std::to_string(half.size()) + "\r\n" + half + "BDAT " + std::to_string(rest.size()) +
                                    " LAST\r\n" + rest + "NOOP\r\nQUIT\r\n";
        compare<rejecting>(session);
        compare<normalizing>(session);
    }
}

TEST_CASE("server: a read is one piece of content, where there is room for it, whatever dots are in it") {
    loop<ehlo::server, putter> put;
    put.handler.use(10000);
    put.feed(envelope + "DATA\r\n");
    put.feed(many_dots());
    CHECK(put.handler.calls == 1);
    loop<ehlo::server, full_recorder> plain;
    plain.feed(envelope + "DATA\r\n" + many_dots());
    CHECK(put.handler.open == plain.handler.open);
}

TEST_CASE("server: content that is put waits at its end for the room of the reply") {
    loop<ehlo::server, putter> put;
    put.handler.use(1000);
    put.feed(envelope + "DATA\r\n");
    exact none(0), some(4096);
    std::string_view const in = "text\r\n.\r\n";
    auto const first = put.server.advance(in, put.handler, none.span());
    CHECK(first.consumed == 6);
    CHECK(first.want == ehlo::want::room);
    CHECK(put.handler.open.content == "text\r\n");
    CHECK(put.handler.delivered.empty());
    auto const second = put.server.advance(in.substr(6), put.handler, some.span());
    CHECK(second.consumed == 3);
    CHECK(put.handler.delivered.size() == 1);
}

}  // namespace test_server_content
