#include "../work.hpp"
#include "accepting.hpp"

namespace bench {

namespace {
// Takes all that comes, and whoever comes with it.
struct trusting : accepting {
    using accepting::on;
    bool has_name = false;
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::plain | ehlo::mechanism::login; }
    ehlo::auth_answer on(ehlo::cmd::auth const& c) {
        char room[256];
        if (c.mechanism == ehlo::mechanism::login) return ehlo::challenge{ehlo::sasl::login_user_name};
        auto const text = c.decode(room);
        if (!text || !ehlo::parse_plain(*text)) return "535 5.7.8 Authentication failed";
        return "235 2.7.0 Authenticated";
    }
    ehlo::auth_answer on(ehlo::auth_response const& r) {
        char room[256];
        if (!r.decode(room)) return "535 5.7.8 Authentication failed";
        if (!has_name) {
            has_name = true;
            return ehlo::challenge{ehlo::sasl::login_password};
        }
        return "235 2.7.0 Authenticated";
    }
};
}  // namespace

bool serve_under(ehlo::policy const& settings, std::span<std::string_view const> reads) {
    ehlo::server_with<> server(settings, "mx.example.org");
    trusting handler;
    char room[2048];
    use(server.advance({}, handler, room).produced);
    for (std::string_view in : reads) {
        for (;;) {
            ehlo::step const step = server.advance(in, handler, room);
            use(step.produced);
            use_memory();
            in.remove_prefix(step.consumed);
            if (step.want != ehlo::want::write) break;
        }
    }
    return handler.octets != 0 && server.where() == ehlo::state::closed;
}

}  // namespace bench
