// first: rfc5321_4_1_1_10_QUIT.*state::refused.*event::quit|a_situation_that_cannot_end
// No QUIT after a refused greeting.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::quit).from = ehlo::detail::session_rows::commands; };
static_assert(ehlo::prove<broken<change>>());
