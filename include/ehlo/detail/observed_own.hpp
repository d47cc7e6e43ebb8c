// Commands of the user's own as an observer tells them: as seen::of<One::type>.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/detail/observed.hpp>
#include <ehlo/own_commands.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// A handler that is told of commands of the user's own, too.
template <class H, class... Own>
struct handler_with_own {
    H& to;
    using own_mail_parameters = typename own_parameters_of<H>::mail;
    using own_rcpt_parameters = typename own_parameters_of<H>::rcpt;
    template <class E>
        requires handles<H, E>
    constexpr void on(E const& e) noexcept(noexcept(to.on(e))) {
        to.on(e);
    }
};
template <class H, class... Own>
inline constexpr bool observes_quietly<handler_with_own<H, Own...>> = observes_quietly<H> && tells_quietly<H, seen::of<typename Own::type>...>();

/// The commands of the user's own that come with a handler.
template <class... Own>
struct own_list {
    using protocol = protocol_with<Own...>;
    static constexpr std::size_t size = sizeof...(Own);
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
    /// Those whose keyword an EHLO answer has, one bit for each.
    static constexpr std::uint8_t find_offers(reply_view const& r) noexcept {
        unsigned offers = 0;
        bool first = true;   // which has the server's name
        for (std::string_view const line : r.lines()) {
            std::string_view const keyword = split_capability(line).keyword;
            unsigned bit = 1;
            if (!std::exchange(first, false)) ((offers |= !Own::keyword.empty() && iequals(keyword, Own::keyword) ? bit : 0u, bit <<= 1), ...);
        }
        return static_cast<std::uint8_t>(offers);
    }
    /// Whether a command needs a keyword that is not among these.
    static constexpr bool lacks(event e, std::uint8_t offers) noexcept {
        bool lacking = false;
        unsigned bit = 1;
        ((lacking = lacking || (protocol::template event_of<Own> == e && !Own::keyword.empty() && (offers & bit) == 0), bit <<= 1), ...);
        static_cast<void>(bit);
        return lacking;
    }
};
template <class H>
struct own_of {
    using list = own_list<>;
};
template <class H, class... Own>
struct own_of<handler_with_own<H, Own...>> {
    using list = own_list<Own...>;
};

}  // namespace ehlo::detail
