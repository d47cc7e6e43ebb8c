// error: a handler's `on` returns ehlo::reply here
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::cannot_verify; }
#else
    std::string_view on(ehlo::cmd::vrfy const&) { return "250 Somebody"; }
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
