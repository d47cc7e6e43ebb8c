// first: rfc5321_4_1_1_11_parameters.*event::parameter
// Parameters after HELO.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::greeted, event::parameter).needs = {}; };
static_assert(ehlo::prove<broken<change>>());
