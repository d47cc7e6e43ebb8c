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

    constexpr void hear_mechanisms(std::string_view names) noexcept {
        mechanisms_ = static_cast<std::uint16_t>(mechanisms_ | parse_mechanisms(names).bits);
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
        if (r.code() != 250) return;
        answer_blanks blanks{tolerate};
        auto known = [&](extension e, std::string_view parameters) noexcept {
            extensions_ = extensions_ | e;
            if (e == extension::size) {
                auto n = parse_decimal(parameters);
                if (!n) [[unlikely]] n = parse_decimal(blanks.parameters(parameters));
                max_size_ = n ? *n : 0;
            } else if (e == extension::auth) {
                hear_mechanisms(parameters);
            }
        };
        auto other = [&](std::string_view line) noexcept {
            if (istarts_with(line, "AUTH=")) {   // an old form
                extensions_ = extensions_ | extension::auth;
                hear_mechanisms(sub(line, 5));
            }
            unsigned all = own_, n = 0;
            ((all |= iequals(split_capability(line).keyword, Own::keyword) ? 1u << n++ : 0u << n++), ...);
            own_ = static_cast<std::uint8_t>(all);
            static_cast<void>(n);
        };
        visit_ehlo_lines(r, tolerate, known, other);
    }
};

}  // namespace ehlo::inline v0::inline EHLO_TARGET::detail
