// first: data
// A command that leads on spends the session: std::move stands before it.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
    auto rcpt = std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(rcpt).data(out));
#else
    static_cast<void>(rcpt.data(out));
#endif
}
