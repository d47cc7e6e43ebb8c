// first: rfc3207_4_2.*state::handshake.*event::secured
// What was learnt before TLS survives it.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::handshake, event::secured).clears = fact::extended; };
static_assert(ehlo::prove<broken<change>>());
