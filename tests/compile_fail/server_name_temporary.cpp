// error: deleted
#include <ehlo/server.hpp>

#include <string>

std::string host();
bool run() {
#ifdef EHLO_MUST_COMPILE
    std::string const name = host() + ".example";
    ehlo::server s(name);
#else
    ehlo::server s(host() + ".example");
#endif
    return s.recipients() == 0;
}
