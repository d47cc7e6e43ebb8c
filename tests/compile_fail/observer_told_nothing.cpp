// error: the handler is told nothing|no member named 'on'
#include <ehlo/observer.hpp>

struct handler {
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::seen::command const&) {}
#endif
};

ehlo::observed run(ehlo::observer& o, handler& h) { return o.advance(ehlo::direction::from_server, "", h); }
