// error: the answer to EHLO needs up to 1,024 octets
#include <ehlo/server.hpp>

constexpr ehlo::policy rules() {
    ehlo::policy p;
#ifdef EHLO_MUST_COMPILE
    p.reply_space = 1024;
#else
    p.reply_space = 1023;
#endif
    return p;
}

ehlo::basic_server<rules()> session("mx.example.org");
