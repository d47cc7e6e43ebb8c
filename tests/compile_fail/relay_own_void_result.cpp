// error: a relay's `on` returns ehlo::relay_say here
#include "own_command.hpp"

struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(take const&) { return {}; }
#else
    void on(take const&) {}
#endif
};

ehlo::relayed run(ehlo::relay_with<xtake>& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
