// ascii.hpp, detail/scan.hpp: the vector kernels against plain loops, at a fence, and against what the compiler computed
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/ascii.hpp>
#include <ehlo/detail/content_kernels.hpp>
#include <ehlo/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace test_scan {

using namespace ehlo;
using support::fence;
using namespace std::string_view_literals;

namespace {

constexpr charset line_stops{std::string_view("\r\n\0", 3)};
constexpr charset sparse{std::string_view("\x01\x03\x05\x07\x80\x82\xFE\0", 8)};
constexpr charset wrapping = charset(250, 255) + charset(0, 3);
constexpr charset everything{0, 255};
constexpr charset nothing{};

// Octets around the bounds of ranges, and both sides of the sign bit.
constexpr std::string_view adversarial = "\x00\x01\x08\t\n\r\x0E\x1F !\"-./09:;<=>?@AZ[\\]^_`az{|}~\x7F\x80\x81\xBF\xC2\xFE\xFF"sv;

template <charset Set>
std::size_t plain_first(std::string_view text, std::size_t from) {
    for (; from < text.size(); ++from)
        if (Set.contains(text[from])) break;
    return from;
}
template <charset Set>
std::size_t plain_last(std::string_view text, std::size_t from, std::size_t to) {
    for (std::size_t i = to; i > from; --i)
        if (Set.contains(text[i - 1])) return i - 1;
    return to;
}
template <charset Set>
std::uint64_t plain_mask(std::string_view text) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < text.size() && i < 64; ++i) bits |= std::uint64_t{Set.contains(text[i])} << i;
    return bits;
}
std::size_t plain_content_event(std::string_view text, std::size_t from) {
    for (; from < text.size(); ++from) {
        char const here = text[from], before = text[from - 1];
        if (here == '\0') break;
        if (before == '\n' && here == '.') break;
        if (here == '\n' && before != '\r') break;
        if (before == '\r' && here != '\n') break;
    }
    return from;
}

// Texts in which a member of the set is rare, so that long runs are met, or frequent.
template <charset Set>
std::string text_for(generate::rng& r, std::size_t size) {
    std::size_t const style = r.below(4);
    std::string text;
    char filler = 'a';
    for (int tries = 0; tries < 50; ++tries) {
        filler = generate::octet_between(r, 0, 255);
        if (!Set.contains(filler)) break;
    }
    while (text.size() < size) {
        if (style == 0) text += generate::octet_between(r, 0, 255);
        else if (style == 1) text += r.pick(adversarial);
        else text += r.one_in(style == 2 ? 40 : 400) ? r.pick(adversarial) : filler;
    }
    return text;
}

template <charset Set>
std::size_t window_faults(std::string_view text) {
    detail::window const w(text);
    std::uint64_t const mask = plain_mask<Set>(text);
    std::size_t faults = w.template mask<Set>() != mask;
    faults += w.size() != (text.size() < 64 ? text.size() : 64);
#if EHLO_VECTOR
    if (text.size() >= 64) {
        faults += detail::mask64<Set>(text.data()) != mask;
        detail::window const whole(detail::window::whole(), text.data());
        faults += whole.size() != 64 || whole.template mask<Set>() != mask;
    }
#endif
    return faults;
}

std::size_t mailbox_mask_faults(std::string_view text) {
    auto const faults_of = [text](detail::window const& w) {
        std::uint64_t const marks = w.mask_marks();
        return std::size_t{marks != plain_mask<charset(".-")>(text)} + (w.mask_names(marks) != plain_mask<chars::ldh + ".">(text)) +
               (w.mask_atext() != plain_mask<chars::atext + ".">(text));
    };
    std::size_t faults = faults_of(detail::window(text));
    if (text.size() >= 64) faults += faults_of(detail::window(detail::window::whole(), text.data()));
    return faults;
}

// Each mark, and the size of the text for ever after; and the masks of 64 octets at a time.
template <charset Set>
std::size_t finder_faults(std::string_view text) {
    std::size_t faults = detail::find_near<Set>(text) != plain_first<Set>(text, 0);
    detail::mark_finder<Set> marks(text);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!Set.contains(text[at])) continue;
        faults += marks.next() != at;
    }
    for (int again = 0; again < 3; ++again) faults += marks.next() != text.size();
    for (std::size_t at = 0; at < text.size(); at += 64) {
        std::size_t const left = text.size() - at;
        faults += detail::marks_at<Set>(text.data() + at, left, text.size()) != plain_mask<Set>(text.substr(at));
    }
    return faults;
}

template <charset Set>
std::size_t kernel_faults(unsigned seed) {
    generate::rng r(seed);
    static fence area(4096), other(4096);
    std::size_t faults = 0;
    for (std::size_t size = 0; size <= 300; ++size) {
        // With the fence after it, a text of any size has any alignment; with room after it all of the 32.
        for (std::size_t alignment = 0; alignment <= 32; alignment += generate::draws_few ? 5 : 1) {
            std::string const text = text_for<Set>(r, size);
            std::string_view const whole = area.put(text + std::string(alignment, 'x'));
            for (std::string_view const t : {whole.substr(0, size), other.put(text)}) {
                std::size_t const from = r.one_in(2) ? 0 : r.below(size + 1);
                std::size_t const to = r.one_in(2) ? size : r.between(from, size);
                faults += detail::find_first<Set>(t, from) != plain_first<Set>(t, from);
                faults += detail::find_last<Set>(t, from, to) != plain_last<Set>(t, from, to);
                faults += window_faults<Set>(t) + mailbox_mask_faults(t) + finder_faults<Set>(t);
                if (size > 0) {
                    std::size_t const begin = from == 0 ? 1 : from;
                    faults += detail::find_content_event(t, begin) != plain_content_event(t, begin);
                }
            }
        }
    }
    return faults;
}

// The same for texts made for content: CR, LF and dots everywhere.
std::size_t content_kernel_faults() {
    generate::rng r(2026);
    static fence area(4096), other(4096);
    std::size_t faults = 0;
    for (std::size_t size = 1; size <= 200; ++size) {
        for (std::size_t alignment = 0; alignment <= 16; ++alignment) {
            std::string text;
            while (text.size() < size) {
                switch (r.below(12)) {
                case 0: text += r.pick("\r\n."); break;
                case 1: text += "\r\n"; break;
                case 2: text += r.one_in(4) ? std::string(1, '\0') : std::string("\r\n."); break;
                default: text += std::string(r.below(20), 'a'); break;
                }
            }
            text.resize(size);
            std::string_view const whole = area.put(text + std::string(alignment, '.'));
            for (std::string_view const t : {whole.substr(0, size), other.put(text)})
                for (std::size_t from = 1; from <= size; from += r.between(1, 20))
                    faults += detail::find_content_event(t, from) != plain_content_event(t, from);
        }
    }
    return faults;
}

// Of the first 16 octets: up to the last letter before anything that is none of it, or before a dot that touches a dot or hyphen.
// Without vectors skip_labels stops after the first letters, however many.
template <charset Letters, charset Hyphens = charset("")>
std::size_t plain_labels(std::string_view text) {
    std::size_t good = 0;
#if !EHLO_VECTOR
    while (good < text.size() && Letters.contains(text[good])) ++good;
#else
    for (std::size_t i = 0; i < text.size() && i < 16; ++i) {
        bool const dot = text[i] == '.', hyphen = !dot && Hyphens.contains(text[i]);
        if (!dot && !hyphen && !Letters.contains(text[i])) break;
        if (i > 0 && ((dot && (text[i - 1] == '.' || Hyphens.contains(text[i - 1]))) || (hyphen && text[i - 1] == '.'))) break;
        if (!dot && !hyphen) good = i + 1;
    }
#endif
    return good;
}

// The grammar of RFC 3629 4, character by character.
std::size_t plain_bad_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        std::size_t const n = is_ascii(text[i]) ? 1 : utf8_length(text.substr(i));
        if (n == 0) break;
        i += n;
    }
    return i;
}

}  // namespace

TEST_CASE("labels are passed over as octet by octet", "[scan]") {
    static fence area(64);
    generate::rng r(1035);
    std::size_t faults = 0, whole = 0;
    for (int i = 0; i < generate::drawn(200000); ++i) {
        std::string text(1, r.pick("aZ9"));
        for (std::size_t n = r.below(24); n > 0; --n) text += r.one_in(3) ? r.pick("..--_@>\x80!") : r.pick("abXYZ019");
        std::string_view const t = area.put(text);
        std::size_t const domain = detail::skip_labels<chars::let_dig, "-">(t);
        faults += domain != plain_labels<chars::let_dig, "-">(t);
        faults += detail::skip_labels<chars::atext>(t) != plain_labels<chars::atext>(t);
        whole += domain == t.size() || domain >= 16;
    }
    CHECK(faults == 0);
    CHECK(whole > 1000);
}

TEST_CASE("RFC 3629 4: UTF-8 by masks is UTF-8 character by character", "[scan][utf8]") {
    static fence area(4096);
    generate::rng r(3629);
    constexpr std::string_view pieces[] = {"a", "\xD0\xB4", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE0\xB8\x81", "\xED\x9F\xBF", "\xEF\xBF\xBD", "\xF0\x90\x80\x80",
                                           "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xF1\x80\x80\x80", "abcdefghijklmnopqrstuvwxyz"};
    constexpr std::string_view wrong[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80", "\xE1\x80\xC2", "\xF0\x8F\xBF\xBF",
                                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF1\x80\x80", "\xFF", "\xF8\x88\x80\x80\x80"};
    std::size_t faults = 0, good = 0, bad = 0;
    for (int i = 0; i < generate::drawn(100000); ++i) {
        std::string text;
        std::size_t const only = r.one_in(3) ? r.below(std::size(pieces)) : std::size(pieces);
        for (std::size_t n = r.below(r.one_in(4) ? 90 : 20); n > 0; --n) text += pieces[only < std::size(pieces) ? only : r.below(std::size(pieces))];
        if (r.one_in(2)) text.insert(r.below(text.size() + 1), wrong[r.below(std::size(wrong))]);
        if (r.one_in(4)) text.resize(r.below(text.size() + 1));
        std::string_view const t = area.put(text);
        std::size_t const right = plain_bad_utf8(t);
        faults += find_bad_utf8(t) != right;
        if (!t.empty() && !is_ascii(t[0])) {
            std::size_t wide = 0;
            while (wide < t.size() && utf8_length(t.substr(wide)) != 0) wide += utf8_length(t.substr(wide));
            faults += detail::wide_length(t) != wide;
        }
        (right == t.size() ? good : bad) += 1;
    }
    CHECK(faults == 0);
    CHECK(good > 1000);
    CHECK(bad > 1000);
    // And as the compiler does it.
    static_assert(find_bad_utf8("a\xD0\xB4\xE0\xA0\x80\xF0\x9F\x98\x80") == 10 && find_bad_utf8("ab\xED\xA0\x80") == 2 && find_bad_utf8("\xD0\xB4\xD0") == 2);
}

TEST_CASE("kernels agree with plain loops for every length and alignment", "[scan]") {
    CHECK(kernel_faults<line_stops>(1) == 0);
    CHECK(kernel_faults<chars::unsafe>(2) == 0);
    CHECK(kernel_faults<chars::atext + ".">(3) == 0);
    CHECK(kernel_faults<charset(0, 255) - (chars::atext + ".")>(4) == 0);
    CHECK(kernel_faults<chars::ldh + ".">(5) == 0);
    CHECK(kernel_faults<charset(0, 255) - chars::textstring>(6) == 0);
    CHECK(kernel_faults<chars::non_ascii>(7) == 0);
    CHECK(kernel_faults<charset(" ")>(8) == 0);
    CHECK(kernel_faults<chars::alpha>(9) == 0);
    CHECK(kernel_faults<everything - chars::alpha>(10) == 0);
    CHECK(kernel_faults<sparse>(11) == 0);
    CHECK(kernel_faults<everything - sparse>(12) == 0);
    CHECK(kernel_faults<wrapping>(13) == 0);
    CHECK(kernel_faults<everything>(14) == 0);
    CHECK(kernel_faults<nothing>(15) == 0);
    CHECK(kernel_faults<chars::qtext>(16) == 0);
    CHECK(kernel_faults<chars::let_dig>(17) == 0);
    CHECK(kernel_faults<charset("\n")>(18) == 0);
    CHECK(kernel_faults<chars::hexdig>(19) == 0);
    CHECK(content_kernel_faults() == 0);
}

TEST_CASE("every octet is classified alike by the vector code", "[scan]") {
    // All 256 octets at all places of a vector: 16 texts of 16 octets, each rotated.
    std::size_t faults = 0;
    auto with = [&faults]<charset Set>() {
        for (unsigned base = 0; base < 256; base += 16)
            for (unsigned turn = 0; turn < 16; ++turn) {
                char text[16];
                for (unsigned i = 0; i < 16; ++i) text[(i + turn) % 16] = static_cast<char>(base + i);
                std::string_view const t(text, 16);
                faults += detail::window(t).mask<Set>() != plain_mask<Set>(t);
                faults += detail::find_first<Set>(t) != plain_first<Set>(t, 0);
                faults += detail::find_last<Set>(t, 0, 16) != plain_last<Set>(t, 0, 16);
            }
    };
    with.operator()<chars::atext>();
    with.operator()<chars::qtext>();
    with.operator()<chars::dcontent>();
    with.operator()<chars::esmtp_value>();
    with.operator()<chars::xchar>();
    with.operator()<chars::textstring>();
    with.operator()<everything - (chars::ldh + ".")>();
    with.operator()<everything - (chars::atext + ".")>();
    with.operator()<sparse>();
    with.operator()<wrapping>();
    CHECK(faults == 0);
}

namespace {

// All 256 octets in every lane, at every size: among members, among others, and among signs.
template <charset Set>
std::size_t lane_faults() {
    static fence area(4096);
    std::size_t faults = 0;
    for (char const filler : {'a', '\x7F', '-', '\r', '\0'})
        for (std::size_t size = 1; size <= 66; ++size)
            for (std::size_t lane = 0; lane < size; ++lane) {
                char* const text = const_cast<char*>(area.put(std::string(size, filler)).data());
                for (unsigned octet = 0; octet < 256; octet += generate::draws_few ? 7 : 1) {
                    text[lane] = static_cast<char>(octet);
                    faults += window_faults<Set>({text, size});
                }
            }
    return faults;
}

}  // namespace

TEST_CASE("every octet in every lane of a window of every size", "[scan]") {
    CHECK(lane_faults<chars::let_dig + "-.">() == 0);
    CHECK(lane_faults<chars::atext>() == 0);
    CHECK(lane_faults<chars::esmtp_value>() == 0);
    CHECK(lane_faults<charset(1, 127)>() == 0);
    CHECK(lane_faults<charset(0, '\r')>() == 0);
    CHECK(lane_faults<chars::non_ascii>() == 0);
    CHECK(lane_faults<sparse>() == 0);
}

#if EHLO_VECTOR

TEST_CASE("a short text is loaded with zeros after it", "[scan]") {
    generate::rng r(16);
    fence area(4096), other(4096);
    std::size_t faults = 0;
    for (std::size_t size = 0; size < 16; ++size)
        for (int i = 0; i < 2000; ++i) {
            std::string text;
            while (text.size() < size) text += generate::octet_between(r, 0, 255);
            char found[16];
            // Room after it must not be seen; nor may octets there be read that are not its own.
            for (std::string_view const t : {area.put(text), other.put(text + "after").substr(0, size)}) {
                detail::store(found, detail::load_short(t.data(), size));
                faults += std::string_view(found, 16) != text + std::string(16 - size, '\0');
            }
        }
    CHECK(faults == 0);
}

TEST_CASE("a bit for each lane", "[scan]") {
    std::size_t faults = 0;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        char lanes[16];
        for (unsigned i = 0; i < 16; ++i) lanes[i] = bits >> i & 1 ? '\xFF' : '\0';
        faults += detail::move_mask(detail::load16(lanes)) != bits;
    }
    CHECK(faults == 0);
#if defined(__AVX2__)
    generate::rng r(32);
    for (int n = 0; n < 100000; ++n) {
        auto const bits = static_cast<std::uint32_t>(r.next());
        char lanes[32];
        for (unsigned i = 0; i < 32; ++i) lanes[i] = bits >> i & 1 ? '\xFF' : '\0';
        faults += detail::move_mask(detail::load<detail::v32>(lanes)) != bits;
    }
    CHECK(faults == 0);
#endif
}

namespace {
template <class V>
std::size_t range_faults() {
    std::size_t faults = 0;
    for (unsigned first = 0; first < 256; ++first)
        for (unsigned last = 0; last < 256; ++last)
            for (unsigned base = 0; base < 256; base += sizeof(V)) {
                unsigned char octets[sizeof(V)], found[sizeof(V)];
                for (unsigned i = 0; i < sizeof(V); ++i) octets[i] = static_cast<unsigned char>(base + i);
                detail::store(reinterpret_cast<char*>(found), detail::lanes_in_range(detail::load<V>(reinterpret_cast<char*>(octets)), first, last));
                for (unsigned i = 0; i < sizeof(V); ++i) {
                    unsigned const c = base + i;
                    bool const inside = first <= last ? c >= first && c <= last : c >= first || c <= last;
                    faults += found[i] != (inside ? 255 : 0);
                }
            }
    return faults;
}
}  // namespace

TEST_CASE("every range of octets, around the corner too", "[scan]") {
    CHECK(range_faults<detail::v16>() == 0);
#if defined(__AVX2__)
    CHECK(range_faults<detail::v32>() == 0);
#endif
}

#endif  // EHLO_VECTOR

TEST_CASE("the masks of a mailbox: every octet in every lane", "[scan]") {
    std::size_t faults = 0;
    for (unsigned base = 0; base < 256; ++base) {
        std::string text;
        for (unsigned i = 0; i < 64; ++i) text += static_cast<char>(base + i);
        for (std::size_t size : {64u, 47u, 31u, 15u, 7u}) faults += mailbox_mask_faults(std::string_view(text).substr(0, size));
    }
    CHECK(faults == 0);
}

TEST_CASE("the compiler and the vector code agree", "[scan]") {
    constexpr std::string_view text = "MAIL FROM:<somebody.with.a.long.name@a-host.example.org> SIZE=12345\r\n.line\r.\n"
                                      "and more of it, up to more than a hundred octets \x80\xFF ...";
    static_assert(text.size() > 100);
    constexpr std::size_t first = detail::find_first<charset("@")>(text), second = detail::find_first<line_stops>(text, 20),
                          wide = detail::find_first<chars::non_ascii>(text), none = detail::find_first<charset("#")>(text, 3),
                          last = detail::find_last<charset(" ")>(text, 5, 100), no_last = detail::find_last<charset("M")>(text, 5, 90),
                          event = detail::find_content_event(text, 1), next = detail::find_content_event(text, event + 1);
    constexpr std::uint64_t mask = detail::window(text).mask<chars::atext>(),
                            short_mask = detail::window(text.substr(0, 11)).mask<chars::alpha>();
    static_assert(first == 36 && second == 67 && none == text.size() && no_last == 8);
    CHECK(detail::find_first<charset("@")>(text) == first);
    CHECK(detail::find_first<line_stops>(text, 20) == second);
    CHECK(detail::find_first<chars::non_ascii>(text) == wide);
    CHECK(detail::find_first<charset("#")>(text, 3) == none);
    CHECK(detail::find_last<charset(" ")>(text, 5, 100) == last);
    CHECK(detail::find_last<charset("M")>(text, 5, 90) == no_last);
    CHECK(detail::find_content_event(text, 1) == event);
    CHECK(detail::find_content_event(text, event + 1) == next);
    CHECK(detail::window(text).mask<chars::atext>() == mask);
    CHECK(detail::window(text.substr(0, 11)).mask<chars::alpha>() == short_mask);
}

TEST_CASE("small things of the kernels", "[scan]") {
    static_assert(detail::low_bits(0) == 0 && detail::low_bits(1) == 1 && detail::low_bits(63) == ~std::uint64_t{0} >> 1);
    static_assert(detail::low_bits(64) == ~std::uint64_t{0});
    for (unsigned n = 1; n <= 64; ++n) CHECK(detail::low_bits_of_some(n) == detail::low_bits(n));
    static_assert(detail::trailing_zeros(1) == 0 && detail::trailing_zeros(std::uint64_t{1} << 63) == 63);
    // Two ranges that meet around the corner are one.
    static_assert(detail::cheapest_ranges(wrapping).size == 1);
    static_assert(detail::cheapest_ranges(everything - charset("x")).inverted);
    static_assert(detail::cheapest_ranges(chars::let_dig).letters);
    CHECK(detail::window(std::string_view()).size() == 0);
    CHECK(detail::window(std::string_view()).mask<everything>() == 0);
    CHECK(detail::window(std::string(100, 'a')).size() == 64);
}

}  // namespace test_scan
