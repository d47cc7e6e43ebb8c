// error: consumed
// only: clang
// flags: -Wconsumed -Werror
// A session that was spent is used again.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail(out, "<ann@a.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>"));
#else
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>"));
    static_cast<void>(std::move(mail).rcpt(out, "<bob@b.example>"));
#endif
}
