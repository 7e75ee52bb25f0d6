/* train/<net>/<optimizer>/...: one gradus_net_step; predict/<net>/...: one gradus_net_predict, with the fastest kernels. An ideal step: the products'
 * operations at the multiply-add peak, and the optimizer's bytes at the speed of an adds-only stream of the parameters' size (under 100,000 parameters:
 * of 100,000), one after the other. An ideal prediction: the operations at the peak or the weights at the speed of reading, whichever is slower. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "kernels/optimizer.h"
#include "machine.h"
#include "means.h"
#include "memory.h"
#include "shim.h"

enum { MOST_LAYERS = 4, MOST_ARRAYS = 2 + GD_MAX_STATES, LEAST_STREAM = 100000 };

typedef struct net_shape {
    const char *name, *optimizer; /* what the name of the case says; NULL: predict */
    size_t inputs, widths[MOST_LAYERS];
    gradus_activation hidden, last;
    gradus_loss loss;
} net_shape;

typedef struct net_case {
    gd_machine machine; /* open as long as the case is */
    const net_shape *shape;
    size_t batch;
    unsigned threads;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gradus_batch samples;
    gradus_tensor outputs;
    float *memory;
    size_t floats;
    double memory_seconds; /* of the optimizer's stream, or of reading the weights; < 0: not yet measured */
    int arrays;
} net_case;

static size_t layers_of(const net_shape *shape) {
    size_t layers = 0;
    while (layers < MOST_LAYERS && shape->widths[layers]) layers++;
    return layers;
}

static size_t outputs_of(const net_shape *shape) { return shape->widths[layers_of(shape) - 1]; }

static double parameters_of(const net_shape *shape) {
    double parameters = 0;
    size_t inputs = shape->inputs;
    for (size_t l = 0; l < layers_of(shape); inputs = shape->widths[l++]) parameters += (double)(inputs + 1) * (double)shape->widths[l];
    return parameters;
}

/* Forward, dW, and dX of every layer but the first; a prediction goes forward only. */
static double flops(const net_case *c) {
    double all = 0;
    size_t inputs = c->shape->inputs;
    for (size_t l = 0; l < layers_of(c->shape); inputs = c->shape->widths[l++]) {
        const double product = 2.0 * (double)c->batch * (double)inputs * (double)c->shape->widths[l];
        all += product * (c->shape->optimizer ? (l > 0 ? 3 : 2) : 1);
    }
    return all;
}

static gradus_status make_net(net_case *c) {
    gradus_layer layers[MOST_LAYERS];
    gradus_net_config config;
    gradus_optimizer_config optimizer;
    gradus_context *context = c->machine.context;
    const size_t count = layers_of(c->shape);
    for (size_t l = 0; l < count; l++) layers[l] = (gradus_layer){c->shape->widths[l], l + 1 < count ? c->shape->hidden : c->shape->last, 0};
    gradus_net_config_init(&config);
    config.inputs = c->shape->inputs;
    config.layers = layers;
    config.layer_count = count;
    config.loss = c->shape->loss;
    gradus_status status = gradus_net_create(context, &config, &c->net);
    if (status != GRADUS_OK || !c->shape->optimizer) return status;
    gradus_optimizer_config_init(&optimizer, GRADUS_OPTIMIZER_UNSET);
    status = gradus_optimizer_config_parse(context, c->shape->optimizer, &optimizer);
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, c->net, &optimizer, &c->optimizer);
    c->arrays = 2 + (int)gd_algorithm_states(gd_algorithm_find(optimizer.algorithm));
    return status;
}

/* Inputs, targets (classes or numbers), outputs. */
static void make_samples(net_case *c) {
    const size_t inputs = c->batch * c->shape->inputs, outputs = c->batch * outputs_of(c->shape);
    float *x = c->memory, *t = x + inputs, *y = t + outputs;
    for (size_t i = 0; i < inputs; i++) x[i] = (float)((i * 2654435761u >> 8) % 1001) * 1e-3f;
    gradus_batch_init(&c->samples);
    c->samples.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, x, c->batch, c->shape->inputs);
    c->samples.samples = c->batch;
    c->outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, c->batch, outputs_of(c->shape));
    if (c->shape->loss == GRADUS_LOSS_CROSS_ENTROPY) {
        for (size_t i = 0; i < c->batch; i++) ((int32_t *)(void *)t)[i] = (int32_t)(i % outputs_of(c->shape));
        c->samples.targets = gradus_tensor_vector(GRADUS_DTYPE_I32, t, c->batch);
    } else {
        for (size_t i = 0; i < outputs; i++) t[i] = (float)(i % 7) * 0.1f;
        c->samples.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, t, c->batch, outputs_of(c->shape));
    }
}

static const char *open_net(void *argument) {
    net_case *c = argument;
    size_t stride;
    const char *why = gd_machine_open(&c->machine, gd_bench_fastest_isa(), c->threads);
    if (why) return why;
    c->floats = c->batch * (c->shape->inputs + 2 * outputs_of(c->shape));
    c->memory = gd_bench_arrays(1, c->floats, &stride);
    if (!c->memory) return "not enough memory";
    c->memory_seconds = -1;
    make_samples(c);
    return make_net(c) == GRADUS_OK ? NULL : gradus_context_message(c->machine.context);
}

static void close_net(void *argument) {
    net_case *c = argument;
    gradus_optimizer_destroy(c->machine.context, c->optimizer);
    gradus_net_destroy(c->machine.context, c->net);
    if (c->memory) gd_bench_release(c->memory, 1, c->floats);
    gd_machine_close(&c->machine);
    c->optimizer = NULL, c->net = NULL, c->memory = NULL;
}

static void run_train(void *argument, size_t times) {
    net_case *c = argument;
    double loss;
    for (; times > 0; times--) gd_bench_must(c->machine.context, gradus_net_step(c->machine.context, c->net, c->optimizer, &c->samples, &loss));
}

static void run_predict(void *argument, size_t times) {
    net_case *c = argument;
    for (; times > 0; times--) gd_bench_must(c->machine.context, gradus_net_predict(c->machine.context, c->net, &c->samples.inputs, &c->outputs));
}

/* Seconds of the adds-only stream of one step's update without its gradient, which an ideal step never stores: of all arrays, less the gradient's share. */
static double update_seconds(const net_case *c) {
    const double parameters = parameters_of(c->shape);
    const size_t n = parameters < LEAST_STREAM ? LEAST_STREAM : (size_t)parameters;
    size_t stride;
    float *memory = gd_bench_arrays((size_t)c->arrays, n, &stride), *arrays[MOST_ARRAYS];
    if (!memory) return 0.0;
    for (size_t i = 0; i < (size_t)c->arrays * stride; i++) memory[i] = 1e-3f;
    for (int j = 0; j < c->arrays; j++) arrays[j] = memory + (size_t)j * stride;
    const size_t prefetch = gd_machine_best_prefetch(&c->machine, arrays, c->arrays, n);
    const double best = gd_machine_stream_seconds(&c->machine, arrays, c->arrays, n, prefetch);
    gd_bench_release(memory, (size_t)c->arrays, n);
    const double streamed = 2.0 * c->arrays - 1.0, wanted = 2.0 * (c->arrays - 1.0);
    return best * wanted / streamed * parameters / (double)n;
}

static void run_peak(void *argument, size_t times) {
    net_case *c = argument;
    if (c->memory_seconds < 0)
        c->memory_seconds = c->shape->optimizer ? update_seconds(c) : gd_machine_read_seconds(&c->machine, 4.0 * parameters_of(c->shape));
    gd_machine_fma(&c->machine, flops(c) * (double)times);
}

static double ideal_train(void *argument, double limit_seconds) { return limit_seconds + ((const net_case *)argument)->memory_seconds; }

static double ideal_predict(void *argument, double limit_seconds) {
    const net_case *c = argument;
    return limit_seconds > c->memory_seconds ? limit_seconds : c->memory_seconds;
}

static void add(const net_shape *shape, size_t batch, unsigned threads) {
    net_case *c = malloc(sizeof *c);
    char what[80];
    if (!c) abort();
    *c = (net_case){.shape = shape, .batch = batch, .threads = threads};
    gd_bench bench = {.argument = c,
                      .open = open_net,
                      .close = close_net,
                      .enter = gd_machine_enter,
                      .run = shape->optimizer ? run_train : run_predict,
                      .limit = run_peak,
                      .ideal = shape->optimizer ? ideal_train : ideal_predict,
                      .items = (double)batch,
                      .flops = flops(c)};
    snprintf(what, sizeof what, shape->optimizer ? "train/%s/%s" : "predict/%s", shape->name, shape->optimizer);
    snprintf(bench.name, sizeof bench.name, "%s/batch:%zu/threads:%u", what, batch, threads);
    gd_bench_add(&bench);
}

void gd_bench_add_nets(void) {
#define CLASSES GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY
#define NUMBERS GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY, GRADUS_LOSS_MSE
    static const struct {
        net_shape shape;
        size_t batches[4];
    } nets[] = {
        {{"784-10-10", "sgd", 784, {10, 10}, CLASSES}, {32}},
        {{"784-128-10", "adam", 784, {128, 10}, CLASSES}, {32, 128}},
        {{"784-512-512-10", "adam", 784, {512, 512, 10}, CLASSES}, {128}},
        {{"1024-4096-4096-1000", "adamw", 1024, {4096, 4096, 1000}, CLASSES}, {64}},
        {{"2-10-1", "adam", 2, {10, 1}, NUMBERS}, {1, 32}},
        {{"1-1", "sgd", 1, {1}, NUMBERS}, {100}},
        {{"784-128-10", NULL, 784, {128, 10}, CLASSES}, {1, 256}},
        {{"784-512-512-10", NULL, 784, {512, 512, 10}, CLASSES}, {1, 8, 64, 256}},
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        for (size_t b = 0; b < 4 && nets[i].batches[b]; b++)
            for (unsigned t = 0; gd_bench_threads(t) > 0; t++) add(&nets[i].shape, nets[i].batches[b], gd_bench_threads(t));
}
