// first: rfc5321_3_3_RCPT_needs.*state::ready.*event::rcpt
// RCPT without MAIL.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::mail, event::rcpt).from = state::ready | state::mail | state::rcpt; };
static_assert(ehlo::prove<broken<change>>());
