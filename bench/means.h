/* What all cases share: a context with the case's instruction set and threads, pinned, its threads lent as the options say. */
#ifndef GD_BENCH_MEANS_H
#define GD_BENCH_MEANS_H

#include <stdbool.h>

#include <gradus/gradus.h>

typedef struct gd_bench_options {
    bool openmp; /* the threads are an OpenMP team's; else the pool's own */
    bool pin;
} gd_bench_options;

extern gd_bench_options gd_bench_options_now;

/* NULL where it cannot be made (an instruction set that does not run here): *why says so. */
gradus_context *gd_bench_context_make(const char *isa, unsigned threads, const char **why);

/* Calls measure(what) with the context's threads at work. */
void gd_bench_enter(gradus_context *context, void (*measure)(void *what), void *what);

/* The index-th kernels that run here, slowest first (NULL past the last); the fastest. */
const char *gd_bench_isa(size_t index);
const char *gd_bench_fastest_isa(void);

/* A failure that a benchmark cannot go on after: prints the context's message and exits. */
void gd_bench_must(const gradus_context *context, gradus_status status);

#endif
