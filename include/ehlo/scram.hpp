// Opt-in: CRAM-MD5 and SCRAM, the SASL mechanisms that need a hash, which the caller brings. RFC 2195, 5802, 7677.
//
// Messages are structs of views, as in sasl.hpp. Nothing is computed but what RFC 5802 3 says, over two callables:
//   hmac(std::string_view key, std::initializer_list<std::string_view> pieces, char* digest)
//   hash(std::string_view octets, char* digest)
// `digest` may be where the key or the octets are: it is to be written when they have been read. Keys stand in the caller's
// buffers only.
#pragma once

#include <ehlo/sasl.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace chars {
inline constexpr charset scram_printable = vchar - ",";
}

namespace sasl {

/// response = user SP digest; the digest is that of HMAC-MD5, 32 hexadecimal digits in lower case. RFC 2195 2.
struct cram_md5 {
    std::string_view user{};
    std::string_view digest{};
};

/// client-first-message = gs2-header "n=" saslname ",r=" nonce ["," extensions]. RFC 5802 7.
struct scram_client_first {
    gs2_header header{};
    saslname user{};
    std::string_view nonce{};
    std::string_view extensions{};   ///< attr-val *("," attr-val)
    std::string_view header_text{};  ///< set by the parser: what "c=" must begin with
    std::string_view bare{};         ///< set by the parser: the message without its header, for the transcript
};
/// server-first-message = "r=" nonce ",s=" salt ",i=" iterations ["," extensions]
struct scram_server_first {
    std::string_view nonce{};
    std::string_view salt{};       ///< base64
    std::uint32_t iterations = 0;  ///< RFC 7677 4 wants 4096 at least: that is for the client to refuse
    std::string_view extensions{};
};
/// client-final-message = "c=" base64 ",r=" nonce ["," extensions] ",p=" proof. Without a proof it is what the proof is
/// made over: write it so first.
struct scram_client_final {
    std::string_view channel{};        ///< base64 of the gs2-header and the channel's data
    std::string_view nonce{};
    std::string_view extensions{};
    std::string_view proof{};          ///< base64
    std::string_view without_proof{};  ///< set by the parser: for the transcript
};
/// server-final-message = ("e=" server-error-value / "v=" verifier) ["," extensions]. One of the two is not empty.
struct scram_server_final {
    std::string_view verifier{};  ///< base64
    std::string_view problem{};   ///< "invalid-proof", "unknown-user" ...
    std::string_view extensions{};
};

}  // namespace sasl

namespace detail {

constexpr bool is_lower_hex(std::string_view text, std::size_t& bad) noexcept {
    constexpr charset lower_hex = charset('0', '9') + charset('a', 'f');
    for (bad = 0; bad < text.size() && lower_hex.contains(text[bad]);) ++bad;
    return bad == text.size();
}
template <class Sink>
constexpr void spell(Sink& s, sasl::cram_md5 const& m) noexcept {
    std::size_t bad = 0;
    s.some(m.user, chars::text_char);
    s.raw(" ");
    s.require(m.digest.size() == 32 && is_lower_hex(m.digest, bad));
    s.raw(m.digest);
}

// attr-val *("," attr-val), attr-val = ALPHA "=" 1*value-char; or, with `last`, as far as an attribute of that name. "m=" is
// kept for another version, and must not be understood.
constexpr bool scan_extensions(cursor& c, std::string_view& part, char last = '\0') noexcept {
    std::size_t const start = c.at;
    std::string_view value;
    for (;;) {
        std::size_t const here = c.at;
        if (last != '\0' && c.next_is(last)) {
            part = detail::sub(c.text, start, here == start ? 0 : here - 1 - start);
            return true;
        }
        if (!c.next_in(chars::alpha) || c.next_is('m')) return c.stop(errc::bad_sasl_message);
        ++c.at;
        if (!scan_literal_text(c, "=") || !scan_some(c, chars::scram_value_char, value)) return false;
        if (c.end() && last == '\0') {
            part = detail::sub(c.text, start);
            return true;
        }
        if (!c.skip(',')) return c.stop(errc::bad_sasl_message);
    }
}
template <class Sink>
constexpr void spell_extensions(Sink& s, std::string_view extensions) noexcept {
    if (extensions.empty()) return;
    cursor c{extensions, strict_syntax};
    std::string_view part;
    s.raw(",");
    s.any(extensions, chars::text_char);
    s.require(scan_extensions(c, part));
}
template <class Sink>
constexpr void spell(Sink& s, sasl::scram_client_first const& m) noexcept {
    spell(s, m.header);
    s.raw("n=");
    s.require(!m.user.empty());
    spell_name(s, m.user);
    s.raw(",r=");
    s.some(m.nonce, chars::scram_printable);
    spell_extensions(s, m.extensions);
}
template <class Sink>
constexpr void spell(Sink& s, sasl::scram_server_first const& m) noexcept {
    s.raw("r=");
    s.some(m.nonce, chars::scram_printable);
    s.raw(",s=");
    s.base64(m.salt);
    s.raw(",i=");
    s.require(m.iterations != 0);
    s.raw(digits(m.iterations).text());
    spell_extensions(s, m.extensions);
}
template <class Sink>
constexpr void spell(Sink& s, sasl::scram_client_final const& m) noexcept {
    s.raw("c=");
    s.base64(m.channel);
    s.raw(",r=");
    s.some(m.nonce, chars::scram_printable);
    spell_extensions(s, m.extensions);
    if (m.proof.empty()) return;
    s.raw(",p=");
    s.base64(m.proof);
}
template <class Sink>
constexpr void spell(Sink& s, sasl::scram_server_final const& m) noexcept {
    s.require(m.verifier.empty() != m.problem.empty());
    if (m.problem.empty()) {
        s.raw("v=");
        s.base64(m.verifier);
    } else {
        s.raw("e=");
        s.some(m.problem, chars::scram_value_char);
    }
    spell_extensions(s, m.extensions);
}

// name "=" base64
constexpr bool scan_base64_attribute(cursor& c, std::string_view name, std::string_view& text) noexcept {
    if (!scan_literal_text(c, name)) return false;
    std::size_t const start = c.at;
    text = detail::sub(c.text, start);
    text = detail::sub(text, 0, text.find(','));
    if (auto const good = check_base64(text); !good) return c.stop(errc::bad_sasl_message, start + good.error().at);
    if (text.empty()) return c.stop(errc::bad_sasl_message);
    c.at = start + text.size();
    return true;
}
constexpr bool scan_more_extensions(cursor& c, std::string_view& part) noexcept {
    return c.end() || (scan_literal_text(c, ",") && scan_extensions(c, part));
}

}  // namespace detail

/// user SP digest: the last SP divides, for a user name may hold some. RFC 2195 2.
constexpr result<sasl::cram_md5> parse_cram_md5(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    std::string_view all;
    if (!detail::scan_octets(c, chars::text_char, all) || !detail::scan_end(c)) return c.error;
    std::size_t const space = octets.rfind(' ');
    if (space == 0 || space == std::string_view::npos) return fail(errc::bad_sasl_message, space == 0 ? 0 : octets.size());
    sasl::cram_md5 const m{detail::sub(octets, 0, space), detail::sub(octets, space + 1)};
    std::size_t bad = 0;
    if (!detail::is_lower_hex(m.digest, bad) || m.digest.size() != 32)
        return fail(errc::bad_sasl_message, space + 1 + (bad < 32 ? bad : 32));
    return m;
}
template <detail::temporary Text>
result<sasl::cram_md5> parse_cram_md5(Text&&) = delete;

/// Writes the 32 digits of the answer to a challenge: HMAC-MD5 of it, with the password as the key.
template <class Hmac>
constexpr result<std::size_t> write_cram_md5_digest(writer& out, std::string_view password, std::string_view challenge,
                                                    Hmac&& hmac) noexcept {
    char digest[16] = {};  // goes over the wire: no secret
    hmac(password, std::initializer_list<std::string_view>{challenge}, digest);
    return out.atomically([&](writer& w) {
        for (char const octet : digest)
            for (unsigned const shift : {4u, 0u}) w.raw("0123456789abcdef"[static_cast<unsigned char>(octet) >> shift & 15]);
    });
}
/// Whether a response is the right one, in a time that does not depend on it.
template <class Hmac>
constexpr bool verify_cram_md5(sasl::cram_md5 const& response, std::string_view password, std::string_view challenge,
                               Hmac&& hmac) noexcept {
    char digits[32] = {};
    writer out(digits);
    return write_cram_md5_digest(out, password, challenge, hmac) && same_secret(out.text(), response.digest);
}

/// client-first-message. RFC 5802 7. "m=" is refused, as it must be: it means a version that is not this one.
constexpr result<sasl::scram_client_first> parse_scram_client_first(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::scram_client_first m;
    if (!detail::scan_gs2_header(c, m.header)) return c.error;
    m.header_text = detail::sub(octets, 0, c.at);
    m.bare = detail::sub(octets, c.at);
    if (detail::scan_literal_text(c, "n=") && detail::scan_saslname(c, m.user) && detail::scan_literal_text(c, ",r=") &&
        detail::scan_some(c, chars::scram_printable, m.nonce) && detail::scan_more_extensions(c, m.extensions))
        return m;
    return c.error;
}
template <detail::temporary Text>
result<sasl::scram_client_first> parse_scram_client_first(Text&&) = delete;
/// server-first-message. See is_continued_nonce. More than 4294967295 iterations are refused.
constexpr result<sasl::scram_server_first> parse_scram_server_first(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::scram_server_first m;
    std::string_view count;
    if (!detail::scan_literal_text(c, "r=") || !detail::scan_some(c, chars::scram_printable, m.nonce) ||
        !detail::scan_literal_text(c, ",") || !detail::scan_base64_attribute(c, "s=", m.salt) ||
        !detail::scan_literal_text(c, ",i="))
        return c.error;
    std::size_t const count_at = c.at;
    if (c.next_is('0') || !detail::scan_some(c, chars::digit, count)) return fail(errc::bad_sasl_message, c.at);
    auto const iterations = parse_decimal(count, 0xFFFFFFFF);
    if (!iterations) return fail(errc::bad_sasl_message, count_at + iterations.error().at);
    m.iterations = static_cast<std::uint32_t>(*iterations);
    if (!detail::scan_more_extensions(c, m.extensions)) return c.error;
    return m;
}
template <detail::temporary Text>
result<sasl::scram_server_first> parse_scram_server_first(Text&&) = delete;
/// client-final-message. The server checks that the nonce is its own and that "c=" is the header it got: write_scram_channel.
constexpr result<sasl::scram_client_final> parse_scram_client_final(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::scram_client_final m;
    if (!detail::scan_base64_attribute(c, "c=", m.channel) || !detail::scan_literal_text(c, ",r=") ||
        !detail::scan_some(c, chars::scram_printable, m.nonce) || !detail::scan_literal_text(c, ",") ||
        !detail::scan_extensions(c, m.extensions, 'p'))
        return c.error;
    m.without_proof = detail::sub(octets, 0, c.at - 1);
    if (detail::scan_base64_attribute(c, "p=", m.proof) && detail::scan_end(c)) return m;
    return c.error;
}
template <detail::temporary Text>
result<sasl::scram_client_final> parse_scram_client_final(Text&&) = delete;
/// server-final-message. Over SMTP it comes in a 334, and the client answers it with an empty response.
constexpr result<sasl::scram_server_final> parse_scram_server_final(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::scram_server_final m;
    bool const refused = c.next_is('e');
    if (refused ? detail::scan_literal_text(c, "e=") && detail::scan_some(c, chars::scram_value_char, m.problem)
                : detail::scan_base64_attribute(c, "v=", m.verifier))
        if (detail::scan_more_extensions(c, m.extensions)) return m;
    return c.error;
}
template <detail::temporary Text>
result<sasl::scram_server_final> parse_scram_server_final(Text&&) = delete;

/// Whether the nonce of a server's first message is the client's with more after it. If not, the client must give up.
constexpr bool is_continued_nonce(std::string_view nonce, std::string_view ours) noexcept {
    return nonce.size() > ours.size() && detail::sub(nonce, 0, ours.size()) == ours;
}
/// Writes the value of "c=": base64 of the gs2-header, as it was sent, and the data of the channel. Errors: output_full.
constexpr result<std::size_t> write_scram_channel(writer& out, std::string_view header, std::string_view data = {}) noexcept {
    return out.atomically([&](writer& w) {
        base64_encoder encoder(w);
        encoder.put(header).put(data).finish();
    });
}

/// AuthMessage: what both sides have said, each as it was sent. RFC 5802 3.
struct scram_transcript {
    std::string_view client_first_bare, server_first, client_final_without_proof;
};
/// The hash of a SCRAM mechanism: its digest in octets, and the callables above.
template <class Hmac, class Hash>
struct scram_hash {
    std::size_t size;  ///< 20 for SHA-1, 32 for SHA-256
    Hmac hmac;
    Hash hash;
    constexpr void sign(std::string_view key, scram_transcript const& t, char* digest) const noexcept {
        hmac(key, std::initializer_list<std::string_view>{t.client_first_bare, ",", t.server_first, ",", t.client_final_without_proof},
             digest);
    }
};
template <class Hmac, class Hash>
scram_hash(std::size_t, Hmac, Hash) -> scram_hash<Hmac, Hash>;

/// ClientProof = ClientKey XOR HMAC(H(ClientKey), AuthMessage), ClientKey = HMAC(SaltedPassword, "Client Key"). RFC 5802 3.
/// The caller has salted the password: Hi() is PBKDF2. `proof` and `scratch` have `h.size` octets, and the caller wipes
/// `scratch`, which held keys.
template <class Hmac, class Hash>
constexpr void make_scram_proof(scram_hash<Hmac, Hash> const& h, std::string_view salted_password, scram_transcript const& t,
                                char* proof, char* scratch) noexcept {
    h.hmac(salted_password, std::initializer_list<std::string_view>{"Client Key"}, proof);
    h.hash({proof, h.size}, scratch);
    h.sign({scratch, h.size}, t, scratch);
    for (std::size_t i = 0; i < h.size; ++i) proof[i] = static_cast<char>(proof[i] ^ scratch[i]);
}
/// Whether a proof (its octets) belongs to the stored key: H(proof XOR HMAC(StoredKey, AuthMessage)) = StoredKey. `scratch`
/// has `h.size` octets, and the caller wipes it.
template <class Hmac, class Hash>
constexpr bool verify_scram_proof(scram_hash<Hmac, Hash> const& h, std::string_view stored_key, scram_transcript const& t,
                                  std::string_view proof, char* scratch) noexcept {
    if (proof.size() != h.size) return false;
    h.sign(stored_key, t, scratch);
    for (std::size_t i = 0; i < h.size; ++i) scratch[i] = static_cast<char>(scratch[i] ^ proof[i]);
    h.hash({scratch, h.size}, scratch);
    return same_secret({scratch, h.size}, stored_key);
}
/// ServerSignature = HMAC(ServerKey, AuthMessage): what the server sends as its verifier. `signature` has `h.size` octets.
template <class Hmac, class Hash>
constexpr void make_scram_signature(scram_hash<Hmac, Hash> const& h, std::string_view server_key, scram_transcript const& t,
                                    char* signature) noexcept {
    h.sign(server_key, t, signature);
}
/// Whether the server knows the key, too: its verifier (the octets) is the signature by HMAC(SaltedPassword, "Server Key").
/// A client that does not ask has not authenticated the server. `scratch` as above.
template <class Hmac, class Hash>
constexpr bool verify_scram_server(scram_hash<Hmac, Hash> const& h, std::string_view salted_password, scram_transcript const& t,
                                   std::string_view verifier, char* scratch) noexcept {
    h.hmac(salted_password, std::initializer_list<std::string_view>{"Server Key"}, scratch);
    h.sign({scratch, h.size}, t, scratch);
    return same_secret({scratch, h.size}, verifier);
}

}  // namespace ehlo
