/* gradus_matrix_multiply: checks, and the end of a product on a caller's C. */
#include <gradus/matrix.h>

#include "base/fp.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/tensor.h"

/* Where a product's results go. */
typedef struct sink {
    const gd_kernels *kernels;
    float *c;
    ptrdiff_t c_row;
    float alpha, beta;
} sink;

static void take(const void *argument, size_t row, size_t column, const float *r, size_t columns) {
    const sink *s = argument;
    s->kernels->finish(s->c + (ptrdiff_t)row * s->c_row + column, r, columns, s->alpha, s->beta);
}

static GD_NOINLINE gradus_status run(gradus_context *context, const gd_product *product, sink *s, double alpha, double beta, void *scratch) {
    s->alpha = (float)alpha; /* rounds: inside the guard */
    s->beta = (float)beta;
    return gd_product_run(context, product, scratch);
}

static gradus_status check(gradus_context *context, gradus_product kind, const gradus_tensor *a, const gradus_tensor *b, const gradus_tensor *c,
                           size_t *k) {
    if (!a || !b || !c) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_matrix_multiply: a, b and c must not be NULL");
    if (kind != GRADUS_PRODUCT_NN && kind != GRADUS_PRODUCT_NT && kind != GRADUS_PRODUCT_TN)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_matrix_multiply: %d is no product; GRADUS_PRODUCT_NN, _NT or _TN is expected",
                       (int)kind);
    *k = kind == GRADUS_PRODUCT_TN ? a->rows : a->columns;
    const size_t m = c->rows, n = c->columns;
    gradus_status status = gd_tensor_check_f32(context, c, m, n, "gradus_matrix_multiply: c");
    if (status == GRADUS_OK)
        status = kind == GRADUS_PRODUCT_TN ? gd_tensor_check_f32(context, a, *k, m, "gradus_matrix_multiply: a (tn: [k, m])")
                                           : gd_tensor_check_f32(context, a, m, *k, "gradus_matrix_multiply: a ([m, k])");
    if (status == GRADUS_OK)
        status = kind == GRADUS_PRODUCT_NT ? gd_tensor_check_f32(context, b, n, *k, "gradus_matrix_multiply: b (nt: [n, k])")
                                           : gd_tensor_check_f32(context, b, *k, n, "gradus_matrix_multiply: b ([k, n])");
    return status;
}

gradus_status gradus_matrix_multiply(gradus_context *context, gradus_product kind, double alpha, const gradus_tensor *a, const gradus_tensor *b,
                                     double beta, const gradus_tensor *c) {
    size_t k = 0;
    void *scratch;
    gradus_status status = check(context, kind, a, b, c, &k);
    if (status != GRADUS_OK) return status;
    sink s = {.kernels = context->kernels, .c = c->data, .c_row = c->row_stride};
    const gd_product product = {kind, c->rows, c->columns, k, a->data, b->data, a->row_stride, b->row_stride, take, &s};
    status = gd_context_scratch(context, gd_product_scratch(context, &product), &scratch);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(context, &product, &s, alpha, beta, scratch);
    gd_fp_leave(environment);
    return status;
}
