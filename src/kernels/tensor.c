/* Checks of the caller's tensors. */
#include "kernels/tensor.h"

#include "base/memory.h"

static size_t dtype_size(gradus_dtype dtype) {
    switch (dtype) {
    case GRADUS_DTYPE_F64:
        return 8;
    case GRADUS_DTYPE_F32:
    case GRADUS_DTYPE_I32:
        return 4;
    case GRADUS_DTYPE_BF16:
    case GRADUS_DTYPE_F16:
        return 2;
    case GRADUS_DTYPE_U8:
    case GRADUS_DTYPE_I8:
        return 1;
    default:
        return 0;
    }
}

/* The extent in elements from the first to one past the last, checked. */
static bool extent(const gradus_tensor *tensor, size_t *elements) {
    size_t rows, batches;
    return gd_size_multiply(tensor->rows - 1, (size_t)tensor->row_stride, &rows) &&
           gd_size_multiply(tensor->batch - 1, (size_t)tensor->batch_stride, &batches) && gd_size_add(rows, batches, elements) &&
           gd_size_add(*elements, tensor->columns, elements);
}

gradus_status gd_tensor_check(gradus_context *context, const gradus_tensor *tensor, const char *what) {
    size_t elements, bytes;
    const size_t element = dtype_size(tensor->dtype);
    if (tensor->flags != 0 || tensor->reserved != 0) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: flags and reserved must be 0", what);
    if (!element) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: unknown dtype %d", what, (int)tensor->dtype);
    if (tensor->batch == 0 || tensor->rows == 0 || tensor->columns == 0) return GRADUS_OK;
    if (!tensor->data) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: data is NULL", what);
    if (tensor->row_stride < 0 || tensor->batch_stride < 0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: strides must not be negative", what);
    if (tensor->rows > 1 && (size_t)tensor->row_stride < tensor->columns)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: rows overlap: row_stride %td is under columns %zu", what, tensor->row_stride,
                       tensor->columns);
    if (tensor->batch > 1 && (size_t)tensor->batch_stride < (tensor->rows - 1) * (size_t)tensor->row_stride + tensor->columns)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: matrices overlap: batch_stride %td is too small", what, tensor->batch_stride);
    if (!extent(tensor, &elements) || !gd_size_multiply(elements, element, &bytes) || bytes > PTRDIFF_MAX)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: its shape and strides do not fit in memory", what);
    return GRADUS_OK;
}

gradus_status gd_tensor_check_f32(gradus_context *context, const gradus_tensor *tensor, size_t rows, size_t columns, const char *what) {
    gradus_status status = gd_tensor_check(context, tensor, what);
    if (status != GRADUS_OK) return status;
    if (tensor->dtype != GRADUS_DTYPE_F32) return gd_fail(context, GRADUS_UNSUPPORTED, "%s: dtype %d is not F32", what, (int)tensor->dtype);
    return gd_tensor_check_shape(context, tensor, rows, columns, what);
}

gradus_status gd_tensor_check_shape(gradus_context *context, const gradus_tensor *tensor, size_t rows, size_t columns, const char *what) {
    if (tensor->batch != 1 || tensor->rows != rows || tensor->columns != columns)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: its shape is %zu x %zu x %zu, expected 1 x %zu x %zu", what, tensor->batch,
                       tensor->rows, tensor->columns, rows, columns);
    return GRADUS_OK;
}
