/* Losses and their gradients. */
#include "nn/loss.h"

#include <string.h>

#include "nn/classes.h"

enum { PIECE = 64 }; /* outputs at a time, where a row needs a second array */

bool gd_targets_are_classes(const gradus_tensor *targets) { return targets->dtype == GRADUS_DTYPE_U8 || targets->dtype == GRADUS_DTYPE_I32; }

size_t gd_label(const gradus_tensor *targets, size_t i) {
    return targets->dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)targets->data)[i] : (size_t)((const int32_t *)targets->data)[i];
}

size_t gd_loss_classes(gradus_loss kind, size_t outputs) { return outputs == 1 && kind != GRADUS_LOSS_CROSS_ENTROPY ? 2 : outputs; }

double gd_loss_divisor(gradus_loss kind, double n, size_t outputs) {
    const bool by_samples = kind == GRADUS_LOSS_CROSS_ENTROPY || kind == GRADUS_LOSS_HALF_MSE;
    return by_samples ? n : n * (double)outputs;
}

gradus_activation gd_loss_activation(gradus_loss kind) {
    if (kind == GRADUS_LOSS_CROSS_ENTROPY) return GRADUS_ACTIVATION_SOFTMAX;
    return kind == GRADUS_LOSS_BINARY_CROSS_ENTROPY ? GRADUS_ACTIVATION_SIGMOID : GRADUS_ACTIVATION_UNSET;
}

gradus_activation gd_loss_forward_activation(const gradus_net *net) {
    return gd_loss_activation(net->loss) ? GRADUS_ACTIVATION_IDENTITY : net->layers[net->layer_count - 1].activation;
}

/* A sample's targets: numbers, or a class as the one 1 among zeros. */
typedef struct target_row {
    const float *numbers; /* NULL: a class */
    size_t hot;
} target_row;

/* A sample's row in targets. */
static inline size_t row_of(const gd_loss *l, size_t i) { return gd_sample_row(l->order, l->first + i); }

static inline target_row targets_of(const gd_loss *l, size_t i) {
    const size_t row = row_of(l, i);
    if (!gd_targets_are_classes(l->targets)) return (target_row){(const float *)l->targets->data + gd_tensor_row(l->targets, row), 0};
    const size_t label = gd_label(l->targets, row);
    if (gd_loss_classes(l->kind, l->outputs) == l->outputs) return (target_row){NULL, label};
    return (target_row){NULL, label == 1 ? 0 : SIZE_MAX}; /* the only output's target is the label itself */
}

static inline float target(target_row t, size_t j) { return t.numbers ? t.numbers[j] : j == t.hot ? 1.0f : 0.0f; }

/* The samples' values from `first` on, at most a leaf of them, their rows of y finished and their rows of d written. */
typedef void samples_function(const gd_loss *l, size_t first, size_t count, double *values);

/* T, the sum of the targets t, and the sum of t*(z - maximum), in fp64. Targets of 0 add nothing: of a class alone the others are left out. */
static inline double weigh_logits(const float *z, size_t outputs, target_row targets, float keep, float spread, float maximum, double *weighted) {
    double total = 0.0;
    const bool alone = !targets.numbers && spread == 0.0f;
    *weighted = 0.0;
    for (size_t j = alone ? targets.hot : 0, end = alone ? j + 1 : outputs; j < end; j++) {
        const double t = (double)(keep * target(targets, j) + spread);
        total += t;
        if (t != 0.0) *weighted += t * ((double)z[j] - (double)maximum);
    }
    return total;
}

/* From logits, safe for any: T*log(sum of exp(z - max)) - the sum of t*(z - max), T the sum of the targets t. The row of y becomes the probabilities
 * p; d = (p*T - t)*scale. */
static void cross_entropies(const gd_loss *l, size_t first, size_t count, double *values) {
    const float keep = (float)(1.0 - l->label_smoothing), spread = (float)(l->label_smoothing / (double)l->outputs), scale = l->scale;
    const size_t outputs = l->outputs;
    double weighted[GD_LEAF];
    float sums[GD_LEAF];
    for (size_t i = 0; i < count; i++) {
        const target_row targets = targets_of(l, first + i);
        float *y = l->y + (first + i) * l->y_stride, maximum = y[0];
        for (size_t j = 1; j < outputs; j++) maximum = y[j] > maximum ? y[j] : maximum;
        values[i] = weigh_logits(y, outputs, targets, keep, spread, maximum, &weighted[i]);
        gd_softmax(l->context, y, outputs, &maximum, &sums[i]);
        if (!l->d) continue;
        const float whole = (float)values[i];
        float *restrict d = l->d + (first + i) * l->d_stride;
        for (size_t j = 0; j < outputs; j++) d[j] = (y[j] * whole - (keep * target(targets, j) + spread)) * scale;
    }
    gd_logarithms(l->context, sums, count);
    for (size_t i = 0; i < count; i++) values[i] = values[i] * (double)sums[i] - weighted[i];
}

/* From logits z, safe for any: the sum over outputs of |z|*w + log(1 + exp(-|z|)), where w is the weight of the side that z does not take. The row of
 * y becomes the probabilities p; d = (p - t)*scale. */
static inline double binary_cross_entropy(const gd_loss *l, size_t i) {
    const target_row targets = targets_of(l, i);
    float *y = l->y + i * l->y_stride;
    double sum = 0.0;
    for (size_t first = 0; first < l->outputs; first += PIECE) {
        const size_t count = l->outputs - first < PIECE ? l->outputs - first : PIECE;
        float logarithm[PIECE];
        for (size_t j = 0; j < count; j++) logarithm[j] = y[first + j] > 0.0f ? -y[first + j] : y[first + j];
        gd_activate(l->context, GRADUS_ACTIVATION_SOFTPLUS, logarithm, count);
        for (size_t j = 0; j < count; j++) {
            const double z = (double)y[first + j], t = (double)target(targets, first + j), weight = z > 0.0 ? 1.0 - t : t;
            sum += (weight == 0.0 ? 0.0 : (z > 0.0 ? z : -z) * weight) + (double)logarithm[j];
        }
    }
    gd_activate(l->context, GRADUS_ACTIVATION_SIGMOID, y, l->outputs);
    for (size_t j = 0; l->d && j < l->outputs; j++) l->d[i * l->d_stride + j] = (y[j] - target(targets, j)) * l->scale;
    return sum;
}

static void binary_cross_entropies(const gd_loss *l, size_t first, size_t count, double *values) {
    for (size_t i = 0; i < count; i++) values[i] = binary_cross_entropy(l, first + i);
}

/* An error's part of the loss, and the derivative times scale. */
typedef double value_function(double error);
typedef float slope_function(float error, float scale);

/* The sum over outputs of value(y - t); d = slope(y - t), through the last activation. `column` is a constant where this is inlined: a single output's
 * arrays are vectors over the samples, without gaps. */
static inline __attribute__((always_inline)) void errors(const gd_loss *l, size_t first, size_t count, double *values, value_function *value,
                                                         slope_function *slope, const bool column) {
    const size_t outputs = column ? 1 : l->outputs, y_stride = column ? 1 : l->y_stride, d_stride = column ? 1 : l->d_stride;
    const float *const numbers = column ? (const float *)l->targets->data + l->first + first : NULL, scale = l->scale;
    float *y = l->y + first * y_stride, maximum, row_sum;
    for (size_t i = 0; l->activation == GRADUS_ACTIVATION_SOFTMAX && i < count; i++)
        gd_softmax(l->context, y + i * y_stride, outputs, &maximum, &row_sum);
    for (size_t i = 0; i < count; i++) {
        const target_row targets = column ? (target_row){NULL, 0} : targets_of(l, first + i);
        double sum = 0.0;
        for (size_t j = 0; j < outputs; j++) sum += value((double)y[i * y_stride + j] - (double)(column ? numbers[i] : target(targets, j)));
        values[i] = sum;
    }
    if (!l->d) return;
    float *restrict d = l->d + first * d_stride;
    for (size_t i = 0; i < count; i++) {
        const target_row targets = column ? (target_row){NULL, 0} : targets_of(l, first + i);
        for (size_t j = 0; j < outputs; j++) d[i * d_stride + j] = slope(y[i * y_stride + j] - (column ? numbers[i] : target(targets, j)), scale);
    }
    if (l->activation == GRADUS_ACTIVATION_IDENTITY) return;
    const float *from = l->z ? l->z + first * y_stride : y;
    const size_t runs = column ? 1 : count, run = column ? count : outputs;
    for (size_t i = 0; i < runs; i++) gd_activation_derivative(l->context, l->activation, from + i * y_stride, d + i * d_stride, run);
}

static inline __attribute__((always_inline)) void of_errors(const gd_loss *l, size_t first, size_t count, double *values, value_function *value,
                                                            slope_function *slope) {
    const bool numbers = !l->order && !gd_targets_are_classes(l->targets) && (l->targets->row_stride == 1 || l->targets->rows == 1);
    if (numbers && l->outputs == 1 && l->y_stride == 1 && l->d_stride == 1 && l->activation != GRADUS_ACTIVATION_SOFTMAX) {
        errors(l, first, count, values, value, slope, true);
    } else {
        errors(l, first, count, values, value, slope, false);
    }
}

static double square(double e) { return e * e; }
static float square_slope(float e, float scale) { return (2.0f * e) * scale; }
static float half_square_slope(float e, float scale) { return e * scale; }
static double magnitude(double e) { return e < 0.0 ? -e : e; }
static float magnitude_slope(float e, float scale) { return e > 0.0f ? scale : e < 0.0f ? -scale : 0.0f; }
/* Huber 1964, with delta 1. */
static double huber(double e) { return magnitude(e) > 1.0 ? magnitude(e) - 0.5 : 0.5 * (e * e); }
static float huber_slope(float e, float scale) { return e > 1.0f ? scale : e < -1.0f ? -scale : e * scale; }

static void squares(const gd_loss *l, size_t first, size_t count, double *values) { of_errors(l, first, count, values, square, square_slope); }
static void half_squares(const gd_loss *l, size_t first, size_t count, double *values) {
    of_errors(l, first, count, values, square, half_square_slope);
    for (size_t i = 0; i < count; i++) values[i] = 0.5 * values[i];
}
static void magnitudes(const gd_loss *l, size_t first, size_t count, double *values) {
    of_errors(l, first, count, values, magnitude, magnitude_slope);
}
static void hubers(const gd_loss *l, size_t first, size_t count, double *values) { of_errors(l, first, count, values, huber, huber_slope); }

static samples_function *const samples_functions[] = {
    [GRADUS_LOSS_CROSS_ENTROPY] = cross_entropies,
    [GRADUS_LOSS_BINARY_CROSS_ENTROPY] = binary_cross_entropies,
    [GRADUS_LOSS_MSE] = squares,
    [GRADUS_LOSS_HALF_MSE] = half_squares,
    [GRADUS_LOSS_MAE] = magnitudes,
    [GRADUS_LOSS_HUBER] = hubers,
};

/* How many of the samples, whose rows of y are finished, are classified right. */
static uint32_t count_right(const gd_loss *l, size_t first, size_t count) {
    uint32_t right = 0;
    if (!gd_have_classes(l->kind, l->outputs, l->targets)) return 0;
    for (size_t i = first; i < first + count; i++)
        right += gd_output_class(l->kind, l->outputs, l->y + i * l->y_stride) == gd_target_class(l->kind, l->outputs, l->targets, row_of(l, i));
    return right;
}

/* A sample's weight multiplies last; 0 is a select. */
static void weigh(const gd_loss *l, size_t first, size_t count, double *values) {
    for (size_t i = 0; i < count; i++) {
        const float weight = ((const float *)l->weights->data)[row_of(l, first + i)];
        float *d = l->d ? l->d + (first + i) * l->d_stride : NULL;
        values[i] = weight == 0.0f ? 0.0 : values[i] * (double)weight;
        for (size_t j = 0; d && j < l->outputs; j++) d[j] = weight == 0.0f ? 0.0f : d[j] * weight;
    }
}

static void leaves(void *argument, size_t begin, size_t end) {
    const gd_loss *l = argument;
    double values[GD_LEAF];
    for (size_t leaf = begin; leaf < end; leaf++) {
        const size_t first = leaf * GD_LEAF, count = l->samples - first < GD_LEAF ? l->samples - first : GD_LEAF;
        samples_functions[l->kind](l, first, count, values);
        if (l->weights) weigh(l, first, count, values);
        l->leaf_sums[leaf] = gd_leaf_sum(values, count);
        if (l->leaf_right) l->leaf_right[leaf] = count_right(l, first, count);
    }
}

gd_phase gd_loss_phase(gd_loss *l) {
    const gd_phase phase = {leaves, l, (l->samples + GD_LEAF - 1) / GD_LEAF, 1};
    return phase;
}
