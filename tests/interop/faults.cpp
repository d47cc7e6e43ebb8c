// Loaded before the C library (LD_PRELOAD), it makes system calls fail as a file system may let them fail.
//
// EHLO_FAULTS holds NAME=VALUE[@FIRST[-LAST]] separated by blanks: the calls counted FIRST to LAST (all) get that errno.
// Names: tmpfile (openat with O_TMPFILE), openat (of a new file), by_descriptor (linkat with AT_EMPTY_PATH), linkat, renameat2,
// fsync, fdatasync, write (to a file), log (write to a file that is appended to; 0: half of it is written);
// getrandom: VALUE is what is "random".
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

struct fault {
    char const* name;
    long calls = 0;

    // The value, if this call is one that shall fail; otherwise -1.
    long next() {
        ++calls;
        for (char const* at = std::getenv("EHLO_FAULTS"); at != nullptr; at = std::strchr(at, ' ')) {
            at += std::strspn(at, " ");
            std::size_t const size = std::strlen(name);
            if (std::strncmp(at, name, size) != 0 || at[size] != '=') continue;
            char* end = nullptr;
            long const value = std::strtol(at + size + 1, &end, 10);
            long first = 1, last = 1000000000;
            if (*end == '@') last = first = std::strtol(end + 1, &end, 10);
            if (*end == '-') last = std::strtol(end + 1, &end, 10);
            if (calls >= first && calls <= last) return value;
        }
        return -1;
    }
    bool strikes() {
        long const value = next();
        if (value > 0) errno = static_cast<int>(value);
        return value > 0;
    }
};

fault tmpfile_{"tmpfile"}, openat_{"openat"}, by_descriptor{"by_descriptor"}, linkat_{"linkat"}, renameat2_{"renameat2"},
    fsync_{"fsync"}, fdatasync_{"fdatasync"}, write_{"write"}, log_{"log"}, getrandom_{"getrandom"};

int open_at(int directory, char const* path, int flags, unsigned mode) {
    if ((flags & O_TMPFILE) == O_TMPFILE && tmpfile_.strikes()) return -1;
    if ((flags & O_EXCL) != 0 && openat_.strikes()) return -1;
    return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}

}  // namespace

extern "C" {

int openat(int directory, char const* path, int flags, ...) {
    std::va_list more;
    va_start(more, flags);
    unsigned const mode = va_arg(more, unsigned);
    va_end(more);
    return open_at(directory, path, flags, mode);
}
int linkat(int from, char const* name, int to, char const* new_name, int flags) noexcept {
    if ((flags & AT_EMPTY_PATH) != 0 && by_descriptor.strikes()) return -1;
    if (linkat_.strikes()) return -1;
    return static_cast<int>(::syscall(SYS_linkat, from, name, to, new_name, flags));
}
int renameat2(int from, char const* name, int to, char const* new_name, unsigned flags) noexcept {
    if (renameat2_.strikes()) return -1;
    return static_cast<int>(::syscall(SYS_renameat2, from, name, to, new_name, flags));
}
int fsync(int fd) { return fsync_.strikes() ? -1 : static_cast<int>(::syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return fdatasync_.strikes() ? -1 : static_cast<int>(::syscall(SYS_fdatasync, fd)); }
ssize_t write(int fd, void const* octets, size_t size) {
    struct stat what {};
    if (::fstat(fd, &what) == 0 && S_ISREG(what.st_mode) && fd > STDERR_FILENO) {
        bool const appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
        long const value = appends ? log_.next() : write_.next();
        if (value > 0) {
            errno = static_cast<int>(value);
            return -1;
        }
        if (value == 0) size /= 2;
    }
    return ::syscall(SYS_write, fd, octets, size);
}
ssize_t getrandom(void* to, size_t size, unsigned flags) {
    long const value = getrandom_.next();
    if (value < 0) return ::syscall(SYS_getrandom, to, size, flags);
    std::memset(to, static_cast<int>(value), size);
    return static_cast<ssize_t>(size);
}
}
