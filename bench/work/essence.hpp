// A number that depends on every part of a path.
#pragma once

#include <ehlo/path.hpp>

namespace bench {

inline std::size_t essence(ehlo::path const& p) {
    return static_cast<std::size_t>(p.kind()) + p.local_part().size() + 3 * p.domain().size() +
           static_cast<std::size_t>(p.domain_kind()) + p.text().size() + p.tolerated().bits;
}

}  // namespace bench
