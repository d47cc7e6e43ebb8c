// reply.hpp: replies that are read

#include "support.hpp"

#include "generate.hpp"

#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test_reply {

using namespace ehlo;
using support::escaped;
using support::say;
using support::split_everywhere;
using namespace std::string_view_literals;

namespace {

// Reads replies until one fails or no more comes.
std::string replies_of(std::vector<std::string_view> const& reads, reply_limits const& limits = {}) {
    support::growing& in = support::shared_buffer();
    reply_reader reader;
    std::string log;
    for (std::string_view const more : reads) {
        in.read(more);
        for (;;) {
            auto const r = reader.next(in.view(), limits);
            if (r.failed()) return log + say(r.error());
            if (r.need_more()) break;
            log += say(*r) + " (" + std::to_string(r.consumed) + "," + std::to_string(r->line_count()) + ") ";
            bool const after_empty_lines = r->tolerated().has(rule::empty_line_between_replies);
            if ((r->octets().size() != r.consumed) != after_empty_lines || !in.view().substr(0, r.consumed).ends_with(r->octets())) log += "octets are not what was consumed ";
            in.discard(r.consumed);
        }
        if (reader.in_reply() && in.size() == 0) log += "in a reply without octets ";
    }
    return log + "+" + std::to_string(in.size());
}
std::string everywhere_replies(std::string_view text, reply_limits const& limits = {}) {
    return split_everywhere(text, [&](std::vector<std::string_view> const& reads) { return replies_of(reads, limits); });
}

std::string write(reply const& r) {
    return support::written([&](writer& w) { return write_reply(w, r); });
}

}  // namespace

TEST_CASE("replies, cut anywhere", "[reply]") {
    CHECK(everywhere_replies("") == "+0");
    CHECK(everywhere_replies("250 OK\r\n") == "250: 'OK' [] (8,1) +0");
    CHECK(everywhere_replies("250\r\n") == "250: '' [] (5,1) +0");
    CHECK(everywhere_replies("250 \r\n") == "250: '' [] (6,1) +0");
    CHECK(everywhere_replies("250-\r\n250 \r\n") == "250: '' '' [] (12,2) +0");
    CHECK(everywhere_replies("250-a\r\n250-\r\n250-b\r\n250\r\n") == "250: 'a' '' 'b' '' [] (25,4) +0");
    CHECK(everywhere_replies("250-a\r\n250 b\r\n354 c\r\n") == "250: 'a' 'b' [] (14,2) 354: 'c' [] (7,1) +0");
    CHECK(everywhere_replies("250 -\r\n") == "250: '-' [] (7,1) +0");
    CHECK(everywhere_replies("250--\r\n250  x \r\n") == "250: '-' ' x ' [] (16,2) +0");
    CHECK(everywhere_replies("250-half") == "+8");
    CHECK(everywhere_replies("250 OK\r") == "+7");
    CHECK(everywhere_replies("25") == "+2");
    CHECK(everywhere_replies("559 x\r\n200 y\r\n") == "559: 'x' [] (7,1) 200: 'y' [] (7,1) +0");
    CHECK(everywhere_replies("250 \t\x01\x7F\xFF\xC3\xBC\r\n") == "250: '\\t\\x01\\x7F\\xFF\\xC3\\xBC' [] (12,1) +0");
    CHECK(everywhere_replies("220 a\r\n250 b\r\n25") == "220: 'a' [] (7,1) 250: 'b' [] (7,1) +2");
}

TEST_CASE("RFC 5321 4.3.2: a code that nobody registered is read by its first digit", "[reply]") {
    for (unsigned code = 0; code < 1000; code += generate::every(3)) {
        std::string const digits = std::to_string(1000 + code).substr(1);
        bool const right = code >= 200 && code < 600;
        auto read = [&](std::string const& codes, int lines, std::string const& texts) {
            return right ? digits + ": " + texts + " [] (" + std::to_string(codes.size()) + "," + std::to_string(lines) + ") +0" : std::string("bad_reply_code@0");
        };
        // Whole, octet by octet, cut at every place: one line, without text, several.
        for (std::string const& tail : {std::string(" no"), std::string(), std::string("-a\r\n" + digits + " b")}) {
            std::string const text = digits + tail + "\r\n";
            std::string const expected = tail.empty() ? read(text, 1, "''") : tail[0] == ' ' ? read(text, 1, "'no'") : read(text, 2, "'a' 'b'");
            if (std::string const got = everywhere_replies(text); got != expected) FAIL_CHECK(escaped(text) << ": " << got << " instead of " << expected);
        }
        // Written and read again, in one line and in two.
        for (std::string const& text : {std::string("no"), std::string(600, 'x')}) {
            std::string const out = write(reply(code, text));
            auto const back = parse_reply(out);
            bool const same = right ? back.ready() && back->code() == code && back.consumed == out.size() && back->line_count() == (text.size() > 2 ? 2u : 1u)
                                    : out == "bad_value@0";
            if (!same) FAIL_CHECK(code << " was written as " << escaped(out));
        }
        if (right && (static_cast<unsigned>(class_of(code)) != code / 100)) FAIL_CHECK(code);
    }
    static_assert(reply("571 5.7.1 no").code == 571 && reply("299").code == 299 && reply("360 x").code == 360);
    static_assert(!check(reply(571, status{5, 7, 1}, "no")) && check(reply(571, status{4, 7, 1}, "no"))->code == errc::bad_status);
}

TEST_CASE("a number that is too large for a code is not cut down to one", "[reply]") {
    // In 16 bits the second and those after it are 250, 0 (which is `later`), 571; in 8 bits, 51400 / 100 is 2.
    for (unsigned const code : {1000u, 65786u, 65536u, 66107u, 51400u, 0x10000u + 599, 0xFFFFFFFFu}) {
        CHECK(write(reply(code, "x")) == "bad_value@0");
        CHECK_FALSE(reply(code, "x").is_later());
        CHECK_FALSE(reply(code, "x").accepted());
        CHECK(static_cast<unsigned>(class_of(code)) == 0);
        CHECK_FALSE(is_reply_code(code));
    }
}

TEST_CASE("octets that are no reply, cut anywhere", "[reply]") {
    CHECK(everywhere_replies("\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("x50 a\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("150 a\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("650 a\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("050 a\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("2x0 a\r\n") == "bad_reply_code@1");
    CHECK(everywhere_replies("25x a\r\n") == "bad_reply_code@2");
    CHECK(everywhere_replies("25\r\n") == "bad_reply_code@2");
    CHECK(everywhere_replies("2\r\n") == "bad_reply_code@1");
    CHECK(everywhere_replies(" 250 a\r\n") == "bad_reply_code@0");
    CHECK(everywhere_replies("2500 a\r\n") == "bad_reply_separator@3");
    CHECK(everywhere_replies("250_a\r\n") == "bad_reply_separator@3");
    CHECK(everywhere_replies("250\ta\r\n") == "bad_reply_separator@3");
    CHECK(everywhere_replies("250\xFF\r\n") == "bad_reply_separator@3");
    CHECK(everywhere_replies("250\0a\r\n"sv) == "nul_octet@3");
    CHECK(everywhere_replies("250 a\0b\r\n"sv) == "nul_octet@5");
    CHECK(everywhere_replies("250 a\nb\r\n") == "bare_lf@5");
    CHECK(everywhere_replies("250 a\n") == "bare_lf@5");
    CHECK(everywhere_replies("250\n") == "bare_lf@3");
    CHECK(everywhere_replies("250 a\rb\r\n") == "bare_cr@5");
    CHECK(everywhere_replies("250\r250\r\n") == "bare_cr@3");
    CHECK(everywhere_replies("250 a\r\r\n") == "bare_cr@5");
    CHECK(everywhere_replies("250-a\r\n\r\n") == "bad_reply_code@7");
    CHECK(everywhere_replies("250-a\r\nb\r\n") == "bad_reply_code@7");
    CHECK(everywhere_replies("250-a\r\n260 b\r\n") == "mixed_reply_codes@8");
    CHECK(everywhere_replies("250-a\r\n251 b\r\n") == "mixed_reply_codes@9");
    CHECK(everywhere_replies("250-a\r\n350 b\r\n") == "mixed_reply_codes@7");
    CHECK(everywhere_replies("250 a\r\n250-b\r\n240 c\r\n") == "250: 'a' [] (7,1) mixed_reply_codes@8");
    CHECK(everywhere_replies("250 ok\r\nRSET\r\n") == "250: 'ok' [] (8,1) bad_reply_code@0");
}

TEST_CASE("replies of attacks.json", "[reply]") {
    CHECK(everywhere_replies("553-a\r\n553\r\n") == "553: 'a' '' [] (12,2) +0");                     // REP-8794
    CHECK(everywhere_replies("553-a\r\n55\r\n") == "bad_reply_code@9");                               // REP-8794-short
    CHECK(everywhere_replies("553-\r\n553-\r\n553 \r\n") == "553: '' '' '' [] (18,3) +0");            // REP-8794-cont-empty
    CHECK(everywhere_replies("12345") == "bad_reply_code@0");                                         // REP-curl-3823
    CHECK(everywhere_replies("25045") == "bad_reply_separator@3");
    CHECK(everywhere_replies("220-woot\r\n221-more\r\n220 done\r\n") == "mixed_reply_codes@12");      // REP-code-change
    CHECK(everywhere_replies("250-a\r\n550 b\r\n") == "mixed_reply_codes@7");                         // REP-code-change-last
    CHECK(everywhere_replies("220_woot\r\n") == "bad_reply_separator@3");                             // REP-separator
    CHECK(everywhere_replies("250 2.0.0.1 w00t\r\n") == "250: '2.0.0.1 w00t' [] (18,1) +0");          // REP-enh-4part
    std::string endless;                                                                              // REP-infinite-multiline
    for (int i = 0; i < 1000; ++i) endless += "250-a\r\n";
    CHECK(everywhere_replies(endless) == "reply_too_long@700");
    CHECK(everywhere_replies("250 " + std::string(5000, 'a')) == "reply_too_long@2046");              // REP-endless-line
}

TEST_CASE("mixed codes, tolerated: the last one counts", "[reply]") {
    reply_limits const loose{.tolerate = rule::mixed_reply_codes};
    CHECK(everywhere_replies("250-a\r\n550 b\r\n", loose) == "550: 'a' 'b' [mixed_reply_codes] (14,2) +0");
    CHECK(everywhere_replies("550-a\r\n251-b\r\n250 c\r\n", loose) == "250: 'a' 'b' 'c' [mixed_reply_codes] (21,3) +0");
    CHECK(everywhere_replies("250-a\r\n251 b\r\n250 c\r\n", loose) ==
          "251: 'a' 'b' [mixed_reply_codes] (14,2) 250: 'c' [] (7,1) +0");
    CHECK(everywhere_replies("250-a\r\n260 b\r\n", loose) == "260: 'a' 'b' [mixed_reply_codes] (14,2) +0");
    CHECK(everywhere_replies("250-a\r\n2:0 b\r\n", loose) == "bad_reply_code@8");
}

TEST_CASE("RFC 5321 4.2: empty lines before a reply, refused or passed over", "[reply]") {
    reply_limits const loose{.tolerate = rule::empty_line_between_replies};
    // Refused by default.
    CHECK(everywhere_replies("250 a\r\n\r\n250 b\r\n") == "250: 'a' [] (7,1) bad_reply_code@0");
    CHECK(everywhere_replies("250 a\r\n\r\n250 b\r\n", {.tolerate = rule::mixed_reply_codes}) == "250: 'a' [] (7,1) bad_reply_code@0");
    // Passed over, and told of the reply that follows, not of the next one.
    CHECK(everywhere_replies("\r\n250 a\r\n", loose) == "250: 'a' [empty_line_between_replies] (9,1) +0");
    CHECK(everywhere_replies("250 a\r\n\r\n250 b\r\n250 c\r\n", loose) ==
          "250: 'a' [] (7,1) 250: 'b' [empty_line_between_replies] (9,1) 250: 'c' [] (7,1) +0");
    CHECK(everywhere_replies("\r\n\r\n\r\n250-a\r\n250 b\r\n", loose) == "250: 'a' 'b' [empty_line_between_replies] (20,2) +0");
    CHECK(everywhere_replies("\r\n250\r\n\r\n\r\n571\r\n", loose) ==
          "250: '' [empty_line_between_replies] (7,1) 571: '' [empty_line_between_replies] (9,1) +0");
    CHECK(everywhere_replies("250 a\r\n\r\n", loose) == "250: 'a' [] (7,1) +2");
    CHECK(everywhere_replies("250 a\r\n\r", loose) == "250: 'a' [] (7,1) +1");
    // Only CRLF is an empty line, and within a reply there is none.
    CHECK(everywhere_replies("\n250 a\r\n", loose) == "bad_reply_code@0");
    CHECK(everywhere_replies("\r250 a\r\n", loose) == "bad_reply_code@0");
    CHECK(everywhere_replies("\r\n\r\r\n250 a\r\n", loose) == "bad_reply_code@2");
    CHECK(everywhere_replies(" \r\n250 a\r\n", loose) == "bad_reply_code@0");
    CHECK(everywhere_replies("\r\n 250 a\r\n", loose) == "bad_reply_code@2");
    CHECK(everywhere_replies("\r\n150 a\r\n", loose) == "bad_reply_code@2");
    CHECK(everywhere_replies("\r\n250-a\r\n\r\n250 b\r\n", loose) == "bad_reply_code@9");
    CHECK(everywhere_replies("\r\n250-a\r\n251 b\r\n", loose) == "mixed_reply_codes@11");
    CHECK(everywhere_replies("\r\n250-a\r\n251 b\r\n", {.tolerate = leniency::all()}) ==
          "251: 'a' 'b' [mixed_reply_codes,empty_line_between_replies] (16,2) +0");
    // They count against the limit of all lines: an endless row of them ends somewhere.
    std::string endless;
    for (int i = 0; i < 100; ++i) endless += "\r\n";
    CHECK(everywhere_replies(endless, {.total = 100, .tolerate = leniency::all()}) == "reply_too_long@96");
    // An empty line alone is no reply under way.
    reply_reader reader;
    CHECK(reader.next("\r", loose).need_more());
    CHECK_FALSE(reader.in_reply());
    CHECK(reader.next("\r\n", loose).need_more());
    CHECK_FALSE(reader.in_reply());
    CHECK(reader.next("\r\n2", loose).need_more());
    CHECK(reader.in_reply());
    static_assert(parse_reply("\r\n250 a\r\n", {.tolerate = rule::empty_line_between_replies})->text() == "a");
    static_assert(parse_reply("250 2.0.0 a\r\n")->text() == "2.0.0 a" && parse_reply("250-a\r\n250 b\r\n")->text() == "a" && parse_reply("250\r\n")->text().empty());
}

TEST_CASE("what servers send that is no reply, tolerated by name", "[reply]") {
    struct { rule r; std::string text, strict, loose; } const odd[] = {
        {rule::bare_lf_reply, "250 a\n", "bare_lf@5", "250: 'a' [bare_lf_reply] (6,1) +0"},
        {rule::bare_lf_reply, "250\n", "bare_lf@3", "250: '' [bare_lf_reply] (4,1) +0"},
        {rule::bare_lf_reply, "250-a\n250-\n250 b\r\n250 c\r\n", "bare_lf@5", "250: 'a' '' 'b' [bare_lf_reply] (18,3) 250: 'c' [] (7,1) +0"},
        {rule::bare_lf_reply, "250-a\r\n250 b\n354 c\n", "bare_lf@12", "250: 'a' 'b' [bare_lf_reply] (13,2) 354: 'c' [bare_lf_reply] (6,1) +0"},
        {rule::controls_in_reply, "250 a\rb\r\n", "bare_cr@5", "250: 'a\\rb' [controls_in_reply] (9,1) +0"},
        {rule::controls_in_reply, "250 a\r250 b\r\r\n", "bare_cr@5", "250: 'a\\r250 b\\r' [controls_in_reply] (14,1) +0"},
        {rule::controls_in_reply, std::string("250-\0\r\n250 a\0b\0\r\n", 17), "nul_octet@4", "250: '\\x00' 'a\\x00b\\x00' [controls_in_reply] (17,2) +0"},
        {rule::odd_reply_separator, "250_a\r\n", "bad_reply_separator@3", "250: 'a' [odd_reply_separator] (7,1) +0"},
        {rule::odd_reply_separator, "250-a\r\n250: b\r\n", "bad_reply_separator@10", "250: 'a' ' b' [odd_reply_separator] (15,2) +0"},
        {rule::odd_reply_code, "950 a\r\n", "bad_reply_code@0", "950: 'a' [odd_reply_code] (7,1) +0"},
        {rule::odd_reply_code, "100-a\r\n100 b\r\n", "bad_reply_code@0", "100: 'a' 'b' [odd_reply_code] (14,2) +0"},
    };
    for (auto const& o : odd) {
        CAPTURE(o.text);
        CHECK(everywhere_replies(o.text).find(o.strict.substr(0, o.strict.find('@'))) != std::string::npos);
        CHECK(everywhere_replies(o.text, {.tolerate = leniency::all() - o.r}) == everywhere_replies(o.text, {.tolerate = strict}));
        CHECK(everywhere_replies(o.text, {.tolerate = o.r}) == everywhere_replies(o.text, {.tolerate = leniency::all()}));
        CHECK(everywhere_replies(o.text, {.tolerate = o.r}) == o.loose);
    }
    // A line that is none stays none.
    for (std::string const text : {"25 a\r\n", "2500\n", "hello\r\n", "\n250 a\r\n", "-50 a\r\n", "250-a\r\nhello\r\n"})
        CHECK(everywhere_replies(text, {.tolerate = leniency::all() - rule::odd_reply_separator}).find("bad_reply") != std::string::npos);
    static_assert(parse_reply("950-a\n950_b\n", {.tolerate = of_replies})->line_count() == 2);
    static_assert(!parse_reply("950 a\r\n", {.tolerate = of_replies})->accepted() && !parse_reply("150 a\r\n", {.tolerate = of_replies})->accepted());
}

TEST_CASE("the quick reading of a code takes three digits and nothing else, whatever borrows from its neighbour or carries into it", "[reply]") {
    std::size_t wrong = 0;
    for (auto const& [one, other] : {std::pair(0u, 1u), std::pair(1u, 2u), std::pair(2u, 3u), std::pair(0u, 2u)})
        for (unsigned octets = 0; octets < 0x10000; ++octets) {
            std::string text = "250 a\r\n";
            text[one] = static_cast<char>(octets >> 8);
            text[other] = static_cast<char>(octets & 0xFF);
            detail::fast::reply quick;
            bool const right = text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) && is_digit(text[2]) && text[3] == ' ';
            bool const read = quick.read(text);
            wrong += read != right || (read && std::to_string(quick.code) != text.substr(0, 3));
        }
    CHECK(wrong == 0);
}

TEST_CASE("replies: fewer octets than were there before are told, and never read", "[reply]") {
    // Every reply cut anywhere, then every shorter buffer, then the right one again.
    for (reply_limits const& limits : {reply_limits(), reply_limits{.tolerate = leniency::all()}})
        for (std::string_view const text : {"250 OK\r\n"sv, "250-a\r\n250-\r\n250 b\r\n"sv, "\r\n\r\n250-a\r\n250 b\r\n"sv, "2\r\n"sv, "250 a\rb"sv})
            for (std::size_t cut = 0; cut <= text.size(); ++cut) {
                reply_reader reader;
                if (auto const first = reader.next(support::shared_fence().put(text.substr(0, cut)), limits); !first.need_more()) break;
                reply_reader const saved = reader;
                for (std::size_t less = 0; less < cut; ++less) {
                    CAPTURE(escaped(text), cut, less);
                    auto const r = reader.next(support::shared_fence().put(text.substr(0, less)), limits);
                    REQUIRE(r.failed());
                    CHECK(r.error() == fail(errc::missing_octets, less));
                    CHECK(r.consumed == 0);
                    // Nothing is forgotten.
                    reply_reader again = reader, before = saved;
                    auto const right = again.next(support::shared_fence().put(text), limits), expected = before.next(text, limits);
                    CHECK(right.ready() == expected.ready());
                    CHECK(right.failed() == expected.failed());
                    CHECK(right.consumed == expected.consumed);
                    if (right.ready()) CHECK(right->octets() == expected->octets());
                    if (right.failed()) CHECK(right.error() == expected.error());
                }
                // Another octet at each place of what was there: nothing is read outside, whatever is made of it.
                for (std::size_t at = 0; at < cut; ++at)
                    for (char const other : {'\r', '\n', 'x', '-', '2'}) {
                        std::string wrong(text);
                        wrong[at] = other;
                        reply_reader strange = saved;
                        auto const r = strange.next(support::shared_fence().put(wrong), limits);
                        CHECK(r.consumed <= wrong.size());
                        std::size_t octets = 0;
                        if (r.ready())
                            for (std::string_view const line : r->lines()) octets += line.size();
                        CHECK(octets <= wrong.size());
                    }
            }
    // Nothing was there: nothing is missing.
    reply_reader reader;
    CHECK(reader.next("").need_more());
    CHECK(reader.next("250 a\r\n").ready());
    CHECK(reader.next("").need_more());
    CHECK(blame_of(errc::missing_octets) == blame::misuse);
}

TEST_CASE("limits of replies", "[reply]") {
    // A line of exactly the limit, and one more.
    for (std::uint32_t const limit : {10u, 16u, 33u, 512u}) {
        CAPTURE(limit);
        reply_limits const limits{.line = limit};
        std::string const fits = "250 " + std::string(limit - 6, 'a'), n = std::to_string(limit),
                          cr = "reply_too_long@" + std::to_string(limit - 2);  // where the CR should be at last
        CHECK(everywhere_replies(fits + "\r\n", limits) == "250: '" + fits.substr(4) + "' [] (" + n + ",1) +0");
        CHECK(everywhere_replies(fits + "b\r\n", limits) == cr);
        CHECK(everywhere_replies(fits + "b", limits) == cr);
        CHECK(everywhere_replies(fits, limits) == "+" + std::to_string(limit - 2));
        // The second line counts anew.
        CHECK(everywhere_replies("250-x\r\n" + fits + "b\r\n", limits) == "reply_too_long@" + std::to_string(limit + 5));
        CHECK(everywhere_replies("250-x\r\n" + fits + "\r\n", limits).substr(0, 8) == "250: 'x'");
    }
    // All lines together.
    reply_limits const total{.total = 20};
    CHECK(everywhere_replies("250-a\r\n250-b\r\n250\r\n", total) == "250: 'a' 'b' '' [] (19,3) +0");
    CHECK(everywhere_replies("250-a\r\n250-b\r\n250 \r\n", total) == "250: 'a' 'b' '' [] (20,3) +0");
    CHECK(everywhere_replies("250-a\r\n250-b\r\n250 c\r\n", total) == "reply_too_long@18");
    CHECK(everywhere_replies("250-a\r\n250-bc\r\n250-\r\nx", {.total = 21}) == "reply_too_long@21");
    CHECK(everywhere_replies("250-a\r\n250-bcd\r\nx", {.total = 20}) == "reply_too_long@16");
    // The shortest line there is: its code, without a text.
    CHECK(everywhere_replies("250-a\r\n250\r\n", {.total = 12}).substr(0, 8) == "250: 'a'");
    CHECK(everywhere_replies("250-a\r\n250\r\n", {.total = 11}) == "reply_too_long@7");
    // Lines.
    reply_limits const lines{.lines = 3};
    CHECK(everywhere_replies("250-a\r\n250-b\r\n250 c\r\n", lines) == "250: 'a' 'b' 'c' [] (21,3) +0");
    CHECK(everywhere_replies("250-a\r\n250-b\r\n250-c\r\n250 d\r\n", lines) == "reply_too_long@21");
    CHECK(everywhere_replies("250 a\r\n250 b\r\n250 c\r\n250 d\r\n", lines).back() == '0');
    // However long the reply, no more than the limit is ever asked for.
    std::string const endless = "250 " + std::string(100000, 'a');
    support::growing& in = support::shared_buffer();
    reply_reader reader;
    bool failed = false;
    for (char const c : endless) {
        in.read({&c, 1});
        auto const r = reader.next(in.view());
        if ((failed = r.failed())) break;
    }
    CHECK(failed);
    CHECK(in.size() == 2047);
}

TEST_CASE("what a reply says", "[reply]") {
    constexpr auto r = parse_reply("250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n250 next");
    static_assert(r.ready() && r->code() == 250 && r.consumed == 51 && r->line_count() == 3);
    static_assert(r->kind() == reply_class::completion && r->accepted() && r->is_plain());
    static_assert(parse_reply("250-half").need_more() && parse_reply("250-half").consumed == 0);
    static_assert(parse_reply("2:0 x\r\n").error() == fail(errc::bad_reply_code, 1));
    static_assert(parse_reply("571 x\r\n")->code() == 571);
    CHECK(parse_reply("354 go\r\n")->kind() == reply_class::intermediate);
    CHECK(parse_reply("354 go\r\n")->accepted());
    CHECK(parse_reply("450 no\r\n")->kind() == reply_class::transient);
    CHECK_FALSE(parse_reply("450 no\r\n")->accepted());
    CHECK(parse_reply("550 no\r\n")->kind() == reply_class::permanent);
    CHECK(parse_reply("250 a\tb\r\n")->is_plain());
    CHECK_FALSE(parse_reply("250 a\x01\r\n")->is_plain());
    CHECK_FALSE(parse_reply("250-ok\r\n250 \xC3\xBC\r\n")->is_plain());
    CHECK_FALSE(parse_reply("250 \x7F\r\n")->is_plain());
    reply_reader reader;
    CHECK_FALSE(reader.in_reply());
    CHECK(reader.next("25").need_more());
    CHECK(reader.in_reply());
    CHECK(reader.next("250 a\r\n").ready());
    CHECK_FALSE(reader.in_reply());
}

TEST_CASE("enhanced codes in replies", "[reply]") {
    auto enhanced = [](std::string_view text) {
        auto const r = parse_reply(text);
        REQUIRE(r.ready());
        return r->enhanced() ? say(*r->enhanced()) : std::string("none");
    };
    CHECK(enhanced("250 2.1.0 OK\r\n") == "2.1.0");
    CHECK(enhanced("250 2.1.0\r\n") == "2.1.0");
    CHECK(enhanced("550-5.1.1 a\r\n550 5.1.2 b\r\n") == "5.1.1");
    CHECK(enhanced("451 4.999.999 x\r\n") == "4.999.999");
    CHECK(enhanced("250 OK\r\n") == "none");
    CHECK(enhanced("250\r\n") == "none");
    CHECK(enhanced("250 5.1.0 OK\r\n") == "none");      // another class
    CHECK(enhanced("354 3.0.0 go\r\n") == "none");
    CHECK(enhanced("250 2.0.0.1 w00t\r\n") == "none");  // four parts
    CHECK(enhanced("250 2.01.0 x\r\n") == "none");      // a leading zero
    CHECK(enhanced("250 2.0.00 x\r\n") == "none");
    CHECK(enhanced("250 2.1000.0 x\r\n") == "none");
    CHECK(enhanced("250 2.1 x\r\n") == "none");
    CHECK(enhanced("250 2.1.0x\r\n") == "none");
    CHECK(enhanced("250  2.1.0 x\r\n") == "none");
    CHECK(enhanced("250-x\r\n250 2.1.0 y\r\n") == "none");
}

namespace {

// Lines of one reply, mostly right: separators, controls, TABs, codes and lengths of all kinds.
std::string drawn_reply(generate::rng& r) {
    constexpr std::string_view codes[] = {"220", "250", "354", "421", "550", "599", "260", "150", "2x0"};
    std::string const code(codes[r.below(r.one_in(8) ? 9 : 5)]);
    std::string out;
    for (std::size_t lines = r.one_in(12) ? r.between(5, 12) : r.between(1, 4); lines > 0; --lines) {
        out += r.one_in(40) ? std::string(codes[r.below(9)]) : code;
        if (r.one_in(20)) out += r.pick(" -\r\n\t=x");
        else if (lines > 1) out += '-';
        else if (!r.one_in(6)) out += ' ';
        else if (r.one_in(4)) out += '-';
        for (std::size_t n = r.one_in(6) ? r.between(30, 90) : r.below(20); n > 0; --n)
            out += r.one_in(100) ? r.pick("\t\x01\x0B\x0C\x7F\x80\xFF\r\n\0"sv) : static_cast<char>(r.between(32, 126));
        out += r.one_in(40) ? std::string(1, r.pick("\r\n")) : "\r\n";
    }
    return out;
}

}  // namespace

TEST_CASE("a reply that is whole is read as one that comes octet by octet", "[reply]") {
    generate::rng r(4242);
    reply_limits const small{.line = 60, .total = 150, .lines = 4, .tolerate = strict},
        lenient{.line = 80, .total = 400, .lines = 5, .tolerate = rule::mixed_reply_codes};
    std::string wrong;
    int ready = 0, failed = 0;
    for (int i = 0; i < generate::drawn(40000) && wrong.empty(); ++i) {
        std::string text = drawn_reply(r);
        if (r.one_in(4)) text += drawn_reply(r);
        if (r.one_in(4)) generate::mutate(r, text);
        for (reply_limits const& limits : {reply_limits(), small, lenient}) {
            std::vector<std::string_view> octets;
            for (std::size_t at = 0; at < text.size(); ++at) octets.push_back(std::string_view(text).substr(at, 1));
            std::string const whole = replies_of({text}, limits), slow = replies_of(octets, limits);
            if (whole != slow) wrong = escaped(text) + ": " + whole + " instead of " + slow;
            bool const all = whole.ends_with("+0");
            ready += all, failed += !all;
        }
    }
    CHECK(wrong == "");
    CHECK(ready > generate::drawn(20000));
    CHECK(failed > generate::drawn(20000));
}

TEST_CASE("every octet at every place of a reply", "[reply]") {
    std::string wrong;
    for (std::string_view const reply : {"250-mx.example Hello\r\n250-SIZE 1000\r\n250 DSN\r\n"sv, "354 Go on\r\n"sv, "250\r\n"sv})
        for (std::size_t at = 0; at < reply.size(); ++at)
            for (std::size_t octet = at % generate::every(3); octet < 256; octet += generate::every(3))
                for (bool const insert : {false, true}) {
                    std::string text(reply);
                    if (insert) text.insert(at, 1, static_cast<char>(octet));
                    else text[at] = static_cast<char>(octet);
                    std::vector<std::string_view> octets;
                    for (std::size_t i = 0; i < text.size(); ++i) octets.push_back(std::string_view(text).substr(i, 1));
                    std::string const whole = replies_of({text}), slow = replies_of(octets);
                    if (whole != slow && wrong.empty()) wrong = escaped(text) + ": " + whole + " instead of " + slow;
                }
    CHECK(wrong == "");
}

}  // namespace test_reply
