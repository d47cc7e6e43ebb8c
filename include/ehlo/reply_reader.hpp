// Replies out of a stream, or whole: code, lines, enhanced status. RFC 5321 4.2, RFC 2034.
#pragma once

#include <ehlo/detail/fast.hpp>
#include <ehlo/detail/temporary.hpp>
#include <ehlo/leniency.hpp>
#include <ehlo/reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The lines of a reply without code, separator and line end: `for (std::string_view line : r.lines())`.
class reply_lines {
    std::string_view text_;
    unsigned count_;

  public:
    class iterator {
        char const *at_, *end_, *text_end_;  // the line, up to the octet after its LF, and where the last one ends
        unsigned left_;                      // this line, and those after it
        // Where LFs are among 64 octets from `block_` on.
        char const* block_;
        std::uint64_t marks_ = 0;
        std::size_t size_;

      public:
        constexpr iterator(std::string_view text, unsigned lines) noexcept
            : at_(text.data()), end_(at_ + text.size()), text_end_(end_), left_(lines), block_(at_), size_(text.size()) {
            if (lines > 1) {
                look();
                end_ = next();
            }
        }
        constexpr std::string_view operator*() const noexcept {
            auto const size = static_cast<std::size_t>(end_ - at_);
            if (left_ == 0 || size <= 5) return {at_, 0};
            return {at_ + 4, size - 5 - (end_[-2] == '\r' ? 1u : 0u)};
        }
        constexpr iterator& operator++() noexcept {
            at_ = end_;
            // Where the last one ends is known.
            end_ = --left_ > 1 ? next() : text_end_;
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return left_ != other.left_; }

      private:
        EHLO_INLINE constexpr void look() noexcept { marks_ = detail::marks_at<charset("\n")>(block_, static_cast<std::size_t>(text_end_ - block_), size_); }
        EHLO_INLINE constexpr char const* next() noexcept {
            while (marks_ == 0) {
                if (text_end_ - block_ <= 64) return text_end_;
                block_ += 64;
                look();
            }
            char const* const lf = block_ + detail::trailing_zeros(marks_);
            marks_ &= marks_ - 1;
            return lf + 1;
        }
    };
    constexpr reply_lines(std::string_view text, unsigned count) noexcept : text_(text), count_(count) {}
    constexpr iterator begin() const noexcept { return iterator(text_, count_); }
    constexpr iterator end() const noexcept { return iterator(text_, 0); }
};

/// A whole reply as it was received. Borrows from the buffer that it was parsed in.
class reply_view {
    std::string_view text_;
    std::uint16_t code_ = 0;
    std::uint16_t line_count_ = 0;
    leniency tolerated_{};
    friend class reply_reader;

    // By value: a reply that nobody has the address of stays in registers.
    EHLO_NOINLINE static constexpr std::optional<status> rare_enhanced(std::string_view octets, unsigned code) noexcept {
        if (octets.size() < 5) return std::nullopt;
        status s;
        std::string_view const text = detail::sub(octets, 4);
        std::size_t const end = detail::scan_status_octets(text, s);
        // What follows is on the same line, or is its end.
        bool const ends = end != 0 && (text[end] == ' ' || text[end] == '\n' || (text[end] == '\r' && text[end + 1] == '\n'));
        return ends && s.class_digit == code / 100 ? std::optional(s) : std::nullopt;
    }

  public:
    constexpr unsigned code() const noexcept { return code_; }
    constexpr reply_class kind() const noexcept { return class_of(code_); }
    constexpr bool accepted() const noexcept { return is_positive(code_); }
    constexpr unsigned line_count() const noexcept { return line_count_; }
    constexpr reply_lines lines() const noexcept { return reply_lines(text_, line_count_); }
    /// The first line, which is all of most replies, without its code: "2.1.0 OK".
    constexpr std::string_view text() const noexcept {
        std::size_t const end = line_count_ > 1 ? detail::find_near<charset("\n")>(text_) : text_.size() - 1;   // its LF
        if (text_.size() <= 5 || end <= 4) return {text_.data(), 0};
        return {text_.data() + 4, end - 4 - (text_[end - 1] == '\r' ? 1u : 0u)};
    }
    /// All octets of the reply, codes and CRLFs included.
    constexpr std::string_view octets() const noexcept { return text_; }
    /// The enhanced status code of the first line, if there is one of the same class as the code (RFC 2034 4).
    constexpr std::optional<status> enhanced() const noexcept {
        // "250 2.1.5 Ok": what nearly all are like is told by one word, whose digits are less than 10 and whose other octets are right.
        if (EHLO_VECTOR && text_.size() >= 12) {
            std::uint64_t const word = detail::load8(text_.data() + 4) ^ detail::load8("0.0.0 \0");
            unsigned const class_digit = word & 0xFF;
            if (code_ - class_digit * 100 >= 100u) return std::nullopt;
            if (((word | (word + 0x0600060006u)) & 0xFFF0FFF0FFF0u) == 0 && (0x34u >> class_digit & 1) != 0)
                return status{static_cast<std::uint8_t>(class_digit), static_cast<std::uint16_t>(word >> 16 & 0xFF),
                              static_cast<std::uint16_t>(word >> 32 & 0xFF)};
        }
        return rare_enhanced(text_, code_);
    }
    /// Whether all texts are textstring = 1*(%d09 / %d32-126). Other octets are let through: real servers send them.
    constexpr bool is_plain() const noexcept {
        for (std::string_view line : lines())
            if (detail::find_first<~chars::textstring>(line) != line.size()) return false;
        return true;
    }
    constexpr leniency tolerated() const noexcept { return tolerated_; }
};

/// The rules of leniency that mean something in a reply.
inline constexpr leniency of_replies = rule::mixed_reply_codes | rule::empty_line_between_replies | rule::bare_lf_reply |
                                       rule::controls_in_reply | rule::odd_reply_separator | rule::odd_reply_code;

/// How much a client listens to. RFC 5321 has no limit on the number of lines: an endless reply must end somewhere.
struct reply_limits {
    std::uint32_t line = 2048;       ///< octets with CRLF; RFC 5321 4.5.3.1.5 asks for 512
    std::uint32_t total = 64 * 1024; ///< octets of all lines
    std::uint16_t lines = 100;
    leniency tolerate = strict;      ///< of `of_replies`
};
namespace detail {
inline constexpr reply_limits usual_reply_limits{};   // which nobody has to make for each reply
}

/// Reads replies out of a growing buffer. Call `next(buffer)` with all octets not yet consumed; discard `consumed`
/// afterwards. What was looked at is remembered: octets that arrive one at a time cost O(n) in all.
///   ready:     one reply, the first in the buffer.
///   failed:    bad_reply_code, bad_reply_separator, mixed_reply_codes, reply_too_long, bare_cr, bare_lf, nul_octet; `at`
///              counts from the first octet of the buffer. The connection is of no more use: nothing is consumed.
///              missing_octets: the buffer is shorter than what the call before left in it; nothing is consumed or forgotten.
///   need_more: nothing is consumed.
class reply_reader {
    std::uint32_t looked_at_ = 0;  // octets of the reply that are known to be right
    std::uint32_t line_at_ = 0;    // where the current line begins
    std::uint16_t lines_ = 0;      // whole lines before it
    std::uint16_t code_ = 0;       // of the line before it
    bool after_cr_ = false;        // one octet more was there, a CR
    // Tolerated.
    bool mixed_codes_ : 1 = false;
    bool empty_lines_ : 1 = false;
    bool bare_lf_ : 1 = false;
    bool controls_ : 1 = false;
    bool odd_separator_ : 1 = false;
    bool odd_code_ : 1 = false;

    static constexpr bool same(reply_view const& a, reply_view const& b) noexcept {
        return a.text_.data() == b.text_.data() && a.text_.size() == b.text_.size() && a.code_ == b.code_ && a.line_count_ == b.line_count_ &&
               a.tolerated_ == b.tolerated_;
    }

    static constexpr bool right_digit(char c, unsigned place) noexcept {
        return place == 0 ? c >= '2' && c <= '5' : is_digit(c);
    }

    // The reply that `in` begins with, if it is all there and nothing is wrong with it.
    static EHLO_INLINE constexpr bool read_whole(std::string_view in, reply_limits const& limits, reply_view& r) noexcept {
        if constexpr (EHLO_VECTOR == 0) return false;
        detail::fast::reply whole;
        if (!whole.read(in)) [[unlikely]] return false;
        // One that is no longer than a line may be has no line that is. All limits that are reached are left to the grammar.
        if (whole.size > limits.line || whole.size > limits.total || whole.lines > limits.lines) [[unlikely]] return false;
        r.text_ = {in.data(), whole.size};
        r.code_ = static_cast<std::uint16_t>(whole.code);
        r.line_count_ = static_cast<std::uint16_t>(whole.lines);
        if constexpr (detail::fast::checked) {
            auto const other = reply_reader().resume(in, limits);
            detail::fast::expect(other.ready() && other.consumed == whole.size && same(*other, r));
        }
        return true;
    }
    // Where a reader is made, which most replies need not.
    static EHLO_NOINLINE constexpr progress<reply_view> begin(std::string_view in, reply_limits const& limits) noexcept {
        return reply_reader().resume(in, limits);
    }
    friend constexpr progress<reply_view> parse_reply(std::string_view in, reply_limits const& limits) noexcept;

  public:
    EHLO_INLINE constexpr progress<reply_view> next(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = detail::usual_reply_limits) noexcept {
        // Not again when more has come: octets that arrive one at a time would cost O(n * n).
        if (reply_view r; looked_at_ == 0 && read_whole(in, limits, r)) [[likely]] return {r, r.text_.size()};
        // One octet more of a text.
        if (looked_at_ >= line_at_ + std::size_t{4} && in.size() == looked_at_ + std::size_t{1} &&
            static_cast<unsigned char>(in[looked_at_]) > '\r' && in.size() + 2 <= limits.total &&
            in.size() + 2 <= line_at_ + std::size_t{limits.line}) {
            ++looked_at_;
            return {std::size_t{0}};
        }
        return resume(in, limits);
    }
    template <detail::temporary Text>
    progress<reply_view> next(Text&&, reply_limits const& = {}) = delete;

    /// True between the first octet of a reply and its last.
    constexpr bool in_reply() const noexcept { return lines_ != 0 || looked_at_ != line_at_; }

  private:
    // From where the last call stopped, with the place of every fault.
    EHLO_NOINLINE constexpr progress<reply_view> resume(std::string_view in, reply_limits const& limits) noexcept {
        constexpr charset stops{std::string_view("\r\n\0", 3)};
        auto failed = [](errc code, std::size_t at) noexcept { return progress<reply_view>(fail(code, at), 0); };
        std::size_t at = looked_at_;
        if (in.size() < at + (after_cr_ ? 1u : 0u)) return failed(errc::missing_octets, in.size());
        for (;;) {
            std::size_t line = line_at_;
            // No line is shorter than 5 octets. Told before its digits are looked at, whatever pieces they come in.
            if (line + 5 > limits.total) return failed(errc::reply_too_long, line);
            // All three digits at once if they are there and right; the loop finds the place of a fault.
            if (at == line && in.size() - line >= 3) {
                auto const digit = [&in, line](std::size_t i) noexcept { return static_cast<unsigned>(in[line + i] - '0'); };
                unsigned const code = digit(0) * 100 + digit(1) * 10 + digit(2);
                if (digit(0) - 2 < 4 && digit(1) < 10 && digit(2) < 10 && (lines_ == 0 || code == code_)) at += 3;
            }
            for (; at < line + 3; ++at) {
                if (at == in.size()) {
                    looked_at_ = static_cast<std::uint32_t>(at);
                    return {std::size_t{0}};
                }
                unsigned const place = static_cast<unsigned>(at - line);
                if (place == 0 && is_digit(in[at]) && !right_digit(in[at], 0) && limits.tolerate.has(rule::odd_reply_code)) {
                    odd_code_ = true;
                } else if (!right_digit(in[at], place)) {
                    bool const may_be_empty = place == 0 && lines_ == 0 && in[at] == '\r' && limits.tolerate.has(rule::empty_line_between_replies);
                    if (!may_be_empty || (at + 1 < in.size() && in[at + 1] != '\n')) return failed(errc::bad_reply_code, at);
                    after_cr_ = at + 1 == in.size();
                    if (after_cr_) {
                        looked_at_ = static_cast<std::uint32_t>(at);
                        return {std::size_t{0}};
                    }
                    empty_lines_ = true;
                    line = ++at + 1;
                    line_at_ = looked_at_ = static_cast<std::uint32_t>(line);
                    if (line + 5 > limits.total) return failed(errc::reply_too_long, line);
                    continue;
                }
                if (lines_ == 0) continue;
                constexpr unsigned weight[] = {100, 10, 1};
                if (code_ / weight[place] % 10 == static_cast<unsigned>(in[at] - '0')) continue;
                if (!limits.tolerate.has(rule::mixed_reply_codes)) return failed(errc::mixed_reply_codes, at);
                mixed_codes_ = true;
            }
            if (at == line + 3 && at < in.size() && in[at] != ' ' && in[at] != '-' && !stops.contains(in[at])) {
                if (!limits.tolerate.has(rule::odd_reply_separator)) return failed(errc::bad_reply_separator, at);
                odd_separator_ = true;
            }
            std::size_t end = detail::find_first<stops>(in, at);
            if (limits.tolerate.has(rule::controls_in_reply)) {
                while (end < in.size() && (in[end] == '\0' || (in[end] == '\r' && end + 1 < in.size() && in[end + 1] != '\n'))) {
                    controls_ = true;
                    end = detail::find_first<stops>(in, end + 1);
                }
            }
            std::size_t const most = limits.line < limits.total - line ? line + limits.line : limits.total;
            if (end + 2 > most) return failed(errc::reply_too_long, most - 2);  // where the CR should have been at last
            if (end == in.size() || (in[end] == '\r' && end + 1 == in.size())) {
                looked_at_ = static_cast<std::uint32_t>(end);
                after_cr_ = end != in.size();
                return {std::size_t{0}};
            }
            if (in[end] == '\0') return failed(errc::nul_octet, end);
            bool const lf_alone = in[end] == '\n';
            if (lf_alone && !limits.tolerate.has(rule::bare_lf_reply)) return failed(errc::bare_lf, end);
            if (lf_alone) bare_lf_ = true;
            else if (in[end + 1] != '\n') return failed(errc::bare_cr, end);
            unsigned const code = static_cast<unsigned>((in[line] - '0') * 100 + (in[line + 1] - '0') * 10 + (in[line + 2] - '0'));
            code_ = static_cast<std::uint16_t>(code);
            ++lines_;
            at = end + (lf_alone ? 1 : 2);
            if (in[line + 3] != '-') {
                reply_view r;
                std::size_t begin = 0;
                if (empty_lines_)
                    while (begin + 2 < at && in[begin] == '\r') begin += 2;
                r.text_ = detail::sub(in, begin, at - begin);
                r.code_ = code_;
                r.line_count_ = lines_;
                if (mixed_codes_) r.tolerated_ |= rule::mixed_reply_codes;
                if (empty_lines_) r.tolerated_ |= rule::empty_line_between_replies;
                if (bare_lf_) r.tolerated_ |= rule::bare_lf_reply;
                if (controls_) r.tolerated_ |= rule::controls_in_reply;
                if (odd_separator_) r.tolerated_ |= rule::odd_reply_separator;
                if (odd_code_) r.tolerated_ |= rule::odd_reply_code;
                *this = reply_reader();
                return {r, at};
            }
            if (lines_ >= limits.lines) return failed(errc::reply_too_long, at);
            line_at_ = looked_at_ = static_cast<std::uint32_t>(at);
            after_cr_ = false;
        }
    }
};

/// The reply that `in` begins with; further replies may follow it (`consumed` tells where). As reply_reader::next.
EHLO_INLINE constexpr progress<reply_view> parse_reply(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = detail::usual_reply_limits) noexcept {
    if constexpr (EHLO_VECTOR == 0) return reply_reader().resume(in, limits);
    if (reply_view r; reply_reader::read_whole(in, limits, r)) [[likely]] return {r, r.octets().size()};
    return reply_reader::begin(in, limits);
}
template <detail::temporary Text>
progress<reply_view> parse_reply(Text&&, reply_limits const& = {}) = delete;

}  // namespace ehlo
