// first: a_state_with_and_without|rfc5321_6_1|rfc5321_3_3
// A command of the user's own that leads into a transaction without MAIL.
#include <ehlo/own_commands.hpp>

using ehlo::effect, ehlo::fact, ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready};
#else
    static constexpr ehlo::own_order order{.from = state::ready, .done = state::rcpt};
#endif
};
static_assert(ehlo::detail::proved<xown>());
