// first: two_rows_for_one_cell.*state::mail.*event::mail
// Two rows for one state and event.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::mail).from = state::ready | state::mail; t.row(state::mail, event::rcpt).on = event::rcpt | event::mail; };
static_assert(ehlo::prove<broken<change>>());
