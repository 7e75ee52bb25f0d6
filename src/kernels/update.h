/* What a step does to one parameter: the rule with its coefficients and the stages around it, applied piece by piece. */
#ifndef GD_KERNELS_UPDATE_H
#define GD_KERNELS_UPDATE_H

#include <stdbool.h>

#include "kernels/kernels.h"

struct gd_algorithm;

/* The rule with its coefficients at one step, of all parameters that have the same hyper-parameters and step count. */
typedef struct gd_formula {
    const gd_kernels *kernels;
    gd_step_function *step; /* the rule */
    uint32_t state_count;
    float coefficients[GD_MAX_COEFFICIENTS];
    float keep;  /* of the weights: decoupled decay */
    float decay; /* coupled decay; 0: none */
} gd_formula;

/* What happens to a gradient around the rule. */
typedef struct gd_stages {
    float scale;  /* multiplied in first; 1 */
    float clip;   /* of the scaled gradient's value; 0: none */
    float l1, l2; /* of a net's weights: penalties; 0: none */
    bool zero;    /* the gradient becomes +0 after use; it must be writable then */
} gd_stages;

/* One parameter's update in one step. */
typedef struct gd_update {
    const gd_formula *formula;
    gd_stages stages;
    bool staged; /* the gradient goes through a stage before the rule: gd_update_set finds out; */
    bool plain;  /* nothing happens but the rule */
    float *states[GD_MAX_STATES];
} gd_update;

/* The formula of step t (from 1). Hyper-parameters the algorithm does not have are 0. */
void gd_formula_prepare(gd_formula *formula, const gd_kernels *kernels, const struct gd_algorithm *algorithm, const double *hyper_parameters,
                        uint64_t t);

/* Sets what an update is made of, but for its states. */
static inline void gd_update_set(gd_update *update, const gd_formula *formula, gd_stages stages) {
    update->formula = formula;
    update->stages = stages;
    update->staged = stages.scale != 1.0f || stages.clip != 0.0f || stages.l1 != 0.0f || stages.l2 != 0.0f || formula->decay != 0.0f;
    update->plain = !update->staged && !stages.zero;
}

/* As gd_update_span, block by block, with the stages. */
void gd_update_blocks(const gd_update *update, gd_span *span);

/* Updates what the span's arrays, count and far say; its other fields are the update's business, and written. */
static inline void gd_update_span(const gd_update *update, gd_span *span) {
    span->keep = update->formula->keep;
    span->coefficients = update->formula->coefficients;
    span->far_gradients = span->gradients;
    if (update->plain) {
        update->formula->step(span);
    } else {
        gd_update_blocks(update, span);
    }
}

/* What comes before the factor of norm clipping, in place: penalties and clipping by value. */
void gd_update_stage(const gd_update *update, const float *weights, float *gradients, size_t count);

/* Updates `count` elements from element `first` of the parameter's storage, with the update's states; weights points at the parameter's element 0,
 * gradients at the first element's gradient. */
void gd_update_apply(const gd_update *update, float *weights, const float *gradients, size_t first, size_t count);

/* Stores +0 in weights and states at columns `from` .. `width` of `rows` rows of `width` elements, from element `first`: the padding of a panel,
 * whatever a rule made of it. */
void gd_update_clear(const gd_update *update, float *weights, size_t first, size_t rows, size_t from, size_t width);

#endif
