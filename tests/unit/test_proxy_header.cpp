// proxy_header.hpp: PROXY, versions 1 and 2, as proxy-protocol.txt has them
#include "support.hpp"

#include <ehlo/proxy_header.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test_proxy_header {

using namespace ehlo;
using support::escaped;
using support::say;
using support::split_everywhere;
using namespace std::literals;

namespace {

std::string text_of(ip_address const& a) {
    char buffer[64];
    writer out(buffer);
    return write_ip_address(out, a) ? std::string(out.text()) : "?";
}
std::string say(proxy_tlvs const& all) {
    std::string out;
    for (proxy_tlv const t : all) {
        std::string const known(name(t.type));
        out += " " + (known.empty() ? std::to_string(static_cast<unsigned>(t.type)) : known) + "='" + escaped(t.value) + "'";
    }
    return out;
}
std::string say(proxy_header const& h) {
    std::string out = "v" + std::to_string(h.version) + (h.local ? " local" : "") + (h.datagram ? " datagram" : "") + " " + std::string(name(h.family));
    if (h.family == proxy_family::ipv4 || h.family == proxy_family::ipv6)
        out += " " + text_of(h.source) + " " + std::to_string(h.source_port) + " to " + text_of(h.destination) + " " + std::to_string(h.destination_port);
    if (h.family == proxy_family::unix_socket) out += " '" + escaped(h.source_path) + "' to '" + escaped(h.destination_path) + "'";
    return out + say(h.tlvs) + (h.checksum ? " checked" : "");
}

// As octets arrive; what follows the header is the session's.
std::string header_of(std::vector<std::string_view> const& reads, proxy_limits const& limits) {
    support::growing& in = support::shared_buffer();
    for (std::string_view const more : reads) {
        in.read(more);
        auto const h = parse_proxy_header(in.view(), limits);
        if (h.need_more()) {
            if (h.consumed != 0) return "consumed too soon";
            continue;
        }
        if (h.failed()) return h.consumed == 0 ? support::say(h.error()) : "consumed what was refused";
        return say(*h) + " (" + std::to_string(h.consumed) + ")";
    }
    return "more";
}
// Wherever it is cut, and with octets after it.
std::string read(std::string const& text, proxy_limits const& limits = {}) {
    auto const run = [&limits](std::vector<std::string_view> const& reads) { return header_of(reads, limits); };
    std::string const alone = split_everywhere(text, run);
    if (alone != "more")
        for (std::string_view const after : {"EHLO a\r\n"sv, "\r\n"sv, "\0"sv, "PROXY UNKNOWN\r\n"sv}) CHECK(run({text + std::string(after)}) == alone);
    return alone;
}

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
std::string v2(std::string_view version_family, std::string_view block) {
    std::string out(signature);
    out += version_family;
    out += static_cast<char>(block.size() >> 8);
    out += static_cast<char>(block.size() & 255);
    return out + std::string(block);
}
std::string tlv(unsigned type, std::string_view value) {
    std::string out;
    out += static_cast<char>(type);
    out += static_cast<char>(value.size() >> 8);
    out += static_cast<char>(value.size() & 255);
    return out + std::string(value);
}
const std::string four = "\xC0\x00\x02\x01\xC6\x33\x64\x07\xDC\x04\x00\x19"s;
const std::string six = std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) + std::string("\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\x02\x01", 16) + "\0\x19\xFF\xFF"s;

std::string written(proxy_header const& h) {
    char buffer[5000];
    writer out(buffer);
    auto const n = write_proxy_header(out, h);
    if (!n) {
        CHECK(out.size() == 0);
        return support::say(n.error());
    }
    CHECK(*n == out.size());
    // With less room nothing is written.
    for (std::size_t room = 0; room < out.size(); ++room) {
        char small[5000];
        writer tight(small, room);
        auto const refused = write_proxy_header(tight, h);
        if (refused || refused.error().code != errc::output_full || tight.size() != 0) return "written by halves";
    }
    return std::string(out.text());
}

}  // namespace

TEST_CASE("version 1: what is well formed (2.1)", "[proxy]") {
    CHECK(read("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n") == "v1 ipv4 192.0.2.1 56324 to 198.51.100.7 25 (44)");
    CHECK(read("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n") == "v1 ipv4 255.255.255.255 65535 to 255.255.255.255 65535 (56)");
    CHECK(read("PROXY TCP4 0.0.0.0 1.0.10.100 0 1\r\n") == "v1 ipv4 0.0.0.0 0 to 1.0.10.100 1 (35)");
    CHECK(read("PROXY TCP6 2001:db8::1 ::1 56324 25\r\n") == "v1 ipv6 2001:db8::1 56324 to ::1 25 (37)");
    CHECK(read("PROXY TCP6 :: ::ffff:192.0.2.1 1 2\r\n") == "v1 ipv6 :: 1 to ::ffff:192.0.2.1 2 (36)");
    CHECK(read("PROXY TCP6 1:2:3:4:5:6:7:: 1::3:4:5:6:7:8 1 2\r\n") == "v1 ipv6 1:2:3:4:5:6:7:0 1 to 1:0:3:4:5:6:7:8 2 (47)");
    CHECK(read("PROXY TCP6 FFFF:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n") ==
          "v1 ipv6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 to ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 (104)");
    CHECK(read("PROXY TCP6 2001:0db8:0000::0001 ::0 1 2\r\n") == "v1 ipv6 2001:db8::1 1 to :: 2 (41)");
    // Whatever follows UNKNOWN is ignored.
    CHECK(read("PROXY UNKNOWN\r\n") == "v1 unspecified (15)");
    CHECK(read("PROXY UNKNOWN anything \x80\x01 at all\r\n") == "v1 unspecified (34)");
    CHECK(read("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n") == "v1 unspecified (107)");
    CHECK(read("") == "more");
    CHECK(read("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r") == "more");
}

TEST_CASE("version 1: what is not, and where (2.1)", "[proxy]") {
    for (std::string const text : {"EHLO a\r\n", "proxy TCP4", " PROXY", "\n", "GET / HTTP/1.1\r\n"}) CHECK(read(text) == "bad_proxy_header@0");
    CHECK(read("PROXX TCP4") == "bad_proxy_header@4");
    CHECK(read("PROXY\r\n") == "bad_proxy_header@5");
    CHECK(read("PROXY\tTCP4") == "bad_proxy_header@5");
    CHECK(read("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@6");
    CHECK(read("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@6");
    CHECK(read("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@9");
    CHECK(read("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@7");
    CHECK(read("PROXY UNKNOWNX\r\n") == "bad_proxy_header@13");
    CHECK(read("PROXY UNKNOW\r\n") == "bad_proxy_header@12");
    CHECK(read("PROXY TCP4\r\n") == "bad_proxy_header@10");
    CHECK(read("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@11");
    CHECK(read("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n") == "bad_proxy_header@19");
    CHECK(read("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n") == "bad_proxy_header@16");
    CHECK(read("PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n") == "bad_proxy_header@18");
    CHECK(read("PROXY TCP4 ::1 ::1 1 2\r\n") == "bad_proxy_header@11");
    CHECK(read("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@12");
    CHECK(read("PROXY TCP6 1::2::3 ::1 1 2\r\n") == "bad_proxy_header@16");
    CHECK(read("PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n") == "bad_proxy_header@24");
    CHECK(read("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n") == "bad_proxy_header@26");
    CHECK(read("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n") == "bad_proxy_header@18");
    CHECK(read("PROXY TCP6 [::1] ::1 1 2\r\n") == "bad_proxy_header@11");
    // No leading zeros, in no number (octal to some).
    CHECK(read("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n") == "bad_proxy_header@18");
    CHECK(read("PROXY TCP4 00.2.3.4 1.2.3.4 1 2\r\n") == "bad_proxy_header@12");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n") == "bad_proxy_header@28");
    CHECK(read("PROXY TCP6 ::ffff:192.00.2.1 ::1 1 2\r\n") == "bad_proxy_header@23");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n") == "bad_proxy_header@31");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999999999999999\r\n") == "bad_proxy_header@33");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n") == "bad_proxy_header@27");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n") == "bad_proxy_header@28");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n") == "bad_proxy_header@29");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n") == "bad_proxy_header@30");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n") == "bad_proxy_header@30");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\0\r\n"s) == "bad_proxy_header@30");
    // Only CRLF ends it.
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n") == "bare_lf@30");
    CHECK(read("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rE") == "bare_cr@30");
    CHECK(read("PROXY UNKNOWN a\nb\r\n") == "bare_lf@15");
    CHECK(read("PROXY UNKNOWN a\r\r\n") == "bare_cr@15");
    // 107 octets, and not one more.
    CHECK(read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n") == "v1 unspecified (107)");
    CHECK(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n") == "proxy_header_too_long@105");
    CHECK(read("PROXY TCP4 " + std::string(200, '1')) == "proxy_header_too_long@105");
}

TEST_CASE("version 2: addresses of every family (2.2)", "[proxy]") {
    CHECK(read(v2("\x21\x11", four)) == "v2 ipv4 192.0.2.1 56324 to 198.51.100.7 25 (28)");
    CHECK(read(v2("\x21\x12", four)) == "v2 datagram ipv4 192.0.2.1 56324 to 198.51.100.7 25 (28)");
    CHECK(read(v2("\x21\x21", six)) == "v2 ipv6 2001:db8::1 25 to ::ffff:192.0.2.1 65535 (52)");
    CHECK(read(v2("\x21\x22", six)) == "v2 datagram ipv6 2001:db8::1 25 to ::ffff:192.0.2.1 65535 (52)");
    auto const path = [](std::string text) { return text + std::string(108 - text.size(), '\0'); };
    CHECK(read(v2("\x21\x31", path("/run/a") + path("/run/mx.sock"))) == "v2 unix '/run/a' to '/run/mx.sock' (232)");
    CHECK(read(v2("\x21\x32", path("") + path("\0abstract"s))) == "v2 datagram unix '' to '\\x00abstract' (232)");
    CHECK(read(v2("\x21\x31", std::string(216, 'p'))) == "v2 unix '" + std::string(108, 'p') + "' to '" + std::string(108, 'p') + "' (232)");
    // LOCAL, and no family or transport: what they hold is skipped, whatever it is.
    CHECK(read(v2("\x20\0"s, "")) == "v2 local unspecified (16)");
    CHECK(read(v2("\x20\x11", four)) == "v2 local unspecified (28)");
    CHECK(read(v2("\x20\x11", "abc")) == "v2 local unspecified (19)");
    CHECK(read(v2("\x20\xFF", "\x04\xFF\xFF"s)) == "v2 local unspecified (19)");
    CHECK(read(v2("\x21\0"s, "")) == "v2 unspecified (16)");
    CHECK(read(v2("\x21\0"s, "abcd")) == "v2 unspecified (20)");
    CHECK(read(v2("\x21\x01", four)) == "v2 unspecified (28)");
    CHECK(read(v2("\x21\x10", "")) == "v2 unspecified (16)");
}

TEST_CASE("version 2: what is refused, and where (2.2)", "[proxy]") {
    for (std::size_t i = 1; i < signature.size(); ++i) {
        std::string wrong = v2("\x21\x11", four);
        wrong[i] = 'x';
        CHECK(read(wrong) == "bad_proxy_header@" + std::to_string(i));
    }
    for (unsigned octet = 0; octet < 256; ++octet) {
        std::string const other = read(v2(std::string(1, static_cast<char>(octet)) + "\x11", four));
        CHECK((other == "bad_proxy_header@12") == (octet != 0x20 && octet != 0x21));
        std::string const family = read(v2("\x21" + std::string(1, static_cast<char>(octet)), std::string(216, '\0')));
        CHECK((family == "bad_proxy_header@13") == (octet >= 0x40 || (octet & 15) > 2));
    }
    CHECK(read(v2("\x21\x11", four.substr(0, 11))) == "bad_proxy_header@14");
    CHECK(read(v2("\x21\x21", six.substr(0, 35))) == "bad_proxy_header@14");
    CHECK(read(v2("\x21\x31", std::string(215, 'p'))) == "bad_proxy_header@14");
    CHECK(read(v2("\x21\x11", four).substr(0, 27)) == "more");
    // The limit, without waiting for what is over it.
    CHECK(read(v2("\x21\x11", four + tlv(4, std::string(4096 - 28 - 3, 'x'))).substr(0, 16)) == "more");
    CHECK(read(v2("\x21\x11", four + tlv(4, std::string(4097 - 28 - 3, 'x'))).substr(0, 16)) == "proxy_header_too_long@14");
    CHECK(read(v2("\x21\x11", four), {.total = 28}) == "v2 ipv4 192.0.2.1 56324 to 198.51.100.7 25 (28)");
    CHECK(read(v2("\x21\x11", four), {.total = 27}) == "proxy_header_too_long@14");
    CHECK(read(v2("\x20\0"s, std::string(65519, 'x')), {.total = max_proxy_v2}) == "v2 local unspecified (65535)");
}

TEST_CASE("version 2: TLVs (2.2.1 to 2.2.8)", "[proxy]") {
    std::string const where = "v2 ipv4 192.0.2.1 56324 to 198.51.100.7 25";
    auto const with = [](std::string const& tlvs) { return v2("\x21\x11", four + tlvs); };
    CHECK(read(with(tlv(1, "smtp") + tlv(2, "mx.example") + tlv(4, "") + tlv(5, "id") + tlv(0x30, "blue") + tlv(0xE0, "x"))) ==
          where + " alpn='smtp' authority='mx.example' noop='' unique_id='id' netns='blue' 224='x' (67)");
    CHECK(read(with(tlv(5, std::string(128, 'u')))) == where + " unique_id='" + std::string(128, 'u') + "' (159)");
    CHECK(read(with(tlv(5, std::string(129, 'u')))) == "bad_proxy_header@29");
    // Not whole.
    CHECK(read(with("\x04")) == "bad_proxy_header@29");
    CHECK(read(with("\x04\0"s)) == "bad_proxy_header@30");
    CHECK(read(with("\x04\0\x01"s)) == "bad_proxy_header@29");
    CHECK(read(with(tlv(4, "ab") + "\x04\xFF\xFFx")) == "bad_proxy_header@34");
    // TLS: RFC 5321 has nothing to say; it is what the proxy ended.
    std::string const ssl = tlv(0x20, "\x03\0\0\0\0"s + tlv(0x21, "TLSv1.3") + tlv(0x22, "example.com") + tlv(0x23, "AES") +
                                       tlv(0x24, "RSA-SHA256") + tlv(0x25, "RSA2048"));
    std::string const whole = with(ssl);
    CHECK(read(whole).starts_with(where + " ssl='\\x03"));
    auto const h = parse_proxy_header(whole);
    REQUIRE(h.ready());
    REQUIRE(h->ssl());
    CHECK(say(h->ssl()->values) == " ssl_version='TLSv1.3' ssl_cn='example.com' ssl_cipher='AES' ssl_sig_alg='RSA-SHA256' ssl_key_alg='RSA2048'");
    CHECK(h->ssl()->values.begin().rest().starts_with(tlv(0x21, "TLSv1.3")));
    CHECK(h->ssl()->client == 3);
    CHECK(h->ssl()->tls());
    CHECK(h->ssl()->verified());
    CHECK_FALSE(proxy_ssl{1, 0, {}}.verified());   // no certificate was shown
    CHECK_FALSE(proxy_ssl{3, 1, {}}.verified());
    CHECK_FALSE(proxy_ssl{2, 0, {}}.tls());
    CHECK(read(with(tlv(0x20, "\x01\0\0\0"s))) == "bad_proxy_header@29");
    CHECK(read(with(tlv(0x20, "\x01\0\0\0\0"s + "\x21"))) == "bad_proxy_header@37");
    CHECK(read(with(tlv(0x20, "\x01\0\0\0\0\x21\0\x02x"s))) == "bad_proxy_header@37");
    CHECK(read(with(tlv(0x20, "\x01\0\0\0\0\x21\0\x02x"s) + tlv(4, "abc"))) == "bad_proxy_header@37");   // nor into the next
}

TEST_CASE("version 2: the CRC32c (2.2.3, RFC 4960 appendix B)", "[proxy]") {
    static_assert(detail::crc32c("123456789", 9) == 0xE3069283);
    static_assert(detail::crc32c("", 0) == 0);
    static_assert(detail::crc32c("1234xxxx9", 4) == detail::crc32c(std::string_view("1234\0\0\0\0" "9", 9), 9));
    proxy_header h;
    h.family = proxy_family::ipv4;
    h.source = {{192, 0, 2, 1}, host_kind::ipv4};
    h.destination = {{198, 51, 100, 7}, host_kind::ipv4};
    h.source_port = 56324;
    h.destination_port = 25;
    h.checksum = true;
    std::string const where = "v2 ipv4 192.0.2.1 56324 to 198.51.100.7 25";
    std::string const end = written(h);
    CHECK(read(end).starts_with(where + " crc32c='"));
    CHECK(read(end).ends_with(" checked (35)"));
    // Each bit counts.
    for (std::size_t i = 16; i < end.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string wrong = end;
            wrong[i] = static_cast<char>(wrong[i] ^ 1 << bit);
            std::string const said = header_of({wrong}, {});
            bool const head = i >= 28 && i < 31;   // of the TLV: then it is another one, or not whole
            if (head) CHECK_FALSE(said.ends_with("checked (35)"));
            else CHECK(said == "bad_checksum@31");
        }
    // In its place, with others around it; what was read is written as it was.
    std::string const tlvs = tlv(4, "a") + tlv(3, "junk") + tlv(1, "smtp");
    h.tlvs = proxy_tlvs(tlvs);
    std::string const middle = written(h);
    CHECK(read(middle).find(" noop='a' crc32c='") != std::string::npos);
    CHECK(read(middle).ends_with(" alpn='smtp' checked (46)"));
    CHECK(written(*parse_proxy_header(middle)) == middle);
    CHECK(read(v2("\x21\x11", four + tlv(3, "abc"))) == "bad_proxy_header@29");
    CHECK(read(middle.substr(0, 14) + "\0\x25"s + middle.substr(16) + tlv(3, "abcd")).starts_with("bad_"));
    h.checksum = false;
    CHECK(written(h) == "bad_value@0");
    std::string const twice = tlv(3, "abcd") + tlv(3, "abcd");
    h.checksum = true;
    h.tlvs = proxy_tlvs(twice);
    CHECK(written(h) == "bad_value@0");
}

TEST_CASE("headers are written as they were read", "[proxy]") {
    auto const path = [](std::string text) { return text + std::string(108 - text.size(), '\0'); };
    for (std::string const& text :
         {"PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n"s, "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 0 65535\r\n"s, "PROXY UNKNOWN\r\n"s,
          v2("\x21\x11", four), v2("\x21\x12", four), v2("\x21\x21", six + tlv(1, "smtp")), v2("\x21\x31", path("/a") + path("/b")), v2("\x20\0"s, ""),
          v2("\x21\0"s, "")}) {
        auto const h = parse_proxy_header(text);
        REQUIRE(h.ready());
        CHECK(escaped(written(*h)) == escaped(text));
    }
}

TEST_CASE("what a header cannot say is not written", "[proxy]") {
    auto const read4 = v2("\x21\x11", four + tlv(1, "smtp"));
    proxy_header const good = *parse_proxy_header(read4);
    proxy_header h = good;
    h.version = 1;
    CHECK(written(h) == "bad_value@0");   // TLVs
    h.tlvs = {};
    CHECK(written(h) == "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n");
    h.checksum = true;
    CHECK(written(h) == "bad_value@0");
    h.checksum = false;
    h.datagram = true;
    CHECK(written(h) == "PROXY UNKNOWN\r\n");
    h.datagram = false;
    h.local = true;
    CHECK(written(h) == "PROXY UNKNOWN\r\n");
    h.local = false;
    h.destination.kind = host_kind::ipv6;
    CHECK(written(h) == "bad_value@0");
    h = good;
    for (unsigned const other : {0u, 3u}) {
        h.version = static_cast<std::uint8_t>(other);
        CHECK(written(h) == "bad_value@0");
    }
    h = good;
    h.local = true;   // with TLVs that nobody would read
    CHECK(written(h) == "bad_value@0");
    h = good;
    std::string const broken = "\x01\0\x05smtp"s;
    h.tlvs = proxy_tlvs(broken);
    CHECK(written(h) == "bad_value@0");
    std::string const large = tlv(4, std::string(65535 - 12 - 3, 'x')), over = large + tlv(4, "");
    h.tlvs = proxy_tlvs(over);
    CHECK(written(h) == "bad_value@0");
    h.tlvs = proxy_tlvs(large);
    std::string buffer(max_proxy_v2, '\0');
    writer out(buffer.data(), buffer.size());
    CHECK(write_proxy_header(out, h).value_or(0) == max_proxy_v2);
    h = {};
    h.family = proxy_family::unix_socket;
    std::string const long_path(109, 'p');
    h.source_path = long_path;
    CHECK(written(h) == "bad_value@0");
}

TEST_CASE("TLVs are written", "[proxy]") {
    char buffer[64];
    writer out(buffer);
    CHECK(write_proxy_tlv(out, proxy_tlv_type::ssl_version, "TLSv1.3").value_or(0) == 10);
    char second[64];
    writer all(second);
    CHECK(write_proxy_ssl(all, {1, 0x01020304, proxy_tlvs(out.text())}).value_or(0) == 18);
    CHECK(all.text() == tlv(0x20, "\x01\x01\x02\x03\x04" + tlv(0x21, "TLSv1.3")));
    CHECK_FALSE(write_proxy_ssl(all, {1, 0, proxy_tlvs("ab")}).has_value());
    CHECK_FALSE(write_proxy_tlv(all, proxy_tlv_type::noop, std::string(65536, 'x')).has_value());
    CHECK(all.size() == 18);
    writer tight(buffer, 9);
    CHECK(write_proxy_tlv(tight, proxy_tlv_type::noop, "TLSv1.3").error().code == errc::output_full);
    CHECK(tight.size() == 0);
}

TEST_CASE("IP addresses are written as RFC 5952 has them", "[domain]") {
    for (std::string_view const text : {"[192.0.2.1]", "[0.0.0.0]", "[IPv6:::]", "[IPv6:::1]", "[IPv6:1::]", "[IPv6:2001:db8::1]", "[IPv6:1:0:3:4:5:6:7:8]",
                                        "[IPv6:2001:0:0:1::1]", "[IPv6:2001:db8::1:0:0:1]", "[IPv6:::ffff:192.0.2.1]", "[IPv6:::fffe:c000:201]",
                                        "[IPv6:1:2:3:4:5:6:7:8]", "[IPv6:abcd:10:100:a0b::f]", "[IPv6:::1:2:3:4:5:6]", "[IPv6:1:2:3:4:5:6::]"}) {
        auto const a = parse_ip_address(text);
        REQUIRE(a);
        std::string_view bare = text.substr(1, text.size() - 2);
        if (bare.starts_with("IPv6:")) bare.remove_prefix(5);
        CHECK(text_of(*a) == bare);
    }
    CHECK(text_of(ip_address{{}, host_kind::domain}) == "?");
}

// Constant expressions.
static_assert(parse_proxy_header("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n")->source_port == 56324);
static_assert(parse_proxy_header("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n")->source.octets[12] == 192);
static_assert(parse_proxy_header("EHLO a\r\n").error() == failure{errc::bad_proxy_header, 0});
static_assert(sizeof(proxy_header) <= 112 && std::is_trivially_copyable_v<proxy_header>);

}  // namespace test_proxy_header
