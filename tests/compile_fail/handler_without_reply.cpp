// error: the handler lacks: reply on\(ehlo::cmd::mail const&\)
// It is there, but says nothing that could be sent.
#include "handler.hpp"

struct handler : least<ehlo::cmd::mail> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
#else
    void on(ehlo::cmd::mail const&) {}
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
