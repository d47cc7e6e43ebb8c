// error: a_reply_begins_with_a_code_from_200_to_599
#include <ehlo/reply.hpp>

#ifdef EHLO_MUST_COMPILE
inline constexpr ehlo::reply r = "250 OK";
#else
inline constexpr ehlo::reply r = "250-OK";
#endif
