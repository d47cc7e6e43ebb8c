// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/content.hpp>

void run(ehlo::content_encoder& e, ehlo::writer& out) {
#ifdef EHLO_MUST_COMPILE
    (void)e.encode("a", out);
#else
    e.encode("a", out);
#endif
}
