// Kernels for message content: where a copy may not simply go on, and the copy itself.
#pragma once

#include <ehlo/detail/scan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

/// The offset, at or after `from` >= 1, of the first octet of message content that a copy may not simply pass over:
/// an octet whose predecessor is LF and which is ".", an LF not after CR, an octet other than LF after CR, or NUL.
/// The size of the text if there is none. The three tests are compares of neighbouring loads: nothing is carried.
constexpr std::size_t find_content_event_plain(std::string_view text, std::size_t from) noexcept {
    for (; from < text.size(); ++from) {
        char const here = text[from], before = text[from - 1];
        if ((before == '\r') != (here == '\n') || (before == '\n' && here == '.') || here == '\0') break;
    }
    return from;
}
constexpr std::size_t find_content_event(std::string_view text, std::size_t from) noexcept {
#if EHLO_VECTOR
    std::size_t const size = text.size();
    std::size_t i = from;
    if (!std::is_constant_evaluated() && size - i >= 16) {
        char const* const p = text.data();
        v16 const cr = splat('\r'), lf = splat('\n'), dot = splat('.'), zero = splat(0);
        auto hits_at = [&](std::size_t k) noexcept -> v16 {
            v16 const here = load16(p + k), before = load16(p + k - 1);
            return reinterpret_cast<v16>(((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot)) | (here == zero));
        };
        for (; size - i >= 64; i += 64) {
            v16 const any = hits_at(i) | hits_at(i + 16) | hits_at(i + 32) | hits_at(i + 48);
            if (move_mask(any) != 0) break;
        }
        for (;; i += 16) {
            if (size - i < 16) {
                if (i == size) return size;
                i = size - 16;
            }
            std::uint32_t const hits = move_mask(hits_at(i));
            if (hits != 0) return i + trailing_zeros(hits);
            if (i + 16 == size) return size;
        }
    }
    if (!std::is_constant_evaluated() && i < size) {
        v16 const here = load_short(text.data() + i, size - i), before = load_short(text.data() + i - 1, size - i);
        v16 const cr = splat('\r'), lf = splat('\n'), dot = splat('.'), zero = splat(0);
        std::uint32_t const hits =
            move_mask(reinterpret_cast<v16>(((before == cr) ^ (here == lf)) | ((before == lf) & (here == dot)) | (here == zero))) &
            static_cast<std::uint32_t>(low_bits(static_cast<unsigned>(size - i)));
        return hits != 0 ? i + trailing_zeros(hits) : size;
    }
#endif
    return find_content_event_plain(text, from);
}

#if EHLO_VECTOR
// Content, copied and looked at in one pass. An octet is compared together with the one before it by loads that lie one octet
// apart, so that nothing is carried from vector to vector.

/// What else was seen on the way. A gap is a row of whole blocks in which no line ends: none of 640 octets or more means that no
/// line has more than 998, as it takes a part of two more blocks at most, 127 octets of each.
struct content_seen {
    std::size_t gap = 0, longest_gap = 0;
    bool nul = false;
};

/// Copies blocks of 128 octets from `p` to `q`, as many of the `size` as hold nothing that a copy may not pass over (CR or LF alone,
/// a dot after LF). Returns the octets copied; the block after them is written too. Reads p[-1].
// The first block overlaps the second so that all stores from then on are aligned: stores across cache lines took half as long again.
// The compilers would regroup what the eight turns gather, and then run out of registers: a third slower with SSE2.
#if defined(__SSE2__)
#define EHLO_IN_ORDER(a, b, c) __asm__("" : "+x"(a), "+x"(b), "+x"(c))
#else
#define EHLO_IN_ORDER(a, b, c) (void)0
#endif
// What is to be read and written 2 KiB on is asked for in advance, which does no harm where there is nothing: a fifth less from
// memory, and nothing lost in cache. Only to be read, or only 1 KiB on, gained nothing.
// The loop is a macro because it is needed twice. GCC would lower a template to the vectors of the baseline before it inlines it
// into a function for AVX2, and a lambda has not the target of the function it stands in.
#define EHLO_COPY_CLEAN(V)                                                                                            \
    std::size_t const whole = size;                                                                                   \
    std::size_t gap = seen.gap, longest_gap = seen.longest_gap;                                                       \
    V const cr = V{} + static_cast<unsigned char>('\r'), lf = V{} + static_cast<unsigned char>('\n'),                 \
            dot = V{} + static_cast<unsigned char>('.');                                                              \
    V least = V{} + static_cast<unsigned char>(255);                                                                  \
    for (std::size_t step = 128 - (reinterpret_cast<std::uintptr_t>(q) & 31); size >= 128; step = 128) {              \
        __builtin_prefetch(p + 2048), __builtin_prefetch(p + 2112), __builtin_prefetch(q + 2048, 1), __builtin_prefetch(q + 2112, 1); \
        V hit{}, ends{}, low = least, here, before;                                                                   \
        EHLO_UNROLL for (unsigned i = 0; i < 128; i += static_cast<unsigned>(sizeof(V))) {                            \
            std::memcpy(&here, p + i, sizeof here);                                                                   \
            std::memcpy(&before, p + i - 1, sizeof before);                                                           \
            std::memcpy(q + i, &here, sizeof here);                                                                   \
            V const end = reinterpret_cast<V>(here == lf);                                                            \
            hit |= (reinterpret_cast<V>(before == cr) ^ end) | reinterpret_cast<V>((before == lf) & (here == dot));   \
            ends |= end;                                                                                              \
            low = here < low ? here : low;                                                                            \
            EHLO_IN_ORDER(hit, ends, low);                                                                            \
        }                                                                                                             \
        if (move_mask(hit) != 0) break;                                                                               \
        least = low;                                                                                                  \
        gap = move_mask(ends) != 0 ? 0 : gap + 128;                                                                   \
        longest_gap = gap > longest_gap ? gap : longest_gap;                                                          \
        p += step, q += step, size -= step;                                                                           \
    }                                                                                                                 \
    if (move_mask(reinterpret_cast<V>(least == V{})) != 0) seen.nul = true;                                           \
    seen.gap = gap;                                                                                                   \
    seen.longest_gap = longest_gap;                                                                                   \
    return whole - size;

EHLO_INLINE std::size_t copy_clean_baseline(char const* p, char* q, std::size_t size, content_seen& seen) noexcept { EHLO_COPY_CLEAN(widest) }

#if EHLO_RUN_TIME_AVX2
__attribute__((target("avx2"), noinline)) inline std::size_t copy_clean_avx2(char const* p, char* q, std::size_t size, content_seen& seen) noexcept {
    EHLO_COPY_CLEAN(v32)
}
#endif
#undef EHLO_COPY_CLEAN
#undef EHLO_IN_ORDER

#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
/// For each set of octets out of 8 that are to be taken away, where the others come from.
struct squeeze_table {
    unsigned char from[256][8] = {};
    constexpr squeeze_table() noexcept {
        for (unsigned set = 0; set < 256; ++set) {
            unsigned n = 0;
            for (unsigned i = 0; i < 8; ++i)
                if ((set >> i & 1) == 0) from[set][n++] = static_cast<unsigned char>(i);
        }
    }
};
inline constexpr squeeze_table squeezed;
/// Copies the 64 octets at `p` without those in `dots`, and returns how many remained: 8 by 8, with no branch on what they are.
/// All 64 of `q` may be written.
#if EHLO_RUN_TIME_AVX2
__attribute__((target("avx2"), noinline)) inline
#else
EHLO_INLINE
#endif
std::size_t squeeze64(char const* p, char* q, std::uint64_t dots) noexcept {
    using c16 = char __attribute__((vector_size(16)));
    using words = std::uint64_t __attribute__((vector_size(16)));
    char* const begin = q;
    EHLO_UNROLL for (unsigned i = 0; i < 64; i += 8) {
        unsigned const set = dots >> i & 255;
        std::uint64_t octets, from;
        std::memcpy(&octets, p + i, 8);
        std::memcpy(&from, squeezed.from[set], 8);
        words const packed = reinterpret_cast<words>(
            __builtin_ia32_pshufb128(reinterpret_cast<c16>(words{octets, 0}), reinterpret_cast<c16>(words{from, 0})));
        std::uint64_t const result = packed[0];
        std::memcpy(q, &result, 8);
        q += 8 - __builtin_popcount(set);
    }
    return static_cast<std::size_t>(q - begin);
}
#endif

/// Copies 64 octets; they may not overlap.
EHLO_INLINE void copy64(char const* p, char* q) noexcept {
    EHLO_UNROLL for (unsigned i = 0; i < 64; i += static_cast<unsigned>(sizeof(widest))) store(q + i, load<widest>(p + i));
}

/// What copy_content takes and gives.
struct content_copy {
    content_copy(char const* in, std::size_t in_size, char* out, std::size_t out_size) noexcept
        : from(in), size(in_size), to(out), room(out_size) {}
    char const* from;  ///< the octet before it can be read
    std::size_t size;
    char* to;
    std::size_t room;
    bool line_start = false;   ///< a dot at `from` would begin a line
    bool after_cr = false;     ///< the octet before `from` is a CR that is still to be judged
    bool may_be_bare = false;  ///< go on after CR and LF alone
    content_seen seen;
    std::size_t consumed = 0, produced = 0;
    bool bare_cr = false, bare_lf = false;
};
enum class dots : bool { take_away, add };

/// Copies content and takes away (or adds) the dot of each line that begins with one: not quite all of it (the last 200
/// octets or so of input or room are left), and not beyond the end of content or, unless they may be, CR or LF alone. Never
/// ends after a CR.
template <dots Dots, bool Avx2>
EHLO_NOINLINE inline void copy_content_with(content_copy& job) noexcept {
    // A block of 64, 64 more that the copy after its last dot takes, two that may be the end's CRLF, and when dots are added
    // one for every third octet.
    constexpr std::size_t margin = Dots == dots::add ? 160 : 130;
    char const *p = job.from, *const p_end = p + job.size;
    char *q = job.to, *const q_end = q + job.room;
    auto const left = [&]() noexcept {
        auto const in = static_cast<std::size_t>(p_end - p), out = static_cast<std::size_t>(q_end - q);
        return in < out ? in : out;
    };
    std::uint64_t cr_before = job.after_cr, dot_begins = job.line_start, bare_cr = 0, bare_lf = 0;
    widest least = splat<widest>(255);
    content_seen seen = job.seen;
    std::size_t drift = 0;  // octets that the last block was copied nearer or farther
    while (left() >= margin) {
#if EHLO_RUN_TIME_AVX2
        std::size_t const clean = Avx2 ? copy_clean_avx2(p, q, left(), seen) : copy_clean_baseline(p, q, left(), seen);
#else
        std::size_t const clean = copy_clean_baseline(p, q, left(), seen);
#endif
        if (clean != 0) {
            p += clean;
            q += clean;
            cr_before = p[-1] == '\r';
            dot_begins = p[-1] == '\n' && p[-2] == '\r';
        }
        // A block that is not clean is seldom the only one: until one is, the masks are made at once.
        for (bool quiet = false; !quiet && left() >= margin;) {
            std::uint64_t cr = 0, lf = 0, dot = 0;
            widest low = least;
            EHLO_UNROLL for (unsigned i = 0; i < 64; i += static_cast<unsigned>(sizeof(widest))) {
                widest const here = load<widest>(p + i);
                store(q + i, here);
                cr |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('\r')))} << i;
                lf |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('\n')))} << i;
                dot |= std::uint64_t{move_mask(reinterpret_cast<widest>(here == splat<widest>('.')))} << i;
                low = here < low ? here : low;
            }
            std::uint64_t const after_cr = cr << 1 | cr_before, crlf = lf & after_cr;
            std::uint64_t const lone_cr = after_cr & ~lf, lone_lf = lf & ~after_cr;
            dot &= crlf << 1 | dot_begins;
            if constexpr (Dots == dots::take_away) {
                std::uint64_t const last = std::uint64_t{1} << 63;
                if ((dot & (cr >> 1 | last)) != 0) {
                    std::uint64_t const cr_next = cr >> 1 | (p[64] == '\r' ? last : 0);
                    std::uint64_t const lf_next = lf >> 2 | (p[64] == '\n' ? last >> 1 : 0) | (p[65] == '\n' ? last : 0);
                    if ((dot & cr_next & lf_next) != 0) goto out;
                }
            }
            if ((lone_cr | lone_lf) != 0 && !job.may_be_bare) goto out;
            bare_cr |= lone_cr;
            bare_lf |= lone_lf;
            least = low;
            cr_before = cr >> 63;
            dot_begins = crlf >> 63;
            quiet = (dot | lone_cr | lone_lf) == 0;
            seen.gap = crlf != 0 ? 0 : seen.gap + 64;
            seen.longest_gap = seen.gap > seen.longest_gap ? seen.gap : seen.longest_gap;
            // The block stands there as it is; now again what follows each dot, one octet nearer or farther. No counting of octets
            // and no branch on their number: all 64 are copied whatever remains. Only where dots stand close, 16 will do.
            char* const begin = q;
            char const* const source = Dots == dots::take_away ? p + 1 : p;
            constexpr std::ptrdiff_t step = Dots == dots::take_away ? 0 : 1;
            if (drift < 6) {
                for (; dot != 0; dot &= dot - 1) {
                    unsigned const at = trailing_zeros(dot);
                    copy64(source + at, q + at + step);
                    q += Dots == dots::take_away ? -1 : 1;
                }
#if defined(__AVX2__) || EHLO_RUN_TIME_AVX2
            } else if (Dots == dots::take_away && Avx2) {
                q = q + squeeze64(p, q, dot) - 64;
#endif
            } else {
                while (dot != 0) {
                    unsigned const at = trailing_zeros(dot);
                    dot &= dot - 1;
                    store(q + at + step, load16(source + at));
                    // Up to the next dot, which when dots are added has to be there twice.
                    constexpr std::uint64_t covered = Dots == dots::take_away ? 0x1FFFF : 0xFFFF;
                    if ((dot >> at & covered) == 0) [[unlikely]] copy64(source + at, q + at + step);
                    q += Dots == dots::take_away ? -1 : 1;
                }
            }
            drift = static_cast<std::size_t>(q < begin ? begin - q : q - begin);
            p += 64;
            q += 64;
        }
    }
out:
    if (p != job.from && p[-1] == '\r') --p, --q;
    job.consumed = static_cast<std::size_t>(p - job.from);
    job.produced = static_cast<std::size_t>(q - job.to);
    job.bare_cr = bare_cr != 0;
    job.bare_lf = bare_lf != 0;
    job.seen = seen;
    if (move_mask(reinterpret_cast<widest>(least == widest{})) != 0) job.seen.nul = true;
}
template <dots Dots>
EHLO_INLINE void copy_content(content_copy& job) noexcept {
#if EHLO_RUN_TIME_AVX2
    if (__builtin_cpu_supports("avx2")) return copy_content_with<Dots, true>(job);
#endif
#if defined(__AVX2__)
    copy_content_with<Dots, true>(job);
#else
    copy_content_with<Dots, false>(job);
#endif
}
#endif  // EHLO_VECTOR

}  // namespace ehlo::detail
