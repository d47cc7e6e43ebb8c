// first: an_event_that_is_never_in_order.*event::turn
// An event that no row has.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::turn).on = {}; };
static_assert(ehlo::prove<broken<change>>());
