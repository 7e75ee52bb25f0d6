/* The reference's optimizers: section 8 of the contract, operation by operation. */
#include "reference/reference.h"

#include <math.h>

/* Section 6: decaying state under 2^-100 becomes +0; a NaN compares false and stays. */
static float flush(float state) { return fabsf(state) < 0x1p-100f ? 0.0f : state; }

/* Section 8: beta^t from the squares beta^(2^i), multiplied from the lowest set bit up. */
static double power(double beta, uint64_t t) {
    double result = 1.0;
    for (double square = beta; t != 0; t >>= 1, square = square * square)
        if (t & 1) result = result * square;
    return result;
}

static void step_sgd(const gd_reference_span *s) {
    const float minus_lr = -(float)s->hyper[GRADUS_LEARNING_RATE];
    for (size_t i = 0; i < s->count; i++) {
        float g = s->gradients[i] * s->gradient_scale;
        s->weights[i] = fmaf(minus_lr, g, s->weights[i]);
    }
}

static void step_momentum(const gd_reference_span *s) {
    const float minus_lr = -(float)s->hyper[GRADUS_LEARNING_RATE];
    const float momentum = (float)s->hyper[GRADUS_MOMENTUM];
    const float c = s->t == 1 ? 1.0f : (float)(1.0 - s->hyper[GRADUS_DAMPENING]);
    float *buffer = s->states[0];
    for (size_t i = 0; i < s->count; i++) {
        float g = s->gradients[i] * s->gradient_scale;
        buffer[i] = flush(fmaf(momentum, buffer[i], c * g));
        s->weights[i] = fmaf(minus_lr, buffer[i], s->weights[i]);
    }
}

static void step_adam(const gd_reference_span *s) {
    const float beta1 = (float)s->hyper[GRADUS_BETA1], c1 = (float)(1.0 - s->hyper[GRADUS_BETA1]);
    const float beta2 = (float)s->hyper[GRADUS_BETA2], c2 = (float)(1.0 - s->hyper[GRADUS_BETA2]);
    const float a = 1.0f, b = 0.0f; /* torch's; other variants differ here */
    const float c = (float)(1.0 / sqrt(1.0 - power(s->hyper[GRADUS_BETA2], s->t)));
    const float e = (float)s->hyper[GRADUS_EPSILON];
    const float step = (float)(s->hyper[GRADUS_LEARNING_RATE] / (1.0 - power(s->hyper[GRADUS_BETA1], s->t)));
    float *m = s->states[0], *v = s->states[1];
    for (size_t i = 0; i < s->count; i++) {
        float g = s->gradients[i] * s->gradient_scale;
        m[i] = flush(fmaf(beta1, m[i], c1 * g));
        v[i] = flush(fmaf(beta2, v[i], c2 * (g * g)));
        float root = sqrtf(fmaf(v[i], a, b)) * c;
        float d = root + e;
        s->weights[i] = fmaf(-step, m[i] / d, s->weights[i]);
    }
}

#define GRADUS_OPTIMIZER(number, name, NAME, kind, passes, states, hyper_parameters, formula, source) [GD_RULE_##NAME] = step_##name,
gd_reference_rule *const gd_reference_step[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
#undef GRADUS_OPTIMIZER
