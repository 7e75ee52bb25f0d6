/* The stages around a rule, through gradus_optimizer_step: scale, clip, weight decay, gradients zeroed after use, on tensors longer than a block, with gaps
 * between rows, in several threads: the bits of the plain C reference.
 * links: oracle */
#include <float.h>
#include <stdio.h>

#include "kernels/optimizer.h"
#include "nets.h"
#include "reference/reference.h"

enum { ROWS = 3, COLUMNS = 2500, GAP = 5, STRIDE = COLUMNS + GAP, FLOATS = ROWS * STRIDE, ELEMENTS = ROWS * COLUMNS, STEPS = 3 };

static gradus_tensor spread(float *data) {
    gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, data, ROWS, COLUMNS);
    tensor.row_stride = STRIDE;
    return tensor;
}

static float *place(float *data, size_t i) { return data + i / COLUMNS * STRIDE + i % COLUMNS; }

typedef struct stages {
    double scale, clip, decay;
    bool zero;
} stages;

static void check(gradus_context *context, size_t index, stages about) {
    static float w[FLOATS], g[FLOATS], expected_w[ELEMENTS], expected_g[ELEMENTS], state[GD_MAX_STATES][ELEMENTS];
    const gd_algorithm *algorithm = gd_algorithm_at(index);
    const gradus_parameter parameter = {NULL, 1, ROWS, COLUMNS, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    const gradus_tensor tw = spread(w), tg = spread(g);
    uint64_t random = index;
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_optimizer_config_init(&config, algorithm->number);
    if (gd_algorithm_uses(algorithm, GRADUS_WEIGHT_DECAY)) config.hyper_parameters[GRADUS_WEIGHT_DECAY] = about.decay;
    cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
    gradus_step_args_init(&args);
    cr_assert(args.clip_value == 0.0 && args.flags == 0 && args.reserved == 0);
    args.parameters = &tw;
    args.gradients = &tg;
    args.gradient_scale = about.scale;
    args.clip_value = about.clip;
    args.flags = about.zero ? GRADUS_STEP_ZERO_GRADIENTS : 0;
    gd_reference_span span = {.weights = expected_w,
                              .gradients = expected_g,
                              .count = ELEMENTS,
                              .gradient_scale = (float)about.scale,
                              .clip = (float)about.clip,
                              .hyper = config.hyper_parameters};
    memset(state, 0, sizeof state);
    for (int j = 0; j < GD_MAX_STATES; j++) span.states[j] = state[j];
    for (size_t i = 0; i < FLOATS; i++) w[i] = g[i] = NAN;
    for (size_t i = 0; i < ELEMENTS; i++) expected_w[i] = *place(w, i) = (float)(2.0 * test_uniform(&random) - 1.0);
    for (span.t = 1; span.t <= STEPS; span.t++) {
        for (size_t i = 0; i < ELEMENTS; i++) expected_g[i] = *place(g, i) = (float)(2.0 * test_uniform(&random) - 1.0);
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK, "%s", gradus_context_message(context));
        gd_reference_step[index](&span);
        for (size_t i = 0; i < ELEMENTS; i++) {
            cr_assert_eq(test_float_bits(*place(w, i)), test_float_bits(expected_w[i]), "%s, %s, step %d: element %zu is %a, expected %a",
                         algorithm->name, algorithm->variant, (int)span.t, i, (double)*place(w, i), (double)expected_w[i]);
            cr_assert_eq(test_float_bits(*place(g, i)), about.zero ? 0 : test_float_bits(expected_g[i]), "gradient %zu", i);
        }
    }
    size_t gaps = 0;
    for (size_t i = 0; i < FLOATS; i++) gaps += isnan(w[i]) && isnan(g[i]);
    cr_assert_eq(gaps, FLOATS - ELEMENTS, "something was written between the rows");
    gradus_optimizer_destroy(context, optimizer);
}

Test(optimizer_stages, bits_of_the_reference) {
    static const stages all[] = {{0.5, 0.25, 0.0, true},
                                 {1.0, 0.5, 0.1, false},
                                 {2.0, 0.0, 0.3, true},
                                 {1.0, 0.0, 0.0, true},
                                 {1.0, 0.0, 1.0, false},
                                 {1.5, 0.0, 0.0, false},
                                 {1.0 + FLT_EPSILON, 0.0, 0.0, false}};
    gradus_context *context = context_of(3);
    for (size_t index = 0; index < GD_ALGORITHM_COUNT; index++)
        for (size_t s = 0; s < sizeof all / sizeof all[0]; s++) check(context, index, all[s]);
    gradus_context_destroy(context);
}

/* The least weight decay there is: of a very large weight it leaves something in the momentum, which moves the weight once that is 0. */
Test(optimizer_stages, a_subnormal_decay_decays) {
    gradus_context *context = context_of(1);
    float w[1] = {0x1p127f}, g[1] = {0.0f};
    const gradus_parameter parameter = {NULL, 1, 1, 1, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    const gradus_tensor tw = gradus_tensor_vector(GRADUS_DTYPE_F32, w, 1), tg = gradus_tensor_vector(GRADUS_DTYPE_F32, g, 1);
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_MOMENTUM);
    config.hyper_parameters[GRADUS_LEARNING_RATE] = 1.0;
    config.hyper_parameters[GRADUS_MOMENTUM] = 0.5;
    config.hyper_parameters[GRADUS_WEIGHT_DECAY] = 0x1p-149;
    cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK, "%s", gradus_context_message(context));
    gradus_step_args_init(&args);
    args.parameters = &tw;
    args.gradients = &tg;
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    w[0] = 0.0f;
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    cr_expect_eq(w[0], -0x1p-23f, "%a", (double)w[0]);
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

/* Hyper-parameters that an algorithm does not have do nothing, whatever a config holds there. */
Test(optimizer_stages, foreign_hyper_parameters_do_nothing) {
    gradus_context *context = context_of(1);
    for (size_t index = 0; index < GD_ALGORITHM_COUNT; index++) {
        const gd_algorithm *algorithm = gd_algorithm_at(index);
        float w[2][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}}, g[4] = {0.5f, -0.25f, 0.125f, 2};
        for (int k = 0; k < 2; k++) {
            const gradus_parameter parameter = {NULL, 1, 1, 4, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
            const gradus_tensor tw = gradus_tensor_vector(GRADUS_DTYPE_F32, w[k], 4), tg = gradus_tensor_vector(GRADUS_DTYPE_F32, g, 4);
            gradus_optimizer_config config;
            gradus_optimizer *optimizer;
            gradus_step_args args;
            gradus_optimizer_config_init(&config, algorithm->number);
            for (gradus_hyper_parameter key = 0; key < GRADUS_HYPER_PARAMETER_LIMIT; key++)
                if (k == 1 && !gd_algorithm_uses(algorithm, key)) config.hyper_parameters[key] = 0.7;
            gradus_step_args_init(&args);
            args.parameters = &tw;
            args.gradients = &tg;
            cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
            for (int step = 0; step < 3; step++) cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
            gradus_optimizer_destroy(context, optimizer);
        }
        cr_assert_arr_eq(w[0], w[1], sizeof w[0], "%s, %s", algorithm->name, algorithm->variant);
    }
    gradus_context_destroy(context);
}

Test(optimizer_stages, arguments_that_are_refused) {
    static const double clips[] = {-1.0, -0.0 - FLT_MIN, 0x1p-127, 1e39, NAN, INFINITY};
    gradus_context *context = context_of(1);
    float w[2] = {1, 2}, g[2] = {1, 1};
    const gradus_parameter parameter = {NULL, 1, 1, 2, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    const gradus_tensor tw = gradus_tensor_vector(GRADUS_DTYPE_F32, w, 2), tg = gradus_tensor_vector(GRADUS_DTYPE_F32, g, 2);
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_step_args args;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
    gradus_step_args_init(&args);
    args.parameters = &tw;
    args.gradients = &tg;
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        args.clip_value = clips[i];
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_INVALID_ARGUMENT, "%g", clips[i]);
        cr_assert(says(context, "clip_value"), "%s", gradus_context_message(context));
    }
    args.clip_value = 0.0;
    args.flags = 2;
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_UNSUPPORTED);
    cr_assert(says(context, "0x2"), "%s", gradus_context_message(context));
    args.flags = 0;
    args.reserved = 1;
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_UNSUPPORTED);
    cr_assert(w[0] == 1.0f && w[1] == 2.0f);
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}
