/* Products on plain arrays. A product is cut into chunks of bounded size; of a chunk, A is packed into strips as high as the register tile and B into
 * panels as wide, then strips meet panels. The micro-kernel and its order are the table's; docs/adr/0010 has the figures behind the sizes. */
#include <gradus/matrix.h>

#include <string.h>

#include "base/fp.h"
#include "base/phases.h"
#include "kernels/contract.h"
#include "kernels/kernels.h"
#include "kernels/tensor.h"

enum {
    CHUNK = 1088,            /* the most rows and columns of C in a chunk, but for rounding up */
    DEPTH = 4 * GD_K_BLOCK,  /* the most of k in a chunk: its piece of B for one task stays in a second-level cache */
    TASK_COLUMNS = 128,      /* columns of a task: whole panels, whose B meets strip after strip */
    TASK_PRODUCTS = 1 << 18, /* multiplications that a task should have at least */
    MAX_TILE_ROWS = 16,      /* of any ISA */
    TILE = MAX_TILE_ROWS * TASK_COLUMNS
};

typedef struct product {
    const gd_kernels *kernels;
    size_t m, n, k;
    const float *a, *b;
    float *c;
    ptrdiff_t a_row, a_k, b_k, b_column, c_row; /* element strides of op(A), op(B), C */
    float alpha, beta;
    bool pack_a, pack_b;
    size_t chunk_rows, chunk_columns, chunk_depth; /* of every chunk but the last ones */
    float *strips, *panels, *sums;                 /* scratch; sums: r of a chunk, between its pieces of k */
} product;

/* One chunk: where it begins and how far it reaches. */
typedef struct chunk {
    const product *product;
    size_t row, column, first, rows, columns, k;
} chunk;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t pieces(size_t n, size_t size) { return n / size + (n % size != 0); }

/* Floats between two k of a strip: whole vectors, so that packing stores nothing else. */
static size_t strip_width(const gd_kernels *kernels) { return gd_round_up(kernels->tile_rows, kernels->width); }

/* ---- packing ---- */

/* Strip s holds rows s*tile_rows .. of the chunk's A, k-major; rows that A does not have are 0. */
static void pack_strip(const chunk *c, size_t strip) {
    const product *p = c->product;
    const size_t width = strip_width(p->kernels), row = strip * p->kernels->tile_rows, rows = least(c->rows - row, width);
    const float *a = p->a + (ptrdiff_t)(c->row + row) * p->a_row + (ptrdiff_t)c->first * p->a_k;
    float *out = p->strips + strip * width * c->k;
    if (rows < width) memset(out, 0, width * c->k * sizeof *out);
    if (p->a_k == 1) {
        p->kernels->transpose(a, p->a_row, out, (ptrdiff_t)width, rows, c->k);
    } else {
        p->kernels->copy(a, p->a_k, out, (ptrdiff_t)width, c->k, rows);
    }
}

/* Panel p holds columns p*tile_columns .. of the chunk's B, k-major; columns that B does not have are 0. */
static void pack_panel(const chunk *c, size_t panel) {
    const product *p = c->product;
    const size_t width = p->kernels->tile_columns, column = panel * width, columns = least(c->columns - column, width);
    const float *b = p->b + (ptrdiff_t)c->first * p->b_k + (ptrdiff_t)(c->column + column) * p->b_column;
    float *out = p->panels + column * c->k;
    if (columns < width) memset(out, 0, width * c->k * sizeof *out);
    if (p->b_k == 1) {
        p->kernels->transpose(b, p->b_column, out, (ptrdiff_t)width, columns, c->k);
    } else {
        p->kernels->copy(b, p->b_k, out, (ptrdiff_t)width, c->k, columns);
    }
}

static size_t strips(const chunk *c) { return pieces(c->rows, c->product->kernels->tile_rows); }

/* Tasks: the strips, then the panels, as far as they are packed. */
static void pack(void *argument, size_t begin, size_t end) {
    const chunk *c = argument;
    const size_t of_a = c->product->pack_a ? strips(c) : 0;
    for (size_t task = begin; task < end; task++) {
        if (task < of_a) {
            pack_strip(c, task);
        } else {
            pack_panel(c, task - of_a);
        }
    }
}

/* ---- multiplying ---- */

/* r (+)= one block of k. Packed operands are read in whole tiles, padding included; what that gives beside C's elements is never looked at. */
static void multiply_block(const chunk *c, size_t strip, size_t column, size_t block, float *r) {
    const product *p = c->product;
    const gd_kernels *kernels = p->kernels;
    const size_t row = strip * kernels->tile_rows, width = strip_width(kernels), columns = least(c->columns - column, TASK_COLUMNS);
    const size_t step = p->pack_b ? kernels->tile_columns : columns;
    gd_tile tile = {.c_row = TASK_COLUMNS, .rows = least(c->rows - row, kernels->tile_rows), .k = least(c->k - block, GD_K_BLOCK)};
    tile.run = tile.k;
    tile.add = c->first + block > 0;
    if (p->pack_a) {
        const size_t half = kernels->tile_rows / 2;
        tile.a = p->strips + (strip * c->k + block) * width;
        tile.a_row = 1;
        tile.a_k = (ptrdiff_t)width;
        tile.rows = tile.rows <= half ? half : kernels->tile_rows;
    } else {
        tile.a = p->a + (ptrdiff_t)(c->row + row) * p->a_row + (ptrdiff_t)(c->first + block) * p->a_k;
        tile.a_row = p->a_row;
        tile.a_k = p->a_k;
    }
    for (size_t j = 0; j < columns; j += step) {
        if (p->pack_b) {
            tile.b = p->panels + (column + j) * c->k + block * step;
            tile.b_k = (ptrdiff_t)step;
            tile.columns = least(gd_round_up(columns - j, kernels->width), step);
        } else {
            tile.b = p->b + (ptrdiff_t)(c->first + block) * p->b_k + (ptrdiff_t)(c->column + column + j);
            tile.b_k = p->b_k;
            tile.columns = columns;
        }
        tile.c = r + j;
        kernels->tile(&tile);
    }
}

/* One strip by TASK_COLUMNS columns: r collects the blocks of k in order; behind the last one C takes it. */
static void multiply_task(const chunk *c, size_t strip, size_t column, float *r) {
    const product *p = c->product;
    const size_t row = strip * p->kernels->tile_rows, rows = least(c->rows - row, p->kernels->tile_rows);
    size_t block = 0;
    do { /* k = 0 passes once: r = +0 */
        multiply_block(c, strip, column, block, r);
        block += GD_K_BLOCK;
    } while (block < c->k);
    if (c->first + c->k < p->k) return;
    for (size_t i = 0; i < rows; i++)
        p->kernels->finish(p->c + (ptrdiff_t)(c->row + row + i) * p->c_row + c->column + column, r + i * TASK_COLUMNS,
                           least(c->columns - column, TASK_COLUMNS), p->alpha, p->beta);
}

/* Tasks run down the strips first, so that their piece of B stays in cache. */
static void multiply(void *argument, size_t begin, size_t end) {
    const chunk *c = argument;
    float own[TILE];
    for (size_t task = begin; task < end; task++) {
        float *r = c->product->sums ? c->product->sums + task * TILE : own;
        multiply_task(c, task % strips(c), task / strips(c) * TASK_COLUMNS, r);
    }
}

static gradus_status run_chunk(gradus_context *context, chunk *c) {
    const product *p = c->product;
    const size_t of_a = p->pack_a ? strips(c) : 0, of_b = p->pack_b ? pieces(c->columns, p->kernels->tile_columns) : 0;
    const size_t products = p->kernels->tile_rows * TASK_COLUMNS * (c->k + 1); /* of a strip by TASK_COLUMNS */
    const gd_phase phases[] = {
        {pack, c, c->k ? of_a + of_b : 0, 1},
        {multiply, c, strips(c) * pieces(c->columns, TASK_COLUMNS), pieces(TASK_PRODUCTS, products)},
    };
    return gd_phases_run(context, phases, 2, (double)c->rows * (double)c->columns * ((double)c->k + 1.0), 2);
}

static GD_NOINLINE gradus_status run(gradus_context *context, product *p, double alpha, double beta) {
    gradus_status status = GRADUS_OK;
    chunk c = {.product = p};
    p->alpha = (float)alpha; /* rounds: inside the guard */
    p->beta = (float)beta;
    for (c.column = 0; c.column < p->n; c.column += p->chunk_columns)
        for (c.row = 0; c.row < p->m; c.row += p->chunk_rows) {
            c.columns = least(p->n - c.column, p->chunk_columns);
            c.rows = least(p->m - c.row, p->chunk_rows);
            c.first = 0;
            do {
                c.k = least(p->k - c.first, p->chunk_depth);
                status = run_chunk(context, &c);
                c.first += c.k;
            } while (status == GRADUS_OK && c.first < p->k);
            if (status != GRADUS_OK) return status;
        }
    return GRADUS_OK;
}

/* ---- the public function ---- */

/* Equal chunks, none larger than `most` rounded up to whole units. */
static size_t chunk_size(size_t n, size_t most, size_t unit) { return n == 0 ? unit : gd_round_up(pieces(n, pieces(n, most)), unit); }

/* Chooses chunks and what is packed, and lays out the scratch. */
static gradus_status plan(gradus_context *context, product *p) {
    const gd_kernels *kernels = p->kernels;
    p->chunk_rows = chunk_size(p->m, CHUNK, kernels->tile_rows);
    p->chunk_columns = chunk_size(p->n, CHUNK, TASK_COLUMNS);
    p->chunk_depth = chunk_size(p->k, DEPTH, GD_K_BLOCK);
    p->pack_a = p->n > kernels->tile_columns;
    p->pack_b = p->m > kernels->tile_rows || p->b_column != 1;
    const size_t columns = gd_round_up(least(p->n, p->chunk_columns), kernels->tile_columns), depth = least(p->k, p->chunk_depth);
    const size_t of_a = p->pack_a ? p->chunk_rows / kernels->tile_rows * strip_width(kernels) * depth : 0;
    const size_t of_b = p->pack_b ? columns * depth : 0;
    const size_t of_r = p->k > depth ? p->chunk_rows / kernels->tile_rows * (p->chunk_columns / TASK_COLUMNS) * TILE : 0;
    void *memory;
    gradus_status status = gd_context_scratch(context, (of_a + of_b + of_r) * sizeof(float), &memory);
    if (status != GRADUS_OK) return status;
    p->strips = memory;
    p->panels = p->strips + of_a;
    p->sums = of_r ? p->panels + of_b : NULL;
    return GRADUS_OK;
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
    gradus_status status = check(context, kind, a, b, c, &k);
    if (status != GRADUS_OK) return status;
    const int tn = kind == GRADUS_PRODUCT_TN, nt = kind == GRADUS_PRODUCT_NT;
    product p = {.kernels = context->kernels,
                 .m = c->rows,
                 .n = c->columns,
                 .k = k,
                 .a = a->data,
                 .b = b->data,
                 .c = c->data,
                 .a_row = tn ? 1 : a->row_stride,
                 .a_k = tn ? a->row_stride : 1,
                 .b_k = nt ? 1 : b->row_stride,
                 .b_column = nt ? b->row_stride : 1,
                 .c_row = c->row_stride};
    status = plan(context, &p);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(context, &p, alpha, beta);
    gd_fp_leave(environment);
    return status;
}
