// line.hpp: CRLF framing across reads
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/line.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace test_line {

using namespace ehlo;
using support::escaped;
using support::say;
using support::split_everywhere;
using namespace std::string_view_literals;

namespace {

// Reads until no more comes: each line or failure with the octets it consumed, then what is left of the buffer.
std::string lines_of(std::vector<std::string_view> const& reads, std::size_t limit = 512, leniency tolerate = strict,
                     std::size_t* most = nullptr) {
    support::growing& in = support::shared_buffer();
    line_reader reader;
    std::string log;
    std::size_t in_line = 0;
    for (std::string_view const more : reads) {
        in.read(more);
        for (;;) {
            auto const line = reader.next(in.view(), limit, tolerate);
            in_line += line.consumed;
            if (line.ready()) log += say(*line);
            if (line.failed()) log += say(line.error());
            in.discard(line.consumed);
            if (line.need_more()) break;
            log += "(" + std::to_string(in_line) + ") ";
            in_line = 0;
        }
        if (most && in.size() > *most) *most = in.size();
    }
    return log + "+" + std::to_string(in.size() + in_line);
}

std::string everywhere_lines(std::string_view text, std::size_t limit = 512, leniency tolerate = strict) {
    return split_everywhere(text, [=](std::vector<std::string_view> const& reads) { return lines_of(reads, limit, tolerate); });
}

}  // namespace

TEST_CASE("lines end at CRLF, wherever the reads are cut", "[line]") {
    CHECK(everywhere_lines("") == "+0");
    CHECK(everywhere_lines("NOOP\r\n") == "'NOOP'(6) +0");
    CHECK(everywhere_lines("\r\n") == "''(2) +0");
    CHECK(everywhere_lines("\r\n\r\n") == "''(2) ''(2) +0");
    CHECK(everywhere_lines("EHLO a\r\nMAIL FROM:<>\r\nRCPT") == "'EHLO a'(8) 'MAIL FROM:<>'(14) +4");
    CHECK(everywhere_lines("NOOP\r") == "+5");
    CHECK(everywhere_lines("NOOP \t\r\n") == "'NOOP \\t'(8) +0");
    CHECK(everywhere_lines("\xFF\x80\x01\x7F\r\n") == "'\\xFF\\x80\\x01\\x7F'(6) +0");
}

TEST_CASE("a fault in a line takes the whole line", "[line]") {
    CHECK(everywhere_lines("a\rb\r\nNOOP\r\n") == "bare_cr@1(5) 'NOOP'(6) +0");
    CHECK(everywhere_lines("a\nb\r\nNOOP\r\n") == "bare_lf@1(5) 'NOOP'(6) +0");
    CHECK(everywhere_lines("a\0b\r\nNOOP\r\n"sv) == "nul_octet@1(5) 'NOOP'(6) +0");
    CHECK(everywhere_lines("\rNOOP\r\n") == "bare_cr@0(7) +0");
    CHECK(everywhere_lines("\nNOOP\r\n") == "bare_lf@0(7) +0");
    CHECK(everywhere_lines("\0\r\n"sv) == "nul_octet@0(3) +0");
    CHECK(everywhere_lines("a\r\r\n") == "bare_cr@1(4) +0");
    CHECK(everywhere_lines("a\r\r\r\nb\r\n") == "bare_cr@1(5) 'b'(3) +0");
    CHECK(everywhere_lines("a\n\r\n") == "bare_lf@1(4) +0");
    CHECK(everywhere_lines("a\r\0\n\r\n"sv) == "bare_cr@1(6) +0");
    // The first fault is the one that is told.
    CHECK(everywhere_lines("a\nb\rc\0d\r\n"sv) == "bare_lf@1(9) +0");
    CHECK(everywhere_lines("a\0b\nc\rd\r\n"sv) == "nul_octet@1(9) +0");
    CHECK(everywhere_lines("RSET\nMAIL FROM:<a@b>\n.\n\r\nX\r\n") == "bare_lf@4(25) 'X'(3) +0");
    // A fault without an end keeps waiting for it.
    CHECK(everywhere_lines("a\nb\nc") == "+5");
    // Far after the first vector.
    std::string const far = std::string(100, 'x') + "\n" + std::string(50, 'y') + "\r\n";
    CHECK(everywhere_lines(far) == "bare_lf@100(153) +0");
}

TEST_CASE("LF alone ends a line where that is tolerated", "[line]") {
    leniency const lf = rule::bare_lf_line;
    CHECK(everywhere_lines("a\nb\r\nc\n", 512, lf) == "'a'(2) 'b'(3) 'c'(2) +0");
    CHECK(everywhere_lines("\n\n", 512, lf) == "''(1) ''(1) +0");
    CHECK(everywhere_lines("a\rb\n", 512, lf) == "bare_cr@1(4) +0");
    CHECK(everywhere_lines("a\0b\nc\n"sv, 512, lf) == "nul_octet@1(4) 'c'(2) +0");
    CHECK(everywhere_lines("a\r\r\nb\n", 512, lf) == "bare_cr@1(4) 'b'(2) +0");
    // No other rule does it.
    for (unsigned i = 0; i < rule_count; ++i) {
        auto const r = static_cast<rule>(i);
        if (r != rule::bare_lf_line) CHECK(everywhere_lines("a\nb\r\n", 512, r) == "bare_lf@1(5) +0");
    }
}

TEST_CASE("a line of exactly the limit, and one octet more", "[line]") {
    for (std::size_t const limit : {2u, 3u, 10u, 16u, 31u, 32u, 33u, 64u, 512u}) {
        CAPTURE(limit);
        std::string const fits = std::string(limit - 2, 'a'), n = std::to_string(limit), more = std::to_string(limit + 1);
        CHECK(everywhere_lines(fits + "\r\n", limit) == "'" + fits + "'(" + n + ") +0");
        CHECK(everywhere_lines(fits + "b\r\n", limit) == "line_too_long@" + n + "(" + more + ") +0");
        CHECK(everywhere_lines(fits + "bbbbbbbbbb\r\n\r\n", limit) ==
              "line_too_long@" + n + "(" + std::to_string(limit + 10) + ") ''(2) +0");
        CHECK(everywhere_lines(fits + "c\n", limit, rule::bare_lf_line) == "'" + fits + "c'(" + n + ") +0");
        CHECK(everywhere_lines(fits + "cc\n", limit, rule::bare_lf_line) == "line_too_long@" + n + "(" + more + ") +0");
        CHECK(everywhere_lines(fits + "c\r\n", limit, rule::bare_lf_line) == "line_too_long@" + n + "(" + more + ") +0");
    }
    // Too long is worse than faulty.
    CHECK(everywhere_lines("a\nbcdefgh\r\nNOOP\r\n", 8) == "line_too_long@8(11) 'NOOP'(6) +0");
    CHECK(everywhere_lines("abcdefghi\rj\r\nNOOP\r\n", 8) == "line_too_long@8(13) 'NOOP'(6) +0");
    CHECK(everywhere_lines("abcdefghi\r\r\r\r\r\nNOOP\r\n", 8) == "line_too_long@8(15) 'NOOP'(6) +0");
}

TEST_CASE("a line without end costs no memory", "[line]") {
    // LEN-cmd-1M, LEN-exim-ehlo: a caller with a buffer of `limit` octets is never asked to keep more, and never stuck.
    for (std::size_t const limit : {16u, 512u, 2048u}) {
        for (std::size_t const chunk : {1u, 7u, 512u, 4096u}) {
            std::string const text = "EHLO " + std::string(limit * 20, 'a') + "\r\nNOOP\r\n";
            std::vector<std::string_view> reads;
            for (std::size_t i = 0; i < text.size(); i += chunk) reads.push_back(std::string_view(text).substr(i, chunk));
            std::size_t most = 0;
            CHECK(lines_of(reads, limit, strict, &most) ==
                  "line_too_long@" + std::to_string(limit) + "(" + std::to_string(limit * 20 + 7) + ") 'NOOP'(6) +0");
            CHECK(most < limit);
        }
    }
    // With a buffer of exactly `limit` octets: there is always room for one more.
    for (leniency const tolerate : {strict, leniency(rule::bare_lf_line)}) {
        for (std::string_view const end : {"\r\n"sv, "\r\r\n"sv, "\0\r\n"sv}) {
            for (std::size_t length = 0; length < 60; ++length) {
                std::string const text = std::string(length, 'x') + std::string(end) + "NOOP\r\n";
                constexpr std::size_t limit = 32;
                line_reader reader;
                std::string buffer, last;
                bool stuck = false;
                for (char const c : text) {
                    stuck = stuck || buffer.size() == limit;
                    buffer += c;
                    auto const line = reader.next(buffer, limit, tolerate);
                    if (line.ready()) last = *line;
                    buffer.erase(0, line.consumed);
                }
                CAPTURE(length, escaped(end));
                CHECK_FALSE(stuck);
                CHECK(last == "NOOP");
            }
        }
    }
}

TEST_CASE("fewer octets than were there before are told, and never read", "[line]") {
    for (leniency const tolerate : {strict, leniency(rule::bare_lf_line)})
        for (std::size_t const limit : {8u, 512u})
            for (std::string_view const text : {"NOOP\r\n"sv, "a\rb\r\r\n"sv, "a\0bcdef\r\n"sv, "\r\n"sv, "a line that is too long\r\r\n"sv, "a line \r\r"sv})
                for (std::size_t cut = 0; cut <= text.size(); ++cut) {
                    line_reader reader;
                    auto const first = reader.next(support::shared_fence().put(text.substr(0, cut)), limit, tolerate);
                    if (!first.need_more()) break;
                    std::size_t const left = cut - first.consumed;
                    line_reader const saved = reader;
                    for (std::size_t less = 0; less < left; ++less) {
                        CAPTURE(escaped(text), cut, less);
                        auto const r = reader.next(support::shared_fence().put(text.substr(first.consumed, less)), limit, tolerate);
                        REQUIRE(r.failed());
                        CHECK(r.error() == fail(errc::missing_octets, less));
                        CHECK(r.consumed == 0);
                        // Nothing is forgotten.
                        line_reader again = reader, before = saved;
                        std::string_view const rest = text.substr(first.consumed);
                        auto const right = again.next(support::shared_fence().put(rest), limit, tolerate), expected = before.next(rest, limit, tolerate);
                        CHECK(right.ready() == expected.ready());
                        CHECK(right.failed() == expected.failed());
                        CHECK(right.consumed == expected.consumed);
                        if (right.ready()) CHECK(*right == *expected);
                        if (right.failed()) CHECK(right.error() == expected.error());
                    }
                    // What was consumed does not count.
                    if (left == 0) {
                        CHECK(reader.next("", limit, tolerate).need_more());
                        CHECK(reader.at_start() == (cut == 0));
                    }
                }
}

TEST_CASE("an empty read begins no line", "[line]") {
    line_reader reader;
    CHECK(reader.next("", 512).need_more());
    CHECK(reader.at_start());
    CHECK(reader.next("NOOP\r\n", 512).ready());
    CHECK(reader.next("", 512).need_more());
    CHECK(reader.at_start());
    CHECK(reader.next("N", 512).need_more());
    CHECK_FALSE(reader.at_start());
}

TEST_CASE("discarding is told", "[line]") {
    line_reader reader;
    CHECK_FALSE(reader.discarding());
    CHECK(reader.next("abcdefghijk", 8).consumed == 11);
    CHECK(reader.discarding());
    CHECK(reader.next("x\r", 8).consumed == 1);
    auto const end = reader.next("\r\n", 8);
    CHECK(end.failed());
    CHECK(end.consumed == 2);
    CHECK_FALSE(reader.discarding());
}

TEST_CASE("random octets make the same lines in any cut", "[line]") {
    generate::rng r(2318);
    std::size_t lines = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (std::size_t n = r.below(12); n > 0; --n) {
            switch (r.below(9)) {
            case 0: text += '\r'; break;
            case 1: text += '\n'; break;
            case 2: text += r.one_in(3) ? '\0' : '.'; break;
            case 3: case 4: text += "\r\n"; break;
            default: text += std::string(r.below(20), 'a'); break;
            }
        }
        std::size_t const limit = r.between(2, 40);
        leniency const tolerate = r.one_in(2) ? strict : leniency(rule::bare_lf_line);
        std::string const whole = lines_of({text}, limit, tolerate);
        std::vector<std::string_view> reads;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t const n = r.between(1, 9);
            reads.push_back(std::string_view(text).substr(at, n));
            at += n;
        }
        std::string const cut = lines_of(reads, limit, tolerate);
        if (cut != whole) FAIL_CHECK(escaped(text) << " limit " << limit << ": " << whole << " but " << cut);
        // A plain reading of the same rules.
        std::string plain;
        std::size_t begin = 0;
        for (std::size_t at = 0; at < text.size(); ++at) {
            bool const crlf = text[at] == '\n' && at > begin && text[at - 1] == '\r';
            if (text[at] != '\n' || (!crlf && tolerate.empty())) continue;
            std::string const line = text.substr(begin, at + 1 - begin - (crlf ? 2 : 1));
            std::string fault;
            for (std::size_t k = 0; k < line.size() && fault.empty(); ++k)
                if (line[k] == '\0' || line[k] == '\r' || line[k] == '\n')
                    fault = say(fail(line[k] == '\0' ? errc::nul_octet : line[k] == '\r' ? errc::bare_cr : errc::bare_lf, k));
            std::size_t const size = at + 1 - begin;
            plain += size > limit ? say(fail(errc::line_too_long, limit)) : fault.empty() ? say(std::string_view(line)) : fault;
            plain += "(" + std::to_string(size) + ") ";
            begin = at + 1;
            ++lines;
        }
        plain += "+" + std::to_string(text.size() - begin);
        if (plain != whole) FAIL_CHECK(escaped(text) << " limit " << limit << ": " << whole << " but plainly " << plain);
    }
    CHECK(lines > 20000);
}

namespace {
constexpr bool at_compile_time() {
    line_reader reader;
    auto const half = reader.next("MAIL\r", 512);
    auto const whole = reader.next("MAIL\r\nX", 512);
    auto const bad = reader.next("a\rb\r\n", 512);
    return half.need_more() && half.consumed == 0 && whole.ready() && *whole == "MAIL" && whole.consumed == 6 &&
           bad.failed() && bad.error() == fail(errc::bare_cr, 1) && bad.consumed == 5;
}
static_assert(at_compile_time());
}  // namespace

}  // namespace test_line
