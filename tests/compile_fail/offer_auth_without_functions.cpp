// error: AUTH is offered, and the handler lacks: mechanisms mechanisms\(\) const
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::external; }
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::replies::authenticated; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::authenticated; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::auth)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
