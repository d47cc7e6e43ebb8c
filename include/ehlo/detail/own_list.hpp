// Commands of the user's own as a list: found by verb, by event, and in an answer to EHLO.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/own_commands.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// Whether a yes to a command of the user's own changes neither the state, nor the transaction, nor what is known.
constexpr bool moves_nothing(own_order const& o) noexcept {
    auto const stays = [](state to) noexcept { return to == stay_in<state> || to == never_to<state>; };
    return stays(o.done) && stays(o.more) && o.does == effect::none && o.sets.empty() && o.clears.empty();
}

template <class... Own>
struct own_list {
    using protocol = protocol_with<Own...>;
    static constexpr std::size_t size = sizeof...(Own);
    /// Whether one of them is given to a handler as this type.
    template <class T>
    static constexpr bool has_type = (... || std::is_same_v<T, typename Own::type>);
    /// Calls `f.operator()<One>()` for each until it returns true.
    template <class F>
    static constexpr bool any(F&& f) {
        return (... || f.template operator()<Own>());
    }
    /// The event of the command of this name.
    static constexpr std::optional<event> find(std::string_view verb) noexcept {
        std::optional<event> found;
        any([&]<class One>() noexcept {
            if (!iequals(verb, One::verb)) return false;
            found = protocol::template event_of<One>;
            return true;
        });
        return found;
    }
    /// Those whose keyword a line of an answer to EHLO has, one bit for each.
    static constexpr std::uint8_t offers_in(std::string_view line) noexcept {
        [[maybe_unused]] std::string_view const keyword = split_capability(line).keyword;
        unsigned offers = 0, bit = 1;
        ((offers |= !Own::keyword.empty() && iequals(keyword, Own::keyword) ? bit : 0u, bit <<= 1), ...);
        return static_cast<std::uint8_t>(offers);
    }
    /// Likewise of the whole answer, whose first line has the server's name.
    static constexpr std::uint8_t find_offers(reply_view const& r) noexcept {
        unsigned offers = 0;
        bool first = true;
        for (std::string_view const line : r.lines())
            if (!std::exchange(first, false)) offers |= offers_in(line);
        return static_cast<std::uint8_t>(offers);
    }
    /// Whether a command needs a keyword that is not among these.
    static constexpr bool lacks([[maybe_unused]] event e, std::uint8_t offers) noexcept {
        bool lacking = false;
        unsigned bit = 1;
        ((lacking = lacking || (protocol::template event_of<Own> == e && !Own::keyword.empty() && (offers & bit) == 0), bit <<= 1), ...);
        static_cast<void>(bit);
        return lacking;
    }
    /// Whether it is one of them, and a yes to it changes nothing.
    static constexpr bool moves_nothing([[maybe_unused]] event e) noexcept {
        return (... || (protocol::template event_of<Own> == e && detail::moves_nothing(Own::order)));
    }
};

}  // namespace ehlo::detail
