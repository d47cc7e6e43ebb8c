// first: rfc5321_3_3_DATA_needs.*state::mail.*event::data
// DATA without a recipient.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::mail, event::data).in_order = true; };
static_assert(ehlo::prove<broken<change>>());
