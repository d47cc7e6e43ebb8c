// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/reply_reader.hpp>

void run(ehlo::reply_reader& r) {
#ifdef EHLO_MUST_COMPILE
    (void)r.next("a");
#else
    r.next("a");
#endif
}
