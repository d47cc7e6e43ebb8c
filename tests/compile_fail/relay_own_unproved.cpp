// error: own0
// One that opens again what is over: no relay has it.
#include <ehlo/relay.hpp>

#include <string_view>

struct take {};
struct xtake {
    using type = take;
    static constexpr std::string_view verb = "XTAKE", keyword = "XTAKE";
#ifdef EHLO_MUST_COMPILE
    static constexpr ehlo::own_order order{.from = ehlo::state::ready, .done = ehlo::state::greeted, .clears = ehlo::fact::extended};
#else
    static constexpr ehlo::own_order order{.from = ehlo::state::closed, .done = ehlo::state::greeted};
#endif
    static constexpr ehlo::result<take> parse(std::string_view, ehlo::syntax const&) noexcept { return take{}; }
};
struct handler {};

ehlo::relayed run(ehlo::relay_with<xtake>& r, handler& h) { return r.advance(ehlo::direction::from_client, "", h, {}); }
