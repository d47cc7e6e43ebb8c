// Sends a report by a provider's submission service (RFC 6409): under TLS from the beginning (RFC 8314), with AUTH PLAIN.
#include "sending.hpp"

bool device_main() noexcept {
    sending<ehlo::client> to({.tls = ehlo::tls_use::required});
    return to.smtp.secured() && to.accepted() &&
           to.say([](auto& smtp, auto& out) { return smtp.hello(out, "[192.0.2.7]").has_value(); }) &&
           to.say([](auto& smtp, auto& out) {
               return smtp.auth(out, ehlo::sasl::plain{.authcid = "sensor", .password = "secret"}).has_value();
           }) &&
           to.say([](auto& smtp, auto& out) { return smtp.mail(out, "<sensor@example.org>").has_value(); }) &&
           to.say([](auto& smtp, auto& out) { return smtp.rcpt(out, "<reports@example.org>").has_value(); }) &&
           to.say([](auto& smtp, auto& out) { return smtp.data(out).has_value(); }) &&
           to.content() &&
           to.say([](auto& smtp, auto& out) { return smtp.quit(out).has_value(); });
}
