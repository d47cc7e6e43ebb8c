// first: answered<.*event::rcpt.*state::mail
// The reply was taken, but nobody asked whether it is yes or no.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).accepted().data(out));
#else
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).data(out));
#endif
}
