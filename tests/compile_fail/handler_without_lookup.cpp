// error: EXPN is offered, and the handler lacks: reply on\(ehlo::cmd::vrfy const&\)
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::expn)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
