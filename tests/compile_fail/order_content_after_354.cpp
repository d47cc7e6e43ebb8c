// first: rfc2920_3_1.*state::mail.*event::data
// A server that says 354 does not read content.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::mail, event::data).more = stay; };
static_assert(ehlo::prove<broken<change>>());
