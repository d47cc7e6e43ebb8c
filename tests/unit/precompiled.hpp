// What nearly all files here include, read by the compiler once for all of them.
#include "catch.hpp"

// Clang counts no line of what it has precompiled.
#ifndef EHLO_TEST_COVERAGE
#include <ehlo/ehlo.hpp>
#endif
