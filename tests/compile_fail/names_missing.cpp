// error: a state has no name
// A table of names, one of which was left out: an array of a given length would hold an empty one.
#include <ehlo/detail/names.hpp>

enum class light : unsigned char { red, green, off };

#ifdef EHLO_MUST_COMPILE
inline constexpr std::string_view names[] = {"red", "green", "off"};
#else
inline constexpr std::string_view names[] = {"red", "off"};
#endif
static_assert(ehlo::detail::names_all<light>(names), "a state has no name");
