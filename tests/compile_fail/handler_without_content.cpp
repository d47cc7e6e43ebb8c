// error: the handler lacks: void on\(ehlo::content const&\)
#include "handler.hpp"

#ifdef EHLO_MUST_COMPILE
using handler = least<>;
#else
using handler = least<ehlo::content>;
#endif

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
