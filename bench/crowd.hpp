// Many sessions in one process.
#pragma once

#include <ehlo/server.hpp>

#include <cstddef>
#include <vector>

namespace bench {

/// A NOOP to one, a NOOP to another, in an order that no cache foresees.
class crowd {
    std::vector<ehlo::server> sessions_;
    std::size_t at_ = 0;

    // Comes to every session before it comes to one again, as the size is a power of two.
    ehlo::server& next() { return sessions_[at_ = (at_ * 1664525 + 1013904223) % sessions_.size()]; }

  public:
    /// `size` is a power of two.
    explicit crowd(std::size_t size) : sessions_(size, ehlo::server("mx.example.org")) { visit(size); }
    void visit(std::size_t count);
    /// The same by a loop that knows which sessions are next, as one has it whose events come in a list, and asks for each eight visits ahead.
    void visit_fetched_ahead(std::size_t count);
};

}  // namespace bench
