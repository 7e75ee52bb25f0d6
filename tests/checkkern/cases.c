/* The list of cases. Those of the optimizers come from optimizers.def, those of the element-wise functions from kernels.h: a new line there is a
 * new case here. */
#include "checkkern/cases.h"

#include <math.h>
#include <stdlib.h>

#include "base/detmath.h"
#include "kernels/contract.h"
#include "kernels/ops.h"
#include "kernels/rules.h"
#include "reference/reference.h"

static void one_length(gd_problem *p, int arrays) {
    p->arrays = arrays;
    for (int j = 0; j < arrays; j++) p->count[j] = p->n;
}

static void split_elements(const gd_problem *whole, gd_random *random, gd_problem *first, gd_problem *second, ptrdiff_t *shift) {
    const size_t at = (size_t)gd_random_below(random, whole->n + 1);
    first->n = at;
    second->n = whole->n - at;
    for (int j = 0; j < whole->arrays; j++) shift[j] = (ptrdiff_t)at;
}

/* --- optimizers: arrays weights, gradients, states --- */

typedef struct hyper_default {
    int key;
    double value;
} hyper_default;

/* Each rule's hyper-parameters with their defaults, ended by key -1. */
#define GRADUS_HYPER(KEY, default_value) {GRADUS_##KEY, default_value},
#define GRADUS_OPTIMIZER(number, name, NAME, kind, passes, states, hyper_parameters, formula, source) \
    static const hyper_default hyper_##name[] = {hyper_parameters{-1, 0.0}};
#include <gradus/optimizers.def>
#undef GRADUS_OPTIMIZER
#undef GRADUS_HYPER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = hyper_##name,
static const hyper_default *const hyper_defaults[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = name##_prepare,
static void (*const prepare[GD_RULE_COUNT])(float *, const double *, uint64_t) = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER

static const double hyper_range[][2] = {
#define RANGE(number, NAME, key, name, least, greatest) [GRADUS_##NAME] = {least, greatest},
    GRADUS_HYPER_PARAMETER_MAP(RANGE)};

/* The default, a bound, or something between. */
static double draw_hyper(gd_random *random, const hyper_default *hyper) {
    const double least = hyper_range[hyper->key][0], greatest = hyper_range[hyper->key][1];
    const uint64_t choice = gd_random_below(random, 8);
    if (choice < 3) return hyper->value;
    if (choice == 3) return least;
    if (choice == 4) return greatest;
    const double scaled = hyper->value * 4.0 * gd_random_unit(random);
    return scaled > least && scaled < greatest && choice < 7 ? scaled : least + (greatest - least) * gd_random_unit(random);
}

static uint64_t draw_t(gd_random *random) {
    const uint64_t choice = gd_random_below(random, 6);
    if (choice < 3) return 1 + choice;
    return choice < 5 ? 1 + gd_random_below(random, 3000) : gd_random_next(random) >> gd_random_below(random, 60) | 1;
}

static void draw_step(gd_problem *p, gd_random *random) {
    one_length(p, 2 + p->about->states);
    for (const hyper_default *hyper = hyper_defaults[p->about->index]; hyper->key >= 0; hyper++) p->hyper[hyper->key] = draw_hyper(random, hyper);
    p->t = draw_t(random);
    const uint64_t choice = gd_random_below(random, 4);
    p->scale = choice < 2 ? 1.0f : gd_values_draw(random, choice < 3 ? GD_VALUES_NORMAL : p->values);
}

static void kernel_step(const gd_kernels *kernels, const gd_problem *p, float *const *arrays) {
    float coefficients[GD_MAX_COEFFICIENTS];
    gd_span span = {arrays[0], arrays[1], {0}, p->n, p->scale, coefficients};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    prepare[p->about->index](coefficients, p->hyper, p->t);
    kernels->step[p->about->index](&span);
}

static void reference_step(const gd_problem *p, float *const *arrays) {
    gd_reference_span span = {arrays[0], arrays[1], {0}, p->n, p->scale, p->hyper, p->t};
    for (int j = 0; j < p->about->states; j++) span.states[j] = arrays[2 + j];
    gd_reference_step[p->about->index](&span);
}

/* --- element-wise functions: arrays x, y (in place: x alone) --- */

static void draw_unary(gd_problem *p, gd_random *random) {
    one_length(p, 2);
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
    one_length(p, 2);
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
    one_length(p, 2);
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
    one_length(p, 3);
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

/* --- tile: arrays A, B, C --- */

static ptrdiff_t padded(gd_random *random, size_t length) { return (ptrdiff_t)(length + gd_random_below(random, 5)); }

/* rows, columns and k up to about n each (k twice that), but never so many that the reference takes long. */
static void draw_tile(gd_problem *p, gd_random *random) {
    gd_tile *t = &p->tile;
    const size_t limit = p->n < 70 ? p->n : 70;
    t->rows = (size_t)gd_random_below(random, limit + 1);
    t->columns = gd_random_below(random, 2) ? limit : (size_t)gd_random_below(random, limit + 1);
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
    t->b_k = padded(random, t->columns);
    t->c_row = padded(random, t->columns);
    p->arrays = 3;
    if (t->k && t->rows) p->count[0] = (runs - 1) * (size_t)t->a_run + (t->run - 1) * (size_t)t->a_k + (t->rows - 1) * (size_t)t->a_row + 1;
    if (t->k && t->columns) p->count[1] = (t->k - 1) * (size_t)t->b_k + t->columns;
    if (t->rows && t->columns) p->count[2] = (t->rows - 1) * (size_t)t->c_row + t->columns;
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

/* --- the list --- */

#define GRADUS_STATE(name, decays) +1
#define GRADUS_NO_STATE
#define GRADUS_OPTIMIZER(number, rule, RULE, kind, passes, rule_states, ...) \
    {.name = "step/" #rule, \
     .index = GD_RULE_##RULE, \
     .states = 0 rule_states, \
     .greatest = SIZE_MAX, \
     .draw = draw_step, \
     .kernel = kernel_step, \
     .reference = reference_step, \
     .split = split_elements, \
     .elementwise = 1},
#define UNARY_CASE(NAME, function) \
    {.name = "unary/" #function, \
     .index = GD_UNARY_##NAME, \
     .greatest = SIZE_MAX, \
     .draw = draw_unary, \
     .kernel = kernel_unary, \
     .reference = reference_unary, \
     .split = split_elements, \
     .elementwise = 1},
#define DERIVATIVE_CASE(NAME, function) \
    {.name = "derivative/" #function, \
     .index = GD_DERIVATIVE_##NAME, \
     .greatest = SIZE_MAX, \
     .draw = draw_two, \
     .kernel = kernel_derivative, \
     .reference = reference_derivative, \
     .split = split_elements, \
     .elementwise = 1},
#define SUM_CASE(function, limit) \
    {.name = #function, .greatest = limit, .draw = draw_sum, .kernel = kernel_##function, .reference = reference_##function},

/* clang-format off */
static const gd_case cases[] = {
#include <gradus/optimizers.def>
    GD_UNARY_MAP(UNARY_CASE)
    GD_DERIVATIVE_MAP(DERIVATIVE_CASE)
    {.name = "tile", .greatest = SIZE_MAX, .draw = draw_tile, .kernel = kernel_tile, .reference = reference_tile, .split = split_tile},
    {.name = "add", .greatest = SIZE_MAX, .draw = draw_two, .kernel = kernel_add, .reference = reference_add, .split = split_elements,
     .elementwise = 1},
    {.name = "finish", .greatest = SIZE_MAX, .draw = draw_finish, .kernel = kernel_finish, .reference = reference_finish, .split = split_elements,
     .elementwise = 1},
    {.name = "softmax", .least = 1, .greatest = SIZE_MAX, .draw = draw_softmax, .kernel = kernel_softmax, .reference = reference_softmax},
    {.name = "column_sum", .greatest = SIZE_MAX, .draw = draw_column_sum, .kernel = kernel_column_sum, .reference = reference_column_sum,
     .split = split_elements},
    SUM_CASE(block_sum, GD_SUM_BLOCK)
    SUM_CASE(block_dot, GD_SUM_BLOCK)
    SUM_CASE(array_sum, SIZE_MAX)
    SUM_CASE(array_dot, SIZE_MAX)
};
/* clang-format on */

_Static_assert(sizeof(gd_kernels) == offsetof(gd_kernels, step) + (GD_RULE_COUNT + GD_UNARY_COUNT + GD_DERIVATIVE_COUNT + 7) * sizeof(void (*)(void)),
               "the kernel table has a function that this list does not have: add a case for it, then count it here");

const gd_case *gd_case_at(size_t index) { return index < sizeof cases / sizeof cases[0] ? &cases[index] : NULL; }

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
