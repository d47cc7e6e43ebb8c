// What mailsink and relay need to serve many connections for long: descriptors, a clock, the signals that want an end, listeners.
#pragma once

#include "net.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

// Descriptors 0 to 2 are there, whoever closed them: otherwise a connection would get what is written to stderr. And as many more as
// may be. Returns how many; 0 if that is not known.
inline rlim_t prepare_descriptors() {
    int fd = 0;
    do fd = ::open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) ::close(fd);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

inline std::time_t seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec;
}

inline volatile std::sig_atomic_t signals = 0;  // that want an end

// Counts SIGINT and SIGTERM from now on. They are let in only while the loop waits with the mask that is returned, so none is missed.
inline sigset_t count_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { signals = signals + 1; };
    sigset_t blocked, open;
    sigemptyset(&blocked);
    for (int const s : {SIGINT, SIGTERM}) {
        ::sigaction(s, &action, nullptr);
        sigaddset(&blocked, s);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, &open);
    return open;
}

struct listener {
    int fd = -1;
    bool tls = false;  // from the beginning
};

// Listens on all addresses of a host, and says so; the program ends where that cannot be.
inline void listen(char const* program, std::string const& host, unsigned& port, bool tls, std::vector<listener>& all) {
    std::string why = "it has no address";
    std::vector<int> sockets;
    std::vector<address> where;
    if (!listen_on(host, port, sockets, where, why)) {
        std::fprintf(stderr, "%s: cannot listen on %s, port %u: %s\n", program, host.c_str(), port, why.c_str());
        std::exit(1);
    }
    for (address const& a : where) std::printf("listening on %s%s\n", a.text().c_str(), tls ? " with TLS" : "");
    for (int const fd : sockets) all.push_back({fd, tls});
}
