/* Losses: per-sample values in fp64, summed by leaves, and their gradients. docs/numerics.md, sections 5 and 7. */
#ifndef GD_NN_LOSS_H
#define GD_NN_LOSS_H

#include "nn/net.h"

/* The loss over samples whose outputs are computed: y [samples][y_stride] holds the last layer's outputs, before softmax and, for losses from logits,
 * before sigmoid. */
typedef struct gd_loss {
    const gradus_context *context;
    gradus_loss kind;
    gradus_activation activation; /* the last layer's */
    double label_smoothing;
    size_t outputs, samples, y_stride, d_stride;
    size_t first;          /* the first sample's place in the order, or its row in targets */
    const uint32_t *order; /* as of gd_samples */
    float *y;              /* becomes the outputs in full: probabilities */
    const float *z;        /* [samples][y_stride]: the last layer's values before an activation whose derivative asks for them, else NULL */
    const gradus_tensor *targets;
    const gradus_tensor *weights; /* of the samples, in the targets' order; NULL: none */
    float *d;                     /* the gradient before the last activation, [samples][d_stride]; NULL: not wanted */
    float scale;                  /* 1/n, for means over outputs 1/(n*outputs) */
    double *leaf_sums;            /* [leaves]: undivided */
    uint32_t *leaf_right;         /* [leaves]: how many are classified right, where there are classes; NULL: not wanted */
} gd_loss;

/* The phase over leaves of 64 samples. */
gd_phase gd_loss_phase(gd_loss *loss);

/* What the undivided sum over n samples, or samples whose weights add up to n, is divided by. */
double gd_loss_divisor(gradus_loss kind, double n, size_t outputs);

/* The activation that a loss is joined with, so that it is computed from logits; UNSET: it takes any. The last forward phase leaves that one out. */
gradus_activation gd_loss_activation(gradus_loss kind);
gradus_activation gd_loss_forward_activation(const gradus_net *net);

/* Whether targets are classes, one integer a sample; sample i's class. */
bool gd_targets_are_classes(const gradus_tensor *targets);
size_t gd_label(const gradus_tensor *targets, size_t i);

/* How many classes integer targets may name: the outputs, but two where one output says which of them. */
size_t gd_loss_classes(gradus_loss kind, size_t outputs);

#endif
