/* function/<name>/...: element-wise functions; reduce/<sum|dot>/...: reductions over arrays, beside reading them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "kernels/dispatch.h"
#include "kernels/ops.h"
#include "machine.h"
#include "means.h"
#include "memory.h"
#include "shim.h"

typedef struct function_case {
    gd_machine machine; /* open as long as the case is */
    const gd_kernels *kernels;
    int function; /* in the table's `unary`; -1: sum, -2: dot */
    size_t n;
    float *memory, *x, *y;
} function_case;

static volatile float sink;

static const char *open_function(void *argument) {
    function_case *c = argument;
    size_t stride;
    const char *why = gd_machine_open(&c->machine, c->kernels->name, 1);
    if (why) return why;
    c->memory = gd_bench_arrays(2, c->n, &stride);
    if (!c->memory) return "not enough memory";
    c->x = c->memory;
    c->y = c->memory + stride;
    for (size_t i = 0; i < c->n; i++) c->x[i] = c->y[i] = 0.01f + 3.0f * (float)(i % 1021) / 1021.0f;
    return NULL;
}

static void close_function(void *argument) {
    function_case *c = argument;
    if (c->memory) gd_bench_release(c->memory, 2, c->n);
    gd_machine_close(&c->machine);
    c->memory = NULL;
}

static void run_unary(void *argument, size_t times) {
    const function_case *c = argument;
    for (; times > 0; times--) c->kernels->unary[c->function](c->x, c->y, c->n);
}

static void run_reduction(void *argument, size_t times) {
    const function_case *c = argument;
    for (; times > 0; times--) sink = c->function == -1 ? gd_sum(c->kernels, c->x, c->n) : gd_dot(c->kernels, c->x, c->y, c->n);
}

static void read_arrays(void *argument, size_t times) {
    const function_case *c = argument;
    for (; times > 0; times--) {
        sink = c->machine.streams->read(c->x, c->n);
        if (c->function == -2) sink = c->machine.streams->read(c->y, c->n);
    }
}

static void add(const gd_kernels *kernels, int function, const char *what, size_t n) {
    function_case *c = malloc(sizeof *c);
    if (!c) abort();
    *c = (function_case){.kernels = kernels, .function = function, .n = n};
    gd_bench bench = {.argument = c, .open = open_function, .close = close_function, .enter = gd_machine_enter, .items = (double)n};
    bench.run = function >= 0 ? run_unary : run_reduction;
    bench.limit = function >= 0 ? NULL : read_arrays;
    bench.bytes = 4.0 * (double)n * (function == -1 ? 1 : 2);
    snprintf(bench.name, sizeof bench.name, "%s/f32/%s/n:%zu/threads:1", what, kernels->name, n);
    gd_bench_add(&bench);
}

void gd_bench_add_functions(void) {
#define NAME(NAME, name) [GD_UNARY_##NAME] = "function/" #name,
    static const char *const names[GD_UNARY_COUNT] = {GD_UNARY_MAP(NAME)};
    static const size_t function_ns[] = {4096, 1000000}, reduce_ns[] = {4096, 100000, 4000000, 64000000};
    const gd_kernels *kernels;
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++) {
        if (!gd_kernels_runnable(kernels)) continue;
        for (int f = 0; f < GD_UNARY_COUNT; f++)
            for (size_t k = 0; k < 2; k++) add(kernels, f, names[f], function_ns[k]);
        for (size_t k = 0; k < 4; k++) {
            add(kernels, -1, "reduce/sum", reduce_ns[k]);
            add(kernels, -2, "reduce/dot", reduce_ns[k]);
        }
    }
}
