// auth.hpp: the command, its lines and its challenges

#include "support.hpp"

#include <ehlo/auth.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace test_auth {

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

template <class T>
std::string show(result<T> const& r) {
    return r ? show(*r) : show(r.error());
}

constexpr auto parse_command = [](std::string_view t) { return parse_auth(t); };
constexpr auto parse_line = [](std::string_view t) { return parse_auth_response(t); };

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

}  // namespace

}  // namespace test_auth
