#include "../work.hpp"

#include <ehlo/observer.hpp>

namespace bench {

namespace {
// Is told all there is.
struct listener {
    std::size_t told = 0;
    void on(ehlo::seen::command const& c) { told += c.line.size(); }
    void on(ehlo::seen::reply const& r) { told += r.said.code(); }
    void on(ehlo::seen::content const& c) { told += c.octets.size(); }
    void on(ehlo::seen::end_of_content const& e) { told += static_cast<std::size_t>(e.octets); }
    void on(ehlo::seen::transaction const& t) { told += t.accepted; }
    void on(ehlo::seen::departed const&) { ++told; }
};
}  // namespace

void watch(std::span<std::string_view const> client, std::span<std::string_view const> server) {
    ehlo::observer o;
    listener h;
    use(o.advance(ehlo::direction::from_server, server[0], h).consumed);
    for (std::size_t i = 0; i < client.size(); ++i) {
        use(o.advance(ehlo::direction::from_client, client[i], h).consumed);
        use(o.advance(ehlo::direction::from_server, server[i + 1], h).consumed);
        use_memory();
    }
    use(h.told);
}

}  // namespace bench
