// error: changes the answer to EHLO where it stands
#include "handler.hpp"

struct handler : least<> {
    using least::on;
#ifdef EHLO_MUST_COMPILE
    void on(ehlo::ehlo_answer& a) { a.greet = "hello"; }
#else
    void on(ehlo::ehlo_answer const&) {}
#endif
};

ehlo::step run(ehlo::basic_server<offering(ehlo::extension::dsn)>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
