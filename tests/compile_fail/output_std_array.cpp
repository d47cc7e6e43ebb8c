// error: the output of advance needs reply_space octets
#include <ehlo/server.hpp>

#include <array>

struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
};

ehlo::want run(ehlo::server& s, handler& h) {
#ifdef EHLO_MUST_COMPILE
    std::array<char, 1024> out;
#else
    std::array<char, 512> out;
#endif
    return s.advance({}, h, out).want;
}
