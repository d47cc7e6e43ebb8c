// first: what_is_out_of_order.*state::mail.*event::bdat
// A chunk without a recipient, and the transaction goes on.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::mail, event::bdat).refused = stay; t.row(state::mail, event::bdat).does = effect::none; };
static_assert(ehlo::prove<broken<change>>());
