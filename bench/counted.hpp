// What instructions.py counts: the passes inside of counted_passes(), by its name.
#pragma once

#include "sink.hpp"

#include <functional>

extern "C" [[gnu::noinline]] inline void counted_passes(std::function<void()> const& pass, int passes) {
    for (int i = 0; i < passes; ++i) pass();
    bench::use_memory();  // no tail call: the function must be left to be counted
}

namespace bench {
/// Of one pass: the second call less the first is a pass without what only the first one has or what the call costs.
inline void count_pass(std::function<void()> const& pass) {
    // By way of a pointer of which nothing is known: GCC would make copies of the function for each number of passes.
    static void (*volatile count)(std::function<void()> const&, int) = counted_passes;
    count(pass, 1);
    count(pass, 2);
}
}  // namespace bench
