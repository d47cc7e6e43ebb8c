// first: an_event_that_is_never_in_order.*event::own0
// One that needs what is never known where it may come.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready, .needs = fact::extended};
#else
    static constexpr ehlo::own_order order{.from = state::greeted, .needs = fact::extended};
#endif
};
static_assert(ehlo::detail::proved<xown>());
