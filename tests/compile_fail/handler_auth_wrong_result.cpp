// error: returns ehlo::auth_answer here
#include "handler.hpp"

struct handler : least<> {
    using least::on;
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::external; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::authenticated; }
#ifdef EHLO_MUST_COMPILE
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::replies::authenticated; }
#else
    bool on(ehlo::cmd::auth const&) { return true; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::auth)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
