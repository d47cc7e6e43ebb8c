// first: rfc5321_4_1_4_an_accepted_RSET.*state::spoilt.*event::rset|rfc5321_4_1_4_an_accepted_RSET.*event::rset
// RSET that forgets TLS.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::rset).clears = fact::tls; };
static_assert(ehlo::prove<broken<change>>());
