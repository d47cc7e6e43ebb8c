#pragma once

#include <ehlo/config.hpp>

#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The only copy of the version number: CMakeLists.txt and meson.build read this line.
inline constexpr std::string_view version = "0.2.0";

namespace detail {
consteval int version_part(int index) {
    int value = 0;
    for (char c : version) {
        if (c == '.') --index;
        else if (index == 0) value = value * 10 + (c - '0');
    }
    return value;
}
}  // namespace detail

// Not `major` and `minor`: <sys/sysmacros.h> makes macros of these.
inline constexpr int version_major = detail::version_part(0);
inline constexpr int version_minor = detail::version_part(1);
inline constexpr int version_patch = detail::version_part(2);

}  // namespace ehlo
