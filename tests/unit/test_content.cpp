// content.hpp: the end of data and nothing else, dot decoding and encoding
#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/content.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace ehlo;
using support::escaped;
using support::say;
using support::split_everywhere;
using namespace std::string_view_literals;

namespace {

struct decoded {
    std::string text;
    bool end = false;
    std::size_t consumed = 0;
    std::size_t left = 0;
    std::size_t most = 0;
    bool bare_cr = false, bare_lf = false, nul = false, long_line = false;
};

decoded decode(std::vector<std::string_view> const& reads, bare_octets bare = bare_octets::reject) {
    support::growing& in = support::shared_buffer();
    content_decoder d;
    decoded out;
    for (std::string_view const more : reads) {
        in.read(more);
        while (!out.end) {
            content_piece const piece = d.next(in.view(), bare);
            if (piece.consumed == 0) break;
            out.text += piece.octets;
            out.end = piece.end;
            out.consumed += piece.consumed;
            in.discard(piece.consumed);
        }
        if (!out.end && in.size() > out.most) out.most = in.size();
    }
    out.left = in.size();
    out.bare_cr = d.bare_cr();
    out.bare_lf = d.bare_lf();
    out.nul = d.nul();
    out.long_line = d.long_line();
    return out;
}

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

std::string say_content(decoded const& d) {
    return say(std::string_view(d.text)) + (d.end ? " end " : " open ") + std::to_string(d.consumed) + (d.bare_cr ? " bare CR" : "") +
           (d.bare_lf ? " bare LF" : "") + (d.nul ? " NUL" : "") + (d.long_line ? " long" : "");
}
std::string everywhere_content(std::string_view text, bare_octets bare = bare_octets::reject) {
    return split_everywhere(text, [=](std::vector<std::string_view> const& reads) { return say_content(decode(reads, bare)); });
}

// CRLF for each CR or LF that stands alone.
std::string normalized(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (text[i] == '\r' || text[i] == '\n') out += "\r\n";
        else out += text[i];
        if (crlf) ++i;
    }
    return out;
}

struct encoded {
    std::string wire;
    bool failed = false;
    failure why{};
    std::size_t at = 0;  // octets consumed before the failure
    bool stuck = false;
};

// Encodes pieces into a buffer of `size` octets that is emptied whenever nothing more fits.
encoded encode(std::vector<std::string_view> const& pieces, std::size_t size, bare_octets bare = bare_octets::reject) {
    content_encoder e(bare);
    encoded out;
    support::fence& memory = support::shared_fence();
    std::string const blank(size, '#');
    char* const buffer = const_cast<char*>(memory.put(blank).data());
    auto flush = [&](writer& w) {
        out.wire += w.text();
        bool const progress = w.size() != 0;
        w = writer(buffer, size);
        return progress;
    };
    writer w(buffer, size);
    for (std::string_view piece : pieces) {
        while (!piece.empty()) {
            std::size_t const before = w.size();
            auto const n = e.encode(piece, w);
            if (n.failed()) {
                out.failed = true;
                out.why = n.error();
                if (w.size() != before || !w.ok()) out.wire += "not atomic";
                flush(w);
                return out;
            }
            out.at += n.consumed;
            piece.remove_prefix(n.consumed);
            if (n.done() != piece.empty()) out.wire += "done before the end of its piece";
            if (!piece.empty() && !flush(w) && n.consumed == 0) {
                out.stuck = true;
                return out;
            }
        }
    }
    for (;;) {
        auto const done = e.finish(w);
        if (done.failed()) {
            out.failed = true;
            out.why = done.error();
            flush(w);
            return out;
        }
        bool const progress = flush(w);
        if (done.done()) return out;
        if (!progress) {
            out.stuck = true;
            return out;
        }
    }
}

std::vector<std::string_view> cut(generate::rng& r, std::string_view text, std::size_t most) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const n = r.between(1, most);
        pieces.push_back(text.substr(at, n));
        at += n;
    }
    return pieces;
}

constexpr bare_octets modes[] = {bare_octets::reject, bare_octets::normalize, bare_octets::pass};

struct attack {
    std::string_view id, sequence;
    std::size_t end;  // 0: only the real end of content ends it
    bool cr, lf, nul;
};
// attacks.json, SMUG-*: "Subject: a\r\n\r\nbody" SEQUENCE "MAIL FROM:...". No sequence but the last two ends anything.
constexpr attack attacks[] = {
    {"SMUG-lf-dot-lf", "\n.\n", 0, false, true, false},
    {"SMUG-lf-dot-crlf", "\n.\r\n", 0, false, true, false},
    {"SMUG-crlf-dot-lf", "\r\n.\n", 0, false, true, false},
    {"SMUG-cr-dot-cr", "\r.\r", 0, true, false, false},
    {"SMUG-cr-dot-crlf", "\r.\r\n", 0, true, false, false},
    {"SMUG-crlf-dot-cr", "\r\n.\r", 0, true, false, false},
    {"SMUG-crlf-nul-dot-crlf", "\r\n\0.\r\n"sv, 0, false, false, true},
    {"SMUG-crlf-dot-nul-crlf", "\r\n.\0\r\n"sv, 0, false, false, true},
    {"SMUG-crlf-dot-cr-nul-lf", "\r\n.\r\0\n"sv, 0, true, true, true},
    {"SMUG-cr-nul-lf-dot-crlf", "\r\0\n.\r\n"sv, 0, true, true, true},
    {"SMUG-crlf-dot-crcrlf", "\r\n.\r\r\n", 0, true, false, false},
    {"SMUG-nul-crlf-dot-crlf", "\0\r\n.\r\n"sv, 24, false, false, true},
    {"SMUG-crlf-dot-crlf-nul", "\r\n.\r\n\0"sv, 23, false, false, false},
    // and relatives that are not listed there
    {"lf-lf-dot-lf-lf", "\n\n.\n\n", 0, false, true, false},
    {"cr-lf-lf-dot-crlf", "\r\n\n.\r\n", 0, false, true, false},
    {"crcrlf-dot-lf", "\r\r\n.\n", 0, true, true, false},
    {"lf-dot-cr-lf-twice", "\n.\r\n\n.\r\n", 0, false, true, false},
    {"crlf-dot-space-crlf", "\r\n. \r\n", 0, false, false, false},
    {"crlf-dot-dot-crlf", "\r\n..\r\n", 0, false, false, false},
    {"dot-crlf", ".\r\n", 0, false, false, false},
};

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

namespace {

// Texts of which the parts that matter are seldom, frequent, or everything.
std::string content_text(generate::rng& r, std::size_t size) {
    std::size_t const style = r.below(8);
    std::string text;
    while (text.size() < size) {
        switch (style) {
        case 0: text += r.pick("\r\n.\0a"sv); break;
        case 1: text += "..\r\n"; break;
        case 2: text += r.one_in(8) ? "\r\n"sv : "\r\n.."sv; break;
        case 3: text += r.pick("\r\nab"sv); break;
        case 4: text += std::string(r.below(70), 'a') + (r.one_in(30) ? "\r\n.b" : "\r\n"); break;
        case 5: text += "\r\n." + std::string(r.between(1, 60), 'a'); break;
        case 6: text += std::string(r.below(300), 'x') + std::string(1, r.pick("\r\n.\0"sv)) + (r.one_in(3) ? "\r\n" : "y"); break;
        default: text += std::string(r.one_in(5) ? r.between(990, 1002) : r.below(2000), 'l') + (r.one_in(40) ? "\n" : "\r\n"); break;
        }
    }
    text.resize(size);
    if (size > 5 && r.one_in(3)) text.replace(r.below(size - 4), 5, "\r\n.\r\n");
    return text;
}

}  // namespace

TEST_CASE("decoding with a copy is decoding", "[content]") {
    generate::rng r(5);
    for (bare_octets const bare : modes) {
        auto same = [&](std::string const& text, std::vector<std::string_view> const& reads, auto&& room) {
            std::string const found = say_content(decode_copied(reads, bare, room)), expected = say_content(decode({text}, bare));
            if (found != expected) FAIL("decoding " + escaped(text) + "\ngave  " + found + "\n, not " + expected);
        };
        for (std::size_t size = 0; size <= 300; ++size) {
            for (int i = 0; i < 12; ++i) {
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
                for (std::size_t at = 0; at <= size; ++at)
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
