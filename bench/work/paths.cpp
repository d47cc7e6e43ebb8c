#include "../work.hpp"
#include "essence.hpp"

namespace bench {

void parse_paths(std::span<std::string_view const> paths) {
    for (std::string_view const p : paths) {
        auto const parsed = ehlo::parse_forward_path(p);
        use(parsed ? essence(*parsed) : parsed.error().at);
    }
}

}  // namespace bench
