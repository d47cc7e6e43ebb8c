// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/server.hpp>

struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
};

void run(ehlo::server& s, handler& h, std::span<char> out) {
#ifdef EHLO_MUST_COMPILE
    (void)s.advance({}, h, out);
#else
    s.advance({}, h, out);
#endif
}
