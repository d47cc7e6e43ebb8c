// first: rfc3030_2_a_spoilt.*state::spoilt.*event::auth
// AUTH after a refused chunk.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::auth).from = state::ready | state::spoilt; };
static_assert(ehlo::prove<broken<change>>());
