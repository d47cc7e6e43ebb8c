// How the cost of a unit (an octet, a command, a parameter) grows with what there is of it: it should not.
//
//     ehlo_growth             times: a line "plot,series,x,nanoseconds for a unit" for each point
//     ehlo_growth --count     for bench/growth.py --check, under callgrind: "series,x,units,allowed" for two points of each
//                             series: how much more a unit may cost at the second
#include "counted.hpp"
#include "crowd.hpp"
#include "work.hpp"
#include "workload.hpp"

#include <ehlo/parameters.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct point {
    std::size_t units;
    std::function<void()> pass;
};
struct series {
    std::string plot, name;
    std::vector<std::size_t> places;          // where it is timed
    std::pair<std::size_t, std::size_t> two;  // where it is counted: 0 if it is only timed
    std::function<point(std::size_t)> at;
    double allowed = 1.25;                    // 16 for what is quadratic, as the second is 16 times the first
};

std::string repeat(std::string_view pattern, std::size_t size) {
    std::string text;
    text.reserve(size + pattern.size());
    while (text.size() < size) text += pattern;
    text.resize(size);
    return text;
}
// Content of any size, made of the same 64 KiB. What ends it is cut off, as some sizes have no room for it.
std::string text_of(std::size_t size) {
    std::string const part = workload::content(workload::body::text, 64 << 10);
    return repeat(std::string_view(part).substr(0, part.size() - 3), size);
}
// Lets a text live as long as the pass over it.
template <class Pass>
point over(std::string text, Pass pass) {
    std::size_t const size = text.size();
    return {size, [text = std::move(text), pass] { pass(text); }};
}

std::vector<std::size_t> const lengths = {10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 64 << 20};
std::pair<std::size_t, std::size_t> const counted_lengths = {16 << 10, 256 << 10};

void add_lengths(std::vector<series>& all) {
    auto add = [&](char const* name, std::function<point(std::size_t)> at) {
        all.push_back({"length", name, lengths, counted_lengths, std::move(at)});
    };
    add("one command line", [](std::size_t size) {
        return over(repeat("x", size - 2) + "\r\n", [size](std::string_view in) {
            bench::read_line_chunks(in, in.size(), size);
        });
    });
    add("content, decoded", [](std::size_t size) {
        return over(text_of(size), [](std::string_view in) { bench::decode_chunks(in, in.size()); });
    });
    add("content, encoded", [](std::size_t size) {
        return over(text_of(size), [](std::string_view in) {
            static std::vector<char> room;
            room.resize(2 * in.size() + 8);
            bench::encode_content(in, room);
        });
    });
    add("base64, decoded", [](std::size_t size) {
        return over(repeat("QUJD", size / 4 * 4), [](std::string_view in) {
            static std::vector<char> room;
            room.resize(in.size());
            bench::decode_base64(in, room);
        });
    });
}

void add_chunks(std::vector<series>& all) {
    // Counted for chunks of an octet: of a text, and of one that is 16 times as long.
    auto add = [&](char const* name, std::function<std::string(std::size_t)> text,
                   std::function<void(std::string_view, std::size_t)> pass) {
        all.push_back({"chunk", name, {1, 2, 16, 1460, 16384}, {0, 0}, [=](std::size_t chunk) {
            return over(text(1 << 20), [=](std::string_view in) { pass(in, chunk); });
        }});
        all.push_back({"", std::string(name) + ", octet by octet", {}, {4 << 10, 64 << 10}, [=](std::size_t size) {
            return over(text(size), [=](std::string_view in) { pass(in, 1); });
        }});
    };
    add("command lines", [](std::size_t size) { return repeat("RCPT TO:<ann.smith@mail.example.org>\r\n", size); },
        [](std::string_view in, std::size_t chunk) { bench::read_line_chunks(in, chunk, 2048); });
    add("one command line", [](std::size_t size) { return repeat("x", size); },
        [](std::string_view in, std::size_t chunk) { bench::read_line_chunks(in, chunk, in.size()); });
    add("replies", [](std::size_t size) { return repeat("250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n", size); },
        [](std::string_view in, std::size_t chunk) { bench::read_reply_chunks(in, chunk, {}); });
    add("content", [](std::size_t size) { return text_of(size); }, bench::decode_chunks);
}

void add_odd_inputs(std::vector<series>& all) {
    std::vector<std::size_t> const places = {1000, 10'000, 100'000, 1'000'000, 10'000'000};
    auto add = [&](char const* name, std::string pattern, std::function<void(std::string_view)> pass) {
        all.push_back({"odd", name, places, counted_lengths,
                       [=](std::size_t size) { return over(repeat(pattern, size), pass); }});
    };
    constexpr std::size_t read = 1460;
    auto decode = [](std::string_view in) { bench::decode_chunks(in, read); };
    add("content: dots", ".", decode);
    add("content: dotted empty lines", "..\r\n", decode);
    add("content: CR", "\r", decode);
    add("content: LF", "\n", decode);
    add("content: CRLF", "\r\n", decode);
    auto lines = [](std::string_view in) { bench::read_line_chunks(in, read, 512); };
    add("commands: an endless line", "x", lines);
    add("commands: CR", "\r", lines);
    add("commands: LF", "\n", lines);
    add("commands: empty lines", "\r\n", lines);
    auto reply = [](std::string_view in) {
        ehlo::reply_limits limits;
        limits.total = (std::numeric_limits<std::uint32_t>::max)();
        limits.lines = (std::numeric_limits<std::uint16_t>::max)();
        bench::read_reply_chunks(in, read, limits);
    };
    add("an endless reply", "250-" + std::string(500, 'x') + "\r\n", reply);
    add("replies without text", "250\r\n", reply);

    all.push_back({"parameters", "parameters of MAIL", {1, 10, 100, 1000, 10'000}, {625, 10'000}, [](std::size_t count) {
        std::string text = "FROM:<ann@example.org>";
        for (std::size_t i = 0; i < count; ++i) text += " X" + std::to_string(i) + "=1";
        return point{count, [text] {
            auto const mail = ehlo::parse_mail(text);
            bench::use(mail ? mail->parameters.unknown_at().value_or(0) : mail.error().at);
        }};
    }, 2.5});  // unknown ones are sorted to find repeated ones: N log N up to 1,024, and as many rounds as thousands beyond
}

void add_sessions(std::vector<series>& all) {
    std::vector<std::size_t> counts;
    for (std::size_t n = 1; n <= 1 << 20; n *= 4) counts.push_back(n);
    all.push_back({"sessions", "a command to a session at random", counts, {1, 1 << 10}, [](std::size_t sessions) {
        auto const all_of_them = std::make_shared<bench::crowd>(sessions);
        return point{4096, [all_of_them] { all_of_them->visit(4096); }};
    }});
}

// Nanoseconds for a unit: the quickest of the passes that fit into 10 ms, of at least two.
double time(point const& p) {
    using clock = std::chrono::steady_clock;
    double best = 1e9, all = 0;
    for (int passes = 0; passes < 2 || all < 0.01; ++passes) {
        // Short passes by the hundred, or it is the clock that is measured.
        int const many = p.units < 10'000 ? 100 : 1;
        auto const start = clock::now();
        for (int i = 0; i < many; ++i) p.pass();
        double const seconds = std::chrono::duration<double>(clock::now() - start).count();
        all += seconds;
        if (seconds / many < best) best = seconds / many;
    }
    return best * 1e9 / static_cast<double>(p.units);
}
// Three rounds over all of it: a machine that is slow for a second does not bend a curve.
void print_times(std::vector<series> const& all) {
    std::vector<double> best;
    for (int round = 0; round < 3; ++round) {
        std::size_t i = 0;
        for (series const& s : all)
            for (std::size_t const x : s.places) {
                double const t = time(s.at(x));
                if (round == 0) best.push_back(t);
                if (t < best[i]) best[i] = t;
                ++i;
            }
    }
    std::size_t i = 0;
    for (series const& s : all)
        for (std::size_t const x : s.places)
            std::printf("%s,\"%s\",%zu,%.5g\n", s.plot.c_str(), s.name.c_str(), x, best[i++]);
}
void count(std::vector<series> const& all) {
    for (series const& s : all) {
        if (s.two.first == 0) continue;
        for (std::size_t const x : {s.two.first, s.two.second}) {
            point const p = s.at(x);
            bench::count_pass(p.pass);
            std::printf("\"%s\",%zu,%zu,%g\n", s.name.c_str(), x, p.units, s.allowed);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<series> all;
    add_lengths(all);
    add_chunks(all);
    add_odd_inputs(all);
    add_sessions(all);
    if (argc > 1 && std::string_view(argv[1]) == "--count") count(all);
    else print_times(all);
}
