// The content of a message after DATA: strict end of data, dot decoding and encoding. RFC 5321 4.1.1.4, 4.5.2, 2.3.8.
#pragma once

#include <ehlo/detail/content_skip.hpp>
#include <ehlo/result.hpp>
#include <ehlo/detail/content_kernels.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What to do about a CR or an LF that stands alone. None of the three lets it end a line, a message or a command.
enum class bare_octets : std::uint8_t {
    reject,     ///< take the whole content, then refuse it (the encoder: refuse to send it)
    normalize,  ///< make CRLF of it
    pass,       ///< hand it on as it is (the encoder refuses it all the same: what leaves must be clean)
};

/// A piece of content, decoded. Borrows from the input that the decoder was given.
struct content {
    std::string_view octets;
};

/// What content_decoder::next found: `octets` of content, the input octets `consumed` for them, and whether the content
/// has ended with them. Nothing consumed and no end: more input is needed.
struct [[nodiscard]] content_piece {
    std::string_view octets;
    std::size_t consumed = 0;
    bool end = false;
};

/// What content_decoder::decode did: the octets it consumed and wrote, and whether the content has ended with them.
struct [[nodiscard]] decoded_content {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool end = false;
};

/// What content_encoder::encode or finish did: the octets of the input that it consumed, and whether it is done. If it neither is
/// nor failed, there was too little room: send what was written, and call again. There is no conversion to bool, so that a call
/// that must be repeated does not pass for a finished one.
class [[nodiscard]] encoded_content {
    failure failure_{};
    bool done_, failed_;

  public:
    std::size_t consumed;

    constexpr encoded_content(std::size_t used, bool done) noexcept : done_(done), failed_(false), consumed(used) {}
    constexpr encoded_content(failure const& f) noexcept : failure_(f), done_(false), failed_(true), consumed(0) {}

    constexpr bool done() const noexcept { return done_; }
    constexpr bool failed() const noexcept { return failed_; }
    constexpr failure error() const noexcept { return failure_; }
};

/// Finds the end of content and undoes the dot stuffing, without copying: every piece is a part of the input. A dot at the
/// beginning of a line is dropped; the line "." ends the content, and only CRLF (or the beginning) makes a line begin and
/// only CRLF makes it end. Up to two octets that cannot be judged yet (a CR; a dot at the beginning of a line, with its
/// CR) stay unconsumed until more have come, so nothing but two bits is kept between calls, and no position: an input
/// that is shorter than before does no harm.
class content_decoder {
    std::uint16_t line_length_ = 0;
    bool line_start_ = true;
    bool bare_cr_ = false, bare_lf_ = false, nul_ = false, long_line_ = false;

  public:
    static constexpr std::size_t max_line = 998;  ///< octets without CRLF and without the stuffed dot, 4.5.3.1.6

    /// The next piece of `in`, which begins where the octets consumed so far end.
    constexpr content_piece next(std::string_view in EHLO_LIFETIMEBOUND, bare_octets bare = bare_octets::reject) noexcept {
        // Octet by octet, most calls bring nothing or one of these.
        if (in.size() <= 1) {
            if (in.empty()) return {};
            auto const octet = static_cast<unsigned char>(in[0]);
            if (octet > '\r' && !(octet == '.' && line_start_)) {
                line_start_ = false;
                if (line_length_ < max_line) ++line_length_;
                else long_line_ = true;
                return {in, 1, false};
            }
        }
        return piece_of(in, bare);
    }

    /// The same with a copy, in one pass: decodes from `in` to `out`, which may not overlap, until `in` is consumed (but for what
    /// cannot be judged yet, as with next), `out` is full or the content has ended. Octets of `out` after those produced may be
    /// written over. With room for two octets, nothing consumed and no end means that more input is needed.
    ///
    ///   until d.end:  d = decode(in, out), store out.first(d.produced), drop d.consumed octets of `in`, read more if that is 0
    constexpr decoded_content decode(std::string_view in, std::span<char> out, bare_octets bare = bare_octets::reject) noexcept {
        decoded_content done;
        std::size_t by_piece = 0;  // up to here the copy in one pass is of no use
        for (;;) {
#if EHLO_VECTOR
            if (!std::is_constant_evaluated() && done.consumed >= by_piece) {
                while (in.size() - done.consumed >= 192 && out.size() - done.produced >= 192) {
                    decoded_content const part = copy(in.data() + done.consumed, in.size() - done.consumed, out.data() + done.produced,
                                                      out.size() - done.produced, bare);
                    done.consumed += part.consumed;
                    done.produced += part.produced;
                    if (part.consumed == 0) {
                        by_piece = done.consumed + 64;
                        break;
                    }
                }
            }
#endif
            // No more than there is room for, and what it takes to judge it: the next call would look at it again.
            std::size_t const room = out.size() - done.produced;
            std::string_view const rest = detail::sub(in, done.consumed, by_piece > done.consumed ? by_piece - done.consumed + 2 : room + 3);
            content_decoder const before = *this;
            content_piece piece = next(rest, bare);
            if (piece.octets.size() > room) {
                *this = before;
                // A CRLF that was made of one octet has to wait.
                std::size_t const stuffed = piece.consumed - piece.octets.size();
                if (piece.consumed < piece.octets.size()) return done;
                piece = next(detail::sub(rest, 0, stuffed + room), bare);
            }
            if (!piece.octets.empty()) {
                char* const to = out.data() + done.produced;
                if (std::is_constant_evaluated()) {
                    for (std::size_t i = 0; i < piece.octets.size(); ++i) to[i] = piece.octets[i];
                } else {
                    std::memcpy(to, piece.octets.data(), piece.octets.size());
                }
            }
            done.consumed += piece.consumed;
            done.produced += piece.octets.size();
            done.end = piece.end;
            if (piece.end || piece.consumed == 0) return done;
        }
    }

    constexpr bool bare_cr() const noexcept { return bare_cr_; }
    constexpr bool bare_lf() const noexcept { return bare_lf_; }
    constexpr bool nul() const noexcept { return nul_; }
    /// A line of more than 998 octets.
    constexpr bool long_line() const noexcept { return long_line_; }

  private:
    // What is near is found without the long way's preparations.
#if EHLO_VECTOR
    static EHLO_NOINLINE constexpr std::size_t find_far(std::string_view in, std::size_t at) noexcept {
        std::size_t const found = detail::find_content_event(detail::sub(in, 0, at + 16), at);
        if (found != at + 16) return found;
        return detail::find_content_event(in, found + detail::skip_clean_content(in.data() + found, in.size() - found));
    }
#endif
    static constexpr std::size_t find_event(std::string_view in, std::size_t at) noexcept {
#if EHLO_VECTOR
        if (!std::is_constant_evaluated() && in.size() - at >= 256) return find_far(in, at);
#endif
        return detail::find_content_event(in, at);
    }
    constexpr content_piece piece_of(std::string_view in, bare_octets bare) noexcept {
        // In blocks that stay in the first cache while they are looked at, measured and (by the caller) copied.
        constexpr std::size_t block = 16 * 1024;
        if (in.size() > block) in = detail::sub(in, 0, block);
        std::size_t const size = in.size();
        std::size_t start = 0;  // where the piece begins
        if (size == 0) return {};
        if (line_start_ && in[0] == '.') {
            if (size == 1 || (in[1] == '\r' && size == 2)) return {};
            if (in[1] == '\r' && in[2] == '\n') {
                line_start_ = true;
                line_length_ = 0;
                return {detail::sub(in, 0, 0), 3, true};
            }
            start = 1;
        }
        // An octet of which the predecessor is not in `in`: that one was no CR, and the dot of a new line is dealt with.
        std::size_t at = start;
        if (start == 0) {
            if (in[0] == '\n' && bare == bare_octets::normalize) return normalized(bare_lf_);
            bare_lf_ |= in[0] == '\n';
            nul_ |= in[0] == '\0';
            at = 1;
        }
        if (bare == bare_octets::normalize && in[start] == '\r' && start + 1 < size && in[start + 1] != '\n') {
            content_piece piece = normalized(bare_cr_);
            piece.consumed = start + 1;
            return piece;
        }
        for (;; ++at) {
            at = find_event(in, at);
            if (at == size) break;
            if (in[at] == '.' && in[at - 1] == '\n') {
                // The dot of a new line ends the piece; after a bare LF it is a dot like any other.
                if (at >= 2 && in[at - 2] == '\r') return take(in, start, at);
            } else if (in[at] == '\0') {
                nul_ = true;
                if (in[at - 1] == '\r') {
                    if (bare == bare_octets::normalize) return take(in, start, at - 1);
                    bare_cr_ = true;
                }
            } else if (in[at] == '\n') {
                if (bare == bare_octets::normalize) return take(in, start, at);
                bare_lf_ = true;
            } else {
                if (bare == bare_octets::normalize) return take(in, start, at - 1);
                bare_cr_ = true;
            }
        }
        std::size_t const end = in[size - 1] == '\r' ? size - 1 : size;
        return end <= start ? content_piece{} : take(in, start, end);
    }
#if EHLO_VECTOR
    // Both sizes are large. What stops it, an end or what has to be normalized, stays for next(); all that was copied is
    // as next() would have left it.
    decoded_content copy(char const* in, std::size_t size, char* out, std::size_t room, bare_octets bare) noexcept {
        // As much as stays in the first cache until it was measured.
        constexpr std::size_t block = 16 * 1024;
        std::size_t const dot = line_start_ && in[0] == '.' ? 1 : 0;
        if (dot != 0 && in[1] == '\r' && in[2] == '\n') return {};
        if (in[0] == '\n' && bare == bare_octets::normalize) return {};
        out[0] = in[0];
        std::size_t const kept = 1 - dot;
        detail::content_copy job(in + 1, (size < block ? size : block) - 1, out + kept, room - kept);
        job.after_cr = in[0] == '\r';
        job.may_be_bare = bare != bare_octets::normalize;
        job.seen.gap = job.seen.longest_gap = line_length_ + kept;
        detail::copy_content<detail::dots::take_away>(job);
        if (job.consumed == 0) return {};
        bare_lf_ |= in[0] == '\n';
        nul_ |= in[0] == '\0';
        bare_cr_ |= job.bare_cr;
        bare_lf_ |= job.bare_lf;
        nul_ |= job.seen.nul;
        decoded_content const done{1 + job.consumed, kept + job.produced, false};
        line_start_ = in[done.consumed - 1] == '\n' && in[done.consumed - 2] == '\r';
        std::string_view const octets(out, done.produced);
        if (job.seen.longest_gap >= 640) {
            measure(octets);
        } else {
            std::size_t const line_end = last_line_end(octets, 0, octets.size());
            std::size_t const length = line_end == octets.size() ? line_length_ + octets.size() : octets.size() - line_end - 1;
            line_length_ = static_cast<std::uint16_t>(length);
        }
        return done;
    }
#endif
    constexpr content_piece normalized(bool& seen) noexcept {
        seen = true;
        line_start_ = false;
        line_length_ = 0;
        return {"\r\n", 1, false};
    }
    constexpr content_piece take(std::string_view in, std::size_t start, std::size_t end) noexcept {
        std::string_view const octets = detail::sub(in, start, end - start);
        if (end > 0) line_start_ = end - start >= 2 && in[end - 1] == '\n' && in[end - 2] == '\r';
        measure(octets);
        return {octets, end, false};
    }
    // The last CRLF that ends in octets[from, to), or `to`.
    static constexpr std::size_t last_line_end(std::string_view octets, std::size_t from, std::size_t to) noexcept {
        for (std::size_t end = to;;) {
            std::size_t const lf = detail::find_last<charset("\n")>(octets, from, end);
            if (lf == end) return to;
            if (lf > from && octets[lf - 1] == '\r') return lf;
            end = lf;
        }
    }
    // Looks for a long line by leaps: from the limit backwards to the last line end before it. That reads about one
    // line in each thousand octets instead of all of them.
    constexpr void measure(std::string_view octets) noexcept {
        if (long_line_) return;
        std::size_t from = 0;
        for (;;) {
            std::size_t const allowance = max_line + 2 - line_length_;
            bool const rest = octets.size() - from <= allowance;
            std::size_t const to = rest ? octets.size() : from + allowance;
            std::size_t const line_end = last_line_end(octets, from, to);
            if (line_end == to) {
                std::size_t const length = line_length_ + (to - from);
                if (length > max_line) {
                    long_line_ = true;
                    return;
                }
                line_length_ = static_cast<std::uint16_t>(length);
                return;
            }
            from = line_end + 1;
            line_length_ = 0;
            if (rest) {
                std::size_t const length = octets.size() - from;
                long_line_ = length > max_line;
                line_length_ = static_cast<std::uint16_t>(long_line_ ? 0 : length);
                return;
            }
        }
    }
};

/// Makes content fit to be sent: doubles the dot of every line that begins with one, and ends it with CRLF "." CRLF.
/// Content may come in pieces of any size, cut anywhere; output goes to a buffer of any size.
///
///   for each piece:  until e.done():  e = encode(piece, out), send what was written, drop e.consumed octets of the piece
///   then:            until e.done():  e = finish(out), send what was written
class content_encoder {
    bare_octets bare_;
    bool line_start_ = true;
    bool cr_ = false;           // a CR that was consumed, but not yet written
    std::uint8_t finished_ = 0; // octets of the end that were written

    static constexpr bool put(writer& out, std::string_view octets) noexcept {
        if (out.room() < octets.size()) return false;
        out.raw(octets);
        return true;
    }
    constexpr bool put_line_end(writer& out) noexcept {
        if (!put(out, "\r\n")) return false;
        line_start_ = true;
        return true;
    }

  public:
    constexpr explicit content_encoder(bare_octets bare = bare_octets::reject) noexcept : bare_(bare) {}

    /// Encodes what fits into `out`. Done when all of `in` is consumed; call again with the rest when there is room (2 octets
    /// always do) if not. Errors: bare_cr, bare_lf, with their offset in `in`; end_has_begun if finish() wrote a part of the end
    /// already. Then nothing was consumed or written. A CR at the end of one piece whose LF does not begin the next is a bare_cr at
    /// offset 0 of that one.
    constexpr encoded_content encode(std::string_view in, writer& out) noexcept {
        if (!out.ok()) return out.error();
        if (finished_ != 0) return fail(errc::end_has_begun, 0);
        content_encoder const before = *this;
        std::size_t at = 0;
        failure fault{};
        auto const written = out.atomically([&](writer& w) {
            if (run(in, w, at, fault)) w.refuse(fault);
        });
        if (written) return {at, at == in.size()};
        *this = before;
        return fault;
    }

    /// Ends the content: completes its last line if need be, and writes the line ".". Done when all of it is written; call again
    /// when there is room if not: once a part is written, nothing else can follow. Done, the encoder is as new.
    /// Errors: bare_cr if the content ended with a CR; nothing is written then.
    constexpr encoded_content finish(writer& out) noexcept {
        if (!out.ok()) return out.error();
        if (cr_ && bare_ != bare_octets::normalize) return fail(errc::bare_cr, 0);
        std::string_view const end = line_start_ && !cr_ ? ".\r\n" : "\r\n.\r\n";
        for (; finished_ < end.size(); ++finished_)
            if (!put(out, detail::sub(end, finished_, 1))) return {0, false};
        *this = content_encoder(bare_);
        return {0, true};
    }

  private:
    // True if it met a fault. `at` counts what was consumed.
    constexpr bool run(std::string_view in, writer& out, std::size_t& at, failure& fault) noexcept {
        bool const normalize = bare_ == bare_octets::normalize;
        auto stop = [&](errc code, std::size_t where) noexcept {
            fault = fail(code, where);
            return true;
        };
        if (cr_ && !in.empty()) {
            if (in[0] != '\n' && !normalize) return stop(errc::bare_cr, 0);
            if (!put_line_end(out)) return false;
            cr_ = false;
            at = in[0] == '\n' ? 1 : 0;
        }
        while (at < in.size()) {
            bool in_one_pass = false;
#if EHLO_VECTOR
            if (!std::is_constant_evaluated() && in.size() - at >= 256 && out.room() >= 256) {
                // The copy looks at the octet before its first one: with that of this piece it begins a little later.
                if (at != 0 && copy(in, at, out)) continue;
                in_one_pass = true;
            }
#endif
            if (in[at] == '.' && line_start_) {
                if (!put(out, "..")) return false;
                line_start_ = false;
                ++at;
            } else if (in[at] == '\n') {
                if (!normalize) return stop(errc::bare_lf, at);
                if (!put_line_end(out)) return false;
                ++at;
            } else if (in[at] == '\r') {
                if (at + 1 == in.size()) {
                    cr_ = true;
                    ++at;
                    return false;
                }
                if (in[at + 1] != '\n' && !normalize) return stop(errc::bare_cr, at);
                if (!put_line_end(out)) return false;
                at += in[at + 1] == '\n' ? 2u : 1u;
            } else {
                // No further than there is room: the next call would look at it again (1 MiB into 64 KiB: 8 times as long). All that the copy
                // wants before it begins is an octet.
                std::size_t const size = in_one_pass ? at == 0 ? 1 : at + 64 : in.size() - at > out.room() ? at + out.room() + 1 : in.size();
                std::size_t end = at + 1;
                while ((end = detail::find_content_event(detail::sub(in, 0, size), end)) < size && in[end] == '\0' && in[end - 1] != '\r') ++end;
                // A CR in front of the event is not part of the run: it is bare, or its LF has not come yet.
                if (in[end - 1] == '\r') --end;
                std::size_t take = end - at < out.room() ? end - at : out.room();
                if (take < end - at && take > 0 && in[at + take - 1] == '\r') --take;
                if (take == 0) return false;
                out.raw(detail::sub(in, at, take));
                at += take;
                line_start_ = take >= 2 && in[at - 1] == '\n' && in[at - 2] == '\r';
                if (at < end) return false;
            }
        }
        return false;
    }
#if EHLO_VECTOR
    // All but the last octets of what there is and has room, up to a CR or LF alone. False if that is nothing.
    bool copy(std::string_view in, std::size_t& at, writer& out) noexcept {
        std::size_t const size = out.size();
        char* const to = out.claim(out.room());
        detail::content_copy job(in.data() + at, in.size() - at, to, out.size() - size);
        job.line_start = line_start_;
        detail::copy_content<detail::dots::add>(job);
        out.rewind(size + job.produced);
        if (job.consumed == 0) return false;
        at += job.consumed;
        line_start_ = in[at - 1] == '\n' && in[at - 2] == '\r';
        return true;
    }
#endif
};

}  // namespace ehlo
