// error: mechanisms. is constant and returns ehlo::mechanisms
#include <ehlo/server.hpp>

constexpr ehlo::policy offering() {
    ehlo::policy p;
    p.offers = p.offers | ehlo::extension::auth;
    return p;
}
struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::replies::authenticated; }
    ehlo::auth_answer on(ehlo::auth_response const&) { return ehlo::replies::authenticated; }
#ifdef EHLO_MUST_COMPILE
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::external; }
#else
    ehlo::mechanisms mechanisms() { return ehlo::mechanism::external; }
#endif
};

ehlo::step run(ehlo::basic_server<offering()>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
