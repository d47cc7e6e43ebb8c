// first: rfc3030_3_no_DATA.*state::rcpt.*event::data
// DATA for a binary message.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::rcpt, event::data).barred = {}; };
static_assert(ehlo::prove<broken<change>>());
