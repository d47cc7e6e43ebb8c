// error: the handler is never asked this
#include "handler.hpp"

struct another {
    static ehlo::reply on(ehlo::cmd::bdat const&) { return ehlo::replies::ok; }
};

struct handler : least<>, another {
#ifdef EHLO_MUST_COMPILE
    using least::on;
#else
    using least::on, another::on;
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
