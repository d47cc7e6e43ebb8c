// error: the output of advance needs reply_space octets
#include "handler.hpp"

using handler = least<>;

ehlo::want run(ehlo::server& s, handler& h) {
#ifdef EHLO_MUST_COMPILE
    char out[1024];
#else
    char out[1023];
#endif
    return s.advance({}, h, out).want;
}
