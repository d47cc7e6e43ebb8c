// The EHLO answer: which extensions a server offers, parsed and written. RFC 5321 4.1.1.1.
#pragma once

#include <ehlo/domain.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0 {

/// Service extensions that ehlo knows by name.
enum class extension : std::uint8_t {
    size,                 ///< RFC 1870
    eight_bit_mime,       ///< RFC 6152
    pipelining,           ///< RFC 2920
    enhanced_status_codes,///< RFC 2034
    smtputf8,             ///< RFC 6531
    help,                 ///< RFC 5321 2.2.2
    vrfy,                 ///< customary; RFC 5321 3.5.2 lets a server tell that it does
    expn,                 ///< RFC 5321 2.2.2
};
inline constexpr unsigned extension_count = 8;
inline constexpr std::string_view extension_names[extension_count] = {"SIZE", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES",
                                                                      "SMTPUTF8", "HELP", "VRFY", "EXPN"};
constexpr std::string_view name(extension e) noexcept { return extension_names[static_cast<unsigned>(e)]; }

/// A set of extensions. Structural, so a policy can carry it as a template argument.
struct extensions {
    std::uint32_t bits = 0;
    constexpr extensions() noexcept = default;
    constexpr extensions(extension e) noexcept : bits(1u << static_cast<unsigned>(e)) {}
    constexpr bool has(extension e) const noexcept { return (bits >> static_cast<unsigned>(e) & 1) != 0; }
    friend constexpr extensions operator|(extensions a, extensions b) noexcept {
        a.bits |= b.bits;
        return a;
    }
    constexpr bool operator==(extensions const&) const = default;
};
constexpr extensions operator|(extension a, extension b) noexcept { return extensions(a) | extensions(b); }

/// The parameters of MAIL and RCPT that come with these extensions.
constexpr parameter_ids parameters_of(extensions offered) noexcept {
    parameter_ids ids;
    for (unsigned i = 0; i < extension_count; ++i) {
        auto const e = static_cast<extension>(i);
        if (!offered.has(e)) continue;
        for (auto const& row : registered_parameters)
            if (row.extension == name(e) || row.also == name(e)) ids |= row.id;
    }
    return ids;
}

/// ehlo-line = ehlo-keyword *( SP ehlo-param ). Borrows from the reply.
struct capability {
    std::string_view keyword;
    std::string_view parameters;  ///< all behind the first SP, as it stands
};
constexpr capability split_capability(std::string_view line EHLO_LIFETIMEBOUND) noexcept {
    std::size_t const end = detail::find_first<charset(" ")>(line);
    return {line.substr(0, end), end == line.size() ? line.substr(end) : line.substr(end + 1)};
}

/// What a server offers. A value without views: it outlives the reply. Each EHLO replaces it (RFC 5321 4.1.4).
struct capabilities {
    extensions offered{};
    /// The largest message the server takes, in octets; nothing if it gave no number, or gave 0, which means "no fixed
    /// limit" (RFC 1870 4).
    std::optional<std::uint64_t> max_size{};
    constexpr bool has(extension e) const noexcept { return offered.has(e); }
};

/// Reads a positive EHLO reply. Lines that are not ehlo-lines, and keywords unknown here, are passed over: a client must
/// not fail on what it will not use (RFC 5321 4.1.1.1). Errors: bad_reply_class if the reply is not 250.
constexpr result<capabilities> parse_capabilities(reply_view const& r) noexcept {
    if (r.code() != 250) return fail(errc::bad_reply_class, 0);
    capabilities c;
    bool first = true;
    for (std::string_view line : r.lines()) {
        if (first) {
            first = false;
            continue;
        }
        capability const given = split_capability(line);
        for (unsigned i = 0; i < extension_count; ++i) {
            if (!iequals(given.keyword, extension_names[i])) continue;
            c.offered = c.offered | static_cast<extension>(i);
            if (static_cast<extension>(i) != extension::size) continue;
            auto const size = parse_decimal(given.parameters);
            c.max_size = size && *size != 0 ? std::optional(*size) : std::nullopt;
        }
    }
    return c;
}

/// Writes the answer to EHLO: ehlo-ok-rsp of RFC 5321 4.1.1.1, one line for each extension in the order of the enum.
/// Errors: unsafe_octet, bad_domain and others of parse_host for `domain`; reply_too_long for a line over 512 octets;
/// output_full.
constexpr result<std::size_t> write_capabilities(writer& out, std::string_view domain, std::string_view greet,
                                                 capabilities const& c) noexcept {
    if (auto const parsed = parse_host(domain); !parsed) return parsed.error();
    if (domain.size() + greet.size() + 7 > max_reply_line) return fail(errc::reply_too_long, max_reply_line);
    return out.atomically([&](writer& w) {
        std::size_t last = w.size() + 3;
        w.raw("250-").raw(domain);
        if (!greet.empty()) w.raw(' ').text(greet);
        w.crlf();
        for (unsigned i = 0; i < extension_count; ++i) {
            auto const e = static_cast<extension>(i);
            if (!c.has(e)) continue;
            last = w.size() + 3;
            w.raw("250-").raw(name(e));
            if (e == extension::size && c.max_size) w.raw(' ').number(*c.max_size);
            w.crlf();
        }
        w.overwrite(last, ' ');
    });
}

}  // namespace ehlo::inline v0
