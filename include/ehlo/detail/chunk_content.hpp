// Content as it comes in chunks: no dots and no end to be found, but the same care for CR and LF as after DATA. RFC 3030 2.
#pragma once

#include <ehlo/content.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Looks for CR and LF that stand alone in the chunks of a message, which may be cut anywhere: a CR at the end of one and its LF
/// at the beginning of the next are a line end. Every piece is a part of the input, or a CRLF that was made of one octet.
class chunk_decoder {
    bool after_cr_ = false;   // the last octet was a CR
    bool bare_cr_ = false, bare_lf_ = false;

  public:
    /// The next piece of `in`, which begins where the octets consumed so far end. Neither octets nor anything consumed: more
    /// input is needed. (A piece with nothing consumed is a CRLF, of a CR that came before.)
    constexpr content_piece next(std::string_view in EHLO_LIFETIMEBOUND, bare_octets bare) noexcept {
        bool const normalize = bare == bare_octets::normalize;
        if (in.empty()) return {};
        if (after_cr_) {
            after_cr_ = false;
            // When CRLF is made of all line ends, the CR was held back.
            if (in[0] == '\n') return {normalize ? std::string_view("\r\n") : detail::sub(in, 0, 1), 1, false};
            bare_cr_ = true;
            if (normalize) return {"\r\n", 0, false};
        }
        constexpr charset line_ends{"\r\n"};
        for (std::size_t at = 0;; ++at) {
            at = detail::find_first<line_ends>(in, at);
            if (at == in.size()) return {in, at, false};
            if (in[at] == '\r') {
                if (at + 1 == in.size()) {
                    after_cr_ = true;
                    return {normalize ? detail::sub(in, 0, at) : in, in.size(), false};
                }
                if (in[at + 1] == '\n') {
                    ++at;
                    continue;
                }
            }
            if (normalize && at != 0) return {detail::sub(in, 0, at), at, false};
            (in[at] == '\r' ? bare_cr_ : bare_lf_) = true;
            if (normalize) return {"\r\n", 1, false};
        }
    }
    /// The message has ended: a CR at its end stands alone. Returns what is to be made of it.
    constexpr std::string_view finish(bare_octets bare) noexcept {
        if (!after_cr_) return {};
        after_cr_ = false;
        bare_cr_ = true;
        return bare == bare_octets::normalize ? "\r\n" : "";
    }
    constexpr bool bare_cr() const noexcept { return bare_cr_; }
    constexpr bool bare_lf() const noexcept { return bare_lf_; }
};

}  // namespace ehlo
