// error: the handler lacks: reply on\(ehlo::cmd::rcpt const&\)
#include "handler.hpp"

#ifdef EHLO_MUST_COMPILE
using handler = least<>;
#else
using handler = least<ehlo::cmd::rcpt>;
#endif

ehlo::step run(ehlo::server& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
