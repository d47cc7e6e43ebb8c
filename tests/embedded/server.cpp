// Takes mail for one domain and stores what it says.
#include <ehlo/server.hpp>

#include "device.hpp"

#include <string_view>

namespace {

struct store {
    static constexpr bool terse = true;   // a machine reads the codes
    ehlo::reply on(ehlo::cmd::hello const&) noexcept { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) noexcept { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) noexcept {
        bool const ours = c.to.is_postmaster() || ehlo::iequals(c.to.domain(), "device.example.org");
        return ours ? ehlo::replies::recipient_ok : ehlo::replies::no_such_user;
    }
    void on(ehlo::content const& c) noexcept { device_store(c.octets.data(), c.octets.size()); }
    ehlo::reply on(ehlo::end_of_content const&) noexcept { return ehlo::replies::message_accepted; }
};

}  // namespace

bool device_main() noexcept {
    ehlo::server smtp("device.example.org");
    store mail;
    char in[1536], out[ehlo::server::reply_space];
    std::size_t used = 0;
    for (;;) {
        ehlo::step const step = smtp.advance({in, used}, mail, out);
        for (std::size_t i = step.consumed; i < used; ++i) in[i - step.consumed] = in[i];
        used -= step.consumed;
        if (!device_send(out, step.produced)) return false;
        if (step.want == ehlo::want::close) return true;
        if (step.want == ehlo::want::write) continue;
        std::size_t const n = device_receive(in + used, sizeof in - used);
        if (n == 0) return false;
        used += n;
    }
}
