// error: a state has no row
// A table of rows in their order, the last of which was left out.
#include <ehlo/detail/names.hpp>

enum class light : unsigned char { red, green, off };
struct row {
    light code;
    int volts;
};

inline constexpr row rows[] = {
    {light::red, 5},
    {light::green, 5},
#ifdef EHLO_MUST_COMPILE
    {light::off, 0},
#endif
};
static_assert(ehlo::detail::rows_for_all(rows, &row::code), "a state has no row");
