// The only macros that the library leaves defined. None of them changes what the code does.
#pragma once

// What ehlo can be compiled with. Every header begins with this one, directly or through the first that it includes.
#if defined(__clang__) && __clang_major__ < 14
#define EHLO_UNSUPPORTED
#error "ehlo needs Clang 14 or later, GCC 11, or MSVC 19.29 (Visual Studio 2019 16.11)"
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 11
#define EHLO_UNSUPPORTED
#error "ehlo needs GCC 11 or later, Clang 14, or MSVC 19.29 (Visual Studio 2019 16.11)"
#elif defined(_MSC_VER) && _MSC_VER < 1929
#define EHLO_UNSUPPORTED
#error "ehlo needs MSVC 19.29 (Visual Studio 2019 16.11) or later, GCC 11, or Clang 14"
#elif defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#define EHLO_UNSUPPORTED
#error "ehlo needs C++20: compile with -std=c++20 or later (MSVC: /std:c++20)"
#else
#include <version>
#if defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE < 11
#define EHLO_UNSUPPORTED
#error "ehlo needs the standard library of GCC 11 or later: an older one was found"
#elif defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000
#define EHLO_UNSUPPORTED
#error "ehlo needs libc++ 14 or later: an older one was found"
#endif
#endif
// GCC and Clang go on after an #error, and hundreds of others would bury it. They do stop at a file that is not there.
#ifdef EHLO_UNSUPPORTED
#include <see_the_error_above>
#endif

// EHLO_LIFETIMEBOUND: the result borrows from this argument. Clang then warns about a view that outlives its octets.
// (Clang 14 does not see a temporary std::string behind a string_view parameter; newer ones do.)
#if defined(__clang__)
#define EHLO_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define EHLO_LIFETIMEBOUND
#endif

// A value that is spent by a call (flow.hpp): Clang warns with -Wconsumed about a second use. C++ has no other means for that.
#if defined(__clang__)
#define EHLO_CONSUMABLE [[clang::consumable(unconsumed)]]
#define EHLO_CONSUMES [[clang::callable_when("unconsumed")]] [[clang::set_typestate(consumed)]]
#define EHLO_UNCONSUMED [[clang::return_typestate(unconsumed)]]
#else
#define EHLO_CONSUMABLE
#define EHLO_CONSUMES
#define EHLO_UNCONSUMED
#endif

// EHLO_INLINE: for the few functions whose call would cost more than their body. EHLO_ASSUME: what always holds and GCC 12 cannot see:
// it warns of reads that cannot happen, and a check for its sake would cost two instructions an octet. Where nothing is optimised,
// bodies in the place of calls would only double what there is to compile; at -Os they made a server 3 KB larger.
#if defined(__GNUC__)
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define EHLO_INLINE __attribute__((always_inline)) inline
#else
#define EHLO_INLINE inline
#endif
#define EHLO_NOINLINE __attribute__((noinline))
#define EHLO_INLINE_LAMBDA __attribute__((always_inline))
#define EHLO_ASSUME(fact) do { if (!(fact)) __builtin_unreachable(); } while (false)
#else
#define EHLO_INLINE inline
#define EHLO_NOINLINE
#define EHLO_INLINE_LAMBDA
#define EHLO_ASSUME(fact) static_cast<void>(0)
#endif

// EHLO_UNROLL: for loops of a few known turns. Both do it at -O3; at -O2 GCC does not.
#if defined(__clang__)
#define EHLO_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define EHLO_UNROLL _Pragma("GCC unroll 8")
#else
#define EHLO_UNROLL
#endif

// EHLO_VECTOR: GNU vector extensions with a 16-octet compare and move-mask (every x86-64, where SSE2 is the baseline; NEON).
// The gathered bits are in the order of the octets on little-endian machines only.
// The intrinsics headers cost more to parse than all of ehlo (immintrin.h: 250 to 660 ms), so they are not used.
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON)) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(EHLO_NO_VECTOR)
#define EHLO_VECTOR 1
#else
#define EHLO_VECTOR 0
#endif

// EHLO_CHECK_FAST: all that a fast attempt accepts is compared with what the grammar says (detail/fast.hpp). For tests and fuzzing: define
// it as 1 for all of a program.
#if !defined(EHLO_CHECK_FAST)
#define EHLO_CHECK_FAST 0
#endif

// EHLO_RUN_TIME_AVX2: the processor is asked whether it has AVX2, where the compiler was not told. Only content and base64 are
// copied that way: twice the speed, and three times. Nothing else of the library gains that much.
#if EHLO_VECTOR && defined(__x86_64__) && !defined(__AVX2__)
#define EHLO_RUN_TIME_AVX2 1
#else
#define EHLO_RUN_TIME_AVX2 0
#endif

// EHLO_TARGET: what the compiler was told of the processor, as an inline namespace. Two objects of one program may be compiled with
// other options each; were their functions of one name, the linker would keep one of them, and it might need a newer processor.
#define EHLO_PASTE_(a, b, c) a##b##c
#define EHLO_PASTE(a, b, c) EHLO_PASTE_(a, b, c)
#if EHLO_VECTOR
#define EHLO_TARGET_KERNELS target_vectors
#else
#define EHLO_TARGET_KERNELS target_plain  // not a name that somebody may have: an inline namespace is seen
#endif
#if defined(__AVX512F__)
#define EHLO_TARGET_WIDTH _avx512
#elif defined(__AVX2__)
#define EHLO_TARGET_WIDTH _avx2
#elif defined(__AVX__)
#define EHLO_TARGET_WIDTH _avx
#elif defined(__SSE4_1__)
#define EHLO_TARGET_WIDTH _sse4
#elif defined(__SSSE3__)
#define EHLO_TARGET_WIDTH _ssse3
#elif defined(__SSE2__)
#define EHLO_TARGET_WIDTH _sse2
#elif defined(__ARM_NEON)
#define EHLO_TARGET_WIDTH _neon
#else
#define EHLO_TARGET_WIDTH
#endif
#if defined(__BMI2__)
#define EHLO_TARGET_BITS _bmi2
#elif defined(__BMI__)
#define EHLO_TARGET_BITS _bmi
#elif defined(__POPCNT__)
#define EHLO_TARGET_BITS _popcnt
#else
#define EHLO_TARGET_BITS
#endif
#define EHLO_TARGET EHLO_PASTE(EHLO_TARGET_KERNELS, EHLO_TARGET_WIDTH, EHLO_TARGET_BITS)
