// Base64: strict, exact and fast, through a writer or in place. RFC 4648 4, RFC 4954 8.
#pragma once

#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace chars {
inline constexpr charset base64_char = let_dig + "+/";
}

/// The octets of base64 that `octets` octets become, padding included.
constexpr std::size_t base64_size(std::size_t octets) noexcept { return (octets + 2) / 3 * 4; }

namespace detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct sextet_table {
    std::uint8_t of[128] = {};
    constexpr sextet_table() noexcept {
        for (std::size_t i = 0; i < 64; ++i) of[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
};
inline constexpr sextet_table sextets;

/// The six bits that a base64-char stands for.
constexpr unsigned sextet(char c) noexcept { return sextets.of[static_cast<unsigned char>(c) & 127]; }
constexpr char base64_letter(unsigned six) noexcept { return base64_alphabet[six & 63]; }

#if EHLO_VECTOR

/// All bits of a lane are set where it is over `bound`.
EHLO_INLINE v16 lanes_over(v16 x, int bound) noexcept {
    return reinterpret_cast<v16>(reinterpret_cast<s16>(x) > (s16{} + static_cast<signed char>(bound)));
}
/// By way of registers: GCC 12 stores two words and loads them as one vector, which waits for the stores.
EHLO_INLINE v16 join16(std::uint64_t low, std::uint64_t high) noexcept {
    using words = std::uint64_t __attribute__((vector_size(16)));
    return reinterpret_cast<v16>(words{low, high});
}
/// 16 sextets as letters. Each range of the alphabet is a distance away from the range before it.
EHLO_INLINE v16 letters16(v16 x) noexcept {
    return x + splat('A') + (lanes_over(x, 25) & splat(6)) + (lanes_over(x, 51) & splat(181)) + (lanes_over(x, 61) & splat(241)) +
           (lanes_over(x, 62) & splat(3));
}
/// 16 letters, all of them base64-chars, as sextets.
EHLO_INLINE v16 sextets16(v16 x) noexcept {
    return x + splat(16) + (reinterpret_cast<v16>(x == splat('+')) & splat(3)) + (lanes_over(x, '/') & splat(244)) +
           (lanes_over(x, '@') & splat(187)) + (lanes_over(x, '`') & splat(250));
}
/// The first 6 of 8 octets as 8 sextets: halved three times.
EHLO_INLINE std::uint64_t spread6(char const* p) noexcept {
    std::uint64_t x;
    std::memcpy(&x, p, 8);
    x = __builtin_bswap64(x) >> 16;
    x = (x & 0xFFFFFF000000) << 8 | (x & 0xFFFFFF);
    x = (x & 0x00FFF00000FFF000) << 4 | (x & 0x00000FFF00000FFF);
    x = (x & 0x0FC00FC00FC00FC0) << 2 | (x & 0x003F003F003F003F);
    return __builtin_bswap64(x);
}
/// 8 sextets as 6 octets; the 2 octets behind them are written too.
EHLO_INLINE void store6(char* to, std::uint64_t x) noexcept {
    x = __builtin_bswap64(x);
    x = (x & 0x3F003F003F003F00) >> 2 | (x & 0x003F003F003F003F);
    x = (x & 0x0FFF00000FFF0000) >> 4 | (x & 0x00000FFF00000FFF);
    x = (x & 0x00FFFFFF00000000) >> 8 | (x & 0xFFFFFF);
    x = __builtin_bswap64(x << 16);
    std::memcpy(to, &x, 8);
}

#endif  // EHLO_VECTOR

/// Writes base64_size(octets.size()) octets.
constexpr void put_base64(char* to, std::string_view octets) noexcept {
    std::size_t const size = octets.size();
    std::size_t i = 0;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        for (; size - i >= 14; i += 12, to += 16) {
            v16 const letters = letters16(join16(spread6(octets.data() + i), spread6(octets.data() + i + 6)));
            std::memcpy(to, &letters, 16);
        }
    }
#endif
    auto octet = [octets](std::size_t k) noexcept -> unsigned { return static_cast<unsigned char>(octets[k]); };
    for (; size - i >= 3; i += 3, to += 4) {
        unsigned const x = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
        to[0] = base64_letter(x >> 18);
        to[1] = base64_letter(x >> 12);
        to[2] = base64_letter(x >> 6);
        to[3] = base64_letter(x);
    }
    if (size == i) return;
    unsigned const x = octet(i) << 16 | (size - i == 2 ? octet(i + 1) << 8 : 0);
    to[0] = base64_letter(x >> 18);
    to[1] = base64_letter(x >> 12);
    to[2] = size - i == 2 ? base64_letter(x >> 6) : '=';
    to[3] = '=';
}

/// Writes the `size` octets that well-formed base64 stands for. `to` may be where the text is: no octet is written before
/// it was read, for the vector code looks 16 octets ahead and writes 14.
constexpr void put_decoded(char* to, std::string_view text, std::size_t size) noexcept {
    char const* from = text.data();
    std::size_t at = 0;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        for (; size - at >= 14; at += 12, from += 16) {
            v16 const six = sextets16(load16(from));
            std::uint64_t both[2];
            std::memcpy(both, &six, 16);
            store6(to + at, both[0]);
            store6(to + at + 6, both[1]);
        }
    }
#endif
    for (; size - at >= 3; at += 3, from += 4) {
        unsigned const x = sextet(from[0]) << 18 | sextet(from[1]) << 12 | sextet(from[2]) << 6 | sextet(from[3]);
        to[at] = static_cast<char>(x >> 16);
        to[at + 1] = static_cast<char>(x >> 8 & 255);
        to[at + 2] = static_cast<char>(x & 255);
    }
    if (size == at) return;
    unsigned const x = sextet(from[0]) << 18 | sextet(from[1]) << 12 | (size - at == 2 ? sextet(from[2]) << 6 : 0);
    to[at] = static_cast<char>(x >> 16);
    if (size - at == 2) to[at + 1] = static_cast<char>(x >> 8 & 255);
}

}  // namespace detail

/// base64 = *(4base64-char) [ (2base64-char "==") / (3base64-char "=") ], the whole of `text`. RFC 4648 4. Returns the
/// octets that it decodes to. No white space, no "=" but at the end, and no bits set that the padding cuts off (RFC 4648
/// 3.5): each sequence of octets has one spelling. Errors: bad_base64, at the first octet that no base64 could go on with;
/// bits that should be 0 show at the "=" behind them, a text cut short at its end.
constexpr result<std::size_t> check_base64(std::string_view text) noexcept {
    std::size_t const letters = detail::find_first<~chars::base64_char>(text);
    std::size_t const rest = letters % 4;
    if (letters == text.size() && rest == 0) return letters / 4 * 3;
    if (letters == text.size() || text[letters] != '=' || rest < 2 ||
        (detail::sextet(text[letters - 1]) & (rest == 2 ? 15u : 3u)) != 0)
        return fail(errc::bad_base64, letters);
    std::size_t at = letters + 1;
    if (rest == 2 && at < text.size() && text[at] == '=') ++at;
    if (at % 4 != 0 || at != text.size()) return fail(errc::bad_base64, at);
    return letters / 4 * 3 + rest - 1;
}

/// Writes `octets` as base64, with its padding and without a line break. Errors: output_full.
constexpr result<std::size_t> encode_base64(writer& out, std::string_view octets) noexcept {
    return out.atomically([&](writer& w) {
        if (char* const to = w.claim(base64_size(octets.size()))) detail::put_base64(to, octets);
    });
}

/// Writes the octets that base64 stands for. Returns how many. Nothing is decoded of a text that is not all well formed, or
/// that does not fit. Errors: those of check_base64; output_full.
constexpr result<std::size_t> decode_base64(writer& out, std::string_view text) noexcept {
    result<std::size_t> const size = check_base64(text);
    if (!size) return size;
    return out.atomically([&](writer& w) {
        if (char* const to = w.claim(*size)) detail::put_decoded(to, text, *size);
    });
}

/// Decodes base64 where it stands: the octets replace the beginning of the text. Returns them. The last quarter of the text
/// stays, and still spells the last of the octets: who wipes a secret wipes all `size` octets.
/// Errors: those of check_base64; nothing is changed then.
constexpr result<std::string_view> decode_base64(char* text EHLO_LIFETIMEBOUND, std::size_t size) noexcept {
    result<std::size_t> const decoded = check_base64({text, size});
    if (!decoded) return decoded.error();
    detail::put_decoded(text, {text, size}, *decoded);
    return std::string_view(text, *decoded);
}

/// Encodes octets that come in pieces straight into the output: `put` them, then `finish`. Nothing of them is kept here:
/// the bits of a group that is not full yet stand in its last letter. Nothing else may be written in between. An error
/// sticks to the writer.
class base64_encoder {
    writer* out_;
    unsigned pending_ = 0;  // octets in the last group, if it is not full

    constexpr void add(char c) noexcept {
        if (!out_->ok()) return;
        unsigned const octet = static_cast<unsigned char>(c);
        if (pending_ == 0) {
            out_->raw(detail::base64_letter(octet >> 2)).raw(detail::base64_letter(octet << 4 & 0x30));
        } else {
            unsigned const last = detail::sextet(out_->text().back());
            out_->overwrite(out_->size() - 1, detail::base64_letter(last | octet >> (pending_ == 1 ? 4 : 6)));
            out_->raw(detail::base64_letter(pending_ == 1 ? octet << 2 & 0x3C : octet));
        }
        pending_ = (pending_ + 1) % 3;
    }

  public:
    constexpr explicit base64_encoder(writer& out EHLO_LIFETIMEBOUND) noexcept : out_(&out) {}

    constexpr base64_encoder& put(std::string_view octets) noexcept {
        while (pending_ != 0 && !octets.empty()) {
            add(octets.front());
            octets.remove_prefix(1);
        }
        std::size_t const whole = octets.size() - octets.size() % 3;
        if (char* const to = out_->claim(base64_size(whole))) detail::put_base64(to, detail::sub(octets, 0, whole));
        for (char const c : detail::sub(octets, whole)) add(c);
        return *this;
    }
    constexpr void finish() noexcept {
        if (pending_ != 0) out_->raw(pending_ == 1 ? "==" : "=");
        pending_ = 0;
    }
};

}  // namespace ehlo
