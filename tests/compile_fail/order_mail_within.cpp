// first: rfc5321_4_1_4_MAIL_needs.*state::greeted.*event::mail
// MAIL before EHLO or HELO.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::mail).from = state::ready | state::greeted; };
static_assert(ehlo::prove<broken<change>>());
