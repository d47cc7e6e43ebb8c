// error: RFC 2033 4\.2: an LMTP server has a reply for each recipient in any case
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifndef EHLO_MUST_COMPILE
    p.service = ehlo::service::lmtp;
#endif
    p.offers = p.offers | ehlo::extension::prdr;
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
