// error: ETRN is offered, and the handler lacks: reply on\(ehlo::cmd::etrn const&\)
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::etrn const&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::etrn)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
