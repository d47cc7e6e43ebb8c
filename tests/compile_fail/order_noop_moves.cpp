// first: rfc5321_4_1_1_NOOP.*event::noop
// NOOP that teaches something.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::noop).sets = fact::authenticated; };
static_assert(ehlo::prove<broken<change>>());
