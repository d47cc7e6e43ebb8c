// sasl.hpp: the messages of the mechanisms, but for SCRAM

#include "sasl_shown.hpp"

#include "generate.hpp"

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace test_sasl {

using namespace sasl_shown;
using namespace hashes;
using namespace std::string_view_literals;

constexpr std::string_view digits32 = "b913a602c7eda7a495b4e6e7334d3890";

TEST_CASE("the hashes of these tests", "[auth]") {
    CHECK(hex(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(hmac_of(md5, "Jefe", "what do ya want for nothing?")) == "750c783e6ab0b503eaa86e310a5db738");
}

TEST_CASE("PLAIN", "[auth]") {
    // RFC 4616 4
    CHECK(message(sasl::plain{"", "tim", "tanstaaftanstaaf"}) == "\0tim\0tanstaaftanstaaf"sv);
    CHECK(message(sasl::plain{"Ursel", "Kurt", "xipj3plmq"}) == "Ursel\0Kurt\0xipj3plmq"sv);
    CHECK(read("\0tim\0tanstaaftanstaaf"sv, plain) == "'' 'tim' 'tanstaaftanstaaf'");
    CHECK(read("Ursel\0Kurt\0xipj3plmq"sv, plain) == "'Ursel' 'Kurt' 'xipj3plmq'");
    CHECK(read("\0\xC3\xBC\0\xF0\x9F\x91\x8B \x01\x7F"sv, plain) == "'' '\\xC3\\xBC' '\\xF0\\x9F\\x91\\x8B \\x01\\x7F'");
    std::string const part(255, 'x'), longest = part + '\0' + part + '\0' + part;
    CHECK(parse_plain(longest)->password == part);

    CHECK(read("", plain) == "bad_sasl_message@0");
    CHECK(read("tim", plain) == "bad_sasl_message@3");
    CHECK(read("\0"sv, plain) == "bad_sasl_message@1");
    CHECK(read("\0\0pw"sv, plain) == "bad_sasl_message@1");
    CHECK(read("\0tim"sv, plain) == "bad_sasl_message@4");
    CHECK(read("\0tim\0"sv, plain) == "bad_sasl_message@5");
    CHECK(read("\0tim\0pw\0"sv, plain) == "bad_sasl_message@7");
    CHECK(read("\0tim\0p\0w"sv, plain) == "bad_sasl_message@6");
    CHECK(read("\0ti\rm\0pw"sv, plain) == "bad_sasl_message@3");
    CHECK(read("\0tim\0pw\n"sv, plain) == "bad_sasl_message@7");
    CHECK(read("\0t\xFFm\0pw"sv, plain) == "bad_utf8@2");
    CHECK(read("\xC3\0tim\0pw"sv, plain) == "bad_utf8@0");
    CHECK(read("\0tim\0p\xED\xA0\x80"sv, plain) == "bad_utf8@6");

    CHECK(message(sasl::plain{"", "", "pw"}) == "bad_value@1");
    CHECK(message(sasl::plain{"", "tim", ""}) == "bad_value@5");
    CHECK(message(sasl::plain{"a\0b"sv, "tim", "pw"}) == "unsafe_octet@1");
    CHECK(message(sasl::plain{"", "tim\r", "pw"}) == "unsafe_octet@4");
    CHECK(message(sasl::plain{"", "tim", "p\nw"}) == "unsafe_octet@6");
    CHECK(message(sasl::plain{"", "tim", "p\0w"sv}) == "unsafe_octet@6");
    CHECK(message(sasl::plain{"", "t\xFFm", "pw"}) == "bad_utf8@2");
}

TEST_CASE("PLAIN: refused or too long, no octet of it stands in the output", "[auth]") {
    for (sasl::plain const& m : {sasl::plain{"", "tim", "secret\r\n"}, sasl::plain{"", "tim", "secret"}}) {
        std::string buffer(24, '#');
        writer out(buffer.data(), 22);  // AUTH PLAIN AHRpbQBzZWNyZXQ= needs 29
        CHECK_FALSE(write_auth(out, m));
        CHECK(out.size() == 0);
        CHECK(buffer == std::string(24, '#'));
    }
}

TEST_CASE("LOGIN, EXTERNAL, ANONYMOUS", "[auth]") {
    constexpr auto login = READER(parse_login);
    constexpr auto external = READER(parse_external);
    constexpr auto anonymous = READER(parse_anonymous);
    CHECK(read("tim", login) == "'tim'");
    CHECK(read("p\xE4sswort", login) == "'p\\xE4sswort'");
    CHECK(read("", login) == "bad_sasl_message@0");
    CHECK(read("a\0b"sv, login) == "bad_sasl_message@1");
    CHECK(read("a\r\n"sv, login) == "bad_sasl_message@1");
    CHECK(message(sasl::login{""}) == "bad_value@0");
    CHECK(message(sasl::login{"ab\n"}) == "unsafe_octet@2");
    for (std::string_view const prompt : {"Username:"sv, "User Name\0"sv, "User Name"sv, "USERNAME: "sv})
        CHECK(find_login_prompt(prompt) == sasl::login_prompt::user_name);
    for (std::string_view const prompt : {"Password:"sv, "Password\0"sv, "password"sv})
        CHECK(find_login_prompt(prompt) == sasl::login_prompt::password);
    for (std::string_view const prompt : {""sv, "Passwords"sv, ":"sv, "Benutzer"sv})
        CHECK(find_login_prompt(prompt) == sasl::login_prompt::unknown);

    CHECK(read("", external) == "''");
    CHECK(read("fred@example.com", external) == "'fred@example.com'");
    CHECK(read("fr\0d"sv, external) == "bad_sasl_message@2");
    CHECK(read("fr\nd"sv, external) == "bad_sasl_message@2");
    CHECK(read("\x80", external) == "bad_utf8@0");
    CHECK(message(sasl::external{"a\0"sv}) == "unsafe_octet@1");

    CHECK(read("", anonymous) == "''");
    CHECK(read("sirhc", anonymous) == "'sirhc'");
    std::string wide;
    for (int i = 0; i < 255; ++i) wide += "\xC3\xBC";
    CHECK(*parse_anonymous(wide) == wide);
    CHECK(show(parse_anonymous(std::string_view(wide + "x"))) == "bad_sasl_message@510");
    CHECK(message(sasl::anonymous{wide + "x"}) == "bad_value@510");
    CHECK(message(sasl::anonymous{wide}) == wide);
    CHECK(parse_anonymous(std::string_view(wide + "x@example.org")));
    CHECK(read("a\rb", anonymous) == "bad_sasl_message@1");
    CHECK(message(sasl::anonymous{"a\rb"}) == "unsafe_octet@1");
}

TEST_CASE("XOAUTH2", "[auth]") {
    // The example of Google's documentation.
    constexpr std::string_view token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    std::string const octets = "user=someuser@example.com\x01" "auth=Bearer " + std::string(token) + "\x01\x01";
    CHECK(read(octets, xoauth2) == "'someuser@example.com' '" + std::string(token) + "'");
    CHECK(base64(octets) == "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
    CHECK(written([&](writer& w) { return write_auth(w, sasl::xoauth2{"someuser@example.com", token}); }) ==
          "AUTH XOAUTH2 " + base64(octets) + "\r\n");
    CHECK(read("user=a\1auth=bEaReR t\1\1", xoauth2, false) == "'a' 't'");

    CHECK(read("", xoauth2) == "bad_sasl_message@0");
    CHECK(read("User=a\1auth=Bearer t\1\1", xoauth2) == "bad_sasl_message@0");
    CHECK(read("user=\1auth=Bearer t\1\1", xoauth2) == "bad_sasl_message@5");
    CHECK(read("user=a\1auth=Basic t\1\1", xoauth2) == "bad_sasl_message@13");
    CHECK(read("user=a\1auth=Bearer \1\1", xoauth2) == "bad_sasl_message@19");
    CHECK(read("user=a\1auth=Bearer t\1", xoauth2) == "bad_sasl_message@21");
    CHECK(read("user=a\1auth=Bearer t\1\1x", xoauth2) == "bad_sasl_message@22");
    CHECK(read("user=a\1auth=Bearer t t\1\1", xoauth2) == "bad_sasl_message@20");
    CHECK(read("user=a\r\1auth=Bearer t\1\1", xoauth2) == "bad_sasl_message@6");
    CHECK(read("user=\xFF\1auth=Bearer t\1\1", xoauth2) == "bad_utf8@5");

    CHECK(message(sasl::xoauth2{"", "t"}) == "bad_value@5");
    CHECK(message(sasl::xoauth2{"a\1b", "t"}) == "bad_value@6");
    CHECK(message(sasl::xoauth2{"a\nb", "t"}) == "unsafe_octet@6");
    CHECK(message(sasl::xoauth2{"a", ""}) == "bad_value@19");
    CHECK(message(sasl::xoauth2{"a", "t\1"}) == "bad_value@20");
    CHECK(message(sasl::xoauth2{"a", "t\r"}) == "unsafe_octet@20");
}

TEST_CASE("OAUTHBEARER", "[auth]") {
    // RFC 7628 4.1, 4.3
    constexpr std::string_view imap =
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1s"
        "emRHRXVZMjl0Q2c9PQEB";
    constexpr std::string_view smtp =
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1s"
        "emRHRXVZMjl0Q2c9PQEB";
    constexpr std::string_view failed =
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE=";
    constexpr std::string_view token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    std::string const said = "'user@example.com' host 'server.example.com' port ";
    CHECK(read(unbase64(imap), oauthbearer) == said + "143 token '" + std::string(token) + "'");
    CHECK(read(unbase64(failed), oauthbearer) == said + "143 token ''");
    CHECK(written([&](writer& w) { return write_auth(w, sasl::oauthbearer{"user@example.com", "server.example.com", 587, token}); }) ==
          "AUTH OAUTHBEARER " + std::string(smtp) + "\r\n");
    CHECK(written([](writer& w) { return write_auth_response(w, sasl::oauth_error_seen); }) == "AQ==\r\n");

    CHECK(read("n,,\1auth=Bearer t\1\1", oauthbearer) == "'' token 't'");
    CHECK(read("n,a=a=2Cb=3Dc,\1auth=Bearer t\1\1", oauthbearer) == "'a,b=c' token 't'");
    CHECK(read("y,,\1port=25\1x=y\1auth=bearer t\1xyz=a\r\n\tb \1host=h\1\1", oauthbearer, false) == "'' host 'h' port 25 token 't'");
    CHECK(read("n,,\1host=\1auth=\1\1", oauthbearer) == "'' host '' token ''");

    CHECK(read("", oauthbearer) == "bad_sasl_message@0");
    CHECK(read("\1", oauthbearer) == "bad_sasl_message@0");
    CHECK(read("p=x,,\1auth=\1\1", oauthbearer) == "bad_sasl_message@0");
    CHECK(read("n,a=,\1auth=\1\1", oauthbearer) == "bad_sasl_message@4");
    CHECK(read("n,a=x=2c,\1auth=\1\1", oauthbearer) == "bad_sasl_message@7");
    CHECK(read("n,a=x=4D,\1auth=\1\1", oauthbearer) == "bad_sasl_message@6");
    CHECK(read("n,b=x,\1auth=\1\1", oauthbearer) == "bad_sasl_message@2");
    CHECK(read("n,,auth=\1\1", oauthbearer) == "bad_sasl_message@3");
    CHECK(read("n,,\1\1", oauthbearer) == "bad_sasl_message@4");
    CHECK(read("n,,\1host=h\1\1", oauthbearer) == "bad_sasl_message@11");
    CHECK(read("n,,\1auth=Bearer t\1", oauthbearer) == "bad_sasl_message@18");
    CHECK(read("n,,\1auth=Bearer t\1\1x", oauthbearer) == "bad_sasl_message@19");
    CHECK(read("n,,\1auth=Bearer t", oauthbearer) == "bad_sasl_message@17");
    CHECK(read("n,,\1auth=Bearer \1\1", oauthbearer) == "bad_sasl_message@9");
    CHECK(read("n,,\1auth=OAuth x\1\1", oauthbearer) == "bad_sasl_message@9");
    CHECK(read("n,,\1auth=Bearer a b\1\1", oauthbearer) == "bad_sasl_message@17");
    CHECK(read("n,,\1auth=\1auth=\1\1", oauthbearer) == "bad_sasl_message@10");
    CHECK(read("n,,\1host=a\1host=b\1auth=\1\1", oauthbearer) == "bad_sasl_message@11");
    CHECK(read("n,,\1host=a b\1auth=\1\1", oauthbearer) == "bad_sasl_message@10");
    CHECK(read("n,,\1port=0\1auth=\1\1", oauthbearer) == "bad_sasl_message@9");
    CHECK(read("n,,\1port=025\1auth=\1\1", oauthbearer) == "bad_sasl_message@9");
    CHECK(read("n,,\1port=65536\1auth=\1\1", oauthbearer) == "bad_sasl_message@13");
    CHECK(read("n,,\1port=\1auth=\1\1", oauthbearer) == "bad_sasl_message@9");
    CHECK(read("n,,\1port=25\1port=25\1auth=\1\1", oauthbearer) == "bad_sasl_message@12");
    CHECK(read("n,,\1h_t=a\1auth=\1\1", oauthbearer) == "bad_sasl_message@5");
    CHECK(read("n,,\1=a\1auth=\1\1", oauthbearer) == "bad_sasl_message@4");
    CHECK(read("n,,\1x=\x80\1auth=\1\1", oauthbearer) == "bad_sasl_message@6");

    CHECK(message(sasl::oauthbearer{"a,b=c", {}, {}, "t"}) == "n,a=a=2Cb=3Dc,\1auth=Bearer t\1\1");
    CHECK(message(sasl::oauthbearer{"a\r", {}, {}, "t"}) == "unsafe_octet@5");
    CHECK(message(sasl::oauthbearer{"", "h\n", {}, "t"}) == "unsafe_octet@10");
    CHECK(message(sasl::oauthbearer{"", "h\1x", {}, "t"}) == "bad_value@10");
    CHECK(message(sasl::oauthbearer{"", {}, 0, "t"}) == "bad_value@4");
    CHECK(message(sasl::oauthbearer{"", {}, 65536, "t"}) == "bad_value@4");
    CHECK(message(sasl::oauthbearer{"", {}, 65535, "t"}) == "n,,\1port=65535\1auth=Bearer t\1\1");
    CHECK(message(sasl::oauthbearer{"", {}, {}, "t\1\1"}) == "bad_value@17");
    CHECK(message(sasl::oauthbearer{saslname::as_received("a=2"), {}, {}, "t"}) == "bad_value@4");
}

TEST_CASE("CRAM-MD5", "[auth]") {
    // RFC 2195 2
    auto const hmac = hmac_hook(md5);
    constexpr std::string_view challenge = "<1896.697170952@postoffice.reston.mci.net>", password = "tanstaaftanstaaf";
    CHECK(written([&](writer& w) { return write_challenge(w, challenge); }) ==
          "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n");
    std::string const digest = written([&](writer& w) { return write_cram_md5_digest(w, password, challenge, hmac); });
    CHECK(digest == digits32);
    CHECK(written([&](writer& w) { return write_auth_response(w, sasl::cram_md5{"tim", digest}); }) ==
          "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n");
    CHECK(verify_cram_md5({"tim", digest}, password, challenge, hmac));
    CHECK_FALSE(verify_cram_md5({"tim", digest}, "tanstaaf", challenge, hmac));
    CHECK_FALSE(verify_cram_md5({"tim", digest}, password, "<1@b>", hmac));
    CHECK_FALSE(verify_cram_md5({"tim", {}}, password, challenge, hmac));
    CHECK_FALSE(verify_cram_md5({"tim", digits32.substr(0, 31)}, password, challenge, hmac));
    // RFC 4954 4.1
    CHECK(read(unbase64("cmpzMyBlYzNhNTlmZWQzOTVhYmExZWM2MzY3YzRmNGI0MWFjMA=="), cram_md5) == "'rjs3' 'ec3a59fed395aba1ec6367c4f4b41ac0'");

    std::string const good(digits32);
    CHECK(read("tim " + good, cram_md5) == "'tim' '" + good + "'");
    CHECK(read("tim o'r  " + good, cram_md5) == "'tim o'r ' '" + good + "'");
    CHECK(read("", cram_md5) == "bad_sasl_message@0");
    CHECK(read(good, cram_md5) == "bad_sasl_message@32");
    CHECK(read(" " + good, cram_md5) == "bad_sasl_message@0");
    CHECK(read("tim ", cram_md5) == "bad_sasl_message@4");
    CHECK(read("tim " + good.substr(1), cram_md5) == "bad_sasl_message@35");
    CHECK(read("tim " + good + "0", cram_md5) == "bad_sasl_message@36");
    CHECK(read("tim B" + good.substr(1), cram_md5) == "bad_sasl_message@4");
    CHECK(read("tim " + good + "\n", cram_md5) == "bad_sasl_message@36");
    CHECK(read("t\0m "sv, cram_md5) == "bad_sasl_message@1");
    CHECK(read("t\xC0m " + good, cram_md5) == "bad_utf8@1");
    CHECK(message(sasl::cram_md5{"", good}) == "bad_value@0");
    CHECK(message(sasl::cram_md5{"t\rm", good}) == "unsafe_octet@1");
    CHECK(message(sasl::cram_md5{"tim", "xyz"}) == "bad_value@4");
}

TEST_CASE("AUTH: what is read can be written, and read again", "[auth]") {
    generate::rng r(4954);
    constexpr std::string_view some = "ab=,\0\1\r\n 2C3D\xC3\xBC@/+"sv;
    int read_well = 0;
    auto both = [&](std::string_view octets, auto parse) {
        auto const m = parse(octets);
        if (!m) return;
        ++read_well;
        char buffer[1024];
        writer w(buffer);
        if (!write_message(w, *m)) FAIL_CHECK(support::escaped(octets));
        auto const again = parse(w.text());
        if (!again || show(*again) != show(*m)) FAIL_CHECK(support::escaped(octets) << " became " << support::escaped(w.text()));
    };
    std::string const seeds[] = {std::string("a\0b\0c", 5),
                                 "user=ab\1auth=Bearer ab\1\1",
                                 "n,a=a,\1host=a\1port=23\1auth=Bearer ab\1\1",
                                 "ab " + std::string(digits32),
                                 "n,,n=a=2Cb,r=ab,x=2",
                                 "r=ab,s=AAAA,i=23,x=a",
                                 "c=biws,r=ab,x=y,p=AAAA",
                                 "v=AAAA,x=2"};
    for (int i = 0; i < generate::drawn(40000); ++i) {
        std::string octets = seeds[r.below(std::size(seeds))];
        for (std::size_t n = r.below(3); n-- > 0;) {
            std::size_t const at = r.below(octets.size());
            if (r.one_in(3)) octets.insert(at, 1, r.pick(some));
            else if (r.one_in(2)) octets.erase(at, 1);
            else octets[at] = r.pick(some);
            if (octets.empty()) octets = "a";
        }
        both(octets, plain);
        both(octets, xoauth2);
        both(octets, oauthbearer);
        both(octets, cram_md5);
        both(octets, client_first);
        both(octets, server_first);
        both(octets, client_final);
        both(octets, server_final);
    }
    CHECK(read_well > generate::drawn(10000));
}

namespace {

static_assert(parse_oauthbearer("n,,\1host=h\1port=25\1auth=Bearer t\1\1")->port == 25);

}  // namespace

}  // namespace test_sasl
