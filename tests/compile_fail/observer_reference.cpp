// error: a handler's `on` takes what it is asked by constant reference
#include <ehlo/observer.hpp>

struct handler {
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::seen::reply const&) {}
#else
    void on(ehlo::seen::reply&) {}
#endif
    void on(ehlo::seen::transaction const&) {}
};

ehlo::observed run(ehlo::observer& o, handler& h) { return o.advance(ehlo::direction::from_server, "", h); }
