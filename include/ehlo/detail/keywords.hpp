// From a keyword to its row of a table, in whatever case: one look-up and one compare.
#pragma once

#include <ehlo/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// A place of its own for each of `Count` numbers: the highest bits of number * factor. The factor is found when this is compiled.
template <std::size_t Count, class Number>
struct places {
    static constexpr unsigned bits = Count > 32 ? 8 : Count > 16 ? 7 : 6;
    static_assert(Count < 64);
    Number factor;
    std::uint8_t row[std::size_t{1} << bits] = {};   ///< `Count` where no number has its place

    /// `guess`: the first factor that is tried.
    consteval explicit places(Number const (&numbers)[Count], Number guess = static_cast<Number>(0x9E3779B97F4A7C15u)) : factor(guess) {
        std::uint16_t taken[std::size_t{1} << bits] = {};   // by which try
        for (std::uint16_t tries = 1;; ++tries, factor = factor * static_cast<Number>(0xD1342543DE82EF95u) + 2) {
            std::size_t i = 0;
            while (i < Count && taken[slot(numbers[i])] != tries) taken[slot(numbers[i++])] = tries;
            if (i == Count) break;
        }
        for (auto& r : row) r = Count;
        for (std::size_t i = 0; i < Count; ++i) row[slot(numbers[i])] = static_cast<std::uint8_t>(i);
    }
    constexpr std::size_t slot(Number number) const noexcept { return static_cast<std::size_t>(static_cast<Number>(number * factor) >> (8 * sizeof(Number) - bits)); }
    constexpr unsigned find(Number number) const noexcept { return row[slot(number)]; }
};

/// The letters that a text begins with, 8 at most, in upper case. (Octets that differ from letters in more than bit 5 count as others.)
constexpr std::uint64_t head_of(std::string_view text) noexcept {
    std::uint64_t octets = 0;
    if (text.size() >= 8) [[likely]] octets = load8(text.data());
    else
        for (std::size_t i = 0; i < text.size(); ++i) octets |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    // Bit 6 tells letters from digits, signs and controls.
    constexpr std::uint64_t each = 0x0101010101010101u;
    if (std::uint64_t const ends = ~octets & each * 0x40; ends != 0) octets &= ((ends & (~ends + 1)) - 1) >> 6;
    return octets & each * 0xDF;
}
constexpr std::size_t letters_of(std::string_view keyword) noexcept {
    std::size_t n = 0;
    while (n < keyword.size() && n < 8 && chars::alpha.contains(keyword[n])) ++n;
    return n;
}

/// The keyword of a row, or of a table that is nothing but keywords.
template <class Row>
constexpr std::string_view keyword_of(Row const& row) noexcept {
    if constexpr (requires { row.keyword; }) return row.keyword;
    else return row;
}

template <auto const& Table>
inline constexpr std::size_t rows_of = sizeof Table / sizeof *Table;

/// The rows of a table by the letters that their keywords begin with, which tell them all apart.
template <auto const& Table>
struct keyword_heads {
    std::uint64_t head[rows_of<Table> + 1] = {};   // the last one is that of no row
    std::uint8_t letters[rows_of<Table>] = {};
    consteval keyword_heads() {
        for (std::size_t i = 0; i < rows_of<Table>; ++i) {
            head[i] = head_of(keyword_of(Table[i]));
            letters[i] = static_cast<std::uint8_t>(letters_of(keyword_of(Table[i])));
        }
        head[rows_of<Table>] = ~std::uint64_t{0};  // what no text has
    }
};
template <auto const& Table>
inline constexpr keyword_heads<Table> heads_of{};
template <auto const& Table>
consteval auto places_of_heads() {
    std::uint64_t heads[rows_of<Table>] = {};
    for (std::size_t i = 0; i < rows_of<Table>; ++i) heads[i] = heads_of<Table>.head[i];
    return places<rows_of<Table>, std::uint64_t>(heads);
}
template <auto const& Table>
inline constexpr auto keyword_places = places_of_heads<Table>();

/// The row whose keyword the text begins with, in whatever case; the number of rows if there is none. What stands after the keyword
/// is for the caller to look at: it may be an octet with which a longer word goes on.
template <auto const& Table>
constexpr unsigned find_row_at(std::string_view text) noexcept {
    constexpr unsigned none = rows_of<Table>;
    std::uint64_t const head = head_of(text);
    unsigned const i = keyword_places<Table>.find(head);
    if (heads_of<Table>.head[i] != head) return none;
    std::string_view const keyword = keyword_of(Table[i]);
    std::size_t const told = heads_of<Table>.letters[i];
    if (keyword.size() > told && (text.size() < keyword.size() || !spells(sub(keyword, told), sub(text, told, keyword.size() - told)))) return none;
    return i;
}
/// For a machine without vectors, which is likely to be a small one: the keywords, each after its length. That is half of what views of
/// them are, and no more than 200 octets with the look-up, which the tables above make 900.
template <auto const& Table>
struct packed_keywords {
    static constexpr std::size_t size = [] {
        std::size_t n = 0;
        for (auto const& row : Table) n += 1 + keyword_of(row).size();
        return n;
    }();
    char octets[size] = {};
    consteval packed_keywords() {
        std::size_t at = 0;
        for (auto const& row : Table) {
            octets[at++] = static_cast<char>(keyword_of(row).size());
            for (char const c : keyword_of(row)) octets[at++] = c;
        }
    }
};
template <auto const& Table>
inline constexpr packed_keywords<Table> keywords_packed{};
constexpr unsigned find_packed(char const* at, unsigned count, std::string_view keyword) noexcept {
    unsigned i = 0;
    for (; i < count; ++i) {
        auto const size = static_cast<unsigned char>(*at);
        if (spells({at + 1, size}, keyword)) break;
        at += size + 1;
    }
    return i;
}

/// The row with this keyword.
template <auto const& Table>
constexpr unsigned find_row(std::string_view keyword) noexcept {
    constexpr unsigned none = rows_of<Table>;
    if constexpr (!EHLO_VECTOR) {
        return find_packed(keywords_packed<Table>.octets, none, keyword);
    } else {
        unsigned const i = find_row_at<Table>(keyword);
        return i != none && keyword_of(Table[i]).size() == keyword.size() ? i : none;
    }
}

/// The number of a name among a few, in whatever case; the number of all if it is none.
template <std::size_t Count>
constexpr unsigned find_name(std::string_view const (&names)[Count], std::string_view name) noexcept {
    for (unsigned i = 0; i < Count; ++i)
        if (spells(names[i], name)) return i;
    return Count;
}

/// Likewise of names that are known when this is compiled: to compare with each of them is a compare of sizes, and of a word or two
/// where these are the same. (A machine without vectors is likely to be a small one.)
template <auto const& Names>
constexpr unsigned find_known_name(std::string_view name) noexcept {
    if constexpr (!EHLO_VECTOR) return find_name(Names, name);
    return [name]<std::size_t... I>(std::index_sequence<I...>) noexcept {
        unsigned found = sizeof...(I);
        static_cast<void>(((spells_here(Names[I], name) && (found = I, true)) || ...));
        return found;
    }(std::make_index_sequence<rows_of<Names>>());
}

}  // namespace ehlo::detail
