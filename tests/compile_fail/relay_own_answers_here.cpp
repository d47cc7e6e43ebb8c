// error: a yes to this command moves the session, and is the server's to say
// One that begins a transaction, of which the server would hear nothing.
#include "own_command.hpp"

struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(take const&) { return {}; }
#else
    ehlo::reply on(take const&) { return ehlo::replies::ok; }
#endif
};

ehlo::relayed run(ehlo::relay_with<xtake>& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
