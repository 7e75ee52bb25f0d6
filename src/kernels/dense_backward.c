/* A dense layer's backward products on persistent panels: to its input, and to its parameters with the update on each finished tile. */
#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    MAX_TILE_ROWS = 16,             /* of any ISA */
    SAMPLE_BLOCK = 64,              /* samples a task of dX */
    INPUT_BLOCK = 32,               /* inputs a task of dX */
    NARROW_INPUTS = 32,             /* inputs a task of a narrow layer's dW */
    BIAS_COLUMNS = 64,              /* columns a task of db */
    MAX_DEPTH = 40,                 /* of the tree over leaves: 2^45 samples */
    NODE = MAX_TILE_ROWS * GD_PANEL /* floats in the largest node of a tree */
};

static size_t blocks(size_t n, size_t block) { return (n + block - 1) / block; }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* ---- dX: k runs over the outputs in blocks of 256 ---- */

size_t gd_backward_input_scratch(gd_dense dense, size_t samples, size_t *transposed_stride) {
    size_t floats;
    *transposed_stride = gd_round_up(samples, 16);
    if (gd_dense_narrow(dense)) return 0;
    return gd_size_multiply(*transposed_stride, dense.outputs, &floats) ? floats : SIZE_MAX;
}

/* transposed[j][sample] = d[sample][j], a block of samples a task. */
static void transpose(void *argument, size_t begin, size_t end) {
    const gd_backward_input *b = argument;
    for (size_t task = begin; task < end; task++) {
        const size_t first = task * SAMPLE_BLOCK, last = least(first + SAMPLE_BLOCK, b->samples);
        b->context->kernels->transpose(b->d + first * b->d_stride, (ptrdiff_t)b->d_stride, b->transposed + first, (ptrdiff_t)b->transposed_stride,
                                       last - first, b->dense.outputs);
    }
}

/* A block of inputs by a block of samples: W's panels are broadcast, vectors run over the samples; the tile is turned to row-major on its way out. */
static void input_panels(const gd_backward_input *b, size_t input, size_t sample) {
    float tile_c[INPUT_BLOCK * SAMPLE_BLOCK];
    const size_t inputs = least(b->dense.inputs - input, INPUT_BLOCK), samples = least(b->samples - sample, SAMPLE_BLOCK);
    for (size_t p = 0; p < b->dense.outputs; p += GD_K_BLOCK) { /* GD_K_BLOCK is a whole number of panels */
        const gd_tile tile = {.a = b->weights + p * b->dense.inputs + input * GD_PANEL,
                              .a_row = GD_PANEL,
                              .a_k = 1,
                              .run = GD_PANEL,
                              .a_run = (ptrdiff_t)(b->dense.inputs * GD_PANEL),
                              .b = b->transposed + p * b->transposed_stride + sample,
                              .b_k = (ptrdiff_t)b->transposed_stride,
                              .c = tile_c,
                              .c_row = SAMPLE_BLOCK,
                              .rows = inputs,
                              .columns = samples,
                              .k = least(b->dense.outputs - p, GD_K_BLOCK),
                              .add = p > 0};
        b->context->kernels->tile(&tile);
    }
    b->context->kernels->transpose(tile_c, SAMPLE_BLOCK, b->dx + sample * b->dx_stride + input, (ptrdiff_t)b->dx_stride, inputs, samples);
    for (size_t s = 0; s < samples; s++) {
        const size_t at = (sample + s) * b->dx_stride + input;
        gd_activation_derivative(b->context, b->activation, b->from + at, b->dx + at, inputs);
    }
}

/* A narrow layer, all inputs of a block of samples: W's rows are the vectors. */
static void input_narrow(const gd_backward_input *b, size_t sample) {
    const size_t samples = least(b->samples - sample, SAMPLE_BLOCK), inputs = b->dense.inputs;
    const gd_tile tile = {.a = b->d + sample * b->d_stride,
                          .a_row = (ptrdiff_t)b->d_stride,
                          .a_k = 1,
                          .run = b->dense.outputs,
                          .b = b->weights,
                          .b_k = (ptrdiff_t)inputs,
                          .c = b->dx + sample * b->dx_stride,
                          .c_row = (ptrdiff_t)b->dx_stride,
                          .rows = samples,
                          .columns = inputs,
                          .k = b->dense.outputs};
    b->context->kernels->tile(&tile);
    for (size_t s = sample; s < sample + samples; s++)
        gd_activation_derivative(b->context, b->activation, b->from + s * b->dx_stride, b->dx + s * b->dx_stride, inputs);
}

static void input_product(void *argument, size_t begin, size_t end) {
    const gd_backward_input *b = argument;
    const size_t input_blocks = blocks(b->dense.inputs, INPUT_BLOCK);
    for (size_t task = begin; task < end; task++) {
        if (gd_dense_narrow(b->dense)) {
            input_narrow(b, task * SAMPLE_BLOCK);
        } else {
            input_panels(b, task % input_blocks * INPUT_BLOCK, task / input_blocks * SAMPLE_BLOCK);
        }
    }
}

void gd_backward_input_phases(gd_backward_input *b, gd_phase phases[GD_BACKWARD_INPUT_PHASES]) {
    const bool narrow = gd_dense_narrow(b->dense);
    const size_t sample_blocks = blocks(b->samples, SAMPLE_BLOCK);
    phases[0] = (gd_phase){transpose, b, narrow ? 0 : sample_blocks, 1};
    phases[1] = (gd_phase){input_product, b, narrow ? sample_blocks : sample_blocks * blocks(b->dense.inputs, INPUT_BLOCK), 1};
}

/* ---- dW and db: k runs over the samples, a leaf of 64 at a time; leaves join in the tree ---- */

size_t gd_backward_weights_scratch(gd_dense dense, size_t samples) {
    size_t floats;
    if (gd_dense_narrow(dense)) return 0;
    return gd_size_multiply(dense.inputs + MAX_TILE_ROWS - 1, samples, &floats) ? floats : SIZE_MAX;
}

/* Strip s holds inputs s*height ..: [samples][height], so that a tile reads one line a sample. */
static void pack_strips(void *argument, size_t begin, size_t end) {
    const gd_backward_weights *b = argument;
    const size_t height = b->context->kernels->tile_rows;
    if (*b->skip) return;
    for (size_t strip = begin; strip < end; strip++) {
        const size_t input = strip * height, inputs = least(b->dense.inputs - input, height);
        float *out = b->strips + input * b->samples;
        b->context->kernels->copy(b->x + input, (ptrdiff_t)b->x_stride, out, (ptrdiff_t)height, b->samples, inputs);
    }
}

/* One open node of the tree is `size` floats; open[0] ends up with the sum over all leaves. leaf(argument, first, samples, out) computes one; without
 * samples there is one, which is empty. */
typedef void leaf_function(const void *argument, size_t first, size_t samples, float *out);

static void sum_leaves(const gd_kernels *kernels, size_t samples, leaf_function *leaf, const void *argument, float *open, size_t size) {
    size_t top = 0, item = 0, first = 0;
    do {
        leaf(argument, first, least(samples - first, GD_LEAF), open + top++ * size);
        for (unsigned joins = gd_tree_joins(item++); joins > 0; joins--, top--) kernels->add(open + (top - 2) * size, open + (top - 1) * size, size);
        first += GD_LEAF;
    } while (first < samples);
    for (; top > 1; top--) kernels->add(open + (top - 2) * size, open + (top - 1) * size, size);
}

/* Nodes the tree of this many samples needs open at once, one more for the leaf that is being computed. */
static size_t open_nodes(size_t samples) { return gd_tree_depth(blocks(samples, GD_LEAF)) + 1; }

typedef struct tile_leaf {
    const gd_kernels *kernels;
    gd_tile tile;
    ptrdiff_t a_sample, b_sample; /* how far a sample moves A and B */
} tile_leaf;

static void compute_tile_leaf(const void *argument, size_t first, size_t samples, float *out) {
    const tile_leaf *leaf = argument;
    gd_tile tile = leaf->tile;
    tile.a += (ptrdiff_t)first * leaf->a_sample;
    tile.b += (ptrdiff_t)first * leaf->b_sample;
    tile.c = out;
    tile.k = tile.run = samples;
    leaf->kernels->tile(&tile);
}

/* A strip of inputs by a panel. The node is the panel's own piece: [height][32] with +0 where the last panel has no column. */
static void weights_panel(const gd_backward_weights *b, size_t strip, size_t panel, float *open) {
    const gd_kernels *kernels = b->context->kernels;
    const size_t height = kernels->tile_rows, input = strip * height, inputs = least(b->dense.inputs - input, height);
    const size_t column = panel * GD_PANEL, columns = least(b->dense.outputs - column, GD_PANEL);
    const tile_leaf leaf = {kernels,
                            {.a = b->strips + input * b->samples,
                             .a_row = 1,
                             .a_k = (ptrdiff_t)height,
                             .b = b->d + column,
                             .b_k = (ptrdiff_t)b->d_stride,
                             .c_row = GD_PANEL,
                             .rows = inputs,
                             .columns = columns},
                            (ptrdiff_t)height,
                            (ptrdiff_t)b->d_stride};
    const size_t size = inputs * GD_PANEL;
    if (columns < GD_PANEL)
        for (size_t i = 0; i < open_nodes(b->samples) * size; i++) open[i] = 0.0f;
    sum_leaves(kernels, b->samples, compute_tile_leaf, &leaf, open, size);
    if (!b->weights_update) {
        for (size_t i = 0; i < inputs; i++)
            for (size_t j = 0; j < columns; j++)
                ((float *)b->weights_gradient.data)[(ptrdiff_t)(input + i) * b->weights_gradient.row_stride + (ptrdiff_t)(column + j)] =
                    open[i * GD_PANEL + j];
        return;
    }
    const size_t first = column * b->dense.inputs + input * GD_PANEL;
    gd_update_apply(b->weights_update, b->weights, open, first, size);
    if (columns < GD_PANEL) gd_update_clear(b->weights_update, b->weights, first, inputs, columns, GD_PANEL);
}

/* All outputs of a narrow layer by a block of inputs: vectors run over the inputs. */
static void weights_narrow(const gd_backward_weights *b, size_t block, float *open) {
    const gd_kernels *kernels = b->context->kernels;
    const size_t input = block * NARROW_INPUTS, inputs = least(b->dense.inputs - input, NARROW_INPUTS), outputs = b->dense.outputs;
    const tile_leaf leaf = {kernels,
                            {.a = b->d,
                             .a_row = 1,
                             .a_k = (ptrdiff_t)b->d_stride,
                             .b = b->x + input,
                             .b_k = (ptrdiff_t)b->x_stride,
                             .c_row = (ptrdiff_t)inputs,
                             .rows = outputs,
                             .columns = inputs},
                            (ptrdiff_t)b->d_stride,
                            (ptrdiff_t)b->x_stride};
    sum_leaves(kernels, b->samples, compute_tile_leaf, &leaf, open, outputs * inputs);
    for (size_t j = 0; j < outputs; j++) {
        if (b->weights_update) {
            gd_update_apply(b->weights_update, b->weights, open + j * inputs, j * b->dense.inputs + input, inputs);
        } else {
            float *gradient = b->weights_gradient.data;
            for (size_t i = 0; i < inputs; i++)
                gradient[(ptrdiff_t)(input + i) * b->weights_gradient.row_stride + (ptrdiff_t)j] = open[j * inputs + i];
        }
    }
}

typedef struct bias_leaf {
    const gd_backward_weights *backward;
    size_t column, columns;
} bias_leaf;

static void compute_bias_leaf(const void *argument, size_t first, size_t samples, float *out) {
    const bias_leaf *leaf = argument;
    const gd_backward_weights *b = leaf->backward;
    b->context->kernels->column_sum(b->d + first * b->d_stride + leaf->column, (ptrdiff_t)b->d_stride, samples, leaf->columns, out);
}

static void bias(const gd_backward_weights *b, size_t block, float *open) {
    const bias_leaf leaf = {b, block * BIAS_COLUMNS, least(b->dense.outputs - block * BIAS_COLUMNS, BIAS_COLUMNS)};
    sum_leaves(b->context->kernels, b->samples, compute_bias_leaf, &leaf, open, leaf.columns);
    if (b->bias_update) {
        gd_update_apply(b->bias_update, b->bias, open, leaf.column, leaf.columns);
    } else {
        for (size_t j = 0; j < leaf.columns; j++) ((float *)b->bias_gradient.data)[leaf.column + j] = open[j];
    }
}

static size_t weights_tasks(const gd_backward_weights *b) {
    if (!b->weights_update && !b->weights_gradient.data) return 0;
    return gd_dense_narrow(b->dense) ? blocks(b->dense.inputs, NARROW_INPUTS)
                                     : blocks(b->dense.inputs, b->context->kernels->tile_rows) * gd_dense_panels(b->dense);
}

static size_t bias_tasks(const gd_backward_weights *b) {
    return b->bias_update || b->bias_gradient.data ? blocks(b->dense.outputs, BIAS_COLUMNS) : 0;
}

/* Tasks: first the weights', strip by strip so that a strip stays in L1 for its panels, then the bias'. */
static void parameters(void *argument, size_t begin, size_t end) {
    const gd_backward_weights *b = argument;
    float open[MAX_DEPTH * NODE];
    const size_t weights = weights_tasks(b), panels = gd_dense_panels(b->dense);
    _Static_assert(GD_NARROW * NARROW_INPUTS <= NODE && BIAS_COLUMNS <= NODE, "every kind of node fits");
    if (*b->skip) return;
    for (size_t task = begin; task < end; task++) {
        if (task >= weights) {
            bias(b, task - weights, open);
        } else if (gd_dense_narrow(b->dense)) {
            weights_narrow(b, task, open);
        } else {
            weights_panel(b, task / panels, task % panels, open);
        }
    }
}

void gd_backward_weights_phases(gd_backward_weights *b, gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES]) {
    const size_t weights = weights_tasks(b);
    const bool packed = weights > 0 && !gd_dense_narrow(b->dense);
    phases[0] = (gd_phase){pack_strips, b, packed ? blocks(b->dense.inputs, b->context->kernels->tile_rows) : 0, 1};
    phases[1] = (gd_phase){parameters, b, weights + bias_tasks(b), 1};
}
