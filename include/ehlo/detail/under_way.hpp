// Commands whose replies have not been seen, oldest first, with their places: a fixed number of them.
#pragma once

#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

class commands_under_way {
  public:
    struct command {
        event on{};
        v0::verb verb{};
        std::uint8_t brings = 0;          // facts that a MAIL brings
        std::uint16_t count = 0;          // so many of them in a row
        std::uint32_t at = 0;             // the low half of the offset of the first
    };
    static constexpr std::size_t size = 20;

  private:
    command all_[size] = {};
    std::uint8_t first_ = 0, used_ = 0;
    std::uint64_t number_ = 0;            // of the first
    bool joined_ = false;                 // the first is one of several that took one place, and not the first of them

    constexpr std::size_t place(std::size_t n) const noexcept {
        n += first_;
        return n < size ? n : n - size;
    }

  public:
    constexpr bool empty() const noexcept { return used_ == 0; }
    constexpr command const& first() const noexcept { return all_[first_]; }
    constexpr command const& last() const noexcept { return all_[place(used_ - 1u)]; }
    /// How many commands came before the first one under way.
    constexpr std::uint64_t number() const noexcept { return number_; }

    /// Where there is no place left, the next of a row of RCPTs shares the last one, and only its offset is forgotten. False: no
    /// room, and nothing happened.
    constexpr bool push(event on, verb v, std::uint64_t at, fact_set brings) noexcept {
        if (used_ == size) {
            command& c = all_[place(used_ - 1u)];
            if (c.on != on || on != event::rcpt || c.count == 0xFFFF) return false;
            ++c.count;
            return true;
        }
        all_[place(used_++)] = {on, v, static_cast<std::uint8_t>(brings.bits), 1, static_cast<std::uint32_t>(at)};
        return true;
    }
    constexpr void pop() noexcept {
        ++number_;
        joined_ = --all_[first_].count != 0;
        if (joined_) return;
        first_ = static_cast<std::uint8_t>(place(1));
        --used_;
    }
    /// A command that was answered and never under way has a number, too.
    constexpr void skip_number() noexcept { ++number_; }
    /// The offset of the first, which is before `now`; nothing if it is forgotten.
    constexpr std::optional<std::uint64_t> first_at(std::uint64_t now) const noexcept {
        if (joined_) return std::nullopt;
        return now - static_cast<std::uint32_t>(static_cast<std::uint32_t>(now) - first().at);
    }
    /// Calls `f(command)` for each, a row of them at once.
    template <class F>
    constexpr void each(F&& f) const noexcept {
        for (std::size_t i = 0; i < used_; ++i) f(all_[place(i)]);
    }
};

}  // namespace ehlo::detail
