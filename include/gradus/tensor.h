/* Tensors: how arrays in the caller's memory are described. */
#ifndef GRADUS_TENSOR_H
#define GRADUS_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/export.h>

GRADUS_BEGIN_DECLS

/* Element types. A type that is known but not built for a function is GRADUS_UNSUPPORTED there. Append-only. */
typedef int32_t gradus_dtype;
enum {
    GRADUS_DTYPE_F32 = 1,
    GRADUS_DTYPE_F64 = 2,
    GRADUS_DTYPE_BF16 = 3,
    GRADUS_DTYPE_F16 = 4,
    GRADUS_DTYPE_U8 = 5,
    GRADUS_DTYPE_I8 = 6,
    GRADUS_DTYPE_I32 = 7
};

/* `batch` matrices of `rows` x `columns`, row-major: element (b, r, c) is data[b*batch_stride + r*row_stride + c], strides in elements. 64 bytes for
 * ever. A vector has rows = 1, a scalar is 1x1x1. Strides are >= 0 and rows and matrices must not overlap (row_stride >= columns where rows
 * > 1). A tensor without elements may have data = NULL. Unknown flags and reserved != 0 are errors. Any alignment that fits the type
 * is allowed. */
typedef struct gradus_tensor {
    void *data;
    size_t batch, rows, columns;
    ptrdiff_t batch_stride, row_stride;
    gradus_dtype dtype;
    uint32_t flags;
    uint64_t reserved;
} gradus_tensor;

/* A dense rows x columns matrix, and a vector of n, in the caller's memory. */
static inline gradus_tensor gradus_tensor_matrix(gradus_dtype dtype, void *data, size_t rows, size_t columns) {
    gradus_tensor tensor = {data, 1, rows, columns, (ptrdiff_t)(rows * columns), (ptrdiff_t)columns, dtype, 0, 0};
    return tensor;
}
static inline gradus_tensor gradus_tensor_vector(gradus_dtype dtype, void *data, size_t n) { return gradus_tensor_matrix(dtype, data, 1, n); }

GRADUS_END_DECLS

#endif
