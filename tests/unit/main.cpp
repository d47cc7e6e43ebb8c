// Catch2 3 is linked with a main of its own; Catch2 2 needs one file that makes it.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

// Made for a processor with AVX2, on one without: skipped, before anything else of the program runs.
#if defined(__AVX2__)
#include <cstdlib>

__attribute__((constructor(101))) static void skip_without_avx2() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma")) std::_Exit(77);
}
#endif
