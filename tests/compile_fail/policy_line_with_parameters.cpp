// error: RFC 5321 4\.5\.3\.1\.4: command lines of 512 octets and what the parameters
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.max_line = 512 + 26 + 14 + 10;  // SIZE, BODY=8BITMIME, SMTPUTF8
#else
    p.max_line = 512 + 26 + 14 + 10 - 1;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
