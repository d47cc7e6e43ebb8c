// What the loops on poll(2) have in common.
#pragma once

#include "../net.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

// poll() with a deadline, and with SIGTERM and SIGINT, which come while it waits, or not at all: none is missed.
class poller {
    using clock = std::chrono::steady_clock;

    sigset_t before_;
    static inline volatile std::sig_atomic_t stopped_ = 0;

  public:
    poller() {
        sigset_t ours;
        sigemptyset(&ours);
        for (int s : {SIGTERM, SIGINT}) sigaddset(&ours, s);
        sigprocmask(SIG_BLOCK, &ours, &before_);
        for (int s : {SIGTERM, SIGINT}) std::signal(s, [](int) { stopped_ = 1; });
    }
    poller(poller const&) = delete;
    ~poller() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

    bool stopped() const noexcept { return stopped_ != 0; }
    void wait(std::vector<pollfd>& on, clock::time_point until) {
        auto const left = std::chrono::nanoseconds(std::max(until - clock::now(), clock::duration::zero())).count();
        timespec const time{left / 1'000'000'000, left % 1'000'000'000};
        if (::ppoll(on.data(), on.size(), &time, &before_) >= 0) return;
        for (pollfd& p : on) p.revents = 0;   // a signal
    }
};

// A socket that listens on 127.0.0.1, and the port, which may be any if it was 0. -1: it has said why.
inline int listen_here(unsigned& port) {
    std::string why;
    std::vector<int> sockets;
    std::vector<address> where;
    if (listen_on("127.0.0.1", port, sockets, where, why)) return sockets.front();
    std::fprintf(stderr, "cannot listen: %s\n", why.c_str());
    return -1;
}
// The next connection, or -1.
inline int accept_from(int listener) { return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }
