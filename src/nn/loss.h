/* Losses: per-sample values in fp64, summed by leaves, and their gradients. docs/numerics.md, sections 5 and 7. */
#ifndef GD_NN_LOSS_H
#define GD_NN_LOSS_H

#include "nn/net.h"

/* The loss over samples whose outputs are computed: y [samples][y_stride] holds the last layer's outputs, for softmax its logits. */
typedef struct gd_loss {
    const gradus_context *context;
    gradus_loss kind;
    gradus_activation activation; /* the last layer's */
    size_t outputs, samples, y_stride, d_stride;
    size_t first; /* the first sample's row in targets */
    float *y;     /* softmax: becomes the probabilities */
    const gradus_tensor *targets;
    float *d;          /* the gradient before the last activation, [samples][d_stride]; NULL: not wanted */
    float scale;       /* 1/n, for mse 1/(n*outputs) */
    double *leaf_sums; /* [leaves]: undivided */
} gd_loss;

/* The phase over leaves of 64 samples. */
gd_phase gd_loss_phase(gd_loss *loss);

/* What the undivided sum over n samples is divided by. */
double gd_loss_divisor(gradus_loss kind, size_t n, size_t outputs);

/* Sample i's class (class targets only). */
size_t gd_label(const gradus_tensor *targets, size_t i);

#endif
