/* limit/...: the machine by itself. The other cases measure the limits beside them; these are for looking. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "machine.h"
#include "means.h"
#include "memory.h"
#include "shim.h"

enum { MOST_ARRAYS = GD_STREAM_ARRAYS, FLOPS = 200000000 };

typedef struct limit_case {
    gd_machine machine;
    const char *isa;
    unsigned threads;
    int arrays;      /* of an update stream; 0: the fma peak */
    size_t n, ahead; /* its elements and prefetch distance */
    float *memory, *array[MOST_ARRAYS];
} limit_case;

static const char *open_limit(void *argument) {
    limit_case *c = argument;
    size_t stride;
    const char *why = gd_machine_open(&c->machine, c->isa, c->threads);
    if (why || c->arrays == 0) return why;
    c->memory = gd_bench_arrays((size_t)c->arrays, c->n, &stride);
    if (!c->memory) return "not enough memory";
    for (int j = 0; j < c->arrays; j++) c->array[j] = c->memory + (size_t)j * stride;
    gd_machine_fill(&c->machine, c->array, c->arrays, c->n);
    return NULL;
}

static void close_limit(void *argument) {
    limit_case *c = argument;
    if (c->memory) gd_bench_release(c->memory, (size_t)c->arrays, c->n);
    gd_machine_close(&c->machine);
    c->memory = NULL;
}

static void run_stream(void *argument, size_t times) {
    const limit_case *c = argument;
    gd_machine_stream(&c->machine, c->array, c->arrays, c->n, c->ahead, times);
}

static void run_fma(void *argument, size_t times) { gd_machine_fma(&((limit_case *)argument)->machine, (double)FLOPS * (double)times); }

static void add(limit_case about, const char *what) {
    limit_case *c = malloc(sizeof *c);
    if (!c) abort();
    *c = about;
    gd_bench bench = {.argument = c, .open = open_limit, .close = close_limit, .enter = gd_machine_enter, .run = c->arrays ? run_stream : run_fma};
    if (c->arrays) {
        bench.bytes = 4.0 * (double)c->n * (2.0 * c->arrays - 1.0);
        bench.items = (double)c->n;
    } else {
        bench.flops = FLOPS;
    }
    snprintf(bench.name, sizeof bench.name, "limit/%s/%s/threads:%u", what, c->isa, c->threads);
    gd_bench_add(&bench);
}

void gd_bench_add_limits(void) {
    static const size_t ns[] = {10000, 100000, 1000000, 25000000};
    const char *isa;
    for (size_t i = 0; (isa = gd_bench_isa(i)) != NULL; i++)
        for (unsigned t = 0; gd_bench_threads(t) > 0; t++) {
            add((limit_case){.isa = isa, .threads = gd_bench_threads(t)}, "fma");
            for (int arrays = 2; arrays <= MOST_ARRAYS; arrays++)
                for (size_t k = 0; k < sizeof ns / sizeof ns[0]; k++)
                    for (size_t ahead = 0; ahead <= 2048; ahead += 2048) {
                        char what[60];
                        snprintf(what, sizeof what, "stream/arrays:%d/n:%zu/prefetch:%zu", arrays, ns[k], ahead);
                        add((limit_case){.isa = isa, .threads = gd_bench_threads(t), .arrays = arrays, .n = ns[k], .ahead = ahead}, what);
                    }
        }
}
