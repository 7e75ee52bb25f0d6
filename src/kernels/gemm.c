/* Products on plain arrays. A product is cut into chunks of bounded size; of a chunk, A is packed into strips as high as the register tile and B into
 * panels as wide, then strips meet panels. The micro-kernel and its order are the table's; docs/adr/0010 has the figures behind the sizes. */
#include "kernels/gemm.h"

#include <string.h>

#include "base/phases.h"
#include "kernels/contract.h"
#include "kernels/kernels.h"
#include "kernels/step.h"

enum {
    CHUNK = 1088,             /* the most rows and columns of C in a chunk, but for rounding up */
    DEPTH = 4 * GD_K_BLOCK,   /* the most of k in a chunk; less, down to one block, where there are CHUNK_PRODUCTS all the same: the packed pieces, */
    CHUNK_PRODUCTS = 1 << 25, /* written over chunk by chunk, stay in caches, but threads wait for each other twice a chunk */
    SLAB = 16,                /* of k, that a task copies: whole rows of the chunk, read one after another */
    TASK_COLUMNS = 128,       /* columns of a task: whole panels, whose B meets strip after strip */
    TASK_PRODUCTS = 1 << 18,  /* multiplications that a task should have at least */
    MAX_TILE_ROWS = 16        /* of any ISA */
};

/* A by rows or B by columns: element (i, p) is data[i*lane + p*k], i along C, p along k. Packed, panel j holds i = j*step .. j*step + width - 1,
 * k-major; what an operand does not have is 0 there. */
typedef struct operand {
    const float *data;
    ptrdiff_t lane, k; /* one of them is 1 */
    size_t step;       /* of the register tile */
    size_t width;      /* step, rounded up to whole vectors, so that packing stores nothing else */
    float *packed;     /* NULL: read where it is */
} operand;

typedef struct product {
    const gd_product *about;
    const gd_kernels *kernels;
    size_t m, n, k;
    operand a, b;
    size_t chunk_rows, chunk_columns, chunk_depth; /* of every chunk but the last ones */
    float *sums;                                   /* r of a chunk between its pieces of k, where there are several; else NULL */
} product;

/* One chunk: where it begins and how far it reaches. */
typedef struct chunk {
    const product *product;
    size_t row, column, first, rows, columns, k;
} chunk;

/* An operand without elements has no address. */
static const float *element(const operand *o, size_t i, size_t p) { return o->data ? o->data + (ptrdiff_t)i * o->lane + (ptrdiff_t)p * o->k : NULL; }

/* ---- packing ---- */

/* Tasks: panels where k runs along the rows in memory, else slabs of k. */
static size_t pack_tasks(const operand *o, size_t lanes, size_t k) {
    if (!o->packed || k == 0) return 0;
    return o->k == 1 ? gd_blocks(lanes, o->step) : gd_blocks(k, SLAB);
}

static void pack_task(const gd_kernels *kernels, const operand *o, size_t first_lane, size_t lanes, size_t first, size_t k, size_t task) {
    const bool turned = o->k == 1;
    const size_t begin = turned ? task : 0, end = turned ? task + 1 : gd_blocks(lanes, o->step);
    const size_t slab = turned ? 0 : task * SLAB, count = turned ? k : gd_least(k - slab, SLAB);
    for (size_t panel = begin; panel < end; panel++) {
        const size_t lane = panel * o->step, width = gd_least(lanes - lane, o->width);
        const float *from = element(o, first_lane + lane, first + slab);
        float *to = o->packed + (panel * k + slab) * o->width;
        if (width < o->width) memset(to, 0, count * o->width * sizeof *to);
        if (turned) {
            kernels->transpose(from, o->lane, to, (ptrdiff_t)o->width, width, count);
        } else {
            kernels->copy(from, o->k, to, (ptrdiff_t)o->width, count, width);
        }
    }
}

static void pack(void *argument, size_t begin, size_t end) {
    const chunk *c = argument;
    const product *p = c->product;
    const size_t of_a = pack_tasks(&p->a, c->rows, c->k);
    for (size_t task = begin; task < end; task++) {
        if (task < of_a) {
            pack_task(p->kernels, &p->a, c->row, c->rows, c->first, c->k, task);
        } else {
            pack_task(p->kernels, &p->b, c->column, c->columns, c->first, c->k, task - of_a);
        }
    }
}

/* ---- multiplying ---- */

static size_t strips(const chunk *c) { return gd_blocks(c->rows, c->product->a.step); }

/* r (+)= one block of k. Packed operands are read in whole tiles, zeros included; what that gives beside C's elements is never looked at. */
static void multiply_block(const chunk *c, size_t strip, size_t column, size_t block, float *r) {
    const operand *a = &c->product->a, *b = &c->product->b;
    const gd_kernels *kernels = c->product->kernels;
    const size_t row = strip * a->step, rows = gd_least(c->rows - row, a->step), columns = gd_least(c->columns - column, TASK_COLUMNS);
    gd_tile tile = {.c_row = TASK_COLUMNS, .k = gd_least(c->k - block, GD_K_BLOCK), .add = c->first + block > 0};
    tile.run = tile.k;
    tile.rows = !a->packed ? rows : rows <= a->step / 2 ? a->step / 2 : a->step;
    tile.a = a->packed ? a->packed + (strip * c->k + block) * a->width : element(a, c->row + row, c->first + block);
    tile.a_row = a->packed ? 1 : a->lane;
    tile.a_k = a->packed ? (ptrdiff_t)a->width : a->k;
    tile.b_k = b->packed ? (ptrdiff_t)b->width : b->k;
    for (size_t j = 0, step = b->packed ? b->step : columns; j < columns; j += step) {
        tile.b = b->packed ? b->packed + (column + j) * c->k + block * step : element(b, c->column + column + j, c->first + block);
        tile.columns = b->packed ? gd_least(gd_round_up(columns - j, kernels->width), step) : columns;
        tile.c = r + j;
        kernels->tile(&tile);
    }
}

/* One strip by TASK_COLUMNS columns: r collects the blocks of k in order; behind the last one it is taken. */
static void multiply_task(const chunk *c, size_t strip, size_t column, float *r) {
    const product *p = c->product;
    const size_t row = strip * p->a.step, rows = gd_least(c->rows - row, p->a.step), columns = gd_least(c->columns - column, TASK_COLUMNS);
    size_t block = 0;
    do { /* k = 0 passes once: r = +0 */
        multiply_block(c, strip, column, block, r);
        block += GD_K_BLOCK;
    } while (block < c->k);
    if (c->first + c->k < p->k) return;
    for (size_t i = 0; i < rows; i++) p->about->take(p->about->argument, c->row + row + i, c->column + column, r + i * TASK_COLUMNS, columns);
}

/* Tasks run down the strips first, so that their piece of B stays in cache. */
static void multiply(void *argument, size_t begin, size_t end) {
    const chunk *c = argument;
    float own[MAX_TILE_ROWS * TASK_COLUMNS];
    for (size_t task = begin; task < end; task++) {
        float *r = c->product->sums ? c->product->sums + task * c->product->a.step * TASK_COLUMNS : own;
        multiply_task(c, task % strips(c), task / strips(c) * TASK_COLUMNS, r);
    }
}

static gradus_status run_chunk(gradus_context *context, chunk *c) {
    const product *p = c->product;
    const size_t products = p->a.step * TASK_COLUMNS * (c->k + 1); /* of a strip by TASK_COLUMNS */
    const gd_phase phases[] = {
        {pack, c, pack_tasks(&p->a, c->rows, c->k) + pack_tasks(&p->b, c->columns, c->k), 1},
        {multiply, c, strips(c) * gd_blocks(c->columns, TASK_COLUMNS), gd_blocks(TASK_PRODUCTS, products)},
    };
    return gd_phases_run(context, phases, 2, gd_work_nanoseconds(context, 2.0 * (double)c->rows * (double)c->columns * ((double)c->k + 1.0)), 2);
}

/* ---- the whole ---- */

/* Equal chunks, none larger than `most` rounded up to whole units. */
static size_t chunk_size(size_t n, size_t most, size_t unit) { return n == 0 ? unit : gd_round_up(gd_blocks(n, gd_blocks(n, most)), unit); }

/* Floats of the packed pieces of an operand in a chunk. */
static size_t packed_size(const operand *o, size_t n, size_t k) { return gd_blocks(n, o->step) * o->width * k; }

/* Chooses chunks and what is packed (nothing that would be read only once from there), and lays out the scratch (memory NULL: only measures it, in
 * floats). */
static product plan(const gradus_context *context, const gd_product *about, float *memory, size_t *floats) {
    const gd_kernels *kernels = context->kernels;
    const bool tn = about->kind == GRADUS_PRODUCT_TN, nt = about->kind == GRADUS_PRODUCT_NT;
    const size_t height = kernels->tile_rows, width = kernels->tile_columns;
    product p = {.about = about,
                 .kernels = kernels,
                 .m = about->m,
                 .n = about->n,
                 .k = about->k,
                 .a = {about->a, tn ? 1 : about->a_row, tn ? about->a_row : 1, height, gd_round_up(height, kernels->width), NULL},
                 .b = {about->b, nt ? about->b_row : 1, nt ? 1 : about->b_row, width, width, NULL}};
    p.chunk_rows = chunk_size(p.m, CHUNK, p.a.step);
    p.chunk_columns = chunk_size(p.n, CHUNK, TASK_COLUMNS);
    const bool pack_a = p.n > p.b.step, pack_b = p.m > p.a.step || p.b.lane != 1;
    const size_t rows = gd_least(p.m, p.chunk_rows), columns = gd_least(p.n, p.chunk_columns);
    p.chunk_depth = chunk_size(p.k, gd_least(DEPTH, gd_round_up(CHUNK_PRODUCTS / (rows * columns + 1) + 1, GD_K_BLOCK)), GD_K_BLOCK);
    const size_t depth = gd_least(p.k, p.chunk_depth);
    const size_t of_a = pack_a ? packed_size(&p.a, rows, depth) : 0, of_b = pack_b ? packed_size(&p.b, columns, depth) : 0;
    const size_t of_r = p.k > depth ? gd_blocks(rows, p.a.step) * gd_blocks(columns, TASK_COLUMNS) * p.a.step * TASK_COLUMNS : 0;
    *floats = of_a + of_b + of_r;
    if (!memory) return p;
    p.a.packed = pack_a ? memory : NULL;
    p.b.packed = pack_b ? memory + of_a : NULL;
    p.sums = of_r ? memory + of_a + of_b : NULL;
    return p;
}

size_t gd_product_scratch(const gradus_context *context, const gd_product *about) {
    size_t floats;
    (void)plan(context, about, NULL, &floats);
    return floats * sizeof(float);
}

gradus_status gd_product_run(gradus_context *context, const gd_product *about, void *scratch) {
    size_t floats;
    const product p = plan(context, about, scratch, &floats);
    chunk c = {.product = &p};
    for (c.column = 0; c.column < p.n; c.column += p.chunk_columns)
        for (c.row = 0; c.row < p.m; c.row += p.chunk_rows) {
            c.columns = gd_least(p.n - c.column, p.chunk_columns);
            c.rows = gd_least(p.m - c.row, p.chunk_rows);
            c.first = 0;
            do {
                c.k = gd_least(p.k - c.first, p.chunk_depth);
                const gradus_status status = run_chunk(context, &c);
                if (status != GRADUS_OK) return status;
                c.first += c.k;
            } while (c.first < p.k);
        }
    return GRADUS_OK;
}
