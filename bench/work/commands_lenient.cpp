#include "../work.hpp"

#include <ehlo/command_reader.hpp>

namespace bench {

void parse_commands_leniently(std::string_view in) {
    static constexpr ehlo::syntax tolerant{.tolerate = ehlo::leniency::all()};
    ehlo::command_reader reader;
    while (!in.empty()) {
        auto const p = reader.next(in, 2048, tolerant, [](auto const& command) noexcept {
            use(&command);
            use_memory();
        });
        in.remove_prefix(p.consumed);
    }
}

}  // namespace bench
