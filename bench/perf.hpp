// Instructions that this thread has run, as the processor counts them. Virtual machines and containers often forbid it.
#pragma once

#include <cstdint>
#include <optional>

#if defined(__linux__) && __has_include(<linux/perf_event.h>)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

class instruction_counter {
    int file_;

  public:
    instruction_counter() {
        perf_event_attr what{};
        what.type = PERF_TYPE_HARDWARE;
        what.size = sizeof what;
        what.config = PERF_COUNT_HW_INSTRUCTIONS;
        what.exclude_kernel = what.exclude_hv = 1;
        file_ = static_cast<int>(syscall(SYS_perf_event_open, &what, 0, -1, -1, 0));
    }
    instruction_counter(instruction_counter const&) = delete;
    instruction_counter& operator=(instruction_counter const&) = delete;
    ~instruction_counter() {
        if (file_ >= 0) close(file_);
    }
    /// So far; nothing where the kernel refuses.
    std::optional<std::uint64_t> read() const {
        std::uint64_t count = 0;
        if (file_ < 0 || ::read(file_, &count, sizeof count) != sizeof count) return std::nullopt;
        return count;
    }
};

}  // namespace bench

#else

namespace bench {
struct instruction_counter {
    std::optional<std::uint64_t> read() const { return std::nullopt; }
};
}  // namespace bench

#endif
