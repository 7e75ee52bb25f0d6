/* gemm/<nn|nt|tn>/...: gradus_matrix_multiply; gemm/<forward|dx|dw>/...: the net's own products on its panels. Beside them the multiply-add peak: an ideal
 * product runs at it, or at the speed at which what it must touch can be read, whichever is slower. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fp.h"
#include "base/phases.h"
#include "cases.h"
#include "kernels/step.h"
#include "machine.h"
#include "means.h"
#include "memory.h"
#include "nn/net.h"
#include "shim.h"

typedef enum form { NN, NT, TN, FORWARD, DX, DW, FORMS } form;
static const char *const form_names[] = {"nn", "nt", "tn", "forward", "dx", "dw"};

typedef struct product_case {
    gd_machine machine; /* open as long as the case is */
    form form;
    const char *isa;
    unsigned threads;
    size_t batch, in, out;
    float *memory, *arrays[6];
    size_t floats;
    double read_seconds;
    int skip;
} product_case;

static double flops(const product_case *c) { return 2.0 * (double)c->batch * (double)c->in * (double)c->out; }

/* What a product must read or write at least. */
static double touched(const product_case *c) {
    return 4.0 * ((double)c->batch * (double)c->in + (double)c->in * (double)c->out + (double)c->batch * (double)c->out);
}

/* inputs, weights (room for panels), outputs, transposed, strips, bias. */
static const char *open_product(void *argument) {
    product_case *c = argument;
    size_t stride, weights;
    const char *why = gd_machine_open(&c->machine, c->isa, c->threads);
    if (why) return why;
    const gd_dense dense = {c->in, c->out};
    if (!gd_dense_size(dense, &weights)) return "too large";
    const size_t sizes[] = {c->batch * gd_round_up(gd_row_stride(c->in), GD_PANEL),  weights,
                            c->batch * gd_round_up(gd_row_stride(c->out), GD_PANEL), gd_turned_size(dense, c->batch) + 16,
                            gd_backward_weights_scratch(dense, c->batch) + 16,       c->out};
    c->floats = 0;
    for (int j = 0; j < 6; j++) c->floats += gd_round_up(sizes[j], 16);
    c->memory = gd_bench_arrays(1, c->floats, &stride);
    if (!c->memory) return "not enough memory";
    float *next = c->memory;
    for (int j = 0; j < 6; next += gd_round_up(sizes[j], 16), j++) c->arrays[j] = next;
    for (size_t i = 0; i < c->floats; i++) c->memory[i] = (float)((i * 2654435761u >> 8) % 2001) * 1e-3f - 1.0f;
    c->read_seconds = -1;
    return NULL;
}

static void close_product(void *argument) {
    product_case *c = argument;
    if (c->memory) gd_bench_release(c->memory, 1, c->floats);
    gd_machine_close(&c->machine);
    c->memory = NULL;
}

static gradus_tensor matrix(float *data, size_t rows, size_t columns) { return gradus_tensor_matrix(GRADUS_DTYPE_F32, data, rows, columns); }

/* nn: Y = X W; nt: dX = dY W^T; tn: dW = X^T dY. */
static gradus_status multiply(const product_case *c) {
    gradus_context *context = c->machine.context;
    const gradus_tensor x = matrix(c->arrays[0], c->batch, c->in), w = matrix(c->arrays[1], c->in, c->out),
                        y = matrix(c->arrays[2], c->batch, c->out);
    if (c->form == NN) return gradus_matrix_multiply(context, GRADUS_PRODUCT_NN, 1.0, &x, &w, 0.0, &y);
    if (c->form == NT) return gradus_matrix_multiply(context, GRADUS_PRODUCT_NT, 1.0, &y, &w, 0.0, &x);
    return gradus_matrix_multiply(context, GRADUS_PRODUCT_TN, 1.0, &x, &y, 0.0, &w);
}

static size_t phases_of(product_case *c, gd_forward *forward, gd_backward_input *input, gd_backward_weights *weights, gd_phase *phases) {
    const gd_dense dense = {c->in, c->out};
    const size_t d_stride = gd_dense_narrow(dense) ? gd_row_stride(c->out) : GD_PANEL;
    if (c->form == FORWARD) {
        *forward = (gd_forward){.context = c->machine.context,
                                .dense = dense,
                                .weights = c->arrays[1],
                                .bias = c->arrays[5],
                                .x = c->arrays[0],
                                .y = c->arrays[2],
                                .x_stride = gd_row_stride(c->in),
                                .y_stride = gd_row_stride(c->out),
                                .samples = c->batch,
                                .activation = GRADUS_ACTIVATION_IDENTITY};
        phases[0] = gd_forward_phase(forward);
        return 1;
    }
    if (c->form == DX) {
        *input = (gd_backward_input){.context = c->machine.context,
                                     .dense = dense,
                                     .weights = c->arrays[1],
                                     .d = c->arrays[2],
                                     .turned = c->arrays[3],
                                     .d_turned = true,
                                     .dx = c->arrays[0],
                                     .d_stride = d_stride,
                                     .d_panel = c->batch * GD_PANEL,
                                     .dx_stride = GD_PANEL,
                                     .dx_panel = c->batch * GD_PANEL,
                                     .samples = c->batch,
                                     .activation = GRADUS_ACTIVATION_IDENTITY};
        gd_backward_input_phases(input, phases);
        return GD_BACKWARD_INPUT_PHASES;
    }
    *weights = (gd_backward_weights){.context = c->machine.context,
                                     .dense = dense,
                                     .x = c->arrays[0],
                                     .d = c->arrays[2],
                                     .strips = c->arrays[4],
                                     .x_stride = gd_row_stride(c->in),
                                     .d_stride = d_stride,
                                     .d_panel = c->batch * GD_PANEL,
                                     .samples = c->batch,
                                     .nodes = {.weights = c->arrays[1], .bias = c->arrays[5], .keep = true}, /* dW in panels, as nets keep it */
                                     .weights_gradient = matrix(c->arrays[1], c->in, c->out),
                                     .bias_gradient = matrix(c->arrays[5], 1, c->out),
                                     .skip = &c->skip};
    gd_backward_weights_phases(weights, phases);
    return GD_BACKWARD_WEIGHTS_PHASES;
}

static void run_product(void *argument, size_t times) {
    product_case *c = argument;
    gd_forward forward;
    gd_backward_input input;
    gd_backward_weights weights;
    gd_phase phases[4];
    if (c->form <= TN) {
        for (; times > 0; times--) gd_bench_must(c->machine.context, multiply(c));
        return;
    }
    const double nanoseconds = gd_work_nanoseconds(c->machine.context, flops(c));
    const size_t count = phases_of(c, &forward, &input, &weights, phases);
    const gd_fp_environment environment = gd_fp_enter();
    for (; times > 0; times--) gd_bench_must(c->machine.context, gd_phases_run(c->machine.context, phases, count, nanoseconds, 0));
    gd_fp_leave(environment);
}

static void run_peak(void *argument, size_t times) {
    product_case *c = argument;
    if (c->read_seconds < 0) c->read_seconds = gd_machine_read_seconds(&c->machine, touched(c));
    gd_machine_fma(&c->machine, flops(c) * (double)times);
}

static double ideal(void *argument, double limit_seconds) {
    const product_case *c = argument;
    return limit_seconds > c->read_seconds ? limit_seconds : c->read_seconds;
}

static void add(product_case about) {
    product_case *c = malloc(sizeof *c);
    if (!c) abort();
    *c = about;
    gd_bench bench = {.argument = c,
                      .open = open_product,
                      .close = close_product,
                      .enter = gd_machine_enter,
                      .run = run_product,
                      .limit = run_peak,
                      .ideal = ideal,
                      .flops = flops(c)};
    snprintf(bench.name, sizeof bench.name, "gemm/%s/%s/%zux%zux%zu/threads:%u", form_names[c->form], c->isa, c->batch, c->in, c->out, c->threads);
    gd_bench_add(&bench);
}

void gd_bench_add_products(void) {
    static const size_t shapes[][3] = {{32, 784, 128},    {32, 128, 10},   {128, 784, 512}, {128, 512, 512}, {256, 1024, 1024}, {64, 4096, 4096},
                                       {512, 2048, 2048}, {1, 4096, 4096}, {8, 1024, 1024}, {1024, 64, 64},  {1024, 1024, 1024}};
    const char *isa;
    for (int f = 0; f < FORMS; f++)
        for (size_t i = 0; (isa = gd_bench_isa(i)) != NULL; i++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                for (unsigned t = 0; gd_bench_threads(t) > 0; t++)
                    add((product_case){
                        .form = (form)f, .isa = isa, .threads = gd_bench_threads(t), .batch = shapes[s][0], .in = shapes[s][1], .out = shapes[s][2]});
}
