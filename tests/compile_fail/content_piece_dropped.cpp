// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/content.hpp>

void run(ehlo::content_decoder& d) {
#ifdef EHLO_MUST_COMPILE
    (void)d.next("a");
#else
    d.next("a");
#endif
}
