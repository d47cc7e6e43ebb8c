// From a keyword to its row of a table, in whatever case: one look-up and one compare.
#pragma once

#include <ehlo/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// A place of its own for each of `Count` numbers: the highest bits of number * factor. The factor is found when this is compiled.
template <std::size_t Count, unsigned Bits = (Count > 32 ? 8 : Count > 16 ? 7 : 6)>
struct places {
    static_assert(Count < 64);
    std::uint32_t factor = 0x9E3779B1u;
    std::uint8_t row[std::size_t{1} << Bits] = {};   ///< `Count` where no number has its place

    consteval explicit places(std::uint32_t const (&numbers)[Count]) {
        std::uint16_t taken[std::size_t{1} << Bits] = {};   // by which try
        for (std::uint16_t tries = 1;; ++tries, factor = factor * 0x915F77F5u + 2) {
            std::size_t i = 0;
            while (i < Count && taken[slot(numbers[i])] != tries) taken[slot(numbers[i++])] = tries;
            if (i == Count) break;
        }
        for (auto& r : row) r = Count;
        for (std::size_t i = 0; i < Count; ++i) row[slot(numbers[i])] = static_cast<std::uint8_t>(i);
    }
    constexpr std::size_t slot(std::uint32_t number) const noexcept { return static_cast<std::uint32_t>(number * factor) >> (32 - Bits); }
    constexpr unsigned find(std::uint32_t number) const noexcept { return row[slot(number)]; }
};

/// What tells keywords apart, the case of letters aside: the first octet, one in the middle, the last, and the size.
constexpr std::uint32_t key_of(std::string_view keyword) noexcept {
    std::size_t const size = keyword.size();
    auto octet = [keyword](std::size_t at) noexcept { return std::uint32_t{static_cast<unsigned char>(keyword[at])} & 0xDFu; };
    return octet(0) | octet((size - 1) / 2) << 8 | octet(size - 1) << 16 | static_cast<std::uint32_t>(size) << 24;
}

/// The keyword of a row, or of a table that is nothing but keywords.
template <class Row>
constexpr std::string_view keyword_of(Row const& row) noexcept {
    if constexpr (requires { row.keyword; }) return row.keyword;
    else return row;
}

template <auto const& Table>
inline constexpr std::size_t rows_of = sizeof Table / sizeof *Table;

template <auto const& Table>
consteval auto places_of_keywords() {
    std::uint32_t keys[rows_of<Table>] = {};
    for (std::size_t i = 0; i < rows_of<Table>; ++i)
        if (std::string_view const keyword = keyword_of(Table[i]); !keyword.empty()) keys[i] = key_of(keyword);
    return places<rows_of<Table>>(keys);
}
template <auto const& Table>
inline constexpr auto keyword_places = places_of_keywords<Table>();

/// The number of the row with this keyword, in whatever case; the number of rows if there is none.
template <auto const& Table>
constexpr unsigned find_row(std::string_view keyword) noexcept {
    constexpr unsigned none = rows_of<Table>;
    if (keyword.empty()) return none;
    unsigned const i = keyword_places<Table>.find(key_of(keyword));
    return i != none && spells(keyword_of(Table[i]), keyword) ? i : none;
}

}  // namespace ehlo::detail
