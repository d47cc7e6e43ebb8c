// parameters.hpp: ESMTP parameters, raw and typed
#include "support.hpp"

#include <ehlo/parameters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using namespace std::string_view_literals;

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
    {" SIZE=1", errc::bad_parameter, 0},
    {"SIZE=1 ", errc::bad_parameter, 7},
    {"X ", errc::bad_parameter, 2},
    {"A  B", errc::bad_parameter, 2},
    {"A\tB", errc::bad_parameter, 1},
    {"A\r\nB", errc::bad_parameter, 1},
    {"A\0"sv, errc::bad_parameter, 1},
    {"=", errc::bad_parameter, 0},
    {"=1", errc::bad_parameter, 0},
    {"-X", errc::bad_parameter, 0},
    {"X_Y", errc::bad_parameter, 1},
    {"X.Y=1", errc::bad_parameter, 1},
    {"X=", errc::bad_parameter, 2},
    {"X= Y", errc::bad_parameter, 2},
    {"X=a=b", errc::bad_parameter, 3},
    {"X==", errc::bad_parameter, 2},
    {"X=ab==", errc::bad_parameter, 4},
    {"X=a\tb", errc::bad_parameter, 3},
    {"X=a\x7F", errc::bad_parameter, 3},
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
    {"SIZE", errc::bad_parameter_value, 4},
    {"SIZE X", errc::bad_parameter_value, 4},
    {"SIZE=-1", errc::bad_parameter_value, 5},
    {"SIZE=+1", errc::bad_parameter_value, 5},
    {"SIZE=1k", errc::bad_parameter_value, 6},
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
    {"SMTPUTF8=1", errc::bad_parameter_value, 8},
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
