// first: rfc5321_3_1_a_greeting.*state::connected.*event::greeting
// A refused greeting opens the session all the same.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::connected, event::greeting).done = state::refused; t.row(state::connected, event::greeting).refused = state::greeted; };
static_assert(ehlo::prove<broken<change>>());
