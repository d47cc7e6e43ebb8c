// first: a_way_out_of_the_end.*state::closed.*event::greeting
// A row for the last state.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::connected, event::greeting).from = state::connected | state::closed; };
static_assert(ehlo::prove<broken<change>>());
