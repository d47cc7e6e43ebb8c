// What the tests of the parsers share: octets made readable, memory that must not be read, runs of a case cut at every point.
#pragma once

#include "catch.hpp"

#include <ehlo/capabilities.hpp>
#include <ehlo/command.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/line.hpp>
#include <ehlo/reply_reader.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__has_include)
#if __has_include(<sys/mman.h>) && __has_include(<unistd.h>)
#include <sys/mman.h>
#include <unistd.h>
#define EHLO_TEST_FENCE 1
#endif
#endif

namespace support {

using namespace std::string_view_literals;

/// Octets as C would spell them.
inline std::string escaped(std::string_view octets) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (char const c : octets) {
        auto const u = static_cast<unsigned char>(c);
        if (c == '\r') out += "\\r";
        else if (c == '\n') out += "\\n";
        else if (c == '\t') out += "\\t";
        else if (c == '\\') out += "\\\\";
        else if (u >= 32 && u < 127) out += c;
        else (((out += "\\x") += hex[u >> 4]) += hex[u & 15]) += "";
    }
    return out;
}

/// Memory that ends where an unreadable page begins: reading one octet too many ends the program.
class fence {
    char* begin_ = nullptr;
    std::size_t size_ = 0;
#if !defined(EHLO_TEST_FENCE)
    std::unique_ptr<char[]> plain_;
#endif

  public:
    explicit fence(std::size_t at_least = 1 << 17) {
#if defined(EHLO_TEST_FENCE)
        auto const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        size_ = (at_least + page - 1) / page * page;
        void* const all = mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED || mprotect(static_cast<char*>(all) + size_, page, PROT_NONE) != 0) FAIL("no memory");
        begin_ = static_cast<char*>(all);
#else
        size_ = at_least;
        plain_ = std::make_unique<char[]>(size_);
        begin_ = plain_.get();
#endif
    }
    fence(fence const&) = delete;
    fence& operator=(fence const&) = delete;
    ~fence() {
#if defined(EHLO_TEST_FENCE)
        munmap(begin_, size_ + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
#endif
    }
    /// A copy of the octets that ends at the fence.
    std::string_view put(std::string_view octets) {
        if (octets.size() > size_) FAIL("the fence is too small");
        char* const at = begin_ + size_ - octets.size();
        if (!octets.empty()) std::memmove(at, octets.data(), octets.size());
        return {at, octets.size()};
    }
};

inline fence& shared_fence() {
    static fence f;
    return f;
}

// What a parser said, as one line of text: equal results have equal texts, wherever the octets stood.

inline std::string say(ehlo::failure f) { return std::string(name(f.code)) + "@" + std::to_string(f.at); }
inline std::string say(ehlo::leniency set) {
    std::string out;
    for (unsigned i = 0; i < ehlo::rule_count; ++i)
        if (set.has(static_cast<ehlo::rule>(i))) (out += out.empty() ? "" : ",") += ehlo::rule_names[i];
    return out;
}
inline std::string say(std::string_view text) { return "'" + escaped(text) + "'"; }
inline std::string say(ehlo::host const& h) {
    return std::string(name(h.kind)) + " " + say(h.text) + " [" + say(h.tolerated) + "]";
}
inline std::string say(ehlo::mailbox const& m) {
    return say(m.local_part) + " at " + std::string(name(m.domain.kind)) + " " + say(m.domain.text) + " [" +
           say(m.tolerated) + "]";
}
inline std::string say(ehlo::path const& p) {
    std::string out = p.is_null() ? "null" : p.is_postmaster() ? "postmaster" : "mailbox";
    out += " " + say(p.text()) + " via";
    for (std::string_view const hop : p.route()) out += " " + say(hop);
    return out + " to " + say(p.local_part()) + " at " + std::string(name(p.domain_kind())) + " " + say(p.domain()) +
           " = " + say(p.address()) + " [" + say(p.tolerated()) + "]";
}
inline std::string say(ehlo::parameter_range const& all) {
    std::string out;
    for (ehlo::parameter const p : all) {
        out += " " + std::string(p.keyword);
        if (p.value) out += "=" + say(*p.value);
    }
    return out;
}
inline std::string say(ehlo::mail_parameters const& m) {
    std::string out = "parameters" + say(m.all());
    if (m.size()) out += " size " + std::to_string(*m.size());
    if (m.body()) out += " body " + std::string(name(*m.body()));
    if (m.smtputf8()) out += " smtputf8";
    if (m.unknown_at()) out += " unknown at " + std::to_string(*m.unknown_at());
    return out;
}
inline std::string say(ehlo::rcpt_parameters const& r) {
    return "parameters" + say(r.all()) + (r.unknown_at() ? " unknown at " + std::to_string(*r.unknown_at()) : "");
}
inline std::string say(ehlo::command_line const& l) {
    return std::string(name(l.verb)) + " " + say(l.name) + " " + say(l.arguments);
}
inline std::string say(ehlo::cmd::hello const& h) { return std::string(name(h.verb)) + " " + say(h.name); }
inline std::string say(ehlo::cmd::mail const& m) {
    return std::string(name(m.verb)) + " " + say(m.from) + " " + say(m.parameters) + " [" + say(m.tolerated) + "]";
}
inline std::string say(ehlo::cmd::rcpt const& r) {
    return "RCPT " + say(r.to) + " " + say(r.parameters) + " [" + say(r.tolerated) + "]";
}
inline std::string say(ehlo::cmd::vrfy const& l) {
    return std::string(name(l.verb)) + " " + say(l.string) + (l.smtputf8 ? " smtputf8" : l.utf8reply ? " utf8reply" : "");
}
inline std::string say(ehlo::cmd::noop const& r) { return std::string(name(r.verb)) + " " + say(r.argument); }
template <ehlo::verb V>
std::string say(ehlo::cmd::no_argument<V> const&) {
    return std::string(name(V));
}
inline std::string say(ehlo::cmd::auth const& a) {
    return "AUTH " + say(a.name) + (a.initial_response ? " initial " + say(*a.initial_response) : "");
}
inline std::string say(ehlo::cmd::bdat const& b) { return "BDAT " + std::to_string(b.size) + (b.last ? " last" : ""); }
inline std::string say(ehlo::cmd::burl const& b) { return "BURL " + say(b.url) + (b.last ? " last" : ""); }
inline std::string say(ehlo::cmd::etrn const& e) {
    constexpr char const* options[] = {"", "@", "#"};
    return std::string("ETRN ") + options[static_cast<unsigned>(e.option)] + say(e.node);
}
inline std::string say(ehlo::cmd::atrn const& a) {
    std::string out = "ATRN";
    for (std::string_view const d : ehlo::domain_list(a.domains)) out += " " + say(d);
    return out;
}
inline std::string say(ehlo::cmd::xclient const& f) { return std::string(name(f.verb)) + say(f.attributes); }
inline std::string say(ehlo::status const& s) {
    return std::to_string(s.class_digit) + "." + std::to_string(s.subject) + "." + std::to_string(s.detail);
}
inline std::string say(ehlo::reply_view const& r) {
    std::string out = std::to_string(r.code()) + (r.enhanced() ? " " + say(*r.enhanced()) : "") + ":";
    for (std::string_view const line : r.lines()) out += " " + say(line);
    return out + " [" + say(r.tolerated()) + "]";
}
inline std::string say(std::uint64_t n) { return std::to_string(n); }
template <class T>
std::string say(ehlo::result<T> const& r) {
    return r ? say(*r) : say(r.error());
}

/// What a whole command line says: split, parsed, visited.
inline std::string say_command(std::string_view line, ehlo::syntax const& rules = ehlo::strict_syntax) {
    auto const split = ehlo::split_command(line);
    if (!split) return say(split.error());
    std::string out;
    auto const failed = ehlo::visit_command(*split, rules, [&out](auto const& command) { out = say(command); });
    return failed ? say(*failed) : out;
}

/// A parser without memory: the same result for octets in memory of their own, at the fence, at other alignments and
/// with other octets after them. `parse` makes a text of what it is given (see `say`).
template <class Parse>
std::string everywhere(std::string_view text, Parse&& parse) {
    auto const own = std::make_unique<char[]>(text.size() + 1);
    if (text.size() > 1u << 30) std::abort();   // never: but without it GCC 12 sees an overflow in the next line
    if (!text.empty()) std::memcpy(own.get(), text.data(), text.size());
    std::string const first = parse(std::string_view(own.get(), text.size()));
    std::string wrong;
    auto compare = [&](std::string_view where, std::string const& other) {
        if (other != first && wrong.empty()) ((wrong += where) += ": ") += other;
    };
    compare("at the fence", parse(shared_fence().put(text)));
    constexpr std::string_view after[] = {"\r\n", ">", "@b.example> SIZE=1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", " ",
                                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv, "]>:\"", "9999", "\x80\x80\x80"};
    std::size_t shift = 0;
    for (std::string_view const rest : after) {
        std::string const longer = std::string(++shift, '<') + std::string(text) + std::string(rest);
        compare("before " + escaped(rest), parse(std::string_view(longer).substr(shift, text.size())));
    }
    CAPTURE(escaped(text), first);
    CHECK(wrong == "");
    return first;
}

/// A parser with memory: the same log whether the octets come at once, one by one, or cut at any point into two or (if
/// the text is short) three reads. `run(reads)` makes a log of what happened. Returns the log.
template <class Run>
std::string split_everywhere(std::string_view text, Run&& run) {
    using reads = std::vector<std::string_view>;
    std::string const whole = run(reads{text});
    std::string wrong;
    auto compare = [&](std::string const& how, std::string const& other) {
        if (other != whole && wrong.empty()) wrong = how + ": " + other;
    };
    reads octets;
    for (std::size_t i = 0; i < text.size(); ++i) octets.push_back(text.substr(i, 1));
    compare("octet by octet", run(octets));
    std::size_t const step = text.size() > 400 ? text.size() / 200 : 1;
    for (std::size_t i = 0; i <= text.size(); i += step) {
        compare("cut at " + std::to_string(i), run(reads{text.substr(0, i), text.substr(i)}));
        if (text.size() > 40) continue;
        for (std::size_t j = i; j <= text.size(); ++j)
            compare("cut at " + std::to_string(i) + " and " + std::to_string(j),
                    run(reads{text.substr(0, i), text.substr(i, j - i), text.substr(j)}));
    }
    CAPTURE(escaped(text.substr(0, 600)), whole);
    CHECK(wrong == "");
    return whole;
}

/// The octets a caller holds: grows with each read, loses what was consumed. Always ends at a fence.
class growing {
    std::string octets_;
    std::size_t most_ = 0;
    fence fence_{1 << 17};

  public:
    void read(std::string_view more) {
        octets_ += more;
        if (octets_.size() > most_) most_ = octets_.size();
    }
    std::string_view view() { return fence_.put(octets_); }
    void discard(std::size_t n) {
        if (n > octets_.size()) FAIL("more was consumed than there is");
        octets_.erase(0, n);
    }
    void clear() { octets_.clear(), most_ = 0; }
    std::size_t size() const { return octets_.size(); }
    std::size_t most() const { return most_; }
};

inline growing& shared_buffer() {
    static growing g;
    g.clear();
    return g;
}

/// A text and what should come of it.
struct good_case {
    std::string_view text;
    std::string_view said;
};
struct bad_case {
    std::string_view text;
    ehlo::errc code;
    std::size_t at;
};

/// The index of the first case that is not refused with this code at this place; the number of cases if there is none.
template <std::size_t N, class Parse>
constexpr std::size_t first_wrong(bad_case const (&cases)[N], Parse parse) {
    for (std::size_t i = 0; i < N; ++i) {
        auto const r = parse(cases[i].text);
        if (r || r.error() != ehlo::fail(cases[i].code, cases[i].at)) return i;
    }
    return N;
}
/// The index of the first case that is refused; the number of cases if there is none.
template <std::size_t N, class Parse>
constexpr std::size_t first_refused(good_case const (&cases)[N], Parse parse) {
    for (std::size_t i = 0; i < N; ++i)
        if (!parse(cases[i].text)) return i;
    return N;
}

template <std::size_t N, class Parse>
void check_all(bad_case const (&cases)[N], Parse parse) {
    for (bad_case const& c : cases) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [&](std::string_view t) { return say(parse(t)); }) == say(ehlo::fail(c.code, c.at)));
    }
}
template <std::size_t N, class Parse>
void check_all(good_case const (&cases)[N], Parse parse) {
    for (good_case const& c : cases) {
        CAPTURE(escaped(c.text));
        CHECK(everywhere(c.text, [&](std::string_view t) { return say(parse(t)); }) == c.said);
    }
}

/// Octets written by `write(writer&)` into a buffer of exactly the size needed; and for every smaller buffer the proof
/// that nothing is written. Returns what was written, or the failure.
template <class Write>
std::string written(Write&& write) {
    std::string buffer(8192, '#');
    ehlo::writer out(buffer.data(), buffer.size());
    out.raw("before");
    auto const n = write(out);
    CHECK(out.ok());
    if (!n) {
        CHECK(out.text() == "before");
        return say(n.error());
    }
    std::string const result(out.text().substr(6));
    CHECK(*n == result.size());
    CHECK(buffer[out.size()] == '#');
    bool atomic = true;
    for (std::size_t room = 0; room < result.size(); room += result.size() > 300 ? 37u : 1u) {
        auto const small = std::make_unique<char[]>(room + 6);
        ehlo::writer tight(small.get(), room + 6);
        tight.raw("before");
        auto const refused = write(tight);
        atomic = atomic && !refused && refused.error().code == ehlo::errc::output_full && tight.ok() &&
                 tight.text() == "before";
    }
    CHECK(atomic);
    auto const exact = std::make_unique<char[]>(result.size());
    ehlo::writer fits(exact.get(), result.size());
    CHECK(write(fits));
    CHECK(fits.text() == result);
    return result;
}

}  // namespace support

namespace Catch {
template <>
struct StringMaker<ehlo::failure> {
    static std::string convert(ehlo::failure f) { return support::say(f); }
};
template <>
struct StringMaker<ehlo::errc> {
    static std::string convert(ehlo::errc code) { return std::string(name(code)); }
};
}  // namespace Catch
