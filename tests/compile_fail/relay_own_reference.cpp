// error: a handler's `on` takes what it is asked by constant reference
#include <ehlo/relay.hpp>

#include <string_view>

struct take {};
struct xtake {
    using type = take;
    static constexpr std::string_view verb = "XTAKE", keyword = "XTAKE";
    static constexpr ehlo::own_order order{.from = ehlo::state::ready, .done = ehlo::state::mail, .does = ehlo::effect::begins, .needs = ehlo::fact::extended};
    static constexpr ehlo::result<take> parse(std::string_view, ehlo::syntax const&) noexcept { return take{}; }
};
struct handler {
#ifdef EHLO_MUST_COMPILE
    ehlo::relay_say on(take const&) { return {}; }
#else
    ehlo::relay_say on(take&) { return {}; }
#endif
};

ehlo::relayed run(ehlo::relay_with<xtake>& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
