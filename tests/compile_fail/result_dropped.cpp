// error: nodiscard|unused-result
// flags: -Werror=unused-result
#include <ehlo/reply.hpp>

void run(ehlo::writer& out, ehlo::reply const& r) {
#ifdef EHLO_MUST_COMPILE
    (void)ehlo::write_reply(out, r);
#else
    ehlo::write_reply(out, r);
#endif
}
