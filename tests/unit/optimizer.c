/* gradus_optimizer_step on plain tensors: the textbook's values, and the same bits however the elements lie, are grouped, shared out or scaled.
 * links: oracle */
#include <stdio.h>

#include "nets.h"
#include "kernels/optimizer.h"
#include "oracle/oracle.h"

/* Every algorithm, with weight decay where it has any. */
static const char *text_of(size_t index) {
    static char text[120];
    const gd_algorithm *algorithm = gd_algorithm_at(index);
    snprintf(text, sizeof text, "%s:variant=%s,lr=0.02%s", algorithm->name, algorithm->variant,
             algorithm->weight_decay == GRADUS_WEIGHT_DECAY_NONE ? "" : ",weight_decay=0.03");
    return text;
}

enum { MOST_STATES = 4, LIST = 6 };

/* -- tensors with gaps -- */

typedef struct array {
    gradus_tensor tensor;
    float *memory;
    size_t floats;
} array;

/* [batch, rows, columns] with NaN in `gap` places behind each row and each matrix. */
static array array_make(size_t batch, size_t rows, size_t columns, size_t gap) {
    array a;
    const size_t row_stride = columns + gap, batch_stride = rows * row_stride + gap;
    a.tensor = (gradus_tensor){NULL, batch, rows, columns, (ptrdiff_t)batch_stride, (ptrdiff_t)row_stride, GRADUS_DTYPE_F32, 0, 0};
    a.floats = batch * batch_stride + 1;
    a.tensor.data = a.memory = malloc(a.floats * sizeof(float));
    cr_assert_not_null(a.memory);
    for (size_t i = 0; i < a.floats; i++) a.memory[i] = NAN;
    return a;
}

static size_t element_count(const array *a) { return a->tensor.batch * a->tensor.rows * a->tensor.columns; }

static float *element(const array *a, size_t i) {
    const size_t columns = a->tensor.columns, rows = a->tensor.rows;
    return a->memory + i / columns / rows * (size_t)a->tensor.batch_stride + i / columns % rows * (size_t)a->tensor.row_stride + i % columns;
}

static void fill_random(const array *a, uint64_t seed) {
    uint64_t random = seed;
    for (size_t i = 0; i < element_count(a); i++)
        *element(a, i) = (float)((2.0 * test_uniform(&random) - 1.0) * (test_random(&random) % 8 ? 1.0 : 1e-6));
}

static void fill_zero(const array *a) {
    for (size_t i = 0; i < element_count(a); i++) *element(a, i) = 0.0f;
}

static bool elements_equal(const array *a, const array *b) {
    for (size_t i = 0; i < element_count(a); i++)
        if (test_float_bits(*element(a, i)) != test_float_bits(*element(b, i))) return false;
    return element_count(a) == element_count(b);
}

/* -- a list of parameters under one optimizer -- */

static const size_t list_shapes[LIST][3] = {{1, 1, 1}, {1, 7, 33}, {3, 5, 17}, {1, 1, 1000}, {2, 0, 4}, {1, 70, 64}};

typedef struct bench {
    gradus_context *context;
    gradus_optimizer *optimizer;
    gradus_parameter parameters[LIST];
    array weights[LIST], gradients[LIST], states[MOST_STATES * LIST];
    uint64_t steps[LIST];
    size_t state_count;
    bool callers_states;
} bench;

static void bench_make(bench *b, gradus_context *context, const char *text, size_t gap, bool callers_states) {
    gradus_optimizer_config config;
    memset(b, 0, sizeof *b);
    b->context = context;
    b->callers_states = callers_states;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
    cr_assert_eq(gradus_optimizer_config_parse(context, text, &config), GRADUS_OK, "%s", gradus_context_message(context));
    config.groups = 2;
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (size_t i = 0; gradus_optimizer_list(i, &info) && info.algorithm != config.algorithm; i++) continue;
    b->state_count = info.states;
    for (size_t i = 0; i < LIST; i++) {
        const size_t *s = list_shapes[i];
        b->parameters[i] = (gradus_parameter){"p", s[0], s[1], s[2], GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, (uint32_t)(i % 2), {0}};
        b->weights[i] = array_make(s[0], s[1], s[2], gap);
        b->gradients[i] = array_make(s[0], s[1], s[2], gap ? gap + 1 : 0);
        fill_random(&b->weights[i], i);
        for (size_t j = 0; j < b->state_count; j++) {
            b->states[j * LIST + i] = array_make(s[0], s[1], s[2], 2 * gap);
            fill_zero(&b->states[j * LIST + i]);
        }
    }
    cr_assert_eq(gradus_optimizer_create(context, &config, b->parameters, LIST, &b->optimizer), GRADUS_OK, "%s", gradus_context_message(context));
}

static void bench_free(bench *b) {
    for (size_t i = 0; i < LIST; i++) {
        free(b->weights[i].memory);
        free(b->gradients[i].memory);
        for (size_t j = 0; j < b->state_count; j++) free(b->states[j * LIST + i].memory);
    }
    gradus_optimizer_destroy(b->context, b->optimizer);
}

/* One step with the gradients of `seed`; tensor i is skipped where bit i of `skipped` is set. */
static void bench_step(bench *b, uint64_t seed, unsigned skipped, double scale) {
    gradus_tensor weights[LIST], gradients[LIST], states[MOST_STATES * LIST];
    gradus_step_args args;
    gradus_step_args_init(&args);
    for (size_t i = 0; i < LIST; i++) {
        fill_random(&b->gradients[i], 100 * seed + i);
        weights[i] = b->weights[i].tensor;
        gradients[i] = b->gradients[i].tensor;
        if (skipped >> i & 1) gradients[i].data = NULL;
        for (size_t j = 0; j < b->state_count; j++) states[j * LIST + i] = b->states[j * LIST + i].tensor;
    }
    args.parameters = weights;
    args.gradients = gradients;
    args.gradient_scale = scale;
    if (b->callers_states) args.states = states;
    if (b->callers_states) args.steps = b->steps;
    cr_assert_eq(gradus_optimizer_step(b->context, b->optimizer, &args), GRADUS_OK, "%s", gradus_context_message(b->context));
}

static uint64_t steps_of(const bench *b, size_t i) {
    uint64_t steps = b->steps[i];
    if (!b->callers_states) cr_assert_eq(gradus_optimizer_steps(b->context, b->optimizer, i, &steps), GRADUS_OK);
    return steps;
}

static void benches_equal(const bench *a, const bench *b, const char *text) {
    for (size_t i = 0; i < LIST; i++) {
        cr_assert(elements_equal(&a->weights[i], &b->weights[i]), "%s: tensor %zu differs", text, i);
        cr_assert_eq(steps_of(a, i), steps_of(b, i), "%s: tensor %zu has other steps", text, i);
    }
}

static void gaps_are_whole(const bench *b) {
    for (size_t i = 0; i < LIST; i++) {
        size_t numbers = 0;
        for (size_t k = 0; k < b->weights[i].floats; k++) numbers += !isnan(b->weights[i].memory[k]);
        cr_assert_eq(numbers, element_count(&b->weights[i]), "tensor %zu: something was written between its rows", i);
    }
}

/* -- the same bits -- */

/* Gaps or none, the caller's states or the optimizer's own, tensors skipped now and then, two groups with learning rates of their own. */
Test(optimizer, layout_and_ownership_do_not_matter) {
    gradus_context *context = context_of(2);
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        bench dense, gaps, callers;
        bench_make(&dense, context, text_of(rule), 0, false);
        bench_make(&gaps, context, text_of(rule), 3, false);
        bench_make(&callers, context, text_of(rule), 3, true);
        bench *const all[] = {&dense, &gaps, &callers};
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(gradus_optimizer_set(context, all[k]->optimizer, 1, GRADUS_LEARNING_RATE, 0.2), GRADUS_OK);
            for (uint64_t step = 0; step < 6; step++) bench_step(all[k], step, step % 3 == 1 ? 0x0au : step % 3 == 2 ? 0x20u : 0, 0.5);
            gaps_are_whole(all[k]);
        }
        benches_equal(&gaps, &dense, text_of(rule));
        benches_equal(&callers, &dense, text_of(rule));
        cr_assert_eq(steps_of(&dense, 0), 6);
        cr_assert_eq(steps_of(&dense, 1), 4);
        cr_assert_eq(steps_of(&dense, 3), 4);
        cr_assert_eq(steps_of(&dense, 5), 4);
        for (int k = 0; k < 3; k++) bench_free(all[k]);
    }
    gradus_context_destroy(context);
}

/* A skipped tensor is as if it were not in the list. */
Test(optimizer, a_skipped_tensor_does_not_change) {
    gradus_context *context = context_of(1);
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        bench b, fresh;
        bench_make(&b, context, text_of(rule), 0, true);
        bench_make(&fresh, context, text_of(rule), 0, true);
        for (uint64_t step = 0; step < 3; step++) bench_step(&b, step, 0x3f & ~2u, 1.0);
        for (size_t i = 0; i < LIST; i++) {
            cr_assert_eq(elements_equal(&b.weights[i], &fresh.weights[i]), i != 1);
            cr_assert_eq(b.steps[i], i == 1 ? 3 : 0);
            for (size_t j = 0; j < b.state_count; j++) cr_assert_eq(elements_equal(&b.states[j * LIST + i], &fresh.states[j * LIST + i]), i != 1);
        }
        bench_free(&b);
        bench_free(&fresh);
    }
    gradus_context_destroy(context);
}

Test(optimizer, every_isa_thread_count_and_order) {
    static const uint32_t threads[] = {1, 2, 3, 7};
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        gradus_context *plain = context_with("scalar", 1);
        bench wanted;
        gd_phases_test_mode(0);
        bench_make(&wanted, plain, text_of(rule), 1, false);
        for (uint64_t step = 0; step < 4; step++) bench_step(&wanted, step, 0, 1.5);
        for (size_t i = 0; runnable_isa(i); i++)
            for (size_t t = 0; t < 4; t++)
                for (int mode = 0; mode <= 1; mode++) {
                    gradus_context *context = context_with(runnable_isa(i), threads[t]);
                    bench b;
                    gd_phases_test_mode(mode);
                    bench_make(&b, context, text_of(rule), 1, false);
                    for (uint64_t step = 0; step < 4; step++) bench_step(&b, step, 0, 1.5);
                    benches_equal(&b, &wanted, runnable_isa(i));
                    bench_free(&b);
                    gradus_context_destroy(context);
                }
        bench_free(&wanted);
        gradus_context_destroy(plain);
    }
}

/* gradient_scale is one multiplication of the gradient, rounded to fp32, before anything else. */
Test(optimizer, gradient_scale) {
    gradus_context *context = context_of(1);
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        float a[9], b[9], g[9], scaled[9];
        const gradus_parameter parameter = {NULL, 1, 1, 9, GRADUS_ROLE_BIAS, GRADUS_AXIS_ROWS, 0, {0}};
        const gradus_tensor ta = gradus_tensor_vector(GRADUS_DTYPE_F32, a, 9), tb = gradus_tensor_vector(GRADUS_DTYPE_F32, b, 9);
        const gradus_tensor tg = gradus_tensor_vector(GRADUS_DTYPE_F32, g, 9), ts = gradus_tensor_vector(GRADUS_DTYPE_F32, scaled, 9);
        gradus_optimizer_config config;
        gradus_optimizer *one, *two;
        gradus_step_args args;
        gradus_step_args_init(&args);
        cr_assert_eq(args.gradient_scale, 1.0);
        gradus_optimizer_config_init(&config, gd_algorithm_at(rule)->number);
        cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &one), GRADUS_OK);
        cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &two), GRADUS_OK);
        for (int i = 0; i < 9; i++) a[i] = b[i] = (float)i / 7.0f - 0.5f;
        for (int step = 1; step < 4; step++) {
            for (int i = 0; i < 9; i++) {
                g[i] = (float)((i * 37 + step * 11) % 19 - 9) / 13.0f;
                scaled[i] = g[i] * (float)0.3;
            }
            args.parameters = &ta, args.gradients = &tg, args.gradient_scale = 0.3;
            cr_assert_eq(gradus_optimizer_step(context, one, &args), GRADUS_OK);
            args.parameters = &tb, args.gradients = &ts, args.gradient_scale = 1.0;
            cr_assert_eq(gradus_optimizer_step(context, two, &args), GRADUS_OK);
            cr_assert_arr_eq(a, b, sizeof a);
        }
        gradus_optimizer_destroy(context, one);
        gradus_optimizer_destroy(context, two);
    }
    gradus_context_destroy(context);
}

/* -- the textbook's values -- */

/* 200 steps against double precision. A rounding of w each step, and of the step itself, add up to a few units of each. */
Test(optimizer, the_textbooks_values) {
    enum { N = 40, STEPS = 200 };
    gradus_context *context = context_of(1);
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        float w[N], g[N];
        double wanted[N], gradient[N], state[GD_MAX_STATES][N] = {{0}};
        double *const states[] = {state[0], state[1], state[2], state[3]};
        uint64_t random = rule;
        const gradus_parameter parameter = {NULL, 1, 4, 10, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
        const gradus_tensor tw = gradus_tensor_matrix(GRADUS_DTYPE_F32, w, 4, 10), tg = gradus_tensor_matrix(GRADUS_DTYPE_F32, g, 4, 10);
        gradus_optimizer_config config;
        gradus_optimizer *optimizer;
        gradus_step_args args;
        gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
        gradus_step_args_init(&args);
        args.parameters = &tw;
        args.gradients = &tg;
        cr_assert_eq(gradus_optimizer_config_parse(context, text_of(rule), &config), GRADUS_OK);
        cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
        for (int i = 0; i < N; i++) wanted[i] = w[i] = (float)(2.0 * test_uniform(&random) - 1.0);
        for (uint64_t t = 1; t <= STEPS; t++) {
            for (int i = 0; i < N; i++) gradient[i] = g[i] = (float)(2.0 * test_uniform(&random) - 0.7);
            gd_oracle_step[rule](wanted, gradient, states, N, config.hyper_parameters, t);
            cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
        }
        for (int i = 0; i < N; i++)
            cr_assert_float_eq(w[i], wanted[i], 2e-5 * fmax(1.0, fabs(wanted[i])), "%s: %.9g, expected %.9g", text_of(rule), (double)w[i], wanted[i]);
        gradus_optimizer_destroy(context, optimizer);
    }
    gradus_context_destroy(context);
}

/* Centered RMSprop's variance v - a^2 that rounding (here: state that no gradients left) makes negative is 0 and no more, whatever eps is. */
Test(optimizer, a_variance_is_not_negative) {
    gradus_context *context = context_of(1);
    float w = 0.0f, g = 0x1p-60f, v = 0.0f, a = 1.0f;
    const gradus_parameter parameter = {NULL, 1, 1, 1, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    const gradus_tensor tw = gradus_tensor_vector(GRADUS_DTYPE_F32, &w, 1), tg = gradus_tensor_vector(GRADUS_DTYPE_F32, &g, 1);
    const gradus_tensor states[] = {gradus_tensor_vector(GRADUS_DTYPE_F32, &v, 1), gradus_tensor_vector(GRADUS_DTYPE_F32, &a, 1)};
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_RMSPROP_CENTERED);
    config.hyper_parameters[GRADUS_EPSILON] = 0x1p-70;
    config.hyper_parameters[GRADUS_LEARNING_RATE] = 1.0;
    gradus_step_args_init(&args);
    args.parameters = &tw;
    args.gradients = &tg;
    args.states = states;
    cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    cr_assert_eq(w, -0x1p10f, "%a", (double)w);
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

/* -- many small tensors are one large one -- */

static void step_cut(gradus_context *context, const char *text, size_t tensors, size_t n, float *w, float *g) {
    gradus_parameter *parameters = calloc(tensors, sizeof *parameters);
    gradus_tensor *tw = calloc(tensors, sizeof *tw), *tg = calloc(tensors, sizeof *tg);
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_step_args_init(&args);
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
    cr_assert_eq(gradus_optimizer_config_parse(context, text, &config), GRADUS_OK);
    for (size_t i = 0; i < tensors; i++) {
        parameters[i] = (gradus_parameter){NULL, 1, 1, n, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
        tw[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, w + i * n, n);
        tg[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, g + i * n, n);
    }
    args.parameters = tw;
    args.gradients = tg;
    cr_assert_eq(gradus_optimizer_create(context, &config, parameters, tensors, &optimizer), GRADUS_OK);
    for (int step = 0; step < 2; step++) cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    gradus_optimizer_destroy(context, optimizer);
    free(parameters);
    free(tw);
    free(tg);
}

Test(optimizer, a_thousand_tensors_are_one) {
    enum { N = 1000000 };
    gradus_context *context = context_of(3);
    float *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b), *g = malloc(N * sizeof *g);
    for (size_t rule = 0; rule < GD_ALGORITHM_COUNT; rule++) {
        uint64_t random = 5;
        for (size_t i = 0; i < N; i++) a[i] = b[i] = (float)test_uniform(&random);
        for (size_t i = 0; i < N; i++) g[i] = (float)(test_uniform(&random) - 0.5);
        step_cut(context, text_of(rule), 1000, 1000, a, g);
        step_cut(context, text_of(rule), 1, N, b, g);
        cr_assert(memcmp(a, b, N * sizeof *a) == 0, "%s", text_of(rule));
    }
    free(a);
    free(b);
    free(g);
    gradus_context_destroy(context);
}
