// Commands of the user's own as an observer tells them: as seen::of<One::type>.
#pragma once

#include <ehlo/detail/observed.hpp>
#include <ehlo/detail/own_list.hpp>
#include <ehlo/handler.hpp>

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
template <class H>
struct own_of {
    using list = own_list<>;
};
template <class H, class... Own>
struct own_of<handler_with_own<H, Own...>> {
    using list = own_list<Own...>;
};

}  // namespace ehlo::detail
