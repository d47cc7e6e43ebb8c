// error: XCLIENT or XFORWARD is offered, and the handler lacks
#include <ehlo/server.hpp>

constexpr ehlo::policy offering() {
    ehlo::policy p;
    p.offers = p.offers | ehlo::extension::xclient;
    return p;
}
struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }

#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::xclient const&) { return "220 ready"; }
#else
    // none
#endif
};

ehlo::step run(ehlo::basic_server<offering()>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
