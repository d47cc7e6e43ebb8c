// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/chunk.hpp>

void run(ehlo::chunk_reader& r) {
#ifdef EHLO_MUST_COMPILE
    (void)r.next("a");
#else
    r.next("a");
#endif
}
