/* Sums over the columns of a layer's weights, or of what lies like them. docs/numerics.md, section 3. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    SQUARE = 8,    /* columns whose squares are summed side by side */
    MOST_OPEN = 56 /* nodes of a tree over blocks of 256 rows */
};

/* A block's chains acc = fma(x, x, acc): the diagonal of a product of the block with itself, SQUARE columns at a time, which costs no more than waiting
 * for one chain would. */
static void block_squares(const gd_kernels *kernels, const float *x, size_t rows, size_t columns, float *out) {
    for (size_t j = 0; j < columns; j += SQUARE) {
        float c[SQUARE * SQUARE];
        const size_t width = gd_least(columns - j, SQUARE);
        const gd_tile tile = {.a = x + j,
                              .a_row = 1,
                              .a_k = GD_PANEL,
                              .run = rows,
                              .b = x + j,
                              .b_k = GD_PANEL,
                              .c = c,
                              .c_row = SQUARE,
                              .rows = width,
                              .columns = width,
                              .k = rows};
        kernels->tile(&tile);
        for (size_t i = 0; i < width; i++) out[j + i] = c[i * SQUARE + i];
    }
}

/* The same of acc = acc + |x|. */
static void block_magnitudes(const gd_kernels *kernels, const float *x, size_t rows, size_t columns, float *out) {
    float magnitudes[GD_K_BLOCK * GD_PANEL];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) magnitudes[i * GD_PANEL + j] = fabsf(x[i * GD_PANEL + j]);
    kernels->column_sum(magnitudes, GD_PANEL, rows, columns, out);
}

/* `rows` rows from `row` on of a panel's columns, [rows][GD_PANEL]; those of a narrow layer are turned into `turned`. */
static const float *block_at(const gd_kernels *kernels, gd_dense dense, const float *values, size_t panel, size_t row, size_t rows, float *turned) {
    if (!gd_dense_narrow(dense)) return values + (panel * dense.inputs + row) * GD_PANEL;
    kernels->transpose(values + row, (ptrdiff_t)dense.inputs, turned, GD_PANEL, dense.outputs, rows);
    return turned;
}

void gd_column_sums(const gradus_context *context, gd_dense dense, const float *values, gd_column_sum kind, size_t panel, float *columns) {
    float open[MOST_OPEN][GD_PANEL], turned[GD_K_BLOCK * GD_PANEL];
    const gd_kernels *kernels = context->kernels;
    const size_t width = gd_least(dense.outputs - panel * GD_PANEL, GD_PANEL);
    size_t top = 0, item = 0;
    for (size_t row = 0; row < dense.inputs; row += GD_K_BLOCK) {
        const size_t rows = gd_least(dense.inputs - row, GD_K_BLOCK);
        const float *block = block_at(kernels, dense, values, panel, row, rows, turned);
        (kind == GD_SUM_SQUARES ? block_squares : block_magnitudes)(kernels, block, rows, width, open[top++]);
        for (unsigned joins = gd_tree_joins(item++); joins > 0; joins--, top--) kernels->add(open[top - 2], open[top - 1], width);
    }
    for (; top > 1; top--) kernels->add(open[top - 2], open[top - 1], width);
    for (size_t j = 0; j < width; j++) columns[panel * GD_PANEL + j] = open[0][j];
}

float gd_sum_columns(const gradus_context *context, const float *columns, size_t count) { return gd_sum(context->kernels, columns, count); }

float gd_sum_of_squares(const gradus_context *context, const float *values, size_t count) { return gd_dot(context->kernels, values, values, count); }
