#include "../work.hpp"

#include <ehlo/reply_reader.hpp>

namespace bench {

void parse_replies(std::string_view in) {
    while (!in.empty()) {
        auto const r = ehlo::parse_reply(in);
        use(r->code() + r->line_count());
        in.remove_prefix(r.consumed);
    }
}

}  // namespace bench
