// A directory that mail is put into and is not lost from: each message is a file of its own, whole or not there at all.
//
// A file has no name until it is whole (O_TMPFILE, then linkat), so a crash leaves nothing behind. Names hold 64 random
// bits and are never taken twice, and linkat replaces nothing (RFC 5321 6.1): any number of processes may share a directory,
// whatever their process ids and clocks. Where the file system has no O_TMPFILE, a message is written as *.part and renamed;
// what a crash leaves of those is cleared by the next process that starts while no other one uses the directory.
//
// envelopes.jsonl gets a line of JSON for each message, when its file is there and before it is acknowledged; so a message
// without a line was not acknowledged. A line of a write that failed may be incomplete; it is no JSON then. Renamed or
// removed, the log is begun anew within a second.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

class spool {
  public:
    class file {
        friend class spool;
        int fd_ = -1;
        char part_[72] = "";  // its name until it is whole, where it needs one
        char name_[72] = "";

      public:
        bool is_open() const { return fd_ >= 0; }
        std::string name() const { return name_; }
    };

  private:
    enum class way { by_descriptor, by_proc, by_part };  // how a file gets its name

    static constexpr char const* log_name = "envelopes.jsonl";
    static constexpr int max_tries = 16;  // to find a name that nobody has

    int directory_ = -1, log_ = -1;
    way way_ = way::by_descriptor;
    bool sync_ = false;
    bool torn_ = false;  // the log ends in the middle of a line
    std::uint64_t origin_ = 0;
    unsigned long long sequence_ = 0;

    template <std::size_t N>
    void make_name(char (&name)[N], char const* ending) {
        if (origin_ == 0 && ::getrandom(&origin_, sizeof origin_, 0) < 0) origin_ = static_cast<std::uint64_t>(::getpid());
        std::snprintf(name, N, "%lld.%016llx.%08llu.%s", static_cast<long long>(std::time(nullptr)),
                      static_cast<unsigned long long>(origin_), ++sequence_, ending);
    }
    int create(file& f) {
        if (way_ != way::by_part) return ::openat(directory_, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
        for (int tries = 0;; ++tries) {
            make_name(f.part_, "part");
            int const fd = ::openat(directory_, f.part_, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
            if (fd >= 0 || errno != EEXIST || tries == max_tries) return fd;
            origin_ = 0;
        }
    }

    // Gives the file its name. EEXIST: somebody has that one.
    int link(file const& f) {
        if (way_ == way::by_descriptor) return ::linkat(f.fd_, "", directory_, f.name_, AT_EMPTY_PATH);
        if (way_ == way::by_proc)
            return ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(f.fd_)).c_str(), directory_, f.name_, AT_SYMLINK_FOLLOW);
        int const renamed = ::renameat2(directory_, f.part_, directory_, f.name_, RENAME_NOREPLACE);
        if (renamed == 0 || (errno != EINVAL && errno != ENOSYS)) return renamed;
        if (::linkat(directory_, f.part_, directory_, f.name_, 0) != 0) return -1;
        ::unlinkat(directory_, f.part_, 0);
        return 0;
    }
    // The quickest way that this system, and this file system, can go.
    void choose_way() {
        for (way const w : {way::by_descriptor, way::by_proc}) {
            way_ = w;
            file probe;
            probe.fd_ = create(probe);
            if (probe.fd_ < 0) break;
            make_name(probe.name_, "probe");
            bool const can = link(probe) == 0;
            if (can) ::unlinkat(directory_, probe.name_, 0);
            ::close(probe.fd_);
            if (can) return;
        }
        way_ = way::by_part;
    }

    // Every process has a shared lock on the directory. Who gets an exclusive one is alone, and what is unfinished there is
    // nobody's. False: another program holds it.
    bool lock() {
        if (::flock(directory_, LOCK_EX | LOCK_NB) == 0) clear();
        for (int tries = 0; ::flock(directory_, LOCK_SH | LOCK_NB) != 0; ++tries) {
            if (errno != EWOULDBLOCK) return true;  // no locks in this file system: then nothing is ever cleared
            if (tries == 200) return false;
            ::usleep(10000);
        }
        return true;
    }
    void clear() {
        int const again = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* const entries = again < 0 ? nullptr : ::fdopendir(again);
        if (entries == nullptr) return;
        while (dirent const* const e = ::readdir(entries))
            if (is_ours(e->d_name)) ::unlinkat(directory_, e->d_name, 0);
        ::closedir(entries);
        struct stat log {};
        if (::fstat(log_, &log) != 0 || log.st_size == 0) return;
        int const reader = ::openat(directory_, log_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        char last = '\n';
        torn_ = ::pread(reader, &last, 1, log.st_size - 1) == 1 && last != '\n';
        ::close(reader);
    }
    // SECONDS.RANDOM.SEQUENCE.part, and .probe. Whatever else there is in the directory is not ours to remove.
    static bool is_ours(std::string_view name) {
        auto take = [&name](std::string_view of) {
            std::size_t const n = name.find_first_not_of(of);
            bool const some = n != 0 && n != name.npos && name[n] == '.';
            name.remove_prefix(some ? n + 1 : name.size());
            return some;
        };
        return take("0123456789") && take("0123456789abcdef") && take("0123456789") && (name == "part" || name == "probe");
    }
    bool open_log() {
        int const fd = ::openat(directory_, log_name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
        struct stat what {};
        if (fd >= 0 && (::fstat(fd, &what) != 0 || !S_ISREG(what.st_mode))) {
            ::close(fd);  // appending to a pipe would be no record
            errno = EINVAL;
            return false;
        }
        if (fd < 0) return false;
        if (log_ >= 0) ::close(log_);
        log_ = fd;
        return true;
    }

  public:
    // False: errno tells why.
    bool open(char const* path, bool sync) {
        sync_ = sync;
        directory_ = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory_ < 0 || !open_log() || !lock()) return false;
        choose_way();
        return true;
    }

    // All of these return false when something failed; errno tells why.
    bool begin(file& f) {
        f.fd_ = create(f);
        return f.is_open();
    }
    static bool write(file& f, std::string_view octets) {
        while (!octets.empty()) {
            ssize_t const n = ::write(f.fd_, octets.data(), octets.size());
            if (n < 0 && errno != EINTR) return false;
            if (n > 0) octets.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    // Makes it a message: named, noted as note(name) words it, and with sync on the disk. If that fails, it is gone.
    template <class Note>
    bool keep(file& f, Note&& note) {
        if (sync_ && ::fsync(f.fd_) != 0) return drop(f);
        // What a network file system has to say of a full disk it may say only now.
        if (way_ == way::by_part && ::close(std::exchange(f.fd_, -1)) != 0) return drop(f);
        for (int tries = 0;; ++tries) {
            make_name(f.name_, "eml");
            if (link(f) == 0) break;
            if (errno != EEXIST || tries == max_tries) return drop(f);
            origin_ = 0;
        }
        if (f.is_open() && ::close(std::exchange(f.fd_, -1)) != 0) return remove(f);
        if (!append(note(f.name())) || (sync_ && (::fdatasync(log_) != 0 || ::fsync(directory_) != 0))) return remove(f);
        f = file();
        return true;
    }
    bool drop(file& f) {
        int const why = errno;
        if (f.is_open()) ::close(f.fd_);
        if (f.part_[0] != '\0') ::unlinkat(directory_, f.part_, 0);
        f = file();
        errno = why;
        return false;
    }
    // One write: so the lines of several processes do not mix.
    bool append(std::string line) {
        line += '\n';
        if (std::exchange(torn_, false)) line.insert(0, 1, '\n');
        ssize_t const n = ::write(log_, line.data(), line.size());
        if (n == static_cast<ssize_t>(line.size())) return true;
        torn_ = n > 0;
        if (n >= 0) errno = ENOSPC;
        return false;
    }
    // Once in a while: a log that was moved away is begun anew.
    void look_after() {
        struct stat ours {}, named {};
        bool const there = ::fstatat(directory_, log_name, &named, AT_SYMLINK_NOFOLLOW) == 0;
        if (::fstat(log_, &ours) == 0 && (!there || ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)) open_log();
    }

  private:
    bool remove(file& f) {
        int const why = errno;
        ::unlinkat(directory_, f.name_, 0);
        f = file();
        errno = why;
        return false;
    }
};
