// error: a handler's `on` is public
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::ok; }
#else
  protected:
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
