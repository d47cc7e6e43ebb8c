// Kernels that look for octets of a set. Each has a plain twin with the same result, which is the one that runs in constant
// expressions; a test compares the two. No kernel reads outside its input.
#pragma once

#include <ehlo/detail/vectors.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

#if defined(__AVX2__)
/// What is written of a mailbox, as two tables for a shuffle: what octet x is tells low[x & 15] & high[x >> 4]. The shuffle gives
/// 0 for all octets over 127. In what comes out the dot and the hyphen are the highest bit, of letters and digits one of the three
/// after it is set, and of all other atext one of the lowest four only: an addition that carries into the highest bit tells each.
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

/// The first 64 octets of a text (fewer if it is shorter), loaded once and classified many times: `mask<Set>()` has
/// bit i set where octet i is in Set. Bits from `size` on are 0. A text of one vector or more is loaded in pieces that
/// overlap instead of reading beyond its end: OR does not mind a bit set twice.
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
    EHLO_INLINE constexpr explicit window(whole, char const* p) noexcept : data_(p), size_(64) {
#if EHLO_VECTOR
        if (std::is_constant_evaluated()) return;
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
    constexpr std::uint64_t mask_plain() const noexcept {
        std::uint64_t bits = 0;
        for (unsigned i = 0; i < size_; ++i) bits |= std::uint64_t{Set.contains(data_[i])} << i;
        return bits;
    }
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

/// Bit i is set where octet i of the 64 at `block` is in Set, of the `left` octets at the end of a text of `size`; fewer may be left.
template <charset Set>
EHLO_NOINLINE constexpr std::uint64_t marks_of_rest(char const* block, std::size_t left, [[maybe_unused]] std::size_t size) noexcept {
#if EHLO_VECTOR
    // The last 64 octets again.
    if (!std::is_constant_evaluated() && size >= 64) return mask64<Set>(block + left - 64) >> (64 - left);
#endif
    return window({block, left}).template mask<Set>();
}
template <charset Set>
EHLO_INLINE constexpr std::uint64_t marks_at(char const* block, std::size_t left, std::size_t size) noexcept {
#if EHLO_VECTOR
    if (!std::is_constant_evaluated() && left >= 64) [[likely]] return mask64<Set>(block);
#endif
    return marks_of_rest<Set>(block, left, size);
}

/// The offsets of all octets in Set, one after the other. 64 octets are looked at at once, whatever lies between the marks: for
/// texts where these stand close, as the ends of short lines do.
template <charset Set>
class mark_finder {
    std::string_view text_;
    std::size_t base_ = 0;
    std::uint64_t bits_ = 0;

    EHLO_INLINE constexpr void look() noexcept { bits_ = marks_at<Set>(text_.data() + base_, text_.size() - base_, text_.size()); }

  public:
    EHLO_INLINE constexpr explicit mark_finder(std::string_view text) noexcept : text_(text) {
        if (text.size() >= 64) look();
        else bits_ = window(text).template mask<Set>();
    }
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

/// How far the text, which begins with one of Letters, is letters with single dots between them, and Hyphens that touch no dot:
/// up to some letter, as long as no more than 16 octets are looked at. A scanner goes on from there.
template <charset Letters, charset Hyphens = charset()>
constexpr std::size_t skip_labels(std::string_view text) noexcept {
#if EHLO_VECTOR
    if (!std::is_constant_evaluated()) {
        v16 const here = text.size() >= 16 ? load16(text.data()) : load_short(text.data(), text.size());
        std::uint32_t const letters = move_mask(lanes_of<ranges_without_nul<Letters>>(here)) ^ (ranges_without_nul<Letters>.inverted ? 0xFFFFu : 0u);
        std::uint32_t const dots = move_mask(reinterpret_cast<v16>(here == splat('.')));
        std::uint32_t hyphens = 0;
        if constexpr (Hyphens != charset()) hyphens = hits_of<Hyphens>(here);
        std::uint32_t const bad = (dots & (dots | hyphens) << 1) | (hyphens & dots << 1) | ~(letters | dots | hyphens);
        return highest_bit(letters & ((bad & (~bad + 1)) - 1)) + 1;
    }
#endif
    return find_first_plain<~Letters>(text);
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

}  // namespace ehlo::detail
