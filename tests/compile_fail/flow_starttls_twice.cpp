// first: state::ready.*fact::tls.*starttls|starttls.*fact::tls
// RFC 3207 4.2: no STARTTLS under TLS.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto ready = ehlo::flow::resumed<ehlo::state::ready, ehlo::fact::extended>(smtp);
#ifdef EHLO_MUST_COMPILE
    static_cast<void>(std::move(ready).starttls(out));
#else
    auto secure = std::move(ready).starttls(out).on(reply()).accepted().secured().hello(out, "a.example").on(reply()).accepted();
    static_cast<void>(std::move(secure).starttls(out));
#endif
}
