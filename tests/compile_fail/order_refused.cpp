// first: rfc5321_4_1_4_a_refused_command.*state::ready.*event::etrn
// A refused command that moves on.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::etrn).refused = state::greeted; };
static_assert(ehlo::prove<broken<change>>());
