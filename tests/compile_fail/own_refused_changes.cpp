// first: rfc5321_4_1_4_a_refused_command.*event::own0
// One that changes something though it was refused.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready};
#else
    static constexpr ehlo::own_order order{.from = state::ready, .refused = state::greeted};
#endif
};
static_assert(ehlo::detail::proved<xown>());
