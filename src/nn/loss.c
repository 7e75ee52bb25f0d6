/* Losses and their gradients. */
#include "nn/loss.h"

#include <string.h>

size_t gd_label(const gradus_tensor *targets, size_t i) {
    return targets->dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)targets->data)[i] : (size_t)((const int32_t *)targets->data)[i];
}

double gd_loss_divisor(gradus_loss kind, size_t n, size_t outputs) { return kind == GRADUS_LOSS_MSE ? (double)n * (double)outputs : (double)n; }

/* From logits, safe for any: log(sum of exp(x - max)) - (x_target - max). The row of y becomes the probabilities p; d = (p - t)*scale. */
static double cross_entropy(const gd_loss *l, size_t i) {
    const size_t target = gd_label(l->targets, l->first + i);
    float *y = l->y + i * l->y_stride, maximum, sum;
    const float logit = y[target];
    gd_softmax(l->context, y, l->outputs, &maximum, &sum);
    if (l->d) {
        float *d = l->d + i * l->d_stride;
        for (size_t j = 0; j < l->outputs; j++) d[j] = (j == target ? y[j] - 1.0f : y[j]) * l->scale;
    }
    return (double)gd_log_f32(l->context, sum) - ((double)logit - (double)maximum);
}

/* The sum over outputs of (y - t)^2; d = (2*(y - t))*scale, through the last activation. */
static double squared_error(const gd_loss *l, size_t i) {
    const float *y = l->y + i * l->y_stride;
    const float *t = (const float *)l->targets->data + gd_tensor_row(l->targets, l->first + i);
    double sum = 0.0;
    for (size_t j = 0; j < l->outputs; j++) {
        const double error = (double)y[j] - (double)t[j];
        sum += error * error;
    }
    if (l->d) {
        float *d = l->d + i * l->d_stride;
        for (size_t j = 0; j < l->outputs; j++) d[j] = (2.0f * (y[j] - t[j])) * l->scale;
        gd_activation_derivative(l->context, l->activation, y, d, l->outputs);
    }
    return sum;
}

static void leaves(void *argument, size_t begin, size_t end) {
    const gd_loss *l = argument;
    double values[GD_LEAF];
    for (size_t leaf = begin; leaf < end; leaf++) {
        const size_t first = leaf * GD_LEAF, count = l->samples - first < GD_LEAF ? l->samples - first : GD_LEAF;
        for (size_t i = 0; i < count; i++) values[i] = l->kind == GRADUS_LOSS_MSE ? squared_error(l, first + i) : cross_entropy(l, first + i);
        l->leaf_sums[leaf] = gd_leaf_sum(values, count);
    }
}

gd_phase gd_loss_phase(gd_loss *l) {
    const gd_phase phase = {leaves, l, (l->samples + GD_LEAF - 1) / GD_LEAF, 1};
    return phase;
}
