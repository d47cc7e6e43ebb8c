// Proof at compile time that a table of names, or of rows, has one for each enumerator.
#pragma once

#include <ehlo/config.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// Whether `Value` is one of its enum's enumerators: compilers spell one that is by its name, any other as a cast.
template <auto Value>
consteval bool is_enumerator() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
    std::string_view const text = __FUNCSIG__;
    return text.find("is_enumerator<(") == text.npos;
#else
    std::string_view const text = __PRETTY_FUNCTION__;
    return text.find("Value = (") == text.npos;
#endif
}

/// Whether `Count` is the number of enumerators of an enum that counts from 0: the last one is there, and no further one is.
template <class E, std::size_t Count>
consteval bool counts_all() noexcept {
    return Count != 0 && is_enumerator<static_cast<E>(Count - 1)>() && !is_enumerator<static_cast<E>(Count)>();
}

/// Whether each enumerator has a name of its own. The first `nameless` ones have none.
template <class E, std::size_t Count>
consteval bool names_all(std::string_view const (&names)[Count], std::size_t nameless = 0) noexcept {
    for (std::size_t i = 0; i < Count; ++i) {
        if (names[i].empty() != (i < nameless)) return false;
        for (std::size_t j = nameless; j < i; ++j)
            if (names[i] == names[j]) return false;
    }
    return counts_all<E, Count>();
}

/// Whether a table has a row for each enumerator, in their order. `code` is the member that holds it.
template <class E, class Row, std::size_t Count>
consteval bool rows_for_all(Row const (&rows)[Count], E Row::*code) noexcept {
    for (std::size_t i = 0; i < Count; ++i)
        if (static_cast<std::size_t>(rows[i].*code) != i) return false;
    return counts_all<E, Count>();
}

}  // namespace ehlo::detail
