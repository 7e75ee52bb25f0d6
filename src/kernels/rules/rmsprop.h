/* RMSprop (Tieleman and Hinton 2012), plain, with momentum, centered (Graves 2013), and both:
 *   v = alpha*v + c*g^2;  centered: a = alpha*a + c*g, x = v - a^2, else x = v;  q = g/(sqrt(x + b) + e)
 *   w = w + step*q   or, with momentum,   m = momentum*m + r*q;  w = w + step*m
 * torch: b = 0, e = eps, r = 1, step = -lr. Keras: b = eps, e = 0, and with momentum the rate is inside the buffer: r = lr, step = -1. */
#ifndef GD_RULES_RMSPROP_H
#define GD_RULES_RMSPROP_H

enum { RMSPROP_ALPHA, RMSPROP_C, RMSPROP_B, RMSPROP_E, RMSPROP_RATE, RMSPROP_COEFFICIENTS };
enum { RMSPROP_CENTERED_COEFFICIENTS = RMSPROP_COEFFICIENTS };
enum { RMSPROP_MOMENTUM = RMSPROP_COEFFICIENTS, RMSPROP_R, RMSPROP_STEP, RMSPROP_MOMENTUM_COEFFICIENTS };
enum { RMSPROP_CENTERED_MOMENTUM_COEFFICIENTS = RMSPROP_MOMENTUM_COEFFICIENTS };

static inline void rmsprop_averages(float *k, const double *hyper) {
    k[RMSPROP_ALPHA] = (float)hyper[GRADUS_ALPHA];
    k[RMSPROP_C] = (float)(1.0 - hyper[GRADUS_ALPHA]);
    k[RMSPROP_RATE] = -(float)hyper[GRADUS_LEARNING_RATE];
    k[RMSPROP_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
}

static inline void rmsprop_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    rmsprop_averages(k, hyper);
    k[RMSPROP_B] = 0.0f;
    k[RMSPROP_E] = (float)hyper[GRADUS_EPSILON];
    k[RMSPROP_R] = 1.0f;
    k[RMSPROP_STEP] = k[RMSPROP_RATE];
}

static inline void rmsprop_keras_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    rmsprop_averages(k, hyper);
    k[RMSPROP_B] = (float)hyper[GRADUS_EPSILON];
    k[RMSPROP_E] = 0.0f;
    k[RMSPROP_R] = -k[RMSPROP_RATE];
    k[RMSPROP_STEP] = -1.0f;
}

#ifdef GD_SIMD_H
static inline vf rmsprop_square(vf g, vf v, const vf *k) { return flush_state(vf_fma(k[RMSPROP_ALPHA], v, vf_mul(k[RMSPROP_C], vf_mul(g, g)))); }

static inline vf rmsprop_quotient(vf g, vf x, const vf *k) { return vf_div(g, vf_add(vf_sqrt(vf_add(x, k[RMSPROP_B])), k[RMSPROP_E])); }

/* The variance v - a^2 is not negative but by rounding: then it is +0. */
static inline vf rmsprop_variance(vf v, vf a) {
    vf x = vf_fma(vf_negate(a), a, v);
    return vf_select(vf_less(x, vf_set(0.0f)), vf_set(0.0f), x);
}

static inline vf rmsprop_rule(vf w, vf g, vf *state, const vf *k) {
    state[0] = rmsprop_square(g, state[0], k);
    return vf_fma(k[RMSPROP_RATE], rmsprop_quotient(g, state[0], k), w);
}

static inline vf rmsprop_with_momentum(vf w, vf q, vf *buffer, const vf *k) {
    *buffer = flush_state(vf_fma(k[RMSPROP_MOMENTUM], *buffer, vf_mul(k[RMSPROP_R], q)));
    return vf_fma(k[RMSPROP_STEP], *buffer, w);
}

static inline vf rmsprop_momentum_rule(vf w, vf g, vf *state, const vf *k) {
    state[0] = rmsprop_square(g, state[0], k);
    return rmsprop_with_momentum(w, rmsprop_quotient(g, state[0], k), &state[1], k);
}

/* The centered forms' quotient; state: v, a. */
static inline vf rmsprop_centered_quotient(vf g, vf *state, const vf *k) {
    state[0] = rmsprop_square(g, state[0], k);
    state[1] = flush_state(vf_fma(k[RMSPROP_ALPHA], state[1], vf_mul(k[RMSPROP_C], g)));
    return rmsprop_quotient(g, rmsprop_variance(state[0], state[1]), k);
}

static inline vf rmsprop_centered_rule(vf w, vf g, vf *state, const vf *k) {
    return vf_fma(k[RMSPROP_RATE], rmsprop_centered_quotient(g, state, k), w);
}

static inline vf rmsprop_centered_momentum_rule(vf w, vf g, vf *state, const vf *k) {
    return rmsprop_with_momentum(w, rmsprop_centered_quotient(g, state, k), &state[2], k);
}
#endif

#endif
