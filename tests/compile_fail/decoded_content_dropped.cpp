// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/content.hpp>

void run(ehlo::content_decoder& d, std::span<char> out) {
#ifdef EHLO_MUST_COMPILE
    (void)d.decode("a", out);
#else
    d.decode("a", out);
#endif
}
