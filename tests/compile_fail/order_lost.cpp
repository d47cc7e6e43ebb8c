// first: rfc5321_3_8.*event::lost|rfc5321_3_8.*event::shutdown
// A connection is lost, and 250 keeps it.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::lost).done = state::refused; };
static_assert(ehlo::prove<broken<change>>());
