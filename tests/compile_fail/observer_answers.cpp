// error: what an observer tells has no answer
#include <ehlo/observer.hpp>

struct handler {
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::seen::of<ehlo::cmd::mail> const&) {}
#else
    ehlo::reply on(ehlo::seen::of<ehlo::cmd::mail> const&) { return ehlo::replies::ok; }
#endif
};

ehlo::observed run(ehlo::observer& o, handler& h) { return o.advance(ehlo::direction::from_server, "", h); }
