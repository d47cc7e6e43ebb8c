// first: rfc5321_3_8.*event::tls_lost
// TLS ends, and the session goes on in the clear.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { auto& r = t.row(state::greeted, event::tls_lost); r.done = r.more = r.refused = stay; r.does = effect::none; };
static_assert(ehlo::prove<broken<change>>());
