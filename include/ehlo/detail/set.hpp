// A set of the enumerators of an enum.
#pragma once

#include <ehlo/config.hpp>

#include <cstdint>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A set of enumerators, of which there are `Count`: 64 at most. Structural: it can be a template argument.
template <class Enum, unsigned Count = 64>
struct set_of {
    static_assert(Count <= 64);
    using word = std::conditional_t<Count <= 32, std::uint32_t, std::uint64_t>;
    word bits = 0;

    constexpr set_of() noexcept = default;
    constexpr set_of(Enum e) noexcept : bits(static_cast<word>(word{1} << static_cast<unsigned>(e))) {}

    constexpr bool has(Enum e) const noexcept { return (bits >> static_cast<unsigned>(e) & 1) != 0; }
    constexpr bool has_all(set_of other) const noexcept { return (bits & other.bits) == other.bits; }
    constexpr bool has_any(set_of other) const noexcept { return (bits & other.bits) != 0; }
    constexpr bool empty() const noexcept { return bits == 0; }
    friend constexpr set_of operator|(set_of a, set_of b) noexcept { return with_bits(a.bits | b.bits); }
    friend constexpr set_of operator&(set_of a, set_of b) noexcept { return with_bits(a.bits & b.bits); }
    friend constexpr set_of operator-(set_of a, set_of b) noexcept { return with_bits(a.bits & ~b.bits); }
    constexpr set_of& operator|=(set_of other) noexcept { return *this = *this | other; }
    constexpr bool operator==(set_of const&) const = default;

    static constexpr set_of with_bits(word bits) noexcept {
        set_of s;
        s.bits = bits;
        return s;
    }
    /// The first `count` enumerators.
    static constexpr set_of first(unsigned count) noexcept {
        return with_bits(count >= sizeof(word) * 8 ? static_cast<word>(~word{0}) : static_cast<word>((word{1} << count) - 1));
    }
    static constexpr set_of all() noexcept { return first(Count); }
};

}  // namespace ehlo
