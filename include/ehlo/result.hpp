// A value or a failure (result), and a value, a failure or "not yet" (progress).
#pragma once

#include <ehlo/error.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
/// Makes a result whose value its owner fills in where it stands: a copy of a parsed command costs 20 instructions.
struct to_be_filled {};
}  // namespace detail

/// A `T` or a `failure`, with the vocabulary of std::expected. Our own type in every language mode, so that C++20 and
/// C++23 translation units agree on it. `*r` and `r->` need `r`; `error()` needs `!r`.
template <class T>
class [[nodiscard]] result {
    static_assert(std::is_trivially_copyable_v<T>);
    // A union, so that a failed parse never pays for clearing a value that nobody reads.
    union {
        T value_;
        failure failure_;
    };
    bool ok_;

  public:
    using value_type = T;
    using error_type = failure;

    constexpr result(T const& value) noexcept : value_(value), ok_(true) {}
    constexpr result(failure const& f) noexcept : failure_(f), ok_(false) {}
    constexpr explicit result(detail::to_be_filled) noexcept : value_(), ok_(true) {}
    /// By way of a result made of it, all the octets of a value that is not there would be copied.
    constexpr result& operator=(failure const& f) noexcept {
        failure_ = f;
        ok_ = false;
        return *this;
    }

    constexpr explicit operator bool() const noexcept { return ok_; }
    constexpr bool has_value() const noexcept { return ok_; }
    constexpr T const& operator*() const noexcept { return value_; }
    constexpr T& operator*() noexcept { return value_; }
    constexpr T const* operator->() const noexcept { return &value_; }
    constexpr T* operator->() noexcept { return &value_; }
    constexpr T const& value() const noexcept { return value_; }
    constexpr failure error() const noexcept { return failure_; }
    constexpr T value_or(T const& other) const noexcept { return ok_ ? value_ : other; }
};

/// What an incremental parser says: `need_more` octets, `ready` with a value, or `failed`.
/// `consumed` octets of the input are done with in every case; the views of a ready value point into them, so they
/// live until the caller discards those octets.
template <class T>
class [[nodiscard]] progress {
    static_assert(std::is_trivially_copyable_v<T>);
    enum class kind : std::uint8_t { need_more, ready, failed };
    union {
        T value_;
        failure failure_;
    };
    kind kind_;

  public:
    std::size_t consumed;

    constexpr progress(std::size_t used) noexcept : failure_{}, kind_(kind::need_more), consumed(used) {}
    constexpr progress(T const& value, std::size_t used) noexcept
        : value_(value), kind_(kind::ready), consumed(used) {}
    constexpr progress(failure const& f, std::size_t used) noexcept
        : failure_(f), kind_(kind::failed), consumed(used) {}

    constexpr bool need_more() const noexcept { return kind_ == kind::need_more; }
    constexpr bool ready() const noexcept { return kind_ == kind::ready; }
    constexpr bool failed() const noexcept { return kind_ == kind::failed; }
    constexpr T const& operator*() const noexcept { return value_; }
    constexpr T const* operator->() const noexcept { return &value_; }
    constexpr failure error() const noexcept { return failure_; }
};

}  // namespace ehlo
