// error: a handler's `on` takes what it is asked by constant reference
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::abandoned const&) {}
#else
    void on(ehlo::abandoned&) {}
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
