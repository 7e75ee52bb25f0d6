/* The plan of a pass over a batch, forward and back: where everything lies in the context's scratch, and the list of phases of each part. A part is the
 * whole batch or, of a large one, an aligned sub-batch; docs/adr/0016. */
#ifndef GD_NN_PLAN_H
#define GD_NN_PLAN_H

#include "nn/loss.h"
#include "nn/net.h"

enum { GD_DROP_INPUTS = 65536 }; /* the inputs' index among the layers', for the dropout's draws */

/* What of a batch decides where things lie, besides its size. */
typedef struct gd_plan_traits {
    bool copies, drops; /* inputs are copied; units are dropped; */
    bool whole;         /* it is the whole global batch; */
    bool separate;      /* the whole gradient is kept, and the updates are phases of their own; */
    bool lends;         /* nodes are the optimizer's; */
    bool clips;         /* the gradient's norm decides on a factor */
} gd_plan_traits;

struct gd_plan;

/* A layer's part in clipping by norm. */
typedef struct gd_clip {
    struct gd_plan *plan;
    size_t layer;
    float *columns;    /* [outputs]: the sum of the squares of each column of its weights' gradient */
    float bias_square; /* the same of its bias' */
} gd_clip;

/* A pass's own things, all in the context's scratch, where the next step finds them: as long as the scratch, the net's layers, the optimizer's states
 * and the batch's shape are the same, it only takes other data through them. */
typedef struct gd_plan {
    gradus_context *context;
    const void *kernels; /* the context's table when it was planned, to recognise it */
    const gradus_net *net;
    gd_layer *layers; /* the net's, when it was planned */
    size_t layer_count;
    gradus_net *trained;           /* net, or NULL: the gradients go to */
    gradus_optimizer *optimizer;   /* with trained; */
    const gd_algorithm *algorithm; /* what it was, and where its states were, when it was planned */
    const float *states;
    const gradus_tensor *gradients; /* the caller's tensors; NULL: the loss only */
    const gd_samples *samples;      /* during a pass */
    gd_plan_traits traits;
    size_t sample_count; /* of the samples */
    size_t span;         /* the most samples of a part, 64*2^k */
    size_t first, count; /* the part at hand: its first sample among these and how many it has; */
    uint64_t item;       /* its place in the tree over parts of its own size */
    bool whole, last;    /* it is the whole global batch; it ends it */
    double operations;   /* of its products and updates that threads can share: a rough number */
    gd_load load;
    gd_loss loss;
    gd_tree tree;         /* over the leaves of the loss */
    double sum, mean;     /* of the loss so far: undivided, and over the batch */
    uint64_t right;       /* samples of this call classified right so far, where there are classes */
    double weight;        /* of the samples so far that the mean is over: their number without weights; never 0 */
    int skip;             /* it is not finite: parameters and states stay */
    float **outputs;      /* [layer]: [samples][row stride] */
    float **sums;         /* [layer]: the same as the activation's derivative asks for it, where outputs are not that: before the activation, or the
                         dropout; else NULL */
    gd_dropout *dropouts; /* [layer + 1]: of the layers' outputs, and of the inputs; kept NULL: none */
    float *d[2];          /* gradients by the outputs of a layer and of the one before it, in turn */
    float *turned[2];     /* the same, turned */
    float *strips;
    float *nodes;                 /* gradients of parts, open nodes of the tree over all leaves, as the net's memory */
    gd_forward *forward;          /* [layer] */
    gd_backward_input *input;     /* [layer] */
    gd_backward_weights *weights; /* [layer] */
    gd_update *updates;           /* [2 * layer]; */
    gd_formula *formulas;         /* the same */
    gd_clip *clips;               /* [layer] */
    gd_phase *phases;
    size_t phase_count, abandonable; /* phases; how many of them change nothing that stays */
} gd_plan;

/* The plan of a step (trained: the net) or of a loss gradient: the one in the context's scratch if it says what a new one would. */
gradus_status gd_plan_find(gradus_context *context, const gradus_net *net, const gd_samples *samples, gradus_net *trained,
                           gradus_optimizer *optimizer, const gradus_tensor *gradients, gd_plan **plan);

/* Makes the list of phases that of the part from sample `first` on: as large an aligned one as there is. Parts run one after the other. Where the
 * context kept the plan, it is of the whole batch already and only takes the data of this one. Inside the floating-point guard. */
void gd_plan_part(gd_plan *plan, size_t first);

/* The phases between the whole gradient and the updates: what comes before the factor, the squares of a layer; then one for all. */
gd_phase gd_clip_phase(gd_plan *plan, size_t layer);
gd_phase gd_clip_factors_phase(gd_plan *plan);

static inline bool gd_layer_drops(const gd_layer *layer, gd_plan_traits traits) { return traits.drops && layer->drop_rate.threshold > 0; }

/* Bytes of scratch a step on `count` samples takes; SIZE_MAX: more than fits. */
size_t gd_plan_scratch(const gradus_context *context, const gradus_net *net, size_t count);

/* For tests: the context's steps from now on run in parts of so many samples, 64*2^k (0: as usual), and with updates of their own or, as usual, on
 * finished tiles. Results must not change. */
void gd_plan_test_mode(gradus_context *context, size_t part_samples, bool separate);

#endif
