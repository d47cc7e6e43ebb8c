// first: state::chunks
// RFC 3030 2: DATA and BDAT are not mixed.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
    auto rcpt = std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(rcpt).data(out));
#else
    static_cast<void>(std::move(rcpt).bdat(out, 0).on(reply()).accepted().data(out));
#endif
}
