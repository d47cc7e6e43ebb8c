// What the fuzz targets share. A target is one file, NAME.cpp, that defines LLVMFuzzerTestOneInput and says what must hold
// with `check`; its seeds are fuzz/corpus/NAME/. The build files find both.
#pragma once

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

inline std::string_view current;  // the input under test, for the report

inline std::string_view as_text(std::uint8_t const* data, std::size_t size) {
    return size == 0 ? std::string_view() : std::string_view(reinterpret_cast<char const*>(data), size);
}

inline std::string escaped(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto const octet = static_cast<unsigned char>(c);
        char buffer[8];
        if (c == '\r')
            out += "\\r";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (octet >= 32 && octet < 127)
            out += c;
        else if (std::snprintf(buffer, sizeof buffer, "\\x%02X", octet) > 0)
            out += buffer;
    }
    return out + '"';
}

/// Ends the program with a report unless `good`. `context` is what the check was about, besides the input.
inline void check(bool good, char const* claim, std::string_view context = {}, int line = __builtin_LINE(),
                  char const* file = __builtin_FILE()) {
    if (good) return;
    std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    if (!context.empty()) std::fprintf(stderr, "  context: %s\n", escaped(context).c_str());
    std::fprintf(stderr, "  input: %s\n", escaped(current).c_str());
    std::abort();
}

/// Octets in a heap block of exactly their size, so that AddressSanitizer sees a read or a write one octet too far.
class block {
    std::unique_ptr<char[]> data_;
    std::size_t size_;

  public:
    explicit block(std::size_t size) : data_(new char[size]), size_(size) {}
    explicit block(std::string_view text) : block(text.size()) {
        // Not a loop: libFuzzer's instruments would look at each turn of it, which took a third of a run's time.
        if (size_ != 0) std::memcpy(data_.get(), text.data(), size_);
    }
    std::string_view view() const { return {data_.get(), size_}; }
    char* data() { return data_.get(); }
    std::size_t size() const { return size_; }
};

inline bool lies_in(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Sizes drawn from the input's own octets, so that the fuzzer can steer them and every run is the same.
class sizes {
    std::string_view seed_;
    std::size_t at_ = 0;
    std::uint32_t stir_ = 17;

  public:
    explicit sizes(std::string_view seed) : seed_(seed) {}
    /// From `least` to `most`.
    std::size_t next(std::size_t least, std::size_t most) {
        unsigned const octet = seed_.empty() ? 0u : static_cast<unsigned char>(seed_[at_++ % seed_.size()]);
        stir_ = (stir_ ^ octet) * 16777619u;
        return least + (stir_ >> 8) % (most - least + 1);
    }
};

/// How octets arrive: all at once, one at a time, or in pieces drawn from the octets.
enum class arrival { whole, octets, pieces };
inline constexpr arrival arrivals[] = {arrival::whole, arrival::octets, arrival::pieces};

/// Whether `text` is to be delivered that way: octet by octet, only one in eight of the texts over 256 octets is. With all of
/// them the machines' targets did half of the runs; pieces are of one octet at times, too.
inline bool worth(arrival how, std::string_view text) {
    return how != arrival::octets || text.size() <= 256 || text.size() % 8 == 0;
}

/// Delivers `text` piece by piece to `take(pending)`, which gets all octets not yet consumed (in a block of exactly their
/// size) and returns how many it consumed; it may stop the delivery by `stop = true`. Returns the octets consumed in all.
template <class Take>
std::size_t deliver(std::string_view text, arrival how, Take&& take) {
    sizes draw(text);
    std::size_t consumed = 0, arrived = 0;
    bool stop = false;
    while (!stop && arrived < text.size()) {
        std::size_t const rest = text.size() - arrived;
        std::size_t const size = how == arrival::whole    ? rest
                                 : how == arrival::octets ? 1
                                                          : draw.next(1, rest < 40 ? rest : 40);
        arrived += size;
        block const pending(text.substr(consumed, arrived - consumed));
        std::size_t const used = take(pending.view(), stop);
        check(used <= pending.size(), "no more is consumed than there is");
        consumed += used;
    }
    return consumed;
}

/// What `write(writer&)` writes, in a block of `size` octets: it has to succeed, and with an octet less than it takes it has
/// to fail and write nothing.
template <class Write>
std::string written(std::size_t size, Write&& write, std::string_view context = {}, int line = __builtin_LINE(),
                    char const* file = __builtin_FILE()) {
    block buffer(size);
    ehlo::writer out(buffer.data(), buffer.size());
    auto const n = write(out);
    check(n && *n == out.size(), "what was read can be written", n ? context : ehlo::name(n.error().code), line, file);
    if (out.size() == 0) return {};
    block small(out.size() - 1);
    ehlo::writer tight(small.data(), small.size());
    auto const refused = write(tight);
    check(!refused && refused.error().code == ehlo::errc::output_full && tight.size() == 0,
          "what does not fit is not written at all", context, line, file);
    return std::string(out.text());
}

/// What holds of every failure.
inline void check_failure(ehlo::failure f, std::size_t size, ehlo::verb v) {
    check(f.at <= size, "the place of a failure lies in the text", ehlo::name(f.code));
    check(!ehlo::name(f.code).empty() && !ehlo::message(f.code).empty(),
          "a failure has a name and a message");
    check(!ehlo::name(ehlo::blame_of(f.code)).empty(), "a failure is somebody's");
    ehlo::reply const r = ehlo::reply_for(f, v);
    check(!ehlo::check(r) && !r.accepted(), "a failure has a reply that can be sent, and it is a refusal",
          ehlo::name(f.code));
}

/// The rules that parsers are tried with.
struct dialect {
    char const* name;
    ehlo::syntax rules;
};
inline constexpr ehlo::syntax with(ehlo::leniency tolerate, bool smtputf8) {
    ehlo::syntax s;
    s.tolerate = tolerate;
    s.smtputf8 = smtputf8;
    return s;
}
inline constexpr dialect dialects[] = {
    {"strict", {}},
    {"smtputf8", with(ehlo::strict, true)},
    {"lenient", with(ehlo::leniency::all(), false)},
    {"lenient smtputf8", with(ehlo::leniency::all(), true)},
};

/// Whether a failure is about the grammar. Of limits, and of octets over 127, the recogniser of the tests knows nothing.
inline bool is_about_grammar(ehlo::errc code) {
    return ehlo::blame_of(code) == ehlo::blame::malformed && code != ehlo::errc::non_ascii &&
           code != ehlo::errc::bad_utf8;
}

}  // namespace fuzz
