// scram.hpp, and the names of SASL messages

#include "sasl_shown.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace test_scram {

using namespace sasl_shown;
using namespace hashes;
using namespace std::string_view_literals;

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

namespace {

static_assert(parse_scram_client_first("n,,n=user,r=fyko")->bare == "n=user,r=fyko");

}  // namespace

}  // namespace test_scram
