// What a client keeps of the answer to EHLO.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/detail/own_list.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// The offers of the latest accepted EHLO; none after HELO. `Own`: commands of the user's own.
template <class... Own>
class heard_offers {
    extensions extensions_{};
    std::uint64_t size_ = 0;
    std::uint16_t sized_ : 1 = 0;        // SIZE came with a number
    std::uint16_t mechanisms_ : 15 = 0;
    static_assert(mechanism_count <= 15);
    std::uint8_t own_ = 0;               // one bit for each of Own

  public:
    constexpr bool has(extension e) const noexcept { return extensions_.has(e); }
    /// Octets; 0: no limit, or none told.
    constexpr std::uint64_t max_size() const noexcept { return size_; }
    constexpr capabilities all() const noexcept { return {extensions_, sized_ ? std::optional(size_) : std::nullopt}; }
    constexpr mechanisms auth() const noexcept {
        mechanisms known;
        known.bits = mechanisms_;
        return known;
    }
    /// Whether all of these parameters may be sent.
    constexpr bool takes(parameter_ids ids) const noexcept { return parameters_without(ids, extensions_).empty(); }
    constexpr bool has_own(unsigned n) const noexcept { return (own_ >> n & 1) != 0; }

    constexpr void forget() noexcept {
        extensions_ = {};
        size_ = 0;
        sized_ = 0;
        mechanisms_ = 0;
        own_ = 0;
    }
    constexpr void hear(reply_view const& r, leniency tolerate) noexcept {
        forget();
        if (r.code() != 250) return;
        capabilities all;
        mechanisms heard;
        auto more = [&](extension e, std::string_view text, std::uint64_t blanks, bool) noexcept {
            if (e == extension::auth) heard |= mechanisms_among(words_of(text, blanks, tolerate, all.tolerated));
        };
        auto other = [&](std::string_view line) noexcept { own_ = static_cast<std::uint8_t>(own_ | own_list<Own...>::offers_in(line)); };
        read_ehlo_lines<true>(all, r, tolerate, [](std::string_view) noexcept {}, more, other);
        extensions_ = all.offered;
        size_ = all.size.value_or(0);
        sized_ = all.size.has_value();
        mechanisms_ = heard.bits & 0x7FFFu;
    }
};

}  // namespace ehlo::inline v0::inline EHLO_TARGET::detail
