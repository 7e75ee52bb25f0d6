/* The inside of optimizers: what a rule is to the host side, and a step in three parts (begin, apply, end) for whoever updates piece by piece. */
#ifndef GD_KERNELS_OPTIMIZER_H
#define GD_KERNELS_OPTIMIZER_H

#include <stdbool.h>

#include <gradus/optimizer.h>

#include "base/context.h"
#include "kernels/kernels.h"
#include "kernels/tree.h"
#include "kernels/update.h"

/* One line of optimizers.def. */
typedef struct gd_algorithm {
    gradus_optimizer_algorithm number;
    uint32_t rule; /* GD_RULE_* */
    gradus_weight_decay_form weight_decay;
    const char *name, *variant, *formula, *source;
    struct {
        gradus_hyper_parameter key; /* -1 after the last */
        double value;
    } defaults[GRADUS_HYPER_PARAMETER_LIMIT + 1];
    /* Fills in the coefficients of step t (from 1) from the hyper-parameters; those the algorithm does not have are 0. */
    void (*prepare)(float *coefficients, const double *hyper_parameters, uint64_t t);
} gd_algorithm;

/* The index-th algorithm (GD_ALGORITHM_*), NULL past the last; the one of a public number, NULL if there is none. */
const gd_algorithm *gd_algorithm_at(size_t index);
const gd_algorithm *gd_algorithm_find(gradus_optimizer_algorithm number);

/* What name[0 .. length) without a variant means: the first algorithm of that name, NULL if there is none. */
const gd_algorithm *gd_algorithm_named(const char *name, size_t length);

/* How many states an algorithm has, and whether it has a hyper-parameter. */
uint32_t gd_algorithm_states(const gd_algorithm *algorithm);
bool gd_algorithm_uses(const gd_algorithm *algorithm, gradus_hyper_parameter key);

/* Checks one hyper-parameter of an algorithm; `what` is the function's name. */
gradus_status gd_hyper_parameter_check(gradus_context *context, const gd_algorithm *algorithm, gradus_hyper_parameter key, double value,
                                       const char *what);

/* Checks a tensor that stands for a parameter or one of its states: well formed, F32, of its shape. `what` names it in the message. */
gradus_status gd_parameter_check_tensor(gradus_context *context, const gradus_tensor *tensor, const gradus_parameter *parameter, const char *what);

/* A parameter's place among all of them. */
typedef struct gd_extent {
    size_t size;   /* elements of storage: rows*columns*batch, or more where the owner pads */
    size_t offset; /* elements of the parameters before it */
    size_t own;    /* where its own state begins, in elements */
    uint32_t group;
} gd_extent;

/* The gradients of a global batch over several steps of a net (src/nn/accumulate.c), and memory for whole gradients. */
typedef struct gd_accumulation {
    size_t next, total; /* where the next part begins; 0: no batch is under way. Its samples */
    uint64_t seed, step;
    gd_tree loss;    /* over the leaves so far */
    double weight;   /* of the samples so far */
    float *nodes;    /* open nodes of the tree over the leaves, each as the net's memory */
    size_t capacity; /* bytes of nodes */
} gd_accumulation;

struct gradus_optimizer {
    gradus_allocator allocator;
    const gd_algorithm *algorithm;
    size_t count; /* parameters */
    uint32_t groups;
    bool for_net;                 /* own state in a net's layout: for gradus_net_step, not for plain tensors */
    gradus_parameter *parameters; /* names are copies, in `names` */
    char *names;
    size_t names_size;
    gd_extent *extents; /* [count + 1]; the last one's are where all end */
    uint64_t *steps;
    double (*hyper_parameters)[GRADUS_HYPER_PARAMETER_LIMIT]; /* a row a group */
    float *states;                                            /* own state: for each parameter its states one after another; NULL until wanted */
    size_t states_size;                                       /* in bytes */
    gd_accumulation accumulation;                             /* for_net only, */
    double clip_value, clip_norm;                             /* as the next; 0: none */
    bool clip_global;                                         /* clip_norm is of the whole gradient */
};

/* As gradus_optimizer_create, with a net's storage sizes (NULL: the parameters' shapes). */
gradus_status gd_optimizer_make(gradus_context *context, const gradus_optimizer_config *config, const gradus_parameter *parameters,
                                const size_t *sizes, size_t count, gradus_optimizer **optimizer);

/* Allocates the own state, +0, if it is not there. */
gradus_status gd_optimizer_own_states(gradus_context *context, gradus_optimizer *optimizer);

/* The own state j of parameter `index`: every state starts on a cache line. */
float *gd_optimizer_state(const gradus_optimizer *optimizer, size_t index, uint32_t j);

/* updates[count], which are all 0, on the own state, which is there. */
void gd_optimizer_bind(const gradus_optimizer *optimizer, gd_update *updates);

/* Every parameter's update at its next step, of updates that are bound: formulas[count], of which neighbours mostly share one. Changes nothing of the
 * optimizer. */
void gd_optimizer_begin(const gradus_context *context, const gradus_optimizer *optimizer, gd_formula *formulas, gd_update *updates);

/* Counts the step of every parameter. */
void gd_optimizer_end(gradus_optimizer *optimizer);

#endif
