/* Google Benchmark behind a C interface. Every benchmark measures pairs: its limit, then its case, in turn, so that what disturbs the machine disturbs
 * both. The reported time is the case's (manual time); of_limit is the median over the pairs of ideal time / measured time, of_limit_mad the median
 * distance from it. At least 15 pairs, whatever the minimum time asks for. */
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

double seconds(void (*work)(void *, size_t), void *argument, size_t times) {
    const auto begin = std::chrono::steady_clock::now();
    work(argument, times);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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

class Measurement {
  public:
    explicit Measurement(const gd_bench &bench) : bench_(bench) {
        run_times_ = repetitions(bench.run, bench.argument);
        if (bench.limit != nullptr) limit_times_ = repetitions(bench.limit, bench.argument);
    }

    /* One pair; the case's seconds. */
    double pair() {
        const double limit = bench_.limit ? seconds(bench_.limit, bench_.argument, limit_times_) / static_cast<double>(limit_times_) : 0;
        const double run = seconds(bench_.run, bench_.argument, run_times_) / static_cast<double>(run_times_);
        if (bench_.limit) ratios_.push_back((bench_.ideal ? bench_.ideal(bench_.argument, limit) : limit) / run);
        return run;
    }

    void report(benchmark::State &state) {
        while (bench_.limit && ratios_.size() < least_pairs) pair();
        const auto rate = [](double amount) { return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate); };
        if (bench_.bytes > 0) state.counters["bytes_per_second"] = rate(bench_.bytes);
        if (bench_.items > 0) state.counters["items_per_second"] = rate(bench_.items);
        if (bench_.flops > 0) state.counters["flops"] = rate(bench_.flops);
        if (!bench_.limit) return;
        const double middle = median(ratios_);
        std::vector<double> distances;
        for (double ratio : ratios_) distances.push_back(std::fabs(ratio - middle));
        state.counters["of_limit"] = middle;
        state.counters["of_limit_mad"] = median(distances);
    }

  private:
    const gd_bench &bench_;
    size_t run_times_ = 1, limit_times_ = 1;
    std::vector<double> ratios_;
};

void measure(benchmark::State &state, const gd_bench &bench) {
    const char *reason = bench.open(bench.argument);
    if (reason != nullptr) {
        state.SkipWithError(reason);
    } else {
        const auto pairs = [&]() {
            Measurement measurement(bench);
            for (auto _ : state) state.SetIterationTime(measurement.pair());
            measurement.report(state);
        };
        bench.enter(
            bench.argument, [](void *what) { (*static_cast<decltype(pairs) *>(what))(); }, const_cast<void *>(static_cast<const void *>(&pairs)));
    }
    bench.close(bench.argument);
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
        benchmark::RegisterBenchmark(bench.name, [&bench](benchmark::State &state) { measure(state, bench); })->UseManualTime();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
