// first: rfc4954_4_AUTH_once.*state::ready.*event::auth
// AUTH a second time.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::auth).barred = {}; };
static_assert(ehlo::prove<broken<change>>());
