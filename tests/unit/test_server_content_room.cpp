// A handler that says where content is to be put: what it gets is what a handler gets that does not.
#include "machine.hpp"

#include <ehlo/server.hpp>

#include <string>
#include <string_view>

using namespace machine;

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
