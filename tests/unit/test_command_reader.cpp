// command_reader.hpp: from octets to the command in one step, against the three steps; and the quick ways through paths, domains
// and parameters against the slow ones
#include "reader.hpp"

#include "generate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace test_command_reader {

using namespace ehlo;
using support::both_ways;
using support::differs;
using support::differs_as_line;
using support::escaped;
using support::say;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr int inputs = generate::drawn(1000000);

using reads = std::initializer_list<std::string_view>;

// What is met every day, and takes the quick way.
constexpr std::string_view typical[] = {
    "EHLO mx-1.example.org",
    "HELO relay",
    "MAIL FROM:<john.doe+tag@mail-out.example.com> SIZE=12345 BODY=8BITMIME",
    "MAIL FROM:<> RET=HDRS ENVID=QQ314159",
    "MAIL FROM:<a@b.example> SMTPUTF8 SIZE=0 RET=FULL AUTH=<> BODY=7BIT",
    "RCPT TO:<jane_doe@xn--bcher-kva.example>",
    "RCPT TO:<jane@example.org> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;jane@example.org",
    "RCPT TO:<jane@example.org> NOTIFY=NEVER",
    "RCPT TO:<jane.doe+tag@[192.0.2.17]>",
    "MAIL FROM:<a@[IPv6:2001:db8::17]> SIZE=1",
    "DATA",
    "RSET",
    "NOOP",
    "QUIT",
};

// A line as a client would write it, of parts of which some are at their limit and some beyond.
std::string drawn_line(generate::rng& r) {
    auto of = [&r](std::initializer_list<std::string_view> parts) { return std::string(parts.begin()[r.below(parts.size())]); };
    auto label = [&] { return r.one_in(12) ? std::string(r.between(55, 66), 'l') : of({"a", "b1", "mail", "mx-1", "xn--bcher-kva", "a--b", "0", "example"}); };
    auto domain = [&] {
        std::string d = label();
        for (std::size_t n = r.below(4); n > 0; --n) d += (r.one_in(40) ? of({"..", ".-", "-.", "_."}) : "."s) + label();
        return d;
    };
    auto local = [&] {
        std::string l = of({"a", "john.doe", "john.doe+tag", "-", "-a", "a-", "a.-b", "a-.b", "--", "j_d", "Postmaster", "a/b=c", "#", "0"});
        if (r.one_in(12)) l += std::string(r.between(48, 66), 'x');
        if (r.one_in(40)) l += of({".", "..", "\"", " ", "@", ".a"});
        return l;
    };
    auto path = [&] {
        if (r.one_in(8)) return of({"<>", "<Postmaster>", "<postmaster>", "<@a,@b:c@d>", "<\"a b\"@c.example>", "<a@[192.0.2.1]>", "a@b", "<a>"});
        return "<" + local() + "@" + domain() + ">";
    };
    std::string line;
    switch (r.below(10)) {
    case 0: line = of({"EHLO ", "HELO ", "LHLO ", "ehlo "}) + (r.one_in(6) ? of({"[192.0.2.1]", "[IPv6:::1]", "a text", ""}) : domain()); break;
    case 1: line = of({"DATA", "RSET", "NOOP", "QUIT", "HELP", "data", "DATA x", "NOOP x", "QUIT ", "STARTTLS", "TURN"}); break;
    case 2:
    case 3:
    case 4:
    case 5: {
        line = (r.one_in(8) ? of({"mail from:", "Mail From:", "SEND FROM:", "MAIL FROM: ", "MAIL  FROM:", "MAIL FORM:"}) : "MAIL FROM:"s) + path();
        for (std::size_t n = r.below(4); n > 0; --n) {
            line += r.one_in(50) ? "  " : " ";
            switch (r.below(6)) {
            case 0:
            case 1: line += "SIZE=" + std::string(r.one_in(8) ? r.below(22) : 0, r.pick("01")) + std::to_string(r.next() >> r.below(64)); break;
            case 2: line += of({"BODY=8BITMIME", "BODY=7BIT", "BODY=BINARYMIME", "body=8bitmime", "BODY=8BITMIMEX", "BODY=8BIT"}); break;
            case 3: line += of({"SMTPUTF8", "smtputf8", "RET=FULL", "RET=HDRS", "RET=ful", "AUTH=<>", "AUTH=a@b", "AUTH=<", "REQUIRETLS"}); break;
            case 4: line += "ENVID=" + std::string(r.one_in(4) ? r.between(98, 102) : r.between(0, 9), 'e') + of({"", "", "+2B", "@", "="}); break;
            default: line += of({"X", "X-Q=1", "X=\xC3\xBC", "HOLDFOR=60", "MTRK=abc:1", "BY=1;R", "MT-PRIORITY=3", "SIZE", "=1", "NOTIFY=NEVER"}); break;
            }
        }
        break;
    }
    default: {
        line = (r.one_in(8) ? of({"rcpt to:", "Rcpt To:", "RCPT TO: ", "RCPT  TO:", "RCPT TO", "RCPT FROM:"}) : "RCPT TO:"s) + path();
        for (std::size_t n = r.below(3); n > 0; --n) {
            line += r.one_in(50) ? "  " : " ";
            switch (r.below(4)) {
            case 0: {
                line += "NOTIFY=";
                for (std::size_t words = r.between(1, r.one_in(4) ? 6 : 3); words > 0; --words)
                    line += of({"SUCCESS", "FAILURE", "DELAY", "SUCCESS", "FAILURE", "DELAY", "NEVER", "delay", "X"}) + (words > 1 ? "," : "");
                break;
            }
            case 1: line += "ORCPT=rfc822;" + std::string(r.one_in(4) ? r.between(491, 495) : r.between(0, 9), 'o') + of({"", "@b", "+2B", "+"}); break;
            case 2: line += of({"NOTIFY=NEVER", "ORCPT=utf-8;a@b", "orcpt=rfc822;a", "RRVS=2026-01-01T00:00:00Z", "CONNEG"}); break;
            default: line += of({"X", "X-Q=1", "X=\xC3\xBC", "SIZE=1", "SMTPUTF8", "ORCPT", "=", "X="}); break;
            }
        }
    }
    }
    if (r.one_in(20)) line += of({" ", "\t", "  ", " \t"});
    return line;
}

syntax drawn_rules(generate::rng& r) {
    syntax rules;
    if (r.one_in(2)) return rules;
    rules.smtputf8 = r.one_in(2);
    if (r.one_in(2)) rules.tolerate.bits = static_cast<std::uint16_t>(r.next() & leniency::all().bits);
    if (r.one_in(8)) {
        rules.max_local_part = static_cast<std::uint16_t>(r.below(20));
        rules.max_domain = static_cast<std::uint16_t>(r.below(20));
        rules.max_path = static_cast<std::uint16_t>(r.below(40));
    }
    return rules;
}

}  // namespace

TEST_CASE("a typical line takes one step", "[command_reader]") {
    for (std::string_view const line : typical) {
        CAPTURE(line);
        CHECK(differs_as_line(line) == "");
        // And is one: the test would say little of lines that are refused.
        std::size_t commands = 0;
        std::string const whole = std::string(line) + "\r\n";
        CHECK(differs(reads{whole}, 512, strict_syntax, &commands) == "");
        CHECK(commands == 1);
        if (iequals(line.substr(0, 4), "MAIL") && line.find("<>") != line.npos) continue;  // a null path takes three
        std::size_t calls = 0;
        CHECK(detail::take_common_command(whole, 512, strict_syntax, [&calls](auto const&) { ++calls; }) == whole.size());
        CHECK(calls == 1);
    }
}

TEST_CASE("a line that its parameters make wrong is read once", "[command_reader]") {
    for (std::string_view const line :
         {"MAIL FROM:<a@b> SIZE=1 SIZE=2", "MAIL FROM:<a@b> BY=1;R HOLDFOR=9 SIZE=1", "MAIL FROM:<> BODY=X", "MAIL FROM:<a@b> X=1 SIZE=1 x", "MAIL FROM:<a@b> X Y X",
          "MAIL FROM:<a@b> ENVID=x MTRK=aaaaaaaaaaaaaaaaaaaaaaaaaaA", "RCPT TO:<a@b> NOTIFY=X", "RCPT TO:<a@b> ORCPT=rfc822;a SIZE=1 =", "RCPT TO:<a@b> X=\x7F"}) {
        CAPTURE(line);
        std::string const whole = std::string(line) + "\r\n";
        detail::refused_line refused;
        auto const nothing = [](auto const&) {};
        std::size_t const used = detail::take_common_command(whole, 512, strict_syntax, nothing, refused, detail::known_parameters<>());
        auto const split = split_command(line);
        auto const fault = visit_command(*split, strict_syntax, nothing);
        CHECK((used == 0) == fault.has_value());
        CHECK((refused.size != 0) == fault.has_value());
        if (fault) CHECK(refused.why == *fault);
        if (fault) CHECK(refused.size == whole.size());
    }
    // Too long a line is nothing else.
    detail::refused_line refused;
    std::string const whole = "MAIL FROM:<a@b> SIZE=1 SIZE=2\r\n";
    CHECK(detail::take_common_command(whole, whole.size() - 1, strict_syntax, [](auto const&) {}, refused, detail::known_parameters<>()) == 0);
    CHECK(refused.size == 0);
}

TEST_CASE("every octet at every place of typical lines", "[command_reader]") {
    std::string wrong;
    for (std::string_view const line : typical)
        for (std::size_t at = 0; at <= line.size() + 1; ++at)
            for (std::size_t octet = at % generate::every(3); octet < 256; octet += generate::every(3))
                for (bool const insert : {false, true}) {
                    std::string text = std::string(line) + "\r\n";
                    if (insert) text.insert(at, 1, static_cast<char>(octet));
                    else text[at] = static_cast<char>(octet);
                    if (wrong.empty()) wrong = differs(reads{text}, 512, strict_syntax);
                    // Bits of lenient rules only for octets that some rule speaks of.
                    bool const special = octet < 33 || octet > 125 || octet == '_' || octet == '.' || octet == '<' || octet == '>';
                    if (wrong.empty() && special)
                        wrong = differs(reads{text, "\r\nRSET\r\n"}, 512, {.tolerate = leniency::all(), .smtputf8 = octet % 2 == 0});
                }
    CHECK(wrong == "");
}

TEST_CASE("lines at the bounds of what has a quick way", "[command_reader]") {
    std::vector<std::string> lines = {
        "MAIL FROM:<a@b> BODY=8BITMIME ", "MAIL FROM:<a@b> BODY=8BITMIME\t", "mail from:<a@b> body=8bitmime", "MAIL FROM:<a@b> SIZE=1 size=2",
        "MAIL FROM:<a@b> SIZE=1 SIZE=1", "MAIL FROM:<a@b> SIZE=", "MAIL FROM:<a@b> SIZE", "MAIL FROM:<a@b> SIZE=1x", "MAIL FROM:<a@b>SIZE=1",
        "MAIL FROM:<a@b>  SIZE=1", "MAIL FROM:<a@b> BODY=7BIT BODY=8BITMIME", "MAIL FROM:<a@b> BODY=8BITMIME\r", "MAIL FROM:<a@b>\r SIZE=1",
        "MAIL FROM:<a@b> SMTPUTF8=1", "MAIL FROM:<a@b> RET=FULLX", "MAIL FROM:<a@b> AUTH=<>x", "MAIL FROM:<a@b> X=\xC3\xBC",
        "MAIL FROM:<a@b> X=\xC3\xBC SMTPUTF8", "MAIL FROM:<a@b> X=\xC3", "RCPT TO:<a@b> X=\xC3\xBC", "MAIL FROM:<\xC3\xBC@b> SMTPUTF8",
        "MAIL FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2026-01-01T00:00:00Z", "MAIL FROM:<a@b> MTRK=abc", "MAIL FROM:<a@b> ENVID=a@b MTRK=QUJD",
        "RCPT TO:<a@b> NOTIFY=NEVER,DELAY", "RCPT TO:<a@b> NOTIFY=DELAY,NEVER", "RCPT TO:<a@b> NOTIFY=DELAY,", "RCPT TO:<a@b> NOTIFY=,DELAY",
        "RCPT TO:<a@b> NOTIFY=DELAY,DELAY", "RCPT TO:<a@b> NOTIFY=SUCCESSX", "RCPT TO:<a@b> NOTIFY=NEVERX", "RCPT TO:<a@b> NOTIFY=",
        "RCPT TO:<a@b> ORCPT=rfc822;", "RCPT TO:<a@b> ORCPT=rfc822", "RCPT TO:<a@b> ORCPT=rfc822;a=b", "RCPT TO:<>", "RCPT TO:<Postmaster>",
        "RCPT TO:<postmaster@b>", "DATA x", "DATA ", "DATAx", "QUIT\t", "NOOP ", "NOOP  ", "NOOP x", "EHLO", "EHLO ", "EHLO a ", "EHLO  a",
        "EHLO a..b", "EHLO .a", "EHLO a.", "EHLO -a", "EHLO a-", "EHLO a.-b", "EHLO a-.b", "EHLO a--b", "EHLO a_b", "EHLO 1.2.3.4", "LHLO a",
        "", " ", "\t", "X", "MAIL", "MAIL ", "MAIL F", "RCPT", "RCPT TO", "RCPT TO:", "RCPT TO:<", "MAIL FROM:", "MAIL FROM:<"};
    auto with = [&lines](std::string_view before, std::string const& part, std::string_view after) {
        lines.push_back(std::string(before) + part + std::string(after));
    };
    for (std::size_t n = 18; n <= 22; ++n)
        for (char const c : {'0', '1', '9'}) {
            with("MAIL FROM:<a@b> SIZE=", std::string(n, c), "");
            with("MAIL FROM:<a@b> SIZE=", std::string(n, c), " BODY=7BIT");
        }
    for (std::string_view const size : {"18446744073709551615", "18446744073709551616", "018446744073709551615", "00000000000000000001"})
        with("MAIL FROM:<a@b> SIZE=", std::string(size), "");
    for (std::size_t n = 98; n <= 102; ++n) with("MAIL FROM:<a@b> ENVID=", std::string(n, 'e'), "");
    for (std::size_t n = 485; n <= 502; ++n) with("RCPT TO:<a@b> ORCPT=rfc822;", std::string(n, 'o'), "");
    // All lists of up to five words: those of 28 octets and the next longer ones are among them.
    std::vector<std::string> lists{""};
    for (std::size_t from = 0, words = 0; words < 5; ++words) {
        std::size_t const to = lists.size();
        for (; from < to; ++from)
            for (std::string_view const word : {"SUCCESS", "FAILURE", "DELAY", "NEVER"})
                lists.push_back(lists[from] + (lists[from].empty() ? "" : ",") + std::string(word));
    }
    for (std::string const& list : lists) with("RCPT TO:<a@b> NOTIFY=", list, list.size() % 2 == 0 ? "" : " ORCPT=rfc822;a@b");
    // Domains around 62 octets, where the quick way ends, and at the limit of 255; paths likewise.
    for (std::size_t n = 1; n <= 70; ++n) {
        for (char const last : {'d', '-', '.', '_'}) {
            with("EHLO ", std::string(n - 1, 'd') + last, "");
            with("MAIL FROM:<a@", std::string(n - 1, 'd') + last, "> SIZE=1");
            with("RCPT TO:<", std::string(n - 1, 'l') + last, "@b.example>");
            with("RCPT TO:<a@", last + std::string(n - 1, 'd'), ">");
            with("RCPT TO:<", last + std::string(n - 1, 'l'), "@b>");
        }
        with("EHLO ", std::string(n, 'd'), " ");
    }
    for (std::size_t n = 250; n <= 258; ++n) {
        std::string domain;
        while (domain.size() < n) domain += "label.";
        domain.resize(n, 'd');
        if (domain.back() == '.') domain.back() = 'd';
        with("EHLO ", domain, "");
        with("RCPT TO:<a@", domain, ">");
        with("RCPT TO:<a@", domain.substr(4), ">");
    }
    // Each two of these octets side by side in a local part and in a domain, at its beginning, inside, and at its end.
    constexpr std::string_view marks = "-._a0+@<>\"[]: ,=\\";
    for (char const a : marks)
        for (char const b : marks) {
            std::string const two{a, b};
            for (std::string_view const before : {"RCPT TO:<", "RCPT TO:<x", "RCPT TO:<y@", "RCPT TO:<y@x"})
                for (std::string_view const after : {">", "z>", "@z>", "z@z>"}) with(before, two, after);
            with("EHLO ", two, "");
            with("EHLO x", two, "z");
            with("MAIL FROM:<a@b>", two, "");
        }
    CHECK(lines.size() > 5000);
    std::string wrong;
    std::size_t good = 0;
    for (std::string const& line : lines) {
        if (wrong.empty()) wrong = differs_as_line(line);
        good += wrong.empty() && detail::take_common_command(line + "\r\n", 4096, strict_syntax, [](auto const&) {}) != 0;
    }
    CHECK(wrong == "");
    CHECK(good > 500);
}

TEST_CASE("each rule by itself", "[command_reader]") {
    constexpr std::string_view lines[] = {
        "MAIL FROM: <a@b>",      "MAIL FROM:a@b",        "MAIL FROM:<drozd>",       "RCPT TO:<@A, @B: c@d>", "EHLO [IPv6:1:2:3::5:6:7:8]", "RCPT TO:<a@b_c.example>",
        "RCPT TO:<a@b.example.>", "RCPT TO:<a..b@c>",     "RCPT TO:<.a@c>",          "RCPT TO:<a.@c>",        "RCPT TO:<\xC3\xBC@b>",         "MAIL FROM:<a@b> X=\xC3\xBC",
        "RCPT TO:<a@b> X=\xC3\xBC", "HELO  usc.edu",      "EHLO [192.0.2.1] a text", "EHLO a.example b",      "MAIL  FROM:<a@b>",             "RCPT TO: a@b_c SIZE=1"};
    std::string wrong;
    for (unsigned i = 0; i < rule_count; ++i)
        for (unsigned j = i; j < rule_count; ++j)
            for (bool const utf8 : {false, true})
                for (std::string_view const line : lines)
                    for (std::string_view const end : {"\r\n", "\n", "\r\r\n", "\n\r\n"}) {
                        syntax const rules{.tolerate = static_cast<rule>(i) | static_cast<rule>(j), .smtputf8 = utf8};
                        std::string const text = std::string(line) + std::string(end);
                        if (wrong.empty()) wrong = differs(reads{text, "QUIT\r\n"}, 512, rules);
                    }
    CHECK(wrong == "");
}

TEST_CASE("limits to the octet", "[command_reader]") {
    std::string wrong;
    std::size_t commands = 0;
    for (std::string_view const line : typical) {
        std::string const text = std::string(line) + "\r\n";
        for (std::size_t limit = 1; limit <= text.size() + 2; ++limit) {
            if (wrong.empty()) wrong = differs(reads{text, "RSET\r\n"}, limit, strict_syntax, &commands);
            std::vector<std::string_view> octets;
            for (std::size_t i = 0; i < text.size(); ++i) octets.push_back(std::string_view(text).substr(i, 1));
            if (wrong.empty()) wrong = differs(octets, limit, strict_syntax, &commands);
        }
    }
    CHECK(wrong == "");
    CHECK(commands > 100);
}

TEST_CASE("fewer octets than were there before are told, and never read, by command_reader", "[command_reader]") {
    for (std::string_view const text : {std::string_view("MAIL FROM:<a@b> SIZE=10\r\n"), std::string_view("EHLO mx\r\n"), std::string_view("QUIT\r\n"), std::string_view("NOOP a\rb\r\n")})
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            command_reader reader;
            unsigned told = 0;
            auto const count = [&told](auto const&) noexcept { ++told; };
            REQUIRE(reader.next(support::shared_fence().put(text.substr(0, cut)), 512, strict_syntax, count).need_more());
            for (std::size_t less = 0; less < cut; ++less) {
                CAPTURE(text, cut, less);
                auto const r = reader.next(support::shared_fence().put(text.substr(0, less)), 512, strict_syntax, count);
                REQUIRE(r.failed());
                CHECK(r.error() == fail(errc::missing_octets, less));
                CHECK(r.consumed == 0);
            }
            auto const right = reader.next(support::shared_fence().put(text), 512, strict_syntax, count);
            CHECK(right.consumed == text.size());
            CHECK(told == (right.ready() ? 1u : 0u));
        }
}

TEST_CASE("streams of lines, whole and in pieces", "[command_reader]") {
    std::string stream;
    for (std::string_view const line : typical) (stream += line) += "\r\n";
    stream += "\r\nMAIL FROM:<a@b>\nX\r\n" + std::string(600, 'x') + "\r\nRCPT TO:<a\rb@c>\r\nRSET\0\r\nDATA x\r\nmail from:<>\r\nAUTH PLAIN\r\nQUI"s;
    generate::rng r(5321);
    std::string wrong;
    std::size_t commands = 0;
    for (syntax const& rules : {strict_syntax, syntax{.tolerate = leniency::all(), .smtputf8 = true}}) {
        std::vector<std::string_view> octets;
        for (std::size_t i = 0; i < stream.size(); ++i) octets.push_back(std::string_view(stream).substr(i, 1));
        if (wrong.empty()) wrong = differs(octets, 100, rules, &commands);
        if (wrong.empty()) wrong = differs(reads{stream}, 100, rules, &commands);
        for (std::size_t i = 0; i <= stream.size(); ++i)
            if (wrong.empty()) wrong = differs(reads{std::string_view(stream).substr(0, i), std::string_view(stream).substr(i)}, 512, rules, &commands);
    }
    for (int i = 0; i < inputs / 1000; ++i) {
        std::string drawn;
        for (std::size_t n = r.between(1, 30); n > 0; --n) {
            std::string line = r.one_in(3) ? generate::command(r, r.one_in(2)) : drawn_line(r);
            if (r.one_in(8)) generate::mutate(r, line);
            drawn += line + (r.one_in(40) ? "\n" : "\r\n");
        }
        std::vector<std::string_view> pieces;
        for (std::size_t at = 0; at < drawn.size();) {
            std::size_t const size = r.one_in(4) ? 1 : r.between(1, 200);
            pieces.push_back(std::string_view(drawn).substr(at, size));
            at += size;
        }
        syntax const rules = drawn_rules(r);
        if (wrong.empty()) wrong = differs(reads{drawn}, 512, rules, &commands);
        if (wrong.empty()) wrong = differs(pieces, 512, rules, &commands);
    }
    CHECK(wrong == "");
    CHECK(commands > static_cast<std::size_t>(inputs / 1000));
}

TEST_CASE("generated and mutated lines", "[command_reader]") {
    generate::rng r(2920);
    std::string wrong;
    std::size_t ready = 0, quick = 0;
    for (int i = 0; i < inputs && wrong.empty(); ++i) {
        std::string line = r.one_in(8) ? generate::extended_command(r) : r.one_in(3) ? generate::command(r, r.one_in(2)) : drawn_line(r);
        if (r.one_in(2)) generate::mutate(r, line);
        if (!r.one_in(32)) line += "\r\n";
        std::size_t const size = line.size();
        if (r.one_in(4)) line += r.one_in(2) ? drawn_line(r) + "\r\n" : std::string(r.below(80), r.pick("\r\nx<@"));
        if (r.one_in(16)) line.resize(r.below(size + 1));
        std::size_t const limit = r.one_in(8) ? r.between(size > 3 ? size - 3 : 0, size + 3) : 2048;
        syntax const rules = drawn_rules(r);
        both_ways both;
        std::string_view const text = support::shared_fence().put(line);
        quick += detail::take_common_command(text, limit, rules, [](auto const&) {}) != 0;
        both.step(text, limit, rules);
        ready += both.ready;
        wrong = both.wrong;
    }
    CHECK(wrong == "");
    // Both kinds of lines came up, and so did the quick way.
    CHECK(ready > static_cast<std::size_t>(inputs / 8));
    CHECK(ready < static_cast<std::size_t>(inputs - inputs / 8));
    CHECK(quick > static_cast<std::size_t>(inputs / 16));
}

namespace {

// The slow ways: the grammar octet by octet, one parameter after the other.
template <class Parameters>
bool slow_parameters(detail::cursor& c, Parameters& set) {
    auto skip = [&c] {
        while (c.next_is(' ') && c.tolerate(rule::spaces_between_parameters)) ++c.at;
    };
    if (!c.end()) {
        skip();
        if (c.end()) return c.stop(errc::bad_parameter);
    }
    std::size_t const first = c.at;
    std::size_t unknown = 0;
    while (!c.end()) {
        skip();
        if (!parameter_access::take_rare(c, set, first, unknown)) return false;
        if (!c.end() && (!c.skip(' ') || c.end())) return c.stop(errc::bad_parameter);
    }
    parameter_access::set_text(set, c.text.substr(first));
    return true;
}

}  // namespace

TEST_CASE("the quick ways through paths, domains and parameters are as the slow ones", "[command_reader]") {
    generate::rng r(5322);
    std::string wrong;
    std::size_t paths = 0, domains = 0, sets = 0;
    for (int i = 0; i < inputs / 2 && wrong.empty(); ++i) {
        std::string line = r.one_in(4) ? generate::command(r, r.one_in(8)) : drawn_line(r);
        if (r.one_in(2)) generate::mutate(r, line);
        std::string_view const text = support::shared_fence().put(line);
        syntax const rules = drawn_rules(r);
        auto note = [&](std::string_view what, std::string const& quick, std::string const& slow) {
            if (quick != slow && wrong.empty()) wrong = std::string(what) + ": " + escaped(line) + ": " + quick + " instead of " + slow;
        };
        std::size_t const open = std::min(text.find('<'), text.size());
        std::string_view const rest = text.substr(open);
        if (!rest.empty()) {
            auto const role = static_cast<path_role>(r.below(3));
            auto const quick = take_path(rest, role, rules);
            detail::cursor c{rest, rules};
            path slow;
            bool const read = path_access::read(c, role, slow);
            if (quick.has_value() != read || (read && !support::same(*quick, slow)) || (!read && quick.error() != c.error))
                note("path", say(quick), read ? say(slow) : say(c.error));
            paths += read;
            if (!read) continue;
            std::string_view const after = rest.substr(slow.text().size());
            if (after.empty() || after[0] != ' ') continue;
            auto both = [&](auto&& quick_set, auto&& slow_set) {
                detail::cursor a{after, rules, 1}, b{after, rules, 1};
                bool const x = parameter_access::scan(a, quick_set), y = slow_parameters(b, slow_set);
                // Repeated unknown ones and conflicts are looked for at the end: the slow way here does not.
                bool const beyond = !x && (a.error.code == errc::duplicate_parameter || a.error.code == errc::conflicting_parameters);
                if (!beyond && (x != y || (x && (!support::same(quick_set, slow_set) || a.tolerated != b.tolerated)) || (!x && a.error != b.error)))
                    note("parameters", x ? say(quick_set) : say(a.error), y ? say(slow_set) : say(b.error));
                sets += x && after.size() > 1;
            };
            if (line[0] == 'M') both(mail_parameters(), mail_parameters());
            else both(rcpt_parameters(), rcpt_parameters());
        } else if (text.size() > 5) {
            std::string_view const name = text.substr(5);
            auto const quick = parse_host(name, rules);
            detail::cursor c{name, rules};
            host_kind kind{};
            std::uint8_t octets[16];
            bool read = name[0] == '[' ? detail::scan_literal(c, kind, octets) : detail::scan_domain(c);
            if (read && c.at > rules.max_domain) read = c.stop(errc::domain_too_long, rules.max_domain);
            if (read && !c.end()) read = c.stop(kind == host_kind::domain ? errc::bad_domain : errc::bad_address_literal);
            if (quick.has_value() != read || (read && (quick->kind != kind || quick->tolerated != c.tolerated)) || (!read && quick.error() != c.error))
                note("host", say(quick), read ? std::string(name) : say(c.error));
            domains += read;
        }
    }
    CHECK(wrong == "");
    CHECK(paths > static_cast<std::size_t>(inputs / 10));
    CHECK(domains > static_cast<std::size_t>(inputs / 200));
    CHECK(sets > static_cast<std::size_t>(inputs / 50));
}

}  // namespace test_command_reader
