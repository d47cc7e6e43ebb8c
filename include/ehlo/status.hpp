// Enhanced status codes. RFC 3463 2, RFC 2034 4.
#pragma once

#include <ehlo/result.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0 {

/// status-code = ( "2" / "4" / "5" ) "." 1*3DIGIT "." 1*3DIGIT, without leading zeros. Class 0 stands for "none".
struct status {
    std::uint8_t klass = 0;
    std::uint16_t subject = 0, detail = 0;
    constexpr bool operator==(status const&) const = default;
    constexpr explicit operator bool() const noexcept { return klass != 0; }
    constexpr bool valid() const noexcept {
        return (klass == 2 || klass == 4 || klass == 5) && subject <= 999 && detail <= 999;
    }
};

namespace detail {
/// The octets of the status code that `text` begins with, up to its end or a space; 0 if there is none.
constexpr std::size_t scan_status(std::string_view text, status& s) noexcept {
    if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return 0;
    std::size_t at = 2;
    auto part = [&](std::uint16_t& value) noexcept {
        std::size_t const start = at;
        unsigned n = 0;
        while (at < text.size() && at - start < 3 && is_digit(text[at])) n = n * 10 + static_cast<unsigned>(text[at++] - '0');
        value = static_cast<std::uint16_t>(n);
        return at != start && (text[start] != '0' || at - start == 1);
    };
    if (!part(s.subject) || at == text.size() || text[at] != '.') return 0;
    ++at;
    if (!part(s.detail) || (at < text.size() && text[at] != ' ')) return 0;
    s.klass = static_cast<std::uint8_t>(text[0] - '0');
    return at;
}
}  // namespace detail

/// The whole of `text` as a status code. Errors: bad_status.
constexpr result<status> parse_status(std::string_view text) noexcept {
    status s;
    if (detail::scan_status(text, s) != text.size() || text.empty()) return fail(errc::bad_status, 0);
    return s;
}

/// "5.1.1". Errors: bad_value, output_full.
constexpr result<std::size_t> write_status(writer& out, status s) noexcept {
    if (!s.valid()) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) { w.number(s.klass).raw('.').number(s.subject).raw('.').number(s.detail); });
}

}  // namespace ehlo::inline v0
