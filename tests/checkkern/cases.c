/* The list of cases but the optimizers' (cases_step.c). Those of the element-wise functions come from kernels.h: a new line there is a new case
 * here. */
#include "checkkern/cases.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/contract.h"
#include "kernels/ops.h"
#include "reference/reference.h"

void gd_one_length(gd_problem *p, int arrays) {
    p->arrays = arrays;
    for (int j = 0; j < arrays; j++) p->count[j] = p->n;
}

void gd_split_elements(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift) {
    const size_t at = (size_t)gd_random_below(random, whole->n + 1);
    first->n = at;
    second->n = whole->n - at;
    for (int j = 0; j < whole->arrays; j++) shift[j] = (ptrdiff_t)at;
}

/* --- element-wise functions: arrays x, y (in place: x alone) --- */

static void draw_unary(gd_problem *p, gd_random *random) {
    gd_one_length(p, 2);
    p->in_place = gd_random_below(random, 2) == 0;
    if (p->in_place) p->count[1] = 0;
}

static void kernel_unary(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->unary[p->about->index](arrays[0], arrays[p->in_place ? 0 : 1], p->n);
}

static void reference_unary(const gd_problem *p, float *const *arrays) {
    float *y = arrays[p->in_place ? 0 : 1];
    for (size_t i = 0; i < p->n; i++) y[i] = gd_reference_unary[p->about->index](arrays[0][i]);
}

static void draw_two(gd_problem *p, gd_random *random) {
    (void)random;
    gd_one_length(p, 2);
}

static void kernel_derivative(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->derivative[p->about->index](arrays[0], arrays[1], p->n);
}

static void reference_derivative(const gd_problem *p, float *const *arrays) {
    for (size_t i = 0; i < p->n; i++) arrays[1][i] = gd_reference_derivative[p->about->index](arrays[0][i], arrays[1][i]);
}

static void kernel_add(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) { kernels->add(arrays[0], arrays[1], p->n); }

static void reference_add(const gd_problem *p, float *const *arrays) { gd_reference_add(arrays[0], arrays[1], p->n); }

static float draw_factor(gd_random *random, gd_values values) {
    static const float usual[] = {0.0f, -0.0f, 1.0f, -1.0f};
    const uint64_t choice = gd_random_below(random, 6);
    return choice < 4 ? usual[choice] : gd_values_draw(random, choice == 4 ? GD_VALUES_NORMAL : values);
}

static void draw_finish(gd_problem *p, gd_random *random) {
    gd_one_length(p, 2);
    p->alpha = draw_factor(random, p->values);
    p->beta = draw_factor(random, p->values);
}

static void kernel_finish(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->finish(arrays[0], arrays[1], p->n, p->alpha, p->beta);
}

static void reference_finish(const gd_problem *p, float *const *arrays) { gd_reference_finish(arrays[0], arrays[1], p->n, p->alpha, p->beta); }

/* --- softmax: arrays x, y (in place: x alone), {maximum, sum} --- */

static void draw_softmax(gd_problem *p, gd_random *random) {
    draw_unary(p, random);
    p->arrays = 3;
    p->count[2] = 2;
}

static void kernel_softmax(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->softmax(arrays[0], arrays[p->in_place ? 0 : 1], p->n, &arrays[2][0], &arrays[2][1]);
}

static void reference_softmax(const gd_problem *p, float *const *arrays) {
    gd_reference_softmax(arrays[0], arrays[p->in_place ? 0 : 1], p->n, &arrays[2][0], &arrays[2][1]);
}

static void kernel_softmax_derivative(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->softmax_derivative(arrays[0], arrays[1], p->n);
}

static void reference_softmax_derivative(const gd_problem *p, float *const *arrays) { gd_reference_softmax_derivative(arrays[0], arrays[1], p->n); }

/* --- column_sum: arrays x [rows, n], out [n] --- */

static void draw_column_sum(gd_problem *p, gd_random *random) {
    p->rows = (size_t)gd_random_below(random, p->n > 1000 ? 6 : 70);
    p->stride = (ptrdiff_t)(p->n + gd_random_below(random, 9));
    p->arrays = 2;
    p->count[0] = p->rows ? (p->rows - 1) * (size_t)p->stride + p->n : 0;
    p->count[1] = p->n;
}

static void kernel_column_sum(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->column_sum(arrays[0], p->stride, p->rows, p->n, arrays[1]);
}

static void reference_column_sum(const gd_problem *p, float *const *arrays) {
    gd_reference_column_sum(arrays[0], p->stride, p->rows, p->n, arrays[1]);
}

/* --- sums: arrays x, y, {result}; block_* are the kernels', array_* the trees of them --- */

static void draw_sum(gd_problem *p, gd_random *random) {
    (void)random;
    gd_one_length(p, 3);
    p->count[2] = 1;
}

static void kernel_block_sum(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    arrays[2][0] = kernels->block_sum(arrays[0], p->n);
}
static void kernel_block_dot(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    arrays[2][0] = kernels->block_dot(arrays[0], arrays[1], p->n);
}
static void kernel_array_sum(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    arrays[2][0] = gd_sum(kernels, arrays[0], p->n);
}
static void kernel_array_dot(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    arrays[2][0] = gd_dot(kernels, arrays[0], arrays[1], p->n);
}
static void reference_block_sum(const gd_problem *p, float *const *arrays) { arrays[2][0] = gd_reference_block_sum(arrays[0], p->n); }
static void reference_block_dot(const gd_problem *p, float *const *arrays) { arrays[2][0] = gd_reference_block_dot(arrays[0], arrays[1], p->n); }
static void reference_array_sum(const gd_problem *p, float *const *arrays) { arrays[2][0] = gd_reference_sum(arrays[0], p->n); }
static void reference_array_dot(const gd_problem *p, float *const *arrays) { arrays[2][0] = gd_reference_dot(arrays[0], arrays[1], p->n); }

static ptrdiff_t padded(gd_random *random, size_t length) { return (ptrdiff_t)(length + gd_random_below(random, 5)); }

/* --- copy and transpose: arrays x [rows, columns], y; `stride` is x's, `y_stride` y's --- */

static void draw_move(gd_problem *p, gd_random *random, int transposed) {
    const size_t limit = p->n < 200 ? p->n : 200;
    p->rows = (size_t)gd_random_below(random, limit + 1);
    p->columns = gd_random_below(random, 2) ? limit : (size_t)gd_random_below(random, limit + 1);
    const size_t y_rows = transposed ? p->columns : p->rows, y_columns = transposed ? p->rows : p->columns;
    p->stride = padded(random, p->columns);
    p->y_stride = padded(random, y_columns);
    p->arrays = 2;
    if (p->rows == 0 || p->columns == 0) return;
    p->count[0] = (p->rows - 1) * (size_t)p->stride + p->columns;
    p->count[1] = (y_rows - 1) * (size_t)p->y_stride + y_columns;
}

static void draw_copy(gd_problem *p, gd_random *random) { draw_move(p, random, 0); }
static void draw_transpose(gd_problem *p, gd_random *random) { draw_move(p, random, 1); }

static void kernel_copy(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->copy(arrays[0], p->stride, arrays[1], p->y_stride, p->rows, p->columns);
}
static void kernel_transpose(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    kernels->transpose(arrays[0], p->stride, arrays[1], p->y_stride, p->rows, p->columns);
}
static void reference_copy(const gd_problem *p, float *const *arrays) {
    gd_reference_copy(arrays[0], p->stride, arrays[1], p->y_stride, p->rows, p->columns);
}
static void reference_transpose(const gd_problem *p, float *const *arrays) {
    gd_reference_transpose(arrays[0], p->stride, arrays[1], p->y_stride, p->rows, p->columns);
}

/* --- tile: arrays A, B, C --- */

/* k up to about twice n, the strides, and so what the arrays hold, for the rows and columns that are set. */
static void draw_tile_of(gd_problem *p, gd_random *random) {
    gd_tile *t = &p->tile;
    t->k = (size_t)gd_random_below(random, (p->n < 150 ? 2 * p->n : 300) + 1);
    t->run = t->k && gd_random_below(random, 2) ? 1 + (size_t)gd_random_below(random, t->k) : t->k;
    t->add = (int)gd_random_below(random, 2);
    const size_t runs = t->run ? (t->k + t->run - 1) / t->run : 0;
    if (gd_random_below(random, 2)) { /* k runs along a row */
        t->a_k = 1;
        t->a_row = padded(random, t->run);
        t->a_run = padded(random, t->rows * (size_t)t->a_row);
    } else { /* k runs down a column */
        t->a_row = 1;
        t->a_k = padded(random, t->rows);
        t->a_run = padded(random, t->run * (size_t)t->a_k);
    }
    t->far = runs ? (runs - 1) * t->run : 0; /* nothing but a hint */
    t->b_k = padded(random, t->columns);
    t->c_row = padded(random, t->columns);
    p->arrays = 3;
    if (t->k && t->rows) p->count[0] = (runs - 1) * (size_t)t->a_run + (t->run - 1) * (size_t)t->a_k + (t->rows - 1) * (size_t)t->a_row + 1;
    if (t->k && t->columns) p->count[1] = (t->k - 1) * (size_t)t->b_k + t->columns;
    if (t->rows && t->columns) p->count[2] = (t->rows - 1) * (size_t)t->c_row + t->columns;
}

static size_t most_rows(const gd_problem *p) { return p->n < 70 ? p->n : 70; }

/* rows and columns up to about n, but never so many that the reference takes long. */
static void draw_tile(gd_problem *p, gd_random *random) {
    const size_t limit = most_rows(p);
    p->tile.rows = (size_t)gd_random_below(random, limit + 1);
    p->tile.columns = gd_random_below(random, 2) ? limit : (size_t)gd_random_below(random, limit + 1);
    draw_tile_of(p, random);
}

static void draw_tile_column(gd_problem *p, gd_random *random) {
    p->tile.rows = (size_t)gd_random_below(random, most_rows(p) + 1);
    p->tile.columns = 1;
    draw_tile_of(p, random);
}

static gd_tile tile_on(const gd_problem *p, float *const *arrays) {
    gd_tile tile = p->tile;
    tile.a = arrays[0];
    tile.b = arrays[1];
    tile.c = arrays[2];
    return tile;
}

static void kernel_tile(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    const gd_tile tile = tile_on(p, arrays);
    kernels->tile(&tile);
}

static void reference_tile(const gd_problem *p, float *const *arrays) {
    const gd_tile tile = tile_on(p, arrays);
    gd_reference_tile(&tile);
}

/* By rows or by columns: an element of C depends neither on the other rows nor on the other columns. */
static void split_tile(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift) {
    const gd_tile *t = &whole->tile;
    if (gd_random_below(random, 2)) {
        first->tile.rows = (size_t)gd_random_below(random, t->rows + 1);
        second->tile.rows = t->rows - first->tile.rows;
        shift[0] = (ptrdiff_t)first->tile.rows * t->a_row;
        shift[2] = (ptrdiff_t)first->tile.rows * t->c_row;
    } else {
        first->tile.columns = (size_t)gd_random_below(random, t->columns + 1);
        second->tile.columns = t->columns - first->tile.columns;
        shift[1] = shift[2] = (ptrdiff_t)first->tile.columns;
    }
}

/* --- across: arrays A, B, C --- */

static void draw_across(gd_problem *p, gd_random *random) {
    gd_across *t = &p->across;
    const size_t limit = p->n < 150 ? p->n : 150;
    t->rows = (size_t)gd_random_below(random, (p->n < 33 ? p->n : 33) + 1);
    t->columns = gd_random_below(random, 2) ? limit : (size_t)gd_random_below(random, limit + 1);
    t->k = gd_random_below(random, 2) ? GD_ACROSS : (size_t)gd_random_below(random, GD_ACROSS + 1);
    t->onward = (int)gd_random_below(random, 2);
    t->a_row = padded(random, t->k);
    t->c_row = padded(random, t->columns);
    p->arrays = 3;
    if (t->k && t->rows) p->count[0] = (t->rows - 1) * (size_t)t->a_row + t->k;
    p->count[1] = t->columns * GD_ACROSS;
    if (t->rows && t->columns) p->count[2] = (t->rows - 1) * (size_t)t->c_row + t->columns;
}

static gd_across across_on(const gd_problem *p, float *const *arrays) {
    gd_across piece = p->across;
    piece.a = arrays[0];
    piece.b = arrays[1];
    piece.next = piece.onward ? arrays[1] : NULL; /* nothing but a hint */
    piece.c = arrays[2];
    return piece;
}

static void kernel_across(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    const gd_across piece = across_on(p, arrays);
    kernels->across(&piece);
}

static void reference_across(const gd_problem *p, float *const *arrays) {
    const gd_across piece = across_on(p, arrays);
    gd_reference_across(&piece);
}

static void split_across(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift) {
    const gd_across *t = &whole->across;
    if (gd_random_below(random, 2)) {
        first->across.rows = (size_t)gd_random_below(random, t->rows + 1);
        second->across.rows = t->rows - first->across.rows;
        shift[0] = (ptrdiff_t)first->across.rows * t->a_row;
        shift[2] = (ptrdiff_t)first->across.rows * t->c_row;
    } else {
        first->across.columns = (size_t)gd_random_below(random, t->columns + 1);
        second->across.columns = t->columns - first->across.columns;
        shift[1] = (ptrdiff_t)first->across.columns * GD_ACROSS;
        shift[2] = (ptrdiff_t)first->across.columns;
    }
}

/* --- the list --- */

#define UNARY_CASE(NAME, function) \
    {.name = "unary/" #function, \
     .index = GD_UNARY_##NAME, \
     .greatest = SIZE_MAX, \
     .draw = draw_unary, \
     .kernel = kernel_unary, \
     .reference = reference_unary, \
     .split = gd_split_elements, \
     .elementwise = 1},
#define DERIVATIVE_CASE(NAME, function, from_input) \
    {.name = "derivative/" #function, \
     .index = GD_DERIVATIVE_##NAME, \
     .greatest = SIZE_MAX, \
     .draw = draw_two, \
     .kernel = kernel_derivative, \
     .reference = reference_derivative, \
     .split = gd_split_elements, \
     .elementwise = 1},
#define SUM_CASE(function, limit) \
    {.name = #function, .greatest = limit, .draw = draw_sum, .kernel = kernel_##function, .reference = reference_##function},

/* clang-format off */
static const gd_case cases[] = {
    GD_UNARY_MAP(UNARY_CASE)
    GD_DERIVATIVE_MAP(DERIVATIVE_CASE)
    {.name = "tile", .greatest = SIZE_MAX, .draw = draw_tile, .kernel = kernel_tile, .reference = reference_tile, .split = split_tile},
    {.name = "tile/column", .greatest = SIZE_MAX, .draw = draw_tile_column, .kernel = kernel_tile, .reference = reference_tile, .split = split_tile},
    {.name = "across", .greatest = SIZE_MAX, .draw = draw_across, .kernel = kernel_across, .reference = reference_across, .split = split_across},
    {.name = "copy", .greatest = SIZE_MAX, .draw = draw_copy, .kernel = kernel_copy, .reference = reference_copy},
    {.name = "transpose", .greatest = SIZE_MAX, .draw = draw_transpose, .kernel = kernel_transpose, .reference = reference_transpose},
    {.name = "add", .greatest = SIZE_MAX, .draw = draw_two, .kernel = kernel_add, .reference = reference_add, .split = gd_split_elements,
     .elementwise = 1},
    {.name = "finish", .greatest = SIZE_MAX, .draw = draw_finish, .kernel = kernel_finish, .reference = reference_finish, .split = gd_split_elements,
     .elementwise = 1},
    {.name = "softmax", .least = 1, .greatest = SIZE_MAX, .draw = draw_softmax, .kernel = kernel_softmax, .reference = reference_softmax},
    {.name = "softmax_derivative", .least = 1, .greatest = SIZE_MAX, .draw = draw_two, .kernel = kernel_softmax_derivative,
     .reference = reference_softmax_derivative},
    {.name = "column_sum", .greatest = SIZE_MAX, .draw = draw_column_sum, .kernel = kernel_column_sum, .reference = reference_column_sum,
     .split = gd_split_elements},
    SUM_CASE(block_sum, GD_SUM_BLOCK)
    SUM_CASE(block_dot, GD_SUM_BLOCK)
    SUM_CASE(array_sum, SIZE_MAX)
    SUM_CASE(array_dot, SIZE_MAX)
};
/* clang-format on */

_Static_assert(sizeof(gd_kernels) == offsetof(gd_kernels, gradient_stage) + (GD_UNARY_COUNT + GD_DERIVATIVE_COUNT + 12) * sizeof(void (*)(void)),
               "the kernel table has a function that this list does not have: add a case for it, then count it here");

const gd_case *gd_case_at(size_t index) {
    if (index < gd_step_case_count) return &gd_step_cases[index];
    index -= gd_step_case_count;
    return index < sizeof cases / sizeof cases[0] ? &cases[index] : NULL;
}

void gd_problem_make(gd_problem *problem, const gd_case *about, size_t n, gd_values values, uint64_t seed) {
    gd_random random = gd_random_make(seed, about->name, n, values);
    *problem = (gd_problem){.about = about, .n = n, .values = values};
    about->draw(problem, &random);
    const int positive = gd_random_below(&random, 2) == 0; /* half of the time states look like second moments */
    for (int j = 0; j < problem->arrays; j++) {
        problem->data[j] = malloc((problem->count[j] + 1) * sizeof(float));
        if (!problem->data[j]) abort();
        gd_values_fill(&random, values, problem->data[j], problem->count[j]);
        for (size_t i = 0; positive && about->states > 0 && j >= 2 && i < problem->count[j]; i++) problem->data[j][i] = fabsf(problem->data[j][i]);
    }
}

void gd_problem_free(gd_problem *problem) {
    for (int j = 0; j < problem->arrays; j++) free(problem->data[j]);
}
