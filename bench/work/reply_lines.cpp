#include "../work.hpp"

#include <ehlo/reply_reader.hpp>

namespace bench {

void parse_reply_lines(std::string_view in) {
    while (!in.empty()) {
        auto const r = ehlo::parse_reply(in);
        auto const status = r->enhanced();
        use(r->code() + (status ? status->detail : 0u));
        for (std::string_view const line : r->lines()) use(line.data() + line.size());
        in.remove_prefix(r.consumed);
    }
}

}  // namespace bench
