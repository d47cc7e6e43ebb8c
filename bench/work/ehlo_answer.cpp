#include "../work.hpp"

#include <ehlo/ehlo_answer.hpp>

namespace bench {

void parse_ehlo_answer(std::string_view answer) {
    auto const r = ehlo::parse_reply(fresh(answer));
    auto const a = ehlo::parse_ehlo_answer(*r);
    use(a->offered.bits + a->size.value_or(0) + a->domain.size() + a->greet.size() + a->auth_text.size() +
        a->limits.rcpt_max.value_or(0) + a->limits.mail_max.value_or(0));
}

}  // namespace bench
