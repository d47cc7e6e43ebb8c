// error: EXPN is offered, and the handler lacks: reply on\(ehlo::cmd::vrfy const&\)
#include <ehlo/server.hpp>

struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::ok; }
#else

#endif
};

constexpr ehlo::policy rules() {
    ehlo::policy p;
    p.offers = ehlo::extension::expn;
    return p;
}
ehlo::step run(ehlo::basic_server<rules()>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
