// mailbox.hpp: local parts, their quoting, mailboxes
#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/mailbox.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace test_mailbox {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using namespace std::string_view_literals;

namespace {

constexpr auto parse = [](std::string_view t) { return parse_mailbox(t); };
constexpr syntax utf8{.tolerate = strict, .smtputf8 = true};
constexpr auto parse_utf8 = [](std::string_view t) { return parse_mailbox(t, utf8); };

constexpr good_case mailboxes[] = {
    {"a@b", "'a' at domain 'b' []"},
    {"ann@example.org", "'ann' at domain 'example.org' []"},
    {"a.b.c@d", "'a.b.c' at domain 'd' []"},
    {"!#$%&'*+-/=?^_`{|}~@d", "'!#$%&'*+-/=?^_`{|}~' at domain 'd' []"},
    {"-@d", "'-' at domain 'd' []"},
    {"user%host@relay", "'user%host' at domain 'relay' []"},
    {"host!user@relay", "'host!user' at domain 'relay' []"},
    {"PostMaster@d", "'PostMaster' at domain 'd' []"},
    {"a@[1.2.3.4]", "'a' at ipv4 '[1.2.3.4]' []"},
    {"a@[IPv6:::1]", "'a' at ipv6 '[IPv6:::1]' []"},
    {"a@[x:@,>]", "'a' at general '[x:@,>]' []"},
    {"\"\"@b", "'\"\"' at domain 'b' []"},
    {"\"a\"@b", "'\"a\"' at domain 'b' []"},
    {"\"a b\"@c", "'\"a b\"' at domain 'c' []"},
    {"\"a@b\"@c", "'\"a@b\"' at domain 'c' []"},
    {"\".\"@c", "'\".\"' at domain 'c' []"},
    {"\"a..b\"@c", "'\"a..b\"' at domain 'c' []"},
    {"\"\\\"\"@c", "'\"\\\\\"\"' at domain 'c' []"},
    {"\"\\\\\"@c", "'\"\\\\\\\\\"' at domain 'c' []"},
    {"\"\\a\\ \\~\"@c", "'\"\\\\a\\\\ \\\\~\"' at domain 'c' []"},
    {"\" !#[]^~<>()\"@c", "'\" !#[]^~<>()\"' at domain 'c' []"},
};
constexpr bad_case no_mailboxes[] = {
    {"", errc::bad_local_part, 0},
    {"@b", errc::bad_local_part, 0},
    {"a", errc::missing_domain, 1},
    {"a@", errc::bad_domain, 2},
    {".a@b", errc::bad_local_part, 0},
    {"a.@b", errc::bad_local_part, 2},
    {"a..b@c", errc::bad_local_part, 2},
    {".@c", errc::bad_local_part, 0},
    {"a b@c", errc::bad_local_part, 1},
    {"a\tb@c", errc::bad_local_part, 1},
    {" a@c", errc::bad_local_part, 0},
    {"a,b@c", errc::bad_local_part, 1},
    {"a(b)@c", errc::bad_local_part, 1},
    {"a\\b@c", errc::bad_local_part, 1},
    {"a\0b@c"sv, errc::bad_local_part, 1},
    {"a\r\n@c", errc::bad_local_part, 1},
    {"a\x7F@c", errc::bad_local_part, 1},
    {"a\"b\"@c", errc::bad_local_part, 1},
    {"\"a\"b@c", errc::bad_local_part, 3},
    {"\"a\".b@c", errc::bad_local_part, 3},
    {"\"a\"", errc::missing_domain, 3},
    {"\"a", errc::bad_quoted_string, 2},
    {"\"", errc::bad_quoted_string, 1},
    {"\"a\\\"", errc::bad_quoted_string, 4},
    {"\"a\\", errc::bad_quoted_string, 3},
    {"\"a\tb\"@c", errc::bad_quoted_string, 2},
    {"\"a\\\tb\"@c", errc::bad_quoted_string, 3},
    {"\"a\0\"@c"sv, errc::bad_quoted_string, 2},
    {"\"a\r\n\"@c", errc::bad_quoted_string, 2},
    {"\"\x7F\"@c", errc::bad_quoted_string, 1},
    {"\"\\\x7F\"@c", errc::bad_quoted_string, 2},
    {"a@b@c", errc::bad_domain, 3},
    {"a@b c", errc::bad_domain, 3},
    {"a@b_c", errc::bad_domain, 3},
    {"a@b.", errc::bad_domain, 4},
    {"a@-b", errc::bad_domain, 2},
    {"a@b-", errc::bad_domain, 4},
    {"a@[1.2.3]", errc::bad_address_literal, 8},
    {"a@[1.2.3.4]x", errc::bad_address_literal, 11},
    {"a@b>", errc::bad_domain, 3},
    {"\xC3\xBC@b", errc::non_ascii, 0},
    {"a\xC3\xBC@b", errc::non_ascii, 1},
    {"\"\xC3\xBC\"@b", errc::non_ascii, 1},
    {"a@\xC3\xBC", errc::non_ascii, 2},
};
constexpr good_case wide_mailboxes[] = {
    {"\xC3\xBC@b", "'\\xC3\\xBC' at domain 'b' []"},
    {"a.\xC3\xBC.\xF0\x9F\x91\x8B@\xE2\x82\xAC", "'a.\\xC3\\xBC.\\xF0\\x9F\\x91\\x8B' at domain '\\xE2\\x82\\xAC' []"},
    {"\"\xC3\xBC b\"@c", "'\"\\xC3\\xBC b\"' at domain 'c' []"},
};
constexpr bad_case no_wide_mailboxes[] = {
    {"\xC3@b", errc::bad_utf8, 0},
    {"a\xE2\x82@b", errc::bad_utf8, 1},
    {"\"\xC0\xAF\"@b", errc::bad_utf8, 1},
    {"a@\xED\xA0\x80", errc::bad_utf8, 2},
    {"a@b\xFF", errc::bad_utf8, 3},
    // RFC 6531 does not extend quoted-pairSMTP: only ASCII after a backslash.
    {"\"\\\xC3\xBC\"@b", errc::bad_quoted_string, 2},
};
static_assert(support::first_refused(mailboxes, parse) == std::size(mailboxes));
static_assert(support::first_wrong(no_mailboxes, parse) == std::size(no_mailboxes));
static_assert(support::first_refused(wide_mailboxes, parse_utf8) == std::size(wide_mailboxes));
static_assert(support::first_wrong(no_wide_mailboxes, parse_utf8) == std::size(no_wide_mailboxes));

std::string unquote(std::string_view local_part) {
    return support::written([=](writer& w) { return write_unquoted(w, local_part); });
}
std::string quote(std::string_view meaning, syntax const& rules = strict_syntax) {
    return support::written([&](writer& w) { return write_local_part(w, meaning, rules); });
}

}  // namespace

TEST_CASE("mailboxes", "[mailbox]") {
    support::check_all(mailboxes, parse);
    support::check_all(no_mailboxes, parse);
    support::check_all(wide_mailboxes, parse_utf8);
    support::check_all(no_wide_mailboxes, parse_utf8);
}

TEST_CASE("a local part of 64 octets, and one more", "[mailbox]") {
    std::string const local(64, 'a'), quoted = "\"" + std::string(62, 'a') + "\"";
    CHECK(parse_mailbox(std::string_view(local + "@b")));
    CHECK(parse_mailbox(std::string_view(quoted + "@b")));
    CHECK(parse_mailbox(std::string_view("a" + local + "@b")).error() == fail(errc::local_part_too_long, 64));
    // Quotes and backslashes count: RFC 5321 4.5.3.1.1 speaks of the local-part as it stands.
    CHECK(parse_mailbox(std::string_view("\"a" + std::string(62, 'a') + "\"@b")).error() == fail(errc::local_part_too_long, 64));
    CHECK(parse_mailbox(std::string_view("a" + local + "@b"), syntax{.max_local_part = 65}));
    // Octets count, not characters.
    std::string wide;
    for (int i = 0; i < 32; ++i) wide += "\xC3\xBC";
    CHECK(parse_mailbox(std::string_view(wide + "@b"), utf8));
    CHECK(parse_mailbox(std::string_view(wide + "x@b"), utf8).error() == fail(errc::local_part_too_long, 64));
    CHECK(parse_mailbox(std::string_view(local + "@" + std::string(255, 'd'))));
    CHECK(parse_mailbox(std::string_view(local + "@" + std::string(256, 'd'))).error() == fail(errc::domain_too_long, 65 + 255));
    CHECK(parse_mailbox(std::string_view("b@" + std::string(256, 'd'))).error() == fail(errc::domain_too_long, 2 + 255));
}

TEST_CASE("quotes are taken off", "[mailbox]") {
    CHECK(unquote("abc") == "abc");
    CHECK(unquote("\"abc\"") == "abc");
    CHECK(unquote("\"a b\"") == "a b");
    CHECK(unquote("\"\"") == "");
    CHECK(unquote("\"\\\"\"") == "\"");
    CHECK(unquote("\"\\\\\"") == "\\");
    CHECK(unquote("\"\\a\\b\\\\\\\"\"") == "ab\\\"");
    CHECK(unquote("a.b+c") == "a.b+c");
}

TEST_CASE("the shortest quoting", "[mailbox]") {
    CHECK(quote("abc") == "abc");
    CHECK(quote("a.b") == "a.b");
    CHECK(quote("") == "\"\"");
    CHECK(quote(".") == "\".\"");
    CHECK(quote("a.") == "\"a.\"");
    CHECK(quote("a..b") == "\"a..b\"");
    CHECK(quote("a b") == "\"a b\"");
    CHECK(quote("a@b") == "\"a@b\"");
    CHECK(quote("a\"b") == "\"a\\\"b\"");
    CHECK(quote("\"") == "\"\\\"\"");
    CHECK(quote("\"a\"") == "\"\\\"a\\\"\"");
    CHECK(quote("\\") == "\"\\\\\"");
    CHECK(quote("a<b>") == "\"a<b>\"");
    // Octets that no local part can hold.
    CHECK(quote("a\rb") == "bad_value@1");
    CHECK(quote("a b\n") == "bad_value@3");
    CHECK(quote("\0"sv) == "bad_value@0");
    CHECK(quote("a\tb") == "bad_value@1");
    CHECK(quote("a b\x7F") == "bad_value@3");
    CHECK(quote("\xC3\xBC") == "bad_value@0");
    CHECK(quote("\xC3\xBC", utf8) == "\xC3\xBC");
    CHECK(quote("a \xC3\xBC", utf8) == "\"a \xC3\xBC\"");
    CHECK(quote("a \xC3", utf8) == "bad_value@2");
    CHECK(quote("\xFF", utf8) == "bad_value@0");
    // What is tolerated when it is read is not written so.
    CHECK(quote("a..b", syntax{.tolerate = leniency::all()}) == "\"a..b\"");
    // The limit on the length is not this function's.
    CHECK(quote(std::string(100, 'a')) == std::string(100, 'a'));
}

TEST_CASE("local parts are equal when they mean the same", "[mailbox]") {
    static_assert(same_local_part("abc", "\"abc\"") && same_local_part("\"a\\bc\"", "abc") && same_local_part("\"\"", "\"\""));
    static_assert(!same_local_part("abc", "ABC") && !same_local_part("abc", "abcd") && !same_local_part("abcd", "abc"));
    static_assert(same_local_part("\"\\\"\"", "\"\\\"\"") && !same_local_part("\"a b\"", "\"ab\""));
    static_assert(!same_local_part("\"\\\\a\"", "\"\\a\""));
    auto box = [](std::string_view t) { return *parse_mailbox(t); };
    CHECK(same_mailbox(box("ann@Example.ORG"), box("\"ann\"@example.org")));
    CHECK_FALSE(same_mailbox(box("Ann@example.org"), box("ann@example.org")));
    CHECK_FALSE(same_mailbox(box("ann@example.org"), box("ann@example.com")));
}

TEST_CASE("quoting against the oracle", "[mailbox]") {
    generate::rng r(64);
    std::size_t quoted = 0;
    for (unsigned i = 0; i < 20000; i += generate::every(8)) {
        bool const wide = r.one_in(2);
        std::string const local = generate::local_part(r, wide);
        syntax const rules{.smtputf8 = wide};
        quoted += local[0] == '"';
        char buffer[512];
        writer w(buffer);
        auto const n = write_unquoted(w, local);
        std::string const meaning(w.text());
        bool good = n && meaning == oracle::unquote(local);
        w.rewind(0);
        good = good && write_local_part(w, meaning, rules) && w.text() == oracle::least_quoted(local, wide);
        std::string const shortest(w.text());
        good = good && oracle::matches(oracle::Local_part, shortest, wide) && same_local_part(shortest, local);
        std::string streamed;
        for (unquoted u(local); !u.empty();) streamed += u.next();
        good = good && streamed == meaning;
        // Another meaning is another local part.
        std::string other = meaning;
        generate::mutate(r, other);
        w.rewind(0);
        if (other != meaning && write_local_part(w, other, rules)) good = good && !same_local_part(w.text(), local);
        if (!good) FAIL_CHECK(support::escaped(local) << " became " << support::escaped(shortest));
    }
    CHECK(quoted > 3000 / generate::every(8));
}

}  // namespace test_mailbox
