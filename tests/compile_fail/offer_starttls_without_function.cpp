// error: STARTTLS is offered, and the handler lacks: reply on\(ehlo::cmd::starttls const&\)
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    ehlo::reply on(ehlo::cmd::starttls const&) { return "220 2.0.0 Go ahead"; }
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::starttls)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
