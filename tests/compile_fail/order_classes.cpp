// first: rfc5321_4_3_2_classes.*state::rcpt.*event::data
// DATA that 250 is an answer to.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::rcpt, event::data).done = stay; };
static_assert(ehlo::prove<broken<change>>());
