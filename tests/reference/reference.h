/* The arithmetic contract (docs/numerics.md) as plain scalar C: what every kernel, on every instruction set, must give bit for bit. It is not
 * fast, shares no code with the library, and needs only libc and libm (fmaf, and long double functions as a source of digits). */
#ifndef GD_REFERENCE_H
#define GD_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/matrix.h>
#include <gradus/net.h>

#include "kernels/kernels.h"

/* One step of an algorithm on n elements, from the hyper-parameters themselves (indexed by GRADUS_LEARNING_RATE, ...; those it does not have are 0);
 * t = 1 at the first step; clip = 0: gradients are not clipped. */
typedef struct gd_reference_span {
    float *weights;
    const float *gradients;
    float *states[GD_MAX_STATES];
    size_t count;
    float gradient_scale, clip;
    const double *hyper;
    uint64_t t;
} gd_reference_span;

typedef void gd_reference_rule(const gd_reference_span *span);

/* In the order of optimizers.def. A line there without a function here does not compile. */
extern gd_reference_rule *const gd_reference_step[GD_ALGORITHM_COUNT];

/* One value of each function of GD_ELEMENTARY_MAP: gd_reference_exp, ... */
#define GD_REFERENCE_ELEMENTARY(NAME, name) float gd_reference_##name(float x);
GD_ELEMENTARY_MAP(GD_REFERENCE_ELEMENTARY)
#undef GD_REFERENCE_ELEMENTARY

/* One value of each function of GD_UNARY_MAP and GD_DERIVATIVE_MAP (derivative: input or output, d -> the new d). */
extern float (*const gd_reference_unary[GD_UNARY_COUNT])(float x);
extern float (*const gd_reference_derivative[GD_DERIVATIVE_COUNT])(float from, float d);

/* Whether the function's value at x is decided: the digits it was rounded from, moved by their error bound either way, round to the same float.
 * True for every x (tests/reference/sweep.c goes through all of them). */
int gd_reference_decided(int unary, float x);

/* The table's other functions, in its order. */
void gd_reference_tile(const gd_tile *tile);
void gd_reference_across(const gd_across *piece);
void gd_reference_copy(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns);
void gd_reference_transpose(const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t columns);
void gd_reference_add(float *y, const float *x, size_t n);
void gd_reference_finish(float *c, const float *r, size_t n, float alpha, float beta);
void gd_reference_softmax(const float *x, float *y, size_t n, float *maximum, float *sum);
void gd_reference_softmax_derivative(const float *y, float *d, size_t n);
void gd_reference_column_sum(const float *x, ptrdiff_t stride, size_t rows, size_t columns, float *out);
float gd_reference_block_sum(const float *x, size_t n);
float gd_reference_block_dot(const float *x, const float *y, size_t n);

/* Section 3: the tree over n items (which it overwrites; n = 0 gives +0), sums over arrays, sums over samples. */
float gd_reference_tree(float *items, size_t n);
float gd_reference_sum(const float *x, size_t n);
float gd_reference_dot(const float *x, const float *y, size_t n);
double gd_reference_sample_sum(const double *samples, size_t n);

/* Section 4: C [m, n] = alpha * op(A) op(B) + beta * C, rows one after another without gaps. */
void gd_reference_product(gradus_product product, size_t m, size_t n, size_t k, float alpha, const float *a, const float *b, float beta, float *c);

/* Sections 4 and 5: a dense layer, x [samples, inputs], W [inputs, outputs], y, z and d [samples, outputs].
 * forward: z = x W + bias, y = activation(z). backward_inputs: dx = d W^T. backward_weights: dw = x^T d, db = the column sums of d, in leaves of 64
 * samples. derivative: d = d * activation'(.), from z and y as the activation asks. */
void gd_reference_forward(const float *x, const float *w, const float *bias, size_t samples, size_t inputs, size_t outputs,
                          gradus_activation activation, float *z, float *y);
void gd_reference_activate(gradus_activation activation, float *y, size_t samples, size_t outputs);
void gd_reference_backward_inputs(const float *d, const float *w, size_t samples, size_t inputs, size_t outputs, float *dx);
void gd_reference_backward_weights(const float *x, const float *d, size_t samples, size_t inputs, size_t outputs, float *dw, float *db);
void gd_reference_layer_derivative(const float *z, const float *y, size_t samples, size_t outputs, gradus_activation activation, float *d);

/* Sections 5 and 7: the mean loss over the samples, and the gradient d of it: for losses from logits by the values x [samples, outputs] before the
 * activation, else by its outputs x. targets: numbers [samples, outputs], or NULL: labels, the class of each sample, smoothed (cross-entropy). */
double gd_reference_loss(gradus_loss loss, double label_smoothing, const float *x, const float *targets, const uint8_t *labels, size_t samples,
                         size_t outputs, float *d);

#endif
