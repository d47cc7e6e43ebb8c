// Catch2 3 is linked with a main of its own; Catch2 2 needs one file that makes it.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
