/* The training step's pieces, for src/nn: panel products as phase functions, activations, sums over samples, updates. The one header of this room
 * that nn includes; the kernel table stays behind it. */
#ifndef GD_KERNELS_STEP_H
#define GD_KERNELS_STEP_H

#include <stdbool.h>

#include <gradus/net.h>
#include <gradus/optimizer.h>

#include "base/context.h"
#include "base/phases.h"
#include "base/philox.h"
#include "kernels/contract.h"
#include "kernels/ops.h"
#include "kernels/optimizer.h"
#include "kernels/tensor.h"
#include "kernels/tree.h"

/* What one thread takes with the context's kernels for so many operations of a product (a multiply-add is two), for gd_phases_run: a rough number. A
 * weight that is read costs as much as GD_WEIGHT of them, an element of an array that is updated as GD_ELEMENT, an activation as GD_FUNCTION. */
double gd_work_nanoseconds(const gradus_context *context, double operations);
enum { GD_WEIGHT = 6, GD_ELEMENT = 12, GD_FUNCTION = 64 };

/* How a dense layer's W [inputs, outputs] lies in memory, and with it its gradient and its optimizer's states:
 *   outputs > 16: panels of 32 output columns, k-major inside: panel p holds [inputs][32]; the last one's missing columns are +0
 *   outputs <= 16: [outputs][inputs], a row an output, no padding
 * Files and digests use plain [in, out] order; bits do not depend on the layout. */
enum { GD_PANEL = 32, GD_NARROW = 16 };

typedef struct gd_dense {
    size_t inputs, outputs;
} gd_dense;

static inline bool gd_dense_narrow(gd_dense dense) { return dense.outputs <= GD_NARROW; }
static inline size_t gd_dense_panels(gd_dense dense) { return (dense.outputs + GD_PANEL - 1) / GD_PANEL; }

/* Elements of storage; false where that overflows. */
bool gd_dense_size(gd_dense dense, size_t *elements);

/* Where W(i, j) lies. */
static inline size_t gd_dense_at(gd_dense dense, size_t i, size_t j) {
    return gd_dense_narrow(dense) ? j * dense.inputs + i : (j / GD_PANEL * dense.inputs + i) * GD_PANEL + j % GD_PANEL;
}

/* How much is dropped: a unit whose word is less than threshold; the others are multiplied by scale. threshold 0: nothing, and scale is 1. */
typedef struct gd_drop_rate {
    uint32_t threshold;
    float scale;
} gd_drop_rate;

/* Of a probability from 0 to under 1. Inside the floating-point guard. */
gd_drop_rate gd_drop_rate_of(double probability);

/* The sum of the squares, or of the magnitudes, of each column of one panel (of a narrow layer: of all columns) of an array that lies as W; what they
 * add up to; and the sum of the squares of a plain array. */
typedef enum gd_column_sum { GD_SUM_SQUARES, GD_SUM_MAGNITUDES } gd_column_sum;
void gd_column_sums(const gradus_context *context, gd_dense dense, const float *values, gd_column_sum kind, size_t panel, float *columns);
float gd_sum_columns(const gradus_context *context, const float *columns, size_t count);
float gd_sum_of_squares(const gradus_context *context, const float *values, size_t count);

/* Dropout of a layer's outputs in one pass: which units of which sample are dropped depends on the draws alone. */
typedef struct gd_dropout {
    gd_drop_rate rate;
    gd_stream stream;
    uint64_t first; /* the first sample's position in the global batch */
    uint8_t *kept;  /* [samples][stride]: 1 or, where a unit is dropped, 0; forward writes it; NULL: not wanted */
    size_t stride;
} gd_dropout;

/* A piece of the rows of an array [samples][columns]. */
typedef struct gd_piece {
    size_t sample, samples, column, columns;
} gd_piece;

/* Drops units of a piece of y, whose columns are whole rows of `outputs` or at most GD_PANEL from a multiple of it; and of the gradient by a row's
 * piece, whose scale is multiplied in elsewhere. */
void gd_drop(const gd_dropout *dropout, size_t outputs, const gd_piece *piece, float *y, size_t y_stride);
void gd_drop_gradient(const gd_dropout *dropout, size_t sample, size_t column, size_t columns, float *gradient);

/* Forward: y = activation(x W + b), softmax left to gd_softmax. x [samples][x_stride], y [samples][y_stride], row-major. */
typedef struct gd_forward {
    const gradus_context *context;
    gd_dense dense;
    const float *weights, *bias;
    const float *x;
    float *y;
    float *z;                  /* [samples][y_stride]: x W + b is kept there; NULL: it is not */
    const gd_dropout *dropout; /* behind the activation; NULL: none */
    float *undropped;          /* with dropout, [samples][y_stride]: y before it; NULL: it is not kept */
    size_t x_stride, y_stride, samples;
    gradus_activation activation;
    size_t block, sample_blocks; /* gd_forward_phase sets them: samples a task; such blocks */
} gd_forward;

gd_phase gd_forward_phase(gd_forward *forward);

/* Applies an element-wise activation in place (identity and softmax: nothing). */
void gd_activate(const gradus_context *context, gradus_activation activation, float *y, size_t n);
/* Whether an activation's derivative is computed from its input; else from its output. */
bool gd_activation_from_input(gradus_activation activation);
/* d = d * activation'(.), where `from` is the activation's input or output, as gd_activation_from_input says (identity: nothing). softmax: a whole
 * row of n > 0 at a time. */
void gd_activation_derivative(const gradus_context *context, gradus_activation activation, const float *from, float *d, size_t n);
/* Softmax of one row in place, with its maximum and sum; natural logarithms, correctly rounded to fp32, in place. */
void gd_softmax(const gradus_context *context, float *row, size_t n, float *maximum, float *sum);
void gd_logarithms(const gradus_context *context, float *x, size_t n);

/* How the gradients d [samples, outputs] by a layer's outputs lie between the products:
 *   outputs > 16: panels of 32 columns, as of W: panel p holds [samples][32]; and, where the layer's dX is wanted and there are more samples than a
 *     vector has lanes, turned: in panels of as many samples as the register tile has columns, q holding [outputs][that many]
 *   outputs <= 16: rows; so, too, what the loss gives of the last layer
 * Rows and panels have one form: d(s, j) = d[(j/32)*d_panel + s*d_stride + j%32]. */
size_t gd_turned_size(gd_dense dense, size_t samples); /* floats, enough for every ISA, 0 of a narrow layer; SIZE_MAX: does not fit */

/* Backward to the layer's input: dx = (d W^T) * activation'(.), where `from` [samples][from_stride] is the previous layer's output or, where
 * gd_activation_from_input, its z, and `activation` its activation (no softmax). Two phases: d is turned, unless it has been, then the product. */
typedef struct gd_backward_input {
    const gradus_context *context;
    gd_dense dense;
    const gd_dropout *dropout; /* of the previous layer's outputs, which `from` is without then; NULL: none */
    const float *weights;
    const float *d; /* rows or panels; rows where it has to be turned */
    float *turned;  /* gd_turned_size floats */
    bool d_turned;  /* `turned` holds d: another layer's dx_turned */
    const float *from;
    float *dx;        /* rows or panels */
    float *dx_turned; /* NULL: not wanted */
    size_t d_stride, d_panel, from_stride, dx_stride, dx_panel, samples;
    gradus_activation activation;
} gd_backward_input;

enum { GD_BACKWARD_INPUT_PHASES = 2 };
void gd_backward_input_phases(gd_backward_input *backward, gd_phase phases[GD_BACKWARD_INPUT_PHASES]);

/* The gradients of a batch's earlier sub-batches, nodes of the tree over its leaves (tree.h), in the parameters' own layout. */
typedef struct gd_nodes {
    float *weights, *bias; /* the first node's; */
    size_t size;           /* the next ones lie so many floats further on */
    size_t open, joins;    /* how many there are; how many of them, from the last one down, the gradient at hand joins */
    bool keep;             /* that sum becomes a node after those that are left; else it is the batch's, which ends as below */
} gd_nodes;

/* Backward to the parameters: dW = x^T d and db = the sum of d, in leaves of 64 samples, and what becomes of them: with updates, the optimizer's step
 * on each finished tile while it is in L1, so that the gradient never reaches memory; else they are stored as plain [in, out] and [1, out] tensors (data
 * NULL: that one is left out).
 * strips: scratch for x packed into strips of the register tile's height, unused by narrow layers. *skip != 0: nothing is done (the loss was not
 * finite). */
typedef struct gd_backward_weights {
    const gradus_context *context;
    gd_dense dense;
    const float *x, *d;
    float *strips;
    size_t x_stride, d_stride, d_panel, samples;
    gd_nodes nodes;                                /* all 0: the samples are the whole batch */
    float *weights, *bias;                         /* with updates */
    const gd_update *weights_update, *bias_update; /* both or neither */
    gradus_tensor weights_gradient, bias_gradient; /* without */
    const int *skip;
    size_t step, row_blocks, weights_tasks; /* gd_backward_weights_phases sets them: inputs a task; such pieces of a panel; tasks of all panels */
} gd_backward_weights;

enum { GD_BACKWARD_WEIGHTS_PHASES = 2 };
size_t gd_backward_weights_scratch(gd_dense dense, size_t samples); /* floats, enough for every ISA; SIZE_MAX: does not fit */
void gd_backward_weights_phases(gd_backward_weights *backward, gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES]);

/* After those phases: the updates with the gradient that has been kept as the first node; the same bits as without keeping it. */
gd_phase gd_update_phase(gd_backward_weights *backward);

#endif
