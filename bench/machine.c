/* The machine's limits, measured through the same phases and threads as the cases. */
#include "machine.h"

#include "base/clock.h"
#include "base/fp.h"
#include "base/memory.h"
#include "base/phases.h"
#include "kernels/kernels.h"
#include "kernels/step.h"
#include "means.h"
#include "memory.h"

enum { ROUNDS = 9, LEAST_ROUNDS = 3, PASS = 1000000 /* elements that make a measurement long enough */ };

const char *gd_machine_open(gd_machine *machine, const char *isa, unsigned threads) {
    const char *why;
    *machine = (gd_machine){gd_bench_context_make(isa, threads, &why), gd_streams_of(isa), threads};
    return why;
}

void gd_machine_close(gd_machine *machine) {
    gradus_context_destroy(machine->context);
    machine->context = NULL;
}

void gd_machine_enter(void *about, void (*measure)(void *what), void *what) { gd_bench_enter(((const gd_machine *)about)->context, measure, what); }

size_t gd_machine_share(const gd_machine *machine, size_t n) { return gd_round_up((n + machine->threads - 1) / machine->threads, 128); }

typedef struct job {
    const gd_machine *machine;
    size_t times; /* rounds of fma a task, vectors to divide */
    int divisions, roots;
    float *const *arrays; /* of a stream; of reading, one */
    int count;
    size_t n, prefetch;
} job;

static volatile float sink;

/* The job's function over the range, as often as said, shared as the operations suggest. */
static void run(const job *j, gd_phase_function *function, size_t count, size_t grain, double operations, size_t times) {
    const double nanoseconds = gd_work_nanoseconds(j->machine->context, operations);
    const gd_phase phase = {function, (void *)j, count, grain};
    const gd_fp_environment environment = gd_fp_enter();
    for (; times > 0; times--) gd_bench_must(j->machine->context, gd_phases_run(j->machine->context, &phase, 1, nanoseconds, 0));
    gd_fp_leave(environment);
}

static double now(void) { return 1e-9 * (double)gd_clock_nanoseconds(); }

/* Seconds of one pass, the best round's: of nine, or of as many as half a second allows, but three. */
static double best_seconds(void (*pass)(const job *j, size_t times), const job *j, size_t times) {
    double best = 1e9;
    const double start = now();
    for (int i = 0; i < ROUNDS && (i < LEAST_ROUNDS || now() - start < 0.5); i++) {
        const double begin = now();
        pass(j, times);
        const double took = (now() - begin) / (double)times;
        if (took < best) best = took;
    }
    return best;
}

static void fill_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    for (int a = 0; a < j->count; a++)
        for (size_t i = begin; i < end; i++) j->arrays[a][i] = a == 0 ? 0.5f : 1e-3f;
}

void gd_machine_fill(const gd_machine *machine, float *const *arrays, int count, size_t n) {
    const job j = {.machine = machine, .arrays = arrays, .count = count};
    run(&j, fill_part, n, gd_machine_share(machine, n), GD_ELEMENT * (double)n * count, 1);
}

static void stream_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    j->machine->streams->update(j->arrays, j->count, begin, end, j->prefetch);
}

static void stream(const job *j, size_t times) {
    run(j, stream_part, j->n, gd_machine_share(j->machine, j->n), GD_ELEMENT * (double)j->n * j->count, times);
}

void gd_machine_stream(const gd_machine *machine, float *const *arrays, int count, size_t n, size_t prefetch, size_t times) {
    const job j = {.machine = machine, .arrays = arrays, .count = count, .n = n, .prefetch = prefetch};
    stream(&j, times);
}

double gd_machine_stream_seconds(const gd_machine *machine, float *const *arrays, int count, size_t n, size_t prefetch) {
    const job j = {.machine = machine, .arrays = arrays, .count = count, .n = n, .prefetch = prefetch};
    return best_seconds(stream, &j, 1 + PASS / n);
}

size_t gd_machine_best_prefetch(const gd_machine *machine, float *const *arrays, int count, size_t n) {
    static const size_t distances[] = {0, GD_AHEAD_NEAR, GD_AHEAD_FAR};
    size_t best = 0;
    double least = 1e9;
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
        const double seconds = gd_machine_stream_seconds(machine, arrays, count, n, distances[i]);
        if (seconds < least) least = seconds, best = distances[i];
    }
    return best;
}

static void fma_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    for (; begin < end; begin++) sink = j->machine->streams->fma(j->times);
}

void gd_machine_fma(const gd_machine *machine, double flops) {
    const double round = 2.0 * GD_STREAM_CHAINS * (double)machine->streams->lanes; /* of each thread */
    const job j = {.machine = machine, .times = (size_t)(flops / round / machine->threads) + 1};
    run(&j, fma_part, machine->threads, 1, 1e12, 1); /* shared, however small */
}

static void read_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    sink = j->machine->streams->read(j->arrays[0] + begin, end - begin);
}

static void read_all(const job *j, size_t times) { run(j, read_part, j->n, gd_machine_share(j->machine, j->n), 1e12, times); }

double gd_machine_read_seconds(const gd_machine *machine, double bytes) {
    const size_t n = (size_t)(bytes / sizeof(float)) + 1;
    size_t stride;
    float *x = gd_bench_arrays(1, n, &stride);
    if (!x) return 0.0;
    for (size_t i = 0; i < n; i++) x[i] = 1.0f;
    const job j = {.machine = machine, .arrays = &x, .n = n};
    const double best = best_seconds(read_all, &j, 1 + PASS / n);
    gd_bench_release(x, 1, n);
    return best;
}

static void divide(const job *j, size_t times) {
    for (; times > 0; times--) sink = j->machine->streams->divide(j->times, j->divisions, j->roots);
}

double gd_machine_divide_seconds(const gd_machine *machine, int divisions, int roots) {
    enum { VECTORS = 40000 };
    const job j = {.machine = machine, .times = VECTORS, .divisions = divisions, .roots = roots};
    return divisions + roots > 0 ? best_seconds(divide, &j, 1) / VECTORS : 0.0;
}
