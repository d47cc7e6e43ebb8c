// error: deleted
#include <ehlo/relay.hpp>

#include <string>

constexpr ehlo::policy rules = ehlo::relay_policy();
std::string hostname();
#ifdef EHLO_MUST_COMPILE
std::string const name = hostname();
ehlo::relay relay(rules, name);
#else
ehlo::relay relay(rules, hostname() + ".example");
#endif
