// error: the output of advance needs reply_space octets
#include "handler.hpp"

#include <array>

using handler = least<>;

ehlo::want run(ehlo::server& s, handler& h) {
#ifdef EHLO_MUST_COMPILE
    std::array<char, 1024> out;
#else
    std::array<char, 512> out;
#endif
    return s.advance({}, h, out).want;
}
