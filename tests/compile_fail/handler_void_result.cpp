// error: a handler's `on` returns ehlo::reply here
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::data const&) { return ehlo::replies::start_content; }
#else
    void on(ehlo::cmd::data const&) {}
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
