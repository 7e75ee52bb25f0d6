/* Sums over samples as the contract has them: fp64, leaves of 64, joined in the tree (docs/numerics.md, sections 3 and 5). */
#ifndef GD_DATA_COLUMN_SUMS_H
#define GD_DATA_COLUMN_SUMS_H

#include <stddef.h>

enum { GD_LEAF = 64 };

/* The sum of n numbers, in order. */
double gd_sum_floats(const float *values, size_t n);

#endif
