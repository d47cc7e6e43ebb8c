// Fast attempts: what nearly all of the traffic looks like, told by one classification and bit masks instead of loops.
//
// The contract: an attempt accepts, or it says nothing. What it accepts, the grammar reads alike, octet for octet; for all else,
// and for the place of every error, there is the grammar alone. Attempts are made where a text enters (command_reader::next,
// take_path, parse_path, parse_host, parse_mail, parse_rcpt, reply_reader::next), once, and never inside a scanner.
// They run in constant expressions, too, and with EHLO_CHECK_FAST the entries compare all that is accepted with the grammar.
#pragma once

#include <ehlo/detail/scan.hpp>
#include <ehlo/syntax.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// Whether an octet is atext. By a table where it is linked in anyway: a machine without vectors is likely to be a small one.
inline constexpr octet_table atext_table{chars::atext};
constexpr bool is_atext(char c) noexcept {
    if constexpr (EHLO_VECTOR != 0) return atext_table.contains(c);
    else return chars::atext.contains(c);
}

namespace fast {

#if EHLO_CHECK_FAST
inline constexpr bool checked = true;
#else
inline constexpr bool checked = false;
#endif
/// Stops the program, or the compiler in a constant expression, where the grammar does not read what was accepted, or not alike.
constexpr void expect(bool alike) noexcept {
    if (alike) return;
#if defined(__GNUC__)
    __builtin_trap();
#else
    *static_cast<char volatile*>(nullptr) = 0;
#endif
}

/// No two dots or other bounds of labels may touch, and no hyphen a bound.
EHLO_INLINE constexpr bool well_placed(std::uint64_t labels, std::uint64_t hyphens) noexcept {
    return ((labels & labels << 1) | (hyphens & (labels << 1 | labels >> 1))) == 0;
}

/// The length of the ASCII domain of up to 62 octets that `text` begins with, or 0. What follows may be a part of it under other rules.
EHLO_INLINE constexpr std::size_t domain_in(window const& w, syntax const& rules) noexcept {
    std::uint64_t const marks = w.mask_marks(), others = ~w.mask_names(marks);
    if (others == 0) return 0;
    unsigned const size = trailing_zeros(others);
    if (size == 63 || size > rules.max_domain) return 0;  // of 63, the bit after its end would be lost
    // Where neither the ends nor any two dots and hyphens touch, nothing is wrong.
    std::uint64_t const bounds = (marks & low_bits(size)) << 1 | 1u | std::uint64_t{2} << size;
    if ((bounds & bounds << 1) == 0) return size;
    std::uint64_t const hyphens = (w.mask<"-">() & low_bits(size)) << 1;
    return well_placed(bounds & ~hyphens, hyphens) ? size : 0;
}
EHLO_INLINE constexpr std::size_t domain(std::string_view text, syntax const& rules) noexcept {
    if (text.size() >= 64) return domain_in(window(window::whole(), text.data()), rules);
    return domain_in(window(text), rules);
}

/// Where the path begins in a line that begins with "MAIL FROM:<" or "RCPT TO:<", of 14 octets at least, which are the shortest that can
/// be right; else 0.
EHLO_INLINE constexpr unsigned path_begin(char const* p, std::uint32_t word) noexcept {
    bool const mail = word == fold4("MAIL");
    constexpr std::uint64_t from = load8("\xFF\xDF\xDF\xDF\xDF\xFF\xFF"), to = load8("\xFF\xDF\xDF\xFF\xFF\0\0");
    if ((load8(p + 4) & (mail ? from : to)) != (mail ? load8(" FROM:<") : load8(" TO:<\0\0"))) return 0;
    return mail ? 10 : 8;
}

/// "<" Dot-string "@" Domain ">" within 64 octets, which is 97 paths of 100.
struct path {
    unsigned at = 0, end = 0;  ///< the offsets of "@" and ">"
    bool rarer = false;        ///< it was not read, and a quoted local part or an address literal may be why

    /// The path that `text`, which is "<" and an octet at least, begins with.
    EHLO_INLINE constexpr bool read(std::string_view text, syntax const& rules) noexcept {
        if (text.size() >= 64) return read_in(window(window::whole(), text.data()), text, rules);
        return read_in(window(text), text, rules);
    }

    /// "<" Dot-string "@": the offset of the "@", or 0. For an address literal after it.
    static EHLO_INLINE constexpr unsigned read_local_part(std::string_view text) noexcept {
        window const w(text);
        std::uint64_t const ats = w.mask<"@">();
        if (ats == 0) return 0;
        unsigned const at = trailing_zeros(ats);
        std::uint64_t const inside = low_bits(at) & ~std::uint64_t{1};
        for (std::uint64_t signs = ~w.mask_names(w.mask_marks()) & inside; signs != 0; signs &= signs - 1)
            if (!is_atext(text[trailing_zeros(signs)])) return 0;
        std::uint64_t const bounds = (w.mask<".">() & inside) | 1 | std::uint64_t{1} << at;
        return (bounds & bounds << 1) == 0 ? at : 0;
    }

  private:
    EHLO_INLINE constexpr bool read_in(window const& w, std::string_view text, syntax const& rules) noexcept {
        // Neither a quote nor an octet over 127.
        if (static_cast<signed char>(text[1]) <= '"') return rarer = text[1] == '"', false;
        std::uint64_t const marks = w.mask_marks();
        if (!find_bounds(w, marks, text.data())) return false;
        // "<", "@" and ">" bound labels just as dots do. Where no two of these and of the hyphens touch, nothing is wrong.
        std::uint64_t const edges = std::uint64_t{1} | std::uint64_t{1} << at | std::uint64_t{1} << end;
        // Of the octets before ">" all but "<", which is no mark: without AVX2 the same was asked for by find_bounds.
        std::uint64_t const inside = (std::uint64_t{1} << end) - (window::quick_atext ? 1 : 2);
        std::uint64_t const bounds = (marks & inside) | edges;
        if (std::uint64_t const touching = bounds & bounds << 1; touching != 0) {
            // Two that are no hyphens: refused at once, as most of what is refused.
            unsigned const second = trailing_zeros(touching);
            if ((text[second] != '-' && text[second - 1] != '-') || !hyphens_are_well_placed(text, bounds, at)) return false;
        }
        return at <= rules.max_local_part + 1u && end - at <= rules.max_domain + 1u && end < rules.max_path;
    }
    // Where "@" and ">" are; all octets before "@" are atext or dots, and those after it letters, digits, dots and hyphens.
    EHLO_INLINE constexpr bool find_bounds(window const& w, std::uint64_t marks, char const* data) noexcept {
        if constexpr (window::quick_atext) {
            std::uint64_t const text = w.mask_atext();
            std::uint64_t const others = (text | 1) ^ low_bits_of_some(w.size()), after_at = others & (others - 1);
            if (after_at == 0) return false;
            at = trailing_zeros(others);
            end = trailing_zeros(after_at);
            if (data[end] != '>') return rarer = data[end] == '[', false;
            return data[at] == '@' && ((text ^ w.mask_names(marks)) & ((std::uint64_t{1} << end) - 1)) >> at == 0;
        } else {
            // To look up the rarer atext one by one takes less here than to classify all octets for it. Between the brackets, all but
            // letters, digits, dots and hyphens: the last of these is "@". Two more are looked up at any rate, the octet after "@" in
            // place of those that are not there: how many are, no branch predictor can know.
            std::uint64_t const closing = w.mask<">">();
            if (closing == 0) return false;
            end = trailing_zeros(closing);
            if (data[end - 1] == ']') return rarer = true, false;
            std::uint64_t const others = ~w.mask_names(marks) & ((std::uint64_t{1} << end) - 2);
            if (others == 0) return false;
            at = highest_bit(others);
            if (data[at] != '@') return false;
            std::uint64_t const after_at = std::uint64_t{2} << at;
            std::uint64_t const signs = others ^ std::uint64_t{1} << at, more_signs = signs & (signs - 1);
            bool const one = is_atext(data[trailing_zeros(signs | after_at)]), other = is_atext(data[trailing_zeros(more_signs | after_at)]);
            if (!one || !other) return false;
            for (std::uint64_t rest = more_signs & (more_signs - 1); rest != 0; rest &= rest - 1)
                if (!is_atext(data[trailing_zeros(rest)])) return false;
            return true;
        }
    }
    // In a local part hyphens may stand anywhere.
    EHLO_NOINLINE static constexpr bool hyphens_are_well_placed(std::string_view text, std::uint64_t bounds, unsigned at) noexcept {
        std::uint64_t const hyphens = window(text).mask<"-">() & bounds;
        return well_placed(bounds & ~hyphens, hyphens & (~std::uint64_t{0} << at));
    }
};

/// A whole reply that nothing is wrong with: one compare for the code and one for the end of each line tell it.
struct reply {
    std::size_t size = 0;  ///< octets of all its lines
    unsigned code = 0, lines = 1;

    EHLO_INLINE constexpr bool read(std::string_view in) noexcept {
        char const* const p = in.data();
        if (in.size() < 5) return false;
        // All three digits at once: what is less or more than it may be sets the highest bit of its octet, by borrow or by carry.
        std::uint32_t const begin = load4(p), digits = begin - load4("200\0");
        if (((digits | (digits + 0x76767Cu)) & 0x808080u) != 0) return false;
        // 100 * the first + 10 * the second + the third; what is above it is even, and so bit 8 of it is its own.
        code = 200 + (((digits & 0xFFFFFFu) * 0x640A01u) >> 16 & 0x1FFu);
        std::size_t separator = 3, end = 0;
        if (p[3] == '-' && !pass_lines(in, begin, separator, end)) return false;
        if (p[separator] != ' ' && p[separator] != '\r') return false;
        if (end == 0) end = separator + find_near<controls>({p + separator, in.size() - separator});
        size = end + 2;
        return in.size() >= size && load2(p + end) == load2("\r\n");
    }

  private:
    static constexpr charset controls{0, '\r'};  // a TAB too is left to the grammar

    // All lines but the last one. Where that has its separator, and where it ends, if that was seen on the way.
    EHLO_INLINE constexpr bool pass_lines(std::string_view in, std::uint32_t begin, std::size_t& separator, std::size_t& end) noexcept {
        if (in.size() < 8) return false;
        // What stands between two lines: CR, LF, the code and its separator.
        std::uint64_t const between = (load2("\r\n") | std::uint64_t{begin} << 16) << 16;
        char const *const p = in.data(), *const stop = p + (in.size() - 8), *block = p;
        std::uint64_t inside = 0;   // 1: the octet before the block is a control
        for (std::size_t left = in.size();; block += 64, left -= 64) {
            std::uint64_t const all = marks_at<controls>(block, left, in.size());
            // Of CR and LF only the CR.
            std::uint64_t marks = all & ~(all << 1 | inside);
            inside = all >> 63;
            while (marks != 0) {
                char const* const at = block + trailing_zeros(marks);
                marks &= marks - 1;
                if (at > stop) return false;
                ++lines;
                std::uint64_t const next = load8(at);
                if (next << 16 != between) {
                    separator = static_cast<std::size_t>(at - p) + 5;
                    if (marks != 0) end = static_cast<std::size_t>(block - p) + trailing_zeros(marks);
                    return next << 24 == between << 8;
                }
            }
            if (left <= 64) return false;
        }
    }
};

}  // namespace fast
}  // namespace ehlo::detail
