// error: a relay's `on` returns ehlo::relay_say here
#include <ehlo/relay.hpp>

struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(ehlo::cmd::mail const&) { return {}; }
#else
    void on(ehlo::cmd::mail const&) {}
#endif
};

ehlo::relayed run(ehlo::relay& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
