// error: RFC 5321 4\.5\.3\.1\.4: command lines of at least 512 octets
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
    p.offers = ehlo::extension::pipelining;
#ifdef EHLO_MUST_COMPILE
    p.max_line = 512;
#else
    p.max_line = 511;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
