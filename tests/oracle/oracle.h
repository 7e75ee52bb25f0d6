/* Textbook formulas in double precision, written from the papers and not from the contract: they say whether the contract computes the right
 * thing, within rounding. The bits are the reference's business. */
#ifndef GD_ORACLE_H
#define GD_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/loss.h>

#include "kernels/kernels.h"

/* Step number t (from 1) of an optimizer on n elements; hyper is indexed by GRADUS_LEARNING_RATE, ... */
typedef void gd_oracle_rule(double *w, const double *g, double *const *states, size_t n, const double *hyper, uint64_t t);

/* In the order of optimizers.def. A line there without a function here does not compile. */
extern gd_oracle_rule *const gd_oracle_step[GD_ALGORITHM_COUNT];

/* Functions of GD_UNARY_MAP, and the derivatives of GD_DERIVATIVE_MAP with respect to the input x (not, as the kernels have them, by the output). */
extern double (*const gd_oracle_unary[GD_UNARY_COUNT])(double x);
extern double (*const gd_oracle_derivative[GD_DERIVATIVE_COUNT])(double x);

/* C [m, n] = A [m, k] B [k, n], each element of A at a[i*a_row + p*a_k], of B at b[p*b_k + j*b_column]; size [m, n] = the sums of the terms'
 * magnitudes (may be NULL). */
void gd_oracle_product(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_column, double *c,
                       double *size);

/* The mean loss over the samples as a function of the last layer's values before softmax or sigmoid (the cross-entropies), or of its outputs. Targets
 * are numbers [samples, outputs]. */
double gd_oracle_loss(gradus_loss loss, double label_smoothing, const double *x, const double *targets, size_t samples, size_t outputs);

#endif
