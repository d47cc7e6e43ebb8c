// error: RFC 5321 4\.5\.3\.1\.7: messages of at least 64 KiB
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.max_message = 65536;
#else
    p.max_message = 65535;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
