// A log of what is said in sessions of one's own, an event a line: of many at once, or of one.
#pragma once

#include "telling.hpp"

#include <ehlo/tap.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Where it goes: a file, or stderr.
class log_file {
    int fd_ = STDERR_FILENO;

  public:
    // False: errno says why.
    bool open(std::string const& file) {
        fd_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        return fd_ >= 0;
    }
    bool is_stderr() const { return fd_ == STDERR_FILENO; }
    // Whole lines at once, so that those of others who write to the file stand beside them.
    bool write(std::string_view lines) const {
        while (!lines.empty()) {
            ssize_t const n = ::write(fd_, lines.data(), lines.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            lines.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
};

// One session's: a tap, and what it told that is not written yet.
class session_log {
    std::string text_{};
    watching::teller told_;
    ehlo::tap tap_;

  public:
    // `head`: what each line begins with.
    session_log(unsigned long long id, bool json, std::string head, ehlo::direction heard, ehlo::observer_settings const& settings)
        : told_(id, json, text_, std::move(head)), tap_(heard, settings) {}

    void begin(std::string_view client, std::string_view server) { told_.begin(client, server); }
    template <class Call>
    auto run(std::string_view in, std::span<char const> out, Call&& call) {
        return tap_.run(in, out, told_, call);
    }
    template <class Client>
    ehlo::progress<ehlo::client_reply> receive(Client& smtp, std::string_view in) {
        return tap_.receive(smtp, in, told_);
    }
    void said(std::string_view octets) { tap_.said(octets, told_); }
    void secured() { tap_.secured(); }
    void end() {
        tap_.end(told_);
        told_.end();
    }
    std::string take() { return std::exchange(text_, {}); }
};
