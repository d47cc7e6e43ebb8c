// first: a_state_with_and_without_a_transaction.*state::greeted
// RFC 5321 4.1.4: EHLO drops the transaction, or `ready` is a state with one.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::ready, event::hello).does = effect::none; };
static_assert(ehlo::prove<broken<change>>());
