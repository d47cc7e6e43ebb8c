// error: XCLIENT or XFORWARD is offered, and the handler lacks
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::xclient const&) { return "220 ready"; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::xclient)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
