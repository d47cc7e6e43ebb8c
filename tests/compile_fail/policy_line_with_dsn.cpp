// error: RFC 5321 4\.5\.3\.1\.4: command lines of 512 octets and what the parameters
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.offers = ehlo::extension::dsn;
    p.max_line = 1036;  // RFC 3461 5.4
#else
    p.offers = ehlo::extension::dsn;
    p.max_line = 1035;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
