// A device that is played: the connection is standard input and output, flash is standard error. Without a C library (Cortex-M4) also
// what that has.
#include "device.hpp"

#if !defined(__arm__)
#include <unistd.h>
#endif

namespace {

std::size_t report_left = 0;
constexpr char report[] = "Subject: 21.5 degrees\r\n\r\n.5 more than yesterday\r\n";

#if defined(__arm__)
// The emulator takes system calls of Linux.
int call(int number, int a, void const* b, std::size_t c) noexcept {
    register int r7 asm("r7") = number;
    register int r0 asm("r0") = a;
    register void const* r1 asm("r1") = b;
    register std::size_t r2 asm("r2") = c;
    asm volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}
int read(int file, char* to, std::size_t room) noexcept { return call(3, file, to, room); }
int write(int file, char const* from, std::size_t size) noexcept { return call(4, file, from, size); }
#endif

bool run() noexcept {
    report_left = sizeof report - 1;
    return device_main();
}

}  // namespace

extern "C" {

std::size_t device_receive(char* to, std::size_t room) noexcept {
    auto const n = read(0, to, room);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}
bool device_send(char const* from, std::size_t size) noexcept {
    return size == 0 || write(1, from, size) == static_cast<int>(size);
}
std::size_t device_read(char* to, std::size_t room) noexcept {
    std::size_t n = 0;
    while (n < room && report_left != 0) to[n++] = report[sizeof report - 1 - report_left--];
    return n;
}
void device_store(char const* from, std::size_t size) noexcept { static_cast<void>(write(2, from, size)); }

#if defined(__arm__)
[[noreturn]] void _start() noexcept {
    for (;;) call(1, run() ? 0 : 1, nullptr, 0);
}

// They are not to be compiled into calls of themselves: -fno-builtin, -fno-tree-loop-distribute-patterns.
void* memcpy(void* to, void const* from, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) static_cast<char*>(to)[i] = static_cast<char const*>(from)[i];
    return to;
}
void* memmove(void* to, void const* from, std::size_t n) noexcept {
    if (to <= from) return memcpy(to, from, n);
    while (n-- != 0) static_cast<char*>(to)[n] = static_cast<char const*>(from)[n];
    return to;
}
void* memset(void* to, int octet, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) static_cast<char*>(to)[i] = static_cast<char>(octet);
    return to;
}
int memcmp(void const* a, void const* b, std::size_t n) noexcept {
    auto const *x = static_cast<unsigned char const*>(a), *y = static_cast<unsigned char const*>(b);
    for (std::size_t i = 0; i < n; ++i)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}
void* memchr(void const* in, int octet, std::size_t n) noexcept {
    auto const* p = static_cast<unsigned char const*>(in);
    for (std::size_t i = 0; i < n; ++i)
        if (p[i] == static_cast<unsigned char>(octet)) return const_cast<unsigned char*>(p + i);
    return nullptr;
}
std::size_t strlen(char const* text) noexcept {
    std::size_t n = 0;
    while (text[n] != '\0') ++n;
    return n;
}

#endif

}

#if !defined(__arm__)
int main() { return run() ? 0 : 1; }
#endif
