// What a server says.
#pragma once

#include <ehlo/reply.hpp>

namespace bench {

/// As a server writes them: the usual ones, and one of its own.
inline constexpr ehlo::reply usual_replies[] = {
    ehlo::replies::ok, ehlo::replies::sender_ok, ehlo::replies::recipient_ok, ehlo::replies::message_accepted,
    "451 4.7.1 Greylisting in action, please come back later"};

}  // namespace bench
