#include "../work.hpp"

#include <ehlo/command_reader.hpp>

namespace bench {

void parse_reads(std::span<std::string_view const> reads) {
    ehlo::command_reader reader;
    for (std::string_view in : reads) {
        for (;;) {
            auto const p = reader.next(in, 2048, ehlo::strict_syntax, [](auto const& command) noexcept {
                use(&command);
                use_memory();
            });
            in.remove_prefix(p.consumed);
            if (p.need_more()) break;
        }
    }
}

}  // namespace bench
