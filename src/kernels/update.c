/* Updates: coefficients, and the stages around a rule on blocks that stay in L1 (docs/adr/0005). A block without a stage is the rule straight on the
 * caller's arrays. */
#include "kernels/update.h"

#include <string.h>

#include "kernels/optimizer.h"

enum { BLOCK = 2048 }; /* elements: gradient, scratch, weights and two states are 40 KB */

void gd_formula_prepare(gd_formula *formula, const gd_kernels *kernels, const gd_algorithm *algorithm, const double *hyper, uint64_t t) {
    const double decay = hyper[GRADUS_WEIGHT_DECAY];
    formula->kernels = kernels;
    formula->step = kernels->step[algorithm->rule];
    formula->state_count = gd_algorithm_states(algorithm);
    algorithm->prepare(formula->coefficients, hyper, t);
    formula->keep = algorithm->weight_decay == GRADUS_WEIGHT_DECAY_DECOUPLED ? (float)(1.0 - hyper[GRADUS_LEARNING_RATE] * decay) : 1.0f;
    formula->decay = algorithm->weight_decay == GRADUS_WEIGHT_DECAY_COUPLED ? (float)decay : 0.0f;
}

static bool penalises(const gd_stages *stages) { return stages->l1 != 0.0f || stages->l2 != 0.0f; }

/* The penalties' derivatives: l2*w and l1*sign(w), sign(0) = 0. Two products and two sums, rounded alike everywhere, so that plain C does. */
static void penalise(const gd_stages *stages, const float *weights, const float *gradients, float *out, size_t count) {
    const float l1 = stages->l1, l2 = stages->l2;
    for (size_t i = 0; i < count; i++) out[i] = gradients[i] + l2 * weights[i];
    for (size_t i = 0; i < count; i++) out[i] = out[i] + l1 * (float)((weights[i] > 0.0f) - (weights[i] < 0.0f));
}

/* One block: the gradient through its stage, the rule, the gradient's end. */
static void update_block(const gd_update *update, gd_span block) {
    const gd_formula *formula = update->formula;
    const gd_stages *stages = &update->stages;
    float staged_gradients[BLOCK], penalised[BLOCK];
    float *const gradients = (float *)block.gradients; /* writable where they are zeroed: the caller asked */
    const bool penalties = penalises(stages);
    if (penalties) penalise(stages, block.weights, gradients, penalised, block.count);
    if (update->staged) {
        const gd_gradient_stage stage = {.gradients = penalties ? penalised : gradients,
                                         .weights = block.weights,
                                         .out = staged_gradients,
                                         .count = block.count,
                                         .scale = stages->scale,
                                         .clip = stages->clip,
                                         .decay = formula->decay};
        formula->kernels->gradient_stage(&stage);
        block.gradients = staged_gradients;
    }
    formula->step(&block);
    if (stages->zero) memset(gradients, 0, block.count * sizeof(float));
}

void gd_update_blocks(const gd_update *update, gd_span *span) {
    const size_t total = span->count, far = span->far;
    for (size_t done = 0; done < total; done += span->count) {
        span->count = gd_least(total - done, BLOCK);
        span->far = far > done ? gd_least(far - done, span->count) : 0;
        span->far_gradients = span->gradients;
        update_block(update, *span);
        span->weights += span->count;
        span->gradients += span->count;
        for (uint32_t j = 0; j < update->formula->state_count; j++) span->states[j] += span->count;
    }
}

void gd_update_stage(const gd_update *update, const float *weights, float *gradients, size_t count) {
    float staged[BLOCK];
    for (size_t done = 0; done < count; done += BLOCK) {
        const size_t n = gd_least(count - done, BLOCK);
        const gd_gradient_stage stage = {
            .gradients = gradients + done, .weights = weights + done, .out = staged, .count = n, .scale = 1.0f, .clip = update->stages.clip};
        if (penalises(&update->stages)) penalise(&update->stages, weights + done, gradients + done, gradients + done, n);
        update->formula->kernels->gradient_stage(&stage);
        memcpy(gradients + done, staged, n * sizeof *staged);
    }
}

void gd_update_apply(const gd_update *update, float *weights, const float *gradients, size_t first, size_t count) {
    gd_span span;
    span.weights = weights + first;
    span.gradients = gradients;
    span.count = count;
    span.far = 0;
    for (uint32_t j = 0; j < update->formula->state_count; j++) span.states[j] = update->states[j] + first;
    gd_update_span(update, &span);
}

static void clear(float *array, size_t rows, size_t from, size_t width) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = from; j < width; j++) array[i * width + j] = 0.0f;
}

void gd_update_clear(const gd_update *update, float *weights, size_t first, size_t rows, size_t from, size_t width) {
    clear(weights + first, rows, from, width);
    for (uint32_t j = 0; j < update->formula->state_count; j++) clear(update->states[j] + first, rows, from, width);
}
