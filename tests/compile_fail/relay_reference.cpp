// error: a handler's `on` takes what it is asked by constant reference
#include <ehlo/relay.hpp>

struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(ehlo::cmd::rcpt const&) { return {}; }
#else
    ehlo::relay_say on(ehlo::cmd::rcpt&) { return {}; }
#endif
};

ehlo::relayed run(ehlo::relay& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
