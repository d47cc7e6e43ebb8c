// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include "handler.hpp"

using handler = least<>;

void run(ehlo::server& s, handler& h, std::span<char> out) {
#ifdef EHLO_MUST_COMPILE
    (void)s.advance({}, h, out);
#else
    s.advance({}, h, out);
#endif
}
