// first: event::own0
// One in the content.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::rcpt};
#else
    static constexpr ehlo::own_order order{.from = state::content};
#endif
};
static_assert(ehlo::detail::proved<xown>());
