// Lines for stderr that nobody has to wait for: whoever reads them may stall or go away, the mail goes on. A line that
// cannot be written at once is dropped, and how many were is said when there is room again.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

class diagnostics {
    static constexpr std::size_t longest = 4000;  // octets of a line; a pipe takes up to 4096 at once or not at all

    int fd_ = STDERR_FILENO;
    bool socket_ = false;
    bool may_block_ = false;
    unsigned long long dropped_ = 0;

    bool write(std::string const& octets) {
        pollfd room{fd_, POLLOUT, 0};
        if (may_block_ && (::poll(&room, 1, 0) != 1 || octets.size() > 4096)) return false;  // a pipe has room for 4 KiB then
        ssize_t const n = socket_ ? ::send(fd_, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : ::write(fd_, octets.data(), octets.size());
        return n >= 0 || errno == EINTR;
    }

  public:
    // SIGPIPE must be ignored. O_NONBLOCK on stderr itself would be O_NONBLOCK for everybody who shares it, the shell among
    // them: so a pipe or a terminal is opened once more. A file never blocks, and its offset is shared: that one stays.
    void open() {
        struct stat what {};
        if (::fstat(STDERR_FILENO, &what) != 0 || S_ISREG(what.st_mode)) return;
        socket_ = S_ISSOCK(what.st_mode);
        if (socket_) return;
        int const again = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        may_block_ = again < 0;
        if (again >= 0) fd_ = again;
    }
    void say(std::string line) {
        if (line.size() > longest) line.replace(longest, line.npos, "...");
        line += '\n';
        if (dropped_ != 0) {
            if (!write(std::to_string(dropped_) + " lines were dropped here\n")) {
                ++dropped_;
                return;
            }
            dropped_ = 0;
        }
        if (!write(line)) ++dropped_;
    }
};
