// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/client.hpp>

void run(ehlo::client& c) {
#ifdef EHLO_MUST_COMPILE
    (void)c.secured();
#else
    c.secured();
#endif
}
