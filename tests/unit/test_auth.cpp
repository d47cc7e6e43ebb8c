// auth.hpp, sasl.hpp, scram.hpp
#include "../examples/hashes.hpp"
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/auth.hpp>
#include <ehlo/scram.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using namespace ehlo;
using support::everywhere;
using support::written;
using namespace std::string_view_literals;

namespace {

// What was parsed, as text.
std::string show(failure f) { return support::say(f); }
std::string show(cmd::auth const& a) {
    std::string const known = a.mechanism == mechanism::unknown ? "unknown" : std::string(name(a.mechanism));
    return known + " " + std::string(a.name) + (a.initial_response ? " " + support::say(*a.initial_response) : "");
}
std::string show(auth_response const& r) { return r.cancelled ? "cancel" : support::say(r.base64); }
std::string show(std::string_view text) { return support::say(text); }
std::string meaning(saslname const& n) {
    std::string out, pieces;
    n.each_meant([&out](std::string_view piece) { out += piece; });
    CHECK(n.means(out));
    CHECK_FALSE(n.means(out + "x"));
    CHECK((out.empty() || !n.means(out.substr(1))));
    n.each_escaped([&pieces](std::string_view piece) { pieces += piece; });
    CHECK(saslname::as_received(pieces).means(out));
    CHECK(written([&n](writer& w) { return write_unescaped(w, n); }) == out);
    return out;
}
std::string show(sasl::plain const& m) {
    return support::say(m.authzid) + " " + support::say(m.authcid) + " " + support::say(m.password);
}
std::string show(sasl::xoauth2 const& m) { return support::say(m.user) + " " + support::say(m.token); }
std::string show(sasl::oauthbearer const& m) {
    return support::say(meaning(m.authzid)) + (m.host ? " host " + support::say(*m.host) : "") +
           (m.port ? " port " + std::to_string(*m.port) : "") + " token " + support::say(m.token);
}
std::string show(sasl::cram_md5 const& m) { return support::say(m.user) + " " + support::say(m.digest); }
std::string show(sasl::gs2_header const& h) {
    return std::to_string(static_cast<int>(h.binding)) + support::say(h.channel) + support::say(meaning(h.authzid));
}
std::string show(sasl::scram_client_first const& m) {
    return show(m.header) + " " + support::say(meaning(m.user)) + " " + support::say(m.nonce) + " " + support::say(m.extensions);
}
std::string show(sasl::scram_server_first const& m) {
    return support::say(m.nonce) + " " + support::say(m.salt) + " " + std::to_string(m.iterations) + " " + support::say(m.extensions);
}
std::string show(sasl::scram_client_final const& m) {
    return support::say(m.channel) + " " + support::say(m.nonce) + " " + support::say(m.extensions) + " " + support::say(m.proof);
}
std::string show(sasl::scram_server_final const& m) {
    return support::say(m.verifier) + " " + support::say(m.problem) + " " + support::say(m.extensions);
}
template <class T>
std::string show(result<T> const& r) {
    return r ? show(*r) : show(r.error());
}

// Octets of a message: raw, by way of base64, back again.
template <class Message>
std::string message(Message const& m) {
    std::string const raw = written([&m](writer& w) { return write_message(w, m); });
    std::string const response = written([&m](writer& w) { return write_auth_response(w, m); });
    std::string const challenge = written([&m](writer& w) { return write_challenge(w, m); });
    if (response.find('@') != std::string::npos) {  // a failure: the same from all
        CHECK(raw == response);
        CHECK(raw == challenge);
        return raw;
    }
    REQUIRE(response.size() == base64_size(raw.size()) + 2);
    CHECK(challenge == "334 " + response);
    std::string line = response.substr(0, response.size() - 2);
    auto const octets = decode_auth_response(line.data(), line.size());
    REQUIRE(octets);
    CHECK(*octets == raw);
    return raw;
}
// A parser over octets anywhere in memory; what was parsed is written again, octet by octet the same.
template <class Parse>
std::string read(std::string_view octets, Parse parse, bool same = true) {
    std::string const said = everywhere(octets, [&](std::string_view t) { return show(parse(t)); });
    if (auto const m = parse(octets)) {
        std::string const again = message(*m);
        if (same) CHECK(again == octets);
        auto const twice = parse(again);
        REQUIRE(twice);
        CHECK(show(*twice) == said);
    }
    return said;
}

using namespace hashes;

std::string hex(std::string_view octets) {
    std::string out;
    for (char const c : octets)
        for (unsigned const shift : {4u, 0u}) out += "0123456789abcdef"[static_cast<unsigned char>(c) >> shift & 15];
    return out;
}
std::string base64(std::string_view octets) {
    return written([octets](writer& w) { return encode_base64(w, octets); });
}
std::string unbase64(std::string_view text) {
    return written([text](writer& w) { return decode_base64(w, text); });
}

constexpr auto parse_command = [](std::string_view t) { return parse_auth(t); };
constexpr auto parse_line = [](std::string_view t) { return parse_auth_response(t); };
#define READER(function) [](std::string_view t) { return function(t); }
constexpr auto plain = READER(parse_plain);
constexpr auto xoauth2 = READER(parse_xoauth2);
constexpr auto oauthbearer = READER(parse_oauthbearer);
constexpr auto cram_md5 = READER(parse_cram_md5);
constexpr auto client_first = READER(parse_scram_client_first);
constexpr auto server_first = READER(parse_scram_server_first);
constexpr auto client_final = READER(parse_scram_client_final);
constexpr auto server_final = READER(parse_scram_server_final);

constexpr std::string_view digits32 = "b913a602c7eda7a495b4e6e7334d3890";

std::string command(std::string_view arguments) {
    std::string const said = everywhere(arguments, [](std::string_view t) { return show(parse_command(t)); });
    if (auto const a = parse_auth(arguments)) {
        // Written, it is the same but for the case of the name.
        std::string const line = written([&a](writer& w) { return write_auth(w, *a); });
        auto const split = split_command(std::string_view(line).substr(0, line.size() - 2));
        REQUIRE(split);
        CHECK(line.ends_with("\r\n"));
        CHECK(iequals(split->arguments, arguments));
        auto const again = parse_auth(split->arguments);
        REQUIRE(again);
        CHECK(again->mechanism == a->mechanism);
        CHECK(again->initial_response == a->initial_response);
    }
    return said;
}

}  // namespace

TEST_CASE("the hashes of these tests", "[auth]") {
    CHECK(hex(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(hmac_of(md5, "Jefe", "what do ya want for nothing?")) == "750c783e6ab0b503eaa86e310a5db738");
}

TEST_CASE("the names of mechanisms", "[auth]") {
    for (unsigned i = 1; i < mechanism_count; ++i) {
        auto const m = static_cast<mechanism>(i);
        CHECK(find_mechanism(name(m)) == m);
        CHECK(is_mechanism(name(m)));
    }
    CHECK(find_mechanism("Scram-Sha-256") == mechanism::scram_sha_256);
    CHECK(find_mechanism("") == mechanism::unknown);
    CHECK(find_mechanism("PLAIN ") == mechanism::unknown);
    static_assert(is_mechanism("X") && is_mechanism("A-B_C9") && is_mechanism("12345678901234567890"));
    static_assert(!is_mechanism("") && !is_mechanism("123456789012345678901") && !is_mechanism("A B") && !is_mechanism("A.B"));
    static_assert(begins_with_challenge(mechanism::cram_md5) && !begins_with_challenge(mechanism::plain));

    mechanisms const all = parse_mechanisms("plain X-FOO LOGIN  SCRAM-SHA-256-PLUS");
    CHECK((all.has(mechanism::plain) && all.has(mechanism::login) && all.has(mechanism::scram_sha_256_plus)));
    CHECK_FALSE((all.has(mechanism::scram_sha_256) || all.has(mechanism::unknown)));
    CHECK(written([&all](writer& w) { return write_mechanisms(w, all); }) == "PLAIN LOGIN SCRAM-SHA-256-PLUS");
    CHECK(parse_mechanisms("PLAIN LOGIN") == (mechanism::plain | mechanism::login));
    CHECK(parse_mechanisms("") == mechanisms{});
    CHECK(written([](writer& w) { return write_mechanisms(w, {}); }) == "");
}

TEST_CASE("AUTH: the command", "[auth]") {
    CHECK(command("PLAIN") == "PLAIN PLAIN");
    CHECK(command("plain dGVzdAB0ZXN0ADEyMzQ=") == "PLAIN plain 'dGVzdAB0ZXN0ADEyMzQ='");
    CHECK(command("EXTERNAL =") == "EXTERNAL EXTERNAL ''");
    CHECK(command("EXTERNAL") == "EXTERNAL EXTERNAL");
    CHECK(command("CRAM-MD5") == "CRAM-MD5 CRAM-MD5");
    CHECK(command("LOGIN dGVzdA==") == "LOGIN LOGIN 'dGVzdA=='");
    CHECK(command("X_9-FOO AAAA") == "unknown X_9-FOO 'AAAA'");
    CHECK(command("12345678901234567890 =") == "unknown 12345678901234567890 ''");

    CHECK(command("") == "missing_argument@0");
    CHECK(command(" PLAIN") == "bad_mechanism@0");
    CHECK(command("PLAIN,LOGIN") == "bad_mechanism@5");
    CHECK(command("PL\xC3\x84IN") == "bad_mechanism@2");
    CHECK(command("PLAIN\0"sv) == "bad_mechanism@5");
    CHECK(command("123456789012345678901") == "bad_mechanism@20");
    CHECK(command("=") == "bad_mechanism@0");
    CHECK(command("PLAIN ") == "bad_base64@6");
    CHECK(command("PLAIN  dGVzdA==") == "bad_base64@6");
    CHECK(command("PLAIN ==") == "bad_base64@6");
    CHECK(command("PLAIN *") == "bad_base64@6");
    CHECK(command("PLAIN =AAA") == "bad_base64@6");
    CHECK(command("PLAIN AAA=BBB") == "bad_base64@10");
    CHECK(command("PLAIN dGVzdA== dGVzdA==") == "bad_base64@14");
    CHECK(command("PLAIN dGVzdA==\r") == "bad_base64@14");
    CHECK(command("CRAM-MD5 dGVzdA==") == "unexpected_initial_response@9");
    CHECK(command("digest-md5 =") == "unexpected_initial_response@11");
}

TEST_CASE("AUTH: a client's line", "[auth]") {
    auto line = [](std::string_view t) { return everywhere(t, [](std::string_view u) { return show(parse_line(u)); }); };
    CHECK(line("") == "''");
    CHECK(line("*") == "cancel");
    CHECK(line("dGVzdAB0ZXN0ADEyMzQ=") == "'dGVzdAB0ZXN0ADEyMzQ='");
    CHECK(line("=") == "bad_base64@0");  // only an initial response is empty so
    CHECK(line("**") == "bad_base64@0");
    CHECK(line("* ") == "bad_base64@0");
    CHECK(line(" *") == "bad_base64@0");
    CHECK(line("AAA") == "bad_base64@3");
    CHECK(line("AAAA ") == "bad_base64@4");
    CHECK(line("QUIT ME") == "bad_base64@4");
    CHECK(line("QUIT") == "'QUIT'");  // base64 like any other

    // 12,288 octets with CRLF.
    std::string const most(12284, 'A'), over = most + "AAAA";
    CHECK(parse_auth_response(most)->base64 == most);
    CHECK(show(parse_auth_response(over)) == "auth_line_too_long@12286");
    CHECK(show(parse_auth_response("AAAA", 6)) == "'AAAA'");
    CHECK(show(parse_auth_response("AAAA", 5)) == "auth_line_too_long@3");
    CHECK(show(parse_auth_response("AAAA", 0)) == "auth_line_too_long@0");
    std::vector<char> buffer(20000);
    auto size_of = [&buffer](auto write) {
        writer w(buffer.data(), buffer.size());
        auto const size = write(w);
        CHECK(w.size() == (size ? *size : 0));
        return size ? std::to_string(*size) : show(size.error());
    };
    std::string const octets(9214, 'x');
    std::string_view const some = octets;
    CHECK(size_of([&](writer& w) { return write_auth_response(w, octets); }) == "auth_line_too_long@12286");
    CHECK(size_of([&](writer& w) { return write_auth_response(w, some.substr(1)); }) == "12286");  // a group more: 12,290
    CHECK(size_of([&](writer& w) { return write_challenge(w, some.substr(3)); }) == "auth_line_too_long@12286");
    CHECK(size_of([&](writer& w) { return write_challenge(w, some.substr(4)); }) == "12286");
    CHECK(written([](writer& x) { return write_auth_cancel(x); }) == "*\r\n");
    CHECK(written([](writer& x) { return write_auth_response(x, ""); }) == "\r\n");

    // Decoded in place, or not touched.
    auto decode = [](std::string text) {
        std::string const before = text;
        auto const r = decode_auth_response(text.data(), text.size());
        if (!r) CHECK(text == before);
        return show(r);
    };
    CHECK(decode("dGVzdAB0ZXN0ADEyMzQ=") == "'test\\x00test\\x001234'");
    CHECK(decode("") == "''");
    CHECK(decode("*") == "auth_cancelled@0");
    CHECK(decode("dGVzdAB0ZXN0ADEyMzQ") == "bad_base64@19");
    CHECK(decode(over) == "auth_line_too_long@12286");
}

TEST_CASE("AUTH: a challenge", "[auth]") {
    auto challenge = [](std::string_view octets) {
        reply_limits limits;
        limits.line = max_auth_line;
        auto const r = parse_reply(octets, limits);
        REQUIRE(r.ready());
        return show(parse_challenge(*r));
    };
    CHECK(challenge("334 \r\n") == "''");
    CHECK(challenge("334\r\n") == "''");
    CHECK(challenge("334 VXNlcm5hbWU6\r\n") == "'VXNlcm5hbWU6'");
    CHECK(challenge("334  \r\n") == "bad_base64@4");
    CHECK(challenge("334 ok, go on\r\n") == "bad_base64@6");
    CHECK(challenge("334 VXNlcm5hbWU\r\n") == "bad_base64@15");
    CHECK(challenge("334 VXNlcm5hbWU6 \r\n") == "bad_base64@16");
    CHECK(challenge("334-VXNl\r\n334 VXNl\r\n") == "bad_reply_class@0");
    CHECK(challenge("235 VXNl\r\n") == "bad_reply_class@0");
    CHECK(challenge("354 VXNl\r\n") == "bad_reply_class@0");
    CHECK(written([](writer& w) { return write_challenge(w, ""); }) == "334 \r\n");
    CHECK(written([](writer& w) { return write_challenge(w, sasl::login_user_name); }) == "334 VXNlcm5hbWU6\r\n");
    CHECK(written([](writer& w) { return write_challenge(w, sasl::login_password); }) == "334 UGFzc3dvcmQ6\r\n");
}

TEST_CASE("AUTH: commands are written", "[auth]") {
    // RFC 4954 4.1
    CHECK(written([](writer& w) { return write_auth(w, sasl::plain{"test", "test", "1234"}); }) == "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\r\n");
    CHECK(written([](writer& w) { return write_auth(w, "PLAIN"); }) == "AUTH PLAIN\r\n");
    CHECK(written([](writer& w) { return write_auth(w, sasl::external{}); }) == "AUTH EXTERNAL =\r\n");
    CHECK(written([](writer& w) { return write_auth(w, name(mechanism::cram_md5)); }) == "AUTH CRAM-MD5\r\n");
    CHECK(written([](writer& w) { return write_auth(w, "x-foo", "test"); }) == "AUTH X-FOO dGVzdA==\r\n");
    CHECK(written([](writer& w) { return write_auth(w, sasl::login{"test"}); }) == "AUTH LOGIN dGVzdA==\r\n");
    CHECK(written([](writer& w) { return write_auth(w, std::string("LOGIN"), std::string("test")); }) == "AUTH LOGIN dGVzdA==\r\n");

    CHECK(written([](writer& w) { return write_auth(w, ""); }) == "bad_mechanism@0");
    CHECK(written([](writer& w) { return write_auth(w, "A B"); }) == "bad_mechanism@1");
    CHECK(written([](writer& w) { return write_auth(w, "A B", "x"); }) == "bad_mechanism@1");
    CHECK(written([](writer& w) { return write_auth(w, "PLAIN\r\nRSET"); }) == "unsafe_octet@5");
    CHECK(written([](writer& w) { return write_auth(w, "PLAIN\n", "x"); }) == "unsafe_octet@5");
    CHECK(written([](writer& w) { return write_auth(w, "PLAIN\0"sv); }) == "unsafe_octet@5");
    CHECK(written([](writer& w) { return write_auth(w, "CRAM-MD5", "x"); }) == "unexpected_initial_response@0");
    auto again = [](std::string_view name, std::string_view text) {
        return written([&](writer& w) { return write_auth(w, cmd::auth{find_mechanism(name), name, text}); });
    };
    CHECK(again("PLAIN", "dGVzdA==") == "AUTH PLAIN dGVzdA==\r\n");
    CHECK(again("PLAIN", "dGVz\r\nRSET") == "bad_base64@4");
    CHECK(again("CRAM-MD5", "") == "unexpected_initial_response@0");

    // 512 octets with CRLF: "AUTH PLAIN " leaves 499, and so 496.
    std::string const fits(372, 'x'), over(373, 'x');
    CHECK(written([&](writer& w) { return write_auth(w, "PLAIN", fits); }).size() == 509);
    CHECK(written([&](writer& w) { return write_auth(w, "PLAIN", over); }) == "line_too_long@510");
    CHECK(written([&](writer& w) { return write_auth(w, sasl::plain{"", "u", over}); }) == "line_too_long@510");
    CHECK(again("PLAIN", std::string(500, 'A')) == "line_too_long@510");
    CHECK(again("PLAIN", std::string(496, 'A')).size() == 509);
    CHECK(written([&](writer& w) { return write_auth_response(w, over); }).size() == 502);
}

TEST_CASE("AUTH: every failure has its reply", "[auth]") {
    auto reply_to = [](errc code) {
        return written([code](writer& w) { return write_reply(w, reply_for(fail(code, 0), verb::unknown)); }).substr(0, 9);
    };
    CHECK(reply_to(errc::bad_base64) == "501 5.5.2");
    CHECK(reply_to(errc::bad_sasl_message) == "501 5.5.2");
    CHECK(reply_to(errc::bad_mechanism) == "501 5.5.4");
    CHECK(reply_to(errc::unexpected_initial_response) == "501 5.7.0");
    CHECK(reply_to(errc::auth_cancelled) == "501 5.7.0");
    CHECK(reply_to(errc::auth_line_too_long) == "500 5.5.6");
    CHECK(reply_to(errc::unknown_mechanism) == "504 5.5.4");
    CHECK(blame_of(errc::bad_sasl_message) == blame::malformed);
    CHECK(blame_of(errc::auth_line_too_long) == blame::limit);
    CHECK(blame_of(errc::auth_cancelled) == blame::sequence);
    for (reply const& r : {replies::authenticated, replies::password_transition_needed, replies::authentication_fails_now,
                           replies::authentication_required, replies::mechanism_too_weak, replies::bad_credentials,
                           replies::encryption_required}) {
        CHECK_FALSE(check(r));
        CHECK(r.enhanced.valid());
    }
    CHECK(written([](writer& w) { return write_reply(w, replies::authenticated); }) == "235 2.7.0 Authentication succeeded\r\n");
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

namespace {

struct scram_example {
    std::string_view first, server_first, final, server_final;
};

template <class H>
void check_scram(H h, std::size_t size, scram_example const& e) {
    scram_hash const functions{size, hmac_hook(h), hash_hook(h)};
    std::string const password = "pencil";
    auto const c1 = parse_scram_client_first(e.first);
    auto const s1 = parse_scram_server_first(e.server_first);
    auto const c2 = parse_scram_client_final(e.final);
    auto const s2 = parse_scram_server_final(e.server_final);
    REQUIRE((c1 && s1 && c2 && s2));
    CHECK(c1->header_text == "n,,");
    CHECK(c1->user.means("user"));
    CHECK(is_continued_nonce(s1->nonce, c1->nonce));
    CHECK_FALSE(is_continued_nonce(c1->nonce, c1->nonce));
    CHECK_FALSE(is_continued_nonce(s1->nonce, s1->nonce.substr(1)));
    CHECK(c2->nonce == s1->nonce);
    CHECK(c2->channel == written([&](writer& w) { return write_scram_channel(w, c1->header_text); }));
    scram_transcript const t{c1->bare, e.server_first, c2->without_proof};

    // The client: the proof and the message that holds it.
    std::string const key = salted(h, password, unbase64(s1->salt), s1->iterations);
    std::string proof(size, '#'), scratch(size, '#');
    make_scram_proof(functions, key, t, proof.data(), scratch.data());
    CHECK(base64(proof) == c2->proof);
    CHECK(message(sasl::scram_client_final{c2->channel, c2->nonce, {}, {}, {}}) == c2->without_proof);
    CHECK(message(sasl::scram_client_final{c2->channel, c2->nonce, {}, base64(proof), {}}) == e.final);

    // The server: it knows the stored key and the server key.
    std::string const stored = h(hmac_of(h, key, "Client Key")), server_key = hmac_of(h, key, "Server Key");
    CHECK(verify_scram_proof(functions, stored, t, proof, scratch.data()));
    std::string wrong = proof;
    wrong.back() = static_cast<char>(wrong.back() ^ 1);
    CHECK_FALSE(verify_scram_proof(functions, stored, t, wrong, scratch.data()));
    CHECK_FALSE(verify_scram_proof(functions, stored, t, proof.substr(1), scratch.data()));
    std::string signature(size, '#');
    make_scram_signature(functions, server_key, t, signature.data());
    CHECK(message(sasl::scram_server_final{base64(signature), {}, {}}) == e.server_final);

    // The client again.
    CHECK(verify_scram_server(functions, key, t, unbase64(s2->verifier), scratch.data()));
    CHECK_FALSE(verify_scram_server(functions, key, t, wrong, scratch.data()));
    CHECK_FALSE(verify_scram_server(functions, "other", t, signature, scratch.data()));

    for (std::string_view const whole : {e.first}) read(whole, client_first);
    read(e.server_first, server_first);
    read(e.final, client_final);
    read(e.server_final, server_final);
}

}  // namespace

TEST_CASE("SCRAM: the examples of the RFCs", "[auth]") {
    // RFC 5802 5
    check_scram(sha1, 20,
                {"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                 "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="});
    // RFC 7677 3
    check_scram(sha256, 32,
                {"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                 "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                 "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="});
    CHECK(written([](writer& w) {
              return write_auth(w, name(mechanism::scram_sha_256),
                                sasl::scram_client_first{{}, "user", "rOprNGfwEbeRWgbNEkqO", {}, {}, {}});
          }) == "AUTH SCRAM-SHA-256 " + base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO") + "\r\n");
}

TEST_CASE("SCRAM: messages", "[auth]") {
    CHECK(read("p=tls-exporter,a=zed=2C=3D,n=us=3Der=2C,r=abc,x=y,z=1", client_first) ==
          "2'tls-exporter''zed,=' 'us=er,' 'abc' 'x=y,z=1'");
    CHECK(read("y,,n=\xC3\xBC,r=~", client_first) == "1'''' '\\xC3\\xBC' '~' ''");
    auto const first = parse_scram_client_first("p=tls-exporter,a=zed,n=u,r=abc");
    CHECK(first->header_text == "p=tls-exporter,a=zed,");
    CHECK(first->bare == "n=u,r=abc");
    CHECK(read("", client_first) == "bad_sasl_message@0");
    CHECK(read("x,,n=u,r=a", client_first) == "bad_sasl_message@0");
    CHECK(read("p=,,n=u,r=a", client_first) == "bad_sasl_message@2");
    CHECK(read("p=a_b,,n=u,r=a", client_first) == "bad_sasl_message@3");
    CHECK(read("n,,m=x,n=u,r=a", client_first) == "bad_sasl_message@3");
    CHECK(read("n,,n=,r=a", client_first) == "bad_sasl_message@5");
    CHECK(read("n,,n=u=2,r=a", client_first) == "bad_sasl_message@8");
    CHECK(read("n,,n=u=,r=a", client_first) == "bad_sasl_message@7");
    CHECK(read("n,,n=u\n,r=a", client_first) == "bad_sasl_message@6");
    CHECK(read("n,,n=u\xFF,r=a", client_first) == "bad_utf8@6");
    CHECK(read("n,,n=u,r=", client_first) == "bad_sasl_message@9");
    CHECK(read("n,,n=u,r=a b", client_first) == "bad_sasl_message@10");
    CHECK(read("n,,n=u,r=a,", client_first) == "bad_sasl_message@11");
    CHECK(read("n,,n=u,r=a,x", client_first) == "bad_sasl_message@12");
    CHECK(read("n,,n=u,r=a,x=", client_first) == "bad_sasl_message@13");
    CHECK(read("n,,n=u,r=a,9=x", client_first) == "bad_sasl_message@11");
    CHECK(read("n,,n=u,r=a,m=x", client_first) == "bad_sasl_message@11");
    CHECK(message(sasl::scram_client_first{{}, "", "a", {}, {}, {}}) == "bad_value@5");
    CHECK(message(sasl::scram_client_first{{}, "a\0"sv, "a", {}, {}, {}}) == "unsafe_octet@6");
    CHECK(message(sasl::scram_client_first{{}, "u", "a,b", {}, {}, {}}) == "bad_value@10");
    CHECK(message(sasl::scram_client_first{{}, "u", "a\r", {}, {}, {}}) == "unsafe_octet@10");
    CHECK(message(sasl::scram_client_first{{}, "u", "a", "xy", {}, {}}) == "bad_value@13");
    CHECK(message(sasl::scram_client_first{{sasl::binding::used, {}, {}}, "u", "a", {}, {}, {}}) == "bad_value@2");
    CHECK(message(sasl::scram_client_first{{sasl::binding::none, "x", {}}, "u", "a", {}, {}, {}}) == "bad_value@0");

    CHECK(read("r=a,s=AAAA,i=1,x=y=z", server_first) == "'a' 'AAAA' 1 'x=y=z'");
    CHECK(read("r=a,s=AAAA,i=4294967295", server_first) == "'a' 'AAAA' 4294967295 ''");
    CHECK(read("m=x,r=a,s=AAAA,i=1", server_first) == "bad_sasl_message@0");
    CHECK(read("r=a,s=,i=1", server_first) == "bad_sasl_message@6");
    CHECK(read("r=a,s=AAA,i=1", server_first) == "bad_sasl_message@9");
    CHECK(read("r=a,s=AAAA,i=0", server_first) == "bad_sasl_message@13");
    CHECK(read("r=a,s=AAAA,i=", server_first) == "bad_sasl_message@13");
    CHECK(read("r=a,s=AAAA,i=4294967296", server_first) == "bad_sasl_message@22");
    CHECK(read("r=a,s=AAAA,i=12x", server_first) == "bad_sasl_message@15");
    CHECK(read("e=other-error", server_first) == "bad_sasl_message@0");
    CHECK(message(sasl::scram_server_first{"a", "AAAA", 0, {}}) == "bad_value@13");
    CHECK(message(sasl::scram_server_first{"a", "AAA", 1, {}}) == "bad_value@9");
    CHECK(message(sasl::scram_server_first{"a", "", 1, {}}) == "bad_value@6");

    CHECK(read("c=biws,r=a,x=y,p=AAAA", client_final) == "'biws' 'a' 'x=y' 'AAAA'");
    CHECK(parse_scram_client_final("c=biws,r=a,x=y,p=AAAA")->without_proof == "c=biws,r=a,x=y");
    CHECK(read("c=biws,r=a", client_final) == "bad_sasl_message@10");
    CHECK(read("c=biws,r=a,", client_final) == "bad_sasl_message@11");
    CHECK(read("c=biws,r=a,p=", client_final) == "bad_sasl_message@13");
    CHECK(read("c=biws,r=a,p=AAAA,x=y", client_final) == "bad_sasl_message@17");
    CHECK(read("c=biws,r=a,x=y", client_final) == "bad_sasl_message@14");
    CHECK(read("c=,r=a,p=AAAA", client_final) == "bad_sasl_message@2");
    CHECK(read("c=bi,r=a,p=AAAA", client_final) == "bad_sasl_message@4");
    CHECK(message(sasl::scram_client_final{"", "a", {}, {}, {}}) == "bad_value@2");
    CHECK(written([](writer& w) { return write_scram_channel(w, "p=tls-exporter,,", "\x01\x02"); }) == base64("p=tls-exporter,,\x01\x02"));

    CHECK(read("v=AAAA", server_final) == "'AAAA' '' ''");
    CHECK(read("e=invalid-proof", server_final) == "'' 'invalid-proof' ''");
    CHECK(read("e=x,y=z", server_final) == "'' 'x' 'y=z'");
    CHECK(read("v=", server_final) == "bad_sasl_message@2");
    CHECK(read("e=", server_final) == "bad_sasl_message@2");
    CHECK(read("v=AAAA,", server_final) == "bad_sasl_message@7");
    CHECK(read("x=y", server_final) == "bad_sasl_message@0");
    CHECK(message(sasl::scram_server_final{}) == "bad_value@0");
    CHECK(message(sasl::scram_server_final{"AAAA", "both", {}}) == "bad_value@0");
    CHECK(message(sasl::scram_server_final{{}, "a\nb", {}}) == "unsafe_octet@3");
}

TEST_CASE("names of SCRAM and GS2", "[auth]") {
    saslname const meant = "a,b=c";
    std::string escaped;
    meant.each_escaped([&escaped](std::string_view piece) { escaped += piece; });
    CHECK(escaped == "a=2Cb=3Dc");
    CHECK(meaning(saslname::as_received(escaped)) == "a,b=c");
    CHECK(meaning(saslname("=2C")) == "=2C");
    CHECK(saslname(std::string("x")).means("x"));
    CHECK(saslname().means(""));
    // Not well formed, which only a caller can make: no octet is read after it.
    CHECK(meaning(saslname::as_received(support::shared_fence().put("a="))) == "a=");
    CHECK(meaning(saslname::as_received(support::shared_fence().put("a=2"))) == "a,");
}

TEST_CASE("secrets are compared whole", "[auth]") {
    static_assert(same_secret("", "") && same_secret("abc", "abc") && !same_secret("abc", "abd") && !same_secret("abc", "ab") &&
                  !same_secret("", "a") && !same_secret("Abc", "abc"));
}

TEST_CASE("AUTH: attacks", "[auth]") {
    // /AUTH-b64-len3, AUTH-cancel, AUTH-cancel-then-other, AUTH-disconnect-mid/ of the list of attacks, as far as parsing.
    auto split = [](std::string_view line) {
        auto const s = split_command(line);
        REQUIRE(s);
        return show(parse_auth(s->arguments));
    };
    CHECK(split("AUTH PLAIN AAA") == "bad_base64@9");
    CHECK(split("AUTH PLAIN") == "PLAIN PLAIN");
    CHECK(parse_auth_response("*")->cancelled);
    CHECK(split("AUTH DIGEST-MD5") == "DIGEST-MD5 DIGEST-MD5");
    line_reader reader;
    CHECK(reader.next("AAA", max_auth_line).need_more());
    CHECK(reader.next("AAA\r\n", max_auth_line).ready());
    // "PLAIN " loses its space as every command does.
    CHECK(split("AUTH PLAIN ") == "PLAIN PLAIN");
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
constexpr bool at_compile_time() {
    char buffer[128] = {};
    writer out(buffer);
    if (!write_auth(out, sasl::plain{"", "tim", "tanstaaftanstaaf"})) return false;
    auto const split = split_command(out.text().substr(0, out.size() - 2));
    auto const a = parse_auth(split->arguments);
    if (!a || a->mechanism != mechanism::plain || *a->initial_response != "AHRpbQB0YW5zdGFhZnRhbnN0YWFm") return false;
    char octets[64] = {};
    writer decoded(octets);
    if (!decode_base64(decoded, *a->initial_response)) return false;
    auto const m = parse_plain(decoded.text());
    return m && m->authzid.empty() && m->authcid == "tim" && m->password == "tanstaaftanstaaf";
}
static_assert(at_compile_time());
static_assert(parse_scram_client_first("n,,n=user,r=fyko")->bare == "n=user,r=fyko");
static_assert(parse_oauthbearer("n,,\1host=h\1port=25\1auth=Bearer t\1\1")->port == 25);
}  // namespace
