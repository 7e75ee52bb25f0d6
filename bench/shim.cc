/* Google Benchmark behind a C interface. Every benchmark measures pairs: its limit, then its case, in turn, so that what disturbs the machine disturbs
 * both. The reported time is the case's median (manual time); of_limit is the median over the pairs of ideal time / measured time, of_limit_mad the
 * median distance from it. A case is measured once a repetition, at least 15 pairs; the iterations that the library asks for repeat its time. */
#include "shim.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

namespace {

constexpr size_t least_pairs = 15;
constexpr double least_seconds = 2e-4; /* of one measurement: a clock's grain and a timer interrupt are small beside it */
constexpr double warm_seconds = 0.02;  /* frequency and caches settle */
constexpr double pairs_seconds = 0.3;  /* of all pairs of a case at least */

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double seconds(void (*work)(void *, size_t), void *argument, size_t times) {
    const double begin = now();
    work(argument, times);
    return now() - begin;
}

/* How often the work is repeated in one measurement. */
size_t repetitions(void (*work)(void *, size_t), void *argument) {
    size_t times = 1;
    for (double spent = 0, took = 0; took < least_seconds || spent < warm_seconds; spent += took) {
        took = seconds(work, argument, times);
        if (took < least_seconds)
            times = took > 0 ? std::max(times + 1, static_cast<size_t>(1.2 * static_cast<double>(times) * least_seconds / took)) : 2 * times;
    }
    return times;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/* What was measured of a case. */
struct Figures {
    double run_seconds = 0, of_limit = 0, of_limit_mad = 0;
    benchmark::IterationCount asked = 0; /* the iterations of the last call that they served */
};

Figures measure_pairs(const gd_bench &bench) {
    const size_t run_times = repetitions(bench.run, bench.argument);
    const size_t limit_times = bench.limit != nullptr ? repetitions(bench.limit, bench.argument) : 0;
    std::vector<double> runs, ratios, distances;
    Figures figures;
    for (const double begin = now(); runs.size() < least_pairs || now() - begin < pairs_seconds;) {
        const double limit = bench.limit ? seconds(bench.limit, bench.argument, limit_times) / static_cast<double>(limit_times) : 0;
        runs.push_back(seconds(bench.run, bench.argument, run_times) / static_cast<double>(run_times));
        if (bench.limit) ratios.push_back((bench.ideal ? bench.ideal(bench.argument, limit) : limit) / runs.back());
    }
    figures.run_seconds = median(runs);
    if (!bench.limit) return figures;
    figures.of_limit = median(ratios);
    for (double ratio : ratios) distances.push_back(std::fabs(ratio - figures.of_limit));
    figures.of_limit_mad = median(distances);
    return figures;
}

/* Opens the case, measures it, closes it. Why it cannot be, or nullptr. */
const char *measure_case(const gd_bench &bench, Figures &figures) {
    const char *reason = bench.open(bench.argument);
    const auto pairs = [&]() { figures = measure_pairs(bench); };
    if (reason == nullptr)
        bench.enter(
            bench.argument, [](void *what) { (*static_cast<decltype(pairs) *>(what))(); }, const_cast<void *>(static_cast<const void *>(&pairs)));
    bench.close(bench.argument);
    return reason;
}

/* The library calls with more and more iterations until they take its minimum time, then once for each further repetition. */
void measure(benchmark::State &state, const gd_bench &bench, Figures &figures) {
    if (figures.asked == 0 || state.max_iterations <= figures.asked) {
        const char *reason = measure_case(bench, figures);
        if (reason != nullptr) {
            state.SkipWithError(reason);
            return;
        }
    }
    figures.asked = state.max_iterations;
    for (auto _ : state) state.SetIterationTime(figures.run_seconds);
    const auto rate = [](double amount) { return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate); };
    if (bench.bytes > 0) state.counters["bytes_per_second"] = rate(bench.bytes);
    if (bench.items > 0) state.counters["items_per_second"] = rate(bench.items);
    if (bench.flops > 0) state.counters["flops"] = rate(bench.flops);
    if (!bench.limit) return;
    state.counters["of_limit"] = figures.of_limit;
    state.counters["of_limit_mad"] = figures.of_limit_mad;
}

std::vector<gd_bench> &benches() {
    static std::vector<gd_bench> all;
    return all;
}

} // namespace

void gd_bench_add(const gd_bench *bench) { benches().push_back(*bench); }

void gd_bench_context(const char *key, const char *value) { benchmark::AddCustomContext(key, value); }

int gd_bench_main(int argc, char **argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    for (const gd_bench &bench : benches())
        benchmark::RegisterBenchmark(bench.name, [&bench, figures = Figures()](benchmark::State &state) mutable {
            measure(state, bench, figures);
        })->UseManualTime();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
