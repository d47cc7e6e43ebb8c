// Domains and address literals. RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3.
#pragma once

#include <ehlo/detail/fast.hpp>
#include <ehlo/detail/names.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

enum class host_kind : std::uint8_t { domain, ipv4, ipv6, general };

constexpr std::string_view name(host_kind kind) noexcept {
    constexpr std::string_view names[] = {"domain", "ipv4", "ipv6", "general"};
    static_assert(detail::names_all<host_kind>(names), "a kind of host has no name");
    return names[static_cast<unsigned>(kind)];
}

/// A domain or an address literal. `text` borrows from the input; a literal keeps its brackets.
struct host {
    std::string_view text;
    host_kind kind;
    leniency tolerated{};

    constexpr bool is_literal() const noexcept { return kind != host_kind::domain; }
    constexpr bool operator==(host const&) const = default;
};

/// An IP address in network order: 4 octets are used for IPv4, 16 for IPv6.
struct ip_address {
    std::uint8_t octets[16];
    host_kind kind;
    constexpr bool operator==(ip_address const&) const = default;
};

namespace detail {

// sub-domain = Let-dig [Ldh-str];  Domain = sub-domain *("." sub-domain);  RFC 6531: sub-domain =/ U-label
constexpr bool scan_domain(cursor& c) noexcept {
    std::size_t const start = c.at;
    // Of the label so far. None may begin or end with a hyphen; this also refuses an empty one.
    bool hyphen = true, empty = true;
    for (;;) {
        char const next = c.peek();
        if (chars::let_dig.contains(next)) {
            c.at += skip_labels<chars::let_dig, "-">(sub(c.text, c.at));
            hyphen = empty = false;
            if (c.end() || c.text[c.at] == '>') return true;  // as nearly all do
        } else if (!is_ascii(next)) {
            if (!c.skip_wide()) return false;
            hyphen = empty = false;
        } else if (next == '.' && !hyphen) {
            ++c.at;
            hyphen = empty = true;
        } else if (next == '-' && !empty) {
            ++c.at;
            hyphen = true;
        } else if (next == '_' && c.tolerate(rule::underscore_in_domain)) {
            ++c.at;
            hyphen = empty = false;
        } else {
            if (empty && c.at > start && next != '.' && next != '-' && c.tolerate(rule::trailing_dot)) return true;
            return !hyphen || c.stop(errc::bad_domain);
        }
    }
}

// Snum = 1*3DIGIT, 0 to 255;  IPv4-address-literal = Snum 3("." Snum). The cursor stays where it is on a fault.
constexpr bool scan_ipv4(cursor& c, std::uint8_t* octets) noexcept {
    std::size_t const size = c.text.size();
    std::size_t at = c.at;
    auto digit = [&]() noexcept { return at < size ? static_cast<unsigned char>(c.text[at] - '0') : 10u; };
    for (int i = 0; i < 4; ++i) {
        if (i > 0) {
            if (at == size || c.text[at] != '.') return c.stop(errc::bad_address_literal, at);
            ++at;
        }
        std::size_t const start = at;
        unsigned value = 0;
        for (unsigned d; (d = digit()) < 10; ++at) {
            value = value * 10 + d;
            if (at - start == 3 || value > 255) return c.stop(errc::bad_address_literal, at);
        }
        if (at == start) return c.stop(errc::bad_address_literal, at);
        octets[i] = static_cast<std::uint8_t>(value);
    }
    c.at = at;
    return true;
}

// IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp: eight groups, or fewer around one "::" that stands for
// two or more of them; an IPv4 address may stand for the last two. `octets` are zeros.
constexpr bool scan_ipv6(cursor& c, std::uint8_t* octets) noexcept {
    char const* const text = c.text.data();
    std::size_t const end = c.text.size();
    std::size_t at = c.at;
    unsigned size = 0, gap = 99;  // octets so far; where "::" stood
    unsigned const beside_gap = c.rules.tolerate.has(rule::ipv6_single_group) ? 14 : 12;
    auto most = [&]() noexcept { return gap == 99 ? 16u : beside_gap; };
    auto peek = [&]() noexcept { return at < end ? text[at] : '\0'; };
    auto stop = [&]() noexcept { return c.stop(errc::bad_address_literal, at); };
    if (peek() == ':') {
        ++at;
        if (peek() != ':') return stop();
        gap = 0;
        ++at;
    }
    for (bool more = gap == 99; more || hex_digit(peek()) < 16;) {
        std::size_t const start = at;
        if (size == most()) return stop();
        unsigned value = 0;
        for (unsigned d; at - start < 4 && (d = hex_digit(peek())) < 16; ++at) value = value * 16 + d;
        if (at == start) return stop();
        char const next = peek();
        if (next == '.') {
            std::size_t const dot = at;
            if (gap == 99 ? size != 12 : size + 4 > most()) return stop();
            c.at = start;
            // What could be a group ends at the dot that makes it half an IPv4 address.
            if (!scan_ipv4(c, octets + size)) return c.stop(errc::bad_address_literal, c.error.at > dot ? c.error.at : dot);
            at = c.at;
            size += 4;
            break;
        }
        octets[size] = static_cast<std::uint8_t>(value >> 8);
        octets[size + 1] = static_cast<std::uint8_t>(value & 255);
        size += 2;
        if (next != ':') break;
        if (size == most()) return stop();
        ++at;
        more = peek() != ':';
        if (more) continue;
        if (gap != 99 || size > beside_gap) return stop();
        gap = size;
        ++at;
    }
    c.at = at;
    if (gap == 99) return size == 16 || stop();
    if (size > 12 && !c.tolerate(rule::ipv6_single_group)) return stop();
    // What stands after the gap belongs at the end.
    for (unsigned i = size, to = 16; i > gap;) {
        octets[--to] = octets[--i];
        if (to != i) octets[i] = 0;
    }
    return true;
}

inline constexpr std::string_view ipv6_tag = "IPv6:";

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
// General-address-literal = Standardized-tag ":" 1*dcontent;  Standardized-tag = Ldh-str
// A tag must be registered (RFC 5321 4.1.3), and none is made of hexadecimal digits alone: "[2001:db8::1]" is an IPv6 address
// without its tag, as "[::1]" is. `octets` are zeros.
constexpr bool scan_literal(cursor& c, host_kind& kind, std::uint8_t* octets) noexcept {
    if (!c.skip('[')) return c.stop(errc::bad_address_literal);
    // One octet tells most of them.
    if (char const next = c.peek(); (next == 'I' || next == 'i') && spells_here(ipv6_tag, sub(c.text, c.at, ipv6_tag.size()))) {
        kind = host_kind::ipv6;
        c.at += ipv6_tag.size();
        if (!scan_ipv6(c, octets)) return false;
    } else if (kind = host_kind::ipv4; !scan_ipv4(c, octets)) {
        std::size_t const tag_end = find_first<~chars::ldh>(c.text, c.at);
        bool const tagged = tag_end < c.text.size() && c.text[tag_end] == ':' && c.text[tag_end - 1] != '-' &&
                            find_first<~chars::hexdig>(c.text, c.at) < tag_end;
        // What could still be a tag is not at fault.
        if (!tagged) return c.stop(errc::bad_address_literal, c.error.at > tag_end ? c.error.at : tag_end);
        kind = host_kind::general;
        c.at = find_first<~chars::dcontent>(c.text, tag_end + 1);
        if (c.at == tag_end + 1) return c.stop(errc::bad_address_literal);
    }
    return c.skip(']') || c.stop(errc::bad_address_literal);
}

// Domain / address-literal, with the limit on its length.
EHLO_INLINE constexpr bool scan_host(cursor& c, host_kind& kind) noexcept {
    std::size_t const start = c.at;
    kind = host_kind::domain;
    if (c.next_is('[')) {
        std::uint8_t octets[16] = {};
        if (!scan_literal(c, kind, octets)) return false;
    } else if (!scan_domain(c)) {
        return false;
    }
    if (c.at - start > c.rules.max_domain) return c.stop(errc::domain_too_long, start + c.rules.max_domain);
    return true;
}

constexpr result<host> read_host(std::string_view text, syntax const& rules) noexcept {
    cursor c{text, rules};
    host_kind kind{};
    if (!scan_host(c, kind)) return c.error;
    if (!c.end()) return fail(kind == host_kind::domain ? errc::bad_domain : errc::bad_address_literal, c.at);
    return host{text, kind, c.tolerated};
}

}  // namespace detail

/// ( Domain / address-literal ), the whole of `text`. RFC 5321 4.1.2, 4.1.3; with `rules.smtputf8` U-labels too (RFC
/// 6531 3.3: any well-formed characters; whether they are valid IDNA is not looked at). Borrows from `text`.
/// Errors: bad_domain, bad_address_literal, domain_too_long, non_ascii, bad_utf8.
constexpr result<host> parse_host(std::string_view text EHLO_LIFETIMEBOUND,
                                  syntax const& rules = strict_syntax) noexcept {
    if (std::size_t const size = !EHLO_VECTOR || text.starts_with('[') ? 0 : detail::fast::domain(text, rules); size != 0 && size == text.size()) [[likely]] {
        host const h{text, host_kind::domain};
        if constexpr (detail::fast::checked) detail::fast::expect(detail::read_host(text, rules).value_or({}) == h);
        return h;
    }
    return detail::read_host(text, rules);
}
template <detail::temporary Text>
result<host> parse_host(Text&&, syntax const& = strict_syntax) = delete;

/// Domain = sub-domain *("." sub-domain), the whole of `text`; as parse_host, but no address literals.
constexpr result<host> parse_domain(std::string_view text EHLO_LIFETIMEBOUND,
                                    syntax const& rules = strict_syntax) noexcept {
    if (!text.empty() && text.front() == '[') return fail(errc::bad_domain, 0);
    return parse_host(text, rules);
}
template <detail::temporary Text>
result<host> parse_domain(Text&&, syntax const& = strict_syntax) = delete;

/// The address of "[192.0.2.1]" or "[IPv6:2001:db8::1]". Errors: bad_address_literal, also for a general literal.
constexpr result<ip_address> parse_ip_address(std::string_view literal,
                                              syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{literal, rules};
    ip_address address{};
    if (!detail::scan_literal(c, address.kind, address.octets)) return c.error;
    if (!c.end()) return fail(errc::bad_address_literal, c.at);
    if (address.kind == host_kind::general) return fail(errc::bad_address_literal, 1);
    return address;
}

/// An IPv4 or IPv6 address without brackets or tag, as RFC 5952 has it: "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1".
/// Errors: bad_value for another kind, output_full.
constexpr result<std::size_t> write_ip_address(writer& out, ip_address const& a) noexcept {
    if (a.kind != host_kind::ipv4 && a.kind != host_kind::ipv6) return fail(errc::bad_value, 0);
    auto const four = [&a](writer& w, unsigned from) noexcept {
        for (unsigned i = from; i < from + 4; ++i) (i == from ? w : w.raw('.')).number(a.octets[i]);
    };
    if (a.kind == host_kind::ipv4) return out.atomically([&](writer& w) { four(w, 0); });
    auto const group = [&a](unsigned i) noexcept { return static_cast<unsigned>(a.octets[2 * i] << 8 | a.octets[2 * i + 1]); };
    // The longest run of two zeros or more, the first of equals (4.2.2, 4.2.3).
    unsigned gap = 8, length = 1;
    for (unsigned i = 0; i < 8; ++i) {
        unsigned n = 0;
        while (i + n < 8 && group(i + n) == 0) ++n;
        if (n > length) {
            gap = i;
            length = n;
        }
    }
    bool const mapped = gap == 0 && length == 5 && group(5) == 0xFFFF;   // section 5
    return out.atomically([&](writer& w) {
        for (unsigned i = 0; i < (mapped ? 6u : 8u); ++i) {
            if (i == gap) {
                w.raw("::");
                i += length - 1;
                continue;
            }
            if (i != 0 && i != gap + length) w.raw(':');
            bool started = false;
            for (unsigned shift = 16; shift != 0; shift -= 4) {
                unsigned const digit = group(i) >> (shift - 4) & 15;
                started = started || digit != 0 || shift == 4;
                if (started) w.raw("0123456789abcdef"[digit]);
            }
        }
        if (!mapped) return;
        w.raw(':');
        four(w, 12);
    });
}

/// Whether two domains or address literals are the same host (RFC 5321 2.4):
///   domains without the case of ASCII letters, and without the dot at the end that rule::trailing_dot lets in, which names the
///   root of the DNS in both. U-labels by their octets: whether they equal A-labels is IDNA's matter.
///   IPv4 and IPv6 literals by the address, however it is spelt; never one by the other, and never by a domain.
///   General literals by their tag, without its case, and the octets after it. So are literals that are not well formed.
[[nodiscard]] constexpr bool same_domain(std::string_view a, std::string_view b) noexcept {
    bool const literal = a.starts_with('[');
    if (literal != b.starts_with('[')) return false;
    if (!literal) {
        auto rooted = [](std::string_view text) noexcept { return text.size() > 1 && text.back() == '.' ? text.size() - 1 : text.size(); };
        return iequals(detail::sub(a, 0, rooted(a)), detail::sub(b, 0, rooted(b)));
    }
    syntax const rules{.tolerate = rule::ipv6_single_group};
    auto const x = parse_ip_address(a, rules), y = parse_ip_address(b, rules);
    if (x || y) return x && y && *x == *y;
    std::size_t const tag = detail::find_first<charset(":")>(a);
    return a.size() == b.size() && iequals(detail::sub(a, 0, tag), detail::sub(b, 0, tag)) && detail::sub(a, tag) == detail::sub(b, tag);
}

}  // namespace ehlo
