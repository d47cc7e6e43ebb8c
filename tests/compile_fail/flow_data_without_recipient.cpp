// first: state::mail.*data
// DATA needs an accepted recipient: the message names the state and the command in its first lines.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>").on(reply()).accepted().data(out));
#else
    static_cast<void>(std::move(mail).data(out));
#endif
}
