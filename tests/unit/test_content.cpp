// content.hpp: the end of data and nothing else, content decoded, and what both coders share

#include "coding.hpp"

#include "oracle.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace test_content {

using namespace coding;
using namespace std::string_view_literals;

namespace {

// The same through decode(), into buffers of `room()` octets that end at a fence.
template <class Room>
decoded decode_copied(std::vector<std::string_view> const& reads, bare_octets bare, Room&& room) {
    static support::fence input, output;
    content_decoder d;
    decoded out;
    std::string pending;
    for (std::string_view const more : reads) {
        pending += more;
        while (!out.end) {
            std::size_t const size = room();
            std::span<char> const to(const_cast<char*>(output.put(std::string(size, '#')).data()), size);
            decoded_content const done = d.decode(input.put(pending), to, bare);
            if (done.produced > size || done.consumed > pending.size()) FAIL("too much");
            out.text += std::string_view(to.data(), done.produced);
            out.end = done.end;
            out.consumed += done.consumed;
            pending.erase(0, done.consumed);
            if (done.consumed == 0 && !done.end && size >= 2) break;
        }
        if (!out.end && pending.size() > out.most) out.most = pending.size();
    }
    out.left = pending.size();
    out.bare_cr = d.bare_cr();
    out.bare_lf = d.bare_lf();
    out.nul = d.nul();
    out.long_line = d.long_line();
    return out;
}

}  // namespace

TEST_CASE("content ends at CRLF . CRLF, cut anywhere", "[content]") {
    CHECK(everywhere_content("") == "'' open 0");
    CHECK(everywhere_content(".\r\n") == "'' end 3");
    CHECK(everywhere_content("\r\n.\r\n") == "'\\r\\n' end 5");
    CHECK(everywhere_content("a\r\n.\r\nMAIL") == "'a\\r\\n' end 6");
    CHECK(everywhere_content(".\r\n.\r\n") == "'' end 3");
    CHECK(everywhere_content("a\r\n..\r\n.\r\n") == "'a\\r\\n.\\r\\n' end 10");
    CHECK(everywhere_content("..\r\n.\r\n") == "'.\\r\\n' end 7");
    CHECK(everywhere_content("a\r\n.b\r\n.\r\n") == "'a\\r\\nb\\r\\n' end 10");   // SMUG-single-dot-line-with-text
    CHECK(everywhere_content("a.\r\n.b.\r\n...\r\n.\r\n") == "'a.\\r\\nb.\\r\\n..\\r\\n' end 17");
    CHECK(everywhere_content("\r\n\r\n.\r\n") == "'\\r\\n\\r\\n' end 7");
    CHECK(everywhere_content("abc") == "'abc' open 3");
    CHECK(everywhere_content("abc\r\n") == "'abc\\r\\n' open 5");
    CHECK(everywhere_content("\xFF\x80\r\n.\r\n") == "'\\xFF\\x80\\r\\n' end 7");
}

TEST_CASE("what cannot be judged yet is not consumed", "[content]") {
    CHECK(everywhere_content(".") == "'' open 0");
    CHECK(everywhere_content(".\r") == "'' open 0");
    CHECK(everywhere_content("a\r") == "'a' open 1");
    CHECK(everywhere_content("a\r\n.") == "'a\\r\\n' open 3");
    CHECK(everywhere_content("a\r\n.\r") == "'a\\r\\n' open 3");
    CHECK(everywhere_content("\r") == "'' open 0");
    // Two octets at most, whatever comes.
    generate::rng r(1);
    for (int i = 0; i < 3000; ++i) {
        std::string text;
        for (std::size_t n = r.below(30); n > 0; --n) text += r.pick("\r\n.a"sv);
        for (bare_octets const bare : modes) {
            decoded const d = decode(cut(r, text, 3), bare);
            if (d.most > 2) FAIL_CHECK(escaped(text));
        }
    }
    SUCCEED();
}

TEST_CASE("no smuggling", "[content]") {
    for (attack const& a : attacks) {
        CAPTURE(a.id);
        std::string const head = "Subject: a\r\n\r\nbody",
                          tail = "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nSubject: b\r\n\r\nx\r\n.\r\n";
        std::string const wire = head + std::string(a.sequence) + tail;
        for (bare_octets const bare : modes) {
            std::string const said = split_everywhere(wire, [=](std::vector<std::string_view> const& reads) {
                decoded const d = decode(reads, bare);
                return (d.end ? "end " : "open ") + std::to_string(d.consumed) + (d.bare_cr ? " bare CR" : "") +
                       (d.bare_lf ? " bare LF" : "") + (d.nul ? " NUL" : "");
            });
            std::string const expected = "end " + std::to_string(a.end ? a.end : wire.size()) + (a.cr ? " bare CR" : "") +
                                         (a.lf ? " bare LF" : "") + (a.nul ? " NUL" : "");
            CHECK(said == expected);
            // Sent on, the decoded content has no second end, or is not sent at all.
            decoded const d = decode({wire}, bare);
            encoded const again = encode({std::string_view(d.text)}, 4096, bare);
            bool const clean = !(a.cr || a.lf) || bare == bare_octets::normalize;
            CHECK(again.failed == !clean);
            if (!clean) continue;
            decoded const back = decode({again.wire});
            CHECK(back.end);
            CHECK(back.consumed == again.wire.size());
            CHECK(back.text == d.text);
        }
    }
    // The offsets of attacks.json.
    auto end_of = [](std::string_view sequence) {
        return std::string("Subject: a\r\n\r\nbody").size() + sequence.size() +
               std::string("MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nSubject: b\r\n\r\nx\r\n.\r\n").size();
    };
    CHECK(end_of("\n.\n") == 112);
    CHECK(end_of("\r\n.\r\r\n") == 115);
}

TEST_CASE("CR and LF alone: reject and pass hand them on, normalize makes CRLF", "[content]") {
    for (bare_octets const bare : {bare_octets::reject, bare_octets::pass}) {
        CHECK(everywhere_content("a\rb\r\n.\r\n", bare) == "'a\\rb\\r\\n' end 8 bare CR");
        CHECK(everywhere_content("a\nb\r\n.\r\n", bare) == "'a\\nb\\r\\n' end 8 bare LF");
        CHECK(everywhere_content("\n.\r\n.\r\n", bare) == "'\\n.\\r\\n' end 7 bare LF");
        CHECK(everywhere_content("\r.\r\n.\r\n", bare) == "'\\r.\\r\\n' end 7 bare CR");
        CHECK(everywhere_content(".\n.\r\n.\r\n", bare) == "'\\n.\\r\\n' end 8 bare LF");
        CHECK(everywhere_content(".\ra\r\n.\r\n", bare) == "'\\ra\\r\\n' end 8 bare CR");
        CHECK(everywhere_content("\r\r\r\n.\r\n", bare) == "'\\r\\r\\r\\n' end 7 bare CR");
        CHECK(everywhere_content("a\0b\r\n.\r\n"sv, bare) == "'a\\x00b\\r\\n' end 8 NUL");
        CHECK(everywhere_content("\0\r\n.\r\n"sv, bare) == "'\\x00\\r\\n' end 6 NUL");
        CHECK(everywhere_content("a\r\0\n.\r\n\r\n.\r\n"sv, bare) == "'a\\r\\x00\\n.\\r\\n\\r\\n' end 12 bare CR bare LF NUL");
    }
    bare_octets const n = bare_octets::normalize;
    CHECK(everywhere_content("a\rb\r\n.\r\n", n) == "'a\\r\\nb\\r\\n' end 8 bare CR");
    CHECK(everywhere_content("a\nb\r\n.\r\n", n) == "'a\\r\\nb\\r\\n' end 8 bare LF");
    // The CRLF that was made begins no line: its dot is neither an end nor stuffed.
    CHECK(everywhere_content("\n.\r\n.\r\n", n) == "'\\r\\n.\\r\\n' end 7 bare LF");
    CHECK(everywhere_content("\n..\r\n.\r\n", n) == "'\\r\\n..\\r\\n' end 8 bare LF");
    CHECK(everywhere_content("a\r.\r\n.\r\n", n) == "'a\\r\\n.\\r\\n' end 8 bare CR");
    CHECK(everywhere_content(".\n.\r\n.\r\n", n) == "'\\r\\n.\\r\\n' end 8 bare LF");
    CHECK(everywhere_content(".\ra\r\n.\r\n", n) == "'\\r\\na\\r\\n' end 8 bare CR");
    CHECK(everywhere_content("\r\r\n\n\r\n.\r\n", n) == "'\\r\\n\\r\\n\\r\\n\\r\\n' end 9 bare CR bare LF");
    CHECK(everywhere_content("a\r\0\n\r\n.\r\n"sv, n) == "'a\\r\\n\\x00\\r\\n\\r\\n' end 9 bare CR bare LF NUL");
}

TEST_CASE("a line of 998 octets, and one more", "[content]") {
    auto is_long = [](std::string const& text, bare_octets bare = bare_octets::reject) {
        std::string const whole = say_content(decode({text}, bare));
        bool result = decode({text}, bare).long_line, same = true;
        for (std::size_t i = 0; i <= text.size(); i += i + 5 > text.size() || i < 5 || (i > 990 && i < 1010) ? 1u : 97u)
            same = same && say_content(decode({std::string_view(text).substr(0, i), std::string_view(text).substr(i)}, bare)) == whole;
        for (std::size_t const n : {1u, 7u, 499u, 998u, 999u, 1000u}) {
            std::vector<std::string_view> reads;
            for (std::size_t i = 0; i < text.size(); i += n) reads.push_back(std::string_view(text).substr(i, n));
            same = same && say_content(decode(reads, bare)) == whole;
        }
        CHECK(same);
        return result;
    };
    std::string const max(998, 'a'), more(999, 'a'), end = "\r\n.\r\n";
    CHECK_FALSE(is_long(max + end));
    CHECK(is_long(more + end));
    CHECK(is_long(std::string(1000, 'a') + end));
    CHECK(is_long(std::string(5000, 'a') + end));
    // The dot that is taken away does not count; one that stays does.
    CHECK_FALSE(is_long("." + max + end));
    CHECK(is_long("." + more + end));
    CHECK_FALSE(is_long("x\r\n." + max + end));
    CHECK(is_long("x\r\n.." + max + end));
    CHECK_FALSE(is_long("x\r\n.." + max.substr(1) + end));
    // Before, after and between other lines.
    CHECK_FALSE(is_long(max + "\r\n" + max + "\r\n\r\n" + max + end));
    CHECK(is_long(max + "\r\n" + more + "\r\nx" + end));
    CHECK(is_long("x\r\n" + more + "\r\n" + max + end));
    CHECK(is_long("\r\n\r\n" + more + end));
    CHECK_FALSE(is_long("short\r\n" + std::string(990, 'b') + "\r\n" + max + end));
    // Without an end it is long as soon as 999 octets stand there.
    CHECK_FALSE(is_long(max));
    CHECK_FALSE(is_long(max + "\r"));
    CHECK(is_long(more));
    // A CR or LF alone ends no line, unless it is made one.
    CHECK(is_long(std::string(500, 'a') + "\n" + std::string(500, 'b') + end));
    CHECK(is_long(std::string(500, 'a') + "\r" + std::string(500, 'b') + end));
    CHECK_FALSE(is_long(std::string(500, 'a') + "\n" + std::string(500, 'b') + end, bare_octets::normalize));
    CHECK_FALSE(is_long(std::string(500, 'a') + "\r" + std::string(500, 'b') + end, bare_octets::normalize));
}

TEST_CASE("decoding with a copy is decoding", "[content]") {
    generate::rng r(5);
    for (bare_octets const bare : modes) {
        auto same = [&](std::string const& text, std::vector<std::string_view> const& reads, auto&& room) {
            std::string const found = say_content(decode_copied(reads, bare, room)), expected = say_content(decode({text}, bare));
            if (found != expected) FAIL("decoding " + escaped(text) + "\ngave  " + found + "\n, not " + expected);
        };
        for (std::size_t size = 0; size <= 300; ++size) {
            for (unsigned i = 0; i < 12; i += generate::every(6)) {
                std::string const text = content_text(r, size);
                std::string_view const view = text;
                same(text, {view}, [&] { return size + 16; });           // reads no further than the text
                same(text, {view}, [&] { return 4 * size + 1000; });
                same(text, {view}, [&] { return r.below(12); });
                same(text, cut(r, text, 1), [] { return std::size_t{300}; });
                same(text, cut(r, text, 1 + r.below(300)), [&] { return r.below(400); });
            }
            std::string const text = content_text(r, size);
            if (size % 7 == 0)
                for (std::size_t at = 0; at <= size; at += generate::every(5))
                    same(text, {std::string_view(text).substr(0, at), std::string_view(text).substr(at)}, [] { return std::size_t{700}; });
        }
        for (int i = 0; i < generate::drawn(600); ++i) {
            std::string const text = content_text(r, r.below(i % 10 == 0 ? 50000 : 4000));
            same(text, {text}, [&] { return text.size() + 2; });
            same(text, cut(r, text, text.size() + 1), [&] { return r.below(3000); });
            same(text, cut(r, text, 700), [&] { return 190 + r.below(400); });
        }
    }
    SUCCEED();
}

TEST_CASE("decoding with a copy needs room for two octets at most, and says what is left", "[content]") {
    char out[8];
    content_decoder d;
    auto does = [&](std::string_view in, std::size_t room, bare_octets bare = bare_octets::reject) {
        decoded_content const done = d.decode(in, std::span<char>(out, room), bare);
        return std::to_string(done.consumed) + (done.end ? " end " : " ") + escaped({out, done.produced});
    };
    CHECK(does("", 8) == "0 ");
    CHECK(does("ab", 0) == "0 ");
    CHECK(does("ab", 1) == "1 a");
    CHECK(does("b\r\n.", 2) == "1 b");
    CHECK(does("\r\n.", 1) == "0 ");
    CHECK(does("\r\n.", 2) == "2 \\r\\n");
    CHECK(does(".", 8) == "0 ");
    CHECK(does(".\r", 8) == "0 ");
    CHECK(does(".x\r\n", 0) == "0 ");
    CHECK(does(".x\r\n", 1) == "2 x");
    CHECK(does("\r\n", 8) == "2 \\r\\n");
    CHECK(does("\ny", 1, bare_octets::normalize) == "0 ");
    CHECK_FALSE(d.bare_lf());
    CHECK(does(".\r\n", 0) == "3 end ");
    CHECK(does("\ny", 2, bare_octets::normalize) == "1 \\r\\n");
    CHECK(d.bare_lf());
    constexpr bool constant = [] {
        char to[8] = {};
        content_decoder c;
        decoded_content const done = c.decode("..a\r\n.\r\n", to);
        return done.consumed == 9 - 1 && done.produced == 4 && done.end && std::string_view(to, 4) == ".a\r\n";
    }();
    STATIC_REQUIRE(constant);
}

#if EHLO_VECTOR
namespace {

// What copy_content left of a text after its first octet, as one text.
template <detail::dots Dots, bool Avx2>
std::string copied(std::string_view text, bool line_start, bool may_be_bare, std::size_t room) {
    static support::fence input, output;
    std::string_view const in = input.put(text);
    char* const out = const_cast<char*>(output.put(std::string(room, '#')).data());
    detail::content_copy job(in.data() + 1, in.size() - 1, out, room);
    job.line_start = line_start;
    job.after_cr = !line_start && in[0] == '\r';
    job.may_be_bare = may_be_bare;
    detail::copy_content_with<Dots, Avx2>(job);
    return std::to_string(job.consumed) + ' ' + (job.bare_cr ? "CR " : "") + (job.bare_lf ? "LF " : "") + (job.seen.nul ? "NUL " : "") +
           std::to_string(job.seen.longest_gap) + ' ' + std::string(out, job.produced);
}

}  // namespace

TEST_CASE("content is copied alike with and without AVX2", "[content]") {
#if EHLO_RUN_TIME_AVX2
    if (!__builtin_cpu_supports("avx2")) return;
#endif
#if EHLO_RUN_TIME_AVX2 || defined(__AVX2__)
    generate::rng r(7);
    for (int i = 0; i < generate::drawn(6000); ++i) {
        std::string const text = 'a' + content_text(r, r.below(3000));
        bool const start = r.one_in(2), bare = !r.one_in(3);
        std::size_t const room = r.below(2) == 0 ? 2 * text.size() : r.below(1500);
        if (copied<detail::dots::take_away, false>(text, false, bare, room) != copied<detail::dots::take_away, true>(text, false, bare, room))
            FAIL("taking away: " + escaped(text));
        if (copied<detail::dots::add, false>(text, start, false, room) != copied<detail::dots::add, true>(text, start, false, room))
            FAIL("adding: " + escaped(text));
    }
#endif
    SUCCEED();
}
#endif

TEST_CASE("an input shorter than before is never read beyond its end", "[content]") {
    // Neither coder keeps a position: whatever comes next is judged by what was consumed.
    constexpr std::string_view text = "a.\r\n..b\r\n.\rc\r.\n\r\n.\r\n";
    char room[64];
    for (bare_octets const bare : {bare_octets::reject, bare_octets::normalize, bare_octets::pass})
        for (std::size_t cut = 0; cut <= text.size(); ++cut)
            for (std::size_t less = 0; less <= cut; ++less)
                for (bool const copies : {false, true}) {
                    CAPTURE(cut, less, copies);
                    content_decoder d;
                    auto const step = [&](std::string_view in) {
                        if (!copies) {
                            content_piece const piece = d.next(in, bare);
                            CHECK(piece.octets.size() <= in.size() + 1);
                            return decoded_content{piece.consumed, piece.octets.size(), piece.end};
                        }
                        return d.decode(in, room, bare);
                    };
                    std::size_t at = 0;
                    for (;;) {
                        decoded_content const done = step(support::shared_fence().put(text.substr(at, cut - at)));
                        at += done.consumed;
                        if (done.end || done.consumed == 0) break;
                    }
                    std::size_t const size = less < cut - at ? less : cut - at;
                    content_decoder const before = d;
                    decoded_content const done = step(support::shared_fence().put(text.substr(at, size)));
                    CHECK(done.consumed <= size);
                    if (size != 0) continue;
                    CHECK_FALSE(done.end);
                    CHECK(done.produced == 0);
                    CHECK(d.bare_cr() == before.bare_cr());
                    CHECK(d.bare_lf() == before.bare_lf());

                    content_encoder e(bare);
                    writer w(room);
                    auto const first = e.encode(support::shared_fence().put(text.substr(0, cut)), w);
                    auto const second = e.encode(support::shared_fence().put(text.substr(0, less)), w);
                    CHECK(first.consumed <= cut);
                    CHECK(second.consumed <= less);
                }
}

TEST_CASE("the decoder against the oracle", "[content]") {
    generate::rng r(5321);
    int ended = 0, dirty = 0, lengthy = 0;
    for (int i = 0; i < generate::drawn(200000); ++i) {
        std::string text = generate::content(r, 6);
        if (r.one_in(3)) generate::mutate(r, text);
        oracle::decoded const expected = oracle::decode(text);
        ended += expected.ended;
        dirty += expected.bare_cr + expected.bare_lf != 0;
        lengthy += expected.long_lines != 0;
        bare_octets const bare = modes[r.below(3)];
        decoded const d = decode(r.one_in(3) ? std::vector<std::string_view>{text} : cut(r, text, r.one_in(2) ? 5 : 200), bare);
        bool const normal = bare == bare_octets::normalize;
        bool good = d.end == expected.ended && d.consumed == (expected.ended ? expected.consumed : text.size() - expected.undecided) &&
                    d.text == (normal ? normalized(expected.text) : expected.text) && d.bare_cr == (expected.bare_cr != 0) &&
                    d.bare_lf == (expected.bare_lf != 0) && d.nul == (expected.nul != 0);
        // In lines that were made of CR and LF alone, none need be long.
        if (!normal) good = good && d.long_line == (expected.long_lines != 0);
        else if (d.long_line) good = good && expected.long_lines != 0;
        if (!good) FAIL_CHECK(escaped(text) << ": " << say_content(d) << " but the oracle says " << escaped(expected.text) << " " << expected.ended << " " << expected.consumed << " long " << expected.long_lines);
    }
    CHECK(ended > generate::drawn(100000));
    CHECK(dirty > generate::drawn(50000));
    CHECK(lengthy > generate::drawn(2000));
}

namespace {
constexpr bool at_compile_time() {
    content_decoder d;
    constexpr std::string_view wire = "..a\r\nb\n.\r\n.\r\n";
    auto const first = d.next(wire);
    if (first.octets != ".a\r\nb\n.\r\n" || first.consumed != 10 || first.end) return false;
    auto const end = d.next(wire.substr(10));
    if (!end.end || end.consumed != 3 || !d.bare_lf() || d.bare_cr() || d.nul() || d.long_line()) return false;
    char buffer[32] = {};
    writer w(buffer);
    content_encoder e;
    auto const n = e.encode(".a\r\n\r\n..b", w);
    auto const done = e.finish(w);
    return n.done() && n.consumed == 9 && done.done() && w.text() == "..a\r\n\r\n...b\r\n.\r\n";
}
static_assert(at_compile_time());
}  // namespace

}  // namespace test_content
