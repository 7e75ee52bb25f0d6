/* gradus_optimizer_step's arguments: structs of older callers, messages, and tensors of which some have gaps between rows and some have none. */
#include "nets.h"

enum { ROWS = 5, COLUMNS = 7, GAP = 3, TENSORS = 4, ADAM_STATES = 2, FLOATS = ROWS * (COLUMNS + GAP) };

static gradus_optimizer *adam(gradus_context *context, size_t count) {
    gradus_optimizer *optimizer;
    gradus_optimizer_config config;
    gradus_parameter parameters[TENSORS];
    memset(parameters, 0, sizeof parameters);
    for (size_t i = 0; i < count; i++) {
        parameters[i].batch = 1;
        parameters[i].rows = ROWS;
        parameters[i].columns = COLUMNS;
        parameters[i].role = GRADUS_ROLE_WEIGHT;
        parameters[i].output_axis = GRADUS_AXIS_COLUMNS;
    }
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_ADAM);
    cr_assert_eq(gradus_optimizer_create(context, &config, parameters, count, &optimizer), GRADUS_OK, "%s", gradus_context_message(context));
    return optimizer;
}

/* The same numbers with and without gaps; what is between rows is 7. */
static gradus_tensor numbers(float memory[FLOATS], bool gaps, uint64_t seed) {
    gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, ROWS, COLUMNS);
    tensor.row_stride += gaps ? GAP : 0;
    if (seed % 2) tensor.batch_stride = ROWS * tensor.row_stride; /* of one matrix it says nothing */
    for (size_t i = 0; i < FLOATS; i++) memory[i] = 7.0f;
    for (size_t i = 0; i < ROWS * COLUMNS; i++) memory[i / COLUMNS * (size_t)tensor.row_stride + i % COLUMNS] = (float)test_uniform(&seed);
    return tensor;
}

static float at(const gradus_tensor *tensor, size_t i) {
    return ((const float *)tensor->data)[i / COLUMNS * (size_t)tensor->row_stride + i % COLUMNS];
}

/* Bit j of `gaps`: parameters, gradients, first state, second state. */
Test(step_args, any_of_the_tensors_may_have_gaps) {
    static float memory[2][TENSORS][FLOATS];
    gradus_context *context = context_of(1);
    gradus_optimizer *optimizer = adam(context, 1);
    for (unsigned gaps = 0; gaps < 1u << TENSORS; gaps++) {
        gradus_tensor dense[TENSORS], mixed[TENSORS];
        for (unsigned j = 0; j < TENSORS; j++) {
            dense[j] = numbers(memory[0][j], false, j + 1);
            mixed[j] = numbers(memory[1][j], gaps >> j & 1, j + 1);
        }
        for (int which = 0; which < 2; which++) {
            uint64_t steps = 5;
            gradus_tensor *tensors = which ? mixed : dense;
            gradus_step_args args;
            gradus_step_args_init(&args);
            args.parameters = &tensors[0];
            args.gradients = &tensors[1];
            args.states = &tensors[2];
            args.steps = &steps;
            cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK, "%s", gradus_context_message(context));
            cr_assert_eq(steps, 6);
        }
        for (unsigned j = 0; j < TENSORS; j++) {
            for (size_t i = 0; i < ROWS * COLUMNS; i++)
                cr_assert_eq(test_float_bits(at(&mixed[j], i)), test_float_bits(at(&dense[j], i)), "gaps %x, tensor %u, element %zu", gaps, j, i);
            for (size_t row = 0; gaps >> j & 1 && row < ROWS; row++)
                for (size_t k = 0; k < GAP; k++) cr_assert_eq(memory[1][j][row * (COLUMNS + GAP) + COLUMNS + k], 7.0f);
        }
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

/* A caller from before gradient_scale was there: 1. */
Test(step_args, a_shorter_struct) {
    static float memory[2][2][FLOATS];
    gradus_context *context = context_of(1);
    gradus_tensor tensors[2][2];
    for (int shorter = 0; shorter < 2; shorter++) {
        gradus_optimizer *optimizer = adam(context, 1);
        gradus_step_args args;
        gradus_step_args_init(&args);
        for (int j = 0; j < 2; j++) tensors[shorter][j] = numbers(memory[shorter][j], false, (uint64_t)j + 1);
        args.parameters = &tensors[shorter][0];
        args.gradients = &tensors[shorter][1];
        if (shorter) args.struct_size = offsetof(gradus_step_args, gradient_scale);
        if (shorter) args.gradient_scale = 1e30; /* behind its end: not looked at */
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK, "%s", gradus_context_message(context));
        gradus_optimizer_destroy(context, optimizer);
    }
    cr_assert_arr_eq(memory[0], memory[1], sizeof memory[0]);
    gradus_context_destroy(context);
}

/* A message names the tensor. */
Test(step_args, messages) {
    static float memory[2 + ADAM_STATES][2][FLOATS];
    static const char *const wanted[2 + ADAM_STATES] = {"parameters[1]", "gradients[1]", "states[0][1]", "states[1][1]"};
    gradus_context *context = context_of(1);
    gradus_optimizer *optimizer = adam(context, 2);
    for (int wrong = 0; wrong < 2 + ADAM_STATES; wrong++) {
        gradus_tensor tensors[2 + ADAM_STATES][2];
        gradus_step_args args;
        gradus_step_args_init(&args);
        for (int j = 0; j < 2 + ADAM_STATES; j++)
            for (int i = 0; i < 2; i++) tensors[j][i] = numbers(memory[j][i], false, 1);
        tensors[wrong][1].rows--;
        args.parameters = tensors[0];
        args.gradients = tensors[1];
        args.states = tensors[2];
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, wanted[wrong]) && says(context, "1 x 4 x 7") && says(context, "1 x 5 x 7"), "%s", gradus_context_message(context));
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

/* Neighbours of one group whose step counts differ: each is stepped as if it were alone. */
Test(step_args, step_counts_of_neighbours) {
    static float memory[2][2 + ADAM_STATES][TENSORS][FLOATS];
    static const uint64_t counts[TENSORS] = {1, 2, 2, 9};
    gradus_context *context = context_of(1);
    gradus_optimizer *together = adam(context, TENSORS), *alone = adam(context, 1);
    gradus_tensor tensors[2][2 + ADAM_STATES][TENSORS];
    uint64_t steps[TENSORS];
    gradus_step_args args;
    for (int which = 0; which < 2; which++)
        for (int j = 0; j < 2 + ADAM_STATES; j++)
            for (int i = 0; i < TENSORS; i++) tensors[which][j][i] = numbers(memory[which][j][i], false, (uint64_t)(j + 1));
    memcpy(steps, counts, sizeof steps);
    gradus_step_args_init(&args);
    args.parameters = tensors[0][0];
    args.gradients = tensors[0][1];
    args.states = tensors[0][2];
    args.steps = steps;
    cr_assert_eq(gradus_optimizer_step(context, together, &args), GRADUS_OK);
    for (int i = 0; i < TENSORS; i++) {
        const gradus_tensor states[ADAM_STATES] = {tensors[1][2][i], tensors[1][3][i]};
        uint64_t count = counts[i];
        args.parameters = &tensors[1][0][i];
        args.gradients = &tensors[1][1][i];
        args.states = states;
        args.steps = &count;
        cr_assert_eq(gradus_optimizer_step(context, alone, &args), GRADUS_OK);
        cr_assert_eq(count, steps[i]);
    }
    cr_assert_arr_eq(memory[0], memory[1], sizeof memory[0]);
    gradus_optimizer_destroy(context, together);
    gradus_optimizer_destroy(context, alone);
    gradus_context_destroy(context);
}
