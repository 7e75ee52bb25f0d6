/* The machine's limits, measured through the same phases and threads as the cases. */
#include "machine.h"

#include <time.h>

#include "base/memory.h"
#include "base/phases.h"
#include "means.h"
#include "memory.h"

double gd_machine_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct job {
    const gd_streams *streams;
    size_t times; /* rounds of fma a task */
    const float *x;
    size_t n, piece;
} job;

static volatile float sink;

static void fma_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    for (; begin < end; begin++) sink = j->streams->fma(j->times);
}

static void run(const gd_machine *machine, gd_phase_function *function, job *j, size_t count) {
    const gd_phase phase = {function, j, count, 1};
    gd_bench_must(machine->context, gd_phases_run(machine->context, &phase, 1, 1e12, 0)); /* shared, however small */
}

void gd_machine_fma(const gd_machine *machine, double flops) {
    const double round = 2.0 * 12.0 * (double)machine->streams->lanes; /* of each thread */
    job j = {.streams = machine->streams, .times = (size_t)(flops / round / machine->threads) + 1};
    run(machine, fma_part, &j, machine->threads);
}

static void read_part(void *argument, size_t begin, size_t end) {
    const job *j = argument;
    for (; begin < end; begin++) {
        const size_t first = begin * j->piece, left = j->n - first;
        sink = j->streams->read(j->x + first, left < j->piece ? left : j->piece);
    }
}

double gd_machine_read_seconds(const gd_machine *machine, double bytes) {
    const size_t n = (size_t)(bytes / sizeof(float)) + 1, times = 1 + 500000 / n;
    size_t stride;
    float *x = gd_bench_arrays(1, n, &stride);
    if (!x) return 0.0;
    for (size_t i = 0; i < n; i++) x[i] = 1.0f;
    job j = {.streams = machine->streams, .x = x, .n = n, .piece = gd_round_up((n + machine->threads - 1) / machine->threads, 128)};
    double best = 1e9;
    for (int i = 0; i < 9; i++) {
        const double begin = gd_machine_now();
        for (size_t k = 0; k < times; k++) run(machine, read_part, &j, (n + j.piece - 1) / j.piece);
        const double took = (gd_machine_now() - begin) / (double)times;
        if (took < best) best = took;
    }
    gd_bench_release(x, 1, n);
    return best;
}
