// CRLF framing of command lines across reads. RFC 5321 2.3.8, 4.5.3.1.4.
#pragma once

#include <ehlo/leniency.hpp>
#include <ehlo/result.hpp>
#include <ehlo/detail/scan.hpp>
#include <ehlo/detail/temporary.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Cuts lines out of a growing buffer, and stays in step whatever comes: only CRLF ends a line (or LF, under
/// rule::bare_lf_line), and a line that is refused is consumed whole.
///
/// Call `next(buffer, limit)` with all octets not yet consumed; discard `consumed` of them afterwards. What was looked
/// at is remembered, so octets that arrive one at a time cost O(n) in all.
///   ready:     the line without its CRLF; borrows from the buffer.
///   failed:    line_too_long, bare_cr, bare_lf or nul_octet, with its offset in the line; the whole line is consumed.
///              missing_octets: the buffer is shorter than what the call before left in it; nothing is consumed or forgotten.
///   need_more: `consumed` is 0, or, in a line already known to be too long, the octets of it so far: memory stays
///              bounded by `limit`, the longest line accepted, in octets with its CRLF.
class line_reader {
    std::size_t looked_at_ = 0;     // octets of the buffer in which no line ends
    std::uint32_t fault_at_ = 0;    // the first fault of the line
    errc fault_{};                  // none so far: the first enumerator, which is no fault of framing
    bool under_way_ = false;        // one of the other members is set
    bool after_cr_ = false;         // one octet more was there, a CR
    bool too_long_ = false;         // in a line whose beginning was thrown away

    constexpr void note(errc code, std::size_t at) noexcept {
        if (fault_ != errc{}) return;
        fault_ = code;
        fault_at_ = fail(code, at).at;
    }
    constexpr progress<std::string_view> finish(std::string_view line, std::size_t consumed, std::size_t limit) noexcept {
        bool const was_too_long = too_long_, was_faulty = fault_ != errc{};
        failure const fault{fault_, fault_at_};
        *this = line_reader();
        if (was_too_long || consumed > limit) return {fail(errc::line_too_long, limit), consumed};
        if (was_faulty) return {fault, consumed};
        return {line, consumed};
    }

    // Octet by octet where it must be: from where the last call stopped, over whatever there is.
    EHLO_NOINLINE constexpr progress<std::string_view> resume(std::string_view in, std::size_t limit, leniency tolerate) noexcept {
        constexpr charset stops{std::string_view("\r\n\0", 3)};
        if (in.size() < looked_at_ + std::size_t{after_cr_}) return {fail(errc::missing_octets, in.size()), 0};
        if (in.empty()) return {std::size_t{0}};  // and the next line still begins anew
        under_way_ = true;
        std::size_t at = looked_at_;
        for (;;) {
            at = detail::find_first<stops>(in, at);
            if (at == in.size()) break;
            if (in[at] == '\r') {
                if (at + 1 == in.size()) break;  // the LF may come with the next read
                if (in[at + 1] == '\n') return finish(detail::sub(in, 0, at), at + 2, limit);
                note(errc::bare_cr, at);
            } else if (in[at] == '\n') {
                if (tolerate.has(rule::bare_lf_line)) return finish(detail::sub(in, 0, at), at + 1, limit);
                note(errc::bare_lf, at);
            } else {
                note(errc::nul_octet, at);
            }
            ++at;
        }
        after_cr_ = at != in.size();
        // The shortest line end still to come counts: a buffer of `limit` octets never stands full and waits.
        bool const lf_will_do = at == in.size() && tolerate.has(rule::bare_lf_line);
        if (too_long_ || at + (lf_will_do ? 1 : 2) > limit) {
            too_long_ = true;
            looked_at_ = 0;
            return {at};  // all but a last CR
        }
        looked_at_ = at;
        return {std::size_t{0}};
    }

  public:
    EHLO_INLINE constexpr progress<std::string_view> next(std::string_view in EHLO_LIFETIMEBOUND, std::size_t limit,
                                              leniency tolerate = strict) noexcept {
        if (!under_way_) {
            // Most lines are whole and hold no other control: one range, 0 to CR, stops at all that matters.
            std::size_t const end = detail::find_near<charset(0, '\r')>(in);
            EHLO_ASSUME(end <= in.size());
            if (in.size() - end > 1 && end + 2 <= limit && detail::load2(in.data() + end) == detail::load2("\r\n")) return {{in.data(), end}, end + 2};
        } else {
            EHLO_ASSUME(looked_at_ + 1 != 0);
            if (in.size() == looked_at_ + 1 && static_cast<unsigned char>(in[looked_at_]) > '\r' && !too_long_ && in.size() + 2 <= limit) {
                // One octet more, as when they arrive one by one.
                ++looked_at_;
                return {std::size_t{0}};
            }
        }
        return resume(in, limit, tolerate);
    }
    template <detail::temporary Text>
    progress<std::string_view> next(Text&&, std::size_t, leniency = strict) = delete;

    /// True if nothing of the buffer was looked at: the next line begins a new.
    constexpr bool at_start() const noexcept { return !under_way_; }
    /// True in the middle of a line that is being thrown away.
    constexpr bool discarding() const noexcept { return too_long_; }
};

}  // namespace ehlo
