// first: rfc4954_4_only_AUTH.*state::ready.*event::turn
// TURN that authenticates.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::turn).sets = fact::authenticated; };
static_assert(ehlo::prove<broken<change>>());
