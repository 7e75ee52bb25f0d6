/* The inside of optimizers: what a rule is to the host side, and a step in three parts (begin, apply, end) for whoever updates piece by piece. */
#ifndef GD_KERNELS_OPTIMIZER_H
#define GD_KERNELS_OPTIMIZER_H

#include <stdbool.h>

#include <gradus/optimizer.h>

#include "base/context.h"
#include "kernels/kernels.h"

/* One line of optimizers.def. */
typedef struct gd_rule {
    gradus_optimizer_algorithm algorithm;
    const char *name, *formula, *source;
    const char *state_names[GD_MAX_STATES + 1]; /* NULL after the last */
    struct {
        gradus_hyper_parameter key; /* -1 after the last */
        double value;
    } defaults[GRADUS_HYPER_PARAMETER_LIMIT + 1];
    /* Fills in the coefficients of step t (from 1) from the hyper-parameters. */
    void (*prepare)(float *coefficients, const double *hyper_parameters, uint64_t t);
} gd_rule;

/* The index-th rule (GD_RULE_*), NULL past the last; an algorithm's index, or GD_RULE_COUNT; how many states a rule has. */
const gd_rule *gd_rule_at(size_t index);
size_t gd_rule_find(gradus_optimizer_algorithm algorithm);
uint32_t gd_rule_states(const gd_rule *rule);

/* Checks one hyper-parameter of a rule; `what` is the function's name. */
gradus_status gd_hyper_parameter_check(gradus_context *context, const gd_rule *rule, gradus_hyper_parameter key, double value, const char *what);

struct gradus_optimizer {
    gradus_allocator allocator;
    size_t rule;
    size_t count; /* parameters */
    uint32_t groups;
    bool for_net;                 /* own state in a net's layout: for gradus_net_step, not for plain tensors */
    gradus_parameter *parameters; /* names are copies, in `names` */
    char *names;
    size_t names_size;
    size_t *sizes; /* elements of storage a parameter: rows*columns*batch, or more where the owner pads */
    uint64_t *steps;
    double (*hyper_parameters)[GRADUS_HYPER_PARAMETER_LIMIT]; /* a row a group */
    float *states;                                            /* own state: for each parameter its states one after another; NULL until wanted */
    size_t states_size;                                       /* in bytes */
};

/* As gradus_optimizer_create, with a net's storage sizes (NULL: the parameters' shapes). */
gradus_status gd_optimizer_make(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameters,
                                const size_t *sizes, size_t count, gradus_optimizer **optimizer);

/* Allocates the own state, +0, if it is not there. */
gradus_status gd_optimizer_own_states(gradus_context *context, gradus_optimizer *optimizer);

/* The distance between two states of parameter `index` in the own state, in elements: every state starts on a cache line. */
size_t gd_optimizer_state_stride(const gradus_optimizer *optimizer, size_t index);

/* What one parameter's update needs in this step. */
typedef struct gd_update {
    void (*step)(const gd_span *span);
    float coefficients[GD_MAX_COEFFICIENTS];
    float *states[GD_MAX_STATES];
    uint32_t state_count;
} gd_update;

/* Every parameter's update at its next step, on the own state (which is there): updates[count]. Changes nothing. */
void gd_optimizer_begin(const gradus_context *context, const gradus_optimizer *optimizer, gd_update *updates);

/* Updates `count` elements from element `first` of the parameter's storage; weights points at the parameter's element 0, gradients at the first
 * element's gradient. */
void gd_update_apply(const gd_update *update, float *weights, const float *gradients, size_t first, size_t count);

/* Stores +0 in weights and states at columns `from` .. `width` of `rows` rows of `width` elements, from element `first`: the padding of a panel,
 * whatever a rule made of it. */
void gd_update_clear(const gd_update *update, float *weights, size_t first, size_t rows, size_t from, size_t width);

/* Counts the step of every parameter. */
void gd_optimizer_end(gradus_optimizer *optimizer);

#endif
