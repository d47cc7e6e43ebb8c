// error: the_enhanced_status_code_is_of_another_class_than_the_reply
#include <ehlo/reply.hpp>

#ifdef EHLO_MUST_COMPILE
inline constexpr ehlo::reply r = "550 5.1.1 No such user here";
#else
inline constexpr ehlo::reply r = "550 2.1.1 No such user here";
#endif
