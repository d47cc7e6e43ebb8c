// Sends a report to a relay nearby: the greeting, one transaction, QUIT.
#include "sending.hpp"

bool device_main() noexcept {
    sending<ehlo::client> to;
    return to.accepted() &&
           to.say([](auto& smtp, auto& out) { return smtp.hello(out, "[192.0.2.7]").has_value(); }) &&
           to.say([](auto& smtp, auto& out) { return smtp.mail(out, "<sensor@example.org>").has_value(); }) &&
           to.say([](auto& smtp, auto& out) { return smtp.rcpt(out, "<reports@example.org>").has_value(); }) &&
           to.say([](auto& smtp, auto& out) { return smtp.data(out).has_value(); }) &&
           to.content() &&
           to.say([](auto& smtp, auto& out) { return smtp.quit(out).has_value(); });
}
