// error: a handler's `on` takes what it is asked by constant reference
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::answered const&) {}
#else
    void on(ehlo::answered&&) {}
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
