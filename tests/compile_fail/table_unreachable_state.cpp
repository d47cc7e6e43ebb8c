// first: a_state_that_cannot_be_reached.*state::handshake
// A state that no way leads to.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::starttls).done = stay; };
static_assert(ehlo::prove<broken<change>>());
