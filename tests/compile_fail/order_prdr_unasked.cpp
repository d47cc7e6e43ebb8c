// first: rfc5321_4_3_2.*state::chunk.*event::last_chunk_end
// A 353 though MAIL did not ask for it.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::chunk, event::last_chunk_end).asked = {}; };
static_assert(ehlo::prove<broken<change>>());
