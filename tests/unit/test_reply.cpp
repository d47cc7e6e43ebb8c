// reply.hpp: replies written, parsed, and the right one for every failure
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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

constexpr unsigned errc_count = static_cast<unsigned>(errc::missing_octets) + 1;

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
    for (unsigned code = 0; code < 1000; ++code) {
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
    // In 16 bits these are 250, 0 (which is `later`), 571; in 8 bits, 51400 / 100 is 2.
    for (unsigned const code : {65786u, 65536u, 66107u, 51400u, 0x10000u + 599, 0xFFFFFFFFu}) {
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

TEST_CASE("all codes that an RFC gives to SMTP have a meaning", "[reply]") {
    std::set<unsigned> const codes = {211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 353, 354, 355, 421, 422, 430, 432, 450, 451, 452, 453,
                                      454, 455, 458, 459, 500, 501, 502, 503, 504, 521, 523, 524, 525, 530, 533, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556};
    unsigned before = 0;
    for (reply_meaning const& row : reply_meanings) {
        CHECK(row.code > before);
        CHECK(is_reply_code(row.code));
        before = row.code;
    }
    for (unsigned code = 0; code < 1000; ++code) {
        bool const right = code / 100 >= 2 && code / 100 <= 5;
        if (is_reply_code(code) != right || meaning(code).empty() == codes.contains(code)) FAIL_CHECK(code);
    }
    static_assert(!meaning(250).empty() && meaning(299).empty());
    CHECK_FALSE(is_reply_code(65786));  // 250 in 16 bits
    static_assert(is_positive(250) && is_positive(354) && !is_positive(450) && !is_positive(550) && !is_positive(150));
}

TEST_CASE("replies that are written", "[reply]") {
    CHECK(write("250 2.0.0 OK") == "250 2.0.0 OK\r\n");
    CHECK(write(replies::start_content) == "354 Start mail input; end with <CRLF>.<CRLF>\r\n");
    CHECK(write("250 OK") == "250 OK\r\n");
    CHECK(write(reply(220, "mx ready")) == "220 mx ready\r\n");
    CHECK(write(reply(550, status{5, 1, 1}, "")) == "550 5.1.1\r\n");
    CHECK(write(reply(250, "a\tb\xC3\xBC")) == "250 a\tb\xC3\xBC\r\n");
    constexpr reply literal = "550 5.1.1 No such user";
    static_assert(literal.code == 550 && literal.enhanced == status{5, 1, 1} && literal.text == "No such user");
    constexpr reply short_one = "250";
    static_assert(short_one.code == 250 && !short_one.enhanced && short_one.text.empty());
    static_assert(reply("250 5 apples").text == "5 apples" && !reply("250 5 apples").enhanced);
    static_assert(reply("250 2.1.0").enhanced && reply("250 2.1.0").text.empty());
    static_assert(reply::later.is_later() && !literal.is_later() && !literal.accepted() && reply("354 x").accepted());
}

TEST_CASE("replies that cannot be written", "[reply]") {
    for (unsigned const code : {0u, 1u, 100u, 150u, 199u, 600u, 999u, 25u, 65535u, 65536u, 65786u, 0xFFFFFFFFu})
        CHECK(write(reply(code, "x")) == "bad_value@0");
    CHECK(write(reply::later) == "bad_value@0");
    CHECK(write(reply(250, status{5, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(354, status{3, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(354, status{2, 0, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(250, status{2, 1000, 0}, "x")) == "bad_status@0");
    CHECK(write(reply(250, status{2, 0, 1000}, "x")) == "bad_status@0");
    // Nothing can end the line, at any place of a long text.
    for (std::size_t at : {0u, 1u, 15u, 16u, 17u, 100u, 505u, 506u, 507u, 1023u}) {
        for (char const bad : {'\r', '\n', '\0'}) {
            std::string text(1024, 'x');
            text[at] = bad;
            CHECK(write(reply(250, text)) == say(fail(errc::unsafe_octet, at)));
            CHECK(write(reply(550, status{5, 1, 1}, text)) == say(fail(errc::unsafe_octet, at)));
        }
    }
    CHECK(write(reply(250, "ok\r\n250 more")) == "unsafe_octet@2");
}

TEST_CASE("long texts are split, and nothing is lost", "[reply]") {
    generate::rng r(512);
    std::size_t split = 0, hard = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string text;
        std::size_t const size = r.one_in(3) ? r.between(495, 520) : r.below(3000);
        std::size_t const words = r.one_in(4) ? 1200 : r.between(1, 60);
        while (text.size() < size) {
            if (r.one_in(words)) text += ' ';
            else if (r.one_in(20)) text += generate::utf8_non_ascii(r);
            else text += generate::octet_between(r, 33, 126);
        }
        bool const with_status = r.one_in(2);
        reply const out = with_status ? reply(550, status{5, static_cast<std::uint16_t>(r.below(1000)), static_cast<std::uint16_t>(r.below(1000))}, text)
                                      : reply(250, text);
        char buffer[8192];
        writer w(buffer);
        auto const n = write_reply(w, out);
        auto const back = parse_reply(w.text(), {.line = 512});
        bool good = n && *n == w.size() && back.ready() && back.consumed == w.size() && back->code() == out.code;
        std::string_view rest = text;
        std::size_t lines = 0;
        if (good) {
            std::string const prefix = with_status ? say(out.enhanced) : "";
            for (std::string_view line : back->lines()) {
                bool const full = line.size() + 6 >= 509;
                if (with_status) {
                    good = good && line.substr(0, prefix.size()) == prefix;
                    line.remove_prefix(prefix.size());
                    if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
                }
                good = good && rest.substr(0, line.size()) == line;
                rest.remove_prefix(line.size() < rest.size() ? line.size() : rest.size());
                ++lines;
                bool const last = lines == back->line_count();
                if (last) continue;
                ++split;
                if (!rest.empty() && rest[0] == ' ') {
                    rest.remove_prefix(1);
                } else {
                    // No space in reach: then the line is full, and no character is torn.
                    ++hard;
                    good = good && full && (static_cast<unsigned char>(rest[0]) & 0xC0) != 0x80;
                }
            }
            good = good && rest.empty() && lines == back->line_count();
        }
        if (!good) FAIL_CHECK(escaped(text) << " became " << escaped(w.text()));
    }
    CHECK(split > 2000);
    CHECK(hard > 500);
    // The room is used: 508 octets of text fit in one line, with a status of five octets 502.
    CHECK(write(reply(250, std::string(506, 'x'))).size() == 512);
    CHECK(write(reply(250, std::string(507, 'x'))).size() == 512 + 7);
    CHECK(write(reply(250, status{2, 0, 0}, std::string(500, 'x'))).size() == 512);
    CHECK(write(reply(250, status{2, 0, 0}, std::string(501, 'x'))) ==
          "250-2.0.0 " + std::string(500, 'x') + "\r\n250 2.0.0 x\r\n");
    CHECK(write(reply(250, std::string(506, 'x') + " y")) == "250-" + std::string(506, 'x') + "\r\n250 y\r\n");
    CHECK(write(reply(250, std::string(505, 'x') + " yy")) == "250-" + std::string(505, 'x') + "\r\n250 yy\r\n");
}

TEST_CASE("the right reply for every failure", "[reply]") {
    struct expected {
        errc code;
        unsigned mail, rcpt, data, other;
    };
    // RFC 5321 4.2.4, 4.3.2, 4.5.3.1.9 f.; RFC 6531 3.5; design.md 4
    constexpr expected table[] = {
        {errc::empty_line, 500, 500, 500, 500},          {errc::unknown_verb, 500, 500, 500, 500},
        {errc::http_request, 421, 421, 421, 421},        {errc::missing_argument, 501, 501, 501, 501},
        {errc::unexpected_argument, 501, 501, 501, 501}, {errc::expected_from, 501, 501, 501, 501},
        {errc::expected_to, 501, 501, 501, 501},         {errc::expected_path, 501, 501, 501, 501},
        {errc::unclosed_path, 501, 501, 501, 501},       {errc::null_path, 501, 501, 501, 501},
        {errc::bad_route, 501, 501, 501, 501},           {errc::bad_local_part, 501, 501, 501, 501},
        {errc::bad_quoted_string, 501, 501, 501, 501},   {errc::missing_domain, 501, 501, 501, 501},
        {errc::bad_domain, 501, 501, 501, 501},          {errc::bad_address_literal, 501, 501, 501, 501},
        {errc::unknown_attribute, 501, 501, 501, 501},
        {errc::bad_parameter, 501, 501, 501, 501},       {errc::bad_parameter_value, 501, 501, 501, 501},
        {errc::duplicate_parameter, 501, 501, 501, 501}, {errc::non_ascii, 553, 553, 501, 501},
        {errc::conflicting_parameters, 501, 501, 501, 501}, {errc::parameter_too_long, 501, 501, 501, 501},
        {errc::bad_date_time, 501, 501, 501, 501},       {errc::bad_mechanism, 501, 501, 501, 501},
        {errc::bad_sasl_message, 501, 501, 501, 501},    {errc::unexpected_initial_response, 501, 501, 501, 501},
        {errc::auth_cancelled, 501, 501, 501, 501},      {errc::auth_line_too_long, 500, 500, 500, 500},
        {errc::unknown_mechanism, 504, 504, 504, 504},
        {errc::bad_utf8, 501, 501, 501, 501},            {errc::nul_octet, 500, 500, 554, 500},
        {errc::bare_cr, 500, 500, 554, 500},             {errc::bare_lf, 500, 500, 554, 500},
        {errc::bad_number, 501, 501, 501, 501},          {errc::bad_base64, 501, 501, 501, 501},
        {errc::bad_xtext, 501, 501, 501, 501},           {errc::line_too_long, 500, 500, 500, 500},
        {errc::local_part_too_long, 501, 501, 501, 501}, {errc::domain_too_long, 501, 501, 501, 501},
        {errc::path_too_long, 501, 501, 501, 501},       {errc::number_too_large, 552, 552, 552, 552},
        {errc::too_many_recipients, 452, 452, 452, 452}, {errc::too_many_errors, 421, 421, 421, 421},
        {errc::message_too_large, 552, 552, 552, 552},   {errc::bad_sequence, 503, 503, 503, 503},
        {errc::not_implemented, 502, 502, 502, 502},     {errc::unknown_parameter, 555, 555, 555, 555},
        {errc::session_over, 421, 421, 421, 421},
        {errc::bad_url, 501, 501, 501, 501},
        {errc::not_authenticated, 530, 530, 530, 530},
        {errc::tls_required, 530, 530, 530, 530},        {errc::mechanism_needs_tls, 538, 538, 538, 538},
        {errc::early_octets, 554, 554, 554, 554},
        // Faults in replies and of the calling program: nothing that the peer could better.
        {errc::bad_reply_code, 451, 451, 451, 451},      {errc::bad_reply_separator, 451, 451, 451, 451},
        {errc::mixed_reply_codes, 451, 451, 451, 451},   {errc::bad_status, 451, 451, 451, 451},
        {errc::reply_too_long, 451, 451, 451, 451},      {errc::unexpected_reply, 451, 451, 451, 451},
        {errc::bad_reply_class, 451, 451, 451, 451},     {errc::output_full, 451, 451, 451, 451},
        {errc::unsafe_octet, 451, 451, 451, 451},        {errc::bad_value, 451, 451, 451, 451},
        {errc::not_offered, 451, 451, 451, 451},         {errc::too_many_outstanding, 451, 451, 451, 451},
        {errc::end_has_begun, 451, 451, 451, 451},       {errc::missing_octets, 451, 451, 451, 451},
        {errc::bad_proxy_header, 451, 451, 451, 451},    {errc::bad_checksum, 451, 451, 451, 451},
        {errc::proxy_header_too_long, 451, 451, 451, 451},
    };
    static_assert(std::size(table) == errc_count);
    std::set<errc> seen;
    for (expected const& row : table) {
        CAPTURE(name(row.code));
        CHECK(seen.insert(row.code).second);
        for (unsigned i = 0; i < verb_count; ++i) {
            auto const v = static_cast<verb>(i);
            CAPTURE(name(v));
            reply const r = reply_for(fail(row.code, 7), v);
            CHECK_FALSE(check(r).has_value());
            CHECK(bool(r.enhanced));
            CHECK(r.enhanced.class_digit == r.code / 100);
            CHECK_FALSE(meaning(r.code).empty());
            CHECK_FALSE(r.accepted());
            bool const sender = v == verb::mail || v == verb::send || v == verb::soml || v == verb::saml;
            unsigned code = sender ? row.mail : v == verb::rcpt ? row.rcpt : v == verb::data ? row.data : row.other;
            // RFC 6531 3.5: VRFY and EXPN refuse octets over 127 like a mailbox.
            if (row.code == errc::non_ascii && (v == verb::vrfy || v == verb::expn)) code = 553;
            // RFC 5321 4.3.2: 555 is for MAIL and RCPT, 504 for VRFY and EXPN.
            if (row.code == errc::unknown_parameter && (v == verb::vrfy || v == verb::expn)) code = 504;
            // RFC 3030 2 has no answer to it: the size of a chunk is an argument like any other (design.md 4).
            if (row.code == errc::number_too_large && v == verb::bdat) code = 501;
            // RFC 5321 4.3.2: 555 is an answer to MAIL and RCPT.
            if (row.code == errc::unknown_parameter && (v == verb::vrfy || v == verb::expn)) code = 504;
            CHECK(r.code == code);
            auto const text = write(r);
            CHECK(text.size() <= 512);
            CHECK(parse_reply(text)->enhanced() == r.enhanced);
        }
    }
    // X.1.7 is the sender's syntax, X.1.3 the recipient's, X.6.7 RFC 6531's, X.5.4 that of other arguments.
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::mail).enhanced) == "5.1.7");
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::rcpt).enhanced) == "5.1.3");
    CHECK(say(reply_for(fail(errc::bad_domain, 0), verb::ehlo).enhanced) == "5.5.4");
    CHECK(say(reply_for(fail(errc::non_ascii, 0), verb::rcpt).enhanced) == "5.6.7");
    CHECK(say(reply_for(fail(errc::non_ascii, 0), verb::vrfy).enhanced) == "5.6.7");
    CHECK(say(reply_for(fail(errc::too_many_recipients, 0), verb::rcpt).enhanced) == "4.5.3");
    CHECK(say(reply_for(fail(errc::unknown_parameter, 0), verb::mail).enhanced) == "5.5.4");
    CHECK(say(reply_for(fail(errc::number_too_large, 0), verb::mail).enhanced) == "5.3.4");
}

TEST_CASE("replies that servers send all the time are right", "[reply]") {
    for (reply const& r : {replies::ok, replies::sender_ok, replies::recipient_ok, replies::start_content,
                           replies::message_accepted, replies::cannot_verify, replies::help, replies::bye, replies::try_later,
                           replies::shutting_down, replies::no_such_user, replies::no_mail_here}) {
        CHECK_FALSE(check(r).has_value());
        CHECK_FALSE(meaning(r.code).empty());
        CHECK(bool(r.enhanced) == (r.code / 100 != 3));
        std::string const text = write(r);
        auto const back = parse_reply(text);
        CHECK(back.ready());
    }
}

TEST_CASE("replies that were parsed can be written", "[reply]") {
    generate::rng r(2034);
    int done = 0;
    for (int i = 0; i < generate::drawn(30000); ++i) {
        std::string const text = generate::reply(r, 16);
        auto const p = parse_reply(text);
        REQUIRE(p.ready());
        // One line is one reply; write_reply has no other way to make several.
        for (std::string_view line : p->lines()) {
            std::string const said(line);
            status const s = p->enhanced().value_or(status{});
            std::string_view rest = said;
            bool const coded = s && rest.substr(0, say(s).size() + 1) == say(s) + " ";
            if (coded) rest.remove_prefix(say(s).size() + 1);
            char buffer[2048];
            writer w(buffer);
            if (!write_reply(w, coded ? reply(p->code(), s, rest) : reply(p->code(), rest))) {
                FAIL_CHECK(escaped(text));
                continue;
            }
            auto const again = parse_reply(w.text());
            bool good = again.ready() && again.consumed == w.size() && again->code() == p->code() && again->line_count() == 1;
            // A status without text has no space after it.
            good = good && (*again->lines().begin() == said || (coded && rest.empty()));
            if (!good) FAIL_CHECK(escaped(text) << " became " << escaped(w.text()));
            ++done;
        }
    }
    CHECK(done > generate::drawn(30000));
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
            for (unsigned octet = 0; octet < 256; ++octet)
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
