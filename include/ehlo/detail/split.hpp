// A text as a range of its pieces.
#pragma once

#include <ehlo/detail/scan.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// A piece as it stands.
struct as_it_stands {
    constexpr std::string_view operator()(std::string_view piece) const noexcept { return piece; }
};

/// The pieces of a text between octets of `Between`, each as `Make` makes it. Where `Runs`, several of these octets are as one, and those
/// before the first piece are passed over. A forward range of values (std::input_iterator for ranges and algorithms alike).
template <charset Between, bool Runs = false, class Make = as_it_stands>
class split_range {
    std::string_view text_;

  public:
    class iterator {
        std::string_view rest_;

        constexpr void skip(std::size_t n) noexcept {
            if constexpr (Runs)
                while (n < rest_.size() && Between.contains(rest_[n])) ++n;
            rest_ = sub(rest_, n);
        }
        constexpr std::size_t end() const noexcept { return find_first<Between>(rest_); }

      public:
        using value_type = decltype(Make()(std::string_view()));
        using difference_type = std::ptrdiff_t;

        constexpr iterator() noexcept = default;
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) { skip(0); }
        constexpr value_type operator*() const noexcept { return Make()(sub(rest_, 0, end())); }
        constexpr iterator& operator++() noexcept {
            std::size_t const n = end();
            skip(n == rest_.size() ? n : n + 1);
            return *this;
        }
        constexpr iterator operator++(int) noexcept {
            iterator const before = *this;
            ++*this;
            return before;
        }
        /// Of one and the same text.
        friend constexpr bool operator==(iterator const& a, iterator const& b) noexcept { return a.rest_.size() == b.rest_.size(); }
    };

    constexpr explicit split_range(std::string_view text EHLO_LIFETIMEBOUND) noexcept : text_(text) {}
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr bool empty() const noexcept { return text_.empty(); }
    constexpr iterator begin() const noexcept { return iterator(text_); }
    constexpr iterator end() const noexcept { return iterator(sub(text_, text_.size())); }
};

}  // namespace ehlo::detail
