/* Products on plain arrays: B is packed once into panels of the register tile's width, A strip by strip; the micro-kernel and its order are the
 * table's. */
#include <gradus/matrix.h>

#include "base/fp.h"
#include "base/phases.h"
#include "kernels/contract.h"
#include "kernels/kernels.h"
#include "kernels/tensor.h"

enum { COLUMN_CHUNK = 256, MAX_TILE_ROWS = 16 };

typedef struct product {
    const gd_kernels *kernels;
    size_t m, n, k;
    const float *a, *b;
    float *c, *packed;
    ptrdiff_t a_row, a_k, b_k, b_column, c_row; /* element strides of op(A), op(B), C */
    float alpha, beta;
} product;

/* Panel p holds columns p*width .. of op(B), k-major: packed[p*width*k + i*width + j]. */
static void pack_b(void *argument, size_t begin, size_t end) {
    const product *t = argument;
    const size_t width = t->kernels->tile_columns;
    for (size_t panel = begin; panel < end; panel++) {
        const size_t first = panel * width, columns = t->n - first < width ? t->n - first : width;
        float *out = t->packed + first * t->k;
        for (size_t p = 0; p < t->k; p++)
            for (size_t j = 0; j < columns; j++) out[p * width + j] = t->b[(ptrdiff_t)p * t->b_k + (ptrdiff_t)(first + j) * t->b_column];
    }
}

static size_t column_chunks(const product *t) { return (t->n + COLUMN_CHUNK - 1) / COLUMN_CHUNK; }

/* One strip of tile_rows rows by one chunk of columns: r collects the k-blocks in order, then C takes it. */
static void multiply_strip(const product *t, size_t row, size_t column) {
    float r[MAX_TILE_ROWS * COLUMN_CHUNK], a[MAX_TILE_ROWS * GD_K_BLOCK];
    const size_t width = t->kernels->tile_columns, strip = t->kernels->tile_rows;
    const size_t rows = t->m - row < strip ? t->m - row : strip;
    const size_t columns = t->n - column < COLUMN_CHUNK ? t->n - column : COLUMN_CHUNK;
    size_t p = 0;
    do { /* k = 0 passes once: r = +0 */
        const size_t k = t->k - p < GD_K_BLOCK ? t->k - p : GD_K_BLOCK;
        for (size_t i = 0; i < rows; i++)
            for (size_t q = 0; q < k; q++) a[q * strip + i] = t->a[(ptrdiff_t)(row + i) * t->a_row + (ptrdiff_t)(p + q) * t->a_k];
        for (size_t j = 0; j < columns; j += width) {
            const gd_tile tile = {.a = a,
                                  .a_row = 1,
                                  .a_k = (ptrdiff_t)strip,
                                  .run = k,
                                  .b = t->packed + (column + j) * t->k + p * width,
                                  .b_k = (ptrdiff_t)width,
                                  .c = r + j,
                                  .c_row = COLUMN_CHUNK,
                                  .rows = rows,
                                  .columns = columns - j < width ? columns - j : width,
                                  .k = k,
                                  .add = p > 0};
            t->kernels->tile(&tile);
        }
        p += k;
    } while (p < t->k);
    for (size_t i = 0; i < rows; i++)
        t->kernels->finish(t->c + (ptrdiff_t)(row + i) * t->c_row + column, r + i * COLUMN_CHUNK, columns, t->alpha, t->beta);
}

static void multiply(void *argument, size_t begin, size_t end) {
    const product *t = argument;
    const size_t chunks = column_chunks(t);
    for (size_t task = begin; task < end; task++) multiply_strip(t, task / chunks * t->kernels->tile_rows, task % chunks * COLUMN_CHUNK);
}

static GD_NOINLINE gradus_status run(gradus_context *context, product *t, double alpha, double beta) {
    t->alpha = (float)alpha; /* rounds: inside the guard */
    t->beta = (float)beta;
    const size_t strip = t->kernels->tile_rows, width = t->kernels->tile_columns;
    const gd_phase phases[] = {
        {pack_b, t, t->k ? (t->n + width - 1) / width : 0, 1},
        {multiply, t, (t->m + strip - 1) / strip * column_chunks(t), 1},
    };
    return gd_phases_run(context, phases, 2, (double)t->m * (double)t->n * ((double)t->k + 1.0), 2);
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
    size_t k = 0, floats, bytes;
    void *packed;
    gradus_status status = check(context, kind, a, b, c, &k);
    if (status != GRADUS_OK) return status;
    if (!gd_size_multiply(gd_round_up(c->columns, context->kernels->tile_columns), k, &floats) || !gd_size_multiply(floats, sizeof(float), &bytes))
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "gradus_matrix_multiply: b is too large to pack");
    status = gd_context_scratch(context, bytes, &packed);
    if (status != GRADUS_OK) return status;
    const int tn = kind == GRADUS_PRODUCT_TN, nt = kind == GRADUS_PRODUCT_NT;
    product t = {.kernels = context->kernels,
                 .m = c->rows,
                 .n = c->columns,
                 .k = k,
                 .a = a->data,
                 .b = b->data,
                 .c = c->data,
                 .packed = packed,
                 .a_row = tn ? 1 : a->row_stride,
                 .a_k = tn ? a->row_stride : 1,
                 .b_k = nt ? 1 : b->row_stride,
                 .b_column = nt ? b->row_stride : 1,
                 .c_row = c->row_stride};
    const gd_fp_environment environment = gd_fp_enter();
    status = run(context, &t, alpha, beta);
    gd_fp_leave(environment);
    return status;
}
