// The AUTH exchange as data: the command, the client's lines, the server's challenges. RFC 4954.
//
//   C: AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=          write_auth, parse_auth
//   S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3Q+         write_challenge, parse_challenge
//   C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0         write_auth_response, write_auth_cancel; decode_auth_response, parse_auth_response
//   S: 235 2.7.0 Authentication succeeded       replies::authenticated
//
// What stands in the base64 is in sasl.hpp. Secrets are decoded where they stand or into the caller's buffer, and encoded
// straight into the output: the library keeps none. What must be wiped is in the caller's buffers, and for him to wipe.
#pragma once

#include <ehlo/base64.hpp>
#include <ehlo/reply_reader.hpp>
#include <ehlo/sasl.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

inline constexpr std::size_t max_mechanism = 20;          ///< octets of a mechanism's name, RFC 4422 3.1
inline constexpr std::size_t max_auth_command = 512;      ///< octets with CRLF, RFC 4954 4 and RFC 5321 4.5.3.1.4
inline constexpr std::size_t max_auth_line = 12288;       ///< octets with CRLF of any other line, RFC 4954 4

namespace detail {
constexpr result<std::string_view> decode_into(std::span<char> room, std::string_view base64) noexcept {
    writer w(room.data(), room.size());
    if (auto const written = decode_base64(w, base64); !written) return written.error();
    return w.text();
}
}  // namespace detail

namespace cmd {
/// AUTH. Absent and empty differ: "AUTH EXTERNAL" waits for a challenge, "AUTH EXTERNAL =" has said all.
struct auth {
    v0::mechanism mechanism;                            ///< `unknown` if `name` is none that ehlo knows
    std::string_view name;                              ///< as it stands, in any case
    std::optional<std::string_view> initial_response;   ///< base64, well formed; empty if it was "="
    /// The initial response's octets, written to `room`. Errors: missing_argument if there is none, output_full.
    constexpr result<std::string_view> decode(std::span<char> room) const noexcept {
        if (!initial_response) return fail(errc::missing_argument, 0);
        return detail::decode_into(room, *initial_response);
    }
};
}  // namespace cmd

/// A client's line in an exchange.
struct auth_response {
    std::string_view base64;  ///< well formed, and empty if the line was
    bool cancelled = false;   ///< the line was "*"
    /// The response's octets, written to `room`. Errors: output_full.
    constexpr result<std::string_view> decode(std::span<char> room) const noexcept { return detail::decode_into(room, base64); }
};

/// Replies to AUTH and to what it guards. RFC 4954 6. Made from parts: seven literals for the compiler to check would be a
/// tenth of what this header costs to compile; the tests check them.
namespace replies {
inline constexpr reply authenticated{235, {2, 7, 0}, "Authentication succeeded"};
inline constexpr reply password_transition_needed{432, {4, 7, 12}, "A password transition is needed"};
inline constexpr reply authentication_fails_now{454, {4, 7, 0}, "Temporary authentication failure"};
inline constexpr reply authentication_required{530, {5, 7, 0}, "Authentication required"};
inline constexpr reply mechanism_too_weak{534, {5, 7, 9}, "Authentication mechanism is too weak"};
inline constexpr reply bad_credentials{535, {5, 7, 8}, "Authentication credentials invalid"};
inline constexpr reply encryption_required{538, {5, 7, 11}, "Encryption required for requested authentication mechanism"};
}  // namespace replies

namespace detail {
/// The octets at the beginning of `text` that can be those of a name: 20 at most.
constexpr std::size_t mechanism_length(std::string_view text) noexcept {
    return count_leading(detail::sub(text, 0, max_mechanism), chars::mech_char);
}

/// From where a line may hold a secret: after the name of the mechanism of an AUTH, or what looks like one; the URL of a BURL, which
/// may be fetched by anybody who has it (RFC 4467).
constexpr std::uint32_t find_secret(std::string_view line) noexcept {
    std::size_t const verb = find_first<chars::alpha>(line);
    bool const auth = istarts_with(sub(line, verb), "AUTH");
    if (!auth && !istarts_with(sub(line, verb), "BURL")) return static_cast<std::uint32_t>(line.size());
    std::size_t at = verb + 4;
    if (auth && at < line.size() && line[at] == ' ') at += 1 + mechanism_length(sub(line, at + 1));
    return static_cast<std::uint32_t>(at);
}
}  // namespace detail

/// sasl-mech = 1*20( %x41-5A / DIGIT / "-" / "_" ), the letters in any case (RFC 4954 8). RFC 4422 3.1.
constexpr bool is_mechanism(std::string_view text) noexcept {
    return !text.empty() && detail::mechanism_length(text) == text.size();
}

/// auth-command = "AUTH" SP sasl-mech [SP initial-response], initial-response = base64 / "=". The part after "AUTH SP".
/// Borrows from it. Errors: missing_argument; bad_mechanism; bad_base64; unexpected_initial_response for CRAM-MD5 and
/// DIGEST-MD5, which begin with a challenge (RFC 4954 4).
constexpr result<cmd::auth> parse_auth(std::string_view arguments EHLO_LIFETIMEBOUND) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    std::size_t const end = detail::mechanism_length(arguments);
    if (end == 0 || (end < arguments.size() && arguments[end] != ' ')) return fail(errc::bad_mechanism, end);
    cmd::auth a{find_mechanism(detail::sub(arguments, 0, end)), detail::sub(arguments, 0, end), std::nullopt};
    if (end == arguments.size()) return a;
    std::string_view const initial = detail::sub(arguments, end + 1);
    if (begins_with_challenge(a.mechanism)) return fail(errc::unexpected_initial_response, end + 1);
    if (initial.empty()) return fail(errc::bad_base64, end + 1);
    if (initial == "=") {
        a.initial_response = detail::sub(initial, 1);
        return a;
    }
    if (auto const good = check_base64(initial); !good) return fail(good.error().code, end + 1 + good.error().at);
    a.initial_response = initial;
    return a;
}
template <detail::temporary Text>
result<cmd::auth> parse_auth(Text&&) = delete;

/// [base64] / "*": a client's line in an exchange, without its CRLF. An empty line is an empty response. Borrows from it.
/// Errors: auth_line_too_long over `limit` octets with CRLF; bad_base64.
constexpr result<auth_response> parse_auth_response(std::string_view line EHLO_LIFETIMEBOUND,
                                                    std::size_t limit = max_auth_line) noexcept {
    if (line.size() + 2 > limit) return fail(errc::auth_line_too_long, limit < 2 ? 0 : limit - 2);
    if (line == "*") return auth_response{detail::sub(line, 1), true};
    if (auto const good = check_base64(line); !good) return good.error();
    return auth_response{line};
}
template <detail::temporary Text>
result<auth_response> parse_auth_response(Text&&, std::size_t = max_auth_line) = delete;

/// A client's line, decoded where it stands: see decode_base64. Returns the octets. Errors: those of parse_auth_response,
/// and auth_cancelled for "*": reply_for has the right answer to each. Nothing is changed then.
constexpr result<std::string_view> decode_auth_response(char* line EHLO_LIFETIMEBOUND, std::size_t size,
                                                        std::size_t limit = max_auth_line) noexcept {
    auto const response = parse_auth_response({line, size}, limit);
    if (!response) return response.error();
    if (response->cancelled) return fail(errc::auth_cancelled, 0);
    return decode_base64(line, size);
}

/// continue-req = "334" SP [base64] CRLF: the base64 of a challenge. Borrows from the reply. "334" without a space is an
/// empty one. Errors: bad_reply_class if the reply is not 334, or has several lines; bad_base64: the client must cancel
/// then (RFC 4954 4).
constexpr result<std::string_view> parse_challenge(reply_view const& r) noexcept {
    if (r.code() != 334 || r.line_count() != 1) return fail(errc::bad_reply_class, 0);
    std::string_view const text = *r.lines().begin();
    if (auto const good = check_base64(text); !good) return fail(good.error().code, 4 + good.error().at);
    return text;
}

namespace detail {
template <class Words>
constexpr mechanisms mechanisms_among(Words const& words) noexcept {
    mechanisms all;
    for_each_word(words, [&all](std::string_view word) noexcept {
        mechanism const m = find_mechanism(word);
        if (m != mechanism::unknown) all = all | m;
    });
    return all;
}
}  // namespace detail
/// ehlo-param of AUTH: the names of mechanisms, with SP between them. RFC 4954 3. Names unknown here are passed over.
constexpr mechanisms parse_mechanisms(std::string_view text) noexcept { return detail::mechanisms_among(text); }
/// Writes the names, with SP between them, in the order of the enum. Errors: output_full.
constexpr result<std::size_t> write_mechanisms(writer& out, mechanisms all) noexcept {
    return out.atomically([&](writer& w) {
        for (unsigned i = 1, n = 0; i < mechanism_count; ++i)
            if (all.has(static_cast<mechanism>(i))) w.raw(n++ == 0 ? "" : " ").raw(mechanism_names[i]);
    });
}

// Writers. Each writes one whole line with its CRLF and returns the octets written, or writes nothing. A message is one of
// sasl::*, or octets that are one as they are; it is encoded straight into the output. Errors of all: those of
// write_message; output_full.

namespace detail {

constexpr std::optional<failure> check_mechanism(std::string_view mechanism) noexcept {
    std::size_t const bad = find_first<chars::unsafe>(mechanism);
    if (bad != mechanism.size()) return fail(errc::unsafe_octet, bad);
    if (!is_mechanism(mechanism)) return fail(errc::bad_mechanism, mechanism_length(mechanism));
    return std::nullopt;
}
constexpr void put_auth(writer& w, std::string_view mechanism) noexcept {
    w.raw("AUTH ");
    for (char const c : mechanism) w.raw(to_upper(c));
}
constexpr result<std::size_t> write_auth_line(writer& out, std::string_view mechanism, std::string_view rest) noexcept {
    if (auto const bad = check_mechanism(mechanism)) return *bad;
    if (5 + mechanism.size() + 1 + rest.size() + 2 > max_auth_command) return fail(errc::line_too_long, max_auth_command - 2);
    return out.atomically([&](writer& w) {
        put_auth(w, mechanism);
        if (!rest.empty()) w.raw(' ').raw(rest);
        w.crlf();
    });
}

template <class Message>
constexpr result<std::size_t> write_message_line(writer& out, std::string_view before, Message const& m) noexcept {
    survey const s = survey_of(m);
    if (s.failed) return s.error;
    std::size_t const size = before.size() + base64_size(s.size) + 2;
    if (size > max_auth_line) return fail(errc::auth_line_too_long, max_auth_line - 2);
    if (size > out.room()) return fail(errc::output_full, out.size());
    return out.atomically([&](writer& w) {
        w.raw(before);
        put_message_base64(w, m);
        w.crlf();
    });
}

}  // namespace detail

/// "AUTH SP name", without an initial response: the server answers with its first challenge, which may be empty. The name
/// is written in capitals. Errors: bad_mechanism, unsafe_octet.
constexpr result<std::size_t> write_auth(writer& out, std::string_view mechanism) noexcept {
    return detail::write_auth_line(out, mechanism, {});
}
/// "AUTH SP name SP base64", or "=" for a message of no octets. Errors: line_too_long over 512 octets with CRLF: then the
/// response must not be sent so (RFC 4954 4), but as the answer to the challenge; unexpected_initial_response, bad_mechanism.
template <class Message>
constexpr result<std::size_t> write_auth(writer& out, std::string_view mechanism, Message const& initial) noexcept {
    if (auto const bad = detail::check_mechanism(mechanism)) return *bad;
    if (begins_with_challenge(find_mechanism(mechanism))) return fail(errc::unexpected_initial_response, 0);
    detail::survey const s = detail::survey_of(initial);
    if (s.failed) return s.error;
    if (s.size == 0) return detail::write_auth_line(out, mechanism, "=");
    std::size_t const size = 5 + mechanism.size() + 1 + base64_size(s.size) + 2;
    if (size > max_auth_command) return fail(errc::line_too_long, max_auth_command - 2);
    if (size > out.room()) return fail(errc::output_full, out.size());
    return out.atomically([&](writer& w) {
        detail::put_auth(w, mechanism);
        w.raw(' ');
        detail::put_message_base64(w, initial);
        w.crlf();
    });
}
/// A message that says what mechanism it is of: `write_auth(out, sasl::plain{"", user, password})`.
template <class Message, class = std::enable_if_t<std::is_same_v<decltype(&Message::mechanism), mechanism const*>>>
constexpr result<std::size_t> write_auth(writer& out, Message const& initial) noexcept {
    return write_auth(out, name(Message::mechanism), initial);
}
/// The command again, as it was read (its name in capitals).
constexpr result<std::size_t> write_auth(writer& out, cmd::auth const& a) noexcept {
    if (!a.initial_response) return write_auth(out, a.name);
    if (begins_with_challenge(find_mechanism(a.name))) return fail(errc::unexpected_initial_response, 0);
    if (auto const good = check_base64(*a.initial_response); !good) return good.error();
    return detail::write_auth_line(out, a.name, a.initial_response->empty() ? "=" : *a.initial_response);
}

/// [base64] CRLF: the client's answer to a challenge. Errors: auth_line_too_long over 12,288 octets with CRLF.
template <class Message>
constexpr result<std::size_t> write_auth_response(writer& out, Message const& m) noexcept {
    return detail::write_message_line(out, {}, m);
}
/// "*" CRLF: the client gives up. The server answers 501.
constexpr result<std::size_t> write_auth_cancel(writer& out) noexcept {
    return out.atomically([](writer& w) { w.raw("*\r\n"); });
}
/// "334" SP [base64] CRLF. Errors: auth_line_too_long over 12,288 octets with CRLF.
template <class Message>
constexpr result<std::size_t> write_challenge(writer& out, Message const& m) noexcept {
    return detail::write_message_line(out, "334 ", m);
}

}  // namespace ehlo
