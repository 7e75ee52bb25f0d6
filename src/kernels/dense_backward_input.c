/* A dense layer's backward product on persistent panels, to its input: k runs over the outputs in blocks of 256. */
#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    SAMPLE_BLOCK = 64, /* samples a task; a whole number of register tiles for every ISA */
    INPUT_PANELS = 2,  /* panels of inputs a task; of a narrow layer, whose products are short, */
    NARROW_PANELS = 8, /* that many */
    FEW_SAMPLES = 16   /* the most for which W is turned instead of d */
};

static bool few(size_t samples) { return samples <= FEW_SAMPLES; }

size_t gd_turned_size(gd_dense dense, size_t samples) {
    size_t floats;
    if (gd_dense_narrow(dense) || few(samples)) return 0;
    return samples <= SIZE_MAX - GD_PANEL && gd_size_multiply(gd_round_up(samples, GD_PANEL), dense.outputs, &floats) ? floats : SIZE_MAX;
}

/* Where a panel of samples begins in a turned matrix of so many outputs. */
static size_t turned_at(const gd_kernels *kernels, size_t outputs, size_t sample) {
    return sample / kernels->tile_columns * outputs * kernels->tile_columns;
}

/* A panel of samples a task. */
static void turn(void *argument, size_t begin, size_t end) {
    const gd_backward_input *b = argument;
    const gd_kernels *kernels = b->context->kernels;
    const size_t width = kernels->tile_columns, last = gd_least(end * width, b->samples);
    for (size_t sample = begin * width; sample < last; sample += width)
        kernels->transpose(b->d + sample * b->d_stride, (ptrdiff_t)b->d_stride, b->turned + turned_at(kernels, b->dense.outputs, sample),
                           (ptrdiff_t)width, gd_least(b->samples - sample, width), b->dense.outputs);
}

/* `input` is the first of a panel. */
static float *dx_at(const gd_backward_input *b, size_t sample, size_t input) {
    return b->dx + input / GD_PANEL * b->dx_panel + sample * b->dx_stride;
}

/* A block of samples by INPUT_PANELS panels: W's panels are broadcast, vectors run over the samples; the tiles are turned on their way out. */
static void input_panels(const gd_backward_input *b, size_t input, size_t inputs, size_t sample, size_t samples) {
    float c[INPUT_PANELS * GD_PANEL * SAMPLE_BLOCK];
    const gd_kernels *kernels = b->context->kernels;
    const size_t width = kernels->tile_columns, outputs = b->dense.outputs;
    for (size_t p = 0; p < outputs; p += GD_K_BLOCK) /* GD_K_BLOCK is a whole number of panels */
        for (size_t s = 0; s < samples; s += width) {
            const bool first = s == 0 && outputs - p > GD_PANEL; /* W's next panels are pages away, where no CPU looks by itself */
            const gd_tile tile = {.a = b->weights + p * b->dense.inputs + input * GD_PANEL,
                                  .a_row = GD_PANEL,
                                  .a_k = 1,
                                  .run = GD_PANEL,
                                  .a_run = (ptrdiff_t)(b->dense.inputs * GD_PANEL),
                                  .b = b->turned + turned_at(kernels, outputs, sample + s) + p * width,
                                  .b_k = (ptrdiff_t)width,
                                  .c = c + s * INPUT_PANELS * GD_PANEL,
                                  .c_row = (ptrdiff_t)width,
                                  .rows = inputs,
                                  .columns = gd_least(samples - s, width),
                                  .k = gd_least(outputs - p, GD_K_BLOCK),
                                  .add = p > 0,
                                  .far = first ? outputs - p - GD_PANEL : 0};
            kernels->tile(&tile);
        }
    for (size_t i = 0; i < inputs; i += GD_PANEL)
        for (size_t s = 0; s < samples; s += width)
            kernels->transpose(c + s * INPUT_PANELS * GD_PANEL + i * width, (ptrdiff_t)width, dx_at(b, sample + s, input + i),
                               (ptrdiff_t)b->dx_stride, gd_least(inputs - i, GD_PANEL), gd_least(samples - s, width));
}

/* The piece of a panel of W from `output` on that belongs to these inputs, turned. Meanwhile the next panel's piece is on its way: it is pages away, where
 * no CPU looks by itself. */
static void turn_weights(const gd_backward_input *b, size_t output, size_t input, size_t inputs, float *turned) {
    enum { ROWS = 16, LINE = GD_ALIGNMENT / sizeof(float) };
    const size_t outputs = gd_least(b->dense.outputs - output, GD_PANEL);
    const bool last = output + GD_PANEL >= b->dense.outputs;
    for (size_t i = 0; i < inputs; i += ROWS) {
        const float *rows = b->weights + output * b->dense.inputs + (input + i) * GD_PANEL, *next = rows + GD_PANEL * b->dense.inputs;
        const size_t count = gd_least(inputs - i, ROWS);
        for (size_t line = 0; !last && line < count * GD_PANEL; line += LINE) __builtin_prefetch(next + line, 0, 2);
        b->context->kernels->transpose(rows, GD_PANEL, turned + i, GD_PANEL, count, outputs);
    }
}

/* A panel of inputs by all samples, which are few: a block of W is turned, and vectors run over the inputs. A weight is loaded once so, and no lanes are
 * there for samples that are not. */
static void input_few(const gd_backward_input *b, size_t input, size_t inputs) {
    float turned[GD_K_BLOCK * GD_PANEL];
    const gd_kernels *kernels = b->context->kernels;
    const size_t outputs = b->dense.outputs;
    for (size_t p = 0; p < outputs; p += GD_K_BLOCK) {
        const size_t k = gd_least(outputs - p, GD_K_BLOCK);
        for (size_t j = 0; j < k; j += GD_PANEL) turn_weights(b, p + j, input, inputs, turned + j * GD_PANEL);
        const gd_tile tile = {.a = b->d + p / GD_PANEL * b->d_panel,
                              .a_row = (ptrdiff_t)b->d_stride,
                              .a_k = 1,
                              .run = GD_PANEL,
                              .a_run = (ptrdiff_t)b->d_panel,
                              .b = turned,
                              .b_k = GD_PANEL,
                              .c = dx_at(b, 0, input),
                              .c_row = (ptrdiff_t)b->dx_stride,
                              .rows = b->samples,
                              .columns = inputs,
                              .k = k,
                              .add = p > 0};
        kernels->tile(&tile);
    }
}

/* A panel of inputs of a narrow layer: W's rows are the vectors. */
static void input_narrow(const gd_backward_input *b, size_t input, size_t inputs, size_t sample, size_t samples) {
    const gd_tile tile = {.a = b->d + sample * b->d_stride,
                          .a_row = (ptrdiff_t)b->d_stride,
                          .a_k = 1,
                          .run = b->dense.outputs,
                          .b = b->weights + input,
                          .b_k = (ptrdiff_t)b->dense.inputs,
                          .c = dx_at(b, sample, input),
                          .c_row = (ptrdiff_t)b->dx_stride,
                          .rows = samples,
                          .columns = inputs,
                          .k = b->dense.outputs};
    b->context->kernels->tile(&tile);
}

/* The derivative, through the dropout and the activation, and dX turned for the layer before. */
static void finish_inputs(const gd_backward_input *b, size_t input, size_t inputs, size_t sample, size_t samples) {
    const gd_kernels *kernels = b->context->kernels;
    const size_t width = kernels->tile_columns;
    for (size_t i = input; i < input + inputs; i += GD_PANEL) {
        const size_t columns = gd_least(input + inputs - i, GD_PANEL);
        for (size_t s = sample; s < sample + samples; s++) {
            float *dx = dx_at(b, s, i);
            if (b->dropout) kernels->finish(dx, dx, columns, b->dropout->rate.scale, 0.0f);
            gd_activation_derivative(b->context, b->activation, b->from + s * b->from_stride + i, dx, columns);
            if (b->dropout) gd_drop_gradient(b->dropout, s, i, columns, dx);
        }
        for (size_t s = sample; b->dx_turned && !few(b->samples) && s < sample + samples; s += width)
            kernels->transpose(dx_at(b, s, i), (ptrdiff_t)b->dx_stride, b->dx_turned + turned_at(kernels, b->dense.inputs, s) + i * width,
                               (ptrdiff_t)width, gd_least(sample + samples - s, width), columns);
    }
}

static size_t input_step(const gd_backward_input *b) { return (gd_dense_narrow(b->dense) ? NARROW_PANELS : INPUT_PANELS) * GD_PANEL; }

/* Tasks run over blocks of inputs and, inside, of samples. */
static void input_product(void *argument, size_t begin, size_t end) {
    const gd_backward_input *b = argument;
    const size_t sample_blocks = gd_blocks(b->samples, SAMPLE_BLOCK), step = input_step(b);
    for (size_t task = begin; task < end; task++) {
        const size_t input = task / sample_blocks * step, sample = task % sample_blocks * SAMPLE_BLOCK;
        const size_t inputs = gd_least(b->dense.inputs - input, step), samples = gd_least(b->samples - sample, SAMPLE_BLOCK);
        if (!gd_dense_narrow(b->dense) && !few(b->samples)) input_panels(b, input, inputs, sample, samples);
        for (size_t i = input; i < input + inputs; i += GD_PANEL) {
            const size_t columns = gd_least(input + inputs - i, GD_PANEL);
            if (gd_dense_narrow(b->dense)) {
                input_narrow(b, i, columns, sample, samples);
            } else if (few(b->samples)) {
                input_few(b, i, columns);
            }
        }
        finish_inputs(b, input, inputs, sample, samples);
    }
}

void gd_backward_input_phases(gd_backward_input *b, gd_phase phases[GD_BACKWARD_INPUT_PHASES]) {
    const bool turns = !b->d_turned && !gd_dense_narrow(b->dense) && !few(b->samples);
    phases[0] = (gd_phase){turn, b, turns ? gd_blocks(b->samples, b->context->kernels->tile_columns) : 0, 1};
    phases[1] = (gd_phase){input_product, b, gd_blocks(b->samples, SAMPLE_BLOCK) * gd_blocks(b->dense.inputs, input_step(b)), 1};
}
