// ehlo_bench: what the parts of ehlo cost, beside floors and the code that is usually written, in the same run.
//
//     ehlo_bench [--workload=DIR] [flags of Google Benchmark]
//     ehlo_bench --row=NAME --passes=N      only N passes over one row, untimed: for callgrind and perf
//
// A row is one pass over a whole workload. In every iteration its baselines run too, just before it, so that all see the
// same clock: machines swing by a factor of two, ratios do not. Columns:
//     ns_item          nanoseconds for one item (command, reply, content, session), the best pass of all
//     octets/s         of input, the best pass of all
//     x_NAME           time over that of a baseline: 1.0 is as quick, 0.5 takes half of its time; "peer NAME" is one of peer.h
//     instructions     for one item, where the machine tells (elsewhere: bench/instructions.sh)
#include "peers.hpp"
#include "perf.hpp"
#include "rows.hpp"

#include <benchmark/benchmark.h>
#include <ehlo/client.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

double seconds(std::function<void()> const& pass) {
    using clock = std::chrono::steady_clock;
    auto const start = clock::now();
    pass();
    return std::chrono::duration<double>(clock::now() - start).count();
}

void run(benchmark::State& state, bench::inputs& in, bench::entry const& e) {
    bench::row r = e.make(in);
    bench::add_peers(r, e.name, in);
    double best = 1e9;
    std::vector<double> best_of_baselines(r.baselines.size(), 1e9);
    for (auto _ : state) {
        for (std::size_t i = 0; i < r.baselines.size(); ++i)
            best_of_baselines[i] = (std::min)(best_of_baselines[i], seconds(r.baselines[i].pass));
        double const time = seconds(r.pass);
        best = (std::min)(best, time);
        state.SetIterationTime(time);
    }
    auto const items = static_cast<double>(r.items);
    state.counters["ns_item"] = best * 1e9 / items;
    state.counters["octets/s"] = static_cast<double>(r.octets) / best;
    for (std::size_t i = 0; i < r.baselines.size(); ++i)
        state.counters["x_" + r.baselines[i].name] = best / best_of_baselines[i];

    bench::instruction_counter const counter;
    auto const before = counter.read();
    r.pass();
    if (auto const after = counter.read(); before && after)
        state.counters["instructions"] = static_cast<double>(*after - *before) / items;
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

void ehlo_add_peer(ehlo_peer const* peer) { bench::peers().push_back(peer); }

int main(int argc, char** argv) {
    std::string const folder = take(argc, argv, "--workload="), only = take(argc, argv, "--row="),
                      passes = take(argc, argv, "--passes=");
    bench::inputs in(folder);
    auto const rows = bench::all_rows();
    if (!only.empty()) {
        for (auto const& e : rows) {
            if (e.name != only) continue;
            bench::row const r = e.make(in);
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
    benchmark::AddCustomContext("sizeof(server)", std::to_string(sizeof(ehlo::server)));
    benchmark::AddCustomContext("sizeof(client)", std::to_string(sizeof(ehlo::client)));
    std::string names, omits;
    for (ehlo_peer const* p : bench::peers()) {
        names += (names.empty() ? "" : ", ") + std::string(p->name);
        if (p->omits && *p->omits) omits += (omits.empty() ? "" : "; ") + std::string(p->name) + ": " + p->omits;
    }
    benchmark::AddCustomContext("peers", names);
    benchmark::AddCustomContext("peers omit", omits);
    for (auto const& e : rows)
        benchmark::RegisterBenchmark(e.name.c_str(), [&](benchmark::State& s) { run(s, in, e); })->UseManualTime();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
