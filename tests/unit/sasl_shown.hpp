// What the tests of SASL messages share: what was parsed as text, and a message read, written, put into base64 and read again.
#pragma once

#include "support.hpp"

#include "../examples/hashes.hpp"

#include <ehlo/auth.hpp>
#include <ehlo/scram.hpp>

#include <string>
#include <string_view>

namespace sasl_shown {

using namespace ehlo;
using support::everywhere;
using support::written;

inline std::string show(failure f) { return support::say(f); }
inline std::string show(std::string_view text) { return support::say(text); }
inline std::string meaning(saslname const& n) {
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
inline std::string show(sasl::plain const& m) {
    return support::say(m.authzid) + " " + support::say(m.authcid) + " " + support::say(m.password);
}
inline std::string show(sasl::xoauth2 const& m) { return support::say(m.user) + " " + support::say(m.token); }
inline std::string show(sasl::oauthbearer const& m) {
    return support::say(meaning(m.authzid)) + (m.host ? " host " + support::say(*m.host) : "") +
           (m.port ? " port " + std::to_string(*m.port) : "") + " token " + support::say(m.token);
}
inline std::string show(sasl::cram_md5 const& m) { return support::say(m.user) + " " + support::say(m.digest); }
inline std::string show(sasl::gs2_header const& h) {
    return std::to_string(static_cast<int>(h.binding)) + support::say(h.channel) + support::say(meaning(h.authzid));
}
inline std::string show(sasl::scram_client_first const& m) {
    return show(m.header) + " " + support::say(meaning(m.user)) + " " + support::say(m.nonce) + " " + support::say(m.extensions);
}
inline std::string show(sasl::scram_server_first const& m) {
    return support::say(m.nonce) + " " + support::say(m.salt) + " " + std::to_string(m.iterations) + " " + support::say(m.extensions);
}
inline std::string show(sasl::scram_client_final const& m) {
    return support::say(m.channel) + " " + support::say(m.nonce) + " " + support::say(m.extensions) + " " + support::say(m.proof);
}
inline std::string show(sasl::scram_server_final const& m) {
    return support::say(m.verifier) + " " + support::say(m.problem) + " " + support::say(m.extensions);
}
template <class T>
inline std::string show(result<T> const& r) {
    return r ? show(*r) : show(r.error());
}

// Octets of a message: raw, by way of base64, back again.
template <class Message>
inline std::string message(Message const& m) {
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
inline std::string read(std::string_view octets, Parse parse, bool same = true) {
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

inline std::string hex(std::string_view octets) {
    std::string out;
    for (char const c : octets)
        for (unsigned const shift : {4u, 0u}) out += "0123456789abcdef"[static_cast<unsigned char>(c) >> shift & 15];
    return out;
}
inline std::string base64(std::string_view octets) {
    return written([octets](writer& w) { return encode_base64(w, octets); });
}
inline std::string unbase64(std::string_view text) {
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

}  // namespace sasl_shown
