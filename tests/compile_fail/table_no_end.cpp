// first: a_situation_that_cannot_end_if_all_is_refused.*state::handshake
// All is refused, and there is no way out.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::handshake, event::secured).refused = stay; };
static_assert(ehlo::prove<broken<change>>());
