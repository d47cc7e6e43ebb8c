// error: the handler is never asked this
#include <ehlo/server.hpp>

struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::noop const&) { return ehlo::replies::ok; }
#else
    ehlo::reply on(ehlo::cmd::starttls const&) { return ehlo::replies::ok; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
