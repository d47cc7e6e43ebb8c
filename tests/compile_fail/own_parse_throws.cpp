// error: may not throw: declare them noexcept
// One whose parse may throw: in the machine it would end the program.
#include <ehlo/own_commands.hpp>

#include <string_view>

struct xown {
    struct type {};
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
    static constexpr ehlo::own_order order{};
#ifdef EHLO_MUST_COMPILE
    static ehlo::result<type> parse(std::string_view, ehlo::syntax const&) noexcept;
#else
    static ehlo::result<type> parse(std::string_view, ehlo::syntax const&);
#endif
};
static_assert(ehlo::detail::proved<xown>());
