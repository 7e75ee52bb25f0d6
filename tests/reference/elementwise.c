/* The reference's element-wise part: the optimizers (section 8), activations and their derivatives (sections 5, 6, 7), the end of a product
 * (section 4). */
#include "reference/reference.h"

#include <float.h>
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

_Static_assert(LDBL_MANT_DIG >= 64, "the reference takes the elementary functions' digits from long double: it needs 64 bits at least");

/* Section 7: correctly rounded. A long double value with an error of a few units of 2^-64 decides the float unless a rounding boundary lies that
 * close, which for exp, log and tanh happens at no float, and for sigmoid only around 0.5. */
static long double exp_digits(float x) { return expl(x); }
static long double log_digits(float x) { return logl(x); }
static long double tanh_digits(float x) { return tanhl(x); }

/* sigmoid(x) = 1/2 + x/4 - x^3/48 + ...: the first two terms often lie exactly on a boundary. With 2^e <= |x| < 2^(e+1) <= 2^-14 they, like the
 * boundaries, are multiples of 2^(e-25), and all the rest is smaller than that: it only says on which side of the boundary the value lies, towards
 * 1/2. (Under 2^-28 the result is 1/2 in any case.) */
static long double sigmoid_digits(float x) {
    if (fabsf(x) < 0x1p-14f) return nextafterl(0.5L + (long double)x / 4, 0.5L);
    return 1.0L / (1.0L + expl(-(long double)x));
}

static float unary_exp(float x) { return (float)exp_digits(x); }
static float unary_log(float x) { return (float)log_digits(x); }
static float unary_tanh(float x) { return (float)tanh_digits(x); }
static float unary_sigmoid(float x) { return (float)sigmoid_digits(x); }
static float unary_relu(float x) { return x > 0.0f ? x : (x != x ? x : 0.0f); }

#define UNARY(NAME, name) [GD_UNARY_##NAME] = unary_##name,
float (*const gd_reference_unary[GD_UNARY_COUNT])(float) = {GD_UNARY_MAP(UNARY)};

int gd_reference_decided(int unary, float x) {
    const long double error = 0x1p-60L; /* sixteen units in the last place of 64 bits; the C library's stated errors are 1 to 4 */
    long double value;
    switch (unary) {
    case GD_UNARY_EXP:
        value = exp_digits(x);
        break;
    case GD_UNARY_LOG:
        value = log_digits(x);
        break;
    case GD_UNARY_TANH:
        value = tanh_digits(x);
        break;
    case GD_UNARY_SIGMOID:
        if (fabsf(x) < 0x1p-14f) return 1; /* argued above */
        value = sigmoid_digits(x);
        break;
    default:
        return 1; /* exact */
    }
    return value != value || (float)(value * (1 - error)) == (float)(value * (1 + error));
}

/* By the activation's own output y. */
static float derivative_tanh(float y, float d) { return d * fmaf(-y, y, 1.0f); }
static float derivative_sigmoid(float y, float d) { return d * fmaf(-y, y, y); }
static float derivative_relu(float y, float d) { return y > 0.0f ? d : (y != y ? y : 0.0f); }

#define DERIVATIVE(NAME, name) [GD_DERIVATIVE_##NAME] = derivative_##name,
float (*const gd_reference_derivative[GD_DERIVATIVE_COUNT])(float, float) = {GD_DERIVATIVE_MAP(DERIVATIVE)};

void gd_reference_add(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = y[i] + x[i];
}

void gd_reference_finish(float *c, const float *r, size_t n, float alpha, float beta) {
    for (size_t i = 0; i < n; i++) {
        float t = alpha == 1.0f ? r[i] : alpha * r[i];
        c[i] = beta == 0.0f ? t : fmaf(beta, c[i], t);
    }
}
