// error: RFC 5321 4\.5\.3\.1\.8: at least 100 recipients
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.max_recipients = 100;
#else
    p.max_recipients = 99;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
