// error: the handler lacks: reply on\(ehlo::cmd::hello const&\)
#include "handler.hpp"

#ifdef EHLO_MUST_COMPILE
using handler = least<>;
#else
using handler = least<ehlo::cmd::hello>;
#endif

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
