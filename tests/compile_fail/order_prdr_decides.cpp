// first: prdr_353.*state::chunk.*event::last_chunk_end
// After a 353 to BDAT LAST octets are read as content, and the replies for each recipient are not awaited.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::chunk, event::last_chunk_end).more = state::content; };
static_assert(ehlo::prove<broken<change>>());
