// first: a_fact_of_the_transaction_that_outlives_it
// SMTPUTF8 is kept when the transaction is not: its facts come without one.
#include "broken.hpp"

constexpr auto change = [](changed_rows& t) { t.row(state::connected, event::greeting).sets = fact::smtputf8; };
static_assert(ehlo::prove<broken<change>>());
