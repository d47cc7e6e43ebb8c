// first: rfc5321_3_2_EHLO.*event::hello
// EHLO that opens no extensions where it is said again.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::hello).clears = fact::tls; };
static_assert(ehlo::prove<broken<change>>());
