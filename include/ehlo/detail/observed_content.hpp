// Content as an observer reads it: decoded, its end found as RFC 5321 has it or as the endpoint is said to, and what is odd in it told
// with its place.
#pragma once

#include <ehlo/detail/chunk_content.hpp>
#include <ehlo/detail/observed.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// The content of one message.
class content_watch {
    std::uint64_t octets_ = 0, begin_ = 0;
    dot_finder finder_{};
    content_decoder decoder_{};
    chunk_decoder chunks_{};
    bool whole_ = true;        // all of its octets were seen
    bool scanning_ = false;    // it is looked at octet by octet: something was odd, or an odd end is looked for
    char last_ = '\n';         // the octet before
    std::uint8_t told_ = 0;    // what was told once

  public:
    struct part {
        std::string_view octets{};            // decoded, a part of the input
        std::size_t consumed = 0;
        std::size_t ends_at = 0;              // where the line is that ends it, from the first octet consumed
        bool end = false;
        dot_line by = dot_line::crlf_dot_crlf;
    };

    constexpr content_watch() noexcept = default;
    constexpr explicit content_watch(std::uint64_t at) noexcept : begin_(at) {}
    constexpr void spoil() noexcept { whole_ = false; }
    constexpr std::uint64_t octets() const noexcept { return octets_; }
    constexpr bool bare_cr() const noexcept { return decoder_.bare_cr() || chunks_.bare_cr(); }
    constexpr bool bare_lf() const noexcept { return decoder_.bare_lf() || chunks_.bare_lf(); }
    /// Where the dot is of what may become a line that others take for the end; nothing if the octets so far do not end in one.
    constexpr std::optional<std::uint64_t> pending_dot() const noexcept {
        return scanning_ && finder_.pending() ? std::optional(finder_.dot_at()) : std::nullopt;
    }
    constexpr std::optional<std::uint64_t> all_octets() const noexcept { return whole_ ? std::optional(octets_) : std::nullopt; }

    /// The next part of content after DATA; `rest` stands at offset `at`. Nothing consumed: more is needed.
    template <class Depart>
    constexpr part next(std::string_view rest, std::uint64_t at, dot_lines ends, Depart&& depart, bare_octets bare = bare_octets::pass) {
        if (!ends.empty()) [[unlikely]] return next_by(rest, at, ends, depart);
        content_piece const p = decoder_.next(rest, bare);
        if (!p.end && p.consumed != 0) look_at(sub(rest, 0, p.consumed), at, depart);
        return taken(p);
    }
    /// Of a chunk, likewise: `rest` is what belongs to it, and not empty. `binary`: CR and LF mean nothing.
    template <class Depart>
    constexpr part next_chunk(std::string_view rest, std::uint64_t at, bool binary, Depart&& depart) {
        if (!binary) {
            rest = sub(rest, 0, chunks_.next(rest, bare_octets::pass).consumed);
            if (scanning_ || chunks_.bare_cr() || chunks_.bare_lf()) scan(rest, at, true, depart);
            else last_ = rest.back();
        }
        octets_ += rest.size();
        return {rest, rest.size()};
    }
    /// The content has ended.
    template <class Depart>
    constexpr void finish(Depart&& depart) {
        if (scanning_) finder_.finish([&](char octet, std::uint64_t where) { alone(octet, where, depart); });
        if (decoder_.long_line()) depart(departure::long_line, begin_, dot_line::crlf_dot_crlf);
    }

  private:
    constexpr part taken(content_piece const& p) noexcept {
        octets_ += p.octets.size();
        return {p.octets, p.consumed, 0, p.end, dot_line::crlf_dot_crlf};
    }
    template <class Depart>
    constexpr void look_at(std::string_view raw, std::uint64_t at, Depart&& depart) {
        if (scanning_ || decoder_.bare_cr() || decoder_.bare_lf() || decoder_.nul()) [[unlikely]] scan(raw, at, false, depart);
        else last_ = raw.back();
    }
    template <class Depart>
    EHLO_NOINLINE constexpr void scan(std::string_view raw, std::uint64_t at, bool chunk, Depart&& depart) {
        if (!scanning_) finder_ = dot_finder(last_, at);
        scanning_ = true;
        auto found = [&](dot_line k, std::uint64_t dot, std::uint64_t) {
            if (!chunk) depart(departure::smuggled_end, dot, k);
            return false;
        };
        finder_.look(raw, at, found, [&](char octet, std::uint64_t where) {
            if (octet != '\0' || !chunk) alone(octet, where, depart);
        });
    }
    template <class Depart>
    constexpr void alone(char octet, std::uint64_t at, Depart&& depart) {
        departure const d = octet == '\r' ? departure::bare_cr : octet == '\n' ? departure::bare_lf : departure::nul;
        auto const bit = static_cast<std::uint8_t>(octet == '\r' ? 1 : octet == '\n' ? 2 : 4);
        if ((told_ & bit) != 0) return;
        told_ = static_cast<std::uint8_t>(told_ | bit);
        depart(d, at, dot_line::crlf_dot_crlf);
    }

    // Other lines end it, too: they are looked for before the decoder sees them.
    template <class Depart>
    EHLO_NOINLINE constexpr part next_by(std::string_view rest, std::uint64_t at, dot_lines ends, Depart&& depart) {
        scanning_ = true;   // from the beginning on
        std::size_t dot = rest.size(), behind = rest.size();
        std::optional<dot_line> by;
        dot_finder ahead = finder_;
        auto found = [&](dot_line k, std::uint64_t where, std::uint64_t next) {
            if (k != dot_line::crlf_dot_crlf && !ends.has(k)) return false;
            by = k;
            // A dot before `at` cannot be: one that may end the content is left where it is.
            dot = static_cast<std::size_t>(where - at);
            behind = static_cast<std::size_t>(next - at);
            return true;
        };
        ahead.look(rest, at, found, [](char, std::uint64_t) {});
        if (!by && ahead.pending()) dot = static_cast<std::size_t>(ahead.dot_at() - at);
        if (dot == 0) {
            if (!by) return {};
            if (*by != dot_line::crlf_dot_crlf) depart(departure::other_end, at, *by);
            return {{}, behind, 0, true, *by};
        }
        std::string_view const text = sub(rest, 0, dot);
        content_piece p = decoder_.next(text, bare_octets::pass);
        if (p.consumed == 0) {
            if (!by) return {};
            p = {text, text.size(), false};   // a CR before the dot that ends it
        }
        scan(sub(rest, 0, p.consumed), at, false, depart);
        return taken(p);
    }
};

/// How many octets the messages had whose end was read, and not yet its reply.
class message_sizes {
    static constexpr std::size_t size = 4;
    static constexpr std::uint64_t unknown = ~std::uint64_t{0};
    std::uint64_t octets_[size] = {};
    std::uint32_t read_ = 0, told_ = 0;

  public:
    constexpr void push(std::optional<std::uint64_t> octets) noexcept { octets_[read_++ % size] = octets.value_or(unknown); }
    constexpr std::optional<std::uint64_t> pop() noexcept {
        if (told_ == read_) return std::nullopt;
        std::uint64_t const n = read_ - told_ > size ? unknown : octets_[told_ % size];
        ++told_;
        return n == unknown ? std::nullopt : std::optional(n);
    }
    constexpr void clear() noexcept { told_ = read_; }
};

}  // namespace ehlo::detail
