// What a proxy tells the server behind it about its client: XCLIENT and XFORWARD of Postfix.
#pragma once

#include <ehlo/command.hpp>
#include <ehlo/xtext.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The attributes of both commands. Postfix XCLIENT_README, XFORWARD_README; those of the second line are Dovecot's.
enum class client_attribute : std::uint8_t {
    name, addr, port, proto, helo, login, destaddr, destport, ident, source,
    session_id, client_transport, ttl, timeout, forward,
};
inline constexpr std::string_view client_attribute_names[] = {
    "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "IDENT", "SOURCE",
    "SESSION", "CLIENT-TRANSPORT", "TTL", "TIMEOUT", "FORWARD"};
static_assert(detail::names_all<client_attribute>(client_attribute_names), "an attribute has no name");
inline constexpr unsigned client_attribute_count = sizeof client_attribute_names / sizeof *client_attribute_names;
constexpr std::string_view name(client_attribute a) noexcept { return client_attribute_names[static_cast<unsigned>(a)]; }
/// The attribute of this name, in any case.
constexpr std::optional<client_attribute> find_attribute(std::string_view text) noexcept {
    unsigned const i = detail::find_row<client_attribute_names>(text);
    return i == client_attribute_count ? std::nullopt : std::optional(static_cast<client_attribute>(i));
}

/// A set of XCLIENT or XFORWARD attributes.
using client_attributes = set_of<client_attribute, client_attribute_count>;

/// Whether an attribute is one that Dovecot has and Postfix does not.
[[nodiscard]] constexpr bool is_dovecot(client_attribute a) noexcept { return a >= client_attribute::session_id; }

/// Whether a command has an attribute: XCLIENT has no IDENT and SOURCE, XFORWARD no LOGIN, DESTADDR and DESTPORT, and none of
/// Dovecot's.
[[nodiscard]] constexpr bool has_attribute(verb v, client_attribute a) noexcept {
    switch (a) {
    case client_attribute::login:
    case client_attribute::destaddr:
    case client_attribute::destport: return v == verb::xclient;
    case client_attribute::ident:
    case client_attribute::source: return v == verb::xforward;
    default: return v == verb::xclient || (v == verb::xforward && !is_dovecot(a));
    }
}

inline constexpr std::string_view attribute_unavailable = "[UNAVAILABLE]";   ///< the proxy does not know
inline constexpr std::string_view attribute_tempunavail = "[TEMPUNAVAIL]";   ///< a name could not be looked up now
inline constexpr std::size_t max_attribute = 255;                             ///< octets of a value

namespace cmd {
/// XCLIENT, XFORWARD. Borrows from the line.
struct xclient {
    v0::verb verb;
    parameter_range attributes;  ///< keyword and value (xtext), as they stand
    leniency tolerated{};
    /// The value of an attribute, as xtext; nothing if it was not given. Given twice (rule::repeated_attribute), the last one.
    constexpr std::optional<std::string_view> find(client_attribute a) const noexcept {
        std::optional<std::string_view> value;
        for (parameter const p : attributes)
            if (iequals(p.keyword, name(a))) value = p.value;
        return value;
    }
};
}  // namespace cmd

/// "XCLIENT" 1*( SP attribute "=" xtext ), the part after "XCLIENT SP"; XFORWARD alike. Borrows from `arguments`.
/// Errors: missing_argument, bad_parameter (not attribute=xtext), unknown_attribute (none of this command), duplicate_parameter,
/// bad_parameter_value (over 255 octets, but for Dovecot's attributes, or not xtext of RFC 3461).
constexpr result<cmd::xclient> parse_xclient(verb v, std::string_view arguments EHLO_LIFETIMEBOUND,
                                                       syntax const& rules = strict_syntax) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    detail::cursor c{arguments, rules};
    client_attributes seen;
    for (;;) {
        std::size_t const at = c.at;
        std::string_view const rest = detail::sub(arguments, at);
        std::size_t const end = detail::find_first<charset(" ")>(rest);
        std::size_t const equals = detail::find_first<charset("= ")>(rest);
        if (equals == end || equals == 0) return fail(errc::bad_parameter, at + equals);
        auto const a = find_attribute(detail::sub(rest, 0, equals));
        if (!a || !has_attribute(v, *a) || (is_dovecot(*a) && !c.tolerate(rule::dovecot_xclient))) return fail(errc::unknown_attribute, at);
        if (seen.has(*a) && !c.tolerate(rule::repeated_attribute)) return fail(errc::duplicate_parameter, at);
        seen |= *a;
        std::string_view const value = detail::sub(rest, equals + 1, end - equals - 1);
        std::size_t const value_at = at + equals + 1;
        if (value.empty()) return fail(errc::bad_parameter, value_at);
        if (value.size() > max_attribute && !is_dovecot(*a)) return fail(errc::bad_parameter_value, value_at + max_attribute);
        if (auto const parsed = parse_xtext(value); !parsed) {
            bool const lower = parse_xtext(value, false, hexchar_case::any) && c.tolerate(rule::lower_case_hexchar);
            if (!lower) return fail(errc::bad_parameter_value, value_at + parsed.error().at);
        }
        c.at = at + end;
        if (c.end()) return cmd::xclient{v, parameter_range(arguments), c.tolerated};
        ++c.at;
        parameter_access::skip_spaces(c);
        if (c.end()) return fail(errc::bad_parameter, c.at);
    }
}
template <detail::temporary Text>
result<cmd::xclient> parse_xclient(verb, Text&&, syntax const& = strict_syntax) = delete;

/// "XCLIENT SP attributes", "XFORWARD SP attributes"; the attributes as text, values as xtext.
/// Errors: those of parse_xclient, unsafe_octet, output_full.
constexpr result<std::size_t> write_xclient(writer& out, verb v, std::string_view attributes,
                                                 syntax const& rules = strict_syntax) noexcept {
    if (v != verb::xclient && v != verb::xforward) return fail(errc::bad_value, 0);
    if (auto const bad = detail::find_unsafe(attributes)) return *bad;
    auto const parsed = parse_xclient(v, attributes, rules);
    if (!parsed) return parsed.error();
    return out.atomically([&](writer& w) {
        w.raw(name(v));
        for (parameter const p : parsed->attributes) {
            w.raw(' ').raw(p.keyword).raw('=');
            if (auto const n = write_xtext(w, xtext::encoded(*p.value)); !n) w.refuse(n.error());
        }
        w.crlf();
    });
}

}  // namespace ehlo
