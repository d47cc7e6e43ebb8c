#include <cstdio>
#include <string_view>

import ehlo;

int main() {
    std::printf("%.*s\n", static_cast<int>(ehlo::version.size()), ehlo::version.data());
}
