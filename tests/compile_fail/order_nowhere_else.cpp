// first: each_event_where.*state::greeted.*event::atrn
// ATRN before EHLO: no rule of its own says it, the list of all does.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::atrn).from = state::ready | state::greeted; };
static_assert(ehlo::prove<broken<change>>());
