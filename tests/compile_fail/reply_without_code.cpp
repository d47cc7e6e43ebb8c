// error: a_reply_begins_with_a_code_from_200_to_599
#include <ehlo/reply.hpp>

#ifdef EHLO_MUST_COMPILE
inline constexpr ehlo::reply r = "550 No such user here";
#else
inline constexpr ehlo::reply r = "No such user here";
#endif
