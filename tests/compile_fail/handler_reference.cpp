// error: a handler's `on` takes what it is asked by constant reference
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::noop const&) { return ehlo::replies::ok; }
#else
    ehlo::reply on(ehlo::cmd::noop&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
