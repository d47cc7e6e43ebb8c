// first: rfc5321_4_3_2_classes_of_replies.*event::own0
// One whose 3yz leads to where no commands are read: in an exchange a line of the client could authenticate it.
#include <ehlo/own_commands.hpp>

using ehlo::state;

struct xown {
    static constexpr std::string_view verb = "XOWN", keyword = "XOWN";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = state::ready, .more = ehlo::stay_in<state>};
#else
    static constexpr ehlo::own_order order{.from = state::ready, .more = state::exchange};
#endif
};
static_assert(ehlo::detail::proved<xown>());
