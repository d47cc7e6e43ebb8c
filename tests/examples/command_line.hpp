// What mailsink and post have in common on the command line: --key=value and --flag. A wrong one ends the program with
// exit code 2 and says what is wrong.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

struct argument {
    char const* program;
    std::string_view key, text;  // text: what stands after the "="
    bool has_text;

    [[noreturn]] void wrong(std::string_view why) const {
        std::string const all = std::string(key) + (has_text ? "=" : "") + std::string(text);
        std::fprintf(stderr, "%s: %s: %.*s\n", program, all.c_str(), static_cast<int>(why.size()), why.data());
        std::exit(2);
    }
    bool is_flag(std::string_view name) const {
        if (key != name) return false;
        if (has_text) wrong("takes no value");
        return true;
    }
    bool is(std::string_view name) const {
        if (key != name) return false;
        if (text.empty()) wrong("needs a value");
        return true;
    }
    template <class Number>
    Number number(Number low, Number high) const {
        Number n{};
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc() || end != text.data() + text.size() || n < low || n > high)
            wrong("a number from " + std::to_string(low) + " to " + std::to_string(high) + " is wanted");
        return n;
    }
};

// Calls take(argument) for each option and name(text) for each other word; both say whether there is such a thing.
template <class Take, class Name>
void read_command_line(int argc, char** argv, char const* program, char const* usage, Take&& take, Name&& name) {
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        std::size_t const equals = word.find('=');
        bool const has_text = equals != std::string_view::npos;
        argument const a{program, word.substr(0, equals), has_text ? word.substr(equals + 1) : std::string_view(), has_text};
        if (word == "--help") {
            std::fputs(usage, stdout);
            std::exit(0);
        }
        if (!(word.substr(0, 2) == "--" ? take(a) : name(word))) a.wrong("no such option; --help lists them");
    }
}
