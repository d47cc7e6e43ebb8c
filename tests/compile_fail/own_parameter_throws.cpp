// error: noexcept|throw
// A parameter whose parse may throw: in the machine it would end the program.
#include <ehlo/parameters.hpp>

#include <optional>
#include <string_view>

struct x_own {
    static constexpr std::string_view keyword = "X-OWN";
#ifdef EHLO_MUST_COMPILE
    static ehlo::result<x_own> parse(std::optional<std::string_view>) noexcept;
#else
    static ehlo::result<x_own> parse(std::optional<std::string_view>);
#endif
};
using taken = ehlo::own_parameters<x_own>;
taken t;
