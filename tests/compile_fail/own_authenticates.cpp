// first: rfc4954_4_only_AUTH.*event::own0
// One that authenticates.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready, .barred = fact::authenticated};
#else
    static constexpr ehlo::own_order order{.from = state::ready, .sets = fact::authenticated};
#endif
};
static_assert(ehlo::detail::proved<xown>());
