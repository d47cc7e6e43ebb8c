// error: a relay does not ask about BDAT
#include <ehlo/relay.hpp>

struct handler {
    void on(ehlo::content const&) {}
#ifndef EHLO_MUST_COMPILE
    ehlo::relay_say on(ehlo::cmd::bdat const&) { return "552 5.3.4 Too large"; }
#endif
};

ehlo::relayed run(ehlo::relay& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
