// ehlo_answer.hpp: the whole answer to EHLO, typed, read and written.
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/ehlo_answer.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace test_ehlo_answer {

using namespace ehlo;
using support::escaped;
using support::say;
using support::written;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string say_attributes(client_attributes set) {
    std::string out;
    for (unsigned i = 0; i < client_attribute_count; ++i)
        if (set.has(static_cast<client_attribute>(i))) (out += out.empty() ? "" : ",") += client_attribute_names[i];
    return out;
}
std::string say_answer(ehlo_answer const& a) {
    std::string out = say(a.domain) + (a.greet.empty() ? "" : " " + say(a.greet)) + ":";
    for (unsigned i = 0; i < extension_count; ++i) {
        auto const e = static_cast<extension>(i);
        if (!a.has(e)) continue;
        (out += " ") += name(e);
    }
    if (a.size) out += "; size " + std::to_string(*a.size);
    if (a.auth.bits != 0 || !a.auth_text.empty()) {
        out += "; auth";
        for (unsigned i = 1; i < mechanism_count; ++i)
            if (a.auth.has(static_cast<mechanism>(i))) (out += " ") += mechanism_names[i];
        out += " of " + say(a.auth_text);
    }
    if (a.limits.mail_max) out += "; mailmax " + std::to_string(*a.limits.mail_max);
    if (a.limits.rcpt_max) out += "; rcptmax " + std::to_string(*a.limits.rcpt_max);
    if (a.limits.rcpt_domain_max) out += "; rcptdomainmax " + std::to_string(*a.limits.rcpt_domain_max);
    if (a.min_by_time) out += "; by " + std::to_string(*a.min_by_time);
    if (a.hold) out += "; hold " + std::to_string(a.hold->max_interval) + " until " + std::to_string(unix_seconds(a.hold->max_date_time));
    if (!a.priority_profile.empty()) out += "; priority " + say(a.priority_profile);
    if (!a.solicitations.empty()) out += "; soliciting " + say(a.solicitations);
    if (!a.burl.empty()) out += "; burl " + say(a.burl);
    if (a.xclient.bits != 0) out += "; xclient " + say_attributes(a.xclient);
    if (a.xforward.bits != 0) out += "; xforward " + say_attributes(a.xforward);
    return out;
}
std::string say_reply(std::string_view text) {
    auto const r = parse_reply(text);
    if (!r.ready()) return "no reply";
    auto const a = parse_ehlo_answer(*r);
    return a ? say_answer(*a) : say(a.error());
}
std::string read(std::string_view text) { return support::everywhere(text, say_reply); }
// What one line says, after the domain "a".
std::string line(std::string_view keyword) {
    std::string const all = read("250-a\r\n250 " + std::string(keyword) + "\r\n");
    REQUIRE(all.starts_with("'a':"));
    return all.size() > 5 ? all.substr(5) : "";
}

ehlo_answer empty() {
    ehlo_answer a{};
    a.domain = "a";
    return a;
}
std::string write(ehlo_answer const& a) {
    return written([&](writer& w) { return write_ehlo_answer(w, a); });
}

}  // namespace

TEST_CASE("the answers of real servers, typed", "[ehlo_answer]") {
    // Postfix
    CHECK(read("250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n250-STARTTLS\r\n"
               "250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n250-XCLIENT NAME ADDR PROTO HELO LOGIN PORT DESTADDR DESTPORT\r\n"
               "250-XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
               "250-SMTPUTF8\r\n250 CHUNKING\r\n") ==
          "'mx.example.org': SIZE 8BITMIME PIPELINING ENHANCEDSTATUSCODES SMTPUTF8 VRFY CHUNKING DSN STARTTLS AUTH ETRN XCLIENT XFORWARD"
          "; size 10240000; auth PLAIN LOGIN of 'PLAIN LOGIN'; xclient NAME,ADDR,PORT,PROTO,HELO,LOGIN,DESTADDR,DESTPORT"
          "; xforward NAME,ADDR,PORT,PROTO,HELO,IDENT,SOURCE");
    // Postfix's smtp-sink ends with an empty keyword
    CHECK(read("250-smtp-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 \r\n") == "'smtp-sink': 8BITMIME PIPELINING");
    CHECK(read("250-smtp-sink\r\n250\r\n") == "'smtp-sink':");
    // Exim
    CHECK(read("250-mx.example.org Hello client [192.0.2.1]\r\n250-SIZE 52428800\r\n250-LIMITS MAILMAX=1000 RCPTMAX=50000\r\n250-8BITMIME\r\n"
               "250-PIPELINING\r\n250-PIPECONNECT\r\n250-AUTH CRAM-MD5 GSSAPI\r\n250-CHUNKING\r\n250-STARTTLS\r\n250-PRDR\r\n250 HELP\r\n") ==
          "'mx.example.org' 'Hello client [192.0.2.1]': SIZE 8BITMIME PIPELINING HELP CHUNKING STARTTLS AUTH LIMITS PRDR; size 52428800"
          "; auth CRAM-MD5 of 'CRAM-MD5 GSSAPI'; mailmax 1000; rcptmax 50000");
    // Exchange
    CHECK(read("250-MX.example.org Hello [192.0.2.1]\r\n250-SIZE\r\n250-PIPELINING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n"
               "250-X-ANONYMOUSTLS\r\n250-AUTH NTLM LOGIN\r\n250-X-EXPS GSSAPI NTLM\r\n250-8BITMIME\r\n250-BINARYMIME\r\n250-CHUNKING\r\n"
               "250-XEXCH50\r\n250-XRDST\r\n250 XSHADOWREQUEST\r\n") ==
          "'MX.example.org' 'Hello [192.0.2.1]': SIZE 8BITMIME PIPELINING ENHANCEDSTATUSCODES CHUNKING BINARYMIME DSN STARTTLS AUTH"
          "; auth LOGIN of 'NTLM LOGIN'");
    // As Gmail
    CHECK(read("250-mx.google.example at your service, [192.0.2.1]\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
               "250-AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SMTPUTF8\r\n") ==
          "'mx.google.example' 'at your service, [192.0.2.1]': SIZE 8BITMIME PIPELINING ENHANCEDSTATUSCODES SMTPUTF8 CHUNKING STARTTLS AUTH"
          "; size 157286400; auth PLAIN LOGIN XOAUTH2 OAUTHBEARER of 'LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH'");
    // RFC 4865, RFC 6710, RFC 2852, RFC 3865, RFC 4468
    CHECK(read("250-a.example\r\n250-FUTURERELEASE 2592000 2026-12-31T23:59:59Z\r\n250-DELIVERBY 120\r\n250-MT-PRIORITY MIXER\r\n"
               "250-NO-SOLICITING net.example:ADV\r\n250-BURL imap imap://imap.example\r\n250 LIMITS RCPTDOMAINMAX=1\r\n") ==
          "'a.example': DELIVERBY FUTURERELEASE MT-PRIORITY LIMITS NO-SOLICITING BURL; rcptdomainmax 1; by 120; hold 2592000 until 1798761599"
          "; priority 'MIXER'; soliciting 'net.example:ADV'; burl 'imap imap://imap.example'");
    // The name may be a literal; one line is enough; not 250 is no answer.
    CHECK(read("250-[192.0.2.1]\r\n250 DSN\r\n") == "'[192.0.2.1]': DSN");
    CHECK(read("250 a.example\r\n") == "'a.example':");
    CHECK(read("250 a.example  hi there \r\n") == "'a.example' ' hi there ':");
    CHECK(read("250\r\n") == "'':");
    CHECK(read("250 SIZE 1000\r\n") == "'SIZE' '1000':");
    for (std::string_view const no : {"550 5.5.1 no\r\n", "220 a\r\n", "251-a\r\n251 SIZE\r\n", "354 a\r\n"}) CHECK(read(no) == "bad_reply_class@0");
}

TEST_CASE("SIZE without a number, and SIZE 0", "[ehlo_answer]") {
    CHECK(line("SIZE") == "SIZE");
    CHECK(line("SIZE 0") == "SIZE; size 0");
    CHECK(line("size 000") == "SIZE; size 0");
    CHECK(line("SIZE 18446744073709551615") == "SIZE; size 18446744073709551615");
    for (std::string_view const odd : {"SIZE 18446744073709551616", "SIZE -1", "SIZE x", "SIZE 1 2", "SIZE  1", "SIZE 1k", "SIZE "})
        CHECK(line(odd) == "SIZE");
    CHECK(line("SIZE=1") == "");
    // The last one counts.
    CHECK(read("250-a\r\n250-SIZE 1\r\n250 SIZE\r\n") == "'a': SIZE");
    CHECK(read("250-a\r\n250-SIZE\r\n250 SIZE 2\r\n") == "'a': SIZE; size 2");
}

TEST_CASE("AUTH, and its old form", "[ehlo_answer]") {
    CHECK(line("AUTH") == "AUTH");
    CHECK(line("AUTH plain") == "AUTH; auth PLAIN of 'plain'");
    CHECK(line("AUTH PLAIN GSSAPI") == "AUTH; auth PLAIN of 'PLAIN GSSAPI'");
    CHECK(line("auth=LOGIN PLAIN") == "AUTH; auth PLAIN LOGIN of 'LOGIN PLAIN'");
    CHECK(line("AUTH=") == "AUTH");
    CHECK(line("AUTH= PLAIN") == "AUTH");  // these three: rule::blanks_in_ehlo_answer
    CHECK(line("AUTH PLAIN LOGIN ") == "AUTH");
    CHECK(line("AUTH PLAIN  LOGIN") == "AUTH");
    CHECK(line("AUTH PLAIN\tLOGIN") == "AUTH");
    CHECK(line("AUTHPLAIN") == "");
    // Both forms: the set is of both, whichever comes first; the text is that of the new one.
    CHECK(read("250-a\r\n250-AUTH PLAIN\r\n250 AUTH=LOGIN\r\n") == "'a': AUTH; auth PLAIN LOGIN of 'PLAIN'");
    CHECK(read("250-a\r\n250-AUTH=LOGIN\r\n250 AUTH PLAIN\r\n") == "'a': AUTH; auth PLAIN LOGIN of 'PLAIN'");
}

TEST_CASE("LIMITS by the rules of RFC 9422", "[ehlo_answer]") {
    CHECK(line("LIMITS MAILMAX=1") == "LIMITS; mailmax 1");
    CHECK(line("limits mailmax=1 rcptmax=999999 RcptDomainMax=10") == "LIMITS; mailmax 1; rcptmax 999999; rcptdomainmax 10");
    // Limits that nobody knows here, with a value and without.
    CHECK(line("LIMITS FOO RCPTMAX=5 BAR_-9=!~:<=>") == "LIMITS; rcptmax 5");
    // A bad value is passed over alone: 1 to 999,999 without leading zeros.
    for (std::string_view const bad : {"0", "01", "1000000", "x", "1x", "-1", "+1", "1.5", "=1", "99999999999999999999999"}) {
        CAPTURE(bad);
        CHECK(line("LIMITS MAILMAX=" + std::string(bad) + " RCPTMAX=7") == "LIMITS; rcptmax 7");
        CHECK(line("LIMITS RCPTMAX=7 RCPTDOMAINMAX=" + std::string(bad)) == "LIMITS; rcptmax 7");
    }
    CHECK(line("LIMITS MAILMAX RCPTMAX=7") == "LIMITS; rcptmax 7");
    // Bad syntax voids the whole keyword.
    for (std::string_view const bad : {"MAILMAX=", "=1", "MAIL.MAX=1", "X=a;b", "MAILMAX=1;RCPTMAX=2", "MAILMAX:1", "X=\x7F", "X=\xC3\xBC", "X=\t", ""}) {
        CAPTURE(escaped(bad));
        CHECK(line("LIMITS RCPTMAX=7 " + std::string(bad) + " MAILMAX=1") == "LIMITS");
        if (!bad.empty()) CHECK(line("LIMITS " + std::string(bad)) == "LIMITS");
    }
    CHECK(line("LIMITS  RCPTMAX=7") == "LIMITS");
    CHECK(line("LIMITS RCPTMAX=7 ") == "LIMITS");
    CHECK(line("LIMITS") == "LIMITS");
    // A void keyword takes back what an earlier one said, and so does a newer one.
    CHECK(read("250-a\r\n250-LIMITS MAILMAX=1\r\n250 LIMITS RCPTMAX=2\r\n") == "'a': LIMITS; rcptmax 2");
}

TEST_CASE("FUTURERELEASE and DELIVERBY", "[ehlo_answer]") {
    CHECK(line("FUTURERELEASE 1 1970-01-01T00:00:00Z") == "FUTURERELEASE; hold 1 until 0");
    CHECK(line("FUTURERELEASE 999999999 2026-11-21T00:00:00.5Z") == "FUTURERELEASE; hold 999999999 until 1795219200");
    for (std::string_view const odd :
         {"", " 1", " 1 ", " 0 2026-01-01T00:00:00Z", " 1000000000 2026-01-01T00:00:00Z", " x 2026-01-01T00:00:00Z", " 1 2026-01-01",
          " 1 2026-01-01T00:00:00+00:00", " 1 2026-02-29T00:00:00Z", " 1 2026-01-01T00:00:00Z x", "  1 2026-01-01T00:00:00Z",
          " 1  2026-01-01T00:00:00Z", " 2026-01-01T00:00:00Z 1", " -1 2026-01-01T00:00:00Z"}) {
        CAPTURE(odd);
        CHECK(line("FUTURERELEASE" + std::string(odd)) == "FUTURERELEASE");
    }
    CHECK(line("DELIVERBY") == "DELIVERBY");
    CHECK(line("DELIVERBY 0") == "DELIVERBY; by 0");
    CHECK(line("DELIVERBY 240") == "DELIVERBY; by 240");
    CHECK(line("DELIVERBY 999999999,ext,more") == "DELIVERBY; by 999999999");
    CHECK(line("DELIVERBY 000000001") == "DELIVERBY; by 1");
    for (std::string_view const odd : {"DELIVERBY ,ext", "DELIVERBY 1000000000", "DELIVERBY 0000000001", "DELIVERBY -1", "DELIVERBY x", "DELIVERBY  1"})
        CHECK(line(odd) == "DELIVERBY");
}

TEST_CASE("parameters that are kept as text", "[ehlo_answer]") {
    struct row {
        std::string_view keyword, label;
    };
    for (row const& r : {row{"MT-PRIORITY", "priority"}, row{"NO-SOLICITING", "soliciting"}, row{"BURL", "burl"}}) {
        CAPTURE(r.keyword);
        std::string const k(r.keyword);
        CHECK(line(k) == k);
        CHECK(line(k + " ") == k);
        CHECK(line(k + " x") == k + "; " + std::string(r.label) + " 'x'");
        CHECK(line(k + " x y") == k + "; " + std::string(r.label) + " 'x y'");
        for (std::string_view const odd : {" x ", "  x", " x  y", " x\ty", " \xC3\xBC", " \x7F"}) CHECK(line(k + std::string(odd)) == k);
    }
}

TEST_CASE("attributes offered by XCLIENT and XFORWARD", "[ehlo_answer]") {
    CHECK(line("XCLIENT") == "XCLIENT");
    CHECK(line("XCLIENT NAME addr FOO IDENT SOURCE HELO=x") == "XCLIENT; xclient NAME,ADDR");
    CHECK(line("XFORWARD IDENT source LOGIN DESTADDR NAME") == "XFORWARD; xforward NAME,IDENT,SOURCE");
    CHECK(line("XFORWARD IDENT  NAME") == "XFORWARD");
    CHECK(read("250-a\r\n250-XCLIENT NAME\r\n250 XFORWARD ADDR\r\n") == "'a': XCLIENT XFORWARD; xclient NAME; xforward ADDR");
}

TEST_CASE("lines that are no ehlo-lines are passed over", "[ehlo_answer]") {
    for (std::string_view const odd : {"", " ", " SIZE 1", "-", "SIZEX 1", "\x80\x81", "SIZE\t1", "XVERP", "\"SIZE\"", "AUTHX=PLAIN"}) {
        CAPTURE(escaped(odd));
        CHECK(read("250-a\r\n250-" + std::string(odd) + "\r\n250 DSN\r\n") == "'a': DSN");
    }
}

TEST_CASE("writing each keyword", "[ehlo_answer]") {
    CHECK(write(empty()) == "250 a\r\n");
    auto const with = [](extension e, auto&& set) {
        ehlo_answer a = empty();
        a.offered = e;
        set(a);
        return write(a);
    };
    for (unsigned i = 0; i < extension_count; ++i) {
        auto const e = static_cast<extension>(i);
        CHECK(with(e, [](ehlo_answer&) {}) == "250-a\r\n250 " + std::string(name(e)) + "\r\n");
    }
    CHECK(with(extension::size, [](ehlo_answer& a) { a.size = 0; }) == "250-a\r\n250 SIZE 0\r\n");
    CHECK(with(extension::size, [](ehlo_answer& a) { a.size = ~std::uint64_t{0}; }) == "250-a\r\n250 SIZE 18446744073709551615\r\n");
    CHECK(with(extension::auth, [](ehlo_answer& a) { a.auth_text = "PLAIN X"; }) == "250-a\r\n250 AUTH PLAIN X\r\n");
    CHECK(with(extension::auth, [](ehlo_answer& a) { a.auth = parse_mechanisms("LOGIN PLAIN"); }) == "250-a\r\n250 AUTH PLAIN LOGIN\r\n");
    CHECK(with(extension::auth, [](ehlo_answer& a) { a.auth_text = "X login", a.auth = parse_mechanisms("LOGIN PLAIN"); }) ==
          "250-a\r\n250 AUTH X login PLAIN\r\n");
    CHECK(with(extension::limits, [](ehlo_answer& a) { a.limits = {1, 2, 999999}; }) == "250-a\r\n250 LIMITS MAILMAX=1 RCPTMAX=2 RCPTDOMAINMAX=999999\r\n");
    CHECK(with(extension::limits, [](ehlo_answer& a) { a.limits.rcpt_max = 2; }) == "250-a\r\n250 LIMITS RCPTMAX=2\r\n");
    CHECK(with(extension::deliver_by, [](ehlo_answer& a) { a.min_by_time = 0; }) == "250-a\r\n250 DELIVERBY 0\r\n");
    CHECK(with(extension::future_release, [](ehlo_answer& a) { a.hold = hold_limits{7, *to_date_time(0)}; }) ==
          "250-a\r\n250 FUTURERELEASE 7 1970-01-01T00:00:00Z\r\n");
    CHECK(with(extension::mt_priority, [](ehlo_answer& a) { a.priority_profile = "NSEP"; }) == "250-a\r\n250 MT-PRIORITY NSEP\r\n");
    CHECK(with(extension::no_soliciting, [](ehlo_answer& a) { a.solicitations = "x:Y"; }) == "250-a\r\n250 NO-SOLICITING x:Y\r\n");
    CHECK(with(extension::burl, [](ehlo_answer& a) { a.burl = "imap imap://b"; }) == "250-a\r\n250 BURL imap imap://b\r\n");
    CHECK(with(extension::xclient, [](ehlo_answer& a) { a.xclient |= client_attribute::login; }) == "250-a\r\n250 XCLIENT LOGIN\r\n");
    CHECK(with(extension::xforward, [](ehlo_answer& a) { a.xforward |= client_attribute::ident; }) == "250-a\r\n250 XFORWARD IDENT\r\n");
    ehlo_answer greeting = empty();
    greeting.greet = "says hello";
    CHECK(write(greeting) == "250 a says hello\r\n");
}

TEST_CASE("what the writer of the answer refuses", "[ehlo_answer]") {
    auto const refused = [](auto&& set) {
        ehlo_answer a = empty();
        a.offered.bits = (std::uint64_t{1} << extension_count) - 1;
        set(a);
        return write(a);
    };
    CHECK(refused([](ehlo_answer& a) { a.domain = ""; }) == "bad_domain@0");
    CHECK(refused([](ehlo_answer& a) { a.domain = "a b"; }) == "bad_domain@1");
    CHECK(refused([](ehlo_answer& a) { a.domain = "a\r\n250 X"; }) == "bad_domain@1");
    CHECK(refused([](ehlo_answer& a) { a.domain = "[1.2.3]"; }).substr(0, 19) == "bad_address_literal");
    for (std::string_view const bad : {"x\r\n250 SIZE"sv, "x\r"sv, "x\n"sv, "x\0"sv}) CHECK(refused([&](ehlo_answer& a) { a.greet = bad; }) == "unsafe_octet@1");
    for (auto const field : {&ehlo_answer::auth_text, &ehlo_answer::priority_profile, &ehlo_answer::solicitations, &ehlo_answer::burl}) {
        for (std::string_view const bad : {"x\r\n250 SIZE"sv, "x\r"sv, "x\n"sv, "x\0"sv}) CHECK(refused([&](ehlo_answer& a) { a.*field = bad; }) == "unsafe_octet@1");
        for (std::string_view const bad : {"x\vy", "x\xC3\xBC", "x\x7F", "x\x01"}) CHECK(refused([&](ehlo_answer& a) { a.*field = bad; }) == "bad_value@1");
        // Blanks that were read under rule::blanks_in_ehlo_answer are written as one SP, or not at all.
        for (std::string_view const blank : {"x\ty", " x  y", "x y \t"}) {
            std::string const text = refused([&](ehlo_answer& a) { a.*field = blank; });
            CHECK(text.find(" x y\r\n") != text.npos);
        }
    }
    for (auto const field : {&server_limits::mail_max, &server_limits::rcpt_max, &server_limits::rcpt_domain_max})
        for (std::uint32_t const bad : {0u, 1000000u, ~0u}) CHECK(refused([&](ehlo_answer& a) { a.limits.*field = bad; }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) { a.min_by_time = 1000000000; }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) { a.hold = hold_limits{0, *to_date_time(0)}; }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) { a.hold = hold_limits{1000000000, *to_date_time(0)}; }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) {
              a.hold = hold_limits{1, *to_date_time(0)};
              a.hold->max_date_time.month = 13;
          }).starts_with("bad_"));
    CHECK(refused([](ehlo_answer& a) {
              a.hold = hold_limits{1, *to_date_time(0)};
              a.hold->max_date_time.offset = 60;
          }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) { a.xclient |= client_attribute::ident; }) == "bad_value@0");
    CHECK(refused([](ehlo_answer& a) { a.xforward |= client_attribute::login; }) == "bad_value@0");
}

TEST_CASE("no line of the answer is over 512 octets", "[ehlo_answer]") {
    ehlo_answer a = empty();
    std::string const long_text(600, 'x');
    a.greet = std::string_view(long_text).substr(0, 512 - 4 - 1 - 1 - 2);
    CHECK(write(a).size() == 512);
    a.greet = std::string_view(long_text).substr(0, a.greet.size() + 1);
    CHECK(write(a) == say(fail(errc::reply_too_long, 512)));
    a.greet = "";
    a.offered = extension::burl;
    a.burl = std::string_view(long_text).substr(0, 512 - 4 - 4 - 1 - 2);
    CHECK(write(a).size() == 512 + 7);
    a.burl = std::string_view(long_text).substr(0, a.burl.size() + 1);
    CHECK(write(a) == say(fail(errc::reply_too_long, 512)));
}

TEST_CASE("read, written and read again is the same", "[ehlo_answer]") {
    generate::rng r(9422);
    constexpr std::string_view odd[] = {"0",     "1",         "999999", "-1",       "x",    "PLAIN", "LOGIN GSSAPI",         "imap",
                                        "NAME",  "ADDR IDENT", "=",     "MAILMAX=3", "RCPTMAX=0", "A B=c", "2026-01-01T00:00:00Z", "\x80",
                                        "  two", "MIXER",     "1,a",   "SOURCE"};
    std::size_t refused = 0, changed = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = "250-" + generate::domain(r, false, 6);
        if (r.one_in(4)) text += " " + generate::rest_of_line(r, 12);
        text += "\r\n";
        for (std::size_t n = r.between(1, 12); n > 0; --n) {
            text += n == 1 ? "250 " : "250-";
            text += r.one_in(8) ? generate::esmtp_keyword(r, 8) : generate::mixed_case(r, std::string(name(static_cast<extension>(r.below(extension_count)))));
            if (r.one_in(20)) text += "=PLAIN X";
            switch (r.below(6)) {
            case 0: text += " " + std::to_string(r.next() >> r.below(64)); break;
            case 1: text += " 120 2026-01-0" + std::to_string(r.between(1, 9)) + (r.one_in(2) ? "T00:00:00Z" : "T23:59:59.125Z"); break;
            case 2: text += " MAILMAX=" + std::to_string(r.below(1200000)) + " rcptmax=" + std::to_string(r.below(20)); break;
            case 3: break;
            default:
                for (std::size_t k = r.between(1, 3); k > 0; --k) (text += " ") += odd[r.below(std::size(odd))];
                break;
            }
            text += "\r\n";
        }
        auto const reply = parse_reply(text);
        REQUIRE(reply.ready());
        auto const a = parse_ehlo_answer(*reply);
        REQUIRE(a);
        // The small reader says the same.
        auto const small = parse_capabilities(*reply);
        if (!small || !(*small == static_cast<capabilities const&>(*a)))
            FAIL_CHECK(escaped(text) << ": parse_capabilities differs");
        char buffer[8192];
        writer w(buffer);
        auto const n = write_ehlo_answer(w, *a);
        if (!n) {
            ++refused;
            if (w.size() != 0 || n.error().code != errc::unsafe_octet) FAIL_CHECK(escaped(text) << ": " << say(n.error()));
            continue;
        }
        auto const again = parse_reply(w.text());
        REQUIRE(again.ready());
        auto b = parse_ehlo_answer(*again);
        REQUIRE(b);
        if (b->auth_text != a->auth_text) {
            // Mechanisms of the old form, or of a text that was no text, are spelt out.
            ++changed;
            if (!b->auth_text.starts_with(a->auth_text)) FAIL_CHECK(escaped(text) << ": " << b->auth_text);
            b->auth_text = a->auth_text;
        }
        if (!(*a == *b)) FAIL_CHECK(escaped(text) << ":\n" << say_answer(*a) << "\n" << say_answer(*b));
    }
    CHECK(refused < 200);
    CHECK(changed < 2000);
}

namespace {

struct answered_line {
    std::string_view line;   // of the answer, after its code
    bool offered;            // strictly
    std::string_view value;  // as it is read under the rule; what is read strictly, if no blank is amiss
    bool amiss;
};
std::string value_of(ehlo_answer const& a, extension e) {
    if (e == extension::size) return a.size ? std::to_string(*a.size) : "";
    if (e == extension::auth) {
        std::string out;
        for (unsigned i = 1; i < mechanism_count; ++i)
            if (a.auth.has(static_cast<mechanism>(i))) (out += out.empty() ? "" : " ") += mechanism_names[i];
        return out;
    }
    if (e == extension::limits) return a.limits.rcpt_max ? std::to_string(*a.limits.rcpt_max) : "";
    if (e == extension::burl) return std::string(a.burl);
    if (e == extension::xclient) return std::to_string(a.xclient.bits);
    return "";
}

}  // namespace

TEST_CASE("RFC 5321 4.1.1.1: blanks in the answer to EHLO", "[ehlo_answer]") {
    // clang-format off
    constexpr answered_line lines[] = {
        {"SIZE 1000", true, "1000", false},
        {"SIZE", true, "", false},
        {"SIZE 1000 ", true, "1000", true},
        {"SIZE  1000", true, "1000", true},
        {"SIZE\t1000", false, "1000", true},
        {"SIZE 1000\t", true, "1000", true},
        {"SIZE ", true, "", true},
        {"SIZE\t", false, "", true},
        {"PIPELINING\t", false, "", true},
        {"PIPELINING ", true, "", true},
        {"pipelining  \t ", true, "", true},
        {"8BITMIME ", true, "", true},
        {"AUTH PLAIN LOGIN", true, "PLAIN LOGIN", false},
        {"AUTH  PLAIN  LOGIN", true, "PLAIN LOGIN", true},
        {"AUTH PLAIN LOGIN ", true, "PLAIN LOGIN", true},
        {"AUTH PLAIN\tLOGIN", true, "PLAIN LOGIN", true},
        {"AUTH\tPLAIN LOGIN", false, "PLAIN LOGIN", true},
        {"AUTH=PLAIN LOGIN", true, "PLAIN LOGIN", false},
        {"AUTH= PLAIN  LOGIN ", true, "PLAIN LOGIN", true},
        {"LIMITS MAILMAX=1  RCPTMAX=20 ", true, "20", true},
        {"BURL imap  ", true, "imap", true},
        {"XCLIENT NAME  ADDR", true, "3", true},
        {"XCLIENT NAME SESSION TTL", true, "5121", false},
    };
    // clang-format on
    for (answered_line const& l : lines) {
        CAPTURE(escaped(l.line));
        auto const cut = std::min(l.line.find_first_of(" \t="), l.line.size());
        extension const e = *find_extension(l.line.substr(0, cut));
        for (bool const last : {true, false}) {
            std::string const text = "250-a.example\r\n250" + std::string(last ? " " : "-") + std::string(l.line) + "\r\n" + (last ? "" : "250 HELP\r\n");
            auto const r = parse_reply(text);
            REQUIRE(r.ready());
            for (unsigned i = 0; i <= rule_count; ++i) {
                leniency const rules = i == rule_count ? strict : leniency(static_cast<rule>(i));
                bool const takes = rules.has(rule::blanks_in_ehlo_answer);
                auto const a = parse_ehlo_answer(*r, rules);
                auto const c = parse_capabilities(*r, rules);
                CHECK(a->has(e) == (l.offered || takes));
                CHECK(*c == static_cast<capabilities const&>(*a));
                CHECK(value_of(*a, e) == (takes || !l.amiss ? l.value : e == extension::xclient ? "0" : ""));
                CHECK(a->tolerated == (takes && l.amiss ? rules : strict));
                // It can be written, and read again without any rule.
                std::string const again = support::written([&](writer& w) { return write_ehlo_answer(w, *a); });
                auto const reply = parse_reply(again);
                REQUIRE(reply.ready());
                auto const back = parse_ehlo_answer(*reply);
                CHECK(back->offered == a->offered);
                CHECK(value_of(*back, e) == value_of(*a, e));
                CHECK(back->tolerated.empty());
            }
            CHECK(parse_ehlo_answer(*r, leniency::all())->tolerated == (l.amiss ? leniency(rule::blanks_in_ehlo_answer) : strict));
        }
    }
    // What is no parameter at all is passed over under every rule, and not called tolerated.
    auto const odd = parse_reply("250-a\r\n250-AUTH PLAIN \x01\r\n250 SIZE 1\xC3\xB6\r\n");
    auto const a = parse_ehlo_answer(*odd, leniency::all());
    CHECK((a->has(extension::auth) && a->auth == mechanisms{} && !a->size && a->tolerated.empty()));
}

}  // namespace test_ehlo_answer
