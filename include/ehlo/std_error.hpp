// Opt-in: ehlo's errors as std::error_code, for programs that pass errors on in that shape.
#pragma once

#include <ehlo/error.hpp>

#include <string>
#include <system_error>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The category of errc: its values are those of errc plus 1, because a std::error_code of 0 means success.
inline std::error_category const& error_category() noexcept {
    struct category final : std::error_category {
        char const* name() const noexcept override { return "ehlo"; }
        std::string message(int value) const override {
            if (value < 1 || static_cast<std::size_t>(value) > std::size(errc_table)) return "no error of ehlo";
            return std::string(v0::message(static_cast<errc>(value - 1)));
        }
        std::error_condition default_error_condition(int value) const noexcept override {
            if (value >= 1 && blame_of(static_cast<errc>(value - 1)) == blame::misuse) return std::errc::invalid_argument;
            return std::errc::protocol_error;
        }
    };
    static category const only;
    return only;
}

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code) + 1, error_category()}; }

}  // namespace ehlo

template <>
struct std::is_error_code_enum<ehlo::errc> : std::true_type {};
