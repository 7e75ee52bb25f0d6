/* A dense layer's backward product on persistent panels, to its input: k runs over the outputs in blocks of 256. */
#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    SAMPLE_BLOCK = 64, /* samples a task; a whole number of register tiles for every ISA */
    INPUT_PANELS = 2,  /* panels of inputs a task; of a narrow layer, whose products are short, */
    NARROW_PANELS = 8, /* that many; */
    FEW_PANELS = 4     /* of a layer with few samples, that many: in each panel of W a stretch of 16 KB */
};

/* No more than a vector has lanes: W is turned instead of d. */
static bool few(const gd_backward_input *b) { return b->samples <= b->context->kernels->width; }

size_t gd_turned_size(gd_dense dense, size_t samples) {
    size_t floats;
    if (gd_dense_narrow(dense)) return 0;
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

/* Panels of inputs by all samples, which are few. W is read panel by panel, where the CPU sees a stream, and the next one's stretch is on its way. */
static void input_few(const gd_backward_input *b, size_t input, size_t inputs) {
    enum { ROW = FEW_PANELS * GD_PANEL };
    float c[GD_ROW_LANES * ROW]; /* no vector has more lanes */
    const gd_kernels *kernels = b->context->kernels;
    const size_t outputs = b->dense.outputs, panel = b->dense.inputs * GD_PANEL;
    _Static_assert((int)GD_ACROSS == (int)GD_PANEL, "B's rows are W's, a panel wide");
    for (size_t p = 0; p < outputs; p += GD_PANEL) {
        const bool last = outputs - p <= GD_PANEL;
        const float *weights = b->weights + p / GD_PANEL * panel + input * GD_PANEL;
        const gd_across piece = {.a = b->d + p / GD_PANEL * b->d_panel,
                                 .a_row = (ptrdiff_t)b->d_stride,
                                 .b = weights,
                                 .next = last ? NULL : weights + panel,
                                 .c = c,
                                 .c_row = ROW,
                                 .rows = b->samples,
                                 .columns = inputs,
                                 .k = gd_least(outputs - p, GD_PANEL),
                                 .onward = p % GD_K_BLOCK != 0};
        kernels->across(&piece);
        if (!last && (p + GD_PANEL) % GD_K_BLOCK != 0) continue;
        for (size_t s = 0; s < b->samples; s++)
            for (size_t i = 0; i < inputs; i += GD_PANEL)
                kernels->finish(dx_at(b, s, input + i), c + s * ROW + i, gd_least(inputs - i, GD_PANEL), 1.0f, p < GD_K_BLOCK ? 0.0f : 1.0f);
    }
}

/* Panels of inputs of a narrow layer: W's rows are the vectors. */
static void input_narrow(const gd_backward_input *b, size_t input, size_t inputs, size_t sample, size_t samples) {
    for (size_t i = input; i < input + inputs; i += GD_PANEL) {
        const gd_tile tile = {.a = b->d + sample * b->d_stride,
                              .a_row = (ptrdiff_t)b->d_stride,
                              .a_k = 1,
                              .run = b->dense.outputs,
                              .b = b->weights + i,
                              .b_k = (ptrdiff_t)b->dense.inputs,
                              .c = dx_at(b, sample, i),
                              .c_row = (ptrdiff_t)b->dx_stride,
                              .rows = samples,
                              .columns = gd_least(input + inputs - i, GD_PANEL),
                              .k = b->dense.outputs};
        b->context->kernels->tile(&tile);
    }
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
        for (size_t s = sample; b->dx_turned && !few(b) && s < sample + samples; s += width)
            kernels->transpose(dx_at(b, s, i), (ptrdiff_t)b->dx_stride, b->dx_turned + turned_at(kernels, b->dense.inputs, s) + i * width,
                               (ptrdiff_t)width, gd_least(sample + samples - s, width), columns);
    }
}

static size_t input_step(const gd_backward_input *b) {
    return (gd_dense_narrow(b->dense) ? NARROW_PANELS : few(b) ? FEW_PANELS : INPUT_PANELS) * GD_PANEL;
}

/* Tasks run over blocks of inputs and, inside, of samples. */
static void input_product(void *argument, size_t begin, size_t end) {
    const gd_backward_input *b = argument;
    const size_t sample_blocks = gd_blocks(b->samples, SAMPLE_BLOCK), step = input_step(b);
    for (size_t task = begin; task < end; task++) {
        const size_t input = task / sample_blocks * step, sample = task % sample_blocks * SAMPLE_BLOCK;
        const size_t inputs = gd_least(b->dense.inputs - input, step), samples = gd_least(b->samples - sample, SAMPLE_BLOCK);
        if (gd_dense_narrow(b->dense)) {
            input_narrow(b, input, inputs, sample, samples);
        } else if (few(b)) {
            input_few(b, input, inputs);
        } else {
            input_panels(b, input, inputs, sample, samples);
        }
        finish_inputs(b, input, inputs, sample, samples);
    }
}

void gd_backward_input_phases(gd_backward_input *b, gd_phase phases[GD_BACKWARD_INPUT_PHASES]) {
    const bool turns = !b->d_turned && !gd_dense_narrow(b->dense) && !few(b);
    phases[0] = (gd_phase){turn, b, turns ? gd_blocks(b->samples, b->context->kernels->tile_columns) : 0, 1};
    phases[1] = (gd_phase){input_product, b, gd_blocks(b->samples, SAMPLE_BLOCK) * gd_blocks(b->dense.inputs, input_step(b)), 1};
}
