// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/reply.hpp>

void run(ehlo::reply const& r) {
#ifdef EHLO_MUST_COMPILE
    (void)check(r);
#else
    check(r);
#endif
}
