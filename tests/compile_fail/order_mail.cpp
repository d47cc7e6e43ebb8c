// first: rfc5321_3_3_MAIL_RCPT_DATA.*state::rcpt.*event::data
// flags: -DUNCHANGED_IS_PROVED
// DATA that leads to a chunk.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::rcpt, event::data).more = state::chunk; };
static_assert(ehlo::prove<broken<change>>());
