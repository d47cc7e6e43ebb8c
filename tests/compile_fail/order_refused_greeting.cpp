// first: rfc5321_3_1_nothing_but_QUIT.*state::refused.*event::etrn
// Commands after a refused greeting.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::etrn).from = state::ready | state::refused; t.row(state::ready, event::etrn).needs = {}; };
static_assert(ehlo::prove<broken<change>>());
