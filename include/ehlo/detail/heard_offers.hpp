// What a client keeps of the answer to EHLO.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/reply.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// The offers of the latest accepted EHLO; none after HELO. `Own`: commands of the user's own.
template <class... Own>
class heard_offers {
    extensions extensions_{};
    std::uint64_t max_size_ = 0;   // 0: none stated
    std::uint16_t mechanisms_ = 0;
    static_assert(mechanism_count <= 16);
    std::uint8_t own_ = 0;         // one bit for each of Own

    EHLO_NOINLINE constexpr void hear_rare(reply_view const& r, leniency tolerate) noexcept {
        auto known = [this](extension e, std::string_view parameters) noexcept {
            if (e == extension::auth) mechanisms_ = static_cast<std::uint16_t>(mechanisms_ | parse_mechanisms(parameters).bits);
        };
        auto own = [this](std::string_view line) noexcept {
            unsigned all = own_, n = 0;
            ((all |= iequals(split_capability(line).keyword, Own::keyword) ? 1u << n++ : 0u << n++), ...);
            own_ = static_cast<std::uint8_t>(all);
            static_cast<void>(line), static_cast<void>(n);
        };
        visit_ehlo_lines(r, tolerate, known, own);
    }

  public:
    constexpr bool has(extension e) const noexcept { return extensions_.has(e); }
    constexpr std::uint64_t max_size() const noexcept { return max_size_; }
    constexpr capabilities all() const noexcept { return {extensions_, max_size_ != 0 ? std::optional(max_size_) : std::nullopt}; }
    constexpr v0::mechanisms mechanisms() const noexcept {
        v0::mechanisms known;
        known.bits = mechanisms_;
        return known;
    }
    /// Whether all of these parameters may be sent.
    constexpr bool takes(parameter_ids ids) const noexcept { return (ids - parameters_of(extensions_)).empty(); }
    constexpr bool has_own(unsigned n) const noexcept { return (own_ >> n & 1) != 0; }

    constexpr void forget() noexcept {
        extensions_ = {};
        max_size_ = 0;
        mechanisms_ = 0;
        own_ = 0;
    }
    constexpr void hear(reply_view const& r, leniency tolerate) noexcept {
        forget();
        if (auto const c = parse_capabilities(r, tolerate)) {
            extensions_ = c->offered;
            max_size_ = c->max_size.value_or(0);
        }
        if (sizeof...(Own) != 0 || has(extension::auth)) hear_rare(r, tolerate);
    }
};

}  // namespace ehlo::inline v0::inline EHLO_TARGET::detail
