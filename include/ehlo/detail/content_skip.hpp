// Content that needs no judgement, passed over without a copy: blocks of 128 octets in which nothing stands that a reader of
// content must look at (find_content_event tells what). With AVX2 where the processor has it: half the time.
#pragma once

#include <ehlo/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

#if EHLO_VECTOR
// A macro because it is needed twice: GCC would lower a template to the vectors of the baseline before it inlines it into a function
// for AVX2.
#define EHLO_SKIP_CLEAN(V, is_zero)                                                                                       \
    char const* const begin = p;                                                                                          \
    V const cr = V{} + static_cast<unsigned char>('\r'), lf = V{} + static_cast<unsigned char>('\n'),                     \
            dot = V{} + static_cast<unsigned char>('.');                                                                  \
    for (; size >= 128; p += 128, size -= 128) {                                                                          \
        V hit{}, least = V{} + static_cast<unsigned char>(255), here, before;                                             \
        EHLO_UNROLL for (unsigned i = 0; i < 128; i += static_cast<unsigned>(sizeof(V))) {                                \
            std::memcpy(&here, p + i, sizeof here);                                                                       \
            std::memcpy(&before, p + i - 1, sizeof before);                                                               \
            hit |= reinterpret_cast<V>(before == cr) ^ reinterpret_cast<V>(here == lf);                                   \
            hit |= reinterpret_cast<V>((before == lf) & (here == dot));                                                   \
            least = here < least ? here : least;                                                                          \
        }                                                                                                                 \
        hit |= reinterpret_cast<V>(least == V{});                                                                         \
        if (!is_zero(hit)) break;                                                                                         \
    }                                                                                                                     \
    return static_cast<std::size_t>(p - begin);

using content_vector = unsigned char __attribute__((vector_size(16)));
EHLO_INLINE bool is_zero(content_vector v) noexcept {
    using halves = std::uint64_t __attribute__((vector_size(16)));
    halves const h = reinterpret_cast<halves>(v);
    return (h[0] | h[1]) == 0;
}
/// The octets of whole clean blocks at `p`. Reads p[-1].
inline std::size_t skip_clean_baseline(char const* p, std::size_t size) noexcept { EHLO_SKIP_CLEAN(content_vector, is_zero) }

#if EHLO_RUN_TIME_AVX2 || defined(__AVX2__)
using wide_content_vector = unsigned char __attribute__((vector_size(32)));
__attribute__((target("avx2"), always_inline)) inline bool is_wide_zero(wide_content_vector const& v) noexcept {
    using words = long long __attribute__((vector_size(32)));
    words const w = reinterpret_cast<words>(v);
    return __builtin_ia32_ptestz256(w, w) != 0;
}
__attribute__((target("avx2"), noinline)) inline std::size_t skip_clean_avx2(char const* p, std::size_t size) noexcept {
    EHLO_SKIP_CLEAN(wide_content_vector, is_wide_zero)
}
#endif
#undef EHLO_SKIP_CLEAN

inline std::size_t skip_clean_content(char const* p, std::size_t size) noexcept {
#if defined(__AVX2__)
    return skip_clean_avx2(p, size);
#elif EHLO_RUN_TIME_AVX2
    return __builtin_cpu_supports("avx2") ? skip_clean_avx2(p, size) : skip_clean_baseline(p, size);
#else
    return skip_clean_baseline(p, size);
#endif
}
#endif  // EHLO_VECTOR

}  // namespace ehlo::detail
