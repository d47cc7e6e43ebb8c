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

  public:
    /// `size` is a power of two.
    explicit crowd(std::size_t size) : sessions_(size, ehlo::server("mx.example.org")) { visit(size); }
    void visit(std::size_t count);
};

}  // namespace bench
