// A command of one's own that begins a transaction, and a relay that has it.
#pragma once

#include <ehlo/relay.hpp>

#include <string_view>

struct take {};
struct xtake {
    using type = take;
    static constexpr std::string_view verb = "XTAKE", keyword = "XTAKE";
    static constexpr ehlo::own_order order{.from = ehlo::state::ready, .done = ehlo::state::mail, .does = ehlo::effect::begins, .needs = ehlo::fact::extended};
    static constexpr ehlo::result<take> parse(std::string_view, ehlo::syntax const&) noexcept { return take{}; }
};
