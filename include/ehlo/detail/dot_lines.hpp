// Lines in content that another reader may take for its end, and CR, LF and NUL that stand alone: found, with their places.
// RFC 5321 4.1.1.4, 2.3.8; CVE-2023-51764 and its sisters.
#pragma once

#include <ehlo/detail/names.hpp>
#include <ehlo/detail/set.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A line that is only a dot, by the line ends before and after it. Only CRLF "." CRLF ends content; each of the others does for
/// some reader.
enum class dot_line : std::uint8_t {
    crlf_dot_crlf,   ///< the end
    lf_dot_lf, lf_dot_crlf, lf_dot_cr,
    crlf_dot_lf, crlf_dot_cr,
    cr_dot_lf, cr_dot_crlf, cr_dot_cr,
    with_nul,        ///< any of them with NULs beside the dot, which some drop
};
inline constexpr std::string_view dot_line_names[] = {"crlf_dot_crlf", "lf_dot_lf", "lf_dot_crlf", "lf_dot_cr", "crlf_dot_lf",
                                                      "crlf_dot_cr",   "cr_dot_lf", "cr_dot_crlf", "cr_dot_cr", "with_nul"};
static_assert(detail::names_all<dot_line>(dot_line_names), "a line has no name");
constexpr std::string_view name(dot_line d) noexcept { return dot_line_names[static_cast<unsigned>(d)]; }
using dot_lines = set_of<dot_line>;
constexpr dot_lines operator|(dot_line a, dot_line b) noexcept { return dot_lines(a) | dot_lines(b); }

namespace detail {

/// Looks at content octet by octet, cut anywhere. It begins at the beginning of a line.
class dot_finder {
    enum class place : std::uint8_t { text, line, dot, dot_cr };
    enum class end : std::uint8_t { cr, lf, crlf };

    std::uint64_t dot_at_ = 0, cr_at_ = 0;
    place place_ = place::line;
    end before_ = end::crlf;
    char last_ = '\n';
    bool nul_ = false;

    constexpr dot_line kind(end after) const noexcept {
        if (nul_) return dot_line::with_nul;
        constexpr dot_line kinds[3][3] = {{dot_line::cr_dot_cr, dot_line::cr_dot_lf, dot_line::cr_dot_crlf},
                                          {dot_line::lf_dot_cr, dot_line::lf_dot_lf, dot_line::lf_dot_crlf},
                                          {dot_line::crlf_dot_cr, dot_line::crlf_dot_lf, dot_line::crlf_dot_crlf}};
        return kinds[static_cast<unsigned>(before_)][static_cast<unsigned>(after)];
    }
    constexpr void begin_line(end e) noexcept {
        place_ = place::line;
        before_ = e;
        nul_ = false;
    }

  public:
    constexpr dot_finder() noexcept = default;
    /// In the middle of content that had no CR or LF alone so far: `last` is the octet before offset `at`.
    constexpr dot_finder(char last, std::uint64_t at) noexcept
        : cr_at_(at - 1),
          place_(last == '\n' || last == '\r' ? place::line : place::text),
          before_(last == '\r' ? end::cr : end::crlf),
          last_(last) {}

    /// `octets` begin at offset `at`. Calls `found(kind, where the dot is, where the next line begins)` for each line that is only a
    /// dot, and stops where that returns true; `alone(octet, where)` for each CR, LF and NUL. Returns the octets looked at.
    template <class Found, class Alone>
    constexpr std::size_t look(std::string_view octets, std::uint64_t at, Found&& found, Alone&& alone) {
        for (std::size_t i = 0; i < octets.size(); ++i) {
            char const c = octets[i];
            std::uint64_t const here = at + i;
            if (last_ == '\r' && c != '\n') alone('\r', cr_at_);
            if (place_ == place::dot_cr) {
                end const after = c == '\n' ? end::crlf : end::cr;
                dot_line const k = kind(after);
                begin_line(after);
                if (c == '\n') {
                    last_ = c;
                    if (found(k, dot_at_, here + 1)) return i + 1;
                    continue;
                }
                if (found(k, dot_at_, here)) return i;
            }
            if (c == '\n' && last_ != '\r') alone('\n', here);
            if (c == '\0') alone('\0', here);
            switch (c) {
            case '\r':
                cr_at_ = here;
                if (place_ == place::dot) place_ = place::dot_cr;
                else begin_line(end::cr);
                break;
            case '\n':
                if (place_ == place::dot) {
                    dot_line const k = kind(end::lf);
                    begin_line(end::lf);
                    last_ = c;
                    if (found(k, dot_at_, here + 1)) return i + 1;
                    continue;
                }
                begin_line(last_ == '\r' ? end::crlf : end::lf);
                break;
            case '\0': nul_ = true; break;
            case '.':
                if (place_ == place::line) {
                    place_ = place::dot;
                    dot_at_ = here;
                    break;
                }
                [[fallthrough]];
            default: place_ = place::text;
            }
            last_ = c;
        }
        return octets.size();
    }
    /// The content has ended: a CR at its end stands alone.
    template <class Alone>
    constexpr void finish(Alone&& alone) {
        if (last_ == '\r') alone('\r', cr_at_);
        last_ = ' ';
    }
    /// Whether the octets end in what may become such a line, and where its dot is.
    constexpr bool pending() const noexcept { return !nul_ && (place_ == place::dot || place_ == place::dot_cr); }
    constexpr std::uint64_t dot_at() const noexcept { return dot_at_; }
};

}  // namespace detail
}  // namespace ehlo
