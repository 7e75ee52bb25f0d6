/* The reference's losses and their gradients (sections 5 and 7). */
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>

/* Section 5: what the sum over samples is divided by; its reciprocal, rounded once, is the gradient's scale. */
static double divisor(gradus_loss loss, size_t samples, size_t outputs) {
    switch (loss) {
    case GRADUS_LOSS_CROSS_ENTROPY:
    case GRADUS_LOSS_HALF_MSE:
        return (double)samples;
    default:
        return (double)samples * (double)outputs;
    }
}

/* Section 5: the row of targets t of a sample. */
static void spell_targets(gradus_loss loss, double label_smoothing, const float *numbers, uint8_t label, size_t outputs, float *t) {
    const float keep = (float)(1.0 - label_smoothing), spread = (float)(label_smoothing / (double)outputs);
    for (size_t j = 0; j < outputs; j++) {
        if (numbers)
            t[j] = numbers[j];
        else if (outputs == 1 && loss != GRADUS_LOSS_CROSS_ENTROPY)
            t[j] = (float)label;
        else
            t[j] = label == j ? 1.0f : 0.0f;
        if (loss == GRADUS_LOSS_CROSS_ENTROPY) t[j] = keep * t[j] + spread;
    }
}

static double cross_entropy(const float *z, const float *t, size_t n, float s, float *d) {
    float maximum, sum;
    double total = 0.0, weighted = 0.0;
    gd_reference_softmax(z, d, n, &maximum, &sum);
    for (size_t j = 0; j < n; j++) total = total + (double)t[j];
    for (size_t j = 0; j < n; j++)
        if (t[j] != 0.0f) weighted = weighted + (double)t[j] * ((double)z[j] - (double)maximum);
    for (size_t j = 0; j < n; j++) d[j] = (d[j] * (float)total - t[j]) * s;
    return total * (double)gd_reference_unary[GD_UNARY_LOG](sum) - weighted;
}

static double binary_cross_entropy(const float *z, const float *t, size_t n, float s, float *d) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        const double weight = z[j] > 0.0f ? 1.0 - (double)t[j] : (double)t[j];
        const double linear = weight == 0.0 ? 0.0 : fabs((double)z[j]) * weight;
        sum = sum + (linear + (double)gd_reference_softplus(-fabsf(z[j])));
        d[j] = (gd_reference_sigmoid(z[j]) - t[j]) * s;
    }
    return sum;
}

static double squared(const float *y, const float *t, size_t n, float s, float *d) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        const double e = (double)y[j] - (double)t[j];
        sum = sum + e * e;
        d[j] = (2.0f * (y[j] - t[j])) * s;
    }
    return sum;
}

static double half_squared(const float *y, const float *t, size_t n, float s, float *d) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        const double e = (double)y[j] - (double)t[j];
        sum = sum + e * e;
        d[j] = (y[j] - t[j]) * s;
    }
    return 0.5 * sum;
}

static double absolute(const float *y, const float *t, size_t n, float s, float *d) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        const float e = y[j] - t[j];
        sum = sum + fabs((double)y[j] - (double)t[j]);
        d[j] = e > 0.0f ? s : e < 0.0f ? -s : 0.0f;
    }
    return sum;
}

static double huber(const float *y, const float *t, size_t n, float s, float *d) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        const float e = y[j] - t[j];
        const double wide = (double)y[j] - (double)t[j];
        sum = sum + (fabs(wide) > 1.0 ? fabs(wide) - 0.5 : 0.5 * (wide * wide));
        d[j] = e > 1.0f ? s : e < -1.0f ? -s : e * s;
    }
    return sum;
}

static double (*const samples_loss[])(const float *x, const float *t, size_t n, float s, float *d) = {
    [GRADUS_LOSS_CROSS_ENTROPY] = cross_entropy,
    [GRADUS_LOSS_BINARY_CROSS_ENTROPY] = binary_cross_entropy,
    [GRADUS_LOSS_MSE] = squared,
    [GRADUS_LOSS_HALF_MSE] = half_squared,
    [GRADUS_LOSS_MAE] = absolute,
    [GRADUS_LOSS_HUBER] = huber,
};

double gd_reference_loss(gradus_loss loss, double label_smoothing, const float *x, const float *targets, const uint8_t *labels, size_t samples,
                         size_t outputs, float *d) {
    const double divided_by = divisor(loss, samples, outputs);
    const float s = (float)(1.0 / divided_by);
    double *values = malloc((samples + 1) * sizeof *values);
    float *t = malloc((outputs + 1) * sizeof *t);
    if (!values || !t) abort();
    for (size_t i = 0; i < samples; i++) {
        spell_targets(loss, label_smoothing, targets ? targets + i * outputs : NULL, targets ? 0 : labels[i], outputs, t);
        values[i] = samples_loss[loss](x + i * outputs, t, outputs, s, d + i * outputs);
    }
    const double mean = gd_reference_sample_sum(values, samples) / divided_by;
    free(values);
    free(t);
    return mean;
}
