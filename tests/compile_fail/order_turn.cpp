// first: rfc2645_5.*state::ready.*event::turn
// TURN, and the roles stay as they are.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::turn).done = state::closed; };
static_assert(ehlo::prove<broken<change>>());
