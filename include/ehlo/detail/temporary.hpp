// Views borrow: a parser that returns some refuses a text that ends with the statement.
#pragma once

#include <ehlo/config.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// What a call like `parse_path(read_line())` is given, if read_line returns a std::string: an object that owns its octets and
/// is gone when the call has returned, with views of it in the result. Views themselves (borrowed ranges) and literals are not.
/// Each parser whose result borrows has a deleted overload for it, with the same parameters otherwise.
template <class T>
concept temporary = std::is_class_v<std::remove_cv_t<T>> && !std::is_lvalue_reference_v<T> &&
                    std::convertible_to<T, std::string_view> && !std::ranges::enable_borrowed_range<std::remove_cv_t<T>>;

}  // namespace ehlo::detail
