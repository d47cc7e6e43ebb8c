// One of two files of a program whose only header of ehlo is the one file.
#include "ehlo.hpp"

#ifdef EHLO_VECTOR
#error "a macro of ehlo is left"
#endif

#include <cstddef>
#include <span>
#include <string_view>

namespace {
struct store {
    std::size_t octets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) noexcept { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) noexcept { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) noexcept { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) noexcept { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const&) noexcept { return ehlo::replies::message_accepted; }
};
}  // namespace

// All that a server says, and the octets of content that it was given.
std::size_t serve(std::string_view in, std::span<char> out, std::size_t& said) {
    store s;
    ehlo::server smtp("mx.example");
    said = 0;
    for (;;) {
        ehlo::step const step = smtp.advance(in, s, out.subspan(said));
        in.remove_prefix(step.consumed);
        said += step.produced;
        if (step.want != ehlo::want::write) return s.octets;
    }
}
