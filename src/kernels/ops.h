/* Reductions over arrays of any length (docs/numerics.md, section 3), and the leaf sum over samples. */
#ifndef GD_KERNELS_OPS_H
#define GD_KERNELS_OPS_H

#include <stddef.h>

#include "kernels/kernels.h"

/* sum(x, n) and dot(x, y, n): blocks of 4096, joined in the tree. n = 0 gives +0. */
float gd_sum(const gd_kernels *kernels, const float *x, size_t n);
float gd_dot(const gd_kernels *kernels, const float *x, const float *y, size_t n);

/* The sum of one leaf's per-sample values (1 <= n <= 64), folded by halves in place: lane l += lane l + h where sample l + h exists. */
double gd_leaf_sum(double *values, size_t n);

#endif
