// Commands that set a queue in motion: ETRN (RFC 1985), ATRN (RFC 2645).
#pragma once

#include <ehlo/command.hpp>
#include <ehlo/detail/split.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The option character of ETRN. RFC 1985 5.3.
enum class etrn_option : std::uint8_t {
    node,        ///< none: mail for this node
    subdomains,  ///< "@": for the domain and all below it
    queue,       ///< "#": the queue of this name
};

namespace cmd {
/// ETRN. The node is opaque: any visible octets. It names something on the server, so mind what it is pasted into.
struct etrn {
    etrn_option option;
    std::string_view node;
};
/// ATRN. No domains means all that the client may have mail for.
struct atrn {
    std::string_view domains;  ///< "a.example,b.example", well formed; see domain_list
    leniency tolerated{};
};
}  // namespace cmd

/// The domains of ATRN: `for (std::string_view d : ehlo::domain_list(c.domains))`.
using domain_list = detail::split_range<charset(",")>;

/// etrn-cmd = "ETRN" SP [ "@" / "#" ] 1*VCHAR, the part after "ETRN SP". RFC 1985 5. Borrows from `arguments`.
/// Errors: missing_argument, unexpected_argument for anything that is not visible ASCII, a space included.
constexpr result<cmd::etrn> parse_etrn(std::string_view arguments EHLO_LIFETIMEBOUND) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    etrn_option const option = arguments[0] == '@'   ? etrn_option::subdomains
                               : arguments[0] == '#' ? etrn_option::queue
                                                     : etrn_option::node;
    std::string_view const node = detail::sub(arguments, option == etrn_option::node ? 0 : 1);
    if (node.empty()) return fail(errc::missing_argument, 1);
    constexpr charset visible{33, 126};
    std::size_t const end = detail::find_first<~visible>(arguments);
    if (end != arguments.size()) return fail(errc::unexpected_argument, end);
    return cmd::etrn{option, node};
}
template <detail::temporary Text>
result<cmd::etrn> parse_etrn(Text&&) = delete;

/// atrn-cmd = "ATRN" [ SP domain *( "," domain ) ], the part after "ATRN"; a domain has two labels or more here
/// (RFC 2645 5.2.1). Borrows from `arguments`. Errors: bad_domain, domain_too_long.
constexpr result<cmd::atrn> parse_atrn(std::string_view arguments EHLO_LIFETIMEBOUND,
                                       syntax const& rules = strict_syntax) noexcept {
    syntax ascii = rules;
    ascii.smtputf8 = false;
    std::size_t at = 0;
    leniency tolerated;
    while (at < arguments.size()) {
        std::string_view const rest = detail::sub(arguments, at);
        std::string_view const domain = detail::sub(rest, 0, detail::find_first<charset(",")>(rest));
        auto const parsed = parse_domain(domain, ascii);
        if (!parsed) return fail(parsed.error().code, at + parsed.error().at);
        if (detail::find_first<charset(".")>(domain) == domain.size()) return fail(errc::bad_domain, at + domain.size());
        tolerated |= parsed->tolerated;
        at += domain.size();
        if (at < arguments.size() && ++at == arguments.size()) return fail(errc::bad_domain, at);
    }
    return cmd::atrn{arguments, tolerated};
}
template <detail::temporary Text>
result<cmd::atrn> parse_atrn(Text&&, syntax const& = strict_syntax) = delete;

/// "ETRN SP [option] node". Errors: those of parse_etrn, unsafe_octet, output_full, bad_value for a node that begins with
/// an option character of its own.
constexpr result<std::size_t> write_etrn(writer& out, etrn_option option, std::string_view node) noexcept {
    if (auto const bad = detail::find_unsafe(node)) return *bad;
    if (!node.empty() && option == etrn_option::node && (node[0] == '@' || node[0] == '#')) return fail(errc::bad_value, 0);
    if (auto const parsed = parse_etrn(node); !parsed && !(node.size() == 1 && option != etrn_option::node)) return parsed.error();
    return detail::write_line(out, "ETRN ", option == etrn_option::node ? "" : option == etrn_option::queue ? "#" : "@", node);
}
/// "ATRN [SP domain,domain]". Errors: those of parse_atrn, unsafe_octet, output_full.
constexpr result<std::size_t> write_atrn(writer& out, std::string_view domains = {}) noexcept {
    if (auto const bad = detail::find_unsafe(domains)) return *bad;
    if (auto const parsed = parse_atrn(domains); !parsed) return parsed.error();
    return detail::write_line(out, "ATRN", domains.empty() ? "" : " ", domains);
}

}  // namespace ehlo
