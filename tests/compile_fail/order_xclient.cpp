// first: xclient_begins_anew.*state::ready.*event::xclient
// XCLIENT that keeps what EHLO said.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::xclient).clears = {}; };
static_assert(ehlo::prove<broken<change>>());
