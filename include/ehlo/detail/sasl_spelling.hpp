// How SASL messages are read and written, octet by octet, whatever they say.
#pragma once

#include <ehlo/base64.hpp>
#include <ehlo/syntax.hpp>
#include <ehlo/utf8.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace chars {
inline constexpr charset mech_char = let_dig + "-_";
inline constexpr charset vchar{33, 126};
inline constexpr charset text_char = ~unsafe;                         ///< any UTF-8 but CR, LF and NUL
inline constexpr charset bearer_char = let_dig + "-._~+/=";           ///< b64token, RFC 6750 2.1
inline constexpr charset xoauth2_char = text_char - "\x01";
inline constexpr charset oauth_value = vchar + " \t\r\n";             ///< RFC 7628 3.1
inline constexpr charset scram_value_char = text_char - ",";          ///< RFC 5802 7
inline constexpr charset scram_safe_char = scram_value_char - "=";
inline constexpr charset not_escape = ~charset("=");
inline constexpr charset not_escaped = ~charset(",=");
inline constexpr charset cb_name = let_dig + ".-";
}  // namespace chars

namespace detail {

/// The octets at the beginning of a text that are in the set. Names and tokens are short: a kernel for each of a dozen sets
/// would cost every user milliseconds of compile time.
constexpr std::size_t count_leading(std::string_view text, charset const& set) noexcept {
    std::size_t n = 0;
    while (n < text.size() && set.contains(text[n])) ++n;
    return n;
}

/// *allowed; octets over 127, where they are allowed, as UTF-8.
constexpr bool scan_octets(cursor& c, charset const& allowed, std::string_view& part) noexcept {
    std::size_t const start = c.at;
    while (c.next_in(allowed)) {
        std::size_t const n = c.next_is_wide() ? utf8_length(detail::sub(c.text, c.at)) : 1;
        if (n == 0) return c.stop(errc::bad_utf8);
        c.at += n;
    }
    part = detail::sub(c.text, start, c.at - start);
    return true;
}
/// 1*allowed
constexpr bool scan_some(cursor& c, charset const& allowed, std::string_view& part) noexcept {
    if (!scan_octets(c, allowed, part)) return false;
    return !part.empty() || c.stop(errc::bad_sasl_message);
}
constexpr bool scan_literal_text(cursor& c, std::string_view literal) noexcept {
    for (char const octet : literal)
        if (!c.skip(octet)) return c.stop(errc::bad_sasl_message);
    return true;
}
constexpr bool scan_end(cursor& c) noexcept { return c.end() || c.stop(errc::bad_sasl_message); }

// A message is spelled twice, by the same function: to a survey, which measures and checks it, then to an emitter. So
// nothing of a message that is refused, or does not fit, ever stands in the output.

struct survey {
    std::size_t size = 0;
    bool failed = false;
    failure error{};

    constexpr void refuse(errc code, std::size_t at) noexcept {
        if (!failed) error = fail(code, size + at);
        failed = true;
    }
    constexpr void raw(std::string_view octets) noexcept { size += octets.size(); }
    constexpr void any(std::string_view octets, charset const& allowed) noexcept {
        cursor c{octets, strict_syntax};
        std::string_view part;
        if (!scan_octets(c, allowed, part)) refuse(c.error.code, c.error.at);
        else if (!c.end()) refuse(c.next_in(chars::unsafe) ? errc::unsafe_octet : errc::bad_value, c.at);
        raw(octets);
    }
    constexpr void some(std::string_view octets, charset const& allowed) noexcept {
        if (octets.empty()) refuse(errc::bad_value, 0);
        any(octets, allowed);
    }
    /// Any octets but CR, LF and NUL.
    constexpr void safe(std::string_view octets) noexcept {
        std::size_t const bad = find_first<chars::unsafe>(octets);
        if (bad != octets.size()) refuse(errc::unsafe_octet, bad);
        raw(octets);
    }
    constexpr void base64(std::string_view text) noexcept {
        require(!text.empty());
        if (auto const good = check_base64(text); !good) refuse(errc::bad_value, good.error().at);
        raw(text);
    }
    constexpr void require(bool good) noexcept {
        if (!good) refuse(errc::bad_value, 0);
    }
};

template <class Put>
struct emitter {
    Put put;
    constexpr void raw(std::string_view octets) noexcept { put(octets); }
    constexpr void any(std::string_view octets, charset const&) noexcept { put(octets); }
    constexpr void some(std::string_view octets, charset const&) noexcept { put(octets); }
    constexpr void safe(std::string_view octets) noexcept { put(octets); }
    constexpr void base64(std::string_view text) noexcept { put(text); }
    constexpr void require(bool) noexcept {}
};
template <class Put>
emitter(Put) -> emitter<Put>;

/// Octets that are a message as they are.
template <class Sink>
constexpr void spell(Sink& s, std::string_view octets) noexcept {
    s.raw(octets);
}

template <class Message>
constexpr survey survey_of(Message const& m) noexcept {
    survey s;
    spell(s, m);
    return s;
}
template <class Message>
constexpr void put_message(writer& w, Message const& m) noexcept {
    emitter out{[&w](std::string_view octets) noexcept { w.raw(octets); }};
    spell(out, m);
}
template <class Message>
constexpr void put_message_base64(writer& w, Message const& m) noexcept {
    base64_encoder encoder(w);
    emitter out{[&encoder](std::string_view octets) noexcept { encoder.put(octets); }};
    spell(out, m);
    encoder.finish();
}

}  // namespace detail

}  // namespace ehlo
