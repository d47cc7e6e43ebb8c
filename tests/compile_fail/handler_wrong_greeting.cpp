// error: a handler's `on` returns ehlo::reply here
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::connected const&) { return "220 hello"; }
#else
    bool on(ehlo::connected const&) { return true; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
