#include "../work.hpp"

#include <ehlo/utf8.hpp>

namespace bench {

void check_utf8(std::string_view in) { use(ehlo::find_bad_utf8(in)); }

}  // namespace bench
