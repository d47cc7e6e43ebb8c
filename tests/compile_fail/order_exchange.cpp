// first: rfc4954_4_an_exchange.*state::exchange.*event::response
// A failed exchange that authenticates nobody, and forgets EHLO.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::exchange, event::response).refused = state::greeted; };
static_assert(ehlo::prove<broken<change>>());
