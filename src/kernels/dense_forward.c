/* A dense layer's forward product on persistent panels, with bias and activation on each finished piece. docs/numerics.md, section 4. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    SAMPLE_BLOCK = 64,   /* samples a task: with a block of k x is 64 KB, the panel's weights 32 */
    NARROW_SAMPLES = 32, /* of a narrow layer: x is transposed in L1, 32 samples by 256 inputs; */
    MOST_NARROW = 128    /* of few inputs, as many times as many as there is room for, up to so many */
};

bool gd_dense_size(gd_dense dense, size_t *elements) {
    const size_t columns = gd_dense_narrow(dense) ? dense.outputs : gd_dense_panels(dense) * GD_PANEL;
    return dense.outputs <= SIZE_MAX - GD_PANEL && gd_size_multiply(dense.inputs, columns, elements);
}

static size_t block_samples(gd_dense dense) {
    if (!gd_dense_narrow(dense)) return SAMPLE_BLOCK;
    size_t block = MOST_NARROW;
    while (block > NARROW_SAMPLES && dense.inputs * block > GD_K_BLOCK * NARROW_SAMPLES) block /= 2;
    return block;
}

/* Bias and activation on a piece of a row of y. */
static void finish(const gd_forward *f, size_t sample, size_t column, size_t columns) {
    float *y = f->y + sample * f->y_stride + column;
    f->context->kernels->add(y, f->bias + column, columns);
    if (f->z) memcpy(f->z + sample * f->y_stride + column, y, columns * sizeof *y);
    gd_activate(f->context, f->activation, y, columns);
}

/* One panel for `samples` samples from `first`: k-blocks in order, each added to y, then bias and activation. */
static void forward_panel(const gd_forward *f, size_t first, size_t samples, size_t panel) {
    const size_t column = panel * GD_PANEL, left = f->dense.outputs - column, columns = left < GD_PANEL ? left : GD_PANEL;
    const float *weights = f->weights + column * f->dense.inputs;
    float *y = f->y + first * f->y_stride + column;
    for (size_t p = 0; p < f->dense.inputs; p += GD_K_BLOCK) {
        const size_t k = f->dense.inputs - p < GD_K_BLOCK ? f->dense.inputs - p : GD_K_BLOCK;
        const gd_tile tile = {.a = f->x + first * f->x_stride + p,
                              .a_row = (ptrdiff_t)f->x_stride,
                              .a_k = 1,
                              .run = k,
                              .b = weights + p * GD_PANEL,
                              .b_k = GD_PANEL,
                              .c = y,
                              .c_row = (ptrdiff_t)f->y_stride,
                              .rows = samples,
                              .columns = columns,
                              .k = k,
                              .add = p > 0};
        f->context->kernels->tile(&tile);
    }
    for (size_t i = 0; i < samples; i++) finish(f, first + i, column, columns);
}

/* The same of a narrow layer's samples while they lie [outputs][step], and then to their rows, unless they are there. */
static void finish_turned(const gd_forward *f, size_t first, size_t samples, float *turned, size_t step) {
    const gd_kernels *kernels = f->context->kernels;
    const size_t outputs = f->dense.outputs, runs = samples == step ? 1 : outputs;
    float *const y = f->y + first * f->y_stride;
    for (size_t j = 0; j < outputs; j++) {
        float *restrict row = turned + j * step;
        const float bias = f->bias[j];
        for (size_t i = 0; i < samples; i++) row[i] += bias;
    }
    if (f->z) kernels->transpose(turned, (ptrdiff_t)step, f->z + first * f->y_stride, (ptrdiff_t)f->y_stride, outputs, samples);
    for (size_t j = 0; j < runs; j++) gd_activate(f->context, f->activation, turned + j * step, runs == 1 ? outputs * samples : samples);
    if (turned != y) kernels->transpose(turned, (ptrdiff_t)step, y, (ptrdiff_t)f->y_stride, outputs, samples);
}

/* Whether rows that lie so are their own transpose: one row, or one column without gaps. */
static bool turned_already(size_t rows, size_t columns, size_t stride) { return rows == 1 || (columns == 1 && stride == 1); }

/* All outputs of a narrow layer for a block of samples: vectors run over the samples, W's rows are broadcast. */
static void forward_narrow(const gd_forward *f, size_t first, size_t samples) {
    _Alignas(GD_ALIGNMENT) float turned_x[GD_K_BLOCK * NARROW_SAMPLES], turned_y[GD_NARROW * MOST_NARROW];
    const gd_kernels *kernels = f->context->kernels;
    const size_t inputs = f->dense.inputs, outputs = f->dense.outputs, step = samples == 1 ? 1 : gd_round_up(samples, NARROW_SAMPLES);
    const bool x_lies = turned_already(samples, inputs, f->x_stride), y_lies = turned_already(samples, outputs, f->y_stride);
    float *const y = f->y + first * f->y_stride, *const c = y_lies ? y : turned_y;
    for (size_t p = 0; p < inputs; p += GD_K_BLOCK) {
        const size_t k = gd_least(inputs - p, GD_K_BLOCK);
        const float *x = f->x + first * f->x_stride + p;
        if (!x_lies) kernels->transpose(x, (ptrdiff_t)f->x_stride, turned_x, (ptrdiff_t)step, samples, k);
        const gd_tile tile = {.a = f->weights + p,
                              .a_row = (ptrdiff_t)inputs,
                              .a_k = 1,
                              .run = k,
                              .b = x_lies ? x : turned_x,
                              .b_k = (ptrdiff_t)step,
                              .c = c,
                              .c_row = (ptrdiff_t)step,
                              .rows = outputs,
                              .columns = samples,
                              .k = k,
                              .add = p > 0};
        kernels->tile(&tile);
    }
    if (samples == 1) {
        finish(f, first, 0, outputs);
    } else {
        finish_turned(f, first, samples, c, step);
    }
}

/* The end of a piece with dropout. */
static void drop(const gd_forward *f, const gd_piece *p) {
    for (size_t i = p->sample; f->undropped && i < p->sample + p->samples; i++)
        memcpy(f->undropped + i * f->y_stride + p->column, f->y + i * f->y_stride + p->column, p->columns * sizeof *f->y);
    gd_drop(f->dropout, f->dense.outputs, p, f->y, f->y_stride);
}

/* Tasks run over panels and, inside, blocks of samples: a panel stays near while x passes by. */
static void forward(void *argument, size_t begin, size_t end) {
    const gd_forward *f = argument;
    const bool narrow = gd_dense_narrow(f->dense);
    for (size_t task = begin; task < end; task++) {
        const size_t panel = narrow ? 0 : task / f->sample_blocks, first = (task - panel * f->sample_blocks) * f->block;
        const size_t samples = gd_least(f->samples - first, f->block), column = panel * GD_PANEL;
        if (narrow) {
            forward_narrow(f, first, samples);
        } else {
            forward_panel(f, first, samples, panel);
        }
        if (f->dropout) drop(f, &(gd_piece){first, samples, column, gd_least(f->dense.outputs - column, GD_PANEL)});
    }
}

gd_phase gd_forward_phase(gd_forward *f) {
    f->block = block_samples(f->dense);
    f->sample_blocks = gd_blocks(f->samples, f->block);
    return (gd_phase){forward, f, f->sample_blocks * (gd_dense_narrow(f->dense) ? 1 : gd_dense_panels(f->dense)), 1};
}
