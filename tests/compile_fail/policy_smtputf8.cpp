// error: RFC 6531 3\.1: a server that offers SMTPUTF8 offers 8BITMIME
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.offers = ehlo::extension::smtputf8 | ehlo::extension::eight_bit_mime;
#else
    p.offers = ehlo::extension::smtputf8;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
