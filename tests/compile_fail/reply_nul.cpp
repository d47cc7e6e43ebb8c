// error: a_reply_holds_no_CR_LF_or_NUL
#include <ehlo/reply.hpp>

#ifdef EHLO_MUST_COMPILE
inline constexpr ehlo::reply r = "250 OK";
#else
inline constexpr ehlo::reply r = "250 O\0K";
#endif
