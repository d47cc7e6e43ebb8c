// Made for a processor with AVX2, on one without: skipped, before anything else of the program runs.
#include <cstdlib>

__attribute__((constructor(101))) static void skip_without_avx2() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma")) std::_Exit(77);
}
