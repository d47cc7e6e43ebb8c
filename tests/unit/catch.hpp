// Catch2, version 2 or 3; and a check of what holds in constant expressions and where the program runs, which may go another way.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#define CHECK_BOTH(...)               \
    do {                              \
        static_assert(__VA_ARGS__);   \
        CHECK((__VA_ARGS__));         \
    } while (false)
