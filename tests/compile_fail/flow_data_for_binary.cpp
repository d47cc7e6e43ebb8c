// first: fact::binary
// RFC 3030 3: a binary message is not for DATA.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out, ehlo::mail_options const& options) {
    auto mail = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp).mail<ehlo::fact::binary>(out, "<ann@a.example>", options);
    auto rcpt = std::move(mail).on(reply()).accepted().rcpt(out, "<bob@b.example>").on(reply()).accepted();
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(rcpt).bdat_last(out, 0));
#else
    static_cast<void>(std::move(rcpt).data(out));
#endif
}
