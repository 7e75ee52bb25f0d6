/* An optimizer's own states and step counts, out and in, in the parameters' plain order, whatever the order in memory. */
#include <stdio.h>

#include "kernels/optimizer.h"
#include "kernels/step.h"

static gradus_status check_index(gradus_context *context, const gradus_optimizer *optimizer, size_t index, const char *what) {
    if (index < optimizer->count) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: parameter %zu, but the optimizer has %zu", what, index, optimizer->count);
}

static gradus_status check(gradus_context *context, const gradus_optimizer *optimizer, size_t index, uint32_t state, const gradus_tensor *tensor,
                           const char *what) {
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!optimizer || !tensor) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s is NULL", what, optimizer ? "tensor" : "optimizer");
    gradus_status status = check_index(context, optimizer, index, what);
    if (status != GRADUS_OK) return status;
    const uint32_t states = gd_algorithm_states(optimizer->algorithm);
    if (state >= states)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: state %u, but %s has %u", what, (unsigned)state, optimizer->algorithm->name,
                       (unsigned)states);
    return gd_parameter_check_tensor(context, tensor, &optimizer->parameters[index], what);
}

/* Where element (row, column) of a parameter lies in its states; rows of a batch's matrices are counted through. */
static size_t place(const gradus_optimizer *optimizer, size_t index, size_t row, size_t column) {
    const gradus_parameter *parameter = &optimizer->parameters[index];
    if (optimizer->for_net && parameter->role == GRADUS_ROLE_WEIGHT) return gd_dense_at((gd_dense){parameter->rows, parameter->columns}, row, column);
    return row * parameter->columns + column;
}

gradus_status gradus_optimizer_state_get(gradus_context *context, const gradus_optimizer *optimizer, size_t index, uint32_t state,
                                         const gradus_tensor *tensor) {
    gradus_status status = check(context, optimizer, index, state, tensor, "gradus_optimizer_state_get");
    if (status != GRADUS_OK) return status;
    const float *values = optimizer->states ? gd_optimizer_state(optimizer, index, state) : NULL;
    for (size_t r = 0; r < tensor->batch * tensor->rows; r++) {
        float *row = (float *)tensor->data + gd_tensor_row(tensor, r);
        for (size_t c = 0; c < tensor->columns; c++) row[c] = values ? values[place(optimizer, index, r, c)] : 0.0f;
    }
    return GRADUS_OK;
}

gradus_status gradus_optimizer_state_set(gradus_context *context, gradus_optimizer *optimizer, size_t index, uint32_t state,
                                         const gradus_tensor *tensor) {
    gradus_status status = check(context, optimizer, index, state, tensor, "gradus_optimizer_state_set");
    if (status == GRADUS_OK) status = gd_optimizer_own_states(context, optimizer);
    if (status != GRADUS_OK) return status;
    float *values = gd_optimizer_state(optimizer, index, state);
    for (size_t r = 0; r < tensor->batch * tensor->rows; r++) {
        const float *row = (const float *)tensor->data + gd_tensor_row(tensor, r);
        for (size_t c = 0; c < tensor->columns; c++) values[place(optimizer, index, r, c)] = row[c];
    }
    return GRADUS_OK;
}

gradus_status gradus_optimizer_set_steps(gradus_context *context, gradus_optimizer *optimizer, size_t index, uint64_t steps) {
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!optimizer) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_set_steps: optimizer is NULL");
    gradus_status status = check_index(context, optimizer, index, "gradus_optimizer_set_steps");
    if (status == GRADUS_OK) optimizer->steps[index] = steps;
    return status;
}
