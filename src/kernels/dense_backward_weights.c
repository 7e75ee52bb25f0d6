/* A dense layer's backward products on persistent panels: to its parameters, with the update on each finished tile. k runs over the samples, a leaf of
 * 64 at a time; leaves join in the tree. */
#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    IN_PLACE = 65536,          /* floats of x that are read where they lie, at most, */
    FEW_PANELS = 4,            /* and twice as many where packing them would serve so few panels */
    PACK_SAMPLES = 16,         /* samples a task of packing */
    STRIP_ROWS = 28,           /* the most inputs a task, as many strips as fit; */
    NARROW_INPUTS = 128,       /* of a narrow layer's */
    TASK_PRODUCTS = 1 << 16,   /* multiplications that a task has at least: of few samples it takes several such pieces; */
    UPDATE_TASKS = 16,         /* of the separate update so many */
    MAX_DEPTH = 40,            /* of the tree over leaves: 2^45 samples */
    LEAST_NODE = 16 * GD_PANEL /* floats of the smallest node of a task: a strip by a panel, or a narrow layer by a panel of inputs */
};

size_t gd_backward_weights_scratch(gd_dense dense, size_t samples) {
    size_t floats;
    if (gd_dense_narrow(dense)) return 0;
    return gd_size_multiply(dense.inputs, samples, &floats) ? floats : SIZE_MAX;
}

/* A tile reads a line or two of each sample: an x that stays in a near cache, on few pages, needs no packing. */
static bool is_packed(const gd_backward_weights *b) {
    const size_t most = gd_dense_panels(b->dense) <= FEW_PANELS ? 2 * IN_PLACE : IN_PLACE;
    size_t floats;
    return !gd_dense_narrow(b->dense) && (!gd_size_multiply(b->samples, b->x_stride, &floats) || floats > most);
}

/* Strip s holds inputs s*height ..: [samples][height], so that a tile reads one line a sample. Whole vectors are stored, the next sample over what is
 * too much; only where nothing may be read or written behind are they cut. */
static void pack_strips(void *argument, size_t begin, size_t end) {
    const gd_backward_weights *b = argument;
    const gd_kernels *kernels = b->context->kernels;
    const size_t height = kernels->tile_rows, whole = gd_round_up(height, kernels->width);
    if (*b->skip) return;
    for (size_t task = begin; task < end; task++) {
        const size_t first = task * PACK_SAMPLES, samples = gd_least(b->samples - first, PACK_SAMPLES);
        for (size_t input = 0; input < b->dense.inputs; input += height) {
            const float *x = b->x + first * b->x_stride + input;
            const size_t inputs = gd_least(b->dense.inputs - input, height), freely = input + whole <= b->dense.inputs ? samples - 1 : 0;
            float *out = b->strips + input * b->samples + first * inputs;
            kernels->copy(x, (ptrdiff_t)b->x_stride, out, (ptrdiff_t)height, freely, whole);
            kernels->copy(x + freely * b->x_stride, (ptrdiff_t)b->x_stride, out + freely * height, (ptrdiff_t)inputs, samples - freely, inputs);
        }
    }
}

/* Nodes the tree of this many samples has open at once: leaves that are joined as they come are never nodes of their own. */
static size_t open_nodes(size_t samples) { return gd_tree_depth(gd_blocks(samples, GD_LEAF) / 2); }

/* Inputs of a task whose nodes have `columns` floats an input: many, in whole units, but all open nodes have to fit what holds MAX_DEPTH small ones. */
static size_t inputs_of_task(const gd_backward_weights *b, size_t columns, size_t most, size_t unit) {
    const size_t fit = MAX_DEPTH * LEAST_NODE / (open_nodes(b->samples) * columns);
    return gd_least(fit, most) / unit * unit;
}

static size_t weights_step(const gd_backward_weights *b) {
    if (gd_dense_narrow(b->dense)) return inputs_of_task(b, GD_NARROW, NARROW_INPUTS, GD_PANEL);
    return inputs_of_task(b, GD_PANEL, STRIP_ROWS, b->context->kernels->tile_rows);
}

/* What a task computes of a parameter: of W `inputs` inputs from `input` on by a panel (of a narrow layer by all outputs). It lies in `rows` pieces of
 * the parameter's storage, `size` elements each, from element `first`, `stride` apart where there are several; in a node they follow each other. */
typedef struct piece {
    size_t input, inputs, column, columns;
    size_t first, rows, size, stride;
} piece;

static piece piece_of(const gd_backward_weights *b, size_t task) {
    const size_t all = b->dense.inputs, outputs = b->dense.outputs;
    piece p = {.rows = 1};
    if (task >= b->weights_tasks) {
        p.column = p.first = (task - b->weights_tasks) * GD_PANEL;
        p.columns = p.size = gd_least(outputs - p.column, GD_PANEL);
        return p;
    }
    const bool narrow = gd_dense_narrow(b->dense);
    p.input = (narrow ? task : task % b->row_blocks) * b->step;
    p.inputs = gd_least(all - p.input, b->step);
    if (narrow) {
        p.first = p.input;
        p.columns = outputs;
        p.rows = p.inputs < all ? outputs : 1;
        p.size = p.inputs < all ? p.inputs : outputs * all;
        p.stride = all;
    } else {
        p.column = task / b->row_blocks * GD_PANEL;
        p.columns = gd_least(outputs - p.column, GD_PANEL);
        p.first = p.column * all + p.input * GD_PANEL;
        p.size = p.inputs * GD_PANEL;
    }
    return p;
}

/* Where a node of the tree over leaves has a piece: its rows are `stride` floats apart. */
typedef struct node {
    float *at;
    size_t stride;
} node;

static void join(const gd_kernels *kernels, const piece *p, node to, node from) {
    for (size_t row = 0; row < p->rows; row++) kernels->add(to.at + row * to.stride, from.at + row * from.stride, p->size);
}

/* Computes one leaf of a piece and stores it, or adds it to what is there. */
typedef void leaf_function(const gd_backward_weights *b, const piece *p, size_t first, size_t samples, node out, bool add);

/* The node that is the `level`-th open one; the sum over all leaves ends up in the first. */
static node open_node(const piece *p, node sum, float *open, size_t level) {
    return level == 0 ? sum : (node){open + level * p->rows * p->size, p->size};
}

/* A leaf that joins the last open node is added to it as it is computed. Without samples there is one leaf, which is empty. */
static void sum_leaves(const gd_backward_weights *b, const piece *p, leaf_function *leaf, node sum, float *open) {
    size_t top = 0, item = 0, first = 0;
    do {
        const size_t samples = gd_least(b->samples - first, GD_LEAF);
        size_t joins = first + samples < b->samples ? gd_tree_joins(item++) : top;
        if (joins == 0) top++;
        leaf(b, p, first, samples, open_node(p, sum, open, top - 1), joins > 0);
        for (; joins > 1; joins--, top--) join(b->context->kernels, p, open_node(p, sum, open, top - 2), open_node(p, sum, open, top - 1));
        first += samples;
    } while (first < b->samples);
}

/* Where a piece's gradient is summed up: where it is to stay, if it becomes a node with nothing else joined; else at `open`. */
static node sum_of(const gd_backward_weights *b, float *nodes, const piece *p, float *open) {
    const gd_nodes *n = &b->nodes;
    if (n->keep && n->joins == 0) return (node){nodes + n->open * n->size + p->first, p->stride};
    return (node){open, p->size};
}

/* Joins the sum with the open nodes of earlier sub-batches (two numbers' sum is the same either way round). true: it has become a node itself. */
static bool joined(const gd_backward_weights *b, float *nodes, const piece *p, node sum) {
    const gd_nodes *n = &b->nodes;
    for (size_t j = 1; j <= n->joins; j++) {
        const node earlier = {nodes + (n->open - j) * n->size + p->first, p->stride};
        if (n->keep && j == n->joins) {
            join(b->context->kernels, p, earlier, sum);
        } else {
            join(b->context->kernels, p, sum, earlier);
        }
    }
    return n->keep;
}

/* The optimizer's step on a piece; its gradient's rows are `stride` apart. */
static void update_piece(const gd_update *update, float *parameter, const piece *p, const float *gradient, size_t stride) {
    for (size_t row = 0; row < p->rows; row++) gd_update_apply(update, parameter, gradient + row * stride, p->first + row * p->stride, p->size);
}

static void update_weights(const gd_backward_weights *b, const piece *p, const float *gradient, size_t stride) {
    update_piece(b->weights_update, b->weights, p, gradient, stride);
    if (!gd_dense_narrow(b->dense) && p->columns < GD_PANEL)
        gd_update_clear(b->weights_update, b->weights, p->first, p->inputs, p->columns, GD_PANEL);
}

static void strips_leaf(const gd_backward_weights *b, const piece *p, size_t first, size_t samples, node out, bool add) {
    const bool packed = is_packed(b);
    const size_t height = packed ? b->context->kernels->tile_rows : p->inputs;
    for (size_t i = 0; i < p->inputs; i += height) {
        const size_t input = p->input + i, inputs = gd_least(p->inputs - i, height);
        const gd_tile tile = {.a = packed ? b->strips + input * b->samples + first * inputs : b->x + first * b->x_stride + input,
                              .a_row = 1,
                              .a_k = packed ? (ptrdiff_t)inputs : (ptrdiff_t)b->x_stride,
                              .run = samples,
                              .b = b->d + p->column / GD_PANEL * b->d_panel + first * b->d_stride,
                              .b_k = (ptrdiff_t)b->d_stride,
                              .c = out.at + i * GD_PANEL,
                              .c_row = GD_PANEL,
                              .rows = inputs,
                              .columns = p->columns,
                              .k = samples,
                              .add = add};
        b->context->kernels->tile(&tile);
    }
}

/* Some strips of inputs by a panel. The sum is the panel's own piece: [inputs][32] with +0 where the last panel has no column. */
static void weights_panel(const gd_backward_weights *b, const piece *p, float *open) {
    const node sum = sum_of(b, b->nodes.weights, p, open);
    if (p->columns < GD_PANEL) {
        for (size_t i = 0; i < p->size; i++) sum.at[i] = 0.0f;
        for (size_t i = 0; i < open_nodes(b->samples) * p->size; i++) open[i] = 0.0f;
    }
    sum_leaves(b, p, strips_leaf, sum, open);
    if (joined(b, b->nodes.weights, p, sum)) return;
    if (b->weights_update) {
        update_weights(b, p, sum.at, sum.stride);
    } else {
        float *gradient = (float *)b->weights_gradient.data + (ptrdiff_t)p->input * b->weights_gradient.row_stride + (ptrdiff_t)p->column;
        b->context->kernels->copy(sum.at, GD_PANEL, gradient, b->weights_gradient.row_stride, p->inputs, p->columns);
    }
}

static void narrow_leaf(const gd_backward_weights *b, const piece *p, size_t first, size_t samples, node out, bool add) {
    const gd_tile tile = {.a = b->d + first * b->d_stride,
                          .a_row = 1,
                          .a_k = (ptrdiff_t)b->d_stride,
                          .run = samples,
                          .b = b->x + first * b->x_stride + p->input,
                          .b_k = (ptrdiff_t)b->x_stride,
                          .c = out.at,
                          .c_row = (ptrdiff_t)(p->rows > 1 ? out.stride : p->inputs),
                          .rows = p->columns,
                          .columns = p->inputs,
                          .k = samples,
                          .add = add};
    b->context->kernels->tile(&tile);
}

/* All outputs of a narrow layer by a block of inputs: vectors run over the inputs. */
static void weights_narrow(const gd_backward_weights *b, const piece *p, float *open) {
    const node sum = sum_of(b, b->nodes.weights, p, open);
    sum_leaves(b, p, narrow_leaf, sum, open);
    if (joined(b, b->nodes.weights, p, sum)) return;
    if (b->weights_update) {
        update_weights(b, p, sum.at, sum.stride);
    } else {
        float *gradient = (float *)b->weights_gradient.data + (ptrdiff_t)p->input * b->weights_gradient.row_stride;
        b->context->kernels->transpose(sum.at, (ptrdiff_t)p->inputs, gradient, b->weights_gradient.row_stride, p->columns, p->inputs);
    }
}

static void bias_leaf(const gd_backward_weights *b, const piece *p, size_t first, size_t samples, node out, bool add) {
    float leaf[GD_PANEL];
    const gd_kernels *kernels = b->context->kernels;
    kernels->column_sum(b->d + p->column / GD_PANEL * b->d_panel + first * b->d_stride, (ptrdiff_t)b->d_stride, samples, p->columns,
                        add ? leaf : out.at);
    if (add) kernels->add(out.at, leaf, p->columns);
}

static void bias(const gd_backward_weights *b, const piece *p, float *open) {
    const node sum = sum_of(b, b->nodes.bias, p, open);
    sum_leaves(b, p, bias_leaf, sum, open);
    if (joined(b, b->nodes.bias, p, sum)) return;
    if (b->bias_update) {
        update_piece(b->bias_update, b->bias, p, sum.at, sum.stride);
    } else {
        for (size_t j = 0; j < p->columns; j++) ((float *)b->bias_gradient.data)[p->column + j] = sum.at[j];
    }
}

static size_t bias_tasks(const gd_backward_weights *b) { return b->bias_update || b->bias_gradient.data ? gd_blocks(b->dense.outputs, GD_PANEL) : 0; }

/* Tasks: first the weights', down the panels so that a panel's d stays near and W is walked through, then the bias'. */
static void parameters(void *argument, size_t begin, size_t end) {
    const gd_backward_weights *b = argument;
    _Alignas(GD_ALIGNMENT) float open[MAX_DEPTH * LEAST_NODE];
    if (*b->skip) return;
    for (size_t task = begin; task < end; task++) {
        const piece p = piece_of(b, task);
        if (task >= b->weights_tasks) {
            bias(b, &p, open);
        } else if (gd_dense_narrow(b->dense)) {
            weights_narrow(b, &p, open);
        } else {
            weights_panel(b, &p, open);
        }
    }
}

/* The same tasks, of the separate update: the gradient is the first node. */
static void update(void *argument, size_t begin, size_t end) {
    const gd_backward_weights *b = argument;
    if (*b->skip) return;
    for (size_t task = begin; task < end; task++) {
        const piece p = piece_of(b, task);
        if (task >= b->weights_tasks) {
            update_piece(b->bias_update, b->bias, &p, b->nodes.bias + p.first, p.stride);
        } else {
            update_weights(b, &p, b->nodes.weights + p.first, p.stride);
        }
    }
}

gd_phase gd_update_phase(gd_backward_weights *b) { return (gd_phase){update, b, b->weights_tasks + bias_tasks(b), UPDATE_TASKS}; }

void gd_backward_weights_phases(gd_backward_weights *b, gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES]) {
    const bool narrow = gd_dense_narrow(b->dense), packed = is_packed(b) && (b->weights_update || b->weights_gradient.data);
    b->step = weights_step(b);
    b->row_blocks = gd_blocks(b->dense.inputs, b->step);
    b->weights_tasks = b->weights_update || b->weights_gradient.data ? b->row_blocks * (narrow ? 1 : gd_dense_panels(b->dense)) : 0;
    phases[0] = (gd_phase){pack_strips, b, packed ? gd_blocks(b->samples, PACK_SAMPLES) : 0, 1};
    const size_t products = b->step * (narrow ? GD_NARROW : GD_PANEL) * (b->samples + 1); /* of a piece, at most */
    phases[1] = (gd_phase){parameters, b, b->weights_tasks + bias_tasks(b), gd_blocks(TASK_PRODUCTS, products)};
}
