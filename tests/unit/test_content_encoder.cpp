// content.hpp: content encoded

#include "coding.hpp"

#include "oracle.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace test_content_encoder {

using namespace coding;
using namespace std::string_view_literals;

TEST_CASE("encoding in one pass is encoding", "[content]") {
    generate::rng r(6);
    for (bare_octets const bare : modes) {
        for (int i = 0; i < generate::drawn(4000); ++i) {
            std::string text = content_text(r, i % 4 != 3 ? r.below(900) : r.below(5000));
            if (bare != bare_octets::normalize && !r.one_in(4)) text = normalized(text);
            // Octet by octet nothing is copied in blocks.
            auto said = [](encoded const& e) { return e.stuck ? "stuck" : e.failed ? std::string(name(e.why.code)) : escaped(e.wire); };
            std::string const expected = said(encode(cut(r, text, 1), 4096, bare));
            std::string const whole = said(encode({text}, 2 * text.size() + 300, bare)),
                              parts = said(encode(cut(r, text, 1 + r.below(1000)), r.between(2, 700), bare));
            if (whole != expected || parts != expected) FAIL("encoding " + escaped(text));
            if (!expected.starts_with("bare")) continue;
            // The fault is where it is, however much is clean in front of it.
            content_encoder one(bare), other(bare);
            std::string room(2 * text.size() + 300, '#');
            writer a(room.data(), room.size());
            auto const fault = one.encode(text, a);
            std::size_t first = 0;
            bool const found = [&] {
                for (; first < text.size(); ++first) {
                    if (text[first] == '\r' && first + 1 < text.size() && text[first + 1] != '\n') return true;
                    if (text[first] == '\n' && (first == 0 || text[first - 1] != '\r')) return true;
                }
                return false;
            }();
            if (found != fault.failed() || (found && fault.error().at != first) || (found && a.size() != 0)) FAIL("the fault of " + escaped(text));
        }
    }
    SUCCEED();
}

TEST_CASE("encoding", "[content]") {
    auto wire = [](std::string_view text, bare_octets bare = bare_octets::reject) {
        // Whole, octet by octet, cut anywhere, into buffers of all small sizes.
        std::string said;
        for (std::size_t const size : {2u, 3u, 4u, 5u, 7u, 4096u}) {
            std::string const here = split_everywhere(text, [&](std::vector<std::string_view> const& pieces) {
                encoded const e = encode(pieces, size, bare);
                return e.stuck ? "stuck" : e.failed ? std::string(name(e.why.code)) : escaped(e.wire);
            });
            if (said.empty()) said = here;
            CHECK(here == said);
        }
        return said;
    };
    CHECK(wire("") == ".\\r\\n");
    CHECK(wire("a") == "a\\r\\n.\\r\\n");
    CHECK(wire("a\r\n") == "a\\r\\n.\\r\\n");
    CHECK(wire("\r\n") == "\\r\\n.\\r\\n");
    CHECK(wire(".") == "..\\r\\n.\\r\\n");
    CHECK(wire("..") == "...\\r\\n.\\r\\n");
    CHECK(wire(".\r\n.\r\n") == "..\\r\\n..\\r\\n.\\r\\n");
    CHECK(wire("a.\r\nb") == "a.\\r\\nb\\r\\n.\\r\\n");
    CHECK(wire("\r\n\r\n.") == "\\r\\n\\r\\n..\\r\\n.\\r\\n");
    CHECK(wire("a\0b"sv) == "a\\x00b\\r\\n.\\r\\n");
    CHECK(wire("a\r\n\0.\r\n"sv) == "a\\r\\n\\x00.\\r\\n.\\r\\n");
    CHECK(wire("a\r\n\r\n.\r\nMAIL FROM:<x@y>\r\n") == "a\\r\\n\\r\\n..\\r\\nMAIL FROM:<x@y>\\r\\n.\\r\\n");  // OUT-lettre-double-crlf
    // CR and LF alone
    for (bare_octets const bare : {bare_octets::reject, bare_octets::pass}) {
        CHECK(wire("a\n.\nMAIL FROM:<x@y>\n", bare) == "bare_lf");  // OUT-lettre-bare-lf-2026
        CHECK(wire("x\n.\nMAIL FROM:<a@b>\n", bare) == "bare_lf");  // SMUG-proxy-filter-readd
        CHECK(wire("\n", bare) == "bare_lf");
        CHECK(wire("a\rb", bare) == "bare_cr");
        CHECK(wire("\r", bare) == "bare_cr");
        CHECK(wire("a\r", bare) == "bare_cr");
        CHECK(wire("a\r\r\n", bare) == "bare_cr");
        CHECK(wire("a\r\0\n"sv, bare) == "bare_cr");
    }
    bare_octets const n = bare_octets::normalize;
    CHECK(wire("a\n.\nMAIL FROM:<x@y>\n", n) == "a\\r\\n..\\r\\nMAIL FROM:<x@y>\\r\\n.\\r\\n");
    CHECK(wire("a\r.\rb", n) == "a\\r\\n..\\r\\nb\\r\\n.\\r\\n");
    CHECK(wire("\r\r\n\n", n) == "\\r\\n\\r\\n\\r\\n.\\r\\n");
    CHECK(wire("a\r", n) == "a\\r\\n.\\r\\n");
    CHECK(wire("\r", n) == "\\r\\n.\\r\\n");
    // OUT-split-chunks
    CHECK(encode({"a\r"sv, "\n"sv, "."sv, "\r\n"sv}, 4096).wire == "a\r\n..\r\n.\r\n");
}

TEST_CASE("an encoder that refuses has done nothing", "[content]") {
    char buffer[64];
    writer w(buffer);
    w.raw("before");
    content_encoder e;
    auto const lf = e.encode("ab\r\n.c\nd", w);
    CHECK((lf.failed() && lf.error() == fail(errc::bare_lf, 6)));
    CHECK(w.text() == "before");
    CHECK(w.ok());
    auto const cr = e.encode("ab\rc", w);
    CHECK((cr.failed() && cr.error() == fail(errc::bare_cr, 2)));
    CHECK(w.text() == "before");
    // It goes on as if nothing had been said.
    CHECK(e.encode(".x\r", w).consumed == 3);
    CHECK(w.text() == "before..x");
    // The CR waits for its LF: what does not begin with one is refused at its first octet.
    auto const late = e.encode("y", w);
    CHECK((late.failed() && late.error() == fail(errc::bare_cr, 0)));
    auto const end = e.finish(w);
    CHECK((end.failed() && end.error() == fail(errc::bare_cr, 0)));
    CHECK(w.text() == "before..x");
    CHECK(e.encode("\n", w).consumed == 1);
    CHECK(e.finish(w).done());
    CHECK(w.text() == "before..x\r\n.\r\n");
    // After the end it is as new.
    CHECK(e.encode(".", w).consumed == 1);
    CHECK(e.finish(w).done());
    CHECK(w.text() == "before..x\r\n.\r\n..\r\n.\r\n");
    // A writer that failed before is not written to.
    w.refuse(fail(errc::bad_value, 9));
    CHECK(e.encode("a", w).error() == fail(errc::bad_value, 9));
    CHECK(e.finish(w).error() == fail(errc::bad_value, 9));
}

TEST_CASE("a buffer of any size gets on or says that it needs room", "[content]") {
    // OUT-worst-case-expansion: 64 KiB of CRLF "." grow by a third.
    std::string text, expected;
    for (int i = 0; i < 21845; ++i) {
        text += "\r\n.";
        expected += "\r\n..";
    }
    expected += "\r\n.\r\n";
    for (std::size_t const size : {2u, 3u, 4u, 5u, 7u, 4096u}) {
        CAPTURE(size);
        encoded const e = encode({text}, size);
        CHECK_FALSE(e.stuck);
        CHECK(e.wire == expected);
    }
    // One octet of room is enough for plain text, not for a line end: then nothing is consumed and nothing written.
    encoded const one = encode({"abc\r\n"sv}, 1);
    CHECK(one.stuck);
    CHECK(one.wire == "abc");
    CHECK(one.at == 3);
    CHECK(encode({"."sv}, 1).stuck);
    CHECK(encode({"abc"sv}, 1).wire == "abc\r\n.\r\n");
    CHECK(encode({"abc"sv}, 0).stuck);
}

TEST_CASE("a small buffer does not make large content slow", "[content]") {
    // Looked through to its end by each call, this is 2^37 octets: minutes. As it should be: a hundredth of a second.
    std::string const text(4u << 20, 'x');
    content_encoder e;
    char buffer[64];
    std::size_t calls = 0;
    for (std::string_view rest = text; !rest.empty(); ++calls) {
        writer out(buffer);
        auto const used = e.encode(rest, out);
        REQUIRE_FALSE(used.failed());
        REQUIRE(used.consumed == out.size());
        rest.remove_prefix(used.consumed);
    }
    CHECK(calls == text.size() / sizeof buffer);
}

TEST_CASE("once the end has begun, nothing but the end is written", "[content]") {
    // What came before, what is tried after each part of the end, how much room there is for each call: nothing of it goes out.
    for (bare_octets const bare : {bare_octets::reject, bare_octets::normalize, bare_octets::pass})
        for (std::string_view const before : {""sv, "ab"sv, "ab\r\n"sv, "ab\r"sv, "\r\n\r"sv})
            for (std::string_view const after : {""sv, "x"sv, "\n"sv, "\r"sv, "."sv, "\r\nRSET\r\n"sv, "\n.\r\nMAIL FROM:<evil@x>\r\n"sv})
                for (std::size_t room = 1; room <= 5; ++room) {
                    CAPTURE(escaped(before), escaped(after), room);
                    content_encoder e(bare);
                    char buffer[64];
                    writer w(buffer);
                    REQUIRE(e.encode(before, w).done());
                    std::string wire(w.text());
                    bool const refused = before.ends_with('\r') && bare != bare_octets::normalize;
                    for (int calls = 0; calls < 10; ++calls) {
                        writer s(buffer, room);
                        auto const end = e.finish(s);
                        REQUIRE(end.failed() == refused);
                        wire += s.text();
                        if (end.failed() || end.done()) break;
                        writer more(buffer);
                        auto const late = e.encode(after, more);
                        CHECK(late.failed());
                        CHECK_FALSE(late.done());
                        CHECK(late.consumed == 0);
                        CHECK(late.error() == fail(errc::end_has_begun, 0));
                        CHECK(more.size() == 0);
                        CHECK(more.ok());
                    }
                    std::string const expected = before.empty() ? "" : before == "\r\n\r" ? "\r\n\r\n" : "ab\r\n";
                    if (!refused) CHECK(wire == expected + ".\r\n");
                    // Where the end failed it has not begun.
                    if (refused) CHECK(e.encode("\n", w).done());
                }
    // No room at all: nothing is written, so it has not begun.
    content_encoder e;
    char buffer[8];
    writer none(buffer, 0), w(buffer);
    CHECK_FALSE(e.finish(none).done());
    CHECK(e.encode("ab", w).done());
    CHECK(blame_of(errc::end_has_begun) == blame::misuse);
}

TEST_CASE("a call that must be repeated is not taken for a finished one", "[content]") {
    static_assert(!std::is_constructible_v<bool, encoded_content>);
    static_assert(!std::is_constructible_v<bool, decoded_content> && !std::is_constructible_v<bool, content_piece>);
    content_encoder e;
    char buffer[3];
    writer w(buffer);
    auto const some = e.encode("abcd", w);
    CHECK_FALSE(some.done());
    CHECK_FALSE(some.failed());
    CHECK(some.consumed == 3);
}

TEST_CASE("the end is completed in pieces", "[content]") {
    for (std::size_t size = 1; size <= 5; ++size) {
        content_encoder e;
        char big[8];
        writer w(big);
        REQUIRE(e.encode("ab", w).consumed == 2);
        std::string wire(w.text());
        for (int i = 0; i < 10; ++i) {
            char small[8];
            writer s(small, size);
            auto const done = e.finish(s);
            REQUIRE_FALSE(done.failed());
            wire += s.text();
            if (done.done()) break;
            CHECK(s.size() == size);
        }
        CHECK(wire == "ab\r\n.\r\n");
    }
}

TEST_CASE("the encoder against the oracle", "[content]") {
    generate::rng r(2046);
    int refused = 0;
    constexpr std::size_t sizes[] = {2, 3, 4, 5, 7, 16, 64, 4096};
    for (int i = 0; i < generate::drawn(200000); ++i) {
        std::string text = generate::content(r, 5);
        if (text.size() > 1500) continue;
        if (r.one_in(3)) generate::mutate(r, text);
        if (r.one_in(2)) text = normalized(text);
        bare_octets const bare = modes[r.below(3)];
        bool const normal = bare == bare_octets::normalize;
        auto const expected = oracle::encode_with_end(normal ? normalized(text) : text);
        encoded const e = encode(r.one_in(3) ? std::vector<std::string_view>{text} : cut(r, text, r.one_in(2) ? 5 : 200),
                                 sizes[r.below(std::size(sizes))], bare);
        bool good = !e.stuck && e.failed == !expected.has_value();
        if (expected) {
            good = good && e.wire == *expected;
            // Decoded again, it is the text, with the CRLF of its last line.
            decoded const back = decode({e.wire});
            std::string plain = normal ? normalized(text) : text;
            if (!plain.empty() && (plain.size() < 2 || plain.substr(plain.size() - 2) != "\r\n")) plain += "\r\n";
            good = good && back.end && back.consumed == e.wire.size() && back.text == plain && !back.bare_cr && !back.bare_lf;
        } else {
            ++refused;
            // The place: the first octet that stands alone; for a CR that ended a piece, the one after it.
            std::size_t first = 0;
            while (first < text.size()) {
                bool const cr = text[first] == '\r', lf = text[first] == '\n';
                if (cr && first + 1 < text.size() && text[first + 1] == '\n') first += 2;
                else if (cr || lf) break;
                else ++first;
            }
            std::size_t const at = e.at + e.why.at;
            bool const cr = text[first] == '\r';
            good = good && e.why.code == (cr ? errc::bare_cr : errc::bare_lf) && (at == first || (cr && e.why.at == 0 && at == first + 1));
            // What was sent before it is what the oracle makes of it, but for the end.
            auto const before = oracle::encode_with_end(text.substr(0, first));
            good = good && before && before->substr(0, e.wire.size()) == e.wire;
        }
        if (!good) FAIL_CHECK(escaped(text) << ": " << escaped(e.wire) << " " << say(e.why) << " after " << e.at);
    }
    CHECK(refused > generate::drawn(20000));
}

}  // namespace test_content_encoder
