/* The reference's optimizers: section 8 of the contract, operation by operation. A family's operations are a function, an algorithm is its
 * coefficients. */
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

/* What comes before every rule: the gradient is scaled, clipped and, with coupled decay, added to; with decoupled decay the weight shrinks first. */
typedef enum decay_form { NONE, COUPLED, DECOUPLED } decay_form;

static float gradient(const gd_reference_span *s, decay_form decay, size_t i) {
    const float weight_decay = (float)s->hyper[GRADUS_WEIGHT_DECAY];
    float g = s->gradients[i] * s->gradient_scale;
    if (s->clip > 0.0f) g = g > s->clip ? s->clip : (g < -s->clip ? -s->clip : g);
    if (decay == COUPLED && weight_decay != 0.0f) g = fmaf(weight_decay, s->weights[i], g);
    return g;
}

static float weight(const gd_reference_span *s, decay_form decay, size_t i) {
    const float keep = (float)(1.0 - s->hyper[GRADUS_LEARNING_RATE] * s->hyper[GRADUS_WEIGHT_DECAY]);
    return decay == DECOUPLED ? s->weights[i] * keep : s->weights[i];
}

static void sgd(const gd_reference_span *s, decay_form decay, float step) {
    for (size_t i = 0; i < s->count; i++) s->weights[i] = fmaf(step, gradient(s, decay, i), weight(s, decay, i));
}

static void step_sgd_torch(const gd_reference_span *s) { sgd(s, COUPLED, -(float)s->hyper[GRADUS_LEARNING_RATE]); }
static void step_sgd_keras(const gd_reference_span *s) { sgd(s, DECOUPLED, -(float)s->hyper[GRADUS_LEARNING_RATE]); }
static void step_sgd_seed004(const gd_reference_span *s) {
    sgd(s, NONE, -(float)(s->hyper[GRADUS_LEARNING_RATE] * power(s->hyper[GRADUS_LEARNING_RATE_FACTOR], s->t)));
}

static void momentum(const gd_reference_span *s, decay_form decay, float c, float step, int nesterov) {
    const float mu = (float)s->hyper[GRADUS_MOMENTUM];
    float *b = s->states[0];
    for (size_t i = 0; i < s->count; i++) {
        float x = c * gradient(s, decay, i);
        b[i] = flush(fmaf(mu, b[i], x));
        float u = nesterov ? fmaf(mu, b[i], x) : b[i];
        s->weights[i] = fmaf(step, u, weight(s, decay, i));
    }
}

static void step_momentum_torch(const gd_reference_span *s) {
    const float c = s->t == 1 ? 1.0f : (float)(1.0 - s->hyper[GRADUS_DAMPENING]);
    momentum(s, COUPLED, c, -(float)s->hyper[GRADUS_LEARNING_RATE], 0);
}
static void step_momentum_keras(const gd_reference_span *s) { momentum(s, DECOUPLED, -(float)s->hyper[GRADUS_LEARNING_RATE], 1.0f, 0); }
static void step_momentum_seed003(const gd_reference_span *s) {
    momentum(s, NONE, (float)(1.0 - s->hyper[GRADUS_MOMENTUM]), -(float)s->hyper[GRADUS_LEARNING_RATE], 0);
}
static void step_nesterov_torch(const gd_reference_span *s) { momentum(s, COUPLED, 1.0f, -(float)s->hyper[GRADUS_LEARNING_RATE], 1); }
static void step_nesterov_keras(const gd_reference_span *s) { momentum(s, DECOUPLED, -(float)s->hyper[GRADUS_LEARNING_RATE], 1.0f, 1); }

static void adagrad(const gd_reference_span *s, decay_form decay, float b, float e, float step) {
    float *sum = s->states[0];
    for (size_t i = 0; i < s->count; i++) {
        float g = gradient(s, decay, i), w = weight(s, decay, i);
        sum[i] = fmaf(g, g, sum[i]);
        float root = sqrtf(sum[i] + b);
        float d = root + e;
        s->weights[i] = fmaf(step, g / d, w);
    }
}

static void step_adagrad_torch(const gd_reference_span *s) {
    const double rate = s->hyper[GRADUS_LEARNING_RATE] / (1.0 + (double)(s->t - 1) * s->hyper[GRADUS_LEARNING_RATE_DECAY]);
    adagrad(s, COUPLED, (float)s->hyper[GRADUS_INITIAL_ACCUMULATOR], (float)s->hyper[GRADUS_EPSILON], -(float)rate);
}
static float inside_root(const gd_reference_span *s) { return (float)(s->hyper[GRADUS_INITIAL_ACCUMULATOR] + s->hyper[GRADUS_EPSILON]); }
static void step_adagrad_keras(const gd_reference_span *s) { adagrad(s, DECOUPLED, inside_root(s), 0.0f, -(float)s->hyper[GRADUS_LEARNING_RATE]); }
static void step_adagrad_optax(const gd_reference_span *s) { adagrad(s, NONE, inside_root(s), 0.0f, -(float)s->hyper[GRADUS_LEARNING_RATE]); }
static void step_adagrad_seed002(const gd_reference_span *s) {
    adagrad(s, NONE, 0.0f, (float)s->hyper[GRADUS_EPSILON], -(float)s->hyper[GRADUS_LEARNING_RATE]);
}

/* keras: eps inside the root and, with momentum, the rate inside the buffer. average, buffer: NULL where there is none. */
static void rmsprop(const gd_reference_span *s, decay_form decay, int keras, float *average, float *buffer) {
    const float alpha = (float)s->hyper[GRADUS_ALPHA], c = (float)(1.0 - s->hyper[GRADUS_ALPHA]), mu = (float)s->hyper[GRADUS_MOMENTUM];
    const float b = keras ? (float)s->hyper[GRADUS_EPSILON] : 0.0f, e = keras ? 0.0f : (float)s->hyper[GRADUS_EPSILON];
    const float lr = (float)s->hyper[GRADUS_LEARNING_RATE];
    float *v = s->states[0];
    for (size_t i = 0; i < s->count; i++) {
        float g = gradient(s, decay, i), w = weight(s, decay, i), x;
        v[i] = flush(fmaf(alpha, v[i], c * (g * g)));
        x = v[i];
        if (average) {
            average[i] = flush(fmaf(alpha, average[i], c * g));
            x = fmaf(-average[i], average[i], x);
            x = x < 0.0f ? 0.0f : x;
        }
        float root = sqrtf(x + b);
        float q = g / (root + e);
        if (buffer) {
            buffer[i] = flush(fmaf(mu, buffer[i], (keras ? lr : 1.0f) * q));
            s->weights[i] = fmaf(keras ? -1.0f : -lr, buffer[i], w);
        } else {
            s->weights[i] = fmaf(-lr, q, w);
        }
    }
}

static void step_rmsprop_torch(const gd_reference_span *s) { rmsprop(s, COUPLED, 0, NULL, NULL); }
static void step_rmsprop_keras(const gd_reference_span *s) { rmsprop(s, DECOUPLED, 1, NULL, NULL); }
static void step_rmsprop_optax(const gd_reference_span *s) { rmsprop(s, NONE, 1, NULL, NULL); }
static void step_rmsprop_seed001(const gd_reference_span *s) { rmsprop(s, NONE, 0, NULL, NULL); }
static void step_rmsprop_momentum_torch(const gd_reference_span *s) { rmsprop(s, COUPLED, 0, NULL, s->states[1]); }
static void step_rmsprop_momentum_keras(const gd_reference_span *s) { rmsprop(s, DECOUPLED, 1, NULL, s->states[1]); }
static void step_rmsprop_centered_torch(const gd_reference_span *s) { rmsprop(s, COUPLED, 0, s->states[1], NULL); }
static void step_rmsprop_centered_keras(const gd_reference_span *s) { rmsprop(s, DECOUPLED, 1, s->states[1], NULL); }
static void step_rmsprop_centered_momentum_torch(const gd_reference_span *s) { rmsprop(s, COUPLED, 0, s->states[1], s->states[2]); }
static void step_rmsprop_centered_momentum_keras(const gd_reference_span *s) { rmsprop(s, DECOUPLED, 1, s->states[1], s->states[2]); }

/* d = sqrt(fma(x, a, b))*c + e with x = v or, where `greatest` is not NULL, the greatest v so far; w = w - step * m/d. */
typedef struct adam_form {
    float a, b, c, e, step;
    float *greatest;
} adam_form;

static void adam(const gd_reference_span *s, decay_form decay, adam_form f) {
    const float beta1 = (float)s->hyper[GRADUS_BETA1], c1 = (float)(1.0 - s->hyper[GRADUS_BETA1]);
    const float beta2 = (float)s->hyper[GRADUS_BETA2], c2 = (float)(1.0 - s->hyper[GRADUS_BETA2]);
    float *m = s->states[0], *v = s->states[1];
    for (size_t i = 0; i < s->count; i++) {
        float g = gradient(s, decay, i), w = weight(s, decay, i), x;
        m[i] = flush(fmaf(beta1, m[i], c1 * g));
        v[i] = flush(fmaf(beta2, v[i], c2 * (g * g)));
        x = v[i];
        if (f.greatest) {
            if (v[i] > f.greatest[i] || v[i] != v[i]) f.greatest[i] = v[i];
            x = f.greatest[i];
        }
        float root = sqrtf(fmaf(x, f.a, f.b)) * f.c;
        float d = root + f.e;
        s->weights[i] = fmaf(-f.step, m[i] / d, w);
    }
}

static double correction1(const gd_reference_span *s) { return 1.0 - power(s->hyper[GRADUS_BETA1], s->t); }
static double correction2(const gd_reference_span *s) { return 1.0 - power(s->hyper[GRADUS_BETA2], s->t); }
static float epsilon(const gd_reference_span *s) { return (float)s->hyper[GRADUS_EPSILON]; }

static adam_form torch_form(const gd_reference_span *s) {
    return (adam_form){1.0f, 0.0f, (float)(1.0 / sqrt(correction2(s))), epsilon(s), (float)(s->hyper[GRADUS_LEARNING_RATE] / correction1(s)), NULL};
}
static adam_form keras_form(const gd_reference_span *s) {
    return (adam_form){1.0f, 0.0f, 1.0f, epsilon(s), (float)(s->hyper[GRADUS_LEARNING_RATE] * sqrt(correction2(s)) / correction1(s)), NULL};
}
static adam_form optax_form(const gd_reference_span *s) {
    const float root = (float)s->hyper[GRADUS_EPSILON_ROOT], step = (float)(s->hyper[GRADUS_LEARNING_RATE] / correction1(s));
    return (adam_form){(float)(1.0 / correction2(s)), root, 1.0f, epsilon(s), step, NULL};
}
static adam_form with_greatest(const gd_reference_span *s, adam_form form) {
    form.greatest = s->states[2];
    return form;
}

static void step_adam_torch(const gd_reference_span *s) { adam(s, COUPLED, torch_form(s)); }
static void step_adam_keras(const gd_reference_span *s) { adam(s, DECOUPLED, keras_form(s)); }
static void step_adam_optax(const gd_reference_span *s) { adam(s, NONE, optax_form(s)); }
static void step_adam_seed000(const gd_reference_span *s) {
    adam(s, NONE, (adam_form){1.0f, epsilon(s), 1.0f, 0.0f, (float)s->hyper[GRADUS_LEARNING_RATE], NULL});
}
static void step_adam_seed001(const gd_reference_span *s) { adam(s, NONE, torch_form(s)); }
static void step_adamw_torch(const gd_reference_span *s) { adam(s, DECOUPLED, torch_form(s)); }
static void step_adamw_keras(const gd_reference_span *s) { adam(s, DECOUPLED, keras_form(s)); }
static void step_adamw_optax(const gd_reference_span *s) { adam(s, DECOUPLED, optax_form(s)); }
static void step_amsgrad_torch(const gd_reference_span *s) { adam(s, COUPLED, with_greatest(s, torch_form(s))); }
static void step_amsgrad_keras(const gd_reference_span *s) { adam(s, DECOUPLED, with_greatest(s, keras_form(s))); }

#define GRADUS_OPTIMIZER(number, name, NAME, variant, ...) [GD_ALGORITHM_##NAME] = step_##name##_##variant,
#define GRADUS_VARIANT(number, name, ID, variant, ...) [GD_ALGORITHM_##ID] = step_##name##_##variant,
gd_reference_rule *const gd_reference_step[GD_ALGORITHM_COUNT] = {
#include <gradus/optimizers.def>
};
