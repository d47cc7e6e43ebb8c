// Keeps a result alive at the cost of nothing: the compiler may not leave out what led to it. (GCC and Clang.)
#pragma once

#include <cstddef>
#include <string_view>

namespace bench {

/// A number that somebody might look at.
template <class T>
inline void use(T value) {
    asm volatile("" : : "r"(value));
}
/// All that was written to memory, likewise.
inline void use_memory() { asm volatile("" : : : "memory"); }
/// The same text, of which the compiler no longer knows anything: nothing is computed once for many passes.
inline std::string_view fresh(std::string_view text) {
    char const* data = text.data();
    std::size_t size = text.size();
    asm volatile("" : "+r"(data), "+r"(size) : : "memory");
    return {data, size};
}

}  // namespace bench
