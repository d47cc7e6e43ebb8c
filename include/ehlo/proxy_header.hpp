// The PROXY protocol, versions 1 and 2: what a proxy says of its client before the first octet of the session.
// The document is proxy-protocol.txt of HAProxy.
#pragma once

#include <ehlo/domain.hpp>
#include <ehlo/detail/temporary.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What the addresses of a header are. `unspecified`: none are told; those of the connection itself count.
enum class proxy_family : std::uint8_t { unspecified, ipv4, ipv6, unix_socket };
inline constexpr std::string_view proxy_family_names[] = {"unspecified", "ipv4", "ipv6", "unix"};
static_assert(detail::names_all<proxy_family>(proxy_family_names), "a family has no name");
constexpr std::string_view name(proxy_family f) noexcept { return proxy_family_names[static_cast<unsigned>(f)]; }

/// The types of TLVs that the document registers, and the sub-types of `ssl`. Others may be there, too.
enum class proxy_tlv_type : std::uint8_t {
    alpn = 0x01, authority = 0x02, crc32c = 0x03, noop = 0x04, unique_id = 0x05, ssl = 0x20,
    ssl_version = 0x21, ssl_cn = 0x22, ssl_cipher = 0x23, ssl_sig_alg = 0x24, ssl_key_alg = 0x25, netns = 0x30,
};
/// Empty for a type that is not registered.
constexpr std::string_view name(proxy_tlv_type t) noexcept {
    switch (t) {
    case proxy_tlv_type::alpn: return "alpn";
    case proxy_tlv_type::authority: return "authority";
    case proxy_tlv_type::crc32c: return "crc32c";
    case proxy_tlv_type::noop: return "noop";
    case proxy_tlv_type::unique_id: return "unique_id";
    case proxy_tlv_type::ssl: return "ssl";
    case proxy_tlv_type::ssl_version: return "ssl_version";
    case proxy_tlv_type::ssl_cn: return "ssl_cn";
    case proxy_tlv_type::ssl_cipher: return "ssl_cipher";
    case proxy_tlv_type::ssl_sig_alg: return "ssl_sig_alg";
    case proxy_tlv_type::ssl_key_alg: return "ssl_key_alg";
    case proxy_tlv_type::netns: return "netns";
    }
    return {};
}

struct proxy_tlv {
    proxy_tlv_type type{};
    std::string_view value{};
};

namespace detail {
constexpr unsigned octet_at(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }
constexpr std::uint16_t big16(std::string_view text, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(octet_at(text, at) << 8 | octet_at(text, at + 1));
}
constexpr std::uint32_t big32(std::string_view text, std::size_t at) noexcept {
    return std::uint32_t{big16(text, at)} << 16 | big16(text, at + 2);
}
inline constexpr std::size_t tlv_head = 3;
}  // namespace detail

/// TLVs that stand one after another: `for (ehlo::proxy_tlv t : header.tlvs)`. What does not hold a whole one ends them.
class proxy_tlvs {
    std::string_view octets_{};

  public:
    class iterator {
        std::string_view rest_;
        std::size_t size_;   // of the first, with its head; 0 at the end

        static constexpr std::size_t first(std::string_view rest) noexcept {
            if (rest.size() < detail::tlv_head) return 0;
            std::size_t const size = detail::tlv_head + detail::big16(rest, 1);
            return size <= rest.size() ? size : 0;
        }

      public:
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest), size_(first(rest)) {}
        constexpr proxy_tlv operator*() const noexcept {
            return {static_cast<proxy_tlv_type>(detail::octet_at(rest_, 0)), detail::sub(rest_, detail::tlv_head, size_ - detail::tlv_head)};
        }
        constexpr iterator& operator++() noexcept {
            rest_ = detail::sub(rest_, size_);
            size_ = first(rest_);
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return size_ != other.size_ || (size_ != 0 && rest_.data() != other.rest_.data()); }
        /// The octets that no TLV was made of yet.
        constexpr std::string_view rest() const noexcept { return rest_; }
    };
    constexpr proxy_tlvs() noexcept = default;
    constexpr explicit proxy_tlvs(std::string_view octets) noexcept : octets_(octets) {}
    constexpr iterator begin() const noexcept { return iterator(octets_); }
    constexpr iterator end() const noexcept { return iterator({}); }
    constexpr std::string_view octets() const noexcept { return octets_; }
    /// The value of the first one of this type.
    constexpr std::optional<std::string_view> find(proxy_tlv_type t) const noexcept {
        for (proxy_tlv const tlv : *this)
            if (tlv.type == t) return tlv.value;
        return std::nullopt;
    }
};

/// The value of a TLV of type ssl: what the proxy knows of the client's TLS.
struct proxy_ssl {
    std::uint8_t client = 0;     ///< bits: 1 over TLS, 2 a certificate in this connection, 4 one in this TLS session
    std::uint32_t verify = 0;    ///< 0: the certificate was verified
    proxy_tlvs values{};         ///< ssl_version, ssl_cn, ssl_cipher ...
    constexpr bool tls() const noexcept { return (client & 1) != 0; }
    constexpr bool verified() const noexcept { return (client & 6) != 0 && verify == 0; }
};

/// A PROXY header. Borrows from the octets that it was parsed in.
struct proxy_header {
    std::uint8_t version = 2;
    bool local = false;                ///< LOCAL: the proxy speaks for itself, as for a check of health. Never in version 1
    proxy_family family{};
    bool datagram = false;             ///< UDP, or a Unix socket of datagrams. Never in version 1
    bool checksum = false;             ///< with a CRC32c; in what was parsed it was right
    ip_address source{}, destination{};              ///< ipv4 and ipv6
    std::uint16_t source_port = 0, destination_port = 0;
    std::string_view source_path{}, destination_path{};  ///< unix_socket: without the NULs after it
    proxy_tlvs tlvs{};                 ///< of version 2, where addresses are told

    /// Whether it tells whom the connection is from. If not, the connection's own addresses count.
    constexpr bool tells() const noexcept { return !local && family != proxy_family::unspecified; }
    /// The TLV of type ssl, if there is one.
    constexpr std::optional<proxy_ssl> ssl() const noexcept {
        auto const value = tlvs.find(proxy_tlv_type::ssl);
        if (!value || value->size() < 5) return std::nullopt;
        return proxy_ssl{static_cast<std::uint8_t>(detail::octet_at(*value, 0)), detail::big32(*value, 1), proxy_tlvs(detail::sub(*value, 5))};
    }
};

inline constexpr std::size_t max_proxy_v1 = 107;          ///< octets of a header of version 1, with its CRLF
inline constexpr std::size_t max_proxy_v2 = 16 + 65535;   ///< octets of one of version 2: its length has 16 bits
inline constexpr std::size_t proxy_path_size = 108;       ///< octets of the path of a Unix socket

/// How much of a header of version 2 is taken. A caller's buffer must hold all of it.
struct proxy_limits {
    std::uint32_t total = 4096;   ///< octets
};

namespace detail {

inline constexpr std::string_view proxy_v1_start = "PROXY ";
inline constexpr std::string_view proxy_v2_signature{"\r\n\r\n\0\r\nQUIT\n", 12};
inline constexpr std::size_t proxy_v2_head = 16;

/// CRC32c (RFC 4960 appendix B). The 4 octets at `hole` count as zeros.
constexpr std::uint32_t crc32c(std::string_view octets, std::size_t hole) noexcept {
    std::uint32_t crc = 0xFFFFFFFF;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        crc ^= i >= hole && i < hole + 4 ? 0 : octet_at(octets, i);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82F63B78 & (0 - (crc & 1)));
    }
    return ~crc;
}

constexpr bool scan_proxy_number(cursor& c, unsigned most, unsigned& value) noexcept {
    if (!c.next_in(chars::digit)) return c.stop(errc::bad_proxy_header);
    value = 0;
    for (std::size_t const start = c.at; c.next_in(chars::digit); ++c.at) {
        if (c.at != start && value == 0) return c.stop(errc::bad_proxy_header);
        value = value * 10 + static_cast<unsigned>(c.peek() - '0');
        if (value > most) return c.stop(errc::bad_proxy_header);
    }
    return true;
}
constexpr bool scan_proxy_ipv4(cursor& c, std::uint8_t* octets) noexcept {
    for (int i = 0; i < 4; ++i) {
        unsigned value = 0;
        if (i > 0 && !c.skip('.')) return c.stop(errc::bad_proxy_header);
        if (!scan_proxy_number(c, 255, value)) return false;
        octets[i] = static_cast<std::uint8_t>(value);
    }
    return true;
}
constexpr bool scan_proxy_address(cursor& c, ip_address& address) noexcept {
    if (!c.skip(' ')) return c.stop(errc::bad_proxy_header);
    if (address.kind == host_kind::ipv4) return scan_proxy_ipv4(c, address.octets);
    std::size_t const start = c.at;
    if (!scan_ipv6(c, address.octets)) return c.stop(errc::bad_proxy_header, c.error.at);
    // An IPv4 address at its end has no leading zeros either.
    std::string_view const whole = sub(c.text, 0, c.at);
    if (find_first<charset(".")>(whole, start) == whole.size()) return true;
    c.at = find_last<charset(":")>(whole, start, whole.size()) + 1;
    return scan_proxy_ipv4(c, address.octets + 12);
}
constexpr bool scan_proxy_port(cursor& c, std::uint16_t& port) noexcept {
    unsigned value = 0;
    if (!c.skip(' ')) return c.stop(errc::bad_proxy_header);
    if (!scan_proxy_number(c, 65535, value)) return false;
    port = static_cast<std::uint16_t>(value);
    return true;
}

constexpr progress<proxy_header> parse_proxy_v1(std::string_view in) noexcept {
    std::size_t const window = in.size() < max_proxy_v1 - 1 ? in.size() : max_proxy_v1 - 1;
    std::size_t const end = find_first<charset("\r\n")>(sub(in, 0, window));
    if (end == window) {
        if (window < max_proxy_v1 - 1) return {std::size_t{0}};
        return {fail(errc::proxy_header_too_long, max_proxy_v1 - 2), 0};
    }
    if (in[end] == '\n') return {fail(errc::bare_lf, end), 0};
    if (end + 1 == in.size()) return {std::size_t{0}};
    if (in[end + 1] != '\n') return {fail(errc::bare_cr, end), 0};

    constexpr syntax rules{.tolerate = rule::ipv6_single_group};   // how zeros are shortened is nobody's concern here
    cursor c{sub(in, 0, end), rules};
    c.at = proxy_v1_start.size();
    proxy_header h{.version = 1};
    constexpr std::string_view tcp = "TCP", unknown = "UNKNOWN";
    auto take = [&c](std::string_view word) noexcept {
        for (char const octet : word)
            if (!c.skip(octet)) return c.stop(errc::bad_proxy_header);
        return true;
    };
    if (c.next_is('U')) {
        if (!take(unknown) || !(c.end() || c.next_is(' '))) return {fail(errc::bad_proxy_header, c.at), 0};
        return {h, end + 2};
    }
    if (!take(tcp) || !(c.next_is('4') || c.next_is('6'))) return {fail(errc::bad_proxy_header, c.at), 0};
    bool const four = c.next_is('4');
    ++c.at;
    h.family = four ? proxy_family::ipv4 : proxy_family::ipv6;
    h.source.kind = h.destination.kind = four ? host_kind::ipv4 : host_kind::ipv6;
    if (!scan_proxy_address(c, h.source) || !scan_proxy_address(c, h.destination) || !scan_proxy_port(c, h.source_port) ||
        !scan_proxy_port(c, h.destination_port))
        return {c.error, 0};
    if (!c.end()) return {fail(errc::bad_proxy_header, c.at), 0};
    return {h, end + 2};
}

/// The place of the first octet in `in` from `at` on that cannot be of TLVs; nothing if they end where it does.
constexpr std::optional<std::size_t> find_bad_tlv(std::string_view in, std::size_t at) noexcept {
    while (at != in.size()) {
        if (in.size() - at < tlv_head) return in.size();
        std::size_t const size = tlv_head + big16(in, at + 1);
        if (size > in.size() - at) return at + 1;
        at += size;
    }
    return std::nullopt;
}

/// The octets of the addresses of a family.
constexpr std::size_t proxy_addresses(proxy_family f) noexcept {
    return f == proxy_family::ipv4 ? 12 : f == proxy_family::ipv6 ? 36 : f == proxy_family::unix_socket ? 2 * proxy_path_size : 0;
}

// What a whole one of version 2 that tells addresses holds after them.
constexpr std::optional<failure> check_proxy_tlvs(std::string_view whole, std::size_t from, bool& checksum) noexcept {
    if (auto const bad = find_bad_tlv(whole, from)) return fail(errc::bad_proxy_header, *bad);
    std::size_t at = from;
    for (proxy_tlv const t : proxy_tlvs(sub(whole, from))) {
        std::size_t const value = at + tlv_head;
        if (t.type == proxy_tlv_type::unique_id && t.value.size() > 128) return fail(errc::bad_proxy_header, at + 1);
        if (t.type == proxy_tlv_type::ssl) {
            if (t.value.size() < 5) return fail(errc::bad_proxy_header, at + 1);
            if (auto const bad = find_bad_tlv(sub(whole, 0, value + t.value.size()), value + 5)) return fail(errc::bad_proxy_header, *bad);
        }
        if (t.type == proxy_tlv_type::crc32c) {
            if (checksum || t.value.size() != 4) return fail(errc::bad_proxy_header, checksum ? at : at + 1);
            if (big32(whole, value) != crc32c(whole, value)) return fail(errc::bad_checksum, value);
            checksum = true;
        }
        at = value + t.value.size();
    }
    return std::nullopt;
}

constexpr progress<proxy_header> parse_proxy_v2(std::string_view in, proxy_limits const& limits) noexcept {
    constexpr std::size_t version_at = 12, family_at = 13, length_at = 14;
    auto const failed = [](errc code, std::size_t at) noexcept { return progress<proxy_header>(fail(code, at), 0); };
    if (in.size() <= version_at) return {std::size_t{0}};
    unsigned const version = octet_at(in, version_at);
    if (version != 0x20 && version != 0x21) return failed(errc::bad_proxy_header, version_at);
    proxy_header h{.local = version == 0x20};
    if (in.size() <= family_at) return {std::size_t{0}};
    unsigned const family = octet_at(in, family_at) >> 4, transport = octet_at(in, family_at) & 15;
    if (!h.local && (family > 3 || transport > 2)) return failed(errc::bad_proxy_header, family_at);
    if (!h.local && family != 0 && transport != 0) {
        h.family = static_cast<proxy_family>(family);
        h.datagram = transport == 2;
    }
    if (in.size() < proxy_v2_head) return {std::size_t{0}};
    std::size_t const total = proxy_v2_head + big16(in, length_at), tlvs_at = proxy_v2_head + proxy_addresses(h.family);
    if (total < tlvs_at) return failed(errc::bad_proxy_header, length_at);
    if (total > limits.total) return failed(errc::proxy_header_too_long, length_at);
    if (in.size() < total) return {std::size_t{0}};

    std::string_view const whole = sub(in, 0, total);
    std::size_t at = proxy_v2_head;
    if (h.family == proxy_family::unspecified) return {h, total};   // whatever it holds
    if (h.family == proxy_family::unix_socket) {
        for (std::string_view* const path : {&h.source_path, &h.destination_path}) {
            *path = sub(whole, at, proxy_path_size);
            while (!path->empty() && path->back() == '\0') path->remove_suffix(1);
            at += proxy_path_size;
        }
    } else {
        bool const four = h.family == proxy_family::ipv4;
        for (ip_address* const a : {&h.source, &h.destination}) {
            a->kind = four ? host_kind::ipv4 : host_kind::ipv6;
            for (unsigned i = 0; i < (four ? 4u : 16u); ++i) a->octets[i] = static_cast<std::uint8_t>(octet_at(whole, at++));
        }
        h.source_port = big16(whole, at);
        h.destination_port = big16(whole, at + 2);
    }
    if (auto const bad = check_proxy_tlvs(whole, tlvs_at, h.checksum)) return {*bad, 0};
    h.tlvs = proxy_tlvs(sub(whole, tlvs_at));
    return {h, total};
}

}  // namespace detail

/// The PROXY header that `in` begins with; the session follows it. No state is kept: call it with all octets not yet consumed
/// until it is ready. No call looks at more than the first 107 octets, or 16, until all of the header is there.
///
///   v1     = "PROXY" SP ( "TCP4" 2( SP IPv4 ) ports / "TCP6" 2( SP IPv6 ) ports / "UNKNOWN" [ SP *OCTET ] ) CRLF   ; 107 octets at most
///   ports  = 2( SP port )                               ; 0 to 65535; no number has leading zeros
///   v2     = signature ( %x20 / %x21 ) family length [ addresses *tlv ]   ; LOCAL, PROXY
///   signature = %x0D.0A.0D.0A.00.0D.0A.51.55.49.54.0A
///   family = OCTET      ; high 4 bits: 0 none, 1 IPv4, 2 IPv6, 3 Unix; low 4 bits: 0 none, 1 stream, 2 datagram
///   length = 2OCTET     ; of all that follows; numbers have their highest octet first
///   addresses = 2( 4OCTET ) 2( 2OCTET ) / 2( 16OCTET ) 2( 2OCTET ) / 2( 108OCTET )   ; source, destination, their ports
///   tlv    = type length *OCTET                         ; type is an octet
///
/// What stands in a LOCAL header, and where family or transport is 0, is skipped.
///   ready:     `consumed` octets are the header.
///   failed:    bad_proxy_header, bare_cr, bare_lf, proxy_header_too_long, bad_checksum; nothing is consumed. Such a connection is to be
///              closed without a word: who sent it is not the proxy.
///   need_more: nothing is consumed.
/// Take it only where a proxy is known to be: anybody can write one.
constexpr progress<proxy_header> parse_proxy_header(std::string_view in EHLO_LIFETIMEBOUND, proxy_limits const& limits = {}) noexcept {
    if (in.empty()) return {std::size_t{0}};
    bool const text = in[0] == detail::proxy_v1_start[0];
    std::string_view const start = text ? detail::proxy_v1_start : detail::proxy_v2_signature;
    for (std::size_t i = 0; i < start.size(); ++i) {
        if (i == in.size()) return {std::size_t{0}};
        if (in[i] != start[i]) return {fail(errc::bad_proxy_header, i), 0};
    }
    return text ? detail::parse_proxy_v1(in) : detail::parse_proxy_v2(in, limits);
}
template <detail::temporary Text>
progress<proxy_header> parse_proxy_header(Text&&, proxy_limits const& = {}) = delete;

/// One TLV, for proxy_header::tlvs. Errors: bad_value (over 65535 octets), output_full.
constexpr result<std::size_t> write_proxy_tlv(writer& out, proxy_tlv_type type, std::string_view value) noexcept {
    if (value.size() > 65535) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        w.raw(static_cast<char>(type)).raw(static_cast<char>(value.size() >> 8)).raw(static_cast<char>(value.size() & 255)).raw(value);
    });
}
/// One of type ssl. Errors: as write_proxy_tlv.
constexpr result<std::size_t> write_proxy_ssl(writer& out, proxy_ssl const& ssl) noexcept {
    std::size_t const size = 5 + ssl.values.octets().size();
    if (size > 65535 || detail::find_bad_tlv(ssl.values.octets(), 0)) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        w.raw(static_cast<char>(proxy_tlv_type::ssl)).raw(static_cast<char>(size >> 8)).raw(static_cast<char>(size & 255));
        w.raw(static_cast<char>(ssl.client));
        for (unsigned shift = 32; shift != 0; shift -= 8) w.raw(static_cast<char>(ssl.verify >> (shift - 8) & 255));
        w.raw(ssl.values.octets());
    });
}

namespace detail {
constexpr bool is_of(ip_address const& a, proxy_family f) noexcept {
    return a.kind == (f == proxy_family::ipv4 ? host_kind::ipv4 : host_kind::ipv6);
}
constexpr void write_proxy_v1(writer& w, proxy_header const& h) noexcept {
    bool const ip = h.family == proxy_family::ipv4 || h.family == proxy_family::ipv6;
    if (!h.tells() || !ip || h.datagram) {
        w.raw("PROXY UNKNOWN\r\n");
        return;
    }
    w.raw(h.family == proxy_family::ipv4 ? "PROXY TCP4" : "PROXY TCP6");
    for (ip_address const* const a : {&h.source, &h.destination}) {
        w.raw(' ');
        if (auto const n = write_ip_address(w, *a); !n) w.refuse(n.error());
    }
    w.raw(' ').number(h.source_port).raw(' ').number(h.destination_port).crlf();
}
constexpr void write_proxy_v2(writer& w, proxy_header const& h, std::size_t crc_at, std::size_t length) noexcept {
    std::size_t const start = w.size();
    auto const big = [&w](unsigned value) noexcept { w.raw(static_cast<char>(value >> 8)).raw(static_cast<char>(value & 255)); };
    unsigned const family = h.tells() ? static_cast<unsigned>(h.family) << 4 | (h.datagram ? 2u : 1u) : 0u;
    w.raw(proxy_v2_signature).raw(h.local ? '\x20' : '\x21').raw(static_cast<char>(family));
    big(static_cast<unsigned>(length));
    if (!h.tells()) return;
    if (h.family == proxy_family::unix_socket) {
        for (std::string_view const path : {h.source_path, h.destination_path}) {
            w.raw(path);
            for (std::size_t i = path.size(); i < proxy_path_size; ++i) w.raw('\0');
        }
    } else {
        for (ip_address const* const a : {&h.source, &h.destination})
            for (unsigned i = 0; i < (h.family == proxy_family::ipv4 ? 4u : 16u); ++i) w.raw(static_cast<char>(a->octets[i]));
        big(h.source_port);
        big(h.destination_port);
    }
    w.raw(h.tlvs.octets());
    if (!h.checksum || !w.ok()) return;
    if (start + crc_at == w.size() + tlv_head) w.raw(std::string_view("\x03\0\x04\0\0\0\0", tlv_head + 4));
    if (!w.ok()) return;
    std::uint32_t const crc = crc32c(sub(w.text(), start), crc_at);
    for (unsigned i = 0; i < 4; ++i) w.overwrite(start + crc_at + i, static_cast<char>(crc >> (24 - 8 * i) & 255));
}
}  // namespace detail

/// A header, in its version. In version 1 what it cannot tell (LOCAL, Unix sockets, datagrams) is UNKNOWN. With `checksum` the CRC32c
/// is put where `tlvs` has one, or at the end.
/// Errors: bad_value (no such version; an address that is not of the family; a path over 108 octets; TLVs that are not whole, not for
/// version 1, or without addresses, a CRC32c without `checksum`; more than 65535 octets), output_full.
constexpr result<std::size_t> write_proxy_header(writer& out, proxy_header const& h) noexcept {
    auto const bad = fail(errc::bad_value, 0);
    if (h.version != 1 && h.version != 2) return bad;
    bool const ip = h.family == proxy_family::ipv4 || h.family == proxy_family::ipv6;
    if (h.tells() && ip && !(detail::is_of(h.source, h.family) && detail::is_of(h.destination, h.family))) return bad;
    bool const plain = h.version == 1 || !h.tells();
    if (plain && (h.checksum || !h.tlvs.octets().empty())) return bad;
    if (h.version == 1) return out.atomically([&](writer& w) { detail::write_proxy_v1(w, h); });

    if (h.source_path.size() > proxy_path_size || h.destination_path.size() > proxy_path_size) return bad;
    std::size_t const head = detail::proxy_v2_head + (plain ? 0 : detail::proxy_addresses(h.family));
    std::size_t crc_at = 0, size = head;
    if (detail::find_bad_tlv(h.tlvs.octets(), 0)) return bad;
    for (proxy_tlv const t : h.tlvs) {
        if (t.type == proxy_tlv_type::crc32c) {
            if (!h.checksum || crc_at != 0 || t.value.size() != 4) return bad;
            crc_at = size + detail::tlv_head;
        }
        size += detail::tlv_head + t.value.size();
    }
    if (h.checksum && crc_at == 0) {
        crc_at = size + detail::tlv_head;
        size = crc_at + 4;
    }
    if (size > max_proxy_v2) return bad;
    return out.atomically([&](writer& w) { detail::write_proxy_v2(w, h, crc_at, size - detail::proxy_v2_head); });
}

}  // namespace ehlo
