// first: event::rcpt.*state::mail
// A command follows one whose reply was not taken.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).accepted().data(out));
#else
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>").accepted().data(out));
#endif
}
