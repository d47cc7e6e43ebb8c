// Scanning kernels: the only place that knows about vector registers. Each has a plain twin with the same result, which
// is the one that runs in constant expressions; a test compares the two. No kernel reads outside its input.
//
// Written in the vector extensions that GCC and Clang share: SSE2, AVX2 and NEON come of the same lines. Only what gathers a
// bit of each lane differs.
#pragma once

#include <ehlo/ascii.hpp>
#include <ehlo/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
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
    return 63u - static_cast<unsigned>(__builtin_clzll(mask));
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

#if defined(__AVX2__)
/// What is written of a mailbox, as two tables for a shuffle: what octet x is tells low[x & 15] & high[x >> 4]. The shuffle gives
/// 0 for all octets over 127. In what comes out the dot and the hyphen are the highest bit, of letters and digits one of the three
/// behind it is set, and of all other atext one of the lowest four only: an addition that carries into the highest bit tells each.
struct mailbox_tables {
    unsigned char low[32] = {}, high[32] = {};

    // Rows of the table of ASCII, by their number, and which of their octets.
    constexpr void add(unsigned bit, std::initializer_list<unsigned> rows, charset const& octets) noexcept {
        for (unsigned row : rows) {
            for (unsigned half = 0; half < 32; half += 16) {
                high[half + row] = static_cast<unsigned char>(high[half + row] | bit);
                for (unsigned i = 0; i < 16; ++i)
                    if (octets.contains(static_cast<char>(row * 16 + i))) low[half + i] = static_cast<unsigned char>(low[half + i] | bit);
            }
        }
    }
    constexpr mailbox_tables() noexcept {
        add(0x80, {2}, charset(".-"));
        add(0x40, {4, 6}, chars::alpha);
        add(0x20, {5, 7}, chars::alpha);
        add(0x10, {3}, chars::digit);
        add(0x08, {2}, chars::atext - charset("-"));
        add(0x04, {3, 6}, charset("=?`"));  // what this adds to row 6 and 3 are a letter and a digit
        add(0x02, {5}, charset("^_"));
        add(0x01, {7}, charset("{|}~"));
    }
};
inline constexpr mailbox_tables mailbox_classes;
EHLO_INLINE v32 mailbox_classes_of(v32 x) noexcept {
    using c32 = char __attribute__((vector_size(32)));
    using h32 = std::uint16_t __attribute__((vector_size(32)));
    v32 low, high;
    std::memcpy(&low, mailbox_classes.low, 32);
    std::memcpy(&high, mailbox_classes.high, 32);
    v32 const row = reinterpret_cast<v32>(reinterpret_cast<h32>(x) >> 4) & splat<v32>(15);
    return reinterpret_cast<v32>(__builtin_ia32_pshufb256(reinterpret_cast<c32>(low), reinterpret_cast<c32>(x)) &
                                 __builtin_ia32_pshufb256(reinterpret_cast<c32>(high), reinterpret_cast<c32>(row)));
}
#endif

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

/// Up to 15 octets, and zeros behind them. Loads that meet or overlap make up any length.
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

/// The first 64 octets of a text (fewer if it is shorter), loaded once and classified many times: `mask<Set>()` has
/// bit i set where octet i is in Set. Bits from `size` on are 0. A text of one vector or more is loaded in pieces that
/// overlap instead of reading beyond its end: OR does not mind a bit set twice.
/// Slack behind the input that the caller declares was built and left out: a command alone in its buffer took 6 % fewer instructions, a
/// path 13 %; and every parser that reads what ehlo itself wrote or decoded would have had to be told that there is none.
class window {
#if EHLO_VECTOR
    // By name: GCC 12 keeps arrays in memory, and fills this one with vector code of its own.
    widest first_, second_;
    unsigned second_at_;
#if !defined(__AVX2__)
    widest third_, fourth_;
    unsigned third_at_, fourth_at_;
#endif
#endif
    char const* data_;
    unsigned size_;

  public:
    EHLO_INLINE constexpr explicit window(std::string_view text) noexcept
        : data_(text.data()), size_(text.size() < 64 ? static_cast<unsigned>(text.size()) : 64u) {
#if EHLO_VECTOR
        if (std::is_constant_evaluated()) return;
        if (size_ >= sizeof(widest)) [[likely]] {
            unsigned const last = size_ - static_cast<unsigned>(sizeof(widest));
            first_ = load<widest>(data_);
#if defined(__AVX2__)
            second_at_ = last;
#else
            second_at_ = last < 16 ? last : 16;
            third_at_ = last < 32 ? last : 32;
            fourth_at_ = last;
            third_ = load<widest>(data_ + third_at_);
            fourth_ = load<widest>(data_ + fourth_at_);
#endif
            second_ = load<widest>(data_ + second_at_);
        } else {
            load_few();
        }
#endif
    }

    /// Of 64 octets at least: offsets that are known spare a fifth of the instructions.
    struct whole {};
    EHLO_INLINE explicit window(whole, char const* p) noexcept : data_(p), size_(64) {
#if EHLO_VECTOR
        first_ = load<widest>(p);
        second_at_ = sizeof(widest);
        second_ = load<widest>(p + second_at_);
#if !defined(__AVX2__)
        third_at_ = 32;
        fourth_at_ = 48;
        third_ = load<widest>(p + 32);
        fourth_ = load<widest>(p + 48);
#endif
#endif
    }

    constexpr unsigned size() const noexcept { return size_; }

    template <charset Set>
    EHLO_INLINE constexpr std::uint64_t mask() const noexcept {
#if EHLO_VECTOR
        if (!std::is_constant_evaluated()) {
            // Pieces of a short text are filled up with zeros, so zero must not be a hit.
            constexpr range_list const& list = ranges_without_nul<Set>;
            std::uint64_t bits = move_mask(lanes_of<list>(first_)) | std::uint64_t{move_mask(lanes_of<list>(second_))} << second_at_;
#if !defined(__AVX2__)
            bits |= std::uint64_t{move_mask(lanes_of<list>(third_))} << third_at_;
            bits |= std::uint64_t{move_mask(lanes_of<list>(fourth_))} << fourth_at_;
#endif
            if constexpr (list.inverted) bits = ~bits & low_bits(size_);
            return bits;
        }
#endif
        return mask_plain<Set>();
    }
    // What a mailbox is made of: masks like those of mask(). They share what they need.
    /// Dots and hyphens.
    EHLO_INLINE constexpr std::uint64_t mask_marks() const noexcept {
#if defined(__AVX2__)
        if (!std::is_constant_evaluated()) return mask_mailbox<0>();
#endif
        return mask<".-">();
    }
    /// Letters, digits, and the dots and hyphens, given as the mask they are.
    EHLO_INLINE constexpr std::uint64_t mask_names([[maybe_unused]] std::uint64_t marks) const noexcept {
#if defined(__AVX2__)
        if (!std::is_constant_evaluated()) return mask_mailbox<0x70>();
#endif
        return mask<chars::let_dig>() | marks;
    }
    /// atext and dots: where `quick_atext`, little more once the others are there; without AVX2, more than half as much again.
#if defined(__AVX2__)
    static constexpr bool quick_atext = true;
#else
    static constexpr bool quick_atext = false;
#endif
    EHLO_INLINE constexpr std::uint64_t mask_atext() const noexcept {
#if defined(__AVX2__)
        if (!std::is_constant_evaluated()) return mask_mailbox<0x7F>();
#endif
        return mask<chars::atext + ".">();
    }
    template <charset Set>
    constexpr std::uint64_t mask_plain() const noexcept {
        std::uint64_t bits = 0;
        for (unsigned i = 0; i < size_; ++i) bits |= std::uint64_t{Set.contains(data_[i])} << i;
        return bits;
    }

#if EHLO_VECTOR
  private:
    EHLO_INLINE void load_few() noexcept {
        second_ = widest{};
        second_at_ = 0;
#if defined(__AVX2__)
        if (size_ >= 16) {
            first_ = widen(load16(data_));
            second_ = widen(load16(data_ + size_ - 16));
            second_at_ = size_ - 16;
            return;
        }
        first_ = widen(load_short(data_, size_));
#else
        third_ = fourth_ = widest{};
        third_at_ = fourth_at_ = 0;
        first_ = load_short(data_, size_);
#endif
    }
#if defined(__AVX2__)
    template <unsigned char Carry>
    EHLO_INLINE std::uint64_t mask_mailbox() const noexcept {
        return move_mask(mailbox_classes_of(first_) + splat<v32>(Carry)) |
               std::uint64_t{move_mask(mailbox_classes_of(second_) + splat<v32>(Carry))} << second_at_;
    }
    static EHLO_INLINE widest widen(v16 v) noexcept {
        widest w{};
        std::memcpy(&w, &v, sizeof v);
        return w;
    }
#endif
#endif
};

/// The offset of the first octet at or after `from` that is in Set; the size of the text if there is none.
template <charset Set>
constexpr std::size_t find_first_plain(std::string_view text, std::size_t from = 0) noexcept {
    while (from < text.size() && !Set.contains(text[from])) ++from;
    return from;
}
template <charset Set>
constexpr std::size_t find_first(std::string_view text, std::size_t from = 0) noexcept {
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        char const* const p = text.data();
        std::size_t const size = text.size();
        std::size_t i = from;
        if (size - i >= 16) {
            for (; size - i >= sizeof(widest); i += sizeof(widest)) {
                std::uint32_t const hits = hits_of<Set>(load<widest>(p + i));
                if (hits != 0) return i + trailing_zeros(hits);
            }
            if constexpr (sizeof(widest) > 16) {
                if (size - i >= 16) {
                    std::uint32_t const hits = hits_of<Set>(load16(p + i));
                    if (hits != 0) return i + trailing_zeros(hits);
                }
            }
            if (i == size) return size;
            // The tail again, overlapping octets already known not to be in Set.
            std::uint32_t const hits = hits_of<Set>(load16(p + size - 16));
            return hits != 0 ? size - 16 + trailing_zeros(hits) : size;
        }
        // One octet or two, as when they arrive one by one: a look at each is less than a vector made of them.
        if (size - i <= 2 || i >= size) return find_first_plain<Set>(text, i);
        std::uint32_t const hits = hits_of<Set>(load_short(p + i, size - i)) & static_cast<std::uint32_t>(low_bits(static_cast<unsigned>(size - i)));
        return hits != 0 ? i + trailing_zeros(hits) : size;
    }
#endif
    return find_first_plain<Set>(text, from);
}

/// find_first for a text in which the first one is likely to stand within 64 octets, as the end of a line does: they are looked at
/// at once, without a loop whose end a branch predictor cannot foresee.
template <charset Set>
EHLO_INLINE constexpr std::size_t find_near(std::string_view text) noexcept {
#if EHLO_VECTOR
    if (!std::is_constant_evaluated() && text.size() >= 64) [[likely]] {
        std::uint64_t const hits = mask64<Set>(text.data());
        if (hits != 0) [[likely]] return trailing_zeros(hits);
        return find_first<Set>(text, 64);
    }
#endif
    return find_first<Set>(text);
}

/// The offsets of all octets in Set, one after the other. 64 octets are looked at at once, whatever lies between the marks: for
/// texts where these stand close, as the ends of short lines do.
template <charset Set>
class mark_finder {
    std::string_view text_;
    std::size_t base_ = 0;
    std::uint64_t bits_ = 0;

    EHLO_INLINE constexpr void look() noexcept {
#if EHLO_VECTOR
        if (!std::is_constant_evaluated() && text_.size() >= 64) {
            // The last 64 octets again where fewer are left.
            std::size_t const left = text_.size() - base_;
            bits_ = left >= 64 ? mask64<Set>(text_.data() + base_) : mask64<Set>(text_.data() + text_.size() - 64) >> (64 - left);
            return;
        }
#endif
        bits_ = window({text_.data() + base_, text_.size() - base_}).mask<Set>();
    }

  public:
    EHLO_INLINE constexpr explicit mark_finder(std::string_view text) noexcept : text_(text) { look(); }
    /// The next one; the size of the text if there is none.
    EHLO_INLINE constexpr std::size_t next() noexcept {
        while (bits_ == 0) {
            if (text_.size() - base_ <= 64) return text_.size();
            base_ += 64;
            look();
        }
        std::size_t const at = base_ + trailing_zeros(bits_);
        bits_ &= bits_ - 1;
        return at;
    }
};

/// Calls `f(word)` for each word of a text in which SP and HTAB stand between words.
template <class F>
EHLO_INLINE constexpr void for_each_word(std::string_view text, F&& f) noexcept {
    mark_finder<chars::wsp> blanks(text);
    for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
        end = blanks.next();
        if (end != at) f(std::string_view(text.data() + at, end - at));
    }
}

/// The offset of the last octet in text[from, to) that is in Set; `to` if there is none.
template <charset Set>
constexpr std::size_t find_last_plain(std::string_view text, std::size_t from, std::size_t to) noexcept {
    for (std::size_t i = to; i > from;)
        if (Set.contains(text[--i])) return i;
    return to;
}
template <charset Set>
constexpr std::size_t find_last(std::string_view text, std::size_t from, std::size_t to) noexcept {
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        std::size_t i = to;
        for (; i - from >= 16; i -= 16) {
            std::uint32_t const hits = hits_of<Set>(load16(text.data() + i - 16));
            if (hits != 0) return i - 16 + highest_bit(hits);
        }
        std::size_t const found = find_last_plain<Set>(text, from, i);
        return found == i ? to : found;
    }
#endif
    return find_last_plain<Set>(text, from, to);
}

/// The offset, at or after `from` >= 1, of the first octet of message content that a copy may not simply pass over:
/// an octet whose predecessor is LF and which is ".", an LF not after CR, an octet other than LF after CR, or NUL.
/// The size of the text if there is none. The three tests are compares of neighbouring loads: nothing is carried.
constexpr std::size_t find_content_event_plain(std::string_view text, std::size_t from) noexcept {
    for (; from < text.size(); ++from) {
        char const here = text[from], before = text[from - 1];
        if ((before == '\r') != (here == '\n') || (before == '\n' && here == '.') || here == '\0') break;
    }
    return from;
}
constexpr std::size_t find_content_event(std::string_view text, std::size_t from) noexcept {
#if EHLO_VECTOR
    std::size_t const size = text.size();
    std::size_t i = from;
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
    if (!std::is_constant_evaluated() && i < size) {
        v16 const here = load_short(text.data() + i, size - i), before = load_short(text.data() + i - 1, size - i);
        v16 const cr = splat('\r'), lf = splat('\n'), dot = splat('.'), zero = splat(0);
        std::uint32_t const hits =
            move_mask(reinterpret_cast<v16>(((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot)) | (here == zero))) &
            static_cast<std::uint32_t>(low_bits(static_cast<unsigned>(size - i)));
        return hits != 0 ? i + trailing_zeros(hits) : size;
    }
#endif
    return find_content_event_plain(text, from);
}

#if EHLO_VECTOR
// Content, copied and looked at in one pass. An octet is compared together with the one before it by loads that lie one octet
// apart, so that nothing is carried from vector to vector.

/// What else was seen on the way. A gap is a row of whole blocks in which no line ends: none of 640 octets or more means that no
/// line has more than 998, as it takes a part of two more blocks at most, 127 octets of each.
struct content_seen {
    std::size_t gap = 0, longest_gap = 0;
    bool nul = false;
};

/// Copies blocks of 128 octets from `p` to `q`, as many of the `size` as hold nothing that a copy may not pass over (CR or LF alone,
/// a dot behind LF). Returns the octets copied; the block behind them is written too. Reads p[-1].
// The first block overlaps the second so that all stores from then on are aligned: stores across cache lines took half as long again.
// The compilers would regroup what the eight turns gather, and then run out of registers: a third slower with SSE2.
#if defined(__SSE2__)
#define EHLO_IN_ORDER(a, b, c) __asm__("" : "+x"(a), "+x"(b), "+x"(c))
#else
#define EHLO_IN_ORDER(a, b, c) (void)0
#endif
// What is to be read and written 2 KiB on is asked for in advance, which does no harm where there is nothing: a fifth less from
// memory, and nothing lost in cache. Only to be read, or only 1 KiB on, gained nothing.
// The loop is a macro because it is needed twice. GCC would lower a template to the vectors of the baseline before it inlines it
// into a function for AVX2, and a lambda has not the target of the function it stands in.
#define EHLO_COPY_CLEAN(V)                                                                                            \
    std::size_t const whole = size;                                                                                   \
    std::size_t gap = seen.gap, longest_gap = seen.longest_gap;                                                       \
    V const cr = V{} + static_cast<unsigned char>('\r'), lf = V{} + static_cast<unsigned char>('\n'),                 \
            dot = V{} + static_cast<unsigned char>('.');                                                              \
    V least = V{} + static_cast<unsigned char>(255);                                                                  \
    for (std::size_t step = 128 - (reinterpret_cast<std::uintptr_t>(q) & 31); size >= 128; step = 128) {              \
        __builtin_prefetch(p + 2048), __builtin_prefetch(p + 2112), __builtin_prefetch(q + 2048, 1), __builtin_prefetch(q + 2112, 1); \
        V hit{}, ends{}, low = least, here, before;                                                                   \
        EHLO_UNROLL for (unsigned i = 0; i < 128; i += static_cast<unsigned>(sizeof(V))) {                            \
            std::memcpy(&here, p + i, sizeof here);                                                                   \
            std::memcpy(&before, p + i - 1, sizeof before);                                                           \
            std::memcpy(q + i, &here, sizeof here);                                                                   \
            V const end = reinterpret_cast<V>(here == lf);                                                            \
            hit |= (reinterpret_cast<V>(before == cr) ^ end) | reinterpret_cast<V>((before == lf) & (here == dot));   \
            ends |= end;                                                                                              \
            low = here < low ? here : low;                                                                            \
            EHLO_IN_ORDER(hit, ends, low);                                                                            \
        }                                                                                                             \
        if (move_mask(hit) != 0) break;                                                                               \
        least = low;                                                                                                  \
        gap = move_mask(ends) != 0 ? 0 : gap + 128;                                                                   \
        longest_gap = gap > longest_gap ? gap : longest_gap;                                                          \
        p += step, q += step, size -= step;                                                                           \
    }                                                                                                                 \
    if (move_mask(reinterpret_cast<V>(least == V{})) != 0) seen.nul = true;                                           \
    seen.gap = gap;                                                                                                   \
    seen.longest_gap = longest_gap;                                                                                   \
    return whole - size;

EHLO_INLINE std::size_t copy_clean_baseline(char const* p, char* q, std::size_t size, content_seen& seen) noexcept { EHLO_COPY_CLEAN(widest) }

#if EHLO_RUN_TIME_AVX2
__attribute__((target("avx2"), always_inline)) inline std::uint32_t move_mask(v32 const& v) noexcept {
    using signed32 = char __attribute__((vector_size(32)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<signed32>(v)));
}
__attribute__((target("avx2"), noinline)) inline std::size_t copy_clean_avx2(char const* p, char* q, std::size_t size, content_seen& seen) noexcept {
    EHLO_COPY_CLEAN(v32)
}
#endif
#undef EHLO_COPY_CLEAN
#undef EHLO_IN_ORDER

#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
/// For each set of octets out of 8 that are to be taken away, where the others come from.
struct squeeze_table {
    unsigned char from[256][8] = {};
    constexpr squeeze_table() noexcept {
        for (unsigned set = 0; set < 256; ++set) {
            unsigned n = 0;
            for (unsigned i = 0; i < 8; ++i)
                if ((set >> i & 1) == 0) from[set][n++] = static_cast<unsigned char>(i);
        }
    }
};
inline constexpr squeeze_table squeezed;
/// Copies the 64 octets at `p` without those in `dots`, and returns how many remained: 8 by 8, with no branch on what they are.
/// All 64 of `q` may be written.
#if EHLO_RUN_TIME_AVX2
__attribute__((target("avx2"), noinline)) inline
#else
EHLO_INLINE
#endif
std::size_t squeeze64(char const* p, char* q, std::uint64_t dots) noexcept {
    using c16 = char __attribute__((vector_size(16)));
    using words = std::uint64_t __attribute__((vector_size(16)));
    char* const begin = q;
    EHLO_UNROLL for (unsigned i = 0; i < 64; i += 8) {
        unsigned const set = dots >> i & 255;
        std::uint64_t octets, from;
        std::memcpy(&octets, p + i, 8);
        std::memcpy(&from, squeezed.from[set], 8);
        words const packed = reinterpret_cast<words>(
            __builtin_ia32_pshufb128(reinterpret_cast<c16>(words{octets, 0}), reinterpret_cast<c16>(words{from, 0})));
        std::uint64_t const result = packed[0];
        std::memcpy(q, &result, 8);
        q += 8 - __builtin_popcount(set);
    }
    return static_cast<std::size_t>(q - begin);
}
#endif

/// Copies 64 octets; they may not overlap.
EHLO_INLINE void copy64(char const* p, char* q) noexcept {
    EHLO_UNROLL for (unsigned i = 0; i < 64; i += static_cast<unsigned>(sizeof(widest))) store(q + i, load<widest>(p + i));
}

/// What copy_content takes and gives.
struct content_copy {
    content_copy(char const* in, std::size_t in_size, char* out, std::size_t out_size) noexcept
        : from(in), size(in_size), to(out), room(out_size) {}
    char const* from;  ///< the octet before it can be read
    std::size_t size;
    char* to;
    std::size_t room;
    bool line_start = false;   ///< a dot at `from` would begin a line
    bool after_cr = false;     ///< the octet before `from` is a CR that is still to be judged
    bool may_be_bare = false;  ///< go on behind CR and LF alone
    content_seen seen;
    std::size_t consumed = 0, produced = 0;
    bool bare_cr = false, bare_lf = false;
};
enum class dots : bool { take_away, add };

/// Copies content and takes away (or adds) the dot of each line that begins with one: not quite all of it (the last 200
/// octets or so of input or room are left), and not beyond the end of content or, unless they may be, CR or LF alone. Never
/// ends behind a CR.
template <dots Dots, bool Avx2>
EHLO_NOINLINE inline void copy_content_with(content_copy& job) noexcept {
    // A block of 64, 64 more that the copy behind its last dot takes, two that may be the end's CRLF, and when dots are added
    // one for every third octet.
    constexpr std::size_t margin = Dots == dots::add ? 160 : 130;
    char const *p = job.from, *const p_end = p + job.size;
    char *q = job.to, *const q_end = q + job.room;
    auto const left = [&]() noexcept {
        auto const in = static_cast<std::size_t>(p_end - p), out = static_cast<std::size_t>(q_end - q);
        return in < out ? in : out;
    };
    std::uint64_t cr_before = job.after_cr, dot_begins = job.line_start, bare_cr = 0, bare_lf = 0;
    widest least = splat<widest>(255);
    content_seen seen = job.seen;
    std::size_t drift = 0;  // octets that the last block was copied nearer or farther
    while (left() >= margin) {
#if EHLO_RUN_TIME_AVX2
        std::size_t const clean = Avx2 ? copy_clean_avx2(p, q, left(), seen) : copy_clean_baseline(p, q, left(), seen);
#else
        std::size_t const clean = copy_clean_baseline(p, q, left(), seen);
#endif
        if (clean != 0) {
            p += clean;
            q += clean;
            cr_before = p[-1] == '\r';
            dot_begins = p[-1] == '\n' && p[-2] == '\r';
        }
        // A block that is not clean is seldom the only one: until two in a row are, the masks are made at once.
        for (unsigned quiet = 0; quiet < 2 && left() >= margin;) {
            std::uint64_t cr = 0, lf = 0, dot = 0;
            widest low = least;
            EHLO_UNROLL for (unsigned i = 0; i < 64; i += static_cast<unsigned>(sizeof(widest))) {
                widest const here = load<widest>(p + i);
                store(q + i, here);
                cr |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('\r')))} << i;
                lf |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('\n')))} << i;
                dot |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('.')))} << i;
                low = here < low ? here : low;
            }
            std::uint64_t const after_cr = cr << 1 | cr_before, crlf = lf & after_cr;
            std::uint64_t const lone_cr = after_cr & ~lf, lone_lf = lf & ~after_cr;
            dot &= crlf << 1 | dot_begins;
            if constexpr (Dots == dots::take_away) {
                std::uint64_t const last = std::uint64_t{1} << 63;
                if ((dot & (cr >> 1 | last)) != 0) {
                    std::uint64_t const cr_next = cr >> 1 | (p[64] == '\r' ? last : 0);
                    std::uint64_t const lf_next = lf >> 2 | (p[64] == '\n' ? last >> 1 : 0) | (p[65] == '\n' ? last : 0);
                    if ((dot & cr_next & lf_next) != 0) goto out;
                }
            }
            if ((lone_cr | lone_lf) != 0 && !job.may_be_bare) goto out;
            bare_cr |= lone_cr;
            bare_lf |= lone_lf;
            least = low;
            cr_before = cr >> 63;
            dot_begins = crlf >> 63;
            quiet = (dot | lone_cr | lone_lf) != 0 ? 0 : quiet + 1;
            seen.gap = crlf != 0 ? 0 : seen.gap + 64;
            seen.longest_gap = seen.gap > seen.longest_gap ? seen.gap : seen.longest_gap;
            // The block stands there as it is; now again what follows each dot, one octet nearer or farther. No counting of octets
            // and no branch on their number: all 64 are copied whatever remains. Only where dots stand close, 16 will do.
            char* const begin = q;
            char const* const source = Dots == dots::take_away ? p + 1 : p;
            constexpr std::ptrdiff_t step = Dots == dots::take_away ? 0 : 1;
            if (drift < 6) {
                for (; dot != 0; dot &= dot - 1) {
                    unsigned const at = trailing_zeros(dot);
                    copy64(source + at, q + at + step);
                    q += Dots == dots::take_away ? -1 : 1;
                }
#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
            } else if (Dots == dots::take_away && Avx2) {
                q = q + squeeze64(p, q, dot) - 64;
#endif
            } else {
                while (dot != 0) {
                    unsigned const at = trailing_zeros(dot);
                    dot &= dot - 1;
                    store(q + at + step, load16(source + at));
                    // Up to the next dot, which when dots are added has to be there twice.
                    constexpr std::uint64_t covered = Dots == dots::take_away ? 0x1FFFF : 0xFFFF;
                    if ((dot >> at & covered) == 0) [[unlikely]] copy64(source + at, q + at + step);
                    q += Dots == dots::take_away ? -1 : 1;
                }
            }
            drift = static_cast<std::size_t>(q < begin ? begin - q : q - begin);
            p += 64;
            q += 64;
        }
    }
out:
    if (p != job.from && p[-1] == '\r') --p, --q;
    job.consumed = static_cast<std::size_t>(p - job.from);
    job.produced = static_cast<std::size_t>(q - job.to);
    job.bare_cr = bare_cr != 0;
    job.bare_lf = bare_lf != 0;
    job.seen = seen;
    if (move_mask(reinterpret_cast<widest>(least == widest{})) != 0) job.seen.nul = true;
}
template <dots Dots>
EHLO_INLINE void copy_content(content_copy& job) noexcept {
#if EHLO_RUN_TIME_AVX2
    if (__builtin_cpu_supports("avx2")) return copy_content_with<Dots, true>(job);
#endif
#if defined(__AVX2__)
    copy_content_with<Dots, true>(job);
#else
    copy_content_with<Dots, false>(job);
#endif
}
#endif  // EHLO_VECTOR

}  // namespace ehlo::detail
