#include "../work.hpp"

#include <ehlo/command_reader.hpp>

namespace bench {

/// Octets as typed commands, parameters included, each handed on to code that could look at all of it.
void parse_commands(std::string_view in) {
    ehlo::command_reader reader;
    while (!in.empty()) {
        auto const p = reader.next(in, 2048, ehlo::strict_syntax, [](auto const& command) noexcept {
            use(&command);
            use_memory();
        });
        in.remove_prefix(p.consumed);
    }
}

}  // namespace bench
