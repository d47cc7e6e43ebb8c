#include "../work.hpp"

#include <ehlo/capabilities.hpp>

namespace bench {

void parse_capabilities(std::string_view answer) {
    auto const r = ehlo::parse_reply(fresh(answer));
    auto const c = ehlo::parse_capabilities(*r);
    use(c->offered.bits + c->size.value_or(0));
}

}  // namespace bench
