#include "accepting.hpp"

namespace bench {

ehlo::step advance(ehlo::server& session, std::string_view in, accepting& handler) { return advance_with(session, in, handler); }

}  // namespace bench
