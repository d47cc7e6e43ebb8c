// error: the output of advance needs reply_space octets
#include <ehlo/server.hpp>

struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
};

ehlo::want run(ehlo::server& s, handler& h) {
#ifdef EHLO_MUST_COMPILE
    char out[1024];
#else
    char out[512];
#endif
    return s.advance({}, h, std::span(out)).want;
}
