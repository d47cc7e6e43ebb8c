// error: proved.*unused_event.*timer
// An event that no row has.
#include <ehlo/table.hpp>

enum class light { red, green, off };
enum class push { button, timer, plug };
using row = ehlo::transition<light, push>;

constexpr row rows[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::timer, light::red, light::green},
    {light::red, push::plug, light::off, light::off},
    {light::green, push::plug, light::off, light::off},
};
constexpr row wrong_rows[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::plug, light::off, light::off},
};

#ifdef EHLO_MUST_COMPILE
constexpr ehlo::transition_table<light, push, 3, 3> table(rows);
#else
constexpr ehlo::transition_table<light, push, 3, 3> table(wrong_rows);
#endif
static_assert(ehlo::prove<table>());
