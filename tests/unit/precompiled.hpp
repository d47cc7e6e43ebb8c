// What nearly all files here include, read by the compiler once for all of them.
#include "catch.hpp"

#include <ehlo/ehlo.hpp>
