/* An optimizer's states and step counts, out and in: plain tensors and nets agree, in plain order, whatever the layout; bits are kept. */
#include "kernels/optimizer.h"

#include "nets.h"

/* One net, one list of plain tensors: the same steps leave the same states. */
static void expect_plain_states(const char *name, size_t inputs, size_t outputs) {
    enum { MOST = 50 * 40 };
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(inputs, 1, &outputs, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = make_net(context, &shape, 3);
    gradus_optimizer *of_net = make_optimizer(context, net, name), *plain;
    gradus_optimizer_config config;
    tensor_list weights, gradients, state;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_UNSET);
    cr_assert_eq(gradus_optimizer_config_parse(context, name, &config), GRADUS_OK);
    const gradus_parameter parameters[] = {{"w", 1, inputs, outputs, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}},
                                           {"b", 1, 1, outputs, GRADUS_ROLE_BIAS, GRADUS_AXIS_COLUMNS, 0, {0}}};
    cr_assert_eq(gradus_optimizer_create(context, &config, parameters, 2, &plain), GRADUS_OK);
    list_make(&weights, &shape, 0);
    list_make(&gradients, &shape, 3);
    list_make(&state, &shape, 5);
    list_get(context, net, &weights);
    for (int step = 0; step < 3; step++) {
        sample_set set = make_samples(&shape, 20, 0, (uint64_t)step);
        gradus_step_args args;
        double loss;
        gradus_step_args_init(&args);
        args.parameters = weights.tensors;
        args.gradients = gradients.tensors;
        cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, gradients.tensors, &loss), GRADUS_OK);
        cr_assert_eq(gradus_net_step(context, net, of_net, &set.batch, &loss), GRADUS_OK);
        cr_assert_eq(gradus_optimizer_step(context, plain, &args), GRADUS_OK);
        free_samples(&set);
    }
    float found[MOST];
    for (size_t p = 0; p < 2; p++)
        for (uint32_t j = 0; j < gd_algorithm_states(plain->algorithm); j++) {
            const size_t rows = parameters[p].rows;
            const gradus_tensor dense = gradus_tensor_matrix(GRADUS_DTYPE_F32, found, rows, outputs);
            cr_assert_eq(gradus_optimizer_state_get(context, plain, p, j, &dense), GRADUS_OK);
            cr_assert_eq(gradus_optimizer_state_get(context, of_net, p, j, &state.tensors[p]), GRADUS_OK, "%s", gradus_context_message(context));
            for (size_t r = 0; r < rows; r++) {
                cr_assert_arr_eq(list_at(&state, p, r, 0), found + r * outputs, outputs * sizeof(float), "%s %zu x %zu", name, inputs, outputs);
                cr_assert(isnan(*list_at(&state, p, r, outputs)), "between rows nothing is written");
            }
        }
    list_free(&weights);
    list_free(&gradients);
    list_free(&state);
    gradus_optimizer_destroy(context, plain);
    gradus_optimizer_destroy(context, of_net);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(optimizer_state, nets_and_plain_tensors_agree) {
    static const size_t outputs[] = {1, 5, 16, 17, 32, 33, 40};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        expect_plain_states("adam", 7, outputs[i]);
        expect_plain_states("amsgrad", 50, outputs[i]);
    }
}

/* Any bits go in and come out again, batches and strides included; padding between panels' columns stays what it was. */
Test(optimizer_state, bits_are_kept) {
    enum { ROWS = 3, COLUMNS = 4, BATCH = 2 };
    gradus_context *context = context_of(1);
    gradus_optimizer_config config;
    gradus_optimizer *optimizer;
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM);
    const gradus_parameter parameter = {"p", BATCH, ROWS, COLUMNS, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    cr_assert_eq(gradus_optimizer_create(context, &config, &parameter, 1, &optimizer), GRADUS_OK);
    float in[BATCH * 20], out[BATCH * 20];
    gradus_tensor from = {in, BATCH, ROWS, COLUMNS, 20, 6, GRADUS_DTYPE_F32, 0, 0}, to = from;
    to.data = out;
    for (size_t i = 0; i < BATCH * 20; i++) in[i] = test_float(0x7f800001u + 977u * (uint32_t)i);
    memset(out, 0, sizeof out);
    cr_assert_eq(gradus_optimizer_state_get(context, optimizer, 0, 1, &to), GRADUS_OK);
    for (size_t i = 0; i < BATCH * 20; i++) cr_assert_eq(test_float_bits(out[i]), 0, "before the first step: +0");
    cr_assert_eq(gradus_optimizer_state_set(context, optimizer, 0, 1, &from), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_state_get(context, optimizer, 0, 1, &to), GRADUS_OK);
    for (size_t i = 0; i < BATCH * 20; i++) {
        const bool inside = i % 20 % 6 < COLUMNS && i % 20 / 6 < ROWS;
        cr_assert_eq(test_float_bits(out[i]), inside ? test_float_bits(in[i]) : 0);
    }
    cr_assert_eq(gradus_optimizer_state_get(context, optimizer, 0, 0, &to), GRADUS_OK);
    cr_assert_eq(test_float_bits(out[0]), 0, "the other state is left alone");
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

Test(optimizer_state, step_counts) {
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(3, 1, (const size_t[]){2}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    uint64_t steps;
    cr_assert_eq(gradus_optimizer_set_steps(context, optimizer, 1, UINT64_MAX - 1), GRADUS_OK);
    cr_assert(gradus_optimizer_steps(context, optimizer, 1, &steps) == GRADUS_OK && steps == UINT64_MAX - 1);
    cr_assert(gradus_optimizer_steps(context, optimizer, 0, &steps) == GRADUS_OK && steps == 0);
    cr_assert_eq(gradus_optimizer_set_steps(context, optimizer, 2, 1), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "gradus_optimizer_set_steps: parameter 2, but the optimizer has 2"), "%s", gradus_context_message(context));
    cr_assert_eq(gradus_optimizer_set_steps(context, NULL, 0, 1), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_optimizer_set_steps(NULL, optimizer, 0, 1), GRADUS_INVALID_ARGUMENT);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(optimizer_state, refuses) {
    gradus_context *context = context_of(1);
    const net_shape shape = shape_of(3, 1, (const size_t[]){2}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    float values[6] = {0};
    gradus_tensor right = gradus_tensor_matrix(GRADUS_DTYPE_F32, values, 3, 2), wrong = right;
    cr_expect_eq(gradus_optimizer_state_get(context, optimizer, 0, 0, &right), GRADUS_OK);
    cr_expect_eq(gradus_optimizer_state_get(NULL, optimizer, 0, 0, &right), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_optimizer_state_get(context, NULL, 0, 0, &right), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_optimizer_state_get(context, optimizer, 0, 0, NULL), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_optimizer_state_get(context, optimizer, 2, 0, &right), GRADUS_INVALID_ARGUMENT);
    cr_expect_eq(gradus_optimizer_state_set(context, optimizer, 0, 2, &right), GRADUS_INVALID_ARGUMENT);
    cr_expect(says(context, "gradus_optimizer_state_set: state 2, but adam has 2"), "%s", gradus_context_message(context));
    wrong.rows = 2;
    cr_expect_eq(gradus_optimizer_state_set(context, optimizer, 0, 0, &wrong), GRADUS_INVALID_ARGUMENT);
    wrong = right;
    wrong.dtype = GRADUS_DTYPE_I32;
    cr_expect_eq(gradus_optimizer_state_set(context, optimizer, 0, 0, &wrong), GRADUS_UNSUPPORTED);
    wrong = right;
    wrong.data = NULL;
    cr_expect_eq(gradus_optimizer_state_set(context, optimizer, 0, 0, &wrong), GRADUS_INVALID_ARGUMENT);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}
