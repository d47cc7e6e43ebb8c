// Vector registers: sets of octets as ranges, loads, compares, and the bits of the lanes. Kernels are made of these: scan.hpp,
// content_kernels.hpp, base64_kernels.hpp.
//
// Written in the vector extensions that GCC and Clang share: SSE2, AVX2 and NEON come of the same lines. Only what gathers a
// bit of each lane differs.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

constexpr unsigned trailing_zeros(std::uint64_t mask) noexcept {
#if defined(__GNUC__)
    return static_cast<unsigned>(__builtin_ctzll(mask));
#else
    unsigned n = 0;
    while (!(mask & 1)) mask >>= 1, ++n;
    return n;
#endif
}
/// The number of the highest bit of a mask that is not 0.
constexpr unsigned highest_bit(std::uint64_t mask) noexcept {
#if defined(__GNUC__)
    return 63u ^ static_cast<unsigned>(__builtin_clzll(mask));
#else
    unsigned n = 0;
    while (mask >>= 1) ++n;
    return n;
#endif
}
/// Bits 0 to n-1.
constexpr std::uint64_t low_bits(unsigned n) noexcept { return n < 64 ? (std::uint64_t{1} << n) - 1 : ~std::uint64_t{0}; }
/// The same for n from 1 to 64, in three instructions, or one.
constexpr std::uint64_t low_bits_of_some(unsigned n) noexcept {
#if defined(__BMI2__) && defined(__x86_64__)
    if (!std::is_constant_evaluated()) return __builtin_ia32_bzhi_di(~std::uint64_t{0}, n);
#endif
    return ~std::uint64_t{0} >> (-n & 63);
}

/// A set as few ranges of octets, around the corner if need be: [first, last] with last < first wraps at 255.
/// Every instantiation of a kernel needs one, so it is made word by word: octet by octet it was half of the compile time.
struct range_list {
    struct range {
        std::uint8_t first, last;
    } item[16] = {};
    int size = 0;
    int cost = 0;           ///< vector instructions: 2 for an octet, 4 for a range, 5 for both cases of the letters
    bool inverted = false;  ///< the ranges are those of the octets that are not in the set
    bool letters = false;   ///< all letters are in the set too (or all are outside), besides the ranges
};

/// The first octet at or after `from` that is in the set, or 256.
constexpr unsigned next_member(charset const& set, unsigned from) noexcept {
    while (from < 256) {
        std::uint64_t const rest = set.bits[from >> 6] >> (from & 63);
        if (rest != 0) return from + trailing_zeros(rest);
        from = (from | 63) + 1;
    }
    return 256;
}

constexpr range_list ranges_of(charset set, bool inverted, bool letters) noexcept {
    range_list list;
    list.inverted = inverted;
    list.letters = letters;
    if (inverted) set = ~set;
    if (letters) set = set - chars::alpha;
    charset const others = ~set;
    for (unsigned first = next_member(set, 0); first < 256;) {
        unsigned const end = next_member(others, first);
        if (list.size == 16) {
            list.cost = 1000;  // too scattered to be a candidate
            return list;
        }
        list.item[list.size++] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(end - 1)};
        first = next_member(set, end);
    }
    if (list.size > 1 && list.item[0].first == 0 && list.item[list.size - 1].last == 255)
        list.item[0].first = list.item[--list.size].first;
    list.cost = letters ? 5 : 0;
    for (int i = 0; i < list.size; ++i) list.cost += list.item[i].first == list.item[i].last ? 2 : 4;
    return list;
}

/// `without_nul`: the ranges may not hold octet 0.
constexpr range_list cheapest_ranges(charset const& set, bool without_nul = false) noexcept {
    range_list best;
    best.cost = 1001;
    for (unsigned form = 0; form < 4; ++form) {
        bool const inverted = (form & 1) != 0, letters = (form & 2) != 0;
        if (without_nul && inverted != set.contains('\0')) continue;
        if (letters && best.cost <= 5) continue;   // they alone cost as much
        // Both cases of the letters can be one test if the ranges hold all of them.
        if (letters && (inverted ? set - chars::alpha : set + chars::alpha) != set) continue;
        range_list const other = ranges_of(set, inverted, letters);
        if (other.cost < best.cost) best = other;
    }
    return best;
}

template <charset Set>
inline constexpr range_list ranges = cheapest_ranges(Set);
template <charset Set>
inline constexpr range_list ranges_without_nul = cheapest_ranges(Set, true);

#if EHLO_VECTOR

using v16 = unsigned char __attribute__((vector_size(16)));
using v32 = unsigned char __attribute__((vector_size(32)));
// GCC 12 takes no vector_size that depends on a template parameter.
using s16 = signed char __attribute__((vector_size(16)));
using s32 = signed char __attribute__((vector_size(32)));
template <class V>
using signed_lanes = std::conditional_t<sizeof(V) == 16, s16, s32>;
/// The widest vector that the compiler was told it may use.
#if defined(__AVX2__)
using widest = v32;
#else
using widest = v16;
#endif

template <class V>
EHLO_INLINE V load(char const* p) noexcept {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class V>
EHLO_INLINE void store(char* p, V v) noexcept {
    std::memcpy(p, &v, sizeof v);
}
EHLO_INLINE v16 load16(char const* p) noexcept { return load<v16>(p); }

/// Bit i is set where lane i is all ones; every lane is all ones or all zeros.
EHLO_INLINE std::uint32_t move_mask(v16 v) noexcept {
#if defined(__SSE2__)
    using signed16 = char __attribute__((vector_size(16)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<signed16>(v)));
#else
    // Lane i of each half keeps bit i; the product adds the eight lanes up in its highest octet.
    using words = std::uint64_t __attribute__((vector_size(16)));
    words const bits = reinterpret_cast<words>(v) & (words{} + 0x8040201008040201u);
    return static_cast<std::uint32_t>(bits[0] * 0x0101010101010101u >> 56 | bits[1] * 0x0101010101010101u >> 56 << 8);
#endif
}
#if defined(__AVX2__)
EHLO_INLINE std::uint32_t move_mask(v32 v) noexcept {
    using signed32 = char __attribute__((vector_size(32)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<signed32>(v)));
}
#elif EHLO_RUN_TIME_AVX2
// For functions that are compiled for AVX2, whatever the rest is compiled for.
__attribute__((target("avx2"), always_inline)) inline std::uint32_t move_mask(v32 const& v) noexcept {
    using signed32 = char __attribute__((vector_size(32)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<signed32>(v)));
}
#endif

template <class V = v16>
EHLO_INLINE V splat(unsigned char c) noexcept {
    return V{} + c;
}
/// All bits of a lane are set where it lies in [first, last], around the corner if last < first. The range is moved to where
/// signed numbers end, so that one compare tells: an unsigned compare would take SSE2 and AVX2 an instruction more, and one
/// with the beginning of the signed numbers would take SSE2 a copy of the constant.
template <class V>
EHLO_INLINE V lanes_in_range(V x, unsigned first, unsigned last) noexcept {
    unsigned const width = (last - first) & 255;
    if (width == 0) return reinterpret_cast<V>(x == splat<V>(static_cast<unsigned char>(first)));
    if (width == 255) return splat<V>(255);
    auto const moved = reinterpret_cast<signed_lanes<V>>(x + splat<V>(static_cast<unsigned char>(127 - last)));
    return reinterpret_cast<V>(moved > signed_lanes<V>{} + static_cast<signed char>(126 - static_cast<int>(width)));
}

/// All bits of a lane are set where it is in one of the ranges.
template <range_list const& List, class V>
EHLO_INLINE V lanes_of(V x) noexcept {
    V hit{};
    if constexpr (List.letters) hit = lanes_in_range<V>(x | splat<V>(0x20), 'a', 'z');
    [&]<std::size_t... I>(std::index_sequence<I...>) EHLO_INLINE_LAMBDA {
        ((hit |= lanes_in_range<V>(x, List.item[I].first, List.item[I].last)), ...);
    }(std::make_index_sequence<static_cast<std::size_t>(List.size)>());
    return hit;
}

/// Bit i is set where lane i is in Set.
template <charset Set, class V>
EHLO_INLINE std::uint32_t hits_of(V x) noexcept {
    constexpr std::uint32_t flip = ranges<Set>.inverted ? static_cast<std::uint32_t>(low_bits(sizeof(V))) : 0u;
    return move_mask(lanes_of<ranges<Set>>(x)) ^ flip;
}

/// Bit i is set where octet i of the 64 at p is in Set.
template <charset Set>
EHLO_INLINE std::uint64_t mask64(char const* p) noexcept {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i += sizeof(widest)) bits |= std::uint64_t{move_mask(lanes_of<ranges<Set>>(load<widest>(p + i)))} << i;
    return ranges<Set>.inverted ? ~bits : bits;
}

/// Up to 15 octets, and zeros after them. Loads that meet or overlap make up any length.
EHLO_INLINE v16 load_short(char const* p, std::size_t size) noexcept {
    std::uint64_t low = 0, high = 0;
    if (size >= 8) {
        std::memcpy(&low, p, 8);
        std::memcpy(&high, p + size - 8, 8);
        high = high >> 8 >> (8 * (15 - size));
    } else if (size >= 4) {
        std::uint32_t a, b;
        std::memcpy(&a, p, 4);
        std::memcpy(&b, p + size - 4, 4);
        low = a | std::uint64_t{b} << (8 * (size - 4));
    } else if (size != 0) {
        auto const octet = [p](std::size_t i) noexcept { return std::uint64_t{static_cast<unsigned char>(p[i])}; };
        low = octet(0) | octet(size / 2) << (8 * (size / 2)) | octet(size - 1) << (8 * (size - 1));
    }
    // By way of registers: GCC 12 would store two words and load them as one vector, which waits for the stores.
    using words = std::uint64_t __attribute__((vector_size(16)));
    return reinterpret_cast<v16>(words{low, high});
}

#endif  // EHLO_VECTOR

}  // namespace ehlo::detail
