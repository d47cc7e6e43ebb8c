// error: bool|convert|operator!
#include <ehlo/content.hpp>

bool ended(ehlo::content_encoder& e, ehlo::writer& out) {
#ifdef EHLO_MUST_COMPILE
    return !e.finish(out).done();
#else
    return !e.finish(out);
#endif
}
