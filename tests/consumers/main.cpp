#include <ehlo/ehlo.hpp>
#include <ehlo/version.hpp>

#include <cstdio>

int main() {
    std::printf("%.*s\n", static_cast<int>(ehlo::version.size()), ehlo::version.data());
}
