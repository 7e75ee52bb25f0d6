/* What a step does to one parameter: the rule with its coefficients and the stages around it, applied piece by piece. */
#ifndef GD_KERNELS_UPDATE_H
#define GD_KERNELS_UPDATE_H

#include <stdbool.h>

#include "kernels/kernels.h"

struct gd_algorithm;

/* One parameter's update in one step. */
typedef struct gd_update {
    const gd_kernels *kernels;
    uint32_t rule, state_count;
    float coefficients[GD_MAX_COEFFICIENTS];
    float l1, l2;         /* of a net's weights: penalties */
    float keep;           /* of the weights: decoupled decay */
    float decay;          /* coupled decay; 0: none */
    float gradient_scale; /* 1 */
    float clip;           /* of the scaled gradient's value; 0: none */
    bool zero_gradients;  /* the gradient becomes +0 after use; it must be writable then */
    float *states[GD_MAX_STATES];
} gd_update;

/* The update of step t (from 1), without clipping and zeroing, gradient_scale 1, states not set. Hyper-parameters the algorithm does not have are
 * 0. */
void gd_update_prepare(gd_update *update, const gd_kernels *kernels, const struct gd_algorithm *algorithm, const double *hyper_parameters,
                       uint64_t t);

/* Updates what the span's arrays, count and far say; its other fields are the update's business, and written. */
void gd_update_span(const gd_update *update, gd_span *span);

/* What comes before the factor of norm clipping, in place: penalties and clipping by value. */
void gd_update_stage(const gd_update *update, const float *weights, float *gradients, size_t count);

/* Updates `count` elements from element `first` of the parameter's storage, with the update's states; weights points at the parameter's element 0,
 * gradients at the first element's gradient. */
void gd_update_apply(const gd_update *update, float *weights, const float *gradients, size_t first, size_t count);

/* Stores +0 in weights and states at columns `from` .. `width` of `rows` rows of `width` elements, from element `first`: the padding of a panel,
 * whatever a rule made of it. */
void gd_update_clear(const gd_update *update, float *weights, size_t first, size_t rows, size_t from, size_t width);

#endif
