// error: the handler is never asked this
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::abandoned const&) {}
#else
    void on(ehlo::cmd::rset const&) noexcept {}
#endif
};

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
