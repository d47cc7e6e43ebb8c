// parameters.hpp: ESMTP parameters, raw and typed, and those of a program's own
#include "generate.hpp"
#include "support.hpp"

#include <ehlo/parameters.hpp>
#include <ehlo/server.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace test_parameters {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using support::written;
using namespace std::string_view_literals;
using generate::rng;

// A parameter of a program's own: what a user of the library writes to have one.
namespace own {
struct x_queue {
    static constexpr std::string_view keyword = "X-QUEUE";
    std::uint64_t number = 0;

    // x-queue-value = 1*DIGIT, at most 1000
    static constexpr result<x_queue> parse(std::optional<std::string_view> value) noexcept {
        if (!value) return fail(errc::bad_parameter_value, 0);
        auto const n = parse_decimal(*value, 1000);
        if (!n) return n.error();
        return x_queue{*n};
    }
    constexpr void write(writer& w) const noexcept { w.number(number); }
};
struct x_flag {
    static constexpr std::string_view keyword = "X-FLAG";
    static constexpr result<x_flag> parse(std::optional<std::string_view> value) noexcept {
        if (value) return fail(errc::bad_parameter_value, 0);
        return x_flag{};
    }
    constexpr void write(writer&) const noexcept {}
};
struct x_text {
    static constexpr std::string_view keyword = "X-TEXT";
    std::string_view text;
    static constexpr result<x_text> parse(std::optional<std::string_view> value) noexcept { return x_text{value.value_or("")}; }
    constexpr void write(writer& w) const noexcept { w.raw(text); }
};
struct no_parameter {
    static constexpr std::string_view keyword = "X";
};
static_assert(custom_parameter<x_queue> && custom_parameter<x_flag> && !custom_parameter<no_parameter>);

// At compile time too.
constexpr auto mail = parse_mail_parameters("SIZE=1 X-Queue=7 X-FLAG RET=FULL");
static_assert(mail && mail->unknown_at() == 7u && !mail->unknown_at<x_queue, x_flag>() && mail->unknown_at<x_flag>() == 7u);
static_assert(mail->get<x_queue>() && (*mail->get<x_queue>())->number == 7);
static_assert(mail->get<x_text>() && !*mail->get<x_text>());
}  // namespace own

namespace {

constexpr auto mail = [](std::string_view t) { return parse_mail_parameters(t); };
constexpr auto rcpt = [](std::string_view t) { return parse_rcpt_parameters(t); };
constexpr syntax utf8{.tolerate = strict, .smtputf8 = true};
constexpr auto wide = [](std::string_view t) { return parse_mail_parameters(t, utf8); };

constexpr good_case good[] = {
    {"", "parameters"},
    {"SIZE=0", "parameters SIZE='0' size 0"},
    {"size=000", "parameters size='000' size 0"},
    {"SIZE=1024", "parameters SIZE='1024' size 1024"},
    {"SIZE=4294967296", "parameters SIZE='4294967296' size 4294967296"},  // PAR-size-overflow32
    {"SIZE=18446744073709551615", "parameters SIZE='18446744073709551615' size 18446744073709551615"},
    {"SIZE=00000000000000000001", "parameters SIZE='00000000000000000001' size 1"},
    {"BODY=7BIT", "parameters BODY='7BIT' body 7BIT"},
    {"body=8bitmime", "parameters body='8bitmime' body 8BITMIME"},
    {"Body=BinaryMime", "parameters Body='BinaryMime' body BINARYMIME"},
    {"SMTPUTF8", "parameters SMTPUTF8 smtputf8"},
    {"smtpUtf8", "parameters smtpUtf8 smtputf8"},
    {"SIZE=1 BODY=7BIT SMTPUTF8", "parameters SIZE='1' BODY='7BIT' SMTPUTF8 size 1 body 7BIT smtputf8"},
    {"X", "parameters X unknown at 0"},
    {"0", "parameters 0 unknown at 0"},
    {"X-", "parameters X- unknown at 0"},
    {"SIZE=1 RET=HDRS ENVID=a+3Db SIZES=x", "parameters SIZE='1' RET='HDRS' ENVID='a+3Db' SIZES='x' size 1 unknown at 28"},
    {"SMTPUTF8 SMTPUTF80 SMTPUTF", "parameters SMTPUTF8 SMTPUTF80 SMTPUTF smtputf8 unknown at 9"},
    {"AUTH=<>", "parameters AUTH='<>'"},
    {"X=!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~", "parameters X='!\"#$%&'()*+,-./:;<>?@[\\\\]^_`{|}~' unknown at 0"},
};
constexpr bad_case bad[] = {
    {" ", errc::bad_parameter, 0},
    {"SIZE=1 ", errc::bad_parameter, 7},
    {"X ", errc::bad_parameter, 2},
    {"A  B", errc::bad_parameter, 2},
    {"A\tB", errc::bad_parameter, 1},
    {"A\r\nB", errc::bad_parameter, 1},
    {"A\0"sv, errc::bad_parameter, 1},
    {"=", errc::bad_parameter, 0},
    {"-X", errc::bad_parameter, 0},
    {"X.Y=1", errc::bad_parameter, 1},
    {"X= Y", errc::bad_parameter, 2},
    {"X==", errc::bad_parameter, 2},
    {"X=ab==", errc::bad_parameter, 4},
    {"X=a\tb", errc::bad_parameter, 3},
    {"X=\x01", errc::bad_parameter, 2},
    {"X=a\0"sv, errc::bad_parameter, 3},
    {"\"=", errc::bad_parameter, 0},                            // PAR-exim-extract-option
    {"X=\xC3\xBC", errc::non_ascii, 2},
    {"\xC3\xBC=1", errc::bad_parameter, 0},
    {"X\xC3\xBC=1", errc::bad_parameter, 1},
    {"A a", errc::duplicate_parameter, 2},
    {"SIZE=1 SIZE=1", errc::duplicate_parameter, 7},
    {"SIZE=1 X size=2 Y", errc::duplicate_parameter, 9},
    {"X=1 Y=2 x", errc::duplicate_parameter, 8},
    {"SMTPUTF8 smtputf8", errc::duplicate_parameter, 9},
    {"BODY=7BIT BODY=8BITMIME", errc::duplicate_parameter, 10},
};
constexpr bad_case bad_mail[] = {
    {"SIZE X", errc::bad_parameter_value, 4},
    {"SIZE=+1", errc::bad_parameter_value, 5},
    {"SIZE=0x10", errc::bad_parameter_value, 6},
    {"SIZE=1,000", errc::bad_parameter_value, 6},
    {"X SIZE=abc", errc::bad_parameter_value, 7},
    {"SIZE=18446744073709551616", errc::number_too_large, 24},
    {"SIZE=99999999999999999999", errc::number_too_large, 24},
    {"SIZE=184467440737095516150", errc::number_too_large, 25},
    {"SIZE=000000000000000000001", errc::bad_parameter_value, 25},  // 21 digits: size-value = 1*20DIGIT
    {"SIZE=18446744073709551616x", errc::bad_parameter_value, 25},
    // PAR-auth-newline: a control hidden in xtext
    {"AUTH=a+0Ab@c.example", errc::bad_xtext, 7},
    {"BODY", errc::bad_parameter_value, 4},
    {"BODY=7BITS", errc::bad_parameter_value, 5},
    {"BODY=8BIT", errc::bad_parameter_value, 5},
    {"X BODY=x", errc::bad_parameter_value, 7},
    {"X SMTPUTF8=x", errc::bad_parameter_value, 10},
};
constexpr bad_case bad_wide[] = {
    {"X=\xC3", errc::bad_utf8, 2},
    {"X=a\xFF", errc::bad_utf8, 3},
    {"X=\xED\xA0\x80", errc::bad_utf8, 2},
    {"X\xC3\xBC=1", errc::bad_parameter, 1},
    {"BODY=7B\xC3\xBCT", errc::bad_parameter_value, 5},
};
static_assert(support::first_refused(good, mail) == std::size(good));
static_assert(support::first_refused(good, rcpt) == std::size(good));
static_assert(support::first_wrong(bad, mail) == std::size(bad));
static_assert(support::first_wrong(bad, rcpt) == std::size(bad));
static_assert(support::first_wrong(bad_mail, mail) == std::size(bad_mail));
static_assert(support::first_wrong(bad_wide, wide) == std::size(bad_wide));

}  // namespace

TEST_CASE("parameters of MAIL", "[parameters]") {
    support::check_all(good, mail);
    support::check_all(bad, mail);
    support::check_all(bad_mail, mail);
    support::check_all(bad_wide, wide);
}

TEST_CASE("parameters of MAIL are unknown to RCPT, and iterable", "[parameters]") {
    support::check_all(bad, rcpt);
    for (good_case const& c : good) {
        CAPTURE(c.text);
        std::string expected(c.said.substr(0, c.said.find(" size ")));
        for (std::string_view const typed : {" body "sv, " smtputf8"sv, " unknown"sv})
            if (auto const at = expected.find(typed); at != std::string::npos) expected.resize(at);
        // NOTIFY is one of RCPT's own.
        if (!c.text.empty() && c.text != "NOTIFY=NEVER") expected += " unknown at 0";
        CHECK(everywhere(c.text, [](std::string_view t) { return say(parse_rcpt_parameters(t)); }) == expected);
    }
    // What MAIL would refuse by its value is none of RCPT's business.
    for (bad_case const& c : bad_mail) {
        CAPTURE(c.text);
        CHECK(parse_rcpt_parameters(c.text).has_value());
    }
}

TEST_CASE("absent and zero differ", "[parameters]") {
    static_assert(!parse_mail_parameters("X")->size().has_value());
    static_assert(parse_mail_parameters("SIZE=0")->size() == std::uint64_t{0});
    static_assert(!parse_mail_parameters("X")->body() && parse_mail_parameters("BODY=7bit")->body() == body::seven_bit);
    static_assert(!parse_mail_parameters("")->unknown_at() && !parse_rcpt_parameters("")->unknown_at());
    CHECK(parse_mail_parameters("")->all().empty());
    CHECK_FALSE(parse_mail_parameters("X")->all().empty());
    CHECK(parse_mail_parameters("X Y=1")->all().text() == "X Y=1");
    parameter const p = *parse_mail_parameters("X=")
                             .value_or(*parse_mail_parameters("KEY=value"))
                             .all()
                             .begin();
    CHECK(p.keyword == "KEY");
    CHECK(p.value == "value"sv);
    CHECK_FALSE((*parse_mail_parameters("KEY")->all().begin()).value.has_value());
    CHECK(name(body::binary_mime) == "BINARYMIME");
}

TEST_CASE("octets over 127 in values", "[parameters]") {
    CHECK(everywhere("X=\xC3\xBC", [](std::string_view t) { return say(parse_mail_parameters(t, utf8)); }) ==
          "parameters X='\\xC3\\xBC' unknown at 0");
    CHECK(parse_rcpt_parameters("ORCPT=utf-8;\xC3\xBC@b", utf8));
    CHECK(parse_mail_parameters("X=\xC3\xBC", syntax{.tolerate = rule::utf8_without_smtputf8}));
}

TEST_CASE("RFC 5321 4.1.2: between parameters many spaces may be tolerated, after the last one none", "[parameters]") {
    syntax rules;
    rules.tolerate = rule::spaces_between_parameters;
    for (std::string const text : {"SIZE=1", "X=1", "SIZE=1 X", "X SIZE=1", "X Y=1", "SIZE=1   X   BODY=8BITMIME"}) {
        CAPTURE(text);
        std::string const right = "FROM:<a@b>  " + text;
        CHECK(parse_mail(right, rules));
        for (std::size_t n = 1; n < 3; ++n) {
            std::string const wrong = right + std::string(n, ' ');
            CHECK(parse_mail(wrong, rules).error() == fail(errc::bad_parameter, wrong.size()));
        }
    }
}

TEST_CASE("many parameters", "[parameters]") {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "P" + std::to_string(i) + "=" + std::to_string(i) + " ";
    text.pop_back();
    auto const all = parse_rcpt_parameters(text);
    REQUIRE(all);
    int i = 0;
    for (parameter const p : all->all()) {
        CHECK(p.keyword == "P" + std::to_string(i));
        CHECK(p.value == std::to_string(i));
        ++i;
    }
    CHECK(i == 300);
    CHECK(parse_rcpt_parameters(std::string_view(text + " p7")).error() == fail(errc::duplicate_parameter, text.size() + 1));
}

TEST_CASE("a parameter that is not there has no value", "[parameters]") {
    auto const none = parse_mail_parameters("X=1 BODY=7BIT");
    REQUIRE(none);
    CHECK((!none->size() && !none->ret() && !none->envid() && !none->auth() && !none->by() && !none->holdfor() && !none->holduntil()));
    CHECK((!none->mt_priority() && !none->mtrk() && !none->solicit() && !none->submitter() && !none->transid() && !none->alt_address()));
    CHECK((!none->smtputf8() && !none->requiretls() && !none->conperm() && none->body() == body::seven_bit));
    auto const to = parse_rcpt_parameters("X=1 CONNEG");
    REQUIRE(to);
    CHECK((!to->notify() && !to->orcpt() && !to->rrvs() && !to->alt_address() && to->conneg()));
    // Those of the other command are unknown ones.
    auto const other = parse_mail_parameters("NOTIFY=NEVER ORCPT=x");
    CHECK((other->unknown_at() == 0u && other->present() == parameter_ids()));
}

#if defined(EHLO_TEST_FENCE)
TEST_CASE("parameters of 4 GiB and more are refused: their offsets would not fit", "[parameters]") {
    if constexpr (sizeof(std::size_t) > 4) {
        // No octet of it is touched but the first ones: the rest is never given memory.
        std::size_t const size = (std::size_t{1} << 32) + 64;
        void* const all = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED) return;
        constexpr std::string_view begin = "SIZE=1 X=1 SIZE=2 ";
        std::memcpy(all, begin.data(), begin.size());
        std::string_view const text(static_cast<char const*>(all), size);
        CHECK(parse_mail_parameters(text).error() == fail(errc::line_too_long, 0xFFFFFFFF));
        CHECK(parse_rcpt_parameters(text).error() == fail(errc::line_too_long, 0xFFFFFFFF));
        CHECK(parse_mail_parameters(text.substr(0, 0xFFFFFFFF)).error() == fail(errc::duplicate_parameter, 11));
        CHECK(parse_path(text, path_role::any, {.tolerate = leniency::all()}).error().code == errc::unexpected_argument);
        munmap(all, size);
    }
    // An offset that does not fit is told as the last one that does, never as a small one.
    CHECK(fail(errc::bad_domain, 0xFFFFFFFF).at == 0xFFFFFFFF);
    CHECK(fail(errc::bad_domain, ~std::size_t{0}).at == 0xFFFFFFFF);
}
#endif

TEST_CASE("a parameter of one's own", "[parameters]") {
    auto const wrong = parse_mail_parameters("SIZE=1 X-QUEUE=70x X-FLAG=1");
    REQUIRE(wrong);
    CHECK(wrong->get<own::x_queue>().error() == fail(errc::bad_number, 17));
    CHECK(wrong->get<own::x_flag>().error() == fail(errc::bad_parameter_value, 26));
    CHECK(parse_mail_parameters("A X-QUEUE")->get<own::x_queue>().error() == fail(errc::bad_parameter_value, 9));
    CHECK(parse_rcpt_parameters("X-QUEUE=1001")->get<own::x_queue>().error().code == errc::number_too_large);
    auto const mixed = parse_rcpt_parameters("X-QUEUE=1 SIZE=1 NOTIFY=NEVER X-OTHER x-flag");
    REQUIRE(mixed);
    CHECK(mixed->unknown_at<own::x_queue>() == 10u);  // SIZE is none of RCPT's
    CHECK((*mixed->get<own::x_queue>())->number == 1);
    CHECK((*mixed->get<own::x_flag>()).has_value());
    CHECK_FALSE((*mixed->get<own::x_text>()).has_value());
    CHECK(parse_mail_parameters("X-QUEUE=1 x-queue=2").error() == fail(errc::duplicate_parameter, 10));

    CHECK(written([](writer& w) { return write_parameter(w, own::x_queue{12}); }) == "X-QUEUE=12");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_flag{}); }) == "X-FLAG");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_queue{1001}); }) == "number_too_large@11");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a b"}); }) == "bad_parameter@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a=b"}); }) == "bad_parameter@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a\r\nb"}); }) == "unsafe_octet@8");
    CHECK(written([](writer& w) { return write_parameter(w, own::x_text{"a"}); }) == "X-TEXT=a");
}

namespace {
struct with_own {
    using own_mail_parameters = own_parameters<own::x_queue, own::x_flag>;
    std::uint64_t queue = 0;
    reply on(cmd::hello const&) { return replies::ok; }
    reply on(cmd::mail const& c) {
        if (auto const q = c.parameters.get<own::x_queue>(); q && *q) queue = (*q)->number;
        return replies::sender_ok;
    }
    reply on(cmd::rcpt const&) { return replies::recipient_ok; }
    void on(content const&) {}
    reply on(end_of_content const&) { return replies::message_accepted; }
};
}  // namespace

TEST_CASE("a server that takes a parameter of one's own", "[parameters]") {
    with_own h;
    char room[4096];
    auto said_by = [&](auto s, std::string const& line) {
        (void)s.advance({}, h, room);
        (void)s.advance("EHLO c.example\r\n", h, room);
        std::string const in = "MAIL FROM:<a@b> " + line + "\r\n";
        step const t = s.advance(in, h, room);
        return std::string(room, t.produced < 9 ? t.produced : 9);
    };
    // Whether its policy was known when it was compiled, nobody can tell.
    static constexpr policy rules{};
    auto said = [&](std::string const& line) {
        std::string const reply = said_by(server("mx.example"), line);
        CHECK(said_by(server_with<>(rules, "mx.example"), line) == reply);
        return reply;
    };
    CHECK(said("SIZE=1 X-QUEUE=12 x-flag") == "250 2.1.0");
    CHECK(h.queue == 12);
    CHECK(said("X-QUEUE=x") == "501 5.5.4");
    CHECK(said("X-FLAG=1") == "501 5.5.4");
    CHECK(said("X-QUEUE=1 X-OTHER") == "555 5.5.4");
    CHECK(said("X-OTHER X-QUEUE=x") == "555 5.5.4");
    // Not on offer, whatever its value.
    CHECK(said("X-QUEUE=1 RET=FULL") == "555 5.5.4");
    CHECK(said("RET=FULL X-QUEUE=x") == "555 5.5.4");
    for (std::string const none : {"RET=x", "RET", "AUTH=a+0Ab@c", "HOLDFOR=1 HOLDUNTIL=2026-01-31T10:00:00Z", "HOLDUNTIL=x", "MTRK=x", "PRDR=x", "BY=x"})
        CHECK(said(none) == "555 5.5.4");
    CHECK(said("ENVID=" + std::string(101, 'a')) == "555 5.5.4");
    CHECK(said("BODY=BINARYMIME X-QUEUE=1") == "555 5.5.4");
    // Twice, or no parameter.
    CHECK(said("RET=x ret=y") == "501 5.5.4");
    CHECK(said("RET=") == "501 5.5.4");
    CHECK(said("RET=x SIZE=y") == "501 5.5.4");
    server s("mx.example");
    (void)s.advance({}, h, room);
    step const t = s.advance("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b> X-QUEUE=1\r\n", h, room);
    CHECK(std::string_view(room, t.produced).find("\r\n555 5.5.4 ") != std::string_view::npos);
}

TEST_CASE("what is on offer is read as it is where all is", "[parameters]") {
    with_own h;
    char room[4096];
    auto said = [&](auto s, std::string_view parameters) {
        (void)s.advance({}, h, room);
        std::string const in = "EHLO c.example\r\nMAIL FROM:<a@b> ENVID=a+2bb RET=HDRS\r\nRCPT TO:<a@b> " + std::string(parameters) + "\r\n";
        step const t = s.advance(in, h, room);
        CHECK(t.consumed == in.size());
        return std::string(room, t.produced);
    };
    static constexpr policy rules{.offers = policy().offers | extension::dsn, .max_line = 4096, .grammar = {.tolerate = rule::lower_case_hexchar}};
    for (std::string_view const parameters : {"NOTIFY=NEVER", "NOTIFY=NEVER,DELAY", "ORCPT=rfc822;a@b", "ORCPT=rfc822;a+2bb@c NOTIFY=DELAY", "ORCPT=x",
                                              "NOTIFY=DELAY RRVS=x", "RRVS=2026-01-31T10:00:00Z", "NOTIFY=NEVER notify=NEVER"}) {
        std::string const reply = said(basic_server<rules>("mx.example"), parameters);
        CHECK(said(server_with<>(rules, "mx.example"), parameters) == reply);
        CHECK(reply.find("250 2.1.0 ") != std::string::npos);
    }
}

TEST_CASE("repeated keywords among many", "[parameters]") {
    rng r(5321);
    auto check = [](std::vector<std::string> const& keywords) {
        std::string text;
        std::set<std::string> seen;
        std::optional<std::size_t> expected;
        for (std::string const& k : keywords) {
            std::string folded(k);
            for (char& c : folded) c = to_upper(c);
            if (!text.empty()) text += ' ';
            if (!seen.insert(folded).second && !expected) expected = text.size();
            text += k + (k.size() % 3 == 0 ? "=" + k : "");
        }
        auto const parsed = parse_rcpt_parameters(text);
        CAPTURE(text.substr(0, 200), keywords.size());
        CHECK(parsed.has_value() == !expected.has_value());
        if (!parsed && expected) CHECK(parsed.error() == fail(errc::duplicate_parameter, *expected));
    };
    for (int i = 0; i < 3000; ++i) {
        std::vector<std::string> keywords(2 + r.below(r.one_in(50) ? 300u : 8u));
        for (std::string& k : keywords) {
            k = "X";
            for (std::size_t n = r.below(r.one_in(2) ? 3u : 6u); n > 0; --n) k += "abAB01-"[r.below(7)];
        }
        check(keywords);
    }
    for (std::size_t const size : {1023u, 1024u, 1025u, 2048u, 2049u, 3000u}) {
        for (int i = 0; i < 6; ++i) {
            std::vector<std::string> keywords;
            for (std::size_t k = 0; k < size; ++k) keywords.push_back("P" + std::to_string(k * 7919 % 100003));
            if (i != 0) keywords[r.below(size)] = "p" + keywords[r.below(size)].substr(1);
            if (i > 3) keywords[r.below(size)] = keywords[r.below(size)];
            check(keywords);
        }
    }
    // Ten thousand at once, and the last one repeats the first.
    std::string text = "P0";
    for (int i = 1; i < 10000; ++i) text += " P" + std::to_string(i);
    CHECK(parse_mail_parameters(text));
    CHECK(parse_mail_parameters(std::string_view(text + " p0")).error() == fail(errc::duplicate_parameter, text.size() + 1));
}

}  // namespace test_parameters
