// first: rfc3207_TLS_ends.*event::own0
// One that ends TLS in the middle of a session.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready, .needs = fact::tls};
#else
    static constexpr ehlo::own_order order{.from = state::ready, .needs = fact::tls, .clears = fact::tls};
#endif
};
static_assert(ehlo::detail::proved<xown>());
