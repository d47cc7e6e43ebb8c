// Scanning kernels: the only place that knows about vector registers. Each has a plain twin with the same result, which
// is the one that runs in constant expressions; a test compares the two. No kernel reads outside its input.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::detail {

constexpr unsigned trailing_zeros(std::uint64_t mask) noexcept {
#if defined(__GNUC__)
    return static_cast<unsigned>(__builtin_ctzll(mask));
#else
    unsigned n = 0;
    while (!(mask & 1)) mask >>= 1, ++n;
    return n;
#endif
}
/// Bits 0 to n-1.
constexpr std::uint64_t low_bits(unsigned n) noexcept { return n < 64 ? (std::uint64_t{1} << n) - 1 : ~std::uint64_t{0}; }

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

constexpr range_list cheapest_ranges(charset const& set) noexcept {
    range_list best = ranges_of(set, false, false);
    for (unsigned form = 1; form < 4; ++form) {
        bool const inverted = (form & 1) != 0, letters = (form & 2) != 0;
        // Both cases of the letters can be one test if the ranges hold all of them.
        if (letters && (inverted ? set - chars::alpha : set + chars::alpha) != set) continue;
        range_list const other = ranges_of(set, inverted, letters);
        if (other.cost < best.cost) best = other;
    }
    return best;
}

template <charset Set>
inline constexpr range_list ranges = cheapest_ranges(Set);

#if EHLO_VECTOR

using v16 = unsigned char __attribute__((vector_size(16)));

EHLO_INLINE v16 load16(char const* p) noexcept {
    v16 v;
    std::memcpy(&v, p, 16);
    return v;
}
EHLO_INLINE std::uint32_t move_mask(v16 v) noexcept {
    using signed16 = char __attribute__((vector_size(16)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<signed16>(v)));
}
EHLO_INLINE v16 splat(unsigned char c) noexcept { return v16{} + c; }
/// All bits of a lane are set where it lies in [first, last], around the corner if last < first.
EHLO_INLINE v16 lanes_in_range(v16 x, unsigned first, unsigned last) noexcept {
    if (first == last) return reinterpret_cast<v16>(x == splat(static_cast<unsigned char>(first)));
    v16 const width = splat(static_cast<unsigned char>(last - first));
    return reinterpret_cast<v16>((x - splat(static_cast<unsigned char>(first))) <= width);
}

/// All bits of a lane are set where it is a member of Set, or, if the set's ranges are inverted, where it is not.
template <charset Set>
EHLO_INLINE v16 lanes_of(v16 x) noexcept {
    constexpr range_list const& list = ranges<Set>;
    v16 hit{};
    if constexpr (list.letters) hit = lanes_in_range(x | splat(0x20), 'a', 'z');
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((hit |= lanes_in_range(x, list.item[I].first, list.item[I].last)), ...);
    }(std::make_index_sequence<static_cast<std::size_t>(list.size)>());
    return hit;
}

#endif  // EHLO_VECTOR

/// The first 64 octets of a text (fewer if it is shorter), loaded once and classified many times: `mask<Set>()` has
/// bit i set where octet i is in Set. Bits from `size` on are 0. A text of 16 octets or more is loaded in pieces that
/// overlap instead of reading beyond its end: OR does not mind a bit set twice.
class window {
#if EHLO_VECTOR
    v16 piece_[4];
    unsigned shift_[4];
#endif
    char const* data_;
    unsigned size_;

  public:
    EHLO_INLINE constexpr explicit window(std::string_view text) noexcept
        :
#if EHLO_VECTOR
          piece_{}, shift_{},
#endif
          data_(text.data()),
          size_(text.size() < 64 ? static_cast<unsigned>(text.size()) : 64u) {
#if EHLO_VECTOR
        if (std::is_constant_evaluated()) return;
        if (size_ >= 16) [[likely]] {
            unsigned const last = size_ - 16;
            shift_[0] = 0;
            shift_[1] = last < 16 ? last : 16;
            shift_[2] = last < 32 ? last : 32;
            shift_[3] = last;
            for (int i = 0; i < 4; ++i) piece_[i] = load16(data_ + shift_[i]);
        } else {
            // Two loads of 8, 4, 2 or 1 octets that meet or overlap make up any short length.
            std::uint64_t low = 0, high = 0;
            if (size_ >= 8) {
                std::memcpy(&low, data_, 8);
                std::memcpy(&high, data_ + size_ - 8, 8);
                high = size_ == 8 ? 0 : high >> (8 * (16 - size_));
            } else if (size_ >= 4) {
                std::uint32_t a, b;
                std::memcpy(&a, data_, 4);
                std::memcpy(&b, data_ + size_ - 4, 4);
                low = a | std::uint64_t{b} << (8 * (size_ - 4));
            } else {
                for (unsigned i = 0; i < size_; ++i)
                    low |= std::uint64_t{static_cast<unsigned char>(data_[i])} << (8 * i);
            }
            char both[16];
            std::memcpy(both, &low, 8);
            std::memcpy(both + 8, &high, 8);
            for (int i = 0; i < 4; ++i) piece_[i] = load16(both);
        }
#endif
    }

    constexpr unsigned size() const noexcept { return size_; }

    template <charset Set>
    EHLO_INLINE constexpr std::uint64_t mask() const noexcept {
#if EHLO_VECTOR
        if (!std::is_constant_evaluated()) {
            std::uint64_t bits = 0;
            for (int i = 0; i < 4; ++i) bits |= std::uint64_t{move_mask(lanes_of<Set>(piece_[i]))} << shift_[i];
            if constexpr (ranges<Set>.inverted) bits = ~bits;
            return bits & low_bits(size_);
        }
#endif
        std::uint64_t bits = 0;
        for (unsigned i = 0; i < size_; ++i) bits |= std::uint64_t{Set.contains(data_[i])} << i;
        return bits;
    }
};

/// The offset of the first octet at or after `from` that is in Set; the size of the text if there is none.
template <charset Set>
constexpr std::size_t find_first(std::string_view text, std::size_t from = 0) noexcept {
    std::size_t const size = text.size();
    std::size_t i = from;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated() && size - i >= 16) {
        constexpr std::uint32_t flip = ranges<Set>.inverted ? 0xFFFFu : 0u;
        char const* const p = text.data();
        for (;; i += 16) {
            if (size - i < 16) {
                if (i == size) return size;
                i = size - 16;  // the tail again, overlapping octets already known not to be in Set
            }
            std::uint32_t const hits = move_mask(lanes_of<Set>(load16(p + i))) ^ flip;
            if (hits != 0) return i + trailing_zeros(hits);
            if (i + 16 == size) return size;
        }
    }
#endif
    while (i < size && !Set.contains(text[i])) ++i;
    return i;
}

/// The offset of the last octet in text[from, to) that is in Set; `to` if there is none.
template <charset Set>
constexpr std::size_t find_last(std::string_view text, std::size_t from, std::size_t to) noexcept {
    std::size_t i = to;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        constexpr std::uint32_t flip = ranges<Set>.inverted ? 0xFFFFu : 0u;
        for (; i - from >= 16; i -= 16) {
            std::uint32_t const hits = move_mask(lanes_of<Set>(load16(text.data() + i - 16))) ^ flip;
            if (hits != 0) return i - 16 + (31u - static_cast<unsigned>(__builtin_clz(hits)));
        }
    }
#endif
    while (i > from)
        if (Set.contains(text[--i])) return i;
    return to;
}

/// The offset, at or after `from` >= 1, of the first octet of message content that a copy may not simply pass over:
/// an octet whose predecessor is LF and which is ".", an LF not after CR, an octet other than LF after CR, or NUL.
/// The size of the text if there is none. The three tests are compares of neighbouring loads: nothing is carried.
constexpr std::size_t find_content_event(std::string_view text, std::size_t from) noexcept {
    std::size_t const size = text.size();
    std::size_t i = from;
#if EHLO_VECTOR
    if (!std::is_constant_evaluated() && size - i >= 16) {
        char const* const p = text.data();
        v16 const cr = splat('\r'), lf = splat('\n'), dot = splat('.'), zero = splat(0);
        auto hits_at = [&](std::size_t k) noexcept -> v16 {
            v16 const here = load16(p + k), before = load16(p + k - 1);
            return reinterpret_cast<v16>(((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot)) | (here == zero));
        };
        for (; size - i >= 64; i += 64) {
            v16 const any = hits_at(i) | hits_at(i + 16) | hits_at(i + 32) | hits_at(i + 48);
            if (move_mask(any) != 0) break;
        }
        for (;; i += 16) {
            if (size - i < 16) {
                if (i == size) return size;
                i = size - 16;
            }
            std::uint32_t const hits = move_mask(hits_at(i));
            if (hits != 0) return i + trailing_zeros(hits);
            if (i + 16 == size) return size;
        }
    }
#endif
    for (; i < size; ++i) {
        char const here = text[i], before = text[i - 1];
        if ((before == '\r') != (here == '\n') || (before == '\n' && here == '.') || here == '\0') return i;
    }
    return size;
}

}  // namespace ehlo::inline v0::detail
