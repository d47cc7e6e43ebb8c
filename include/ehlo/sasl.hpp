// SASL messages, written and parsed: PLAIN, LOGIN, EXTERNAL, ANONYMOUS, XOAUTH2, OAUTHBEARER. RFC 4422, 4616, 4505, 7628.
// CRAM-MD5 and SCRAM, which need hashes, are in scram.hpp. Nothing here knows SMTP: see auth.hpp.
//
// A message is a struct of views: parse_x makes one of decoded octets, and what writes (write_auth, write_auth_response,
// write_challenge, write_message) takes it. Secrets stay where the caller has them: nothing is copied but to the output.
#pragma once

#include <ehlo/detail/keywords.hpp>
#include <ehlo/detail/sasl_spelling.hpp>
#include <ehlo/detail/temporary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Mechanisms that ehlo knows by name. `unknown` is any other.
enum class mechanism : std::uint8_t {
    unknown,
    plain,               ///< RFC 4616
    login,               ///< never standardised; draft-murchison-sasl-login
    external,            ///< RFC 4422 A
    anonymous,           ///< RFC 4505
    cram_md5,            ///< RFC 2195
    digest_md5,          ///< RFC 2831, historic: by name only
    scram_sha_1,         ///< RFC 5802
    scram_sha_1_plus,    ///< RFC 5802
    scram_sha_256,       ///< RFC 7677
    scram_sha_256_plus,  ///< RFC 7677
    xoauth2,             ///< Google and Microsoft, before RFC 7628
    oauthbearer,         ///< RFC 7628
};
inline constexpr std::string_view mechanism_names[] = {
    "",         "PLAIN",       "LOGIN",           "EXTERNAL",      "ANONYMOUS",          "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "XOAUTH2", "OAUTHBEARER"};
static_assert(detail::names_all<mechanism>(mechanism_names, 1), "a mechanism has no name");
inline constexpr unsigned mechanism_count = sizeof mechanism_names / sizeof *mechanism_names;
/// The name as it is registered; empty for `unknown`.
constexpr std::string_view name(mechanism m) noexcept { return mechanism_names[static_cast<unsigned>(m)]; }

/// The mechanism of this name, in any case (RFC 4954 8).
constexpr mechanism find_mechanism(std::string_view text) noexcept {
    unsigned const i = detail::find_known_name<mechanism_names>(text);
    return i == mechanism_count ? mechanism::unknown : static_cast<mechanism>(i);
}
/// Whether the server speaks first, so that an initial response is an error (RFC 4954 4). LOGIN is not counted: many a
/// client sends the user name at once, and servers take it.
constexpr bool begins_with_challenge(mechanism m) noexcept { return m == mechanism::cram_md5 || m == mechanism::digest_md5; }

/// A set of mechanisms.
using mechanisms = set_of<mechanism, mechanism_count>;
constexpr mechanisms operator|(mechanism a, mechanism b) noexcept { return mechanisms(a) | mechanisms(b); }

/// Those that show a password, or what is as good as one, to whoever listens (RFC 4954 4, RFC 4616 6, RFC 7628 5).
inline constexpr mechanisms clear_text_mechanisms = mechanism::plain | mechanism::login | mechanism::xoauth2 | mechanism::oauthbearer;

/// saslname = 1*(value-safe-char / "=2C" / "=3D"): a name in which "," and "=" are escaped. RFC 5802 5.1, RFC 5801 4.
/// Made from text, it is what the text means and is escaped when it is written; parsers make it of the escaped text.
class saslname {
    std::string_view text_;
    bool escaped_ = false;

  public:
    constexpr saslname() noexcept = default;
    template <class T, class = std::enable_if_t<std::is_convertible_v<T const&, std::string_view>>>
    constexpr saslname(T const& meaning) noexcept : text_(meaning) {}
    /// Text that is escaped already, and well formed.
    static constexpr saslname as_received(std::string_view escaped EHLO_LIFETIMEBOUND) noexcept {
        saslname n;
        n.text_ = escaped;
        n.escaped_ = true;
        return n;
    }
    constexpr bool empty() const noexcept { return text_.empty(); }
    /// As it stands: escaped or not.
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr bool is_escaped() const noexcept { return escaped_; }

    /// What it means, as pieces: `take(piece)` for each.
    template <class F>
    constexpr void each_meant(F&& take) const noexcept {
        std::string_view rest = text_;
        while (!rest.empty()) {
            std::size_t const n = escaped_ ? detail::count_leading(rest, chars::not_escape) : rest.size();
            if (n != 0) take(detail::sub(rest, 0, n));
            if (n == rest.size()) return;
            take(std::string_view(rest.size() > n + 1 && rest[n + 1] == '2' ? "," : "="));
            rest = detail::sub(rest, rest.size() < n + 3 ? rest.size() : n + 3);
        }
    }
    /// How it is escaped, as pieces.
    template <class F>
    constexpr void each_escaped(F&& take) const noexcept {
        std::string_view rest = text_;
        while (!rest.empty()) {
            std::size_t const n = escaped_ ? rest.size() : detail::count_leading(rest, chars::not_escaped);
            if (n != 0) take(detail::sub(rest, 0, n));
            if (n == rest.size()) return;
            take(std::string_view(rest[n] == ',' ? "=2C" : "=3D"));
            rest = detail::sub(rest, n + 1);
        }
    }
    /// Whether it means this.
    constexpr bool means(std::string_view meaning) const noexcept {
        bool same = true;
        each_meant([&](std::string_view piece) noexcept {
            same = same && detail::sub(meaning, 0, piece.size()) == piece;
            if (same) meaning.remove_prefix(piece.size());
        });
        return same && meaning.empty();
    }
};

/// Writes what a name means. Errors: output_full.
constexpr result<std::size_t> write_unescaped(writer& out, saslname const& n) noexcept {
    return out.atomically([&](writer& w) { n.each_meant([&w](std::string_view piece) noexcept { w.raw(piece); }); });
}

/// Whether two secrets are equal, in a time that depends on their sizes only.
constexpr bool same_secret(std::string_view a, std::string_view b) noexcept {
    unsigned differ = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        differ |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
    return differ == 0;
}

/// The messages. All views borrow from the octets that were parsed, or from whatever the caller has put there.
namespace sasl {

/// message = [authzid] NUL authcid NUL passwd. RFC 4616 2. An empty authzid: as whom the password says.
struct plain {
    static constexpr v0::mechanism mechanism = v0::mechanism::plain;
    std::string_view authzid{};
    std::string_view authcid{};
    std::string_view password{};
};

/// An answer to a prompt of LOGIN: the user name, then the password.
struct login {
    static constexpr v0::mechanism mechanism = v0::mechanism::login;
    std::string_view text{};
};
/// What servers prompt with. The draft says "User Name" and "Password" with a NUL each; these are what clients know.
inline constexpr std::string_view login_user_name = "Username:";
inline constexpr std::string_view login_password = "Password:";
enum class login_prompt : std::uint8_t { unknown, user_name, password };

/// extern-resp = *( UTF8-char-no-nul ): as whom to act, or nothing. RFC 4422 A.1.
struct external {
    static constexpr v0::mechanism mechanism = v0::mechanism::external;
    std::string_view authzid{};
};

/// message = [ email / token ]: trace information, or nothing. RFC 4505 2.
struct anonymous {
    static constexpr v0::mechanism mechanism = v0::mechanism::anonymous;
    std::string_view trace{};
};

/// "user=" user ^A "auth=Bearer " token ^A ^A
struct xoauth2 {
    static constexpr v0::mechanism mechanism = v0::mechanism::xoauth2;
    std::string_view user{};
    std::string_view token{};
};

/// client-resp = gs2-header kvsep *kvpair kvsep, with the pairs host, port and auth. RFC 7628 3.1. An empty token asks for
/// the scope: the server refuses it, and says what it wants.
struct oauthbearer {
    static constexpr v0::mechanism mechanism = v0::mechanism::oauthbearer;
    saslname authzid{};
    std::optional<std::string_view> host{};
    std::optional<std::uint32_t> port{};  ///< 1 to 65535
    std::string_view token{};
};
/// What a client answers to the challenge that tells it why OAUTHBEARER failed (RFC 7628 3.2.3); XOAUTH2: nothing.
inline constexpr std::string_view oauth_error_seen = "\x01";

/// gs2-cbind-flag = "n" / "y" / ("p=" cb-name). RFC 5802 7.
enum class binding : std::uint8_t {
    none,         ///< the client knows no channel binding
    not_offered,  ///< the client does, and believes that the server does not
    used,         ///< channel binding of the type `channel`
};
/// gs2-header = gs2-cbind-flag "," [ "a=" saslname ] ","
struct gs2_header {
    sasl::binding binding = sasl::binding::none;
    std::string_view channel{};  ///< "tls-exporter", "tls-server-end-point" ...
    saslname authzid{};
};

}  // namespace sasl

namespace detail {

template <class Sink>
constexpr void spell(Sink& s, sasl::plain const& m) noexcept {
    constexpr std::string_view nul{"\0", 1};
    s.any(m.authzid, chars::text_char);
    s.raw(nul);
    s.some(m.authcid, chars::text_char);
    s.raw(nul);
    s.some(m.password, chars::text_char);
}
template <class Sink>
constexpr void spell(Sink& s, sasl::login const& m) noexcept {
    s.require(!m.text.empty());
    s.safe(m.text);
}
template <class Sink>
constexpr void spell(Sink& s, sasl::external const& m) noexcept {
    s.any(m.authzid, chars::text_char);
}

// token = 1*255TCHAR: characters, not octets; TCHAR is any but "@", which makes it an email.
constexpr std::size_t trace_limit(std::string_view trace) noexcept {
    std::size_t characters = 0, i = 0;
    for (; i < trace.size(); ++i) {
        if (trace[i] == '@') return trace.size();
        if ((trace[i] & '\xC0') != '\x80' && ++characters > 255) break;
    }
    return trace.find('@', i) == std::string_view::npos ? i : trace.size();
}
template <class Sink>
constexpr void spell(Sink& s, sasl::anonymous const& m) noexcept {
    std::size_t const most = trace_limit(m.trace);
    s.any(detail::sub(m.trace, 0, most), chars::text_char);
    s.require(most == m.trace.size());
}

template <class Sink>
constexpr void spell(Sink& s, sasl::xoauth2 const& m) noexcept {
    s.raw("user=");
    s.some(m.user, chars::xoauth2_char);
    s.raw("\x01" "auth=Bearer ");
    s.some(m.token, chars::bearer_char);
    s.raw("\x01\x01");
}

constexpr bool scan_saslname(cursor& c, saslname& n) noexcept {
    std::size_t const start = c.at;
    for (;;) {
        std::string_view part;
        if (!scan_octets(c, chars::scram_safe_char, part)) return false;
        if (!c.skip('=')) break;
        bool const comma = c.next_is('2');
        if (!comma && !c.next_is('3')) return c.stop(errc::bad_sasl_message);
        ++c.at;
        if (!c.skip(comma ? 'C' : 'D')) return c.stop(errc::bad_sasl_message);
    }
    n = saslname::as_received(detail::sub(c.text, start, c.at - start));
    return c.at != start || c.stop(errc::bad_sasl_message);
}
template <class Sink>
constexpr void spell_name(Sink& s, saslname const& n) noexcept {
    if (n.is_escaped()) {
        cursor c{n.text(), strict_syntax};
        saslname same;
        s.require(n.empty() || (scan_saslname(c, same) && c.end()));
    }
    n.each_escaped([&s](std::string_view piece) noexcept { s.any(piece, chars::scram_value_char); });
}
template <class Sink>
constexpr void spell(Sink& s, sasl::gs2_header const& h) noexcept {
    if (h.binding == sasl::binding::used) {
        s.raw("p=");
        s.some(h.channel, chars::cb_name);
    } else {
        s.require(h.channel.empty());
        s.raw(h.binding == sasl::binding::none ? "n" : "y");
    }
    s.raw(h.authzid.empty() ? "," : ",a=");
    spell_name(s, h.authzid);
    s.raw(",");
}
template <class Sink>
constexpr void spell(Sink& s, sasl::oauthbearer const& m) noexcept {
    spell(s, sasl::gs2_header{sasl::binding::none, {}, m.authzid});
    s.raw("\x01");
    if (m.host) {
        s.raw("host=");
        s.any(*m.host, chars::vchar);
        s.raw("\x01");
    }
    if (m.port) {
        s.require(*m.port != 0 && *m.port <= 65535);
        s.raw("port=");
        s.raw(digits(*m.port).text());
        s.raw("\x01");
    }
    s.raw(m.token.empty() ? "auth=" : "auth=Bearer ");
    s.any(m.token, chars::bearer_char);
    s.raw("\x01\x01");
}

}  // namespace detail

/// Writes a message as it is, without base64: SCRAM needs it for its transcript. Returns the octets written.
/// Errors of all that write messages: unsafe_octet for CR, LF and NUL in a part, bad_utf8, bad_value for any other octet or
/// part that cannot stand there, `at` in the message; output_full. Nothing is written then.
template <class Message>
constexpr result<std::size_t> write_message(writer& out, Message const& m) noexcept {
    detail::survey const s = detail::survey_of(m);
    if (s.failed) return s.error;
    if (s.size > out.room()) return fail(errc::output_full, out.size());
    return out.atomically([&](writer& w) { detail::put_message(w, m); });
}

// Parsers of messages. Each takes all decoded octets of a message and borrows from them. Errors of all: bad_sasl_message,
// bad_utf8, at the first octet that cannot be right. CR, LF and NUL are let in nowhere, though some of the grammars would:
// SASLprep, which SMTP asks for (RFC 4954 4), forbids control characters, and names end up in logs.

/// message = [authzid] NUL authcid NUL passwd. RFC 4616 2. No limit on the parts: a server must take 255 octets of each.
constexpr result<sasl::plain> parse_plain(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::plain m;
    constexpr std::string_view nul{"\0", 1};
    if (detail::scan_octets(c, chars::text_char, m.authzid) && detail::scan_literal_text(c, nul) &&
        detail::scan_some(c, chars::text_char, m.authcid) && detail::scan_literal_text(c, nul) &&
        detail::scan_some(c, chars::text_char, m.password) && detail::scan_end(c))
        return m;
    return c.error;
}
template <detail::temporary Text>
result<sasl::plain> parse_plain(Text&&) = delete;

/// The answer to a prompt of LOGIN: any octets but CR, LF and NUL, and not none. Not looked at for UTF-8.
constexpr result<std::string_view> parse_login(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    std::size_t const bad = detail::find_first<chars::unsafe>(octets);
    if (octets.empty() || bad != octets.size()) return fail(errc::bad_sasl_message, bad);
    return octets;
}
template <detail::temporary Text>
result<std::string_view> parse_login(Text&&) = delete;
/// What a prompt of LOGIN asks for: "User Name", "Username:", "Password" and their like in any case. A client that is not
/// told knows by the order.
constexpr sasl::login_prompt find_login_prompt(std::string_view octets) noexcept {
    while (!octets.empty() && (octets.back() == '\0' || octets.back() == ':' || octets.back() == ' ')) octets.remove_suffix(1);
    if (iequals(octets, "Username") || iequals(octets, "User Name")) return sasl::login_prompt::user_name;
    return iequals(octets, "Password") ? sasl::login_prompt::password : sasl::login_prompt::unknown;
}

/// *( UTF8-char-no-nul ): as whom to act, or nothing. RFC 4422 A.1.
constexpr result<std::string_view> parse_external(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    std::string_view authzid;
    if (detail::scan_octets(c, chars::text_char, authzid) && detail::scan_end(c)) return authzid;
    return c.error;
}
template <detail::temporary Text>
result<std::string_view> parse_external(Text&&) = delete;

/// [ email / token ], token = 1*255TCHAR. RFC 4505 2. With an "@" in it it is taken for an email; that is not looked at.
constexpr result<std::string_view> parse_anonymous(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    result<std::string_view> const trace = parse_external(octets);
    std::size_t const most = detail::trace_limit(octets);
    if (trace && most != octets.size()) return fail(errc::bad_sasl_message, most);
    return trace;
}
template <detail::temporary Text>
result<std::string_view> parse_anonymous(Text&&) = delete;

/// "user=" user ^A "auth=Bearer " token ^A ^A; "Bearer" in any case. The token is a b64token (RFC 6750 2.1).
constexpr result<sasl::xoauth2> parse_xoauth2(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::xoauth2 m;
    constexpr std::string_view bearer = "bearer ";
    if (!detail::scan_literal_text(c, "user=") || !detail::scan_some(c, chars::xoauth2_char, m.user) ||
        !detail::scan_literal_text(c, "\x01" "auth="))
        return c.error;
    for (char const expected : bearer)
        if (!c.skip(expected) && !c.skip(to_upper(expected))) return fail(errc::bad_sasl_message, c.at);
    if (detail::scan_some(c, chars::bearer_char, m.token) && detail::scan_literal_text(c, "\x01\x01") && detail::scan_end(c)) return m;
    return c.error;
}
template <detail::temporary Text>
result<sasl::xoauth2> parse_xoauth2(Text&&) = delete;

namespace detail {

constexpr bool scan_gs2_header(cursor& c, sasl::gs2_header& h) noexcept {
    if (c.skip('p')) {
        h.binding = sasl::binding::used;
        if (!scan_literal_text(c, "=") || !scan_some(c, chars::cb_name, h.channel)) return false;
    } else if (c.skip('y')) {
        h.binding = sasl::binding::not_offered;
    } else if (!c.skip('n')) {
        return c.stop(errc::bad_sasl_message);
    }
    if (!scan_literal_text(c, ",")) return false;
    if (c.skip('a') && (!scan_literal_text(c, "=") || !scan_saslname(c, h.authzid))) return false;
    return scan_literal_text(c, ",");
}
}  // namespace detail

/// client-resp = gs2-header kvsep *kvpair kvsep, kvpair = key "=" value kvsep. RFC 7628 3.1. Pairs that are not known are
/// passed over, as they must be. "auth" must be there and must be Bearer (in any case) or empty; host, port and auth stand
/// once at most. Channel binding has no place here: the flag is "n" or "y".
constexpr result<sasl::oauthbearer> parse_oauthbearer(std::string_view octets EHLO_LIFETIMEBOUND) noexcept {
    detail::cursor c{octets, strict_syntax};
    sasl::oauthbearer m;
    sasl::gs2_header header;
    bool authorized = false;
    if (c.next_is('p')) return fail(errc::bad_sasl_message, 0);
    if (!detail::scan_gs2_header(c, header) || !detail::scan_literal_text(c, "\x01")) return c.error;
    m.authzid = header.authzid;
    while (!c.skip('\x01')) {
        std::size_t const start = c.at;
        std::string_view key, value;
        if (!detail::scan_some(c, chars::alpha, key) || !detail::scan_literal_text(c, "=")) return c.error;
        std::size_t const value_at = c.at;
        if (!detail::scan_octets(c, chars::oauth_value, value) || !detail::scan_literal_text(c, "\x01")) return c.error;
        if (key == "host") {
            if (m.host) return fail(errc::bad_sasl_message, start);
            std::size_t const bad = detail::count_leading(value, chars::vchar);
            if (bad != value.size()) return fail(errc::bad_sasl_message, value_at + bad);
            m.host = value;
        } else if (key == "port") {
            auto const port = parse_decimal(value, 65535);
            if (m.port || value.starts_with('0')) return fail(errc::bad_sasl_message, m.port ? start : value_at);
            if (!port) return fail(errc::bad_sasl_message, value_at + port.error().at);
            m.port = static_cast<std::uint32_t>(*port);
        } else if (key == "auth") {
            if (authorized) return fail(errc::bad_sasl_message, start);
            authorized = true;
            if (value.empty()) continue;
            constexpr std::string_view scheme = "Bearer ";
            if (!istarts_with(value, scheme) || value.size() == scheme.size()) return fail(errc::bad_sasl_message, value_at);
            m.token = detail::sub(value, scheme.size());
            std::size_t const bad = detail::count_leading(m.token, chars::bearer_char);
            if (bad != m.token.size()) return fail(errc::bad_sasl_message, value_at + scheme.size() + bad);
        }
    }
    if (!authorized) return fail(errc::bad_sasl_message, c.at - 1);
    if (!detail::scan_end(c)) return c.error;
    return m;
}
template <detail::temporary Text>
result<sasl::oauthbearer> parse_oauthbearer(Text&&) = delete;

}  // namespace ehlo
