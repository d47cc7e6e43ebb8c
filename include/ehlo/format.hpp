// Opt-in: ehlo's names and errors for std::ostream, and for std::format where the standard library has it.
#pragma once

#include <ehlo/ehlo.hpp>

#include <ostream>
#include <version>
#if defined(__cpp_lib_format)
#include <format>
#endif

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Types with a name: errc, verb, state, event, rule, extension, body, host_kind, blame_t.
template <class T>
concept named = std::is_enum_v<T> && requires(T t) {
    { name(t) } -> std::same_as<std::string_view>;
};

template <named T>
std::ostream& operator<<(std::ostream& out, T value) {
    return out << name(value);
}
/// "bad_domain at 12"
inline std::ostream& operator<<(std::ostream& out, failure f) { return out << name(f.code) << " at " << f.at; }
/// "5.1.1"
inline std::ostream& operator<<(std::ostream& out, status s) {
    return out << unsigned{s.klass} << '.' << s.subject << '.' << s.detail;
}

}  // namespace ehlo

#if defined(__cpp_lib_format)
template <ehlo::named T>
struct std::formatter<T> : std::formatter<std::string_view> {
    auto format(T value, auto& context) const { return std::formatter<std::string_view>::format(name(value), context); }
};
template <>
struct std::formatter<ehlo::failure> : std::formatter<std::string_view> {
    auto format(ehlo::failure f, auto& context) const { return std::format_to(context.out(), "{} at {}", name(f.code), f.at); }
};
template <>
struct std::formatter<ehlo::status> : std::formatter<std::string_view> {
    auto format(ehlo::status s, auto& context) const {
        return std::format_to(context.out(), "{}.{}.{}", s.klass, s.subject, s.detail);
    }
};
#endif
