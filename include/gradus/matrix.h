/* Matrix products on plain row-major arrays. */
#ifndef GRADUS_MATRIX_H
#define GRADUS_MATRIX_H

#include <gradus/context.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* op(A) op(B): nn = A B, nt = A B^T, tn = A^T B. */
typedef int32_t gradus_product;
enum { GRADUS_PRODUCT_NN = 1, GRADUS_PRODUCT_NT = 2, GRADUS_PRODUCT_TN = 3 };

/* C = alpha * op(A) op(B) + beta * C, fp32, matrices with any row stride (batch = 1). C [m, n]; A [m, k] (tn: [k, m]); B [k, n] (nt: [n, k]). Any
 * size, 0 too. beta = 0 never reads C. C must not overlap A or B. Each element is a fixed chain of fused multiply-adds over k in blocks of 256
 * (docs/numerics.md, section 4), so a row of C does not depend on the other rows, the ISA or the thread count. The context's threads share the work;
 * its scratch takes at most some 8 MB for packing, whatever the shapes. Errors: INVALID_ARGUMENT (shapes that do not fit, strides, NULL), UNSUPPORTED
 * (dtype), OUT_OF_MEMORY (scratch, before C is written), INTERRUPTED (C is then partly written). */
GRADUS_API gradus_status gradus_matrix_multiply(gradus_context *context, gradus_product product, double alpha, const gradus_tensor *a,
                                                const gradus_tensor *b, double beta, const gradus_tensor *c);

GRADUS_END_DECLS

#endif
