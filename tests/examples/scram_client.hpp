// A client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677): what it says to each challenge.
#pragma once

#include <ehlo/scram.hpp>

#include "hashes.hpp"

#include <optional>
#include <string>
#include <string_view>

class scram_client {
    std::string user_, password_, nonce_, first_{}, key_{}, server_first_{}, without_proof_{};
    bool verified_ = false;

    static constexpr std::size_t size = 32;
    static auto functions() { return ehlo::scram_hash{size, hashes::hmac_hook(hashes::sha256), hashes::hash_hook(hashes::sha256)}; }
    // What a writer writes; empty if it does not fit, or cannot be written.
    template <class Write>
    static std::string written(Write write) {
        std::string room(4096, '\0');
        ehlo::writer out(room.data(), room.size());
        room.resize(write(out) ? out.size() : 0);
        return room;
    }
    template <class Message>
    static std::string message(Message const& m) {
        return written([&m](ehlo::writer& out) { return ehlo::write_message(out, m); });
    }

  public:
    /// `nonce`: printable, without a comma, and never the same twice but in a test.
    scram_client(std::string_view user, std::string_view password, std::string_view nonce) : user_(user), password_(password), nonce_(nonce) {}

    ehlo::sasl::scram_client_first first() const { return {.user = ehlo::saslname(std::string_view(user_)), .nonce = nonce_}; }

    /// The answer to a challenge in base64; nothing if the exchange is to be cancelled.
    std::optional<std::string> answer(std::string_view challenge) {
        std::string const said = written([challenge](ehlo::writer& out) { return ehlo::decode_base64(out, challenge); });
        if (key_.empty()) return prove(said);
        auto const m = ehlo::parse_scram_server_final(said);
        if (!m || !m->problem.empty()) return std::nullopt;
        std::string const verifier = written([&m](ehlo::writer& out) { return ehlo::decode_base64(out, m->verifier); });
        std::string scratch(size, '\0');
        verified_ = ehlo::verify_scram_server(functions(), key_, {first_, server_first_, without_proof_}, verifier, scratch.data());
        return verified_ ? std::optional<std::string>("") : std::nullopt;
    }
    /// Whether the server has shown that it knows the password, too (RFC 5802 5: a client MUST look).
    bool verified() const { return verified_; }

  private:
    // RFC 7677 4: 4,096 iterations at least. More than a million would be for the server's amusement.
    std::optional<std::string> prove(std::string const& said) {
        auto const m = ehlo::parse_scram_server_first(said);
        if (!m || !ehlo::is_continued_nonce(m->nonce, nonce_) || m->iterations < 4096 || m->iterations > 1000000) return std::nullopt;
        std::string const opening = message(first());
        auto const ours = ehlo::parse_scram_client_first(opening);
        if (!ours) return std::nullopt;
        first_ = ours->bare;
        server_first_ = said;
        std::string const salt = written([&m](ehlo::writer& out) { return ehlo::decode_base64(out, m->salt); });
        key_ = hashes::salted(hashes::sha256, password_, salt, m->iterations);
        std::string const channel = written([&ours](ehlo::writer& out) { return ehlo::write_scram_channel(out, ours->header_text); });
        without_proof_ = message(ehlo::sasl::scram_client_final{channel, m->nonce, {}, {}, {}});
        std::string proof(size, '\0'), scratch(size, '\0');
        ehlo::make_scram_proof(functions(), key_, {first_, server_first_, without_proof_}, proof.data(), scratch.data());
        std::string const proof64 = written([&proof](ehlo::writer& out) { return ehlo::encode_base64(out, proof); });
        return message(ehlo::sasl::scram_client_final{channel, m->nonce, {}, proof64, {}});
    }
};
