// first: rfc5321_4_1_4_RSET_NOOP.*state::content.*event::noop
// NOOP in the content.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::noop).from = ehlo::detail::session_rows::commands | state::content; };
static_assert(ehlo::prove<broken<change>>());
