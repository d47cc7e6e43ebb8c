// error: has_one_reply
// PRDR: the end of the message may have a reply for each recipient.
#include <ehlo/flow.hpp>

ehlo::progress<ehlo::client_reply> reply();

void f(ehlo::client& smtp, ehlo::writer& out) {
    auto content = ehlo::flow::resumed<ehlo::state::content, ehlo::fact::extended | ehlo::fact::prdr>(smtp);
    auto end = std::move(content).end_content(out);
#ifdef EHLO_MUST_COMPILE
    auto all = std::move(end).each();
    while (all.awaits()) static_cast<void>(all.on(reply()));
#else
    static_cast<void>(std::move(end).on(reply()));
#endif
}
