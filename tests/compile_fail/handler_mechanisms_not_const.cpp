// error: mechanisms. is constant and returns ehlo::mechanisms
#include "handler.hpp"

struct handler : least<> {
    using least::on;
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::replies::authenticated; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::authenticated; }
#ifdef EHLO_MUST_COMPILE
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::external; }
#else
    ehlo::mechanisms mechanisms() { return ehlo::mechanism::external; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::auth)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
