// first: rfc3030_2_no_DATA.*state::chunks.*event::data|rfc5321_4_3_2.*state::chunks.*event::data
// DATA after a chunk.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::chunks, event::data).in_order = true; t.row(state::chunks, event::data).more = state::content; };
static_assert(ehlo::prove<broken<change>>());
