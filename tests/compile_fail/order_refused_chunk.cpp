// first: rfc3030_2_chunks.*event::chunk_end
// A refused chunk, and the transaction goes on.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::chunk, event::chunk_end).refused = state::rcpt; t.row(state::chunk, event::chunk_end).does = effect::none; };
static_assert(ehlo::prove<broken<change>>());
