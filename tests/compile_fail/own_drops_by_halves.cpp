// first: a_state_with_and_without
// One that drops the transaction and stays in it.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::mail | state::rcpt, .done = state::ready, .does = effect::drops};
#else
    static constexpr ehlo::own_order order{.from = state::mail | state::rcpt, .does = effect::drops};
#endif
};
static_assert(ehlo::detail::proved<xown>());
