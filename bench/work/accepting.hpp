// A server that takes all that comes.
#pragma once

#include "../sink.hpp"

#include <ehlo/server.hpp>

namespace bench {

struct accepting {
    std::size_t octets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) { return octets += c.from.text().size(), ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) { return octets += c.to.text().size(), ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};

/// The loop of a server: until it wants something else than to write.
template <class Handler>
ehlo::step advance_with(ehlo::server& session, std::string_view in, Handler& handler) {
    char room[2048];
    for (;;) {
        ehlo::step const step = session.advance(in, handler, room);
        use(step.produced);
        use_memory();
        in.remove_prefix(step.consumed);
        if (step.want != ehlo::want::write) return step;
    }
}
/// Compiled once.
ehlo::step advance(ehlo::server& session, std::string_view in, accepting& handler);

}  // namespace bench
