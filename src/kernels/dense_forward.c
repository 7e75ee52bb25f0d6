/* A dense layer's forward product on persistent panels, with bias and activation on each finished piece. docs/numerics.md, section 4. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    SAMPLE_BLOCK = 64,  /* samples a task: with a block of k x is 64 KB, the panel's weights 32 */
    NARROW_SAMPLES = 32 /* of a narrow layer: x is transposed in L1, 32 samples by 256 inputs */
};

bool gd_dense_size(gd_dense dense, size_t *elements) {
    const size_t columns = gd_dense_narrow(dense) ? dense.outputs : gd_dense_panels(dense) * GD_PANEL;
    return dense.outputs <= SIZE_MAX - GD_PANEL && gd_size_multiply(dense.inputs, columns, elements);
}

static size_t block_samples(const gd_forward *f) { return gd_dense_narrow(f->dense) ? NARROW_SAMPLES : SAMPLE_BLOCK; }

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

/* The same of a narrow layer's samples while they lie [outputs][NARROW_SAMPLES], and then to their rows, unless they are there. */
static void finish_turned(const gd_forward *f, size_t first, size_t samples, float *turned) {
    const gd_kernels *kernels = f->context->kernels;
    float *const y = f->y + first * f->y_stride;
    for (size_t j = 0; j < f->dense.outputs; j++)
        for (size_t i = 0; i < samples; i++) turned[j * NARROW_SAMPLES + i] += f->bias[j];
    if (f->z) kernels->transpose(turned, NARROW_SAMPLES, f->z + first * f->y_stride, (ptrdiff_t)f->y_stride, f->dense.outputs, samples);
    for (size_t j = 0; j < f->dense.outputs; j++) gd_activate(f->context, f->activation, turned + j * NARROW_SAMPLES, samples);
    if (turned != y) kernels->transpose(turned, NARROW_SAMPLES, y, (ptrdiff_t)f->y_stride, f->dense.outputs, samples);
}

/* Whether rows that lie so are their own transpose: one row, or one column without gaps. */
static bool turned_already(size_t rows, size_t columns, size_t stride) { return rows == 1 || (columns == 1 && stride == 1); }

/* All outputs of a narrow layer for up to NARROW_SAMPLES samples: vectors run over the samples, W's rows are broadcast. */
static void forward_narrow(const gd_forward *f, size_t first, size_t samples) {
    float turned_x[GD_K_BLOCK * NARROW_SAMPLES], turned_y[GD_NARROW * NARROW_SAMPLES];
    const gd_kernels *kernels = f->context->kernels;
    const size_t outputs = f->dense.outputs, step = samples == 1 ? 1 : NARROW_SAMPLES;
    const bool x_lies = turned_already(samples, f->dense.inputs, f->x_stride), y_lies = turned_already(samples, outputs, f->y_stride);
    float *const y = f->y + first * f->y_stride, *const c = y_lies ? y : turned_y;
    for (size_t p = 0; p < f->dense.inputs; p += GD_K_BLOCK) {
        const size_t k = f->dense.inputs - p < GD_K_BLOCK ? f->dense.inputs - p : GD_K_BLOCK;
        const float *x = f->x + first * f->x_stride + p;
        if (!x_lies) kernels->transpose(x, (ptrdiff_t)f->x_stride, turned_x, NARROW_SAMPLES, samples, k);
        const gd_tile tile = {.a = f->weights + p,
                              .a_row = (ptrdiff_t)f->dense.inputs,
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
        finish_turned(f, first, samples, c);
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
    const size_t block = block_samples(f), sample_blocks = (f->samples + block - 1) / block;
    for (size_t task = begin; task < end; task++) {
        const size_t first = task % sample_blocks * block, samples = f->samples - first < block ? f->samples - first : block;
        const size_t column = task / sample_blocks * GD_PANEL;
        if (gd_dense_narrow(f->dense)) {
            forward_narrow(f, first, samples);
        } else {
            forward_panel(f, first, samples, task / sample_blocks);
        }
        if (f->dropout) drop(f, &(gd_piece){first, samples, column, gd_least(f->dense.outputs - column, GD_PANEL)});
    }
}

gd_phase gd_forward_phase(gd_forward *f) {
    const size_t block = block_samples(f), panels = gd_dense_narrow(f->dense) ? 1 : gd_dense_panels(f->dense);
    const gd_phase phase = {forward, f, (f->samples + block - 1) / block * panels, 1};
    return phase;
}
