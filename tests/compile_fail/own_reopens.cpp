// first: a_way_out_of_the_end.*state::closed.*event::own0
// One that is in order when all is over.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready, .done = state::greeted, .clears = fact::extended};
#else
    static constexpr ehlo::own_order order{.from = state::closed, .done = state::greeted};
#endif
};
static_assert(ehlo::detail::proved<xown>());
