/* The C side of Google Benchmark. A case is opened, measured against its limit in pairs, and closed; the shim (shim.cc, the only C++) turns that into
 * a benchmark with manual time and counters. */
#ifndef GD_BENCH_SHIM_H
#define GD_BENCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_bench {
    char name[160];
    void *argument;
    /* Makes what the case needs. NULL, or why it is skipped (static text). */
    const char *(*open)(void *argument);
    void (*close)(void *argument);
    /* Calls measure(what) once, on the threads the case is to be measured with. */
    void (*enter)(void *argument, void (*measure)(void *what), void *what);
    /* Does the work `times` times over. */
    void (*run)(void *argument, size_t times);
    /* Does what bounds the case `times` times over, on the same memory and threads; NULL: there is no limit beside this case. */
    void (*limit)(void *argument, size_t times);
    /* Seconds of one ideal run, from the seconds of one limit run; NULL: they are the same. */
    double (*ideal)(void *argument, double limit_seconds);
    double bytes, items, flops; /* of one run; 0: no such counter */
} gd_bench;

/* Registers a copy. `argument` lives until the program ends. */
void gd_bench_add(const gd_bench *bench);

/* A line of the JSON context. */
void gd_bench_context(const char *key, const char *value);

/* Google Benchmark's own main: its flags, reporters and exit status. */
int gd_bench_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
