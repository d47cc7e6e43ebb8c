// Content in counted chunks: BDAT, and BURL which fetches a chunk by its URL. RFC 3030 2, RFC 4468 3.
#pragma once

#include <ehlo/command.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace cmd {
/// BDAT: `size` octets of content follow its CRLF at once, without dot stuffing.
struct bdat {
    std::uint64_t size;
    bool last;
};
/// BURL: the content at `url` is to be fetched by the server. Borrows from the line.
struct burl {
    std::string_view url;
    bool last;
};
}  // namespace cmd

namespace detail {
// [ SP "LAST" ] at the end of an argument: cut off if it is there.
constexpr bool cut_last(std::string_view& arguments) noexcept {
    constexpr std::string_view last = " LAST";
    if (arguments.size() < last.size() || !iequals(detail::sub(arguments, arguments.size() - last.size()), last)) return false;
    arguments.remove_suffix(last.size());
    return true;
}
/// Where `arguments`, of which the first `at` octets are right, stops to look like [ SP "LAST" ].
constexpr failure not_last(std::string_view arguments, std::size_t at) noexcept {
    for (char const expected : std::string_view(" LAST")) {
        if (at == arguments.size() || to_upper(arguments[at]) != expected) break;
        ++at;
    }
    return fail(errc::unexpected_argument, at);
}
}  // namespace detail

/// bdat-cmd = "BDAT" SP 1*DIGIT [ SP "LAST" ], the part after "BDAT SP". RFC 3030 2.
/// Errors: missing_argument, bad_number, number_too_large (over 2^64-1), unexpected_argument. After any of them nobody
/// knows how many octets follow: the stream cannot be brought back in step, so answer and close.
constexpr result<cmd::bdat> parse_bdat(std::string_view arguments) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    std::string_view size = arguments;
    bool const last = detail::cut_last(size);
    auto const number = parse_decimal(size);
    if (number) return cmd::bdat{*number, last};
    bool const more = number.error().code == errc::bad_number && number.error().at > 0 && size[number.error().at] == ' ';
    return more ? detail::not_last(arguments, number.error().at) : number.error();
}

/// burl-cmd = "BURL" SP absolute-URI [ SP "LAST" ], the part after "BURL SP". RFC 4468 3.2; of RFC 3986 only this much is
/// checked: a scheme, a colon, and something after it without white space. Borrows from `arguments`.
/// Errors: missing_argument, bad_url, unexpected_argument.
constexpr result<cmd::burl> parse_burl(std::string_view arguments EHLO_LIFETIMEBOUND) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    std::string_view url = arguments;
    bool const last = detail::cut_last(url);
    constexpr charset scheme = chars::let_dig + "+-.", visible{33, 126};
    std::size_t const colon = detail::find_first<~scheme>(url);
    if (url.empty() || !chars::alpha.contains(url[0])) return fail(errc::bad_url, 0);
    if (colon == url.size() || url[colon] != ':') return fail(errc::bad_url, colon);
    std::size_t const end = detail::find_first<~visible>(url);
    if (end != url.size()) return url[end] == ' ' ? detail::not_last(arguments, end) : fail(errc::bad_url, end);
    if (colon + 1 == url.size()) return fail(errc::bad_url, url.size());
    return cmd::burl{url, last};
}
template <detail::temporary Text>
result<cmd::burl> parse_burl(Text&&) = delete;

/// "BDAT SP size [SP LAST]"; the octets follow. Errors: output_full.
constexpr result<std::size_t> write_bdat(writer& out, std::uint64_t size, bool last) noexcept {
    return out.atomically([&](writer& w) { w.raw("BDAT ").number(size).raw(last ? " LAST\r\n" : "\r\n"); });
}
/// "BURL SP url [SP LAST]". Errors: those of parse_burl, unsafe_octet, output_full.
constexpr result<std::size_t> write_burl(writer& out, std::string_view url, bool last) noexcept {
    if (auto const bad = detail::find_unsafe(url)) return *bad;
    auto const parsed = parse_burl(url);
    if (!parsed) return parsed.error();
    if (parsed->last) return fail(errc::unexpected_argument, parsed->url.size());
    return detail::write_line(out, "BURL", " ", url, last ? "LAST" : "");
}

namespace detail {
/// Looks, in a line that is refused, for what another reader may take for a BDAT: the verb where a line begins, or after a
/// control, after which some begin a new line; with white space in front of it, or octets over 127 (a byte order mark, a space
/// that is none to us); with controls between its letters, which some drop. Whoever takes it so sends a chunk after the line.
class bdat_finder {
    static constexpr unsigned char other = 5, found_it = 6;
    unsigned char matched_ = 0;  // letters of the verb
    bool fresh_ = true;          // nothing to be seen since a line may have begun

  public:
    constexpr void look(std::string_view octets) noexcept {
        constexpr charset controls = charset(0, 31) - "\t" + "\x7F";
        // Most begin with another word, which one octet tells.
        if (matched_ == 0 && !octets.empty() && static_cast<unsigned char>(octets[0] - 33) < 94 && to_upper(octets[0]) != 'B') {
            matched_ = other;
            fresh_ = false;
        }
        for (std::size_t at = 0; at < octets.size(); ++at) {
            // In a line that begins with another word nothing matters before the next control.
            if (matched_ == other) at = find_first<controls>(octets, at);
            if (at == octets.size()) return;
            char const c = octets[at];
            auto const u = static_cast<unsigned char>(c);
            if (matched_ == 4 && !chars::alpha.contains(c)) matched_ = found_it;
            if (matched_ == found_it) return;
            if ((u < ' ' && c != '\t') || u == 127) {
                fresh_ = true;
                if (matched_ == other) matched_ = 0;
            } else if (u <= ' ' || u > 127) {
                matched_ = fresh_ ? 0 : other;
            } else {
                if (matched_ < 4 && to_upper(c) == "BDAT"[matched_]) ++matched_;
                else matched_ = fresh_ && to_upper(c) == 'B' ? 1 : other;
                fresh_ = false;
            }
        }
    }
    /// To be asked at the end of the line.
    constexpr bool found() const noexcept { return matched_ == 4 || matched_ == found_it; }
};
}  // namespace detail

namespace detail {
/// Whether the beginning of a line that is refused may have been meant as a BURL: the verb and no letter after it, whatever blanks
/// and controls stand before it.
constexpr bool may_be_burl(std::string_view line) noexcept {
    constexpr charset blank = ~charset(33, 126);
    line = sub(line, 0, 512);   // the same, however the line arrives
    line = sub(line, find_first<~blank>(line));
    return istarts_with(line, "BURL") && (line.size() == 4 || !chars::alpha.contains(line[4]));
}
}  // namespace detail

/// Counts the octets of a chunk off. What is cut off is content as it is: no dots, no line ends are looked at.
class chunk_reader {
    std::uint64_t left_;

  public:
    constexpr explicit chunk_reader(std::uint64_t size) noexcept : left_(size) {}
    constexpr std::uint64_t left() const noexcept { return left_; }
    /// The part of `in` that belongs to the chunk; that many octets are consumed.
    [[nodiscard]] constexpr std::string_view next(std::string_view in EHLO_LIFETIMEBOUND) noexcept {
        std::string_view const part = detail::sub(in, 0, left_ < in.size() ? static_cast<std::size_t>(left_) : in.size());
        left_ -= part.size();
        return part;
    }
    template <detail::temporary Text>
    std::string_view next(Text&&) = delete;
};

}  // namespace ehlo
