// The least that a handler of a server is. What must not compile, a file adds, or leaves out.
#pragma once

#include <ehlo/server.hpp>

#include <type_traits>

template <class Without = void>
struct least {
    ehlo::reply on(ehlo::cmd::hello const&) requires(!std::is_same_v<Without, ehlo::cmd::hello>) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) requires(!std::is_same_v<Without, ehlo::cmd::mail>) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) requires(!std::is_same_v<Without, ehlo::cmd::rcpt>) { return ehlo::replies::ok; }
    void on(ehlo::content const&) requires(!std::is_same_v<Without, ehlo::content>) {}
    ehlo::reply on(ehlo::end_of_content const&) requires(!std::is_same_v<Without, ehlo::end_of_content>) { return ehlo::replies::ok; }
};

constexpr ehlo::policy offering(ehlo::extension e) {
    ehlo::policy p;
    p.offers = p.offers | e;
    return p;
}
