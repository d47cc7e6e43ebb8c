// error: the handler is never asked this
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::noop const&) { return ehlo::replies::ok; }
#else
    ehlo::reply on(ehlo::cmd::starttls const&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
