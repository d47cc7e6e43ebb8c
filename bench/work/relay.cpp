#include "../work.hpp"

#include <ehlo/relay.hpp>

namespace bench {

namespace {
// Lets everything pass.
struct silent {};

// Whether all of it was taken.
bool give(ehlo::relay& r, ehlo::direction from, std::string_view in) {
    static constexpr std::size_t space = 8192;
    silent handler;
    char room[space];
    for (;;) {
        ehlo::relayed const done = r.advance(from, in, handler, room);
        use(in.data() + done.passed);
        use(done.produced);
        use_memory();
        in.remove_prefix(done.consumed);
        if (done.want != ehlo::relay_want::again) return in.empty();
    }
}
}  // namespace

bool pass_on(std::span<std::string_view const> client, std::span<std::string_view const> server) {
    static constexpr ehlo::policy rules = ehlo::relay_policy();
    ehlo::relay r(rules, "relay.example.org");
    bool all = give(r, ehlo::direction::from_server, server[0]);
    for (std::size_t i = 0; i < client.size(); ++i) {
        all = all && r.has_server();
        all &= give(r, ehlo::direction::from_client, client[i]);
        all &= give(r, ehlo::direction::from_server, server[i + 1]);
    }
    return all;
}

}  // namespace bench
