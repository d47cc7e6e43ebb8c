// first: rfc3207_4_STARTTLS.*state::ready.*event::starttls
// STARTTLS under TLS.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::starttls).barred = {}; };
static_assert(ehlo::prove<broken<change>>());
