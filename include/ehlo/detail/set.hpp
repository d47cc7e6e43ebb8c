// A set of the enumerators of an enum.
#pragma once

#include <ehlo/config.hpp>

#include <cstdint>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A set of enumerators, of which there are 64 at most. Structural: it can be a template argument.
template <class Enum>
struct set_of {
    std::uint64_t bits = 0;

    constexpr set_of() noexcept = default;
    constexpr set_of(Enum e) noexcept : bits(std::uint64_t{1} << static_cast<unsigned>(e)) {}

    constexpr bool has(Enum e) const noexcept { return (bits >> static_cast<unsigned>(e) & 1) != 0; }
    constexpr bool has_all(set_of other) const noexcept { return (bits & other.bits) == other.bits; }
    constexpr bool has_any(set_of other) const noexcept { return (bits & other.bits) != 0; }
    constexpr bool empty() const noexcept { return bits == 0; }
    friend constexpr set_of operator|(set_of a, set_of b) noexcept { return with_bits(a.bits | b.bits); }
    friend constexpr set_of operator&(set_of a, set_of b) noexcept { return with_bits(a.bits & b.bits); }
    friend constexpr set_of operator-(set_of a, set_of b) noexcept { return with_bits(a.bits & ~b.bits); }
    constexpr set_of& operator|=(set_of other) noexcept { return *this = *this | other; }
    constexpr bool operator==(set_of const&) const = default;

    static constexpr set_of with_bits(std::uint64_t bits) noexcept {
        set_of s;
        s.bits = bits;
        return s;
    }
    /// The first `count` enumerators.
    static constexpr set_of first(unsigned count) noexcept {
        return with_bits(count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1);
    }
};

}  // namespace ehlo
