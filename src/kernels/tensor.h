/* Checks of the caller's tensors, with messages. */
#ifndef GD_KERNELS_TENSOR_H
#define GD_KERNELS_TENSOR_H

#include <stdbool.h>

#include <gradus/tensor.h>

#include "base/context.h"

/* Fails unless the tensor is well formed: no unknown flag, reserved 0, strides that do not overlap, data where there are elements, size that fits.
 * `what` names it in the message ("parameters[3]"). */
gradus_status gd_tensor_check(gradus_context *context, const gradus_tensor *tensor, const char *what);

/* gd_tensor_check, and dtype F32, and gd_tensor_check_shape. */
gradus_status gd_tensor_check_f32(gradus_context *context, const gradus_tensor *tensor, size_t rows, size_t columns, const char *what);

/* Batch 1 and this shape. */
gradus_status gd_tensor_check_shape(gradus_context *context, const gradus_tensor *tensor, size_t rows, size_t columns, const char *what);

/* Whether the elements lie one after another without gaps. */
static inline bool gd_tensor_dense(const gradus_tensor *tensor) {
    return (tensor->rows == 1 || (size_t)tensor->row_stride == tensor->columns) &&
           (tensor->batch == 1 || (size_t)tensor->batch_stride == tensor->rows * tensor->columns);
}

/* Where row r of the batch's matrices, counted through (batch * rows of them), starts, in elements. */
static inline ptrdiff_t gd_tensor_row(const gradus_tensor *tensor, size_t r) {
    if (tensor->batch == 1) return (ptrdiff_t)r * tensor->row_stride; /* what nearly all are: no division */
    return (ptrdiff_t)(r / tensor->rows) * tensor->batch_stride + (ptrdiff_t)(r % tensor->rows) * tensor->row_stride;
}

#endif
