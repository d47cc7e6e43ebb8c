// error: a handler's `on` takes what it is asked by constant reference
#include "own_command.hpp"

struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(take const&) { return {}; }
#else
    ehlo::relay_say on(take&) { return {}; }
#endif
};

ehlo::relayed run(ehlo::relay_with<xtake>& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
