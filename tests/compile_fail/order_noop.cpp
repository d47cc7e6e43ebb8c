// first: rfc5321_4_1_4_RSET_NOOP.*state::greeted.*event::noop
// NOOP only after EHLO.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::noop).from = ehlo::detail::session_rows::in_order; };
static_assert(ehlo::prove<broken<change>>());
