// first: rfc5321_3_3_DATA_needs.*state::mail.*event::last_burl
// A message without a recipient is delivered.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::rcpt, event::last_burl).from = state::mail | state::rcpt | state::chunks; };
static_assert(ehlo::prove<broken<change>>());
