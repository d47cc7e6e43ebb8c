// error: 'on' is (a )?private|a handler's `on` is public|is private within this context
#include <ehlo/observer.hpp>

class handler {
#ifdef EHLO_MUST_COMPILE
  public:
#endif
    void on(ehlo::seen::reply const&) {}
};

ehlo::observed run(ehlo::observer& o, handler& h) { return o.advance(ehlo::direction::from_server, "", h); }
