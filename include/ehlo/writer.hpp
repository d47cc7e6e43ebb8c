// Bounded output over the caller's buffer.
#pragma once

#include <ehlo/detail/number.hpp>
#include <ehlo/detail/scan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
// GCC 12 warns of branches below that a literal does not take, and that it drops.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif
/// Copies a text, and returns what stands after it. Most are words of 4 to 16 octets: two copies that overlap make up any length.
EHLO_INLINE constexpr char* put_octets(char* to, std::string_view octets) noexcept {
    char const* const from = octets.data();
    std::size_t const size = octets.size();
    if (std::is_constant_evaluated()) {
        for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
    } else if (size - 4 <= 4) {
        std::memcpy(to, from, 4);
        std::memcpy(to + size - 4, from + size - 4, 4);
    } else if (size - 8 <= 8) {
        std::memcpy(to, from, 8);
        std::memcpy(to + size - 8, from + size - 8, 8);
    } else if (size > 3) {
        std::memcpy(to, from, size);
    } else if (size != 0) {
        char const last = from[size - 1], middle = from[size / 2];
        to[0] = from[0];
        to[size / 2] = middle;
        to[size - 1] = last;
    }
    return to + size;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}  // namespace detail

/// Writes to a caller's buffer. The first error sticks and nothing is written after it; `text()` is what stands in the
/// buffer. The functions of ehlo that write (write_mail, write_reply, ...) are atomic: on an error they leave the writer
/// as it was before the call (its `size()` too) and return the error.
class writer {
    char* data_;
    std::size_t capacity_;
    std::size_t size_ = 0;
    bool failed_ = false;
    failure failure_{};

    constexpr void stick(failure f) noexcept {
        if (failed_) return;
        failed_ = true;
        failure_ = f;
    }

  public:
    constexpr writer(char* data, std::size_t capacity) noexcept : data_(data), capacity_(capacity) {}
    template <std::size_t N>
    constexpr explicit writer(char (&buffer)[N]) noexcept : writer(buffer, N) {}

    constexpr std::string_view text() const noexcept { return {data_, size_}; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr std::size_t room() const noexcept { return capacity_ - size_; }
    constexpr bool ok() const noexcept { return !failed_; }
    constexpr failure error() const noexcept { return failure_; }

    /// Octets as they are, CR and LF included: for literals of this library and for encoded content.
    constexpr writer& raw(std::string_view octets) noexcept {
        if (failed_) return *this;
        if (octets.size() > room()) {
            stick(fail(errc::output_full, size_));
            return *this;
        }
        detail::put_octets(data_ + size_, octets);
        size_ += octets.size();
        return *this;
    }
    constexpr writer& raw(char octet) noexcept { return raw(std::string_view(&octet, 1)); }
    /// A caller's text. Refuses CR, LF and NUL (unsafe_octet, `at` = offset in `octets`): no argument can end a line.
    constexpr writer& text(std::string_view octets) noexcept {
        std::size_t const bad = detail::find_first<chars::unsafe>(octets);
        if (bad != octets.size()) stick(fail(errc::unsafe_octet, bad));
        return raw(octets);
    }
    /// `size` octets that count as written and that the caller fills; nullptr if there is no room (output_full).
    constexpr char* claim(std::size_t size) noexcept {
        if (failed_) return nullptr;
        if (size > room()) {
            stick(fail(errc::output_full, size_));
            return nullptr;
        }
        size_ += size;
        return data_ + size_ - size;
    }
    constexpr writer& number(std::uint64_t value) noexcept { return raw(detail::digits(value).text()); }
    constexpr writer& crlf() noexcept { return raw("\r\n"); }
    /// Changes an octet that was written before.
    constexpr writer& overwrite(std::size_t at, char octet) noexcept {
        if (!failed_ && at < size_) data_[at] = octet;
        return *this;
    }
    /// Takes back what was written beyond the first `size` octets.
    constexpr writer& rewind(std::size_t size) noexcept {
        if (!failed_ && size < size_) size_ = size;
        return *this;
    }
    constexpr writer& refuse(failure f) noexcept {
        stick(f);
        return *this;
    }

    /// Runs `write(*this)`; on an error takes back all that it wrote and clears the error. Returns the octets written.
    template <class F>
    constexpr result<std::size_t> atomically(F&& write) noexcept {
        if (failed_) return failure_;
        std::size_t const before = size_;
        write(*this);
        if (!failed_) return size_ - before;
        size_ = before;
        failed_ = false;
        return failure_;
    }
};

namespace detail {
/// Writes all of these where there is room for them: the octets written, 0 if there is none. To ask for each word whether there is room
/// was a fifth of a RCPT.
template <class... Words>
EHLO_INLINE constexpr std::size_t put_at_once(writer& w, Words... words) noexcept {
    if constexpr (!EHLO_VECTOR) return 0;   // a machine without vectors is likely to be a small one
    std::size_t const size = (std::string_view(words).size() + ...);
    if (size > w.room() || !w.ok()) return 0;
    char* to = w.claim(size);
    ((to = put_octets(to, words)), ...);
    return size;
}
constexpr result<std::size_t> write_line(writer& out, std::string_view verb, std::string_view separator,
                                         std::string_view argument, std::string_view rest = {}) noexcept {
    if (rest.empty())
        if (std::size_t const size = put_at_once(out, verb, separator, argument, "\r\n"); size != 0) [[likely]] return size;
    return out.atomically([&](writer& w) {
        w.raw(verb).raw(separator).raw(argument);
        if (!rest.empty()) w.raw(' ').raw(rest);
        w.crlf();
    });
}
}  // namespace detail

}  // namespace ehlo
