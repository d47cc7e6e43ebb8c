// Kernels for base64: sextets and letters, by vectors where there are any. With AVX2, which is asked for at run time (see config.hpp),
// four times as fast as without.
#pragma once

#include <ehlo/detail/scan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::chars {
inline constexpr charset base64_char = let_dig + "+/";
}

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

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

using d16 = std::uint64_t __attribute__((vector_size(16)));

/// All bits of a lane are set where it is over `bound`.
EHLO_INLINE v16 lanes_over(v16 x, int bound) noexcept {
    return reinterpret_cast<v16>(reinterpret_cast<s16>(x) > (s16{} + static_cast<signed char>(bound)));
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
/// 8 sextets as 6 octets; the 2 octets after them are written too.
EHLO_INLINE void store6(char* to, std::uint64_t x) noexcept {
    x = __builtin_bswap64(x);
    x = (x & 0x3F003F003F003F00) >> 2 | (x & 0x003F003F003F003F);
    x = (x & 0x0FFF00000FFF0000) >> 4 | (x & 0x00000FFF00000FFF);
    x = (x & 0x00FFFFFF00000000) >> 8 | (x & 0xFFFFFF);
    x = __builtin_bswap64(x << 16);
    std::memcpy(to, &x, 8);
}
/// 12 octets, of 14 that can be read, as 16 letters.
EHLO_INLINE v16 encode12(char const* p) noexcept {
    // By way of registers: GCC 12 stores two words and loads them as one vector, which waits for the stores.
    return letters16(reinterpret_cast<v16>(d16{spread6(p), spread6(p + 6)}));
}
/// 16 letters as 12 octets; the 2 octets after them are written too.
EHLO_INLINE void decode16(char* to, char const* p) noexcept {
    d16 const six = reinterpret_cast<d16>(sextets16(load16(p)));
    store6(to, six[0]);
    store6(to + 6, six[1]);
}

#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
// What stands in the bodies of these is written out: helpers would not be compiled for AVX2 where that is asked for at run time.
#if EHLO_RUN_TIME_AVX2
#define EHLO_AVX2 __attribute__((target("avx2"), noinline)) inline
#else
#define EHLO_AVX2 EHLO_NOINLINE inline
#endif
using c32 = char __attribute__((vector_size(32)));
using i32 = int __attribute__((vector_size(32)));
using h32 = std::uint16_t __attribute__((vector_size(32)));
using w32 = std::uint32_t __attribute__((vector_size(32)));

/// 16 octets for a shuffle, once for each half of a vector.
struct shuffle_table {
    char octets[32] = {};
    constexpr explicit shuffle_table(char const (&half)[17]) noexcept {
        for (unsigned i = 0; i < 32; ++i) octets[i] = half[i & 15];
    }
};
namespace base64_tables {
// Octets 0 1 2, 3 4 5, ... as words of 24 bits, and back.
inline constexpr shuffle_table spread{"\2\1\0\x80\5\4\3\x80\x8\7\6\x80\xB\xA\x9\x80"}, pack{"\2\1\0\6\5\4\xA\x9\x8\xE\xD\xC\x80\x80\x80\x80"};
// How far letters are from their sextets: 0 for "a" to "z", 1 to 10 for digits, 11 and 12 for "+" and "/", 13 for "A" to "Z".
inline constexpr shuffle_table letters{"\x47\xFC\xFC\xFC\xFC\xFC\xFC\xFC\xFC\xFC\xFC\xED\xF0\x41\0\0"};
// How far sextets are from letters, by the upper half of a letter; "/" counts as one less.
inline constexpr shuffle_table sextets{"\0\x10\x13\4\xBF\xBF\xB9\xB9\0\0\0\0\0\0\0\0"};
// An octet is no base64-char where low[lower half] & high[upper half] is not 0.
inline constexpr shuffle_table low{"\x15\x11\x11\x11\x11\x11\x11\x11\x11\x11\x13\x1A\x1B\x1B\x1B\x1A"},
    high{"\x10\x10\1\2\4\x8\4\x8\x10\x10\x10\x10\x10\x10\x10\x10"};
}  // namespace base64_tables

/// Octets from the beginning of the text that are base64-chars: all whole 32 of them, or up to the first 32 that have another.
EHLO_AVX2 std::size_t base64_chars_avx2(char const* p, std::size_t size) noexcept {
    c32 low, high;
    std::memcpy(&low, base64_tables::low.octets, 32);
    std::memcpy(&high, base64_tables::high.octets, 32);
    std::size_t i = 0;
    for (; size - i >= 32; i += 32) {
        v32 x;
        std::memcpy(&x, p + i, 32);
        v32 const upper = reinterpret_cast<v32>(reinterpret_cast<h32>(x) >> 4) & (v32{} + 15);
        v32 const lower = x & (v32{} + 15);
        v32 const bad = reinterpret_cast<v32>(__builtin_ia32_pshufb256(low, reinterpret_cast<c32>(lower)) &
                                              __builtin_ia32_pshufb256(high, reinterpret_cast<c32>(upper)));
        if (move_mask(reinterpret_cast<v32>(bad != v32{})) != 0) break;
    }
    return i;
}
/// Encodes 24 octets at a time, where 32 can be read. Returns the octets that were encoded.
EHLO_AVX2 std::size_t encode_base64_avx2(char* to, char const* p, std::size_t size) noexcept {
    c32 spread, letters;
    std::memcpy(&spread, base64_tables::spread.octets, 32);
    std::memcpy(&letters, base64_tables::letters.octets, 32);
    std::size_t i = 0;
    for (; size - i >= 32; i += 24, to += 32) {
        i32 in;
        std::memcpy(&in, p + i, 32);
        in = __builtin_ia32_permvarsi256(in, i32{0, 1, 2, 3, 3, 4, 5, 6});
        w32 const x = reinterpret_cast<w32>(__builtin_ia32_pshufb256(reinterpret_cast<c32>(in), spread));
        v32 const six = reinterpret_cast<v32>((x >> 18) | (x >> 4 & (w32{} + 0x3F00u)) | (x << 10 & (w32{} + 0x3F0000u)) | (x << 24 & (w32{} + 0x3F000000u)));
        v32 const over = six > (v32{} + 51) ? six - 51 : v32{};
        v32 const kind = over | (reinterpret_cast<v32>(six < (v32{} + 26)) & (v32{} + 13));
        v32 const out = six + reinterpret_cast<v32>(__builtin_ia32_pshufb256(letters, reinterpret_cast<c32>(kind)));
        std::memcpy(to, &out, 32);
    }
    return i;
}
/// Decodes 32 letters, all of them base64-chars, at a time, and writes 8 octets after their 24. Returns the octets that were written.
EHLO_AVX2 std::size_t decode_base64_avx2(char* to, char const* from, std::size_t size) noexcept {
    c32 distance, pack;
    std::memcpy(&distance, base64_tables::sextets.octets, 32);
    std::memcpy(&pack, base64_tables::pack.octets, 32);
    std::size_t i = 0;
    for (; size - i >= 32; i += 24, from += 32) {
        v32 letters;
        std::memcpy(&letters, from, 32);
        v32 const upper = reinterpret_cast<v32>(reinterpret_cast<h32>(letters) >> 4) & (v32{} + 15);
        v32 const row = upper + reinterpret_cast<v32>(letters == (v32{} + '/'));
        w32 const six = reinterpret_cast<w32>(letters + reinterpret_cast<v32>(__builtin_ia32_pshufb256(distance, reinterpret_cast<c32>(row))));
        w32 const x = (six << 18) | (six << 4 & (w32{} + 0x3F000u)) | (six >> 10 & (w32{} + 0xFC0u)) | six >> 24;
        i32 const halves = reinterpret_cast<i32>(__builtin_ia32_pshufb256(reinterpret_cast<c32>(x), pack));
        i32 const out = __builtin_ia32_permvarsi256(halves, i32{0, 1, 2, 4, 5, 6, 3, 7});
        std::memcpy(to + i, &out, 32);
    }
    return i;
}
#undef EHLO_AVX2
/// Less than this is not worth the question.
inline constexpr std::size_t enough_for_avx2 = 64;
EHLO_INLINE bool may_use_avx2(std::size_t size) noexcept {
#if EHLO_RUN_TIME_AVX2
    return size >= enough_for_avx2 && __builtin_cpu_supports("avx2");
#else
    return size >= enough_for_avx2;
#endif
}
#endif

#endif  // EHLO_VECTOR

/// The offset of the first octet that is no base64-char; the size if there is none.
constexpr std::size_t find_no_base64(std::string_view text) noexcept {
    std::size_t at = 0;
#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
    if (!std::is_constant_evaluated() && may_use_avx2(text.size())) at = base64_chars_avx2(text.data(), text.size());
#endif
    return find_first<~chars::base64_char>(text, at);
}

/// Writes the letters and the padding that octets become.
constexpr void put_base64(char* to, std::string_view octets) noexcept {
    std::size_t const size = octets.size();
    std::size_t i = 0;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
        if (may_use_avx2(size)) i = encode_base64_avx2(to, octets.data(), size);
#endif
        for (to += i / 3 * 4; size - i >= 14; i += 12, to += 16) store(to, encode12(octets.data() + i));
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
/// it was read, for the vector code looks 16 octets ahead and writes 14, or 32 and 32.
constexpr void put_decoded(char* to, std::string_view text, std::size_t size) noexcept {
    char const* from = text.data();
    std::size_t at = 0;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
        if (may_use_avx2(size)) at = decode_base64_avx2(to, from, size);
#endif
        for (from += at / 3 * 4; size - at >= 14; at += 12, from += 16) decode16(to + at, from);
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

}  // namespace ehlo::detail
