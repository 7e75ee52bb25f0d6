/* step/<optimizer>/f32/<isa>/...: gradus_optimizer_step against the adds-only stream with its accesses. An optimizer is every line of optimizers.def:
 * its name, with :<variant> where it is not what the name alone means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "kernels/optimizer.h"
#include "machine.h"
#include "means.h"
#include "memory.h"
#include "shim.h"

enum { MOST_ARRAYS = 2 + GD_MAX_STATES };

/* What the divider has to do for an element, beside the memory's traffic. */
static const struct {
    int divisions, roots;
} divider[GD_RULE_COUNT] = {
    [GD_RULE_ADAGRAD] = {1, 1},          [GD_RULE_RMSPROP] = {1, 1}, [GD_RULE_RMSPROP_MOMENTUM] = {1, 1},
    [GD_RULE_RMSPROP_CENTERED] = {1, 1}, [GD_RULE_ADAM] = {1, 1},    [GD_RULE_RMSPROP_CENTERED_MOMENTUM] = {1, 1},
    [GD_RULE_AMSGRAD] = {1, 1},
};

typedef struct step_case {
    gd_machine machine; /* open as long as the case is */
    const gd_algorithm *algorithm;
    const char *isa;
    const size_t *sizes; /* [tensors], NULL: `n` in equal parts */
    size_t n, tensors;
    size_t idle; /* steps with a gradient of +0 before the measured ones, which have it, too */
    unsigned threads;
    /* while it is open */
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_tensor *views; /* parameters, gradients, states */
    float *memory, *arrays[MOST_ARRAYS];
    size_t stride;
    int array_count;
    size_t prefetch;        /* of the stream */
    double divider_seconds; /* of one step, on all threads */
    bool calibrated;
} step_case;

static void run_step(void *argument, size_t times) {
    step_case *c = argument;
    for (; times > 0; times--) gd_bench_must(c->machine.context, gradus_optimizer_step(c->machine.context, c->optimizer, &c->args));
}

static void run_limit(void *argument, size_t times) {
    step_case *c = argument;
    if (!c->calibrated) {
        const double vectors = (double)c->n / (double)c->machine.streams->lanes / (double)c->threads; /* of each thread */
        c->prefetch = gd_machine_best_prefetch(&c->machine, c->arrays, c->array_count, c->n);
        c->divider_seconds =
            vectors * gd_machine_divide_seconds(&c->machine, divider[c->algorithm->rule].divisions, divider[c->algorithm->rule].roots);
        c->calibrated = true;
    }
    gd_machine_stream(&c->machine, c->arrays, c->array_count, c->n, c->prefetch, times);
}

static double ideal(void *argument, double limit_seconds) {
    const step_case *c = argument;
    return limit_seconds > c->divider_seconds ? limit_seconds : c->divider_seconds;
}

static size_t size_of(const step_case *c, size_t tensor) { return c->sizes ? c->sizes[tensor] : c->n / c->tensors; }

/* What decaying state does with nothing to feed it: no step of it may be slower than others, subnormal numbers or not. */
static void run_idle(step_case *c) {
    if (!c->idle) return;
    memset(c->arrays[1], 0, c->n * sizeof(float));
    run_step(c, c->idle);
}

static gradus_tensor view(const step_case *c, int array, size_t tensor, size_t offset) {
    return gradus_tensor_vector(GRADUS_DTYPE_F32, c->arrays[array] + offset, size_of(c, tensor));
}

static gradus_status make_optimizer(step_case *c, gradus_parameter *parameters) {
    gradus_optimizer_config config;
    size_t offset = 0;
    for (size_t i = 0; i < c->tensors; offset += size_of(c, i), i++) {
        parameters[i] = (gradus_parameter){NULL, 1, 1, size_of(c, i), GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
        for (int j = 0; j < c->array_count; j++) c->views[(size_t)j * c->tensors + i] = view(c, j, i, offset);
    }
    gradus_optimizer_config_init(&config, c->algorithm->number);
    gradus_step_args_init(&c->args);
    c->args.parameters = c->views;
    c->args.gradients = c->views + c->tensors;
    c->args.states = c->array_count > 2 ? c->views + 2 * c->tensors : NULL;
    return gradus_optimizer_create(c->machine.context, &config, parameters, c->tensors, &c->optimizer);
}

static const char *open_step(void *argument) {
    step_case *c = argument;
    const char *why = gd_machine_open(&c->machine, c->isa, c->threads);
    if (why) return why;
    c->calibrated = false;
    c->array_count = 2 + (int)gd_algorithm_states(c->algorithm);
    c->memory = gd_bench_arrays((size_t)c->array_count, c->n, &c->stride);
    c->views = malloc((size_t)c->array_count * c->tensors * sizeof *c->views);
    gradus_parameter *parameters = malloc(c->tensors * sizeof *parameters);
    if (!c->memory || !c->views || !parameters) {
        free(parameters);
        return "not enough memory";
    }
    for (int j = 0; j < c->array_count; j++) c->arrays[j] = c->memory + (size_t)j * c->stride;
    gd_machine_fill(&c->machine, c->arrays, c->array_count, c->n);
    gd_bench_must(c->machine.context, make_optimizer(c, parameters));
    free(parameters);
    run_idle(c);
    return NULL;
}

static void close_step(void *argument) {
    step_case *c = argument;
    if (!c->machine.context) return;
    gradus_optimizer_destroy(c->machine.context, c->optimizer);
    gd_bench_release(c->memory, (size_t)c->array_count, c->n);
    free(c->views);
    gd_machine_close(&c->machine);
    c->optimizer = NULL, c->memory = NULL, c->views = NULL;
}

static void name_of(const gd_algorithm *algorithm, char *text, size_t size) {
    const bool plain = gd_algorithm_named(algorithm->name, strlen(algorithm->name)) == algorithm;
    snprintf(text, size, "%s%s%s", algorithm->name, plain ? "" : ":", plain ? "" : algorithm->variant);
}

static void add(step_case about, const char *what) {
    step_case *c = malloc(sizeof *c);
    char optimizer[64];
    if (!c) abort();
    *c = about;
    name_of(c->algorithm, optimizer, sizeof optimizer);
    const double states = (double)gd_algorithm_states(c->algorithm);
    gd_bench bench = {.argument = c,
                      .open = open_step,
                      .close = close_step,
                      .enter = gd_machine_enter,
                      .run = run_step,
                      .limit = run_limit,
                      .ideal = ideal,
                      .bytes = 4.0 * (double)c->n * (3.0 + 2.0 * states),
                      .items = (double)c->n};
    snprintf(bench.name, sizeof bench.name, "step/%s/f32/%s/%s/threads:%u", optimizer, c->isa, what, c->threads);
    gd_bench_add(&bench);
}

/* The convolutions, norms and the last layer of a ResNet-50 have such sizes, many small among few large: about 25.5 million parameters in 161 tensors. */
static size_t *resnet_sizes(size_t *tensors, size_t *total) {
    static const struct { size_t width, inner, blocks; } stages[] = {{256, 64, 3}, {512, 128, 4}, {1024, 256, 6}, {2048, 512, 3}};
    static size_t sizes[200];
    size_t n = 0, before = 64;
    sizes[n++] = 64 * 3 * 49;
    sizes[n++] = 64;
    sizes[n++] = 64;
    for (size_t s = 0; s < 4; s++)
        for (size_t b = 0; b < stages[s].blocks; b++) {
            const size_t width = stages[s].width, inner = stages[s].inner;
            const size_t convolutions[] = {before * inner, 9 * inner * inner, inner * width, b == 0 ? before * width : 0};
            const size_t norms[] = {inner, inner, width, width};
            for (int k = 0; k < 4; k++)
                if (convolutions[k]) sizes[n++] = convolutions[k], sizes[n++] = norms[k], sizes[n++] = norms[k];
            before = width;
        }
    sizes[n++] = 2048 * 1000;
    sizes[n++] = 1000;
    *tensors = n;
    *total = 0;
    for (size_t i = 0; i < n; i++) *total += sizes[i];
    return sizes;
}

void gd_bench_add_steps(void) {
    static const size_t ns[] = {10000, 100000, 1000000, 25000000, 100000000};
    const gd_algorithm *algorithm;
    const char *isa;
    size_t resnet_tensors, resnet_total;
    const size_t *resnet = resnet_sizes(&resnet_tensors, &resnet_total);
    for (size_t a = 0; (algorithm = gd_algorithm_at(a)) != NULL; a++)
        for (size_t i = 0; (isa = gd_bench_isa(i)) != NULL; i++)
            for (unsigned t = 0; gd_bench_threads(t) > 0; t++) {
                step_case about = {.algorithm = algorithm, .isa = isa, .tensors = 1, .threads = gd_bench_threads(t)};
                char what[40];
                for (size_t k = 0; k < sizeof ns / sizeof ns[0]; k++) {
                    about.n = ns[k];
                    snprintf(what, sizeof what, "n:%zu", ns[k]);
                    add(about, what);
                }
                about.n = ns[0], about.idle = 10000;
                add(about, "idle:10000");
                about.idle = 0;
                about.n = 1000000, about.tensors = 1000;
                add(about, "tensors:1000x1000");
                about.n = resnet_total, about.tensors = resnet_tensors, about.sizes = resnet;
                add(about, "tensors:resnet50");
            }
}
