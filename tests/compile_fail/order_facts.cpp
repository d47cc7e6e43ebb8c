// first: facts_change_by.*event::etrn|rfc5321_4_1_1_NOOP.*event::etrn
// ETRN that forgets EHLO.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::etrn).clears = fact::extended; };
static_assert(ehlo::prove<broken<change>>());
