// Many sessions in one process.
#pragma once

#include <ehlo/server.hpp>

#include <cstddef>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bench {

/// Memory in large pages where the system has them: in small ones, much of a visit's time goes to finding its page.
template <class T>
struct in_large_pages {
    using value_type = T;
    static constexpr std::align_val_t page{std::size_t{2} << 20};

    T* allocate(std::size_t count) {
        void* const memory = ::operator new(count * sizeof(T), page);
#if defined(MADV_HUGEPAGE)
        static_cast<void>(madvise(memory, count * sizeof(T), MADV_HUGEPAGE));   // a wish: without it all works the same
#endif
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, page); }
    bool operator==(in_large_pages const&) const = default;
};

/// A NOOP to one, a NOOP to another, in an order that no cache foresees.
class crowd {
    std::vector<ehlo::server, in_large_pages<ehlo::server>> sessions_;
    std::size_t at_ = 0;

    // Comes to every session before it comes to one again, as the size is a power of two.
    ehlo::server& next() { return sessions_[at_ = (at_ * 1664525 + 1013904223) % sessions_.size()]; }

  public:
    /// `size` is a power of two.
    explicit crowd(std::size_t size) : sessions_(size, ehlo::server("mx.example.org")) { visit(size); }
    void visit(std::size_t count);
    /// The same as an event loop has them: 64 at once, all asked for before the first is served. That fetches them, and what tells
    /// where their pages are, together. Asked for one by one, some visits ahead, they come later: the processor waits for one page at a time.
    void visit_in_batches(std::size_t count);   // a multiple of 64
};

}  // namespace bench
