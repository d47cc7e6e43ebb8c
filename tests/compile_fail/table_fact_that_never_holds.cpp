// first: a_fact_that_never_holds
// A fact that nothing brings.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::mail).brings = fact::binary; };
static_assert(ehlo::prove<broken<change>>());
