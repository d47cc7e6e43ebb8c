// error: STARTTLS is offered, and the handler lacks: reply on\(ehlo::cmd::starttls const&\)
#include <ehlo/server.hpp>

constexpr ehlo::policy offering() {
    ehlo::policy p;
    p.offers = p.offers | ehlo::extension::starttls;
    return p;
}
struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }

#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::starttls const&) { return "220 2.0.0 Go ahead"; }
#else
    // none
#endif
};

ehlo::step run(ehlo::basic_server<offering()>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
