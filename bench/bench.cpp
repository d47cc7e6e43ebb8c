// ehlo_bench: what the parts of ehlo cost, beside the floor that no implementation gets under.
//
//     ehlo_bench [--workload=DIR] [flags of Google Benchmark]
//     ehlo_bench --row=NAME --passes=N      only N passes over one row, untimed: for callgrind and perf
//
// A row is one pass over a whole workload. In every iteration its floor runs too, just before it, so that both see the
// same clock: machines swing by a factor of two, ratios do not. Columns:
//     ns_item  nanoseconds for one item (command, reply, content, session), the best pass of all
//     GB/s     octets of input for each nanosecond, the best pass of all
//     x_floor  time over that of the floor: 1.0 is as quick as the floor
#include "workload.hpp"

#include <benchmark/benchmark.h>
#include <ehlo/ehlo.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <span>

using benchmark::DoNotOptimize;

namespace {

struct row {
    std::string name;
    std::size_t items, octets;
    std::function<void()> pass;
    std::string floor_name{};
    std::function<void()> floor{};
};

// ---- floors ----

void find_lines(std::string_view text) {
    for (char const *p = text.data(), *const end = p + text.size(); p != end;) {
        auto const* const lf =
            static_cast<char const*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
        DoNotOptimize(lf);
        p = lf + 1;
    }
}
void read_all(std::string_view text) {
    std::uint64_t sum = 0, word;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::memcpy(&word, text.data() + i, 8);
        sum += word;
    }
    for (; i < text.size(); ++i) sum += static_cast<unsigned char>(text[i]);
    DoNotOptimize(sum);
}
// What a plain loop over the octets costs that does the same work: the state machine of every textbook.
void decode_plainly(std::string_view in, char* out) {
    enum { start, text, cr, dot, dot_cr } where = start;
    bool bare = false;
    char* to = out;
    for (char const c : in) {
        if (where == start && c == '.') {
            where = dot;
            continue;
        }
        if (where == dot_cr) {
            if (c == '\n') break;
            *to++ = '\r';
            bare = true;
        }
        if (where == dot && c == '\r') {
            where = dot_cr;
            continue;
        }
        bare |= (where == cr) != (c == '\n');
        where = c == '\n' && where == cr ? start : c == '\r' ? cr : text;
        *to++ = c;
    }
    DoNotOptimize(to);
    DoNotOptimize(bare);
    benchmark::ClobberMemory();
}
// A path as programs take one apart that look at nothing but the signs they wait for.
void take_path_naively(std::string_view text) {
    std::size_t const open = text.find('<'), close = text.rfind('>'), at = text.rfind('@', close);
    std::string_view const local = text.substr(open + 1, at - open - 1),
                           domain = text.substr(at + 1, close - at - 1);
    DoNotOptimize(local.size() + domain.size());
}

// ---- ehlo ----

// A number that depends on every part of a parsed command, so that no part of the parse can be left out.
std::size_t essence(ehlo::path const& p) {
    return static_cast<std::size_t>(p.kind()) + p.local_part().size() + 3 * p.domain().size() +
           static_cast<std::size_t>(p.domain_kind()) + p.text().size() + p.tolerated().bits;
}
struct essence_of {
    std::size_t& sum;
    void operator()(ehlo::cmd::hello const& c) const {
        sum += c.name.text.size() + static_cast<std::size_t>(c.name.kind);
    }
    void operator()(ehlo::cmd::mail const& c) const {
        sum += essence(c.from) + c.parameters.size().value_or(1) + c.parameters.unknown_at().value_or(2) +
               c.tolerated.bits +
               static_cast<std::size_t>(c.parameters.body().value_or(ehlo::body::seven_bit)) +
               c.parameters.smtputf8();
    }
    void operator()(ehlo::cmd::rcpt const& c) const {
        sum += essence(c.to) + c.parameters.all().text().size() + c.tolerated.bits;
    }
    void operator()(ehlo::cmd::lookup const& c) const { sum += c.string.size() + c.smtputf8; }
    void operator()(ehlo::cmd::remark const& c) const { sum += c.argument.size(); }
    template <ehlo::verb V>
    void operator()(ehlo::cmd::bare<V> const&) const {
        sum += static_cast<std::size_t>(V);
    }
    void operator()(ehlo::cmd::auth const& c) const { sum += c.name.size() + c.initial_response.value_or("").size(); }
    void operator()(ehlo::cmd::bdat const& c) const { sum += c.size + c.last; }
    void operator()(ehlo::cmd::burl const& c) const { sum += c.url.size() + c.last; }
    void operator()(ehlo::cmd::etrn const& c) const { sum += c.node.size(); }
    void operator()(ehlo::cmd::atrn const& c) const { sum += c.domains.size(); }
    void operator()(ehlo::cmd::client_facts const& c) const { sum += c.attributes.text().size(); }
};

void parse_commands(std::string_view in) {
    ehlo::line_reader reader;
    while (!in.empty()) {
        auto const line = reader.next(in, 2048);
        std::size_t sum = 0;
        if (auto const split = ehlo::split_command(*line))
            if (auto const fault = ehlo::visit_command(*split, ehlo::strict_syntax, essence_of{sum}))
                sum = fault->at;
        DoNotOptimize(sum);
        in.remove_prefix(line.consumed);
    }
}
void split_commands(std::string_view in) {
    ehlo::line_reader reader;
    while (!in.empty()) {
        auto const line = reader.next(in, 2048);
        auto const split = ehlo::split_command(*line);
        DoNotOptimize(static_cast<std::size_t>(split->verb) + split->arguments.size());
        in.remove_prefix(line.consumed);
    }
}
void read_lines(std::string_view in) {
    ehlo::line_reader reader;
    while (!in.empty()) {
        auto const line = reader.next(in, 2048);
        DoNotOptimize(line->size());
        in.remove_prefix(line.consumed);
    }
}
// As if every octet came in a read of its own.
void read_lines_by_octets(std::string_view in) {
    ehlo::line_reader reader;
    for (std::size_t begin = 0, end = 1; end <= in.size(); ++end) {
        auto const line = reader.next(in.substr(begin, end - begin), 2048);
        DoNotOptimize(line.consumed);
        begin += line.consumed;
    }
}
void parse_replies(std::string_view in) {
    while (!in.empty()) {
        auto const r = ehlo::parse_reply(in);
        DoNotOptimize(r->code() + r->line_count());
        in.remove_prefix(r.consumed);
    }
}
void read_replies_by_octets(std::string_view in) {
    ehlo::reply_reader reader;
    for (std::size_t begin = 0, end = 1; end <= in.size(); ++end) {
        auto const r = reader.next(in.substr(begin, end - begin));
        DoNotOptimize(r.consumed);
        begin += r.consumed;
    }
}
void decode_content(std::string_view in, char* out) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        std::memcpy(out, piece.octets.data(), piece.octets.size());
        out += piece.octets.size();
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    DoNotOptimize(out);
    DoNotOptimize(decoder.bare_cr() || decoder.bare_lf());
    benchmark::ClobberMemory();
}
void decode_spans(std::string_view in) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        DoNotOptimize(piece.octets.data());
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    DoNotOptimize(decoder.bare_cr() || decoder.bare_lf());
}
void decode_by_octets(std::string_view in) {
    ehlo::content_decoder decoder;
    for (std::size_t begin = 0, end = 1; end <= in.size(); ++end) {
        ehlo::content_piece const piece = decoder.next(in.substr(begin, end - begin));
        DoNotOptimize(piece.octets.data());
        begin += piece.consumed;
    }
}
void encode_content(std::string_view in, std::span<char> room) {
    ehlo::content_encoder encoder;
    ehlo::writer out(room.data(), room.size());
    DoNotOptimize(encoder.encode(in, out).has_value() && encoder.finish(out).has_value());
    DoNotOptimize(out.size());
    benchmark::ClobberMemory();
}

struct accepting {
    std::size_t octets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        return octets += c.from.text().size(), ehlo::replies::sender_ok;
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        return octets += c.to.text().size(), ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};

// Greeting to QUIT as a client that awaits every reply would have it: one call for each command.
void serve(std::span<std::string_view const> reads) {
    ehlo::server server("mx.example.org");
    accepting handler;
    char room[2048];
    DoNotOptimize(server.advance({}, handler, room).produced);
    for (std::string_view const in : reads) {
        ehlo::step const s = server.advance(in, handler, room);
        DoNotOptimize(s.produced);
        DoNotOptimize(room);
    }
    DoNotOptimize(handler.octets);
}

// Many sessions at once: a NOOP to one, a NOOP to another, in an order that no cache foresees.
struct crowd {
    std::vector<ehlo::server> sessions;
    std::size_t at = 0;

    explicit crowd(std::size_t size) : sessions(size, ehlo::server("mx.example.org")) { visit(size); }
    void visit(std::size_t count) {
        accepting handler;
        char room[2048];
        for (std::size_t i = 0; i < count; ++i) {
            // Comes to every session before it comes to one again, as the size is a power of two.
            at = (at * 1664525 + 1013904223) % sessions.size();
            DoNotOptimize(sessions[at].advance("NOOP\r\n", handler, room).produced);
        }
    }
};

// ---- the rows ----

// Rows refer to their workloads, which live as long as the program.
std::string_view keep(std::string text) {
    static std::deque<std::string> kept;
    return kept.emplace_back(std::move(text));
}
char* room_for(std::size_t size) {
    static std::deque<std::vector<char>> kept;
    return kept.emplace_back(size).data();
}

// The first `size` octets of content, cut behind a line, with an end.
std::string cut_content(std::string content, std::size_t size) {
    if (content.size() <= size) return content;
    content.resize(content.rfind("\r\n", size - 5) + 2);
    return content + ".\r\n";
}

void add_content_rows(std::vector<row>& rows, std::string const& folder, workload::body kind,
                      bool large_too) {
    static constexpr std::string_view files[] = {"w3a.bin", "w3b.bin", "w3c.bin", "w3d.bin"};
    constexpr std::size_t size = 64 * 1024;
    std::string const kind_name(workload::body_names[static_cast<std::size_t>(kind)]);
    bool const bare = kind == workload::body::bare;
    std::string_view const in =
        keep(folder.empty() || bare
                 ? workload::content(kind, size)
                 : cut_content(workload::file(folder, files[static_cast<std::size_t>(kind)]), size));
    char* const out = room_for(2 * in.size());
    auto const copy = [=] {
        std::memcpy(out, in.data(), in.size());
        benchmark::ClobberMemory();
    };
    auto const plainly = [=] { decode_plainly(in, out); };
    if (bare)
        rows.push_back({"content_decode/" + kind_name, 1, in.size(), [=] { decode_content(in, out); },
                        "plain loop", plainly});
    else
        rows.push_back(
            {"content_decode/" + kind_name, 1, in.size(), [=] { decode_content(in, out); }, "memcpy", copy});
    rows.push_back({"content_plain_loop/" + kind_name, 1, in.size(), plainly, "memcpy", copy});
    rows.push_back({"content_spans/" + kind_name, 1, in.size(), [=] { decode_spans(in); }, "read all",
                    [=] { read_all(in); }});
    if (bare) return;

    std::string decoded;
    ehlo::content_decoder decoder;
    for (std::string_view rest = in;;) {
        auto const piece = decoder.next(rest);
        decoded += piece.octets;
        rest.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    std::string_view const clean = keep(std::move(decoded));
    std::span<char> const room(room_for(2 * in.size()), 2 * in.size());
    rows.push_back({"content_encode/" + kind_name, 1, clean.size(), [=] { encode_content(clean, room); },
                    "memcpy",
                    [=] {
                        std::memcpy(room.data(), clean.data(), clean.size());
                        benchmark::ClobberMemory();
                    }});
    if (kind != workload::body::base64) return;
    rows.push_back({"content_by_octets/" + kind_name, 1, in.size(), [=] { decode_by_octets(in); },
                    "content_spans", [=] { decode_spans(in); }});

    if (!large_too) return;
    // From memory instead of the cache.
    std::string many;
    many.reserve(size << 10);
    while (many.size() + in.size() <= size << 10) many += in.substr(0, in.size() - 3);
    std::string_view const large = keep(many + ".\r\n");
    char* const large_out = room_for(large.size());
    rows.push_back({"content_decode_64MiB/" + kind_name, 1, large.size(),
                    [=] { decode_content(large, large_out); }, "memcpy",
                    [=] {
                        std::memcpy(large_out, large.data(), large.size());
                        benchmark::ClobberMemory();
                    }});
    rows.push_back({"content_spans_64MiB/" + kind_name, 1, large.size(), [=] { decode_spans(large); },
                    "read all", [=] { read_all(large); }});
}

// `large_too`: with the rows whose workloads take time to make.
std::vector<row> make_rows(std::string const& folder, bool large_too) {
    std::vector<row> rows;
    auto text = [&folder](std::string_view file, std::string (*make)()) {
        return keep(folder.empty() ? make() : workload::file(folder, file));
    };
    auto count = [](std::string_view in) { return workload::lines(in).size(); };

    std::string_view const commands = text("w1.txt", workload::commands);
    std::size_t const n = count(commands);
    auto const lines_of_commands = [=] { find_lines(commands); };
    rows.push_back({"floor_memchr/commands", n, commands.size(), lines_of_commands});
    rows.push_back(
        {"command", n, commands.size(), [=] { parse_commands(commands); }, "memchr", lines_of_commands});
    rows.push_back({"command_split", n, commands.size(), [=] { split_commands(commands); }, "memchr",
                    lines_of_commands});
    rows.push_back(
        {"command_lines", n, commands.size(), [=] { read_lines(commands); }, "memchr", lines_of_commands});
    rows.push_back({"command_lines_by_octets", n, commands.size(), [=] { read_lines_by_octets(commands); },
                    "command_lines", [=] { read_lines(commands); }});

    auto const paths =
        std::make_shared<std::vector<std::string_view>>(workload::lines(text("w4.txt", workload::paths)));
    std::size_t octets = 0;
    for (std::string_view p : *paths) octets += p.size();
    auto const naively = [=] {
        for (std::string_view p : *paths) take_path_naively(p);
    };
    rows.push_back({"path_naive", paths->size(), octets, naively});
    rows.push_back({"path", paths->size(), octets,
                    [=] {
                        for (std::string_view p : *paths) {
                            auto const parsed = ehlo::parse_forward_path(p);
                            DoNotOptimize(parsed ? essence(*parsed) : parsed.error().at);
                        }
                    },
                    "path_naive", naively});

    std::string_view const replies = text("w2.txt", workload::replies);
    std::size_t reply_count = 0;
    for (std::string_view line : workload::lines(replies)) reply_count += line.size() == 3 || line[3] == ' ';
    auto const lines_of_replies = [=] { find_lines(replies); };
    rows.push_back({"floor_memchr/replies", reply_count, replies.size(), lines_of_replies});
    rows.push_back(
        {"reply", reply_count, replies.size(), [=] { parse_replies(replies); }, "memchr", lines_of_replies});
    rows.push_back({"reply_by_octets", reply_count, replies.size(), [=] { read_replies_by_octets(replies); },
                    "reply", [=] { parse_replies(replies); }});

    // The answer of a large provider: eleven lines.
    static constexpr std::string_view answer = "250-mx.example.org at your service, [192.0.2.17]\r\n250-SIZE "
                                               "157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
                                               "250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-"
                                               "CHUNKING\r\n250-DSN\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n"
                                               "250-LIMITS MAILMAX=100 RCPTMAX=1000\r\n250 SMTPUTF8\r\n";
    rows.push_back({"capabilities", 100, 100 * answer.size(),
                    [] {
                        for (int i = 0; i < 100; ++i) {
                            std::string_view in = answer;
                            DoNotOptimize(in);
                            auto const r = ehlo::parse_reply(in);
                            auto const c = ehlo::parse_capabilities(*r);
                            DoNotOptimize(c->offered.bits + c->max_size.value_or(0));
                        }
                    },
                    "memchr",
                    [] {
                        for (int i = 0; i < 100; ++i) find_lines(answer);
                    }});

    for (auto const kind : workload::bodies) add_content_rows(rows, folder, kind, large_too);

    auto const reads = std::make_shared<std::vector<std::string_view>>();
    octets = 0;
    for (std::string_view in :
         {std::string_view("EHLO client.example.net\r\n"),
          std::string_view("MAIL FROM:<ann.smith@example.net> SIZE=4096 BODY=8BITMIME\r\n"),
          std::string_view("RCPT TO:<bob@mail.example.org>\r\n"), std::string_view("DATA\r\n"),
          keep(workload::content(workload::body::text, 4096)), std::string_view("QUIT\r\n")}) {
        reads->push_back(in);
        octets += in.size();
    }
    rows.push_back({"session", 1, octets, [=] { serve(*reads); }});

    auto const one = std::make_shared<crowd>(1);
    rows.push_back({"session_noop/1", 4096, 4096 * 6, [=] { one->visit(4096); }});
    if (!large_too) return rows;
    auto const million = std::make_shared<crowd>(std::size_t{1} << 20);
    rows.push_back({"session_noop/1048576", 4096, 4096 * 6, [=] { million->visit(4096); }, "1 session",
                    [=] { one->visit(4096); }});
    return rows;
}

void run(benchmark::State& state, row const& r) {
    using clock = std::chrono::steady_clock;
    auto time = [](std::function<void()> const& pass) {
        auto const start = clock::now();
        pass();
        return std::chrono::duration<double>(clock::now() - start).count();
    };
    double best = 1e9, best_floor = 1e9;
    for (auto _ : state) {
        if (r.floor) best_floor = (std::min)(best_floor, time(r.floor));
        double const seconds = time(r.pass);
        best = (std::min)(best, seconds);
        state.SetIterationTime(seconds);
    }
    state.counters["ns_item"] = best * 1e9 / static_cast<double>(r.items);
    state.counters["GB/s"] = static_cast<double>(r.octets) / best / 1e9;
    if (!r.floor) return;
    state.counters["x_floor"] = best / best_floor;
    state.SetLabel("over " + r.floor_name);
}

// Takes "--name=value" out of the arguments.
std::string take(int& argc, char** argv, std::string_view name) {
    std::string value;
    int kept = 1;
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        if (argument.starts_with(name))
            value = argument.substr(name.size());
        else
            argv[kept++] = argv[i];
    }
    argv[argc = kept] = nullptr;
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    std::string const folder = take(argc, argv, "--workload="), only = take(argc, argv, "--row="),
                      passes = take(argc, argv, "--passes=");
    std::vector<row> const rows = make_rows(folder, only.empty());
    if (!only.empty()) {
        for (row const& r : rows) {
            if (r.name != only) continue;
            for (long i = 0, n = std::atol(passes.c_str()); i < n; ++i) r.pass();
            std::printf("%zu items, %zu octets a pass\n", r.items, r.octets);
            return 0;
        }
        std::fprintf(stderr, "no row %s\n", only.c_str());
        return 1;
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::AddCustomContext("workload", folder.empty() ? "generated" : folder);
    benchmark::AddCustomContext("sizeof(server), sizeof(client)", std::to_string(sizeof(ehlo::server)) +
                                                                      ", " +
                                                                      std::to_string(sizeof(ehlo::client)));
    for (row const& r : rows)
        benchmark::RegisterBenchmark(r.name.c_str(), [&r](benchmark::State& s) {
            run(s, r);
        })->UseManualTime();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
