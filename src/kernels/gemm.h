/* Products on plain arrays (docs/numerics.md, section 4), with whatever happens to a finished piece left to the caller. */
#ifndef GD_KERNELS_GEMM_H
#define GD_KERNELS_GEMM_H

#include <gradus/matrix.h>

#include "base/context.h"

/* Takes r(row, j) for `columns` j from `column` on: the sum over k of op(A) op(B). On any thread, each element once. */
typedef void gd_product_take(const void *argument, size_t row, size_t column, const float *r, size_t columns);

typedef struct gd_product {
    gradus_product kind;
    size_t m, n, k;
    const float *a, *b;
    ptrdiff_t a_row, b_row; /* between rows in memory */
    gd_product_take *take;
    const void *argument;
} gd_product;

/* Bytes: bounded by the sizes of gemm.c's chunks, however large the product. */
size_t gd_product_scratch(const gradus_context *context, const gd_product *product);

/* Runs it, in phases of its own. The caller has entered the FP environment. GRADUS_OK, or GRADUS_INTERRUPTED with some pieces taken. */
gradus_status gd_product_run(gradus_context *context, const gd_product *product, void *scratch);

#endif
