// The registries, written down a second time: every verb, EHLO keyword, reply code and enhanced status code is known by its
// name and meaning, and what is nearly one of them is not.
#include "support.hpp"

#include <ehlo/capabilities.hpp>
#include <ehlo/reply_reader.hpp>
#include <ehlo/sasl.hpp>
#include <ehlo/status.hpp>
#include <ehlo/verb.hpp>
#include <ehlo/xclient.hpp>

#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace test_tables {

using namespace ehlo;
using support::everywhere;
using namespace std::string_view_literals;
using support::say;

namespace {

struct keyword {
    std::string_view name, rfc;
    bool parameters;  // something may follow it
};
// IANA's "SMTP Service Extensions", the two of Postfix, and PRDR.
constexpr keyword keywords[] = {
    {"8BITMIME", "RFC 6152", false},   {"SIZE", "RFC 1870", true},          {"PIPELINING", "RFC 2920", false},
    {"CHUNKING", "RFC 3030", false},   {"BINARYMIME", "RFC 3030", false},   {"DSN", "RFC 3461", false},
    {"STARTTLS", "RFC 3207", false},   {"AUTH", "RFC 4954", true},          {"ENHANCEDSTATUSCODES", "RFC 2034", false},
    {"SMTPUTF8", "RFC 6531", false},   {"UTF8SMTP", "RFC 5336", false},     {"DELIVERBY", "RFC 2852", true},
    {"FUTURERELEASE", "RFC 4865", true}, {"MT-PRIORITY", "RFC 6710", true}, {"RRVS", "RFC 7293", false},
    {"REQUIRETLS", "RFC 8689", false}, {"LIMITS", "RFC 9422", true},        {"MTRK", "RFC 3885", false},
    {"NO-SOLICITING", "RFC 3865", true}, {"CONPERM", "RFC 4141", false},    {"CONNEG", "RFC 4141", false},
    {"BURL", "RFC 4468", true},        {"CHECKPOINT", "RFC 1845", false},   {"ETRN", "RFC 1985", false},
    {"ATRN", "RFC 2645", false},       {"SUBMITTER", "RFC 4405", false},    {"HELP", "RFC 5321", false},
    {"EXPN", "RFC 5321", false},       {"VRFY", "RFC 5321", false},         {"SEND", "RFC 821", false},
    {"SOML", "RFC 821", false},        {"SAML", "RFC 821", false},          {"TURN", "RFC 821", false},
    {"VERB", "sendmail", false},       {"ONEX", "sendmail", false},         {"XCLIENT", "Postfix", true},
    {"XFORWARD", "Postfix", true},     {"PRDR", "draft-hall-prdr-00", false},
};
constexpr std::string_view verbs[] = {"HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT",     "VRFY",
                                      "EXPN", "HELP", "SEND", "SOML", "SAML", "TURN", "LHLO", "STARTTLS", "AUTH",
                                      "BDAT", "BURL", "ETRN", "ATRN", "XCLIENT", "XFORWARD", "VERB", "ONEX"};
constexpr unsigned codes[] = {211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 353, 354, 355, 421, 422, 430,
                              432, 450, 451, 452, 453, 454, 455, 458, 459, 500, 501, 502, 503, 504, 521,
                              523, 524, 525, 530, 533, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556};
// X.subject.0 up to X.subject.last, without a gap.
constexpr unsigned last_detail[] = {0, 10, 4, 6, 7, 6, 10, 30};

// The basic codes that go with an enhanced one: table 1 of RFC 5248 and the later registrations.
struct pairing {
    unsigned code;
    std::string_view status;
};
constexpr pairing pairings[] = {
    {451, "4.1.1"}, {550, "5.1.1"}, {501, "5.1.3"}, {250, "2.1.5"}, {451, "4.1.8"}, {501, "5.1.8"}, {556, "5.1.10"}, {552, "5.2.2"},
    {552, "5.2.3"}, {450, "4.2.4"}, {452, "4.2.4"}, {221, "2.3.0"}, {250, "2.3.0"}, {421, "4.3.0"}, {451, "4.3.0"},  {550, "5.3.0"},
    {554, "5.3.0"}, {452, "4.3.1"}, {453, "4.3.2"}, {521, "5.3.2"}, {552, "5.3.4"}, {554, "5.3.4"}, {250, "2.3.6"},  {251, "2.3.6"},
    {451, "4.4.1"}, {421, "4.4.2"}, {451, "4.4.3"}, {550, "5.4.3"}, {451, "4.4.5"}, {220, "2.5.0"}, {253, "2.5.0"},  {458, "4.5.0"},
    {459, "4.5.0"}, {430, "4.5.1"}, {500, "5.5.1"}, {503, "5.5.1"}, {555, "5.5.1"}, {500, "5.5.2"}, {451, "4.5.3"},  {504, "5.5.4"},
    {500, "5.5.6"}, {554, "5.6.3"}, {250, "2.6.4"}, {554, "5.6.6"}, {550, "5.6.7"}, {553, "5.6.7"}, {252, "2.6.8"},  {235, "2.7.0"},
    {454, "4.7.0"}, {530, "5.7.0"}, {533, "5.7.1"}, {551, "5.7.1"}, {504, "5.7.4"}, {535, "5.7.8"}, {534, "5.7.9"},  {523, "5.7.10"},
    {524, "5.7.11"}, {538, "5.7.11"}, {422, "4.7.12"}, {432, "4.7.12"}, {525, "5.7.13"}, {554, "5.7.14"}, {450, "4.7.15"}, {552, "5.7.16"},
    {550, "5.7.20"}, {451, "4.7.24"}, {550, "5.7.27"}, {550, "5.7.30"},
};

constexpr bool all_known() {
    for (keyword const& k : keywords)
        if (!find_extension(k.name) || name(*find_extension(k.name)) != k.name) return false;
    for (std::string_view const v : verbs)
        if (find_verb(v) == verb::unknown || name(find_verb(v)) != v) return false;
    for (unsigned const c : codes)
        if (meaning(c).empty() || !is_reply_code(c)) return false;
    for (unsigned s = 0; s < 8; ++s)
        for (unsigned d = 0; d <= last_detail[s]; ++d)
            if (meaning(status{5, static_cast<std::uint16_t>(s), static_cast<std::uint16_t>(d)}).empty()) return false;
    return true;
}
static_assert(all_known());
static_assert(std::size(keywords) == extension_count && std::size(verbs) + 1 == verb_count);
static_assert(std::size(codes) == std::size(reply_meanings));

// All texts that are one step from this one: a letter changed, left out, put in, two of them swapped.
std::vector<std::string> neighbours(std::string_view word) {
    constexpr std::string_view other = "AZ09-_ \0@[`{a\x80\xC3"sv;
    std::vector<std::string> all{std::string(word) + std::string(word)};
    for (std::size_t i = 0; i <= word.size(); ++i) {
        for (char const c : other) {
            std::string put(word);
            put.insert(i, 1, c);
            all.push_back(put);
            if (i == word.size()) continue;
            std::string changed(word);
            changed[i] = c;
            all.push_back(changed);
        }
        if (i == word.size()) continue;
        all.push_back(std::string(word.substr(0, i)) + std::string(word.substr(i + 1)));
        // Letters that differ in one bit, those that make case included.
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string flipped(word);
            flipped[i] = static_cast<char>(static_cast<unsigned char>(word[i]) ^ (1u << bit));
            all.push_back(flipped);
        }
        if (i + 1 == word.size()) continue;
        std::string swapped(word);
        std::swap(swapped[i], swapped[i + 1]);
        all.push_back(swapped);
    }
    return all;
}
std::string upper(std::string_view text) {
    std::string s(text);
    for (char& c : s)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return s;
}
std::string lower(std::string_view text) {
    std::string s(text);
    for (char& c : s)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return s;
}

}  // namespace

TEST_CASE("every verb, and none that is nearly one", "[tables]") {
    std::set<std::string> const known(std::begin(verbs), std::end(verbs));
    CHECK(known.size() == std::size(verbs));
    CHECK(name(verb::unknown).empty());
    for (std::string_view const v : verbs) {
        CAPTURE(v);
        CHECK(name(find_verb(v)) == v);
        CHECK(find_verb(lower(v)) == find_verb(v));
        auto find = [](std::string_view t) { return std::string(name(find_verb(t))); };
        for (std::string const& near : neighbours(v)) {
            std::string const spelt = upper(near);
            std::string const expected = known.count(spelt) != 0 ? spelt : "";
            if (everywhere(near, find) != expected) FAIL_CHECK(support::escaped(near));
        }
    }
    for (std::string_view const no : {"", "H", "HE", "HEL", "RCPT TO", "MAIL FROM", "XADR", "XEXCH50", "STAR", "XCLI", "XFOR", "VERBOSE", "UNKNOWN"})
        CHECK(find_verb(no) == verb::unknown);
}

TEST_CASE("every EHLO keyword, and none that is nearly one", "[tables]") {
    std::set<std::string> known;
    for (keyword const& k : keywords) known.emplace(k.name);
    CHECK(known.size() == std::size(keywords));
    for (keyword const& k : keywords) {
        CAPTURE(k.name);
        auto const found = find_extension(k.name);
        REQUIRE(found);
        CHECK(name(*found) == k.name);
        CHECK(find_extension(lower(k.name)) == found);
        extension_facts const& facts = extension_table[static_cast<unsigned>(*found)];
        CHECK(facts.code == *found);
        CHECK(facts.keyword == k.name);
        CHECK(facts.rfc == k.rfc);
        CHECK(facts.parameters.empty() != k.parameters);
        auto find = [](std::string_view t) { return find_extension(t) ? std::string(name(*find_extension(t))) : std::string(); };
        for (std::string const& near : neighbours(k.name)) {
            std::string const spelt = upper(near);
            std::string const expected = known.count(spelt) != 0 ? spelt : "";
            if (everywhere(near, find) != expected) FAIL_CHECK(support::escaped(near));
        }
    }
    for (std::string_view const no : {"", "X", "OK", "AUTH=PLAIN", "AUTH=", "SIZE 1", "XAUTH", "X-EXPS", "PIPECONNECT", "XUSR", "8BIT", "MT"})
        CHECK_FALSE(find_extension(no));
}

TEST_CASE("every parameter, mechanism and attribute, and none that is nearly one", "[tables]") {
    auto check = [](auto const& rows, auto keyword_of, auto find) {
        std::set<std::string> known;
        for (auto const& row : rows)
            if (!keyword_of(row).empty()) CHECK(known.emplace(keyword_of(row)).second);
        for (std::string const& keyword : known) {
            CAPTURE(keyword);
            CHECK(find(keyword) == keyword);
            CHECK(find(lower(keyword)) == keyword);
            for (std::string const& near : neighbours(keyword)) {
                std::string const spelt = upper(near);
                std::string const expected = known.count(spelt) != 0 ? spelt : "";
                if (everywhere(near, find) != expected) FAIL_CHECK(support::escaped(near));
            }
        }
        CHECK(find(std::string_view()).empty());
    };
    auto itself = [](std::string_view text) { return text; };
    check(registered_parameters, [](parameter_facts const& row) { return row.keyword; },
          [](std::string_view t) { return find_parameter(t) ? std::string(name(*find_parameter(t))) : std::string(); });
    check(mechanism_names, itself, [](std::string_view t) { return std::string(name(find_mechanism(t))); });
    check(client_attribute_names, itself,
          [](std::string_view t) { return find_attribute(t) ? std::string(name(*find_attribute(t))) : std::string(); });
}

TEST_CASE("every reply code, and no other", "[tables]") {
    std::set<unsigned> const known(std::begin(codes), std::end(codes));
    CHECK(known.size() == std::size(codes));
    std::set<std::string_view> meanings;
    for (unsigned c = 0; c < 70000; ++c) {
        CAPTURE(c);
        bool const right = c >= 200 && c <= 599;
        if (is_reply_code(c) != right) FAIL_CHECK("is_reply_code");
        if (meaning(c).empty() == (known.count(c) != 0)) FAIL_CHECK("meaning");
    }
    unsigned before = 0;
    for (reply_meaning const& row : reply_meanings) {
        CHECK(row.code > before);
        before = row.code;
        CHECK(class_of(row.code) == static_cast<reply_class>(row.code / 100));
        CHECK(is_positive(row.code) == (row.code < 400));
    }
}

TEST_CASE("every enhanced status code, and no other", "[tables]") {
    std::size_t rows = 0;
    for (unsigned s = 0; s <= 999; ++s)
        for (unsigned d = 0; d <= 999; d += d < 40 || d > 995 ? 1 : 60) {
            status const x{5, static_cast<std::uint16_t>(s), static_cast<std::uint16_t>(d)};
            status const general{5, static_cast<std::uint16_t>(s), 0};
            bool registered = false;
            for (status_meaning const& row : status_meanings) registered = registered || (row.subject == s && row.detail == d);
            bool const expected = s < std::size(last_detail) && d <= last_detail[s];
            if (registered != expected) FAIL_CHECK(say(x));
            rows += registered;
            // RFC 3463 2: an unknown detail means what X.subject.0 means; an unknown subject nothing.
            if (!expected && meaning(x) != (s < std::size(last_detail) ? meaning(general) : std::string_view())) FAIL_CHECK(say(x));
            if (expected && d != 0 && meaning(x) == meaning(general)) FAIL_CHECK(say(x));
        }
    CHECK(rows == std::size(status_meanings));
    std::set<std::string_view> texts;
    for (status_meaning const& row : status_meanings) CHECK(texts.insert(row.meaning).second);
    // The class does not matter to the meaning.
    CHECK(meaning(status{2, 1, 5}) == meaning(status{4, 1, 5}));
    // Each of them is read and written, in each class; leading zeros and other classes are not.
    for (status_meaning const& row : status_meanings)
        for (unsigned const class_digit : {2u, 4u, 5u}) {
            std::string const tail = "." + std::to_string(row.subject) + "." + std::to_string(row.detail);
            std::string const text = std::to_string(class_digit) + tail;
            auto const parsed = parse_status(text);
            REQUIRE(parsed);
            CHECK(*parsed == status{static_cast<std::uint8_t>(class_digit), row.subject, row.detail});
            CHECK(support::written([&](writer& w) { return write_status(w, *parsed); }) == text);
            for (std::string const& no : {"3" + tail, "1" + tail, "0" + tail, "02" + tail, "X" + tail, text + ".", text + " ", " " + text,
                                          std::to_string(class_digit) + ".0" + tail.substr(1), text.substr(0, text.rfind('.')) + ".0" + std::to_string(row.detail)})
                CHECK_FALSE(parse_status(no));
        }
}

TEST_CASE("the class of the enhanced status is the class of the code", "[tables]") {
    for (unsigned const code : codes)
        for (unsigned class_digit = 0; class_digit < 10; ++class_digit) {
            CAPTURE(code, class_digit);
            reply const r(code, status{static_cast<std::uint8_t>(class_digit), 7, 1}, "text");
            // None at all is right for every code; 3yz has none (RFC 2034 4).
            bool const right = class_digit == 0 || (class_digit == code / 100 && class_digit != 3);
            CHECK(check(r).has_value() != right);
            if (!right) CHECK(check(r) == fail(errc::bad_status, 0));
            std::string const expected = class_digit == 0 ? std::to_string(code) + " text\r\n"
                                                    : std::to_string(code) + " " + std::to_string(class_digit) + ".7.1 text\r\n";
            CHECK(support::written([&](writer& w) { return write_reply(w, r); }) == (right ? expected : "bad_status@0"));
            // A reader passes over a status of another class.
            std::string const line = std::to_string(code) + " " + std::to_string(class_digit) + ".7.1 text\r\n";
            auto const read = parse_reply(line);
            REQUIRE(read.ready());
            CHECK(read->enhanced().has_value() == (class_digit != 0 && right));
        }
    for (pairing const& p : pairings) {
        CAPTURE(p.code, p.status);
        auto const s = parse_status(p.status);
        REQUIRE(s);
        CHECK_FALSE(check(reply(p.code, *s, "")));
        CHECK_FALSE(meaning(p.code).empty());
        CHECK_FALSE(meaning(*s).empty());
    }
    for (unsigned const code : {0u, 199u, 600u, 999u, 65535u, 65786u}) CHECK(check(reply(code, {}, "")) == fail(errc::bad_value, 0));
    CHECK(check(reply(250, status{2, 1000, 0}, "")) == fail(errc::bad_status, 0));
    CHECK(check(reply(250, status{2, 0, 1000}, "")) == fail(errc::bad_status, 0));
}

}  // namespace test_tables
