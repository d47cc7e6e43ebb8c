#pragma once
#include <ehlo/command.hpp>
namespace ehlo::inline v0 { namespace cmd { struct auth { std::string_view mechanism; }; }
constexpr result<cmd::auth> parse_auth(std::string_view a) noexcept { return cmd::auth{a}; } }
