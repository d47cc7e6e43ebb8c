// error: the handler is never asked this
#include <ehlo/server.hpp>

struct other {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
};
struct another {
    static ehlo::reply on(ehlo::cmd::bdat const&) { return ehlo::replies::ok; }
};

struct handler : other, another {
#ifdef EHLO_MUST_COMPILE
    using other::on;
#else
    using other::on, another::on;
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
