// Base64: strict, exact and fast, through a writer or in place. RFC 4648 4, RFC 4954 8.
#pragma once

#include <ehlo/detail/base64_kernels.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The octets of base64 that `octets` octets become, padding included.
constexpr std::size_t base64_size(std::size_t octets) noexcept { return (octets + 2) / 3 * 4; }

/// base64 = *(4base64-char) [ (2base64-char "==") / (3base64-char "=") ], the whole of `text`. RFC 4648 4. Returns the
/// octets that it decodes to. No white space, no "=" but at the end, and no bits set that the padding cuts off (RFC 4648
/// 3.5): each sequence of octets has one spelling. Errors: bad_base64, at the first octet that no base64 could go on with;
/// bits that should be 0 show at the "=" after them, a text cut short at its end.
constexpr result<std::size_t> check_base64(std::string_view text) noexcept {
    std::size_t const letters = detail::find_no_base64(text);
    std::size_t const rest = letters % 4;
    if (letters == text.size() && rest == 0) return letters / 4 * 3;
    if (letters == text.size() || text[letters] != '=' || rest < 2 ||
        (detail::sextet(text[letters - 1]) & (rest == 2 ? 15u : 3u)) != 0)
        return fail(errc::bad_base64, letters);
    std::size_t at = letters + 1;
    if (rest == 2 && at < text.size() && text[at] == '=') ++at;
    if (at % 4 != 0 || at != text.size()) return fail(errc::bad_base64, at);
    return letters / 4 * 3 + rest - 1;
}

/// Writes `octets` as base64, with its padding and without a line break. Errors: output_full.
constexpr result<std::size_t> encode_base64(writer& out, std::string_view octets) noexcept {
    return out.atomically([&](writer& w) {
        if (char* const to = w.claim(base64_size(octets.size()))) detail::put_base64(to, octets);
    });
}

/// Writes the octets that base64 stands for. Returns how many. Nothing is decoded of a text that is not all well formed, or
/// that does not fit. Errors: those of check_base64; output_full.
constexpr result<std::size_t> decode_base64(writer& out, std::string_view text) noexcept {
    result<std::size_t> const size = check_base64(text);
    if (!size) return size;
    return out.atomically([&](writer& w) {
        if (char* const to = w.claim(*size)) detail::put_decoded(to, text, *size);
    });
}

/// Decodes base64 where it stands: the octets replace the beginning of the text. Returns them. The last quarter of the text
/// stays, and still spells the last of the octets: who wipes a secret wipes all `size` octets.
/// Errors: those of check_base64; nothing is changed then.
constexpr result<std::string_view> decode_base64(char* text EHLO_LIFETIMEBOUND, std::size_t size) noexcept {
    result<std::size_t> const decoded = check_base64({text, size});
    if (!decoded) return decoded.error();
    detail::put_decoded(text, {text, size}, *decoded);
    return std::string_view(text, *decoded);
}

/// Encodes octets that come in pieces straight into the output: `put` them, then `finish`. Nothing of them is kept here:
/// the bits of a group that is not full yet stand in its last letter. Nothing else may be written in between. An error
/// sticks to the writer.
class base64_encoder {
    writer* out_;
    unsigned pending_ = 0;  // octets in the last group, if it is not full

    constexpr void add(char c) noexcept {
        if (!out_->ok()) return;
        unsigned const octet = static_cast<unsigned char>(c);
        if (pending_ == 0) {
            out_->raw(detail::base64_letter(octet >> 2)).raw(detail::base64_letter(octet << 4 & 0x30));
        } else {
            unsigned const last = detail::sextet(out_->text().back());
            out_->overwrite(out_->size() - 1, detail::base64_letter(last | octet >> (pending_ == 1 ? 4 : 6)));
            out_->raw(detail::base64_letter(pending_ == 1 ? octet << 2 & 0x3C : octet));
        }
        pending_ = (pending_ + 1) % 3;
    }

  public:
    constexpr explicit base64_encoder(writer& out EHLO_LIFETIMEBOUND) noexcept : out_(&out) {}

    constexpr base64_encoder& put(std::string_view octets) noexcept {
        while (pending_ != 0 && !octets.empty()) {
            add(octets.front());
            octets.remove_prefix(1);
        }
        std::size_t const whole = octets.size() - octets.size() % 3;
        if (char* const to = out_->claim(base64_size(whole))) detail::put_base64(to, detail::sub(octets, 0, whole));
        for (char const c : detail::sub(octets, whole)) add(c);
        return *this;
    }
    constexpr void finish() noexcept {
        if (pending_ != 0) out_->raw(pending_ == 1 ? "==" : "=");
        pending_ = 0;
    }
};

}  // namespace ehlo
